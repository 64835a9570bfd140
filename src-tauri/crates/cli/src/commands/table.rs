//! Questions about tables in files, which need no project.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::check::{CheckReport, CheckVerdict, Severity};
use proofmark_contract::domain::drift::{DriftReport, DriftVerdict};
use proofmark_contract::domain::profile::{AssociationMeasure, Scalar, TableProfile};
use proofmark_contract::domain::profile_pair::{ColumnFate, ProfilePair};
use proofmark_contract::domain::proxy::ProxyReport;
use proofmark_contract::domain::sensitive::SensitivityReport;
use proofmark_contract::view::LabelDecide;
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::adhoc::{self, CheckBeside, DriftWishes, ProfileWishes, ProxyRequest, ReadOptions};
use proofmark_engine::{Clock, SystemClock};

use super::ci;
use crate::context::Context;
use crate::reply::{DONE, Outcome, Reply};
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, joined, maybe, number, percent, safe, word, words};

/// How a file is laid out, where finding out goes wrong.
#[derive(Debug, Args)]
pub struct Layout {
    /// The mark between fields of a text table
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// The first line holds values, not names
    #[arg(long)]
    no_header: bool,
    /// The sheet of a workbook, or the table of a database
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The encoding of a text table: utf-8, utf-16le, utf-16be or windows-1252
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The mark before the fraction of numbers: `.` or `,`
    #[arg(long, value_name = "CHAR")]
    decimal: Option<String>,
    /// A word that stands for a missing value; may be given several times
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    null: Vec<String>,
    /// The order of day and month in dates such as 03/04: day_first or month_first
    #[arg(long, value_name = "ORDER")]
    dates: Option<String>,
}

impl Layout {
    /// The same for the reader.
    ///
    /// # Errors
    /// If an option cannot be meant.
    pub fn reading(&self) -> Result<ReadOptions, ErrorBody> {
        adhoc::read_options(&adhoc::Said {
            delimiter: self.delimiter.as_deref(),
            header: self.no_header.then_some(false),
            table: self.table.as_deref(),
            encoding: self.encoding.as_deref(),
            decimal: self.decimal.as_deref(),
            null: &self.null,
            dates: self.dates.as_deref(),
        })
        .map_err(|why| ErrorBody::new(ErrorCode::InvalidRequest, format!("The file cannot be read like that: {why}.")))
    }
}

/// Summarises a table, or puts saved summaries of its parts together.
#[derive(Debug, Args)]
pub struct Profile {
    /// A table: CSV, JSON, Parquet, Arrow, Excel or SQLite; also a folder or a pattern of parts
    #[arg(required_unless_present = "merge")]
    file: Option<PathBuf>,
    /// Saves what was gathered, so that it can be merged with that of other parts
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Puts the table beside an earlier one, column by column
    #[arg(long, value_name = "FILE", conflicts_with_all = ["merge", "save"])]
    beside: Option<PathBuf>,
    /// Saved profiles of the parts of one table
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "file")]
    merge: Vec<PathBuf>,
    #[command(flatten)]
    layout: Layout,
}

/// How findings are written for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckFormat {
    /// JUnit XML, which CI servers show as tests
    Junit,
    /// SARIF 2.1.0, which code hosts show beside the changed files
    Sarif,
}

/// Says what is wrong with a table.
#[derive(Debug, Args)]
pub struct Check {
    /// A table: CSV, JSON, Parquet, Arrow, Excel or SQLite; also a folder or a pattern of parts
    file: PathBuf,
    /// The table that it is compared with
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// The table that a model trained on this one is tested with
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// The column that a model is trained to predict; guessed from the names if not given
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// Writes the findings for a CI server or a code host instead
    #[arg(long, value_name = "FORMAT")]
    format: Option<CheckFormat>,
    #[command(flatten)]
    layout: Layout,
}

/// Finds sensitive columns.
#[derive(Debug, Args)]
pub struct Sensitive {
    /// CSV, Parquet, JSON lines or Arrow
    file: PathBuf,
    /// Also look whether the other columns give the sensitive ones away
    #[arg(long)]
    proxies: bool,
    /// A column to predict; those found sensitive if none is named
    #[arg(long, value_name = "COL", requires = "proxies")]
    target: Vec<String>,
}

/// Says that a column of a data set is sensitive, or is not.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("word").required(true).args(["label", "not_sensitive"])))]
pub struct Label {
    /// The data set, in the folder of a project
    file: String,
    /// The column; a nested field by its path
    column: String,
    /// What it holds, such as email
    #[arg(long = "as", value_name = "LABEL")]
    label: Option<String>,
    /// It is not sensitive
    #[arg(long)]
    not_sensitive: bool,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
}

/// Looks whether other columns give a sensitive one away.
#[derive(Debug, Args)]
pub struct Proxies {
    /// CSV, Parquet, JSON lines or Arrow
    table: PathBuf,
    /// A column that was left out before training; those found sensitive if none is named
    #[arg(long, value_name = "COL")]
    sensitive: Vec<String>,
    /// Columns that a model is trained on; all others if none is named
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    features: Vec<String>,
}

/// Compares two tables.
#[derive(Debug, Args)]
pub struct Drift {
    /// The table that is compared with
    reference: PathBuf,
    /// The table in question
    current: PathBuf,
    /// The target's column
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// The prediction's column
    #[arg(long, value_name = "COL")]
    prediction: Option<String>,
    /// The time's column
    #[arg(long, value_name = "COL")]
    time: Option<String>,
}

impl Profile {
    /// Does it.
    ///
    /// # Errors
    /// If the file cannot be read as a table.
    pub fn run(self, context: &Context) -> Outcome {
        if let (Some(file), Some(earlier)) = (&self.file, &self.beside) {
            let pair = adhoc::side_by_side(earlier, file, &self.layout.reading()?)?;
            return context.answer("profile_pair", &pair, || pair_text(&pair));
        }
        let profile = match &self.file {
            Some(file) => {
                let wishes = ProfileWishes { save: self.save.as_deref(), reading: self.layout.reading()? };
                adhoc::profile(file, &wishes)?
            }
            None => adhoc::merge_profiles(&self.merge, self.save.as_deref())?,
        };
        context.answer("profile", &profile, || profile_text(&profile))
    }
}

impl Check {
    /// Does it.
    ///
    /// # Errors
    /// If the file is not there or not readable.
    pub fn run(self, context: &Context) -> Outcome {
        let rules = match context.engine_if_any()? {
            Some(engine) => engine.rules_in_force(&self.file)?,
            None => None,
        };
        let beside = CheckBeside {
            rules,
            every_row: false,
            reference: self.reference.as_deref(),
            test: self.test.as_deref(),
            target: self.target.as_deref(),
            reading: self.layout.reading()?,
        };
        let report = adhoc::check(&self.file, &beside, SystemClock.now())?;
        let reply = match self.format {
            Some(CheckFormat::Junit) => Reply { output: ci::junit(&report), to_errors: false, code: DONE },
            Some(CheckFormat::Sarif) => Reply { output: ci::sarif(&report), to_errors: false, code: DONE },
            None => context.answer("check", &report, || check_text(&report))?,
        };
        Ok(reply.passed(report.verdict != CheckVerdict::Fail))
    }
}

impl Sensitive {
    /// Does it.
    ///
    /// # Errors
    /// If the file cannot be read as a table.
    pub fn run(self, context: &Context) -> Outcome {
        let wanted = self.proxies.then(|| ProxyRequest { targets: self.target.clone(), features: Vec::new() });
        let engine = context.engine_if_any()?;
        let report = adhoc::sensitive(&self.file, wanted.as_ref(), &|found| match engine {
            Some(engine) => engine.decided(&self.file, found),
            None => Ok(found),
        })?;
        context.answer("sensitive", &report, || sensitive_text(&report))
    }
}

impl Label {
    /// Does it.
    ///
    /// # Errors
    /// If the file is in no project, or there is no reason.
    pub fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        let request =
            LabelDecide { project: project.id, path, column: self.column, label: self.label, reason: self.reason };
        let done = context.engine()?.label_decide(request)?;
        context.answer("label", &done, || format!("{}\n", safe(&done.message)))
    }
}

impl Proxies {
    /// Does it. A proxy is an answer, not a failure: the exit code is 0.
    ///
    /// # Errors
    /// If the file cannot be read as a table, or a named column does not exist.
    pub fn run(self, context: &Context) -> Outcome {
        let request = ProxyRequest { targets: self.sensitive, features: self.features };
        let report = adhoc::proxies(&self.table, &request)?;
        context.answer("proxies", &report, || proxies_text(&report))
    }
}

impl Drift {
    /// Does it. Drift is an answer, not a failure: the exit code is 0.
    ///
    /// # Errors
    /// If either file cannot be read as a table, or a named column does not exist.
    pub fn run(self, context: &Context) -> Outcome {
        let wishes = DriftWishes { target: self.target, prediction: self.prediction, time: self.time };
        let report = adhoc::drift(&self.reference, &self.current, &wishes)?;
        context.answer("drift", &report, || drift_text(&report))
    }
}

fn shown(value: Option<&Scalar>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Scalar::Float(value)) => number(*value),
        Some(other) => cut(&other.to_string(), 24),
    }
}

fn profile_text(profile: &TableProfile) -> String {
    let reading = &profile.reading;
    let mut how = reading.format.clone();
    if let Some(delimiter) = &reading.delimiter {
        how.push_str(&format!(", fields between `{}`", safe(delimiter)));
    }
    if let Some(encoding) = &reading.encoding {
        how.push_str(&format!(", {encoding}"));
    }
    let mut text = format!(
        "{}: {}, {} ({how}).\n",
        safe(&profile.path),
        counted(profile.rows, "row", "rows"),
        counted(profile.columns.len() as u64, "column", "columns")
    );
    for note in &reading.notes {
        text.push_str(&format!("{}\n", safe(note)));
    }
    let mut table = Table::new([
        ("Column", Left),
        ("Type", Left),
        ("Meaning", Left),
        ("Missing", Right),
        ("Distinct", Right),
        ("Least", Right),
        ("Mean", Right),
        ("Greatest", Right),
        ("Most frequent", Left),
    ]);
    for column in &profile.columns {
        let missing = if profile.rows == 0 { 0.0 } else { column.nulls as f64 / profile.rows as f64 };
        let distinct = format!("{}{}", if column.distinct_is_estimate { "about " } else { "" }, count(column.distinct));
        let top = column.top.first().filter(|top| !column.masked && top.count > 1);
        let top = top.map_or_else(String::new, |top| {
            format!("{} ({})", shown(Some(&top.value)), counted(top.count, "row", "rows"))
        });
        let top = if column.masked { "(sensitive, not shown)".to_owned() } else { top };
        table.row([
            cut(&column.name, 40),
            column.stored_type.clone(),
            words(&column.meaning),
            percent(missing),
            distinct,
            shown(column.min.as_ref()),
            maybe(column.mean),
            shown(column.max.as_ref()),
            top,
        ]);
    }
    text.push_str(&table.text());
    for column in &profile.columns {
        let ways: Vec<String> =
            column.patterns.iter().take(3).map(|it| format!("{} ({})", safe(&it.pattern), percent(it.share))).collect();
        // One way in which nearly nothing is written says nothing.
        if column.patterns.first().is_some_and(|it| it.share >= 0.2) {
            text.push_str(&format!("{} is written as {}.\n", safe(&column.name), joined(&ways)));
        }
        if let Some(times) = column.times.as_ref().filter(|it| it.missing > 0) {
            let steps = counted(times.missing, "step is", "steps are");
            let longest = times.gaps.first().map_or_else(String::new, |gap| {
                format!("; the longest gap lies between {} and {}", gap.after, gap.before)
            });
            let step = times.step.as_ref().map(words).unwrap_or_default();
            text.push_str(&format!(
                "{} goes in steps ({step}), of which {steps} missing{longest}.\n",
                safe(&column.name)
            ));
        }
    }
    for pair in profile.associations.iter().take(10) {
        let measure = match pair.measure {
            AssociationMeasure::Pearson => "Pearson",
            AssociationMeasure::Spearman => "Spearman",
            AssociationMeasure::CramersV => "Cram\u{e9}r's V",
            AssociationMeasure::CorrelationRatio => "correlation ratio",
        };
        let value = number(pair.value);
        text.push_str(&format!("{} and {} go together: {measure} {value}.\n", safe(&pair.a), safe(&pair.b)));
    }
    text
}

fn pair_text(pair: &ProfilePair) -> String {
    let mut text = format!("{}\n", safe(&pair.sentence));
    let mut table = Table::new([("Column", Left), ("What", Left), ("Before", Left), ("After", Left)]);
    for column in &pair.columns {
        match column.fate {
            ColumnFate::Same => {}
            ColumnFate::Added | ColumnFate::Dropped => {
                table.row([cut(&column.name, 40), word(&column.fate), String::new(), String::new()]);
            }
            ColumnFate::Changed => {
                for change in &column.changes {
                    table.row([
                        cut(&column.name, 40),
                        change.fact.clone(),
                        cut(&change.before, 40),
                        cut(&change.after, 40),
                    ]);
                }
            }
        }
    }
    text.push_str(&table.text());
    text
}

fn check_text(report: &CheckReport) -> String {
    let path = safe(&report.path);
    let verdict = match report.verdict {
        CheckVerdict::Pass => format!("{path} passes"),
        CheckVerdict::Warn => format!("{path} may mislead a model"),
        CheckVerdict::Fail => format!("{path} fails: it must not be trained on as it is"),
    };
    let number = |severity: Severity| report.findings.iter().filter(|it| it.severity == severity).count() as u64;
    let parts: Vec<String> = [
        (number(Severity::Error), "error", "errors"),
        (number(Severity::Warn), "warning", "warnings"),
        (number(Severity::Info), "remark", "remarks"),
    ]
    .into_iter()
    .filter(|it| it.0 > 0)
    .map(|(n, one, many)| counted(n, one, many))
    .collect();
    let found = if parts.is_empty() { "nothing was found".to_owned() } else { joined(&parts) };
    let beside = report.reference.as_ref().map_or_else(String::new, |it| format!(", beside {}", safe(it)));
    let mut text = format!("{verdict}; {found} in {}{beside}.\n", counted(report.rows, "row", "rows"));
    for note in &report.notes {
        text.push_str(&format!("{}\n", safe(note)));
    }
    for finding in &report.findings {
        let rows = if finding.affected_rows == 0 {
            String::new()
        } else {
            format!("  {} ({})", counted(finding.affected_rows, "row", "rows"), percent(finding.affected_ratio))
        };
        let columns = if finding.columns.is_empty() {
            "whole table".to_owned()
        } else {
            safe(&cut(&finding.columns.join(", "), 60))
        };
        text.push_str(&format!(
            "\n{:<5}  {}  {columns}{rows}\n       {}\n",
            word(&finding.severity),
            word(&finding.kind),
            safe(&finding.message)
        ));
        if !finding.suggestion.is_empty() {
            text.push_str(&format!("       {}\n", safe(&finding.suggestion)));
        }
        if !finding.example_rows.is_empty() {
            let rows: Vec<String> = finding.example_rows.iter().map(|row| count(*row)).collect();
            text.push_str(&format!("       For example in row {}.\n", rows.join(", ")));
        }
    }
    text
}

fn sensitive_text(report: &SensitivityReport) -> String {
    let found = report.sensitive_columns().count() as u64;
    let columns = report.columns.len() as u64;
    let mut text = if found == 0 {
        format!(
            "{}: no sensitive column was found among {}, from {}.\n",
            safe(&report.path),
            counted(columns, "column", "columns"),
            counted(report.rows_read, "row", "rows")
        )
    } else {
        format!(
            "{}: {} of {} sensitive, judged from {}.\n",
            safe(&report.path),
            count(found),
            counted(columns, "column is", "columns are"),
            counted(report.rows_read, "row", "rows")
        )
    };
    let mut table = Table::new([
        ("Column", Left),
        ("Group", Left),
        ("Label", Left),
        ("Confidence", Right),
        ("Strongest reason", Left),
    ]);
    for column in report.sensitive_columns() {
        let reason = column.factors.iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
        let label = column.labels.first();
        table.row([
            cut(&column.name, 40),
            column.group.as_ref().map(words).unwrap_or_default(),
            label.map(|it| it.label.replace('_', " ")).unwrap_or_default(),
            label.map(|it| percent(it.confidence)).unwrap_or_default(),
            reason.map(|it| cut(&it.why, 70)).unwrap_or_default(),
        ]);
    }
    text.push_str(&table.text());
    let hiding = &report.k_anonymity;
    if let Some(k) = hiding.k {
        let named: Vec<String> = hiding.columns.iter().map(|it| safe(it)).collect();
        text.push_str(&format!(
            "\nGrouped by {}: the smallest group has {}, and {} alone.\n",
            joined(&named),
            counted(k, "row", "rows"),
            counted(hiding.unique_rows, "row stands", "rows stand")
        ));
        for combination in hiding.combinations.iter().take(5) {
            let named: Vec<String> = combination.columns.iter().map(|it| safe(it)).collect();
            text.push_str(&format!(
                "  {} alone: {} unique, smallest group {}\n",
                joined(&named),
                percent(combination.unique_ratio),
                count(combination.k)
            ));
        }
        if report.rows_read < report.rows {
            text.push_str(&format!(
                "Counted among the rows read, of {} in the table; in the whole table groups are larger.\n",
                count(report.rows)
            ));
        }
    }
    if let Some(proxies) = &report.proxies {
        text.push('\n');
        text.push_str(&proxies_text(proxies));
    }
    text
}

fn proxies_text(report: &ProxyReport) -> String {
    if report.targets.is_empty() {
        return "No sensitive column has classes or amounts that could be predicted.\n".to_owned();
    }
    let mut text = format!(
        "Can {} of {} be told from the others? Learnt from {}.\n",
        counted(report.targets.len() as u64, "sensitive column", "sensitive columns"),
        safe(&report.path),
        counted(report.rows_read, "row", "rows")
    );
    for target in &report.targets {
        text.push_str(&format!("\n{}: {}\n", safe(&target.column), safe(&target.why)));
        for feature in target.features.iter().take(5) {
            text.push_str(&format!("  {}: {} alone\n", cut(&feature.column, 40), number(feature.alone)));
        }
    }
    text
}

fn verdict(verdict: DriftVerdict) -> &'static str {
    match verdict {
        DriftVerdict::Drift => "drift",
        DriftVerdict::NoDrift => "no drift",
        DriftVerdict::CannotTell => "cannot tell",
    }
}

/// A p-value; below a ten-thousandth its exact size says nothing more.
fn p_value(p: f64) -> String {
    if p < 0.000_1 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn drift_text(report: &DriftReport) -> String {
    let mut text = format!(
        "{}: {}\n{} ({}) against {} ({}).\n",
        verdict(report.verdict),
        safe(&report.why),
        safe(&report.current),
        counted(report.rows.current, "row", "rows"),
        safe(&report.reference),
        counted(report.rows.reference, "row", "rows")
    );
    let mut table = Table::new([
        ("Column", Left),
        ("Verdict", Left),
        ("Effect", Right),
        ("95 % interval", Right),
        ("Adjusted p", Right),
        ("Change", Left),
    ]);
    for column in &report.columns {
        let interval = column.interval.map_or_else(|| "–".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"));
        table.row([
            cut(&column.name, 40),
            verdict(column.verdict).to_owned(),
            column.effect.map_or_else(|| "–".to_owned(), |effect| format!("{effect:.3}")),
            interval,
            column.p_adjusted.map_or_else(|| "–".to_owned(), p_value),
            column.change.as_ref().map(words).unwrap_or_default(),
        ]);
    }
    text.push_str(&table.text());
    text.push_str(&format!("\nAll columns together: {}: {}\n", verdict(report.joint.verdict), safe(&report.joint.why)));
    if let Some(concept) = &report.concept {
        text.push_str(&format!("Relation to the target: {}: {}\n", verdict(concept.verdict), safe(&concept.why)));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_masked_column_shows_no_value() {
        let column = |name: &str, masked: bool| {
            serde_json::json!({
                "name": name, "type": "string", "meaning": "text", "nulls": 1, "distinct": 3, "distinct_is_estimate": false,
                "min": null, "max": null, "mean": null, "std": null, "quantiles": {},
                "top": [{"value": "Ada Lovelace", "count": 2}],
                "zeros": null, "negatives": null, "not_finite": null, "lengths": null, "histogram": null, "masked": masked
            })
        };
        let profile: TableProfile = serde_json::from_value(serde_json::json!({
            "path": "people.csv", "digest": null, "rows": 4,
            "reading": {"format": "csv", "delimiter": ";", "encoding": "utf-8", "has_header": true, "notes": []},
            "columns": [column("name", true)]
        }))
        .unwrap();
        let text = profile_text(&profile);
        assert!(text.starts_with("people.csv: 4 rows, 1 column (csv, fields between `;`, utf-8).\n"), "{text}");
        assert!(!text.contains("Ada"), "not even if the value was left in the profile: {text}");
        assert!(text.contains("25.0 %"), "one of four rows lacks a value: {text}");
    }

    #[test]
    fn a_failed_check_says_what_where_and_what_to_do() {
        let report: CheckReport = serde_json::from_value(serde_json::json!({
            "path": "t.csv", "reference": "r.csv", "rows": 1000, "verdict": "fail",
            "findings": [{
                "kind": "sentinel", "columns": ["amount"], "severity": "error", "confidence": 0.9, "affected_rows": 31,
                "affected_ratio": 0.031, "example_rows": [4, 1200], "message": "-1 stands for something else.", "suggestion": "Read -1 as missing.", "measures": []
            }]
        }))
        .unwrap();
        let text = check_text(&report);
        assert!(
            text.starts_with("t.csv fails: it must not be trained on as it is; 1 error in 1,000 rows, beside r.csv.\n"),
            "{text}"
        );
        assert!(text.contains("error  sentinel  amount  31 rows (3.1 %)\n"), "{text}");
        assert!(text.contains("Read -1 as missing.") && text.contains("row 4, 1,200"), "{text}");
    }
}
