//! When a comparison shows what.
//!
//! `cargo run --release -p proofmark-analysis --example first_look -- make FOLDER [ROWS]` writes two Parquet tables of 30 columns;
//! `… -- FOLDER [--quiet]` compares them and prints the seconds until the first look, the first and the last column, and the report.
//! `--quiet` has nobody listen, as on the command line: under `/usr/bin/time -v` the two tell what the listening costs.

#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use polars::prelude::{Column, DataFrame, NamedFrom, ParquetWriter, Series};
use proofmark_analysis::facade::{DriftInput, DriftNews, Follow, Table, drift};

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn make(path: &Path, table: u64, rows: usize) {
    let columns: Vec<Column> = (0..30u64)
        .map(|column| {
            let name = format!("c{column:02}").into();
            let draw = |row: usize| mix((table << 56) ^ (column << 48) ^ row as u64) >> 11;
            if column % 6 == 5 {
                let words: Vec<String> = (0..rows).map(|row| format!("group {}", draw(row) % 40)).collect();
                return Series::new(name, words).into();
            }
            let shift = if column < 3 { table as f64 * 0.1 } else { 0.0 };
            let values: Vec<f64> = (0..rows).map(|row| shift + draw(row) as f64 / (1u64 << 53) as f64).collect();
            Series::new(name, values).into()
        })
        .collect();
    let mut frame = DataFrame::new(rows, columns).unwrap();
    ParquetWriter::new(File::create(path).unwrap()).finish(&mut frame).unwrap();
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.first().is_some_and(|it| it == "make") {
        let rows = asked.get(2).map_or(1_000_000, |it| it.parse().unwrap());
        let folder = Path::new(asked.get(1).unwrap());
        make(&folder.join("reference.parquet"), 0, rows);
        make(&folder.join("current.parquet"), 1, rows);
        return;
    }
    let folder = Path::new(asked.first().unwrap());
    let begun = Instant::now();
    let told: RefCell<Vec<(f64, &str)>> = RefCell::default();
    let news = |it: DriftNews| {
        let what = match it {
            DriftNews::FirstLook { .. } => "first look",
            DriftNews::Column { done: 1, .. } => "first column",
            DriftNews::Columns { .. } => "all columns",
            _ => return,
        };
        told.borrow_mut().push((begun.elapsed().as_secs_f64(), what));
    };
    let quiet = asked.get(1).is_some_and(|it| it == "--quiet");
    let follow = Follow { cancel: &|| false, progress: &|_, _| (), news: (!quiet).then_some(&news) };
    let open = |name: &str| Table::open(&folder.join(name)).unwrap();
    let input = DriftInput::named("reference", "current");
    let report = drift(&open("reference.parquet"), &open("current.parquet"), &input, &follow).unwrap();
    let mut out = std::io::stdout().lock();
    for (seconds, what) in told.into_inner() {
        writeln!(out, "{seconds:6.2} s  {what}").unwrap();
    }
    writeln!(out, "{:6.2} s  report: {}", begun.elapsed().as_secs_f64(), report.why).unwrap();
}
