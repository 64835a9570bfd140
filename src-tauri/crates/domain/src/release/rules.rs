//! Who may do what, and when. The same rules hold for a person about to act and for a reader of what others signed.

use std::collections::BTreeSet;

use super::state::{CandidateRecord, Member, RegistryState};
use super::trust::short;
use super::{BundleManifest, CandidateState, ModelName, ReleaseBlocked, is_alias};
use crate::gate::GateOutcome;
use crate::id::{CandidateId, PersonId};
use crate::person::Role;
use crate::{Digest, Timestamp};

/// Who acts, and with which key.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The person.
    pub person: PersonId,
    /// The key.
    pub key_id: &'a str,
    /// When, by the clock of whoever acts.
    pub at: Timestamp,
}

pub(super) fn name_of(state: &RegistryState, actor: Actor<'_>) -> String {
    state.people.get(&actor.person).map_or_else(|| actor.person.to_string(), |it| it.card.name.clone())
}

pub(super) fn known(state: &RegistryState, candidate: CandidateId) -> Result<&CandidateRecord, ReleaseBlocked> {
    state.candidates.get(&candidate).ok_or_else(|| ReleaseBlocked::NoCandidate { candidate: candidate.to_string() })
}

/// The candidate that somebody speaks about. A key that had ended when it was submitted says nothing about it, however its holder sets the
/// clock.
fn spoken_of<'s>(
    state: &'s RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
) -> Result<&'s CandidateRecord, ReleaseBlocked> {
    let record = known(state, candidate)?;
    ensure_lasts(state, actor, record.at)?;
    Ok(record)
}

/// The person who acts, if the registry knows them under this key.
fn member<'s>(state: &'s RegistryState, actor: Actor<'_>) -> Result<&'s Member, ReleaseBlocked> {
    state
        .people
        .get(&actor.person)
        .filter(|member| member.keys.contains(actor.key_id))
        .ok_or_else(|| ReleaseBlocked::Unknown { name: name_of(state, actor) })
}

/// Refuses a revoked or expired key before anything is written with it, and an expired trust list.
pub fn ensure_active(state: &RegistryState, actor: Actor<'_>) -> Result<(), ReleaseBlocked> {
    ensure_key(state, actor)?;
    match state.trust.as_ref().and_then(|list| Some((list.version, list.expires.filter(|end| actor.at > *end)?))) {
        Some((version, end)) => Err(ReleaseBlocked::TrustExpired { version, on: end.to_string() }),
        None => Ok(()),
    }
}

fn ensure_key(state: &RegistryState, actor: Actor<'_>) -> Result<(), ReleaseBlocked> {
    let name = member(state, actor)?.card.name.clone();
    if state.revoked.contains_key(actor.key_id) {
        return Err(ReleaseBlocked::KeyRevoked { key: short(actor.key_id), name });
    }
    ensure_lasts(state, actor, actor.at)
}

/// Refuses a key that had ended at a time.
fn ensure_lasts(state: &RegistryState, actor: Actor<'_>, at: Timestamp) -> Result<(), ReleaseBlocked> {
    let key = state.trust.as_ref().and_then(|list| list.holder(actor.key_id)).map(|(.., key)| key);
    match key.and_then(|key| key.expires).filter(|end| at > *end) {
        Some(end) => Err(ReleaseBlocked::KeyExpired {
            key: short(actor.key_id),
            name: name_of(state, actor),
            on: end.to_string(),
        }),
        None => Ok(()),
    }
}

/// Owners change the trust list, also after it expired: nothing else could end that.
pub fn may_change_trust(state: &RegistryState, actor: Actor<'_>, reason: &str) -> Result<(), ReleaseBlocked> {
    ensure_key(state, actor)?;
    with_role(state, actor, Role::Owner)?;
    reasoned(reason)
}

/// An owner alone can stop the registry, and let it go on.
pub fn may_freeze(state: &RegistryState, actor: Actor<'_>, reason: &str) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner)?;
    reasoned(reason)
}

/// An owner alone takes away what nobody needs.
pub fn may_prune(state: &RegistryState, actor: Actor<'_>) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner).map(drop)
}

fn not_frozen(state: &RegistryState) -> Result<(), ReleaseBlocked> {
    match &state.frozen {
        Some(freeze) => Err(ReleaseBlocked::Frozen { reason: freeze.reason.clone() }),
        None => Ok(()),
    }
}

fn with_role<'s>(state: &'s RegistryState, actor: Actor<'_>, role: Role) -> Result<&'s Member, ReleaseBlocked> {
    let member = member(state, actor)?;
    if member.roles.contains(&role) {
        return Ok(member);
    }
    Err(ReleaseBlocked::RoleMissing { name: member.card.name.clone(), role: role.as_str() })
}

fn reasoned(reason: &str) -> Result<(), ReleaseBlocked> {
    if reason.trim().is_empty() { Err(ReleaseBlocked::ReasonMissing) } else { Ok(()) }
}

/// Submitters submit.
pub fn may_submit<'s>(state: &'s RegistryState, actor: Actor<'_>) -> Result<&'s Member, ReleaseBlocked> {
    with_role(state, actor, Role::Submitter)
}

/// An approver or governance reviewer decides on what somebody else submitted, on exactly these bytes.
fn may_decide<'s>(
    state: &'s RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<&'s CandidateRecord, ReleaseBlocked> {
    let member = member(state, actor)?;
    if !member.roles.contains(&Role::Approver) && !member.roles.contains(&Role::GovernanceReviewer) {
        return Err(ReleaseBlocked::RoleMissing { name: member.card.name.clone(), role: Role::Approver.as_str() });
    }
    let record = spoken_of(state, actor, candidate)?;
    if record.submitter == actor.person || record.submitter_key == actor.key_id {
        return Err(ReleaseBlocked::AuthorDecides { name: member.card.name.clone() });
    }
    if record.bundle != *bundle {
        return Err(ReleaseBlocked::OtherBytes { approved: bundle.short(), now: record.bundle.short() });
    }
    Ok(record)
}

/// Whether this person may approve this candidate now.
pub fn may_approve(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<(), ReleaseBlocked> {
    let record = may_decide(state, actor, candidate, bundle)?;
    undecided(record, "approved")?;
    if record.decisions.iter().any(|decision| decision.person == actor.person) {
        return Err(ReleaseBlocked::AlreadyDecided { name: name_of(state, actor) });
    }
    gates_pass(state, record, actor.at)
}

/// Whether this person may reject this candidate now. Who approved may still change their mind this way.
pub fn may_reject(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
    reason: &str,
) -> Result<(), ReleaseBlocked> {
    let record = may_decide(state, actor, candidate, bundle)?;
    reasoned(reason)?;
    undecided(record, "rejected")
}

fn undecided(record: &CandidateRecord, step: &'static str) -> Result<(), ReleaseBlocked> {
    let state = match record.state {
        CandidateState::Waiting | CandidateState::Approved => return Ok(()),
        CandidateState::Rejected => "rejected",
        CandidateState::Published => "published",
    };
    Err(ReleaseBlocked::WrongState { state, step })
}

/// Everything that was found on a candidate: by its author, and by others who held it against gates again.
fn outcomes<'r>(record: &'r CandidateRecord, manifest: &'r BundleManifest) -> impl Iterator<Item = &'r GateOutcome> {
    manifest.gates.iter().chain(record.rejudged.iter().flat_map(|it| &it.gates))
}

/// A gate that stands in the way of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub gate: String,
    /// Why.
    pub why: String,
}

/// Every gate that stands in the way at a time: required ones that fail or cannot tell and that nobody let go until then, and those of the
/// registry that the candidate was not held against.
pub fn standing(
    state: &RegistryState,
    record: &CandidateRecord,
    at: Timestamp,
) -> Result<Vec<Standing>, ReleaseBlocked> {
    let manifest =
        record.manifest.as_ref().ok_or_else(|| ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() })?;
    let mut standing: Vec<Standing> = Vec::new();
    let mut add = |gate: &str, why: &str| {
        if !record.is_waived(gate, at) && !standing.iter().any(|it| it.gate == gate) {
            standing.push(Standing { gate: gate.to_owned(), why: why.to_owned() });
        }
    };
    for gate in &state.policy.gates {
        // Compared as a whole: a gate of the same name with a weaker limit is not the registry's.
        if !outcomes(record, manifest).any(|outcome| outcome.definition.as_ref() == Some(gate)) {
            add(&gate.name, "the registry asks for it, and the candidate was not held against it");
        }
    }
    for gate in outcomes(record, manifest).filter(|gate| gate.blocks()) {
        add(&gate.gate, &gate.why);
    }
    Ok(standing)
}

/// No gate stands in the way.
pub fn gates_pass(state: &RegistryState, record: &CandidateRecord, at: Timestamp) -> Result<(), ReleaseBlocked> {
    match standing(state, record, at)?.into_iter().next() {
        Some(Standing { gate, why }) => Err(ReleaseBlocked::Gate { gate, why }),
        None => Ok(()),
    }
}

/// Enough people other than the submitter approved, and a governance reviewer where the policy asks for one.
///
/// Counts people, not approvals: whoever holds two keys counts once.
pub fn ensure_approved(state: &RegistryState, record: &CandidateRecord, at: Timestamp) -> Result<(), ReleaseBlocked> {
    let manifest =
        record.manifest.as_ref().ok_or_else(|| ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() })?;
    gates_pass(state, record, at)?;
    let approvers: BTreeSet<PersonId> = record
        .decisions
        .iter()
        .filter(|it| it.approved && it.person != record.submitter && it.key_id != record.submitter_key)
        .map(|it| it.person)
        .collect();
    let required = required_approvals(state, manifest);
    if approvers.len() < required {
        return Err(ReleaseBlocked::ApprovalsMissing { given: approvers.len(), required });
    }
    if needs_governance(state, record, manifest) && record.governance_approvals.is_empty() {
        return Err(ReleaseBlocked::GovernanceMissing);
    }
    Ok(())
}

/// How many people other than the submitter must approve this candidate.
pub fn required_approvals(state: &RegistryState, manifest: &BundleManifest) -> usize {
    state.policy.requirement(manifest).approvals.max(1) as usize
}

/// Whether a governance reviewer must have approved: the policy demands it for this candidate, or sensitive labels reach
/// the model and there is somebody who could answer for them.
pub fn needs_governance(state: &RegistryState, record: &CandidateRecord, manifest: &BundleManifest) -> bool {
    let reviewer = |it: &&Member| it.roles.contains(&Role::GovernanceReviewer) && it.card.id != record.submitter;
    state.policy.requirement(manifest).governance
        || (state.policy.is_sensitive(manifest) && state.people.values().any(|member| reviewer(&member)))
}

/// A waiver that names no end ends so many days after it is signed.
pub const WAIVER_DAYS: i64 = 90;
/// No waiver is signed that ends later than so many days after.
pub const LONGEST_WAIVER_DAYS: i64 = 366;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// When a waiver ends that is signed at `at` and names no end.
pub const fn waiver_end(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.ms() + WAIVER_DAYS * DAY_MS)
}

/// Whether this person may let a gate go for this candidate: it does not pass, somebody may waive it, this person is one
/// of those, and not the author. `expires` is the end of a waiver that is about to be signed; readers take one that was signed with any
/// end, because one that has ended lets nothing go by itself.
pub fn may_waive(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
    gate: &str,
    reason: &str,
    expires: Option<Timestamp>,
) -> Result<(), ReleaseBlocked> {
    let member = member(state, actor)?;
    let record = of_these_bytes(state, actor, candidate, bundle)?;
    reasoned(reason)?;
    undecided(record, "waived")?;
    let name = member.card.name.clone();
    if let Some(end) = expires.filter(|end| *end <= actor.at) {
        let why = format!("its end, {end}, has passed");
        return Err(ReleaseBlocked::NotWaivable { gate: gate.to_owned(), name, why });
    }
    if let Some(end) = expires.filter(|end| end.ms() - actor.at.ms() > LONGEST_WAIVER_DAYS * DAY_MS) {
        let why =
            format!("until {end} is longer than the {LONGEST_WAIVER_DAYS} days for which a gate is let go at most");
        return Err(ReleaseBlocked::NotWaivable { gate: gate.to_owned(), name, why });
    }
    if record.submitter == actor.person || record.submitter_key == actor.key_id {
        return Err(ReleaseBlocked::AuthorDecides { name });
    }
    let manifest =
        record.manifest.as_ref().ok_or_else(|| ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() })?;
    let refused = |why: String| ReleaseBlocked::NotWaivable { gate: gate.to_owned(), name: name.clone(), why };
    // For the registry's own gates the registry says who may, whatever the candidate says.
    let own = state.policy.gates.iter().find(|it| it.name == gate).map(|it| &it.waivable_by);
    let said = outcomes(record, manifest).filter(|it| it.gate == gate && it.blocks()).map(|it| &it.waivable_by);
    let allowed: Vec<&BTreeSet<Role>> = own.map_or_else(|| said.collect(), |roles| vec![roles]);
    if allowed.is_empty() {
        return Err(refused("it does not stand in the way".to_owned()));
    }
    // Several found it failing: whoever waives it must be allowed to by each of them.
    for roles in allowed {
        if roles.is_disjoint(&member.roles) {
            let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            return Err(refused(if words.is_empty() {
                "nobody may".to_owned()
            } else {
                format!("only the roles {} may", words.join(", "))
            }));
        }
    }
    Ok(())
}

/// Whether this person may hold this candidate against gates again. Members other than those without any role may.
pub fn may_judge(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<(), ReleaseBlocked> {
    let member = member(state, actor)?;
    if member.roles.is_empty() {
        return Err(ReleaseBlocked::RoleMissing { name: member.card.name.clone(), role: Role::Approver.as_str() });
    }
    undecided(of_these_bytes(state, actor, candidate, bundle)?, "judged")
}

/// Whether this person may ask or answer.
pub fn may_ask(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
    text: &str,
) -> Result<(), ReleaseBlocked> {
    let member = member(state, actor)?;
    if member.roles.is_empty() {
        return Err(ReleaseBlocked::RoleMissing { name: member.card.name.clone(), role: Role::Approver.as_str() });
    }
    reasoned(text)?;
    of_these_bytes(state, actor, candidate, bundle).map(|_| ())
}

fn of_these_bytes<'s>(
    state: &'s RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<&'s CandidateRecord, ReleaseBlocked> {
    let record = spoken_of(state, actor, candidate)?;
    if record.bundle != *bundle {
        return Err(ReleaseBlocked::OtherBytes { approved: bundle.short(), now: record.bundle.short() });
    }
    Ok(record)
}

/// Publishers publish what was approved and passes its gates.
pub fn may_publish(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    not_frozen(state)?;
    let record = of_these_bytes(state, actor, candidate, bundle)?;
    undecided(record, "published")?;
    ensure_approved(state, record, actor.at)
}

/// Publishers point aliases to versions that exist and are not withdrawn.
pub fn may_promote(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    alias: &str,
    version: u64,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    not_frozen(state)?;
    if !is_alias(alias) {
        return Err(ReleaseBlocked::BadAlias(alias.to_owned()));
    }
    usable(state, model, version)
}

/// Publishers call off what waits for its time, also while the registry stands still.
pub fn may_call_off(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    alias: &str,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    let record = state.aliases.get(model).and_then(|all| all.get(alias));
    match record.and_then(|record| record.planned()) {
        Some(plan) if plan.from > actor.at => Ok(()),
        _ => Err(ReleaseBlocked::NothingPlanned { model: model.to_string(), alias: alias.to_owned() }),
    }
}

/// Publishers point an alias back, also while the registry stands still: going back is how harm is stopped.
pub fn may_roll_back(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    alias: &str,
    version: u64,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    let record = state.aliases.get(model).and_then(|all| all.get(alias));
    let pointed = record.is_some_and(|it| it.history.iter().any(|change| change.version == Some(version)));
    if !pointed {
        return Err(ReleaseBlocked::Version {
            model: model.to_string(),
            version,
            state: "was never what this alias pointed to",
        });
    }
    usable(state, model, version)
}

/// Publishers take aliases away.
pub fn may_remove_alias(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    alias: &str,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    if state.aliased(model, alias).is_some() { Ok(()) } else { Err(ReleaseBlocked::NoAlias(alias.to_owned())) }
}

fn usable(state: &RegistryState, model: &ModelName, version: u64) -> Result<(), ReleaseBlocked> {
    let blocked = |state| ReleaseBlocked::Version { model: model.to_string(), version, state };
    match state.version(model, version) {
        None => Err(blocked("does not exist")),
        Some(record) if record.withdrawn.is_some() => Err(blocked("is withdrawn")),
        Some(_) => Ok(()),
    }
}

/// Publishers withdraw versions, with a reason. What is named as the replacement must be usable itself.
pub fn may_withdraw(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    version: u64,
    replacement: Option<u64>,
    reason: &str,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    reasoned(reason)?;
    usable(state, model, version)?;
    match replacement {
        Some(other) if other == version => {
            Err(ReleaseBlocked::Version { model: model.to_string(), version, state: "cannot replace itself" })
        }
        Some(other) => usable(state, model, other),
        None => Ok(()),
    }
}

/// Owners destroy the bytes of what was withdrawn, with a reason.
pub fn may_destroy(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    version: u64,
    reason: &str,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner)?;
    reasoned(reason)?;
    let blocked = |state| ReleaseBlocked::Version { model: model.to_string(), version, state };
    match state.version(model, version) {
        None => Err(blocked("does not exist")),
        Some(record) if record.withdrawn.is_none() => Err(blocked("is not withdrawn")),
        Some(record) if record.destroyed.is_some() => Err(blocked("is destroyed already")),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
