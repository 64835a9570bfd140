//! How well rows hide in one another: k-anonymity of the quasi-identifying columns together.

use super::SensitiveError;
use super::leaves;
use polars::prelude::*;
use proofmark_domain::sensitive::KAnonymity;
use std::collections::HashMap;

/// Columns combined at most; each further one only makes groups smaller.
const MOST: usize = 8;

/// Counts the groups of equal rows over all rows of the frame. Nulls are a value of their own. Values are only hashed,
/// never kept: two groups fall together with a chance of about rows² / 2⁶⁵.
///
/// # Errors
/// Values that polars cannot read.
pub fn k_anonymity(frame: &DataFrame, paths: &[String]) -> Result<KAnonymity, SensitiveError> {
    let mut columns = Vec::new();
    let mut keys = vec![0xcbf2_9ce4_8422_2325u64; frame.height()];
    for path in paths {
        if columns.len() == MOST {
            break;
        }
        let Some(series) = leaves::leaf(frame, path) else { continue };
        let read = |source| SensitiveError::Read { column: path.clone(), source };
        let codes = if series.dtype().is_integer() && series.dtype() != &DataType::UInt64 {
            let numbers = series.cast(&DataType::Int64).map_err(read)?;
            let numbers = numbers.i64().map_err(read)?;
            numbers.iter().map(|v| v.map_or(1, |x| scramble(x as u64 ^ 0x5bd1))).collect::<Vec<u64>>()
        } else {
            let text = series.cast(&DataType::String).map_err(read)?;
            text.str().map_err(read)?.iter().map(|v| v.map_or(1, hash)).collect()
        };
        if codes.len() != keys.len() {
            continue;
        }
        for (key, code) in keys.iter_mut().zip(codes) {
            *key = scramble(*key ^ code.rotate_left(17));
        }
        columns.push(path.clone());
    }
    if columns.is_empty() || keys.is_empty() {
        return Ok(KAnonymity { columns, ..KAnonymity::default() });
    }
    let mut groups: HashMap<u64, u64> = HashMap::with_capacity(keys.len() / 4);
    for key in keys {
        *groups.entry(key).or_default() += 1;
    }
    Ok(KAnonymity {
        columns,
        k: groups.values().min().copied(),
        unique_rows: groups.values().filter(|n| **n == 1).count() as u64,
        small_groups: groups.values().filter(|n| **n < 5).count() as u64,
    })
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
