//! How well rows hide in one another: k-anonymity of the quasi-identifying columns together.

use super::SensitiveError;
use super::leaves;
use polars::prelude::*;
use proofmark_domain::sensitive::{Combination, KAnonymity};
use rayon::prelude::*;

/// Columns combined at most; each further one only makes groups smaller.
const MOST: usize = 8;
/// Columns of which pairs and triples are counted too.
const MOST_PAIRED: usize = 6;
/// Combinations that are reported.
const REPORTED: usize = 12;

/// Counts the groups of equal rows over all rows of the frame. Nulls are a value of their own. Values are only hashed,
/// never kept: two groups fall together with a chance of about rows² / 2⁶⁵.
///
/// # Errors
/// Values that polars cannot read.
pub fn k_anonymity(frame: &DataFrame, paths: &[String]) -> Result<KAnonymity, SensitiveError> {
    let mut columns = Vec::new();
    let mut codes: Vec<Vec<u64>> = Vec::new();
    for path in paths {
        if columns.len() == MOST {
            break;
        }
        let Some(series) = leaves::leaf(frame, path) else { continue };
        let read = coded(&series).map_err(|source| SensitiveError::Read { column: path.clone(), source })?;
        // items of lists are no column of the rows
        if read.len() == frame.height() {
            columns.push(path.clone());
            codes.push(read);
        }
    }
    let rows = frame.height();
    let all: Vec<usize> = (0..columns.len()).collect();
    if columns.is_empty() || rows == 0 {
        return Ok(KAnonymity { columns, ..KAnonymity::default() });
    }
    let whole = groups(&codes, &all, &columns, rows);
    let mut combinations: Vec<Combination> = subsets(columns.len().min(MOST_PAIRED))
        .par_iter()
        .map(|chosen| groups(&codes, chosen, &columns, rows))
        .collect();
    // most telling first; of equally telling ones the shorter, which needs less knowledge of a person
    combinations.sort_by(|a, b| {
        b.unique_rows
            .cmp(&a.unique_rows)
            .then_with(|| b.groups.cmp(&a.groups))
            .then_with(|| a.columns.len().cmp(&b.columns.len()))
            .then_with(|| a.columns.cmp(&b.columns))
    });
    combinations.truncate(REPORTED);
    Ok(KAnonymity {
        columns,
        k: Some(whole.k),
        unique_rows: whole.unique_rows,
        small_groups: whole.small_groups,
        rows: rows as u64,
        combinations,
    })
}

/// One, two and three of so many columns.
fn subsets(n: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for a in 0..n {
        all.push(vec![a]);
        for b in a + 1..n {
            all.push(vec![a, b]);
            all.extend((b + 1..n).map(|c| vec![a, b, c]));
        }
    }
    all
}

fn coded(series: &Series) -> PolarsResult<Vec<u64>> {
    if series.dtype().is_integer() && series.dtype() != &DataType::UInt64 {
        let numbers = series.cast(&DataType::Int64)?;
        return Ok(numbers.i64()?.iter().map(|v| v.map_or(1, |x| scramble(x as u64 ^ 0x5bd1))).collect());
    }
    let text = series.cast(&DataType::String)?;
    Ok(text.str()?.iter().map(|v| v.map_or(1, hash)).collect())
}

fn groups(codes: &[Vec<u64>], chosen: &[usize], names: &[String], rows: usize) -> Combination {
    let mut keys = vec![0xcbf2_9ce4_8422_2325u64; rows];
    for column in chosen.iter().filter_map(|c| codes.get(*c)) {
        for (key, code) in keys.iter_mut().zip(column) {
            *key = scramble(*key ^ code.rotate_left(17));
        }
    }
    // sorting needs no table of groups, which would be as large as the rows where every row is alone
    keys.sort_unstable();
    let (mut count, mut k, mut unique, mut small) = (0u64, u64::MAX, 0, 0);
    for group in keys.chunk_by(|a, b| a == b) {
        let size = group.len() as u64;
        count += 1;
        k = k.min(size);
        unique += u64::from(size == 1);
        small += u64::from(size < 5);
    }
    Combination {
        columns: chosen.iter().filter_map(|c| names.get(*c).cloned()).collect(),
        groups: count,
        k,
        unique_rows: unique,
        unique_ratio: unique as f64 / rows.max(1) as f64,
        small_groups: small,
    }
}

fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Finaliser of SplitMix64 (Steele, Lea and Flood 2014), which spreads every bit.
fn scramble(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
