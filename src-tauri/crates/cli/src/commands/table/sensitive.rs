//! `sensitive`: the sensitive columns of a table.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::sensitive::SensitivityReport;
use proofmark_engine::adhoc::{self, ProxyRequest};

use super::proxies::proxies_text;
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, joined, percent, safe, words};

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
