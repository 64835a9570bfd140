#![allow(clippy::unwrap_used)]

use super::*;
use crate::table::{ReadOptions, open};
use proofmark_domain::profile::{Meaning, Scalar};

fn number(scalar: &Option<Scalar>) -> f64 {
    match scalar {
        Some(Scalar::Int(value)) => *value as f64,
        Some(Scalar::Float(value)) => *value,
        _ => f64::NAN,
    }
}

fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/statistics").join(name)
}

#[test]
fn statistics_are_those_of_pandas() {
    let source = open(&fixture("profile.csv"), &ReadOptions::default()).unwrap();
    let profile = profile(&source, &|| false, &mut |_| {}).unwrap();
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(fixture("profile.json")).unwrap()).unwrap();
    let close = |ours: f64, theirs: &serde_json::Value, what: &str| {
        let theirs = theirs.as_f64().unwrap();
        assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours} against {theirs}");
    };
    for name in ["amount", "count", "delta"] {
        let (ours, theirs) = (profile.column(name).unwrap(), &truth[name]);
        close(ours.nulls as f64, &theirs["nulls"], "nulls");
        close(ours.distinct as f64, &theirs["distinct"], "distinct");
        close(number(&ours.min), &theirs["min"], "min");
        close(number(&ours.max), &theirs["max"], "max");
        close(ours.mean.unwrap(), &theirs["mean"], "mean");
        close(ours.std.unwrap(), &theirs["std"], "std");
        close(ours.zeros.unwrap() as f64, &theirs["zeros"], "zeros");
        close(ours.negatives.unwrap() as f64, &theirs["negatives"], "negatives");
        for (key, value) in &ours.quantiles {
            close(*value, &theirs["quantiles"][key], &format!("{name} {key}"));
        }
        assert_eq!(ours.quantiles.len(), 11);
    }
    let code = profile.column("code").unwrap();
    assert_eq!(code.stored_type, "string", "leading zeros make a code, not a number");
    assert_eq!(code.meaning, Meaning::Category);
    close(code.distinct as f64, &truth["code"]["distinct"], "distinct codes");
    close(code.top[0].count as f64, &truth["code"]["top_count"], "top code");
}

#[test]
fn sketches_keep_their_stated_error() {
    let n = 1_000_000u64;
    let mut accumulator = ColumnAccumulator::new("x", &DataType::Int64);
    for part in 0..10u64 {
        // A permutation of 0..n by a multiplier that has no factor in common with n, and every tenth value is 7.
        let values: Vec<i64> = (part * n / 10..(part + 1) * n / 10)
            .map(|i| if i % 10 == 0 { 7 } else { (i * 387_420_489 % n) as i64 })
            .collect();
        accumulator.add(&Series::new("x".into(), values)).unwrap();
    }
    let column = accumulator.finish(n);
    assert_eq!(column.top[0].value, Scalar::Int(7));
    assert!(column.top[0].count >= n / 10 - n / 16_384, "at most n / 16,384 too low: {}", column.top[0].count);
    assert!(column.distinct_is_estimate);
    let truth = 900_000.0;
    assert!((column.distinct as f64 - truth).abs() < 0.03 * truth, "{}", column.distinct);
    for (key, p) in [("0.25", 0.25f64), ("0.5", 0.5), ("0.9", 0.9)] {
        let expected = (p - 0.1) / 0.9 * n as f64;
        assert!(
            (column.quantiles[key] - expected).abs() < 0.003 * n as f64,
            "{key}: {} against {expected}",
            column.quantiles[key]
        );
    }
}

#[test]
fn numbers_beyond_the_reach_of_floats_stay_different() {
    let mut accumulator = ColumnAccumulator::new("x", &DataType::UInt64);
    let values: Vec<u64> = (0..300).map(|at| (1 << 63) + at).collect();
    accumulator.add(&Series::new("x".into(), values)).unwrap();
    assert_eq!(accumulator.finish(300).distinct, 300);
}

#[test]
fn sketches_of_parts_merged_keep_the_error_of_the_whole() {
    let n = 1_000_000u64;
    let part = |of: u64| {
        let mut accumulator = ColumnAccumulator::new("x", &DataType::Int64);
        let values: Vec<i64> = (of * n / 16..(of + 1) * n / 16).map(|i| (i * 387_420_489 % n) as i64).collect();
        accumulator.add(&Series::new("x".into(), values)).unwrap();
        accumulator
    };
    let mut merged = part(0);
    for of in 1..16 {
        assert!(merged.merge(part(of)), "parts of one column fit together");
    }
    let column = merged.finish(n);
    assert!((column.distinct as f64 - n as f64).abs() < 0.03 * n as f64, "{}", column.distinct);
    for (key, value) in &column.quantiles {
        // The values are 0..n, so a value is its rank; the stated error is a thousandth of the ranks.
        let rank = key.parse::<f64>().unwrap() * n as f64;
        assert!((value - rank).abs() <= 0.001 * n as f64, "{key}: {value} against {rank}");
    }
}
