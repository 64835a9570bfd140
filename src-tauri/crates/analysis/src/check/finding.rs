//! Puts findings together.

use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, FindingKind, Measure, Severity};

use super::view::View;
use crate::table::{Odd, TableError};

/// Starts a finding about columns.
pub fn finding(
    kind: FindingKind,
    columns: &[&str],
    severity: Severity,
    confidence: f64,
    message: String,
    suggestion: &str,
) -> Finding {
    Finding {
        kind,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        severity,
        confidence: confidence.clamp(0.0, 1.0),
        affected_rows: 0,
        affected_ratio: 0.0,
        example_rows: Vec::new(),
        message,
        suggestion: suggestion.to_owned(),
        measures: Vec::new(),
    }
}

/// Adds what a finding is about.
pub trait About {
    /// Rows by their index in the view; all of them are counted, as many as the view lists are shown.
    fn rows(self, view: &View, indices: impl IntoIterator<Item = usize>) -> Self;
    /// Rows that were counted elsewhere.
    fn counted(self, odd: &Odd, of: u64) -> Self;
    /// A number and its limit.
    fn measure(self, name: &str, value: f64, limit: Option<f64>) -> Self;
}

impl About for Finding {
    fn rows(mut self, view: &View, indices: impl IntoIterator<Item = usize>) -> Self {
        let mut count = 0u64;
        for index in indices {
            count += 1;
            if self.example_rows.len() < view.listed {
                self.example_rows.push(view.row_number(index));
            }
        }
        self.affected_ratio = count as f64 / view.rows.max(1) as f64;
        // From a part of the rows, the count of all is an estimate.
        self.affected_rows =
            if view.sampled { (self.affected_ratio * view.total_rows as f64).round() as u64 } else { count };
        self
    }

    fn counted(mut self, odd: &Odd, of: u64) -> Self {
        self.affected_rows = odd.count;
        self.affected_ratio = odd.count as f64 / of.max(1) as f64;
        self.example_rows = odd.rows.clone();
        self
    }

    fn measure(mut self, name: &str, value: f64, limit: Option<f64>) -> Self {
        self.measures.push(Measure { name: name.to_owned(), value, limit });
        self
    }
}

/// A number for a sentence: no more digits than say something.
pub fn show(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value}")
    } else if value.abs() >= 1000.0 {
        format!("{value:.1}")
    } else {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A share for a sentence.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 0.0 && value < 0.1 { format!("{value:.3} %") } else { format!("{value:.1} %") }
}

/// The report of a table that could not be read as one, where that is itself the finding: an empty or a cut file.
pub fn of_read_error(error: &TableError) -> Option<CheckReport> {
    let (path, kind) = match error {
        TableError::EmptyFile { path } => (path, FindingKind::EmptyFile),
        TableError::Truncated { path, .. } => (path, FindingKind::TruncatedFile),
        TableError::NoColumns { path } => (path, FindingKind::EmptyTable),
        _ => return None,
    };
    let suggestion =
        "Get the file again from its source. A model trained on what is left would learn from nothing or from a part.";
    let findings = vec![finding(kind, &[], Severity::Error, 1.0, error.to_string(), suggestion)];
    Some(CheckReport {
        path: path.display().to_string(),
        reference: None,
        rows: 0,
        verdict: CheckVerdict::of(&findings),
        findings,
        notes: Vec::new(),
    })
}
