//! What a comparison tells before its end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;

use polars::prelude::{Column, DataFrame, NamedFrom, ParquetWriter, Series};
use proofmark_domain::drift::{DriftReport, DriftVerdict};

use super::random::mix;
use super::{DriftNews, Follow};
use crate::facade::{DriftInput, Table, drift};

const ROWS: usize = 240_000;

fn uniform(seed: u64, row: usize) -> f64 {
    (mix(seed ^ (row as u64).wrapping_mul(0x9E37_79B9)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Twelve columns, of which the first moves by `shift`.
fn write(path: &Path, seed: u64, shift: f64) {
    let columns: Vec<Column> = (0..12u64)
        .map(|column| {
            let moved = if column == 0 { shift } else { 0.0 };
            let values: Vec<f64> = (0..ROWS).map(|row| moved + uniform(seed ^ (column << 32), row)).collect();
            Series::new(format!("c{column}").into(), values).into()
        })
        .collect();
    let mut frame = DataFrame::new(ROWS, columns).unwrap();
    ParquetWriter::new(File::create(path).unwrap()).finish(&mut frame).unwrap();
}

fn compare(a: &Table, b: &Table, news: Option<&dyn Fn(DriftNews)>) -> DriftReport {
    let follow = Follow { cancel: &|| false, progress: &|_, _| (), news };
    drift(a, b, &DriftInput::named("a", "b"), &follow).unwrap()
}

#[test]
fn columns_are_told_before_the_end_and_agree_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    write(&a, 1, 0.0);
    write(&b, 2, 0.2);
    let (a, b) = (Table::open(&a).unwrap(), Table::open(&b).unwrap());
    let told = RefCell::new(Vec::new());
    let report = compare(&a, &b, Some(&|it| told.borrow_mut().push(it)));
    assert_eq!(report, compare(&a, &b, None), "a listener changes nothing");

    let told = told.into_inner();
    let DriftNews::FirstLook { rows, columns } = &told[0] else { panic!("{:?}", told[0]) };
    assert_eq!((rows.reference, rows.current, columns.len()), (30_000, 30_000, 12));
    assert_eq!((columns[0].name.as_str(), columns[0].verdict), ("c0", DriftVerdict::Drift));
    let near = (columns[0].effect.unwrap() - report.columns[0].effect.unwrap()).abs();
    assert!(near < 0.02, "the first look is {near} away from the whole");

    let single: Vec<_> = told
        .iter()
        .filter_map(|it| match it {
            DriftNews::Column { column, of, .. } => Some((column, *of)),
            _ => None,
        })
        .collect();
    assert_eq!(single.len(), 12);
    for (column, of) in single {
        let last = report.columns.iter().find(|it| it.name == column.name).unwrap();
        assert_eq!((column.effect, column.interval, column.n, of), (last.effect, last.interval, last.n, 12));
        assert_eq!(column.p_adjusted, None, "it is not known before all columns are compared");
        assert!(column.verdict == last.verdict || column.verdict == DriftVerdict::CannotTell, "{}", column.name);
    }
    let all = told.iter().position(|it| matches!(it, DriftNews::Columns { .. })).unwrap();
    assert_eq!(told[all], DriftNews::Columns { columns: report.columns.clone(), settled: true });
    assert!(told[all + 1..].iter().all(|it| matches!(it, DriftNews::Classifier { .. })), "the classifier comes last");
    assert!(all + 1 < told.len());
}

#[test]
fn pieces_lie_evenly_over_a_table_and_never_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows: Vec<i64> = (0..1_000_003).collect();
    let mut frame = DataFrame::new(rows.len(), vec![Series::new("row".into(), rows).into()]).unwrap();
    ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
    let source = crate::table::open(&path, &crate::table::ReadOptions::default()).unwrap();
    let found = source.pieces(50_000, &|| false).unwrap().unwrap();
    let found: Vec<i64> = found.column("row").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(found.len(), 50_000);
    assert!(found.windows(2).all(|it| it[0] < it[1]), "in order, each row once");
    assert_eq!((found[0], found[10_000] / 1_000), (0, 247));
    assert!(*found.last().unwrap() > 999_000, "the end of the table is among them");
}
