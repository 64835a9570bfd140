//! `check`: what is wrong with a table.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::check::{CheckReport, CheckVerdict, Severity};
use proofmark_engine::adhoc::{self, CheckBeside};
use proofmark_engine::{Clock, SystemClock};

use super::Layout;
use crate::commands::ci;
use crate::context::Context;
use crate::reply::{DONE, Outcome, Reply};
use crate::text::{count, counted, cut, joined, percent, safe, word};

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

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
