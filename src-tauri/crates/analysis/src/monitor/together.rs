//! All inputs of a window together against those of the reference: finds a change of how they hang together, which no single column
//! shows.

use proofmark_domain::drift::JointDrift;

use super::baseline::Baseline;
use super::kept::Kept;
use crate::drift::columns::MISSING;
use crate::drift::counts::Shape;
use crate::drift::joint::features::{Picked, feature};
use crate::drift::joint::{Rows, cannot_tell, classify};
use crate::drift::{DriftOptions, mix};

/// Rows of each side that the classifier sees at most: enough for half an interval of 0.025.
pub(super) const MOST_ROWS: usize = 1_500;
/// Fewest rows of a window that a classifier can learn from.
pub(super) const FEWEST: usize = 50;
/// Windows that are always looked at, the newest: each takes longer than all its columns alone.
pub(super) const NEWEST_WINDOWS: usize = 4;
/// Windows that are looked at while the inputs hang together otherwise.
const MOST_WINDOWS: usize = 24;

/// Columns of all windows that are looked at: of a wide table fewer windows, so that none takes minutes.
const MOST_COLUMNS: usize = 2_400;

/// Windows that are looked at where there are so many inputs.
pub(super) fn most_windows(inputs: usize) -> usize {
    (MOST_COLUMNS / inputs.max(1)).clamp(1, MOST_WINDOWS)
}

/// Rows of a part at even distances, so that all of its time is among them.
pub(super) fn spread(rows: usize, most: usize) -> Vec<usize> {
    if rows <= most { (0..rows).collect() } else { (0..most).map(|it| it * rows / most).collect() }
}

/// The codes of one input in both parts, as the classifier's features want them. The bins of numbers are ranks in the reference.
fn picked(baseline: &Baseline, place: usize, parts: [(&Kept, &[usize]); 2]) -> Picked {
    let codes = parts.into_iter().flat_map(|(part, rows)| {
        rows.iter().map(move |row| part.codes.get(row * part.width + place).copied().unwrap_or(0))
    });
    match baseline.shape {
        Shape::Numbers { .. } => {
            Picked::Numbers(codes.map(|it| if it == 0 { f64::NAN } else { f64::from(it) }).collect())
        }
        Shape::Categories { .. } => Picked::Categories {
            names: Vec::new(),
            codes: codes.map(|it| if it == 0 { MISSING } else { u32::from(it) - 1 }).collect(),
        },
    }
}

/// Whether a classifier can tell a window's rows from those of the reference. `left_out` names inputs that it must not use, each with
/// the reason. `None` where less than two inputs are left: then the columns say all there is.
pub(super) fn together(
    baselines: &[Baseline],
    reference: &Kept,
    window: &Kept,
    mut left_out: Vec<(String, String)>,
    cancel: &dyn Fn() -> bool,
) -> Option<JointDrift> {
    let (a, b) = (spread(reference.len(), MOST_ROWS), spread(window.len(), MOST_ROWS));
    let mut rows = Rows {
        is_current: a.iter().map(|_| false).chain(b.iter().map(|_| true)).collect(),
        hashes: vec![0; a.len() + b.len()],
        picked: (0..a.len() + b.len()).collect(),
        in_short: true,
        ..Rows::default()
    };
    for (place, baseline) in baselines.iter().enumerate().filter(|it| it.1.role == "input") {
        if left_out.iter().any(|it| it.0 == baseline.name) {
            continue;
        }
        if let Some(why) = &baseline.left_out {
            left_out.push((baseline.name.clone(), why.clone()));
            continue;
        }
        let values = picked(baseline, place, [(reference, &a), (window, &b)]);
        let hashes = values.hashes();
        rows.note_distinct(&hashes);
        rows.hashes.iter_mut().zip(&hashes).for_each(|(all, own)| *all = mix(*all ^ *own));
        rows.features.extend(feature(&baseline.name, &values));
    }
    if rows.features.len() < 2 {
        return None;
    }
    let n = rows.counts();
    match classify(&rows, left_out.clone(), &DriftOptions::default(), cancel, &mut |_| ()) {
        Ok((found, _)) => Some(found),
        Err(error) => Some(cannot_tell(left_out, n, error.to_string())),
    }
}
