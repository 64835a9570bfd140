//! Where in a text something stands, as people count.

use toml_edit::{Document, Item};

/// Line and column of a byte, both from 1, the column in characters.
pub(super) fn of(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    (line, column)
}

/// Line and column of a rule, by the place of its entry and its place there.
pub(super) fn of_rule(text: &str, dataset: usize, check: usize) -> Option<(u64, u64)> {
    let document = Document::parse(text).ok()?;
    let entry = document.get("dataset")?;
    let rules = match entry {
        Item::ArrayOfTables(tables) => tables.get(dataset)?.get("check")?,
        _ => return None,
    };
    let span = match rules {
        Item::ArrayOfTables(tables) => tables.get(check)?.span(),
        Item::Value(value) => value.as_array()?.get(check)?.span(),
        _ => None,
    }?;
    Some(of(text, span.start))
}

/// Line and column of what is said about how a data set is read.
pub(super) fn of_reading(text: &str, dataset: usize) -> Option<(u64, u64)> {
    let document = Document::parse(text).ok()?;
    let entry = document.get("dataset")?.as_array_of_tables()?.get(dataset)?;
    Some(of(text, entry.get("read")?.span()?.start))
}
