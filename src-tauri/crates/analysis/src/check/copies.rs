//! Old data delivered again.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::reference::Reference;
use super::rows::{row_hashes, variety};
use super::view::{HashesMap, HashesSet, View, ViewColumn};
use crate::profile::named_like_an_id;

/// Rows in a row that must repeat before it is more than chance.
const RUN: usize = 20;

/// Columns that a program renews when it delivers the same again: times, and what names rows.
fn renewed(column: &ViewColumn) -> bool {
    column.times().is_some() || named_like_an_id(&column.name)
}

/// All checks of copies.
pub fn check(view: &View, reference: Option<&Reference<'_>>, findings: &mut Vec<Finding>) {
    if let Some(reference) = reference {
        if !whole(view, reference, findings) {
            under_new_times(view, reference, findings);
        }
    } else {
        repeated_stretch(view, findings);
    }
}

const ADVICE: &str =
    "Find out why nothing new was delivered. A model retrained on it learns nothing new and counts old cases twice.";

/// Every row of the reference again, in the same order.
fn whole(view: &View, reference: &Reference<'_>, findings: &mut Vec<Finding>) -> bool {
    let shared: Vec<&ViewColumn> = view.columns.iter().filter(|c| reference.view.column(&c.name).is_some()).collect();
    let same_shape = view.total_rows == reference.view.total_rows && shared.len() == view.columns.len();
    if !same_shape || view.rows < RUN || variety(view.columns.iter()) < 2.0 * (view.rows.max(2) as f64).ln() {
        return false;
    }
    let then = shared.iter().filter_map(|c| reference.view.column(&c.name));
    let (a, b) = (row_hashes(shared.iter().copied(), view.rows), row_hashes(then, reference.view.rows));
    if a != b {
        return false;
    }
    let message =
        format!("All {} rows are those of the reference: the old table was delivered again.", grouped(view.total_rows));
    findings
        .push(finding(FindingKind::StaleCopy, &[], Severity::Error, 0.97, message, ADVICE).rows(view, 0..view.rows));
    true
}

/// Rows of the reference in its order, under other times or keys.
fn under_new_times(view: &View, reference: &Reference<'_>, findings: &mut Vec<Finding>) {
    let kept: Vec<&ViewColumn> =
        view.columns.iter().filter(|c| !renewed(c) && reference.view.column(&c.name).is_some()).collect();
    if kept.len() == view.columns.len() || kept.is_empty() || view.rows < RUN {
        return;
    }
    // Rows that could be alike by chance prove nothing.
    if variety(kept.iter().copied()) < 2.0 * (view.rows.max(2) as f64).ln() + 2.0 {
        return;
    }
    let then: Vec<&ViewColumn> = kept.iter().filter_map(|c| reference.view.column(&c.name)).collect();
    let (a, b) = (row_hashes(kept.iter().copied(), view.rows), row_hashes(then.into_iter(), reference.view.rows));
    let known: HashesSet = b.iter().copied().collect();
    let rows: Vec<usize> = a.iter().enumerate().filter(|(_, hash)| known.contains(hash)).map(|(row, _)| row).collect();
    let share = rows.len() as f64 / view.rows as f64;
    if share < 0.5 || rows.len() < RUN {
        return;
    }
    // The reference with a new part at its end is how tables grow; then the old rows keep their times.
    let times: Vec<&ViewColumn> = view.columns.iter().filter(|c| renewed(c)).collect();
    let whole_then =
        row_hashes(view.columns.iter().filter_map(|c| reference.view.column(&c.name)), reference.view.rows);
    let known_whole: HashesSet = whole_then.into_iter().collect();
    let whole_now = row_hashes(view.columns.iter().filter(|c| reference.view.column(&c.name).is_some()), view.rows);
    let same: usize = rows.iter().filter(|row| whole_now.get(**row).is_some_and(|h| known_whole.contains(h))).count();
    if same * 2 > rows.len() {
        return;
    }
    let names: Vec<&str> = times.iter().map(|c| c.name.as_str()).collect();
    let message = format!(
        "{} of the rows are rows of the reference under another `{}`: old values were delivered as new ones.",
        percent(share),
        names.join("`, `")
    );
    findings.push(
        finding(FindingKind::StaleCopy, &names, Severity::Error, 0.92, message, ADVICE).rows(view, rows).measure(
            "share of rows of the reference",
            share,
            Some(0.5),
        ),
    );
}

/// A stretch of rows that repeats an earlier one, all but for times and keys.
fn repeated_stretch(view: &View, findings: &mut Vec<Finding>) {
    let kept: Vec<&ViewColumn> = view.columns.iter().filter(|c| !renewed(c)).collect();
    if !view.columns.iter().any(|c| c.times().is_some())
        || view.rows < 3 * RUN
        || variety(kept.iter().copied()) < 2.0 * (view.rows.max(2) as f64).ln() + 2.0
    {
        return;
    }
    let hashes = row_hashes(kept.into_iter(), view.rows);
    let complete = row_hashes(view.columns.iter(), view.rows);
    let mut first: HashesMap<usize> = HashesMap::default();
    let (mut best, mut run, mut lag_before) = ((0usize, 0usize), 0usize, usize::MAX);
    for (row, hash) in hashes.iter().enumerate() {
        let lag = match first.get(hash) {
            Some(earlier) if complete.get(*earlier) != complete.get(row) => row - earlier,
            _ => usize::MAX,
        };
        first.entry(*hash).or_insert(row);
        run = if lag != usize::MAX && lag == lag_before { run + 1 } else { usize::from(lag != usize::MAX) };
        lag_before = lag;
        if run > best.0 {
            best = (run, row + 1);
        }
    }
    let (run, end) = best;
    if run < RUN {
        return;
    }
    let message = format!(
        "{} rows in a row repeat an earlier stretch in everything but their times: old values were delivered as new ones.",
        grouped(run)
    );
    findings.push(
        finding(FindingKind::StaleCopy, &[], Severity::Error, 0.92, message, ADVICE)
            .rows(view, end - run..end)
            .measure("rows repeated", run as f64, Some(RUN as f64)),
    );
}
