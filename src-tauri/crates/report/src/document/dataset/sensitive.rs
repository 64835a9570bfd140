//! The sensitive columns of a table, with the evidence for each.

use proofmark_domain::sensitive::SensitivityReport;
use serde::Serialize;

use super::DatasetDocument;
use crate::document::{heading, words};
use crate::text;

#[derive(Serialize)]
pub(super) struct SensitiveRow {
    name: String,
    labels: String,
    group: &'static str,
    factors: Vec<FactorRow>,
}

#[derive(Serialize)]
struct FactorRow {
    name: String,
    value: String,
    weight: String,
    why: String,
}

pub(super) fn rows(document: &DatasetDocument<'_>) -> Vec<SensitiveRow> {
    document
        .sensitive
        .into_iter()
        .flat_map(SensitivityReport::sensitive_columns)
        .map(|column| SensitiveRow {
            name: heading(&column.name),
            labels: column
                .labels
                .iter()
                .map(|label| format!("{} ({})", label.label.replace('_', " "), text::share(label.confidence)))
                .collect::<Vec<_>>()
                .join(", "),
            group: column.group.map_or("not named", words::group),
            factors: column
                .factors
                .iter()
                .map(|factor| FactorRow {
                    name: factor.name.replace('_', " "),
                    value: factor.value.clone(),
                    weight: if factor.weight >= 0.0 {
                        format!("+{}", text::decimal(factor.weight, 1))
                    } else {
                        text::decimal(factor.weight, 1)
                    },
                    why: factor.why.clone(),
                })
                .collect(),
        })
        .collect()
}

pub(super) fn anonymity(report: &SensitivityReport) -> String {
    let found = &report.k_anonymity;
    match found.k {
        Some(k) => format!(
            "Taken together, {} split the rows into groups of at least {}; {} alone in their group and {} smaller than five rows.",
            words::list(&found.columns),
            text::rows(k),
            match found.unique_rows {
                1 => "1 row stands".to_owned(),
                n => format!("{} stand", text::rows(n)),
            },
            match found.small_groups {
                1 => "1 group is".to_owned(),
                n => format!("{} groups are", text::count(n)),
            },
        ),
        None => "No columns were found that name a person only together, so rows were not grouped by them.".to_owned(),
    }
}
