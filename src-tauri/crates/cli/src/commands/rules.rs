//! Rules for tables: listed, written into `proofmark.toml`, suggested, read from other tools, tried on the past.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use proofmark_contract::domain::check::Rule;
use proofmark_contract::domain::project::Project;
use proofmark_contract::view::{PathRef, RuleChange, RuleList, RuleTry, RulesFrom, ScreenStart};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::adhoc::{self, RuleFormat, RuleTrial};
use serde::Serialize;

use crate::context::Context;
use crate::reply::{DONE, Outcome, Reply, wrong};
use crate::text::{counted, safe};

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The rules of a data set in its project's `proofmark.toml`
    List(List),
    /// Writes a rule into `proofmark.toml`, keeping its comments and order; says what it would have done
    Add(Box<Add>),
    /// Takes a rule out of `proofmark.toml`
    Remove(Remove),
    /// Rules that a good table keeps, with room for what honest data does
    Suggest(Suggest),
    /// Rules of a Great Expectations suite, an Open Data Contract or a Frictionless schema
    Import(Import),
    /// Says which files of the past would have failed; exits with 1 if one would
    Try(Try),
}

/// Lists rules.
#[derive(Debug, Args)]
pub struct List {
    /// The data set, in the folder of a project
    file: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
}

/// Adds a rule.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args([
    "not_null", "unique", "min", "max", "one_of", "none_of", "matches", "min_length", "max_length", "min_rows", "max_rows", "exists", "json_rule",
])))]
pub struct Add {
    /// The data set, in the folder of a project
    file: String,
    /// Writes the rule for a pattern of data sets instead, such as `data/sales_*.csv`
    #[arg(long = "for", value_name = "PATTERN")]
    pattern: Option<String>,
    /// The column, or the columns that are unique together
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    column: Vec<String>,
    /// The column exists
    #[arg(long)]
    exists: bool,
    /// Every row has a value, or all but this share (0 to 1)
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_missing_value = "0")]
    not_null: Option<f64>,
    /// No two rows have the same value, or the same values together
    #[arg(long)]
    unique: bool,
    /// Least value
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    min: Option<f64>,
    /// Greatest value
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    max: Option<f64>,
    /// Every value is one of these
    #[arg(long, value_name = "VALUE,…", value_delimiter = ',', allow_hyphen_values = true)]
    one_of: Vec<String>,
    /// No value is one of these
    #[arg(long, value_name = "VALUE,…", value_delimiter = ',', allow_hyphen_values = true)]
    none_of: Vec<String>,
    /// Every text holds a match of this regular expression
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    matches: Option<String>,
    /// Least number of characters
    #[arg(long, value_name = "N")]
    min_length: Option<u64>,
    /// Greatest number of characters
    #[arg(long, value_name = "N")]
    max_length: Option<u64>,
    /// Least number of rows of the table
    #[arg(long, value_name = "N")]
    min_rows: Option<u64>,
    /// Greatest number of rows of the table
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// A rule as JSON, as the list shows it
    #[arg(long = "rule", value_name = "JSON", id = "json_rule")]
    json_rule: Option<String>,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
    /// Says what the rule would have done, and writes nothing
    #[arg(long)]
    dry_run: bool,
}

/// Removes a rule.
#[derive(Debug, Args)]
pub struct Remove {
    /// The data set, in the folder of a project
    file: String,
    /// The number that the list shows
    number: usize,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
}

/// How rules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For `proofmark.toml`
    Toml,
    /// Great Expectations 1.x
    GreatExpectations,
    /// Open Data Contract Standard 3.2
    Odcs,
    /// Data Package 2
    Frictionless,
}

/// Suggests rules.
#[derive(Debug, Args)]
pub struct Suggest {
    /// A table that is known to be good
    file: PathBuf,
    /// How to write them
    #[arg(long, value_enum, default_value = "toml")]
    format: Format,
    /// Writes them into the `proofmark.toml` of the project in which the table lies
    #[arg(long, conflicts_with = "format")]
    write: bool,
}

/// Reads rules of another tool.
#[derive(Debug, Args)]
pub struct Import {
    /// The suite, contract or schema
    file: PathBuf,
    /// The data set that they are for, as `proofmark.toml` names it
    #[arg(long, value_name = "PATH", default_value = "data.csv")]
    dataset: String,
    /// Writes them into the `proofmark.toml` of this project
    #[arg(long, value_name = "PROJECT")]
    write: Option<String>,
}

/// Tries rules on files.
#[derive(Debug, Args)]
pub struct Try {
    /// Files of the past
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Suggests the rules from this table; without this and --rules, those of `proofmark.toml` are tried
    #[arg(long, value_name = "FILE")]
    suggested_from: Option<PathBuf>,
    /// Takes the rules of this suite, contract or schema
    #[arg(long, value_name = "FILE", conflicts_with = "suggested_from")]
    rules: Option<PathBuf>,
}

#[derive(Serialize)]
struct Rules<'a> {
    rules: &'a [Rule],
    left_out: &'a [String],
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    list: &'a RuleList,
    tried: &'a [proofmark_contract::view::RuleTried],
    written: bool,
}

#[derive(Serialize)]
struct Trials<'a> {
    rules: &'a [Rule],
    failed: usize,
    files: &'a [RuleTrial],
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(it) => it.run(context),
            Self::Add(it) => it.run(context),
            Self::Remove(it) => it.run(context),
            Self::Suggest(it) => {
                let rules = adhoc::suggest_rules(&it.file)?;
                if it.write {
                    let (project, path) = context.locate(&it.file.to_string_lossy(), None)?;
                    return write(context, &project, &path, &path, &RuleChange::Add { rules });
                }
                let format = match it.format {
                    Format::Toml => {
                        let text = adhoc::rules_text(&it.file.to_string_lossy(), &rules)?;
                        return context.answer("rules", &Rules { rules: &rules, left_out: &[] }, || text);
                    }
                    Format::GreatExpectations => RuleFormat::GreatExpectations,
                    Format::Odcs => RuleFormat::DataContract,
                    Format::Frictionless => RuleFormat::Frictionless,
                };
                let document = adhoc::export_rules(format, &it.file, &rules);
                Ok(Reply { output: format!("{document:#}\n"), to_errors: false, code: DONE })
            }
            Self::Import(it) => {
                let found = adhoc::import_rules(&it.file)?;
                if let Some(project) = &it.write {
                    let project = context.project(Some(project))?;
                    context.engine()?.write_rules(
                        &project,
                        &it.dataset,
                        &RuleChange::Add { rules: found.rules.clone() },
                    )?;
                }
                let text = adhoc::rules_text(&it.dataset, &found.rules)?;
                context.answer("rules", &Rules { rules: &found.rules, left_out: &found.left_out }, || {
                    let mut text = text;
                    for left in &found.left_out {
                        text.push_str(&format!("# left out, no counterpart: {}\n", safe(left)));
                    }
                    text
                })
            }
            Self::Try(it) => {
                let rules = match (&it.rules, &it.suggested_from) {
                    (Some(file), _) => Some(adhoc::import_rules(file)?.rules),
                    (None, Some(table)) => Some(adhoc::suggest_rules(table)?),
                    (None, None) => None,
                };
                let trials = adhoc::try_rules(rules.as_deref(), &it.files)?;
                let rules = rules.unwrap_or_default();
                let failed = trials.iter().filter(|it| !it.passed).count();
                let reply = context.answer("rules", &Trials { rules: &rules, failed, files: &trials }, || {
                    let of = counted(trials.len() as u64, "file", "files");
                    let mut text = format!("These rules would have failed {failed} of {of}.\n");
                    for trial in trials.iter().filter(|it| !it.passed) {
                        for finding in &trial.findings {
                            text.push_str(&format!("{}: {}\n", safe(&trial.path), safe(&finding.message)));
                        }
                    }
                    text
                })?;
                Ok(reply.passed(failed == 0))
            }
        }
    }
}

impl List {
    fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        let list = context.engine()?.rule_list(PathRef { project: project.id, path })?;
        context.answer("rules", &list, || list_text(&list))
    }
}

impl Add {
    /// The rules that the options say.
    fn rules(&self) -> Result<Vec<Rule>, ErrorBody> {
        let mut rules = Vec::new();
        if let Some(text) = &self.json_rule {
            rules.push(serde_json::from_str(text).map_err(|error| {
                ErrorBody::new(ErrorCode::InvalidRequest, format!("The rule cannot be understood: {error}."))
                    .hint("proofmark rules list FILE --json shows rules in this form.")
            })?);
        }
        if self.min_rows.is_some() || self.max_rows.is_some() {
            rules.push(Rule::Rows { min: self.min_rows, max: self.max_rows });
        }
        if self.unique {
            rules.push(Rule::Unique { columns: self.column.clone() });
        }
        for column in self.column.iter().cloned() {
            if self.exists {
                rules.push(Rule::HasColumn { column: column.clone() });
            }
            if let Some(at_most) = self.not_null {
                rules.push(Rule::NotNull { column: column.clone(), at_most });
            }
            if self.min.is_some() || self.max.is_some() {
                rules.push(Rule::InRange { column: column.clone(), min: self.min, max: self.max });
            }
            if !self.one_of.is_empty() {
                rules.push(Rule::OneOf { column: column.clone(), values: self.one_of.clone() });
            }
            if !self.none_of.is_empty() {
                rules.push(Rule::NoneOf { column: column.clone(), values: self.none_of.clone() });
            }
            if let Some(pattern) = &self.matches {
                rules.push(Rule::Matches { column: column.clone(), pattern: pattern.clone() });
            }
            if self.min_length.is_some() || self.max_length.is_some() {
                rules.push(Rule::Length { column, min: self.min_length, max: self.max_length });
            }
        }
        if rules.is_empty() {
            return Err(wrong("The rule names no column.").hint("Name it with --column."));
        }
        Ok(rules)
    }

    fn run(self, context: &Context) -> Outcome {
        let rules = self.rules()?;
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        if self.dry_run {
            let tried = context.engine()?.rule_try(RuleTry { project: project.id, path, rules })?;
            return context.answer("rules_tried", &tried, || {
                tried.tried.iter().map(|it| format!("{}\n  {}\n", safe(&it.sentence), safe(&it.outcome))).collect()
            });
        }
        let entry = self.pattern.clone().unwrap_or_else(|| path.clone());
        write(context, &project, &path, &entry, &RuleChange::Add { rules })
    }
}

impl Remove {
    fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        let list = context.engine()?.rule_list(PathRef { project: project.id, path: path.clone() })?;
        let Some(row) = self.number.checked_sub(1).and_then(|at| list.rules.get(at)) else {
            return Err(ErrorBody::new(ErrorCode::NotFound, format!("{path} has no rule {}.", self.number))
                .hint("proofmark rules list FILE shows them with their numbers."));
        };
        let change = RuleChange::Remove { entry: row.entry.clone(), index: row.index, was: row.rule.clone() };
        write(context, &project, &path, &row.entry, &change)
    }
}

/// Writes the rules, says what new ones do to the version that lies there, and checks it under them.
fn write(context: &Context, project: &Project, path: &str, entry: &str, change: &RuleChange) -> Outcome {
    let engine = context.engine()?;
    let tried = match change {
        RuleChange::Add { rules } if !rules.is_empty() => {
            engine.rule_try(RuleTry { project: project.id, path: path.to_owned(), rules: rules.clone() })?.tried
        }
        _ => Vec::new(),
    };
    engine.write_rules(project, entry, change)?;
    let job = engine.screen_start(ScreenStart { project: project.id, path: Some(path.to_owned()) })?;
    context.finish(job)?;
    let list = context.engine()?.rule_list(PathRef { project: project.id, path: path.to_owned() })?;
    let answer = Written { list: &list, tried: &tried, written: true };
    context.answer("rules", &answer, || {
        let mut text: String =
            tried.iter().map(|it| format!("{}\n  {}\n", safe(&it.sentence), safe(&it.outcome))).collect();
        text.push_str(&format!("Written into {}.\n", safe(&list.file)));
        text
    })
}

fn list_text(list: &RuleList) -> String {
    let mut text = String::new();
    if let Some(problem) = &list.problem {
        text.push_str(&format!("{}\n", safe(&problem.message)));
    }
    text.push_str(&match (list.from, list.rules.len() as u64) {
        (RulesFrom::LastGood, n) => {
            format!("{} in force, as they were last understood.\n", counted(n, "rule is", "rules are"))
        }
        (RulesFrom::NoFile, _) => format!("There is no {} yet.\n", safe(&list.file)),
        (RulesFrom::File, n) => format!("{} in {}.\n", counted(n, "rule", "rules"), safe(&list.file)),
    });
    for (number, row) in list.rules.iter().enumerate() {
        text.push_str(&format!("{:>3}  {}  ({})\n", number + 1, safe(&row.sentence), safe(&row.entry)));
    }
    if let Some(from) = list.suggested_from.as_ref().filter(|_| !list.suggested.is_empty()) {
        text.push_str(&format!("\nCould be added, as {} keeps it:\n", safe(from)));
        for it in &list.suggested {
            text.push_str(&format!("     {}\n", safe(&it.sentence)));
        }
    }
    text
}
