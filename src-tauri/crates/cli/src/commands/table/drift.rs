//! `drift`: how one table differs from another.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::drift::{DriftReport, DriftVerdict};
use proofmark_engine::adhoc::{self, DriftWishes};

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, counted, cut, safe, words};

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
    let compared = |name: &String| report.columns.iter().any(|it| it.name == *name);
    let left_out: Vec<&(String, String)> = report.joint.left_out.iter().filter(|it| !compared(&it.0)).collect();
    if !left_out.is_empty() {
        text.push_str("\nNot compared:\n");
        for (name, reason) in left_out.iter().take(20) {
            text.push_str(&format!("  {} {}\n", cut(name, 40), safe(reason)));
        }
        if let Some(more) = left_out.len().checked_sub(20).filter(|it| *it > 0) {
            text.push_str(&format!("  and {}\n", counted(more as u64, "further column", "further columns")));
        }
    }
    text.push_str(&format!("\nAll columns together: {}: {}\n", verdict(report.joint.verdict), safe(&report.joint.why)));
    if let Some(concept) = &report.concept {
        text.push_str(&format!("Relation to the target: {}: {}\n", verdict(concept.verdict), safe(&concept.why)));
    }
    text
}
