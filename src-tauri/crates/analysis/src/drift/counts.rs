//! Comparison of columns that were only counted: windows of a log that is too long to be held.

use proofmark_domain::drift::ColumnDrift;

use super::column::{add_missing, add_replaced, binned, counted};
use super::{DriftOptions, columns, decide_all, sentinel};

/// How a column is counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Bins with these inner edges; a value on an edge is in the bin above it.
    Numbers {
        /// Inner edges, ascending.
        edges: Vec<f64>,
    },
    /// Categories.
    Categories {
        /// Names by code.
        names: Vec<String>,
    },
}

/// One column of both tables, counted.
#[derive(Debug)]
pub(crate) struct Counted<'a> {
    /// The column.
    pub(crate) name: &'a str,
    /// How it was counted.
    pub(crate) shape: &'a Shape,
    /// Counts of the reference and of the current table by bin or category. The current table's can be longer: what the reference never had.
    pub(crate) counts: (&'a [u64], &'a [u64]),
    /// Names of the categories that the reference never had.
    pub(crate) further: &'a [String],
    /// Some values of each, sorted.
    pub(crate) samples: (&'a [f64], &'a [f64]),
    /// Rows of each, with or without a value.
    pub(crate) rows: (u64, u64),
}

/// Compares counted columns, as [`super::compare`] does with tables.
pub(crate) fn judge(all: &[Counted<'_>], options: &DriftOptions) -> Vec<ColumnDrift> {
    let measured = all.iter().map(|column| {
        let (a, b) = column.counts;
        let (mut measured, replaced) = match column.shape {
            Shape::Numbers { edges } => {
                // As many rows as the samples stand for.
                let of = |sample: &[f64], counts: &[u64], rows: u64| {
                    let values = counts.iter().sum::<u64>().max(1);
                    (sample.len() as u128 * u128::from(rows) / u128::from(values)) as u64
                };
                let rows = (of(column.samples.0, a, column.rows.0), of(column.samples.1, b, column.rows.1));
                let replaced = sentinel::of_numbers(column.samples.0, column.samples.1, rows);
                let replaced = replaced.map(|it| it.times((rows, column.rows)));
                (binned(column.name, edges, (a, b), column.samples, options), replaced)
            }
            Shape::Categories { names } => {
                let names: Vec<String> = names.iter().chain(column.further).cloned().collect();
                let filled =
                    |side: &[u64]| (0..names.len()).map(|it| side.get(it).copied().unwrap_or(0)).collect::<Vec<u64>>();
                let (a, b) = (filled(a), filled(b));
                let replaced = sentinel::of_categories(&names, &a, &b, column.rows);
                (counted(column.name, &names, &a, &b, options), replaced)
            }
        };
        add_missing(&mut measured, column.rows, options);
        add_replaced(&mut measured, replaced, column.rows, options);
        measured
    });
    decide_all(measured.collect(), options)
}

/// Why a column cannot be compared: it is an identifier, a time or free text.
pub(crate) fn left_out(name: &str, numbers: &[f64], texts: Option<(&[String], &[u32])>) -> Option<String> {
    let reading = match texts {
        Some((names, codes)) => columns::texts(names.to_vec(), codes.to_vec(), codes.to_vec()),
        None => columns::numbers(name, numbers.to_vec(), numbers.to_vec()),
    };
    match reading {
        columns::Reading::LeftOut(reason) => Some(reason),
        columns::Reading::Comparable(..) => None,
    }
}
