//! `proxies`: what gives a sensitive column away.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::proxy::ProxyReport;
use proofmark_engine::adhoc::{self, ProxyRequest};

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, cut, number, safe};

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

pub(super) fn proxies_text(report: &ProxyReport) -> String {
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
