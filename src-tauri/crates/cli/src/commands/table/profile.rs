//! `profile`: the summary of a table.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::profile::{AssociationMeasure, Scalar, TableProfile};
use proofmark_contract::domain::profile_pair::{ColumnFate, ProfilePair};
use proofmark_engine::adhoc::{self, ProfileWishes};

use super::Layout;
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, joined, maybe, number, percent, safe, word, words};

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
}
