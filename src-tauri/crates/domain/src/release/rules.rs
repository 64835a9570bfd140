//! Who may do what, and when. The same rules hold for a person about to act and for a reader of what others signed.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{AliasChange, CandidateRecord, Member, Placed, Refused, RegistryState, VersionRecord, Withdrawal};
use super::{BundleManifest, CandidateState, Decision, ModelName, ReleaseBlocked, Statement, StatementBody, is_alias};
use crate::Digest;
use crate::id::{CandidateId, PersonId, RegistryId};
use crate::person::{PersonCard, Role};

/// Who acts, and with which key.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The person.
    pub person: PersonId,
    /// The key.
    pub key_id: &'a str,
}

/// Adds up statements in the order of their ids. What a rule forbids is left out and listed.
///
/// `manifests` are the manifests by digest, as far as they have arrived. `claims` say which statement holds each
/// version number: of two that name the same number, the one that was claimed counts, and the other is passed over
/// without a complaint, because losing that race is nobody's fault.
///
/// Signatures are checked before this: every statement here was signed by the key that it names.
pub fn fold(
    id: RegistryId,
    mut statements: Vec<Placed>,
    manifests: &BTreeMap<Digest, BundleManifest>,
    claims: &BTreeMap<(ModelName, u64), Digest>,
) -> (RegistryState, Vec<Refused>) {
    statements.sort_by_key(|it| (it.statement.id, it.digest));
    let cut = cut_off(&statements);
    let pass = |revoked: &BTreeMap<String, Option<Digest>>| {
        let mut state = RegistryState::empty(id);
        let mut refused = Vec::new();
        let mut seen = BTreeSet::new();
        for placed in &statements {
            let why = if !seen.insert(placed.statement.id) {
                Some(ReleaseBlocked::OutOfPlace("another statement bears the same id".to_owned()))
            } else {
                accept(&mut state, placed, revoked, &cut, manifests, claims).err()
            };
            if let Some(why) = why {
                refused.push(Refused { statement: placed.statement.id, model: placed.model.clone(), why });
            }
        }
        (state, refused)
    };
    let first = pass(&BTreeMap::new());
    if first.0.revoked.is_empty() {
        return first;
    }
    // A thief chooses the time of what they sign. So a revocation holds for every statement of its key, also for those
    // that come before it in the order of ids.
    pass(&first.0.revoked)
}

/// For each key that anybody ever asked to revoke: digests of the statements up to and including each possible last one.
///
/// A key's statements form a chain by `previous`; what counts after a revocation is what the last one rests on.
fn cut_off(statements: &[Placed]) -> BTreeMap<Digest, BTreeSet<Digest>> {
    let by_digest: BTreeMap<Digest, &Placed> = statements.iter().map(|it| (it.digest, it)).collect();
    let mut cut = BTreeMap::new();
    for placed in statements {
        let StatementBody::KeyRevoked { last: Some(last), .. } = &placed.statement.body else { continue };
        let mut kept = BTreeSet::new();
        let mut next = Some(*last);
        while let Some(digest) = next {
            if !kept.insert(digest) {
                break;
            }
            next = by_digest.get(&digest).and_then(|it| it.statement.previous);
        }
        cut.insert(*last, kept);
    }
    cut
}

fn accept(
    state: &mut RegistryState,
    placed: &Placed,
    revoked: &BTreeMap<String, Option<Digest>>,
    cut: &BTreeMap<Digest, BTreeSet<Digest>>,
    manifests: &BTreeMap<Digest, BundleManifest>,
    claims: &BTreeMap<(ModelName, u64), Digest>,
) -> Result<(), ReleaseBlocked> {
    let statement = &placed.statement;
    if statement.registry != state.id {
        return Err(ReleaseBlocked::OutOfPlace(format!("it was signed for another registry, {}", statement.registry)));
    }
    in_its_place(state, placed)?;
    let actor = Actor { person: statement.author, key_id: &statement.key_id };
    if let StatementBody::RegistryCreated { name, owner, policy } = &statement.body {
        if state.root_key.is_some() {
            return Err(ReleaseBlocked::OutOfPlace("the registry had already begun".to_owned()));
        }
        if owner.id != statement.author || owner.key_id != statement.key_id {
            return Err(ReleaseBlocked::OutOfPlace("the first owner did not sign the beginning".to_owned()));
        }
        state.root_key = Some(owner.key_id.clone());
        state.name.clone_from(name);
        state.policy = policy.clone();
        admit(state, owner, &[Role::Owner].into(), statement);
        return Ok(());
    }
    if let Some(last) = revoked.get(&statement.key_id).or_else(|| state.revoked.get(&statement.key_id)) {
        let counts = last.and_then(|last| cut.get(&last)).is_some_and(|kept| kept.contains(&placed.digest));
        if !counts {
            let name = name_of(state, actor);
            return Err(ReleaseBlocked::KeyRevoked { key: short(&statement.key_id), name });
        }
    }
    member(state, actor)?;
    match &statement.body {
        StatementBody::RegistryCreated { .. } => {}
        StatementBody::PolicySet { policy, reason } => {
            may_set_policy(state, actor, reason)?;
            state.policy = policy.clone();
        }
        StatementBody::PersonAdmitted { person, roles } => {
            may_admit(state, actor, person, roles)?;
            admit(state, person, roles, statement);
        }
        StatementBody::KeyRevoked { key_id, last, reason } => {
            may_revoke(state, actor, key_id, reason)?;
            state.revoked.insert(key_id.clone(), *last);
        }
        StatementBody::Submitted { candidate, bundle, model, note } => {
            let name = may_submit(state, actor)?.card.name.clone();
            if state.candidates.contains_key(candidate) {
                return Err(ReleaseBlocked::OutOfPlace(format!("{candidate} was submitted before")));
            }
            let record = CandidateRecord {
                id: *candidate,
                model: model.clone(),
                bundle: *bundle,
                note: note.clone(),
                submitter: statement.author,
                submitter_name: name,
                submitter_key: statement.key_id.clone(),
                at: statement.at,
                manifest: manifests.get(bundle).filter(|manifest| manifest.model == *model).cloned(),
                decisions: Vec::new(),
                governance_approvals: BTreeSet::new(),
                state: CandidateState::Waiting,
                version: None,
                statements: vec![statement.id],
            };
            state.candidates.insert(*candidate, record);
        }
        StatementBody::Approved { candidate, bundle, reason } => {
            may_approve(state, actor, *candidate, bundle)?;
            decide(state, statement, *candidate, true, reason);
        }
        StatementBody::Rejected { candidate, bundle, reason } => {
            may_reject(state, actor, *candidate, bundle, reason)?;
            decide(state, statement, *candidate, false, reason);
        }
        StatementBody::Published { candidate, bundle, model, version } => {
            match claims.get(&(model.clone(), *version)) {
                Some(claimed) if *claimed == placed.digest => {}
                // Not claimed yet, or another statement was faster: it says nothing either way.
                _ => return Ok(()),
            }
            may_publish(state, actor, *candidate, bundle)?;
            publish(state, statement, *candidate, *bundle, model, *version);
        }
        StatementBody::AliasSet { model, alias, version, reason } => {
            may_set_alias(state, actor, model, alias, *version)?;
            let change =
                AliasChange { version: *version, person: statement.author, reason: reason.clone(), at: statement.at };
            let record = state.aliases.entry(model.clone()).or_default().entry(alias.clone()).or_default();
            record.version = *version;
            record.history.push(change);
        }
        StatementBody::Withdrawn { model, version, reason } => {
            may_withdraw(state, actor, model, *version, reason)?;
            if let Some(record) = state.versions.get_mut(model).and_then(|versions| versions.get_mut(version)) {
                let (person, at) = (statement.author, statement.at);
                record.withdrawn = Some(Withdrawal { person, reason: reason.clone(), at });
            }
        }
    }
    Ok(())
}

/// Statements about a model lie in that model's folder, the others in the registry's: a copy elsewhere is a replay.
fn in_its_place(state: &RegistryState, placed: &Placed) -> Result<(), ReleaseBlocked> {
    let belongs = match &placed.statement.body {
        StatementBody::RegistryCreated { .. }
        | StatementBody::PolicySet { .. }
        | StatementBody::PersonAdmitted { .. }
        | StatementBody::KeyRevoked { .. } => None,
        StatementBody::Submitted { model, .. }
        | StatementBody::Published { model, .. }
        | StatementBody::AliasSet { model, .. }
        | StatementBody::Withdrawn { model, .. } => Some(model),
        StatementBody::Approved { candidate, .. } | StatementBody::Rejected { candidate, .. } => {
            Some(&known(state, *candidate)?.model)
        }
    };
    if placed.model.as_ref() == belongs {
        return Ok(());
    }
    let place = belongs.map_or("the registry itself".to_owned(), |model| format!("the model {model}"));
    Err(ReleaseBlocked::OutOfPlace(format!("it is about {place}, and lies elsewhere")))
}

fn admit(state: &mut RegistryState, card: &PersonCard, roles: &BTreeSet<Role>, statement: &Statement) {
    let member = state.people.entry(card.id).or_insert_with(|| Member {
        card: card.clone(),
        keys: BTreeSet::new(),
        roles: BTreeSet::new(),
        since: statement.at,
    });
    member.card = card.clone();
    member.keys.insert(card.key_id.clone());
    member.roles.clone_from(roles);
}

fn decide(state: &mut RegistryState, statement: &Statement, candidate: CandidateId, approved: bool, reason: &str) {
    let Some(author) = state.people.get(&statement.author) else { return };
    let (name, governs) = (author.card.name.clone(), author.roles.contains(&Role::GovernanceReviewer));
    if let Some(record) = state.candidates.get_mut(&candidate) {
        record.statements.push(statement.id);
        record.decisions.push(Decision {
            person: statement.author,
            name,
            key_id: statement.key_id.clone(),
            approved,
            reason: reason.to_owned(),
            at: statement.at,
        });
        if !approved {
            record.state = CandidateState::Rejected;
        } else if governs {
            record.governance_approvals.insert(statement.author);
        }
    }
    let enough = state
        .candidates
        .get(&candidate)
        .is_some_and(|record| record.state == CandidateState::Waiting && ensure_approved(state, record).is_ok());
    if let Some(record) = state.candidates.get_mut(&candidate).filter(|_| enough) {
        record.state = CandidateState::Approved;
    }
}

fn publish(
    state: &mut RegistryState,
    statement: &Statement,
    candidate: CandidateId,
    bundle: Digest,
    model: &ModelName,
    version: u64,
) {
    if let Some(record) = state.candidates.get_mut(&candidate) {
        record.state = CandidateState::Published;
        record.version = Some(version);
        record.statements.push(statement.id);
    }
    let record = VersionRecord {
        model: model.clone(),
        version,
        candidate,
        bundle,
        publisher: statement.author,
        publisher_key: statement.key_id.clone(),
        at: statement.at,
        statement: statement.id,
        withdrawn: None,
    };
    state.versions.entry(model.clone()).or_default().insert(version, record);
}

fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}

fn name_of(state: &RegistryState, actor: Actor<'_>) -> String {
    state.people.get(&actor.person).map_or_else(|| actor.person.to_string(), |it| it.card.name.clone())
}

fn known(state: &RegistryState, candidate: CandidateId) -> Result<&CandidateRecord, ReleaseBlocked> {
    state.candidates.get(&candidate).ok_or_else(|| ReleaseBlocked::NoCandidate { candidate: candidate.to_string() })
}

/// The person who acts, if the registry knows them under this key.
fn member<'s>(state: &'s RegistryState, actor: Actor<'_>) -> Result<&'s Member, ReleaseBlocked> {
    state
        .people
        .get(&actor.person)
        .filter(|member| member.keys.contains(actor.key_id))
        .ok_or_else(|| ReleaseBlocked::Unknown { name: name_of(state, actor) })
}

/// Refuses a revoked key before anything is written with it.
pub fn ensure_active(state: &RegistryState, actor: Actor<'_>) -> Result<(), ReleaseBlocked> {
    let member = member(state, actor)?;
    if state.revoked.contains_key(actor.key_id) {
        return Err(ReleaseBlocked::KeyRevoked { key: short(actor.key_id), name: member.card.name.clone() });
    }
    Ok(())
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

/// Owners set the policy.
pub fn may_set_policy(state: &RegistryState, actor: Actor<'_>, reason: &str) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner)?;
    reasoned(reason)
}

/// Owners admit people. A key has one holder, for ever; and an owner must remain.
pub fn may_admit(
    state: &RegistryState,
    actor: Actor<'_>,
    person: &PersonCard,
    roles: &BTreeSet<Role>,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner)?;
    if let Some(holder) = state.holder(&person.key_id).filter(|holder| holder.card.id != person.id) {
        let name = &holder.card.name;
        return Err(ReleaseBlocked::OutOfPlace(format!("the key of {} already belongs to {name}", person.name)));
    }
    let other_owner = owners(state).any(|owner| owner.card.id != person.id);
    if roles.contains(&Role::Owner) || other_owner { Ok(()) } else { Err(ReleaseBlocked::LastOwner) }
}

fn owners(state: &RegistryState) -> impl Iterator<Item = &Member> {
    state.people.values().filter(|member| {
        member.roles.contains(&Role::Owner) && member.keys.iter().any(|key| !state.revoked.contains_key(key))
    })
}

/// Owners revoke keys, with a reason. The last key of the last owner stays: nobody could mend the registry after that.
pub fn may_revoke(state: &RegistryState, actor: Actor<'_>, key_id: &str, reason: &str) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Owner)?;
    reasoned(reason)?;
    let holder = state.holder(key_id).ok_or_else(|| ReleaseBlocked::Unknown { name: short(key_id) })?;
    let remains = owners(state).any(|owner| {
        owner.card.id != holder.card.id
            || owner.keys.iter().any(|key| key != key_id && !state.revoked.contains_key(key))
    });
    if remains { Ok(()) } else { Err(ReleaseBlocked::LastOwner) }
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
    let record = known(state, candidate)?;
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
    let manifest = record.manifest.as_ref();
    gates_pass(manifest.ok_or_else(|| ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() })?)
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

/// No required gate fails or cannot tell.
pub fn gates_pass(manifest: &BundleManifest) -> Result<(), ReleaseBlocked> {
    match manifest.gates.iter().find(|gate| gate.blocks()) {
        Some(gate) => Err(ReleaseBlocked::Gate { gate: gate.gate.clone(), why: gate.why.clone() }),
        None => Ok(()),
    }
}

/// Enough people other than the submitter approved, and a governance reviewer where the policy asks for one.
///
/// Counts people, not approvals: whoever holds two keys counts once.
pub fn ensure_approved(state: &RegistryState, record: &CandidateRecord) -> Result<(), ReleaseBlocked> {
    let manifest =
        record.manifest.as_ref().ok_or_else(|| ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() })?;
    gates_pass(manifest)?;
    let approvers: BTreeSet<PersonId> = record
        .decisions
        .iter()
        .filter(|it| it.approved && it.person != record.submitter && it.key_id != record.submitter_key)
        .map(|it| it.person)
        .collect();
    let required = state.policy.approvals.max(1) as usize;
    if approvers.len() < required {
        return Err(ReleaseBlocked::ApprovalsMissing { given: approvers.len(), required });
    }
    if needs_governance(state, record, manifest) && record.governance_approvals.is_empty() {
        return Err(ReleaseBlocked::GovernanceMissing);
    }
    Ok(())
}

/// Whether the policy asks for a governance reviewer, and there is one who could answer.
pub fn needs_governance(state: &RegistryState, record: &CandidateRecord, manifest: &BundleManifest) -> bool {
    let reaches = manifest.labels.iter().any(|label| state.policy.governance_groups.contains(&label.group));
    let reviewer = |it: &&Member| it.roles.contains(&Role::GovernanceReviewer) && it.card.id != record.submitter;
    reaches && state.people.values().any(|member| reviewer(&member))
}

/// Publishers publish what was approved and passes its gates.
pub fn may_publish(
    state: &RegistryState,
    actor: Actor<'_>,
    candidate: CandidateId,
    bundle: &Digest,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    let record = known(state, candidate)?;
    if record.bundle != *bundle {
        return Err(ReleaseBlocked::OtherBytes { approved: bundle.short(), now: record.bundle.short() });
    }
    undecided(record, "published")?;
    ensure_approved(state, record)
}

/// Publishers move aliases, to versions that exist and are not withdrawn.
pub fn may_set_alias(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    alias: &str,
    version: Option<u64>,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    if !is_alias(alias) {
        return Err(ReleaseBlocked::BadAlias(alias.to_owned()));
    }
    let Some(version) = version else { return Ok(()) };
    let blocked = |state| ReleaseBlocked::Version { model: model.to_string(), version, state };
    match state.version(model, version) {
        None => Err(blocked("does not exist")),
        Some(record) if record.withdrawn.is_some() => Err(blocked("is withdrawn")),
        Some(_) => Ok(()),
    }
}

/// Publishers withdraw versions, with a reason.
pub fn may_withdraw(
    state: &RegistryState,
    actor: Actor<'_>,
    model: &ModelName,
    version: u64,
    reason: &str,
) -> Result<(), ReleaseBlocked> {
    with_role(state, actor, Role::Publisher)?;
    reasoned(reason)?;
    let blocked = |state| ReleaseBlocked::Version { model: model.to_string(), version, state };
    match state.version(model, version) {
        None => Err(blocked("does not exist")),
        Some(record) if record.withdrawn.is_some() => Err(blocked("is withdrawn")),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
