//! Predictions whose inputs stand in the reference, too: where many do, the comparison sees less drift than there is.

use std::collections::{HashMap, HashSet};

use proofmark_domain::counts::grouped;
use proofmark_domain::monitor::{LogProblem, LogRole};

use super::cells::{Block, Cells, hash_of};
use super::mapping::Mapping;
use super::problem;
use crate::drift::mix;

/// Predictions that are looked at.
const LOOK: usize = 20_000;
/// Share of rows of their own from which being equal means being the same record.
const DISTINCT: f64 = 0.8;
/// Share of equal rows that is told.
const TOLD: f64 = 0.01;

fn hashes(columns: &[&Cells], rows: usize) -> Vec<u64> {
    let cell = |cells: &Cells, row| cells.shown(row).map_or(0, |it| hash_of(&it));
    (0..rows).map(|row| columns.iter().fold(0, |all, it| mix(all ^ cell(it, row)).wrapping_add(1))).collect()
}

/// How many of the log's first predictions were asked with what stands in the reference.
pub(super) fn shared_rows(log: &Mapping, first: &Block, about: &Mapping, reference: &Block) -> Option<LogProblem> {
    let pairs: Vec<(&Cells, &Cells)> = log
        .all(LogRole::Input)
        .filter_map(|(own, name)| {
            let theirs =
                about.columns.iter().find(|it| it.role == LogRole::Input && (it.name == name || it.column == own))?;
            Some((first.column(own)?, reference.column(&theirs.column)?))
        })
        .collect();
    let (own, theirs): (Vec<&Cells>, Vec<&Cells>) = pairs.into_iter().unzip();
    if own.len() < 2 {
        return None;
    }
    let mut known: HashMap<u64, u32> = HashMap::new();
    for hash in hashes(&theirs, reference.rows) {
        *known.entry(hash).or_default() += 1;
    }
    let asked = hashes(&own, first.rows.min(LOOK));
    let kinds = asked.iter().collect::<HashSet<_>>().len();
    if (known.len() as f64) < DISTINCT * reference.rows as f64 || (kinds as f64) < DISTINCT * asked.len() as f64 {
        return None;
    }
    let count = asked.iter().filter(|it| known.contains_key(it)).count();
    // People are alike by chance, too: about as often as rows of the reference are among themselves.
    let twins: u32 = known.values().filter(|it| **it > 1).sum();
    let by_chance = f64::from(twins) / reference.rows.max(1) as f64;
    if count < 10 || (count as f64) < (TOLD + 2.0 * by_chance) * asked.len() as f64 {
        return None;
    }
    let words = format!(
        "{} of the first {} predictions were asked with what stands in the reference, too, so the comparison sees less drift than there \
         is. Name a reference that is not a part of the log.",
        grouped(count),
        grouped(asked.len())
    );
    Some(problem("shared_rows", count as u64, words))
}
