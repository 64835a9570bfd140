//! How often a comparison cries wolf, and what it finds, beside the documented defaults of Evidently and NannyML on the same data.
//!
//! Prints its table: `cargo test --release -p proofmark-analysis calibration -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use proofmark_domain::drift::DriftVerdict;

use super::random::{Random, mix};
use super::statistics::{
    chi_square, jensen_shannon_distance, kolmogorov_smirnov, ks_p_value, quantile_sorted, wasserstein,
};
use super::{DriftOptions, compare};

struct Draw(Random);

impl Draw {
    fn uniform(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// What happens to the current table.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    None,
    /// The first column moves by this many standard deviations.
    Shift(f64),
    /// A new category in one row of a hundred of the first column of categories.
    Rare,
    /// The correlation of the first two columns turns from 0 to 0.6, which no column shows.
    Correlation,
}

enum Values {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

/// A table: normal and skewed numbers, one column of codes in three.
fn table(n: usize, columns: usize, change: Change, draw: &mut Draw) -> Vec<Values> {
    let mut found = Vec::with_capacity(columns);
    for column in 0..columns {
        if column % 3 == 2 {
            let rare = change == Change::Rare && column == 2;
            found.push(Values::Codes(
                (0..n)
                    .map(|_| if rare && draw.uniform() < 0.01 { 7 } else { [0, 0, 0, 1, 1, 2, 3, 4][draw.0.below(8)] })
                    .collect(),
            ));
        } else {
            let shift = match change {
                Change::Shift(by) if column == 0 => by,
                _ => 0.0,
            };
            let skewed = column % 3 == 1 && !(change == Change::Correlation && column == 1);
            found.push(Values::Numbers(
                (0..n).map(|_| if skewed { draw.normal().exp() } else { draw.normal() + shift }).collect(),
            ));
        }
    }
    if let (Change::Correlation, [Values::Numbers(a), Values::Numbers(b), ..]) = (change, found.as_mut_slice()) {
        for (a, b) in a.iter().zip(b.iter_mut()) {
            *b = 0.6 * a + 0.8 * *b;
        }
    }
    found
}

fn frame(values: &[Values]) -> DataFrame {
    let columns: Vec<Column> = values
        .iter()
        .enumerate()
        .map(|(place, it)| {
            let name = format!("c{place}");
            match it {
                Values::Numbers(it) => Series::new(name.as_str().into(), it.as_slice()).into(),
                Values::Codes(it) => {
                    Series::new(name.as_str().into(), it.iter().map(|it| format!("k{it}")).collect::<Vec<_>>()).into()
                }
            }
        })
        .collect();
    DataFrame::new_infer_height(columns).unwrap()
}

fn counts(codes: &[u32]) -> Vec<u64> {
    let mut found = vec![0; 8];
    codes.iter().for_each(|it| found[*it as usize] += 1);
    found
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn shares(values: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut found = vec![0.0; edges.len() + 1];
    values.iter().for_each(|it| found[edges.partition_point(|edge| edge <= it)] += 1.0);
    found
}

/// Evidently's default per column: up to 1,000 rows of the reference KS or chi-square at 0.05; beyond, the normalised Wasserstein distance or
/// the Jensen-Shannon distance above 0.1.
fn evidently(a: &Values, b: &Values) -> bool {
    match (a, b) {
        (Values::Numbers(a), Values::Numbers(b)) => {
            let (a, b) = (sorted(a), sorted(b));
            if a.len() <= 1_000 {
                let distance = kolmogorov_smirnov(&a, &b).unwrap().distance;
                return ks_p_value(distance, a.len(), b.len()) < 0.05;
            }
            let mean = a.iter().sum::<f64>() / a.len() as f64;
            let std = (a.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / a.len() as f64).sqrt();
            wasserstein(&a, &b).unwrap() / std.max(0.001) >= 0.1
        }
        (Values::Codes(a), Values::Codes(b)) => {
            let (n, a, b) = (a.len(), counts(a), counts(b));
            if n <= 1_000 {
                return chi_square(&a, &b).unwrap().p_value < 0.05;
            }
            let real = |it: &[u64]| it.iter().map(|it| *it as f64).collect::<Vec<_>>();
            jensen_shannon_distance(&real(&a), &real(&b)).unwrap() >= 0.1
        }
        _ => false,
    }
}

/// NannyML's default per column: the Jensen-Shannon distance (numbers in Doane-like bins of the reference, here forty) above 0.1.
fn nannyml(a: &Values, b: &Values) -> bool {
    match (a, b) {
        (Values::Numbers(a), Values::Numbers(b)) => {
            let order = sorted(a);
            let (low, high) = (quantile_sorted(&order, 0.0), quantile_sorted(&order, 1.0));
            let edges: Vec<f64> = (1..40).map(|it| low + (high - low) * f64::from(it) / 40.0).collect();
            jensen_shannon_distance(&shares(a, &edges), &shares(b, &edges)).unwrap() > 0.1
        }
        (Values::Codes(a), Values::Codes(b)) => {
            let real = |it: &[u32]| counts(it).iter().map(|it| *it as f64).collect::<Vec<_>>();
            jensen_shannon_distance(&real(a), &real(b)).unwrap() > 0.1
        }
        _ => false,
    }
}

/// Alarms of each tool: shares of comparisons with any alarm, and of columns with one.
#[derive(Default)]
struct Alarms {
    trials: f64,
    columns: f64,
    any: [f64; 4],
    each: [f64; 3],
}

fn trial(n: usize, columns: usize, change: Change, seed: u64, into: &mut Alarms) {
    let mut draw = Draw(Random::new(mix(seed)));
    let (a, b) = (table(n, columns, Change::None, &mut draw), table(n, columns, change, &mut draw));
    let report = compare(
        &frame(&a),
        &frame(&b),
        &DriftOptions { max_rows: 5_000, ..DriftOptions::default() },
        &|| false,
        &|_, _| (),
    )
    .unwrap();
    let ours = report.columns.iter().filter(|it| it.verdict == DriftVerdict::Drift).count() as f64;
    let of = |rule: &dyn Fn(&Values, &Values) -> bool| a.iter().zip(&b).filter(|(a, b)| rule(a, b)).count() as f64;
    let theirs = [ours, of(&evidently), of(&nannyml)];
    into.trials += 1.0;
    into.columns += columns as f64;
    for (place, alarms) in theirs.into_iter().enumerate() {
        into.any[place] += f64::from(u8::from(alarms > 0.0));
        into.each[place] += alarms;
    }
    into.any[3] += f64::from(u8::from(report.verdict == DriftVerdict::Drift));
}

fn line(name: &str, n: usize, columns: usize, change: Change, trials: u64) -> Alarms {
    let mut alarms = Alarms::default();
    for seed in 0..trials {
        trial(n, columns, change, seed * 7_919 + n as u64 + columns as u64, &mut alarms);
    }
    let percent = |part: f64, all: f64| 100.0 * part / all;
    println!(
        "{name:<22} {n:>9} {columns:>4} {trials:>4} | {:>6.1} {:>6.1} {:>6.1} {:>6.1} | {:>6.2} {:>6.2} {:>6.2}",
        percent(alarms.any[3], alarms.trials),
        percent(alarms.any[0], alarms.trials),
        percent(alarms.any[1], alarms.trials),
        percent(alarms.any[2], alarms.trials),
        percent(alarms.each[0], alarms.columns),
        percent(alarms.each[1], alarms.columns),
        percent(alarms.each[2], alarms.columns),
    );
    alarms
}

fn head() {
    println!(
        "alarms in percent      rows/table cols runs | of comparisons: verdict, columns, Evidently, NannyML | of columns: ours, Evidently, NannyML"
    );
}

#[test]
fn no_drift_seldom_raises_an_alarm() {
    head();
    let alarms = line("no change", 500, 9, Change::None, 40);
    assert!(alarms.any[3] <= 4.0, "{} of 40 comparisons without any change", alarms.any[3]);
    let found = line("shift 0.5", 1_000, 9, Change::Shift(0.5), 10);
    assert_eq!(found.any[3], 10.0, "half a standard deviation is always found");
}

#[test]
#[ignore = "takes minutes; prints the whole table"]
fn calibration_table() {
    head();
    for (n, columns, trials) in [
        (200, 10, 300),
        (200, 50, 100),
        (200, 500, 20),
        (1_000, 10, 200),
        (1_000, 50, 60),
        (1_000, 500, 10),
        (10_000, 10, 60),
        (10_000, 50, 20),
        (200_000, 10, 6),
        (200_000, 50, 2),
        (2_000_000, 10, 1),
    ] {
        line("no change", n, columns, Change::None, trials);
    }
    for (name, change) in [
        ("shift 0.1", Change::Shift(0.1)),
        ("shift 0.2", Change::Shift(0.2)),
        ("shift 0.5", Change::Shift(0.5)),
        ("new category 1 %", Change::Rare),
        ("correlation 0 to 0.6", Change::Correlation),
    ] {
        for (n, trials) in [(200, 60), (1_000, 60), (10_000, 20), (200_000, 3)] {
            line(name, n, 10, change, trials);
        }
    }
}
