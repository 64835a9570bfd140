#![allow(clippy::unwrap_used)]
//! Precision and recall on the committed tables. `make_tables.py` decides the truth before the detector runs.

use super::*;
use crate::facade::Table;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

type Fallible = Result<(), Box<dyn std::error::Error>>;
/// Overall, by label, and what went wrong.
type Outcome = (Tally, BTreeMap<String, Tally>, Vec<String>);

#[derive(Default, Clone, Copy)]
struct Tally {
    hit: u32,
    false_alarm: u32,
    missed: u32,
}

impl Tally {
    fn precision(self) -> f64 {
        f64::from(self.hit) / f64::from((self.hit + self.false_alarm).max(1))
    }
    fn recall(self) -> f64 {
        f64::from(self.hit) / f64::from((self.hit + self.missed).max(1))
    }
}

/// The committed tables, or another folder of the same layout for trying the detector on new ones.
fn folder() -> PathBuf {
    std::env::var_os("PROOFMARK_SENSITIVE_TABLES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/sensitive"),
        PathBuf::from,
    )
}

/// The labels that are right for a column; none if it is not sensitive.
fn accepted(entry: &serde_json::Value, column: &str) -> Vec<String> {
    match &entry["columns"][column] {
        serde_json::Value::Array(labels) => labels.iter().filter_map(|l| l.as_str().map(str::to_string)).collect(),
        serde_json::Value::String(label) => vec![label.clone()],
        _ => Vec::new(),
    }
}

fn run(half: &str) -> Result<Outcome, Box<dyn std::error::Error>> {
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(folder().join("truth.json"))?)?;
    let (mut overall, mut labels, mut wrong) = (Tally::default(), BTreeMap::<String, Tally>::new(), Vec::new());
    for (table, entry) in truth.as_object().ok_or("truth.json is no object")? {
        if entry["half"] != half {
            continue;
        }
        let file = entry["file"].as_str().map_or_else(|| format!("{table}.csv"), str::to_string);
        let opened = Table::open(&folder().join("tables").join(file))?;
        let named = entry["table"].as_str().unwrap_or(table).to_string();
        let context = Context { table_name: named, path: table.clone(), year: Some(2026), ..Context::default() };
        let report = detect(&opened.frame()?, &context, &AtomicBool::new(false))?;
        for column in &report.columns {
            let expected = accepted(entry, &column.name);
            let found: Vec<&str> = column.labels.iter().map(|l| l.label.as_str()).collect();
            match (!expected.is_empty(), column.sensitive) {
                (true, true) => overall.hit += 1,
                (true, false) => overall.missed += 1,
                (false, true) => overall.false_alarm += 1,
                (false, false) => {}
            }
            let right = found.first().is_some_and(|first| expected.iter().any(|e| e == first));
            if let Some(first) = expected.first() {
                let tally = labels.entry(first.clone()).or_default();
                if right { tally.hit += 1 } else { tally.missed += 1 }
            }
            if let Some(first) = found.first().filter(|_| !right) {
                labels.entry((*first).to_string()).or_default().false_alarm += 1;
            }
            let nothing = expected.is_empty() && found.is_empty();
            if !right && !nothing {
                let why: Vec<String> =
                    column.factors.iter().map(|f| format!("{} {} {:+.1}", f.name, f.value, f.weight)).collect();
                wrong.push(format!(
                    "{table}.{}: expected {expected:?}, found {found:?} [{}]",
                    column.name,
                    why.join("; ")
                ));
            }
        }
    }
    Ok((overall, labels, wrong))
}

fn show(half: &str) -> Result<Tally, Box<dyn std::error::Error>> {
    use std::io::Write;
    let (overall, labels, wrong) = run(half)?;
    let mut text = format!(
        "{half}: precision {:.4} recall {:.4} ({} hit, {} false, {} missed)\n",
        overall.precision(),
        overall.recall(),
        overall.hit,
        overall.false_alarm,
        overall.missed
    );
    for (label, t) in &labels {
        text += &format!(
            "{label:16} precision {:.3} recall {:.3} ({} of {})\n",
            t.precision(),
            t.recall(),
            t.hit,
            t.hit + t.missed
        );
    }
    // what went wrong is shown for the tuning half only, so that nobody tunes on the other
    if half == "tune" || std::env::var_os("PROOFMARK_SHOW_HELD").is_some() {
        text += &wrong.join("\n");
    }
    writeln!(std::io::stderr(), "{text}")?;
    Ok(overall)
}

#[test]
fn tuning_half() -> Fallible {
    let overall = show("tune")?;
    assert!(overall.precision() >= 0.97 && overall.recall() >= 0.95);
    Ok(())
}

#[test]
fn held_out_half() -> Fallible {
    let overall = show("held")?;
    assert!(overall.precision() >= 0.97 && overall.recall() >= 0.95);
    Ok(())
}

#[test]
#[ignore = "a measurement: a million rows by thirty columns, release build"]
fn speed_of_a_million_rows() -> Fallible {
    use std::io::Write;
    let rows = 1_000_000u64;
    let mut columns = Vec::new();
    for c in 0..30u64 {
        let name = format!("c{c}");
        let mix = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(c as u32)) >> 20;
        columns.push(match c % 5 {
            0 => Column::new(name.into(), (0..rows).map(|i| mix(i) as f64 / 1e6).collect::<Vec<_>>()),
            1 => Column::new(name.into(), (0..rows).map(|i| (mix(i) % 100_000) as i64).collect::<Vec<_>>()),
            2 => Column::new(name.into(), (0..rows).map(|i| format!("u{}@example.org", mix(i))).collect::<Vec<_>>()),
            3 => Column::new(
                name.into(),
                (0..rows).map(|i| ["red", "green", "blue"][(mix(i) % 3) as usize]).collect::<Vec<_>>(),
            ),
            _ => Column::new(
                name.into(),
                (0..rows).map(|i| format!("the order {} left the house on day {}", mix(i), i % 31)).collect::<Vec<_>>(),
            ),
        });
    }
    let frame = DataFrame::new(rows as usize, columns)?;
    let start = std::time::Instant::now();
    let report = detect(&frame, &Context::default(), &AtomicBool::new(false))?;
    writeln!(std::io::stderr(), "{} columns in {:?}", report.columns.len(), start.elapsed())?;
    assert_eq!(report.columns.iter().filter(|c| c.sensitive).count(), 6);
    Ok(())
}
