//! What waits for something that has not arrived, and how long.
//!
//! In a synchronised folder statements arrive in any order, so one that rests on what is not there may be early. It may as well rest on
//! what never was: whoever is admitted can sign that, and nobody can take it back. So waiting has an end, and what waits keeps nobody from
//! a copy. What arrives later still counts: the end decides what is said, not what holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use proofmark_domain::Timestamp;
use proofmark_domain::id::StatementId;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{CandidateState, Placed, Refused, RegistryState, ReleaseBlocked};

use super::log::{Finding, VOID, time_of};
use crate::layout;

/// So many days after a statement was made, what it rests on is taken for what never was.
const PATIENCE_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The code of a statement about a candidate, or a manifest, that has not arrived.
pub(super) const WAITS: &str = "statement_waits";
/// The same once it has waited for long enough.
const UNFOUNDED: &str = "statement_unfounded";

/// Says of each finding whether it still waits at `now`.
pub(super) fn settle(
    findings: &mut Vec<Finding>,
    statements: &BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>,
    refused: &[Refused],
    state: &RegistryState,
    now: Timestamp,
) {
    if findings.is_empty() {
        return;
    }
    let by_path: HashMap<&str, &Placed> = statements.values().map(|(path, it)| (path.as_ref(), it.as_ref())).collect();
    let revoked: BTreeSet<StatementId> = refused
        .iter()
        .filter(|it| matches!(it.why, ReleaseBlocked::KeyRevoked { .. }))
        .map(|it| it.statement)
        .collect();
    // A candidate that was rejected needs its manifest no more.
    findings.retain(|it| it.problem.code != "manifest_missing" || is_awaited(state, &it.problem.path));
    for finding in findings {
        let Some(placed) = by_path.get(finding.problem.path.as_str()) else { continue };
        match finding.problem.code.as_str() {
            WAITS => {
                finding.void = true;
                if is_overdue(placed, now) {
                    finding.verdict = RegistryVerdict::Untrusted;
                    finding.problem.code = UNFOUNDED.to_owned();
                    finding.problem.message.push_str(&format!("; it has not come in {PATIENCE_DAYS} days"));
                    finding.problem.mend = VOID.to_owned();
                }
            }
            // Whose key counts for nothing leads nobody by the nose with a predecessor that never was.
            "statement_missing" | "chain_broken"
                if state.holder(&placed.statement.key_id).is_none() || revoked.contains(&placed.statement.id) =>
            {
                finding.void = true;
                finding.verdict = RegistryVerdict::Untrusted;
                finding.problem.mend = VOID.to_owned();
            }
            _ => {}
        }
    }
}

/// Whether a candidate that can still be decided on, or was published, needs the manifest at this path.
fn is_awaited(state: &RegistryState, path: &str) -> bool {
    state.candidates.values().any(|it| it.state != CandidateState::Rejected && layout::object(&it.bundle) == path)
}

/// Whether a statement was made so long ago, or is dated so far ahead, that nothing it rests on is still under way.
fn is_overdue(placed: &Placed, now: Timestamp) -> bool {
    let made = placed.statement.at.ms().min(time_of(&placed.statement.id));
    now.ms().abs_diff(made) > (PATIENCE_DAYS * DAY_MS).unsigned_abs()
}
