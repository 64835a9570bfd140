//! What is wrong with a table in a file.

use std::path::{Path, PathBuf};

use proofmark_analysis::facade::{self, CheckInput, ReadOptions, Table};
use proofmark_domain::Timestamp;
use proofmark_domain::check::CheckReport;

use super::never;
use super::rules::{RulesInForce, reading_at, rules_of};
use crate::trouble::{Answer, Trouble};

/// What a table is checked beside.
#[derive(Debug, Clone, Default)]
pub struct CheckBeside<'a> {
    /// The table that it should be like.
    pub reference: Option<&'a Path>,
    /// The table that a model trained on this one is tested with.
    pub test: Option<&'a Path>,
    /// The column that a model is trained to predict; guessed from the names if not given.
    pub target: Option<&'a str>,
    /// How the file is laid out, where finding out goes wrong.
    pub reading: ReadOptions,
    /// The rules in force; those of the nearest `proofmark.toml` if absent.
    pub rules: Option<RulesInForce>,
    /// Whether findings list every row that they concern, as far as it is known, instead of ten examples.
    pub every_row: bool,
}

/// A folder with more tables than this holds parts or versions, not tables that point to each other.
const MOST_NEIGHBOURS: usize = 12;

/// A larger neighbour is not read along: the check of one file should not take as long as that of all.
const LARGEST_NEIGHBOUR: u64 = 64 << 20;

/// The other tables of a file's folder, as far as they are few and small. One that cannot be read is not what was asked about.
fn neighbours(path: &Path, known: &[Option<&Path>]) -> Vec<Table> {
    const ENDINGS: [&str; 9] = ["csv", "tsv", "parquet", "pq", "jsonl", "ndjson", "arrow", "feather", "gz"];
    let same = |a: &Path, b: &Path| {
        std::fs::canonicalize(a).ok().zip(std::fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|it| it.path()))
        .filter(|it| it.extension().is_some_and(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known))))
        .take(MOST_NEIGHBOURS + 2)
        .collect();
    if found.len() > MOST_NEIGHBOURS + 1 {
        return Vec::new();
    }
    found.sort();
    found
        .into_iter()
        .filter(|it| std::fs::metadata(it).is_ok_and(|facts| facts.is_file() && facts.len() <= LARGEST_NEIGHBOUR))
        .filter(|it| !same(it, path) && !known.iter().flatten().any(|other| same(it, other)))
        .filter_map(|it| Table::open(&it).ok())
        .collect()
}

/// What is wrong with a table, by itself and beside others.
///
/// # Errors
/// If the file is not there or not readable. A file that is no table is a finding, not an error, where it can be told what it is.
pub fn check(path: &Path, beside: &CheckBeside<'_>, now: Timestamp) -> Answer<CheckReport> {
    check_until(path, beside, now, &never)
}

/// The same, until `cancel` says that it shall stop.
pub(super) fn check_until(
    path: &Path,
    beside: &CheckBeside<'_>,
    now: Timestamp,
    cancel: &dyn Fn() -> bool,
) -> Answer<CheckReport> {
    let CheckBeside { reference, test, target, .. } = *beside;
    let RulesInForce { rules, note, reading } = match &beside.rules {
        Some(rules) => rules.clone(),
        None => rules_of(path)?,
    };
    let table = match Table::open_as(path, &beside.reading.clone().or(&reading)) {
        Ok(table) => table,
        Err(error) => {
            let mut report = facade::check_unreadable(path).ok_or_else(|| Trouble::from(error))?;
            report.path = path.to_string_lossy().into_owned();
            report.reference = reference.map(|it| it.to_string_lossy().into_owned());
            return Ok(report);
        }
    };
    let open = |path: &Path| -> Answer<Table> { Ok(Table::open_as(path, &reading_at(path))?) };
    let reference_table = reference.map(open).transpose()?;
    let test_table = test.map(open).transpose()?;
    let related = neighbours(path, &[reference, test]);
    let input = CheckInput {
        reference: reference_table.as_ref(),
        test: test_table.as_ref(),
        related: &related,
        target,
        rules: &rules,
        now,
        every_row: beside.every_row,
    };
    let mut report = facade::check(&table, &input, cancel)?;
    report.notes.extend(note);
    report.path = path.to_string_lossy().into_owned();
    report.reference = reference.map(|it| it.to_string_lossy().into_owned());
    Ok(report)
}
