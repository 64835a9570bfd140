//! Rules for tables: suggested, read from other tools, tried on the past.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use proofmark_contract::domain::check::Rule;
use proofmark_engine::adhoc::{self, RuleFormat, RuleTrial};
use serde::Serialize;

use crate::context::Context;
use crate::reply::{DONE, Outcome, Reply};
use crate::text::{counted, safe};

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rules that a good table keeps, with room for what honest data does
    Suggest(Suggest),
    /// Rules of a Great Expectations suite, an Open Data Contract or a Frictionless schema
    Import(Import),
    /// Says which files of the past would have failed; exits with 1 if one would
    Try(Try),
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
}

/// Reads rules of another tool.
#[derive(Debug, Args)]
pub struct Import {
    /// The suite, contract or schema
    file: PathBuf,
    /// The data set that they are for, as `proofmark.toml` names it
    #[arg(long, value_name = "PATH", default_value = "data.csv")]
    dataset: String,
}

/// Tries rules on files.
#[derive(Debug, Args)]
pub struct Try {
    /// Files of the past
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Suggests the rules from this table
    #[arg(long, value_name = "FILE", required_unless_present = "rules")]
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
            Self::Suggest(it) => {
                let rules = adhoc::suggest_rules(&it.file)?;
                let format = match it.format {
                    Format::Toml => {
                        let dataset = it.file.to_string_lossy().into_owned();
                        return context
                            .answer("rules", &Rules { rules: &rules, left_out: &[] }, || toml(&dataset, &rules));
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
                context.answer("rules", &Rules { rules: &found.rules, left_out: &found.left_out }, || {
                    let mut text = toml(&it.dataset, &found.rules);
                    for left in &found.left_out {
                        text.push_str(&format!("# left out, no counterpart: {}\n", safe(left)));
                    }
                    text
                })
            }
            Self::Try(it) => {
                let rules = match (&it.rules, &it.suggested_from) {
                    (Some(file), _) => adhoc::import_rules(file)?.rules,
                    (None, Some(table)) => adhoc::suggest_rules(table)?,
                    (None, None) => Vec::new(),
                };
                let trials = adhoc::try_rules(&rules, &it.files)?;
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

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Rules as `proofmark.toml` holds them, to be put there by a person.
fn toml(dataset: &str, rules: &[Rule]) -> String {
    let list = |values: &[String]| values.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
    let number =
        |value: f64| if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.1}") } else { value.to_string() };
    let mut text = format!("[[dataset]]\npath = {}\n", quoted(dataset));
    for rule in rules {
        let line = match rule {
            Rule::HasColumn { column } => format!("rule = \"has_column\"\ncolumn = {}", quoted(column)),
            Rule::NotNull { column, at_most } => {
                let limit = if *at_most > 0.0 { format!("\nat_most = {}", number(*at_most)) } else { String::new() };
                format!("rule = \"not_null\"\ncolumn = {}{limit}", quoted(column))
            }
            Rule::Unique { columns } => format!("rule = \"unique\"\ncolumns = [{}]", list(columns)),
            Rule::InRange { column, min, max } => {
                let mut line = format!("rule = \"in_range\"\ncolumn = {}", quoted(column));
                for (key, limit) in [("min", min), ("max", max)] {
                    if let Some(limit) = limit {
                        line.push_str(&format!("\n{key} = {}", number(*limit)));
                    }
                }
                line
            }
            Rule::OneOf { column, values } => {
                format!("rule = \"one_of\"\ncolumn = {}\nvalues = [{}]", quoted(column), list(values))
            }
        };
        text.push_str(&format!("\n[[dataset.check]]\n{line}\n"));
    }
    text
}
