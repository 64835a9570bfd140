//! How often a comparison cries wolf, and what it finds.
//!
//! `cargo run --release -p proofmark-analysis --example calibration [-- --quick | --long]` prints the table in a few minutes (`--quick` in
//! under one, `--long` with 500 columns and two million rows). `tests/benchmarks/calibration.py` runs Evidently and NannyML with their
//! defaults on the same data: every value depends on nothing but its trial, table, column and row, so that both programs draw the same.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use proofmark_analysis::drift::{DriftOptions, compare};
use proofmark_domain::drift::DriftVerdict;

/// What happens to the current table.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    None,
    /// The first column moves by this many standard deviations.
    Shift(f64),
    /// One row in a hundred has a category in the third column that the reference never had.
    Rare,
    /// The correlation of the first and the fourth column turns from 0 to 0.6, which no column shows.
    Correlation,
    /// The label follows the fourth column instead of the first; neither the features nor the share of labels move.
    Label,
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// An endless row of numbers that only its key determines.
struct Stream(u64);

impl Stream {
    fn new(trial: u64, table: u64, column: u64, draw: u64) -> Self {
        Self(mix(mix(mix(trial.wrapping_mul(2) + table) ^ column.wrapping_mul(0x9E37_79B9)) ^ draw))
    }

    /// Uniform on 0..1, by row.
    fn uniform(&self, row: u64) -> f64 {
        (mix(self.0.wrapping_add((row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn normals(n: usize, trial: u64, table: u64, column: u64) -> Vec<f64> {
    let (u, v) = (Stream::new(trial, table, column, 0), Stream::new(trial, table, column, 1));
    (0..n as u64)
        .map(|row| (-2.0 * (1.0 - u.uniform(row)).ln()).sqrt() * (std::f64::consts::TAU * v.uniform(row)).cos())
        .collect()
}

/// A third of the columns normal, a third log-normal, a third of five unequal categories.
fn table(n: usize, columns: usize, change: Change, trial: u64, current: bool) -> DataFrame {
    let side = u64::from(current);
    let mut found: Vec<Column> = Vec::with_capacity(columns + 1);
    let first = normals(n, trial, side, 0);
    let fourth: Vec<f64> = match change {
        Change::Correlation if current => {
            first.iter().zip(normals(n, trial, side, 3)).map(|(a, b)| 0.6 * a + 0.8 * b).collect()
        }
        _ => normals(n, trial, side, 3),
    };
    for column in 0..columns {
        let name = format!("c{column}");
        let series = match (column, column % 3) {
            (_, 2) => {
                let (pick, rare) =
                    (Stream::new(trial, side, column as u64, 0), Stream::new(trial, side, column as u64, 1));
                let codes: Vec<String> = (0..n as u64)
                    .map(|row| {
                        let new = current && change == Change::Rare && column == 2 && rare.uniform(row) < 0.01;
                        let code = [0, 0, 0, 1, 1, 2, 3, 4][(pick.uniform(row) * 8.0) as usize];
                        format!("k{}", if new { 7 } else { code })
                    })
                    .collect();
                Series::new(name.as_str().into(), codes)
            }
            (0, _) => {
                let by = if let (Change::Shift(by), true) = (change, current) { by } else { 0.0 };
                Series::new(name.as_str().into(), first.iter().map(|it| it + by).collect::<Vec<f64>>())
            }
            (3, _) => Series::new(name.as_str().into(), fourth.as_slice()),
            (_, 1) => {
                let values = normals(n, trial, side, column as u64);
                Series::new(name.as_str().into(), values.iter().map(|it| it.exp()).collect::<Vec<f64>>())
            }
            _ => Series::new(name.as_str().into(), normals(n, trial, side, column as u64)),
        };
        found.push(series.into());
    }
    if change == Change::Label {
        let cause = if current { &fourth } else { &first };
        let noise = normals(n, trial, side, 1_000_000);
        let label: Vec<&str> =
            cause.iter().zip(noise).map(|(x, e)| if x + 0.5 * e > 0.0 { "yes" } else { "no" }).collect();
        found.push(Series::new("label".into(), label).into());
    }
    DataFrame::new_infer_height(found).unwrap()
}

fn line(name: &str, n: usize, columns: usize, change: Change, trials: u64) {
    let moved: &[&str] = match change {
        Change::Shift(_) => &["c0"],
        Change::Rare => &["c2"],
        _ => &[],
    };
    let options =
        DriftOptions { target: (change == Change::Label).then(|| "label".to_owned()), ..DriftOptions::default() };
    let (mut alarm, mut by_column, mut moved_found, mut joint, mut concept, mut unsure) = (0, 0, 0, 0, 0, 0);
    let began = Instant::now();
    for trial in 0..trials {
        // The two tables of a trial are drawn anew for every size.
        let seed = trial * 1_000_003 + n as u64 * 31 + columns as u64;
        let (reference, current) = (table(n, columns, change, seed, false), table(n, columns, change, seed, true));
        let report = compare(&reference, &current, &options, &|| false, &|_, _| ()).unwrap();
        let drifted = |name: &str| report.columns.iter().any(|it| it.name == name && it.verdict == DriftVerdict::Drift);
        alarm += u64::from(report.verdict == DriftVerdict::Drift);
        unsure += u64::from(report.verdict == DriftVerdict::CannotTell);
        by_column += u64::from(report.columns.iter().any(|it| it.verdict == DriftVerdict::Drift));
        moved_found += u64::from(!moved.is_empty() && moved.iter().all(|it| drifted(it)));
        joint += u64::from(report.joint.verdict == DriftVerdict::Drift);
        concept += u64::from(report.concept.as_ref().is_some_and(|it| it.verdict == DriftVerdict::Drift));
    }
    let percent = |part: u64| format!("{:.1}", 100.0 * part as f64 / trials as f64);
    let only = |shown: bool, part: u64| if shown { percent(part) } else { "–".to_owned() };
    println!(
        "{name:<22} {n:>9} {columns:>5} {trials:>5} | {:>6} {:>7} {:>6} {:>6} {:>7} | {:>6} {:>8.2}",
        percent(alarm),
        percent(by_column),
        only(!moved.is_empty(), moved_found),
        percent(joint),
        only(change == Change::Label, concept),
        percent(unsure),
        began.elapsed().as_secs_f64() / trials as f64,
    );
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| asked.iter().any(|it| it == word);
    let few = |trials: u64| if has("--quick") { trials.div_ceil(8) } else { trials };
    println!("in percent of the comparisons; seconds are of one comparison with the making of its tables");
    println!("change                      rows  cols  runs | alarm columns moved  joint concept | unsure  seconds");
    for (n, columns, trials) in [
        (200, 10, 200),
        (200, 50, 100),
        (1_000, 10, 200),
        (1_000, 50, 60),
        (10_000, 10, 60),
        (10_000, 50, 20),
        (200_000, 10, 10),
        (200_000, 50, 4),
    ] {
        line("none", n, columns, Change::None, few(trials));
    }
    if has("--long") {
        for (n, columns, trials) in [(200, 500, 20), (1_000, 500, 10), (2_000_000, 10, 3)] {
            line("none", n, columns, Change::None, trials);
        }
    }
    for (name, change) in [
        ("shift 0.1", Change::Shift(0.1)),
        ("shift 0.2", Change::Shift(0.2)),
        ("shift 0.5", Change::Shift(0.5)),
        ("new category 1 %", Change::Rare),
        ("correlation 0 to 0.6", Change::Correlation),
        ("label only", Change::Label),
    ] {
        for (n, trials) in [(200, 100), (1_000, 100), (10_000, 30), (200_000, 4)] {
            line(name, n, 10, change, few(trials));
        }
    }
}
