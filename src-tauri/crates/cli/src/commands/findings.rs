//! Findings of all data sets in one list, and what a person says about them.

use clap::{Args, Subcommand, ValueEnum};
use proofmark_contract::domain::Timestamp;
use proofmark_contract::domain::check::{FindingKind, Severity};
use proofmark_contract::domain::standing::FindingState;
use proofmark_contract::view::{
    ExampleQuery, ExampleRows, FindingDecide, FindingPage, FindingQuery, FindingRow, RuleChange, RuleWrite,
};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::{Clock, SystemClock};
use serde::Serialize;

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::{count, counted, cut, percent, safe, word};

/// What to do with findings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the findings of all projects, those that count and are worst first
    List(List),
    /// Shows one finding with its rows
    Show(One),
    /// Says that a finding was seen and is real; it still counts
    Acknowledge(Say),
    /// Accepts a finding as expected, with a reason; it does not count unless it grows
    Expect(Say),
    /// Mutes a finding, with a reason, for a time or for good
    Mute(Mute),
    /// Opens a finding again
    Reopen(Say),
    /// Makes the rule of it that would have caught it
    Rule(ToRule),
}

/// States as the command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Nobody has said anything
    Open,
    /// Seen, and real
    Acknowledged,
    /// Accepted with a reason
    Expected,
    /// Not to be heard of
    Muted,
    /// Gone from the newest version
    Resolved,
    /// Every state
    All,
}

/// Severities as the command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Must not be trained on as it is
    Error,
    /// May mislead a model
    Warn,
    /// Worth knowing
    Info,
}

/// Lists findings.
#[derive(Debug, Args)]
pub struct List {
    /// Identifier, name or folder of a project; all projects if absent
    #[arg(long)]
    project: Option<String>,
    /// One data set
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Findings in these states; those that count if absent
    #[arg(long, value_name = "STATE,…", value_delimiter = ',')]
    state: Vec<State>,
    /// Findings of this severity
    #[arg(long)]
    severity: Option<Level>,
    /// Findings of this kind, such as sentinel
    #[arg(long, value_parser = kind_of)]
    kind: Option<FindingKind>,
    /// Findings that hold these words
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 200)]
    limit: u64,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

/// Names a finding.
#[derive(Debug, Args)]
pub struct One {
    /// The identifier that the list shows, or its beginning
    id: String,
}

/// Names a finding and what a person says about it.
#[derive(Debug, Args)]
pub struct Say {
    /// The identifier that the list shows, or its beginning
    id: String,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Names a finding that is muted.
#[derive(Debug, Args)]
pub struct Mute {
    /// The identifier that the list shows, or its beginning
    id: String,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For so many days; for good if absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
}

/// Names a finding that becomes a rule.
#[derive(Debug, Args)]
pub struct ToRule {
    /// The identifier that the list shows, or its beginning
    id: String,
    /// Writes the rule into the project's `proofmark.toml`, and checks the data set under it
    #[arg(long)]
    write: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    finding: &'a FindingRow,
    examples: &'a ExampleRows,
}

#[derive(Serialize)]
struct Decided<'a> {
    message: &'a str,
    finding: &'a FindingRow,
}

#[derive(Serialize)]
struct Ruled<'a> {
    finding: &'a str,
    rule: &'a proofmark_contract::domain::check::Rule,
    sentence: &'a str,
    written: Option<&'a str>,
}

fn kind_of(text: &str) -> Result<FindingKind, String> {
    serde_json::from_value(serde_json::Value::String(text.to_lowercase().replace([' ', '-'], "_")))
        .map_err(|_| format!("there is no finding of the kind {text}"))
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// If there is no such finding, or a reason is missing.
    pub fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(it) => it.run(context),
            Self::Show(it) => show(context, &it.id),
            Self::Acknowledge(it) => say(context, &it.id, FindingState::Acknowledged, it.reason, None),
            Self::Expect(it) => say(context, &it.id, FindingState::Expected, it.reason, None),
            Self::Reopen(it) => say(context, &it.id, FindingState::Open, it.reason, None),
            Self::Mute(it) => {
                let days = it.days.map(|days| {
                    Timestamp::from_ms(SystemClock.now().ms().saturating_add(i64::from(days) * 86_400_000))
                });
                say(context, &it.id, FindingState::Muted, it.reason, days)
            }
            Self::Rule(it) => it.run(context),
        }
    }
}

impl List {
    fn run(self, context: &Context) -> Outcome {
        let (project, path) = match (&self.file, &self.project) {
            (Some(file), project) => {
                let (project, path) = context.locate(file, project.as_deref())?;
                (Some(project.id), Some(path))
            }
            (None, Some(project)) => (Some(context.project(Some(project))?.id), None),
            (None, None) => (None, None),
        };
        let states = self
            .state
            .iter()
            .flat_map(|it| match it {
                State::Open => vec![FindingState::Open],
                State::Acknowledged => vec![FindingState::Acknowledged],
                State::Expected => vec![FindingState::Expected],
                State::Muted => vec![FindingState::Muted],
                State::Resolved => vec![FindingState::Resolved],
                State::All => FindingState::ALL.to_vec(),
            })
            .collect();
        let severity = self.severity.map(|it| match it {
            Level::Error => Severity::Error,
            Level::Warn => Severity::Warn,
            Level::Info => Severity::Info,
        });
        let query = FindingQuery {
            project,
            path,
            states,
            severity,
            kind: self.kind,
            text: self.text,
            offset: self.offset,
            limit: Some(self.limit),
        };
        let page = context.engine()?.finding_list(query)?;
        context.answer("findings", &page, || page_text(&page))
    }
}

impl ToRule {
    fn run(self, context: &Context) -> Outcome {
        let row = find(context, &self.id)?;
        let (Some(rule), Some(sentence)) = (&row.rule, &row.rule_sentence) else {
            return Err(ErrorBody::new(ErrorCode::Blocked, "No kind of rule says what this finding says.")
                .hint("Write one by hand with proofmark rules add, or accept the finding as expected."));
        };
        let mut written = None;
        if self.write {
            let change = RuleChange::Add { rules: vec![rule.clone()] };
            let request = RuleWrite { project: row.project, path: row.path.clone(), change };
            written = Some(context.engine()?.rule_write(request)?.file);
            context.finish_all(row.project)?;
        }
        let answer = Ruled { finding: &row.id, rule, sentence, written: written.as_deref() };
        context.answer("finding_rule", &answer, || match &written {
            Some(file) => format!("{sentence}\nWritten into {}.\n", safe(file)),
            None => format!("{sentence}\nWith --write it is written into proofmark.toml.\n"),
        })
    }
}

/// The finding whose identifier begins so.
fn find(context: &Context, id: &str) -> Result<FindingRow, ErrorBody> {
    let query = FindingQuery {
        states: FindingState::ALL.to_vec(),
        text: Some(id.to_owned()),
        limit: Some(u64::MAX),
        ..FindingQuery::default()
    };
    let mut found: Vec<FindingRow> = Vec::new();
    for row in context.engine()?.finding_list(query)?.findings {
        // Two findings of one kind on the same columns are one to a person; the worse comes first.
        if row.id.starts_with(id) && !found.iter().any(|it| it.id == row.id) {
            found.push(row);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(ErrorBody::new(ErrorCode::NotFound, format!("There is no finding {}.", safe(id)))
            .hint("proofmark findings list --state all shows them with their identifiers.")),
        (Some(_), false) => {
            Err(wrong("Several findings begin like that.").hint("Give more characters of the identifier."))
        }
    }
}

fn show(context: &Context, id: &str) -> Outcome {
    let row = find(context, id)?;
    let examples = context.engine()?.finding_examples(ExampleQuery {
        project: row.project,
        path: row.path.clone(),
        digest: row.digest,
        rows: row.finding.example_rows.clone(),
        columns: row.finding.columns.clone(),
    })?;
    context.answer("finding", &Shown { finding: &row, examples: &examples }, || one_text(&row, &examples))
}

fn say(context: &Context, id: &str, state: FindingState, reason: String, until: Option<Timestamp>) -> Outcome {
    let row = find(context, id)?;
    let request = FindingDecide {
        project: row.project,
        path: row.path.clone(),
        kind: row.finding.kind,
        columns: row.finding.columns.clone(),
        state,
        reason,
        until,
    };
    let done = context.engine()?.finding_decide(request)?;
    let row = find(context, &row.id)?;
    context
        .answer("finding", &Decided { message: &done.message, finding: &row }, || format!("{}\n", safe(&done.message)))
}

fn line(row: &FindingRow) -> String {
    let finding = &row.finding;
    let columns =
        if finding.columns.is_empty() { "whole table".to_owned() } else { cut(&finding.columns.join(", "), 60) };
    let rows = if finding.affected_rows == 0 {
        String::new()
    } else {
        format!("  {} ({})", counted(finding.affected_rows, "row", "rows"), percent(finding.affected_ratio))
    };
    format!(
        "{}  {:<5}  {:<12}  {}  {}  {}{rows}\n            {}\n",
        row.id,
        word(&finding.severity),
        row.state.word(),
        safe(&row.path),
        word(&finding.kind),
        safe(&columns),
        safe(&finding.message)
    )
}

fn page_text(page: &FindingPage) -> String {
    let mut text = format!("{}\n", page.sentence);
    for row in &page.findings {
        text.push('\n');
        text.push_str(&line(row));
        if let Some(why) = &row.reopened {
            text.push_str(&format!("            Open again: {}\n", safe(why)));
        }
        if let Some(said) = row.said.as_ref().filter(|it| !it.reason.is_empty()) {
            text.push_str(&format!("            {}: {}\n", safe(&said.by), safe(&said.reason)));
        }
    }
    let shown = page.findings.len() as u64;
    if shown < page.total {
        text.push_str(&format!("\n{} of {} are shown; --offset shows others.\n", count(shown), count(page.total)));
    }
    text
}

fn one_text(row: &FindingRow, examples: &ExampleRows) -> String {
    let mut text = line(row);
    if !row.finding.suggestion.is_empty() {
        text.push_str(&format!("            {}\n", safe(&row.finding.suggestion)));
    }
    text.push_str(&format!("First found {}", row.since));
    match row.resolved_at {
        Some(at) => text.push_str(&format!(", gone since {at}.\n")),
        None => text.push_str(".\n"),
    }
    if let Some(said) = &row.said {
        text.push_str(&format!("{} by {}, {}: {}\n", said.state.word(), safe(&said.by), said.at, safe(&said.reason)));
    }
    if let Some(sentence) = &row.rule_sentence {
        text.push_str(&format!("As a rule: {}\n", safe(sentence)));
    }
    if let Some(problem) = &examples.problem {
        text.push_str(&format!("No rows are shown: {}\n", safe(problem)));
    }
    for example in &examples.rows {
        text.push_str(&format!("\nrow {}\n", count(example.row)));
        for (name, value) in examples.columns.iter().zip(&example.values) {
            let shown = match value {
                _ if examples.hidden.contains(name) => "(sensitive, not shown)".to_owned(),
                Some(value) => cut(value, 80),
                None => "–".to_owned(),
            };
            text.push_str(&format!("  {}: {}\n", safe(&cut(name, 40)), safe(&shown)));
        }
    }
    text
}
