//! Adds up signed statements: first the chain of trust lists, then everything else, each judged by the list that governs
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::plan::{Plan, PlanEnd};
use super::rules::{self, Actor};
use super::state::{
    AliasChange, AliasMoveKind, AliasRecord, CandidateRecord, Destruction, Freeze, JoinRequest, Placed, Question,
    Refused, RegistryState, Rejudged, VersionRecord, WaiverRecord, Withdrawal,
};
use super::trust::{TrustList, short};
use super::{BundleManifest, CandidateState, Decision, ModelName, ReleaseBlocked, Statement, StatementBody};
use crate::id::{CandidateId, PersonId, RegistryId, StatementId};
use crate::person::Role;
use crate::{Digest, Timestamp};

mod chain;
mod grow;

use chain::Chain;

pub use grow::Fold;

/// Manifests by digest.
pub type Manifests = BTreeMap<Digest, Arc<BundleManifest>>;

/// Which statement holds each number. A number is claimed once, so that of two statements that want the same one, everybody
/// believes the same.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Versions of models.
    pub versions: BTreeMap<(ModelName, u64), Digest>,
    /// Versions of the trust list.
    pub trust: BTreeMap<u64, Digest>,
}

/// Adds up statements in the order of their ids. What a rule forbids is left out and listed.
///
/// `manifests` are the manifests by digest, as far as they have arrived. Of two statements that claim the same number, the
/// one that was claimed counts, and the other is passed over without a complaint, because losing that race is nobody's
/// fault.
///
/// Which trust list governs a statement does not depend on any clock: it is the newest one whose owners had not yet seen
/// the statement, or the one that its author names, whichever is later. Whoever loses a role or a key cannot get in front of
/// that by backdating.
///
/// Promotions that were given a time wait in the state that is returned, as far as no later statement had to know whether they hold;
/// [`RegistryState::settle`] lets those take effect whose time has come.
///
/// Signatures are checked before this: every statement here was signed by the key that it names, and every key of a trust
/// list has the id that it is listed under.
pub fn fold(
    id: RegistryId,
    statements: Vec<Arc<Placed>>,
    manifests: &Manifests,
    claims: &Claims,
) -> (RegistryState, Vec<Refused>) {
    let fold = Fold::of(id, statements, manifests, claims);
    (Arc::unwrap_or_clone(fold.state), fold.refused)
}

fn accept(
    state: &mut RegistryState,
    placed: &Placed,
    manifests: &Manifests,
    claims: &Claims,
) -> Result<(), ReleaseBlocked> {
    let statement = &placed.statement;
    in_its_place(state, placed)?;
    let actor = Actor { person: statement.author, key_id: &statement.key_id, at: statement.at };
    match &statement.body {
        StatementBody::TrustProposed { .. } | StatementBody::TrustEndorsed { .. } => {}
        StatementBody::JoinRequested { person, note } => {
            let known = state.requests.iter().any(|it| it.person.key_id == person.key_id);
            if !known {
                state.requests.push(JoinRequest { person: person.clone(), note: note.clone(), at: statement.at });
            }
        }
        StatementBody::FreezeSet { frozen, reason } => {
            rules::may_freeze(state, actor, reason)?;
            state.lapse_frozen(statement.at);
            let name = rules::name_of(state, actor);
            state.frozen = frozen.then(|| Freeze { name, reason: reason.clone(), at: statement.at });
        }
        StatementBody::Submitted { candidate, bundle, model, note } => {
            submit(state, statement, *candidate, *bundle, model, note, manifests)?;
        }
        StatementBody::GatesJudged { candidate, bundle, gates } => {
            rules::may_judge(state, actor, *candidate, bundle)?;
            let name = rules::name_of(state, actor);
            if let Some(record) = about(state, *candidate, statement.id) {
                record.rejudged.push(Rejudged { name, at: statement.at, gates: gates.clone() });
            }
            restate(state, *candidate, statement.at);
        }
        StatementBody::Waived { candidate, bundle, gate, reason, expires } => {
            // One that had ended when it was signed lets nothing go by itself; only writers refuse it.
            rules::may_waive(state, actor, *candidate, bundle, gate, reason, None)?;
            let waiver = WaiverRecord {
                gate: gate.clone(),
                person: statement.author,
                name: rules::name_of(state, actor),
                reason: reason.clone(),
                at: statement.at,
                expires: *expires,
            };
            if let Some(record) = about(state, *candidate, statement.id) {
                record.waivers.push(waiver);
            }
            restate(state, *candidate, statement.at);
        }
        StatementBody::Asked { candidate, bundle, text } => {
            rules::may_ask(state, actor, *candidate, bundle, text)?;
            let question = said(state, statement, text);
            if let Some(record) = about(state, *candidate, statement.id) {
                record.questions.push(question);
            }
        }
        StatementBody::Answered { candidate, bundle, question, text } => {
            rules::may_ask(state, actor, *candidate, bundle, text)?;
            let answer = said(state, statement, text);
            let asked = about(state, *candidate, statement.id)
                .and_then(|record| record.questions.iter_mut().find(|it| it.id == *question));
            match asked {
                Some(asked) => asked.answers.push(answer),
                None => return Err(ReleaseBlocked::OutOfPlace("it answers a question that is not there".to_owned())),
            }
        }
        StatementBody::Approved { candidate, bundle, reason } => {
            rules::may_approve(state, actor, *candidate, bundle)?;
            decide(state, statement, *candidate, true, reason);
        }
        StatementBody::Rejected { candidate, bundle, reason } => {
            rules::may_reject(state, actor, *candidate, bundle, reason)?;
            decide(state, statement, *candidate, false, reason);
        }
        StatementBody::Published { candidate, bundle, model, version, proof } => {
            match claims.versions.get(&(model.clone(), *version)) {
                Some(claimed) if *claimed == placed.digest => {}
                // Not claimed yet, or another statement was faster: it says nothing either way.
                _ => return Ok(()),
            }
            rules::may_publish(state, actor, *candidate, bundle)?;
            publish(state, statement, (*candidate, *bundle), model, *version, proof);
        }
        StatementBody::Promoted { model, alias, version, reason, from } => {
            rules::may_promote(state, actor, model, alias, *version)?;
            match from.filter(|from| *from > statement.at) {
                Some(from) => plan(state, statement, model, alias, *version, reason, from),
                None => move_alias(state, statement, AliasMoveKind::Promoted, model, alias, Some(*version), reason),
            }
        }
        StatementBody::PromotionCalledOff { model, alias, reason } => {
            rules::may_call_off(state, actor, model, alias)?;
            let end = PlanEnd::CalledOff { person: statement.author, reason: reason.clone(), at: statement.at };
            alias_mut(state, model, alias).end_plans(statement.at, &end);
        }
        StatementBody::RolledBack { model, alias, version, reason } => {
            as_of(state, statement, model, alias, |state| rules::may_roll_back(state, actor, model, alias, *version))?;
            move_alias(state, statement, AliasMoveKind::RolledBack, model, alias, Some(*version), reason);
        }
        StatementBody::AliasRemoved { model, alias, reason } => {
            as_of(state, statement, model, alias, |state| rules::may_remove_alias(state, actor, model, alias))?;
            move_alias(state, statement, AliasMoveKind::Removed, model, alias, None, reason);
        }
        StatementBody::Withdrawn { model, version, replacement, reason } => {
            rules::may_withdraw(state, actor, model, *version, *replacement, reason)?;
            if let Some(record) = version_mut(state, model, *version) {
                let (person, at, replacement) = (statement.author, statement.at, *replacement);
                record.withdrawn = Some(Withdrawal { person, reason: reason.clone(), replacement, at });
            }
        }
        StatementBody::Destroyed { model, version, reason } => {
            rules::may_destroy(state, actor, model, *version, reason)?;
            if let Some(record) = version_mut(state, model, *version) {
                let (person, at) = (statement.author, statement.at);
                record.destroyed = Some(Destruction { person, reason: reason.clone(), at });
            }
        }
    }
    Ok(())
}

/// Statements about a model lie in that model's folder, the others in the registry's: a copy elsewhere is a replay.
fn in_its_place(state: &RegistryState, placed: &Placed) -> Result<(), ReleaseBlocked> {
    let body = &placed.statement.body;
    let belongs = match (body.model(), body.candidate()) {
        (Some(model), _) => Some(model),
        (None, Some((candidate, _))) => Some(&rules::known(state, candidate)?.model),
        (None, None) => None,
    };
    if placed.model.as_ref() == belongs {
        return Ok(());
    }
    let place = belongs.map_or("the registry itself".to_owned(), |model| format!("the model {model}"));
    Err(ReleaseBlocked::OutOfPlace(format!("it is about {place}, and lies elsewhere")))
}

fn submit(
    state: &mut RegistryState,
    statement: &Statement,
    candidate: CandidateId,
    bundle: Digest,
    model: &ModelName,
    note: &str,
    manifests: &Manifests,
) -> Result<(), ReleaseBlocked> {
    let actor = Actor { person: statement.author, key_id: &statement.key_id, at: statement.at };
    let name = rules::may_submit(state, actor)?.card.name.clone();
    if state.candidates.contains_key(&candidate) {
        return Err(ReleaseBlocked::OutOfPlace(format!("{candidate} was submitted before")));
    }
    let record = CandidateRecord {
        id: candidate,
        model: model.clone(),
        bundle,
        note: note.to_owned(),
        submitter: statement.author,
        submitter_name: name,
        submitter_key: statement.key_id.clone(),
        at: statement.at,
        manifest: manifests.get(&bundle).filter(|manifest| manifest.model == *model).cloned(),
        decisions: Vec::new(),
        governance_approvals: BTreeSet::new(),
        waivers: Vec::new(),
        questions: Vec::new(),
        rejudged: Vec::new(),
        state: CandidateState::Waiting,
        version: None,
        statements: vec![statement.id],
    };
    state.candidates.insert(candidate, record);
    Ok(())
}

/// The candidate that a statement is about, which now lists the statement.
fn about(state: &mut RegistryState, candidate: CandidateId, statement: StatementId) -> Option<&mut CandidateRecord> {
    let record = state.candidates.get_mut(&candidate)?;
    record.statements.push(statement);
    Some(record)
}

fn said(state: &RegistryState, statement: &Statement, text: &str) -> Question {
    let actor = Actor { person: statement.author, key_id: &statement.key_id, at: statement.at };
    Question {
        id: statement.id,
        name: rules::name_of(state, actor),
        text: text.to_owned(),
        at: statement.at,
        answers: Vec::new(),
    }
}

fn decide(state: &mut RegistryState, statement: &Statement, candidate: CandidateId, approved: bool, reason: &str) {
    let Some(author) = state.people.get(&statement.author) else { return };
    let (name, governs) = (author.card.name.clone(), author.roles.contains(&Role::GovernanceReviewer));
    if let Some(record) = about(state, candidate, statement.id) {
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
    restate(state, candidate, statement.at);
}

/// Whether an open candidate has what it needs may change with every statement about it.
pub(super) fn restate(state: &mut RegistryState, candidate: CandidateId, at: Timestamp) {
    let open = |record: &CandidateRecord| matches!(record.state, CandidateState::Waiting | CandidateState::Approved);
    let Some(enough) = state
        .candidates
        .get(&candidate)
        .filter(|record| open(record))
        .map(|record| rules::ensure_approved(state, record, at).is_ok())
    else {
        return;
    };
    if let Some(record) = state.candidates.get_mut(&candidate) {
        record.state = if enough { CandidateState::Approved } else { CandidateState::Waiting };
    }
}

fn publish(
    state: &mut RegistryState,
    statement: &Statement,
    (candidate, bundle): (CandidateId, Digest),
    model: &ModelName,
    version: u64,
    proof: &[StatementId],
) {
    if let Some(record) = about(state, candidate, statement.id) {
        record.state = CandidateState::Published;
        record.version = Some(version);
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
        proof: proof.to_vec(),
        withdrawn: None,
        destroyed: None,
    };
    state.versions.entry(model.clone()).or_default().insert(version, record);
}

fn version_mut<'s>(state: &'s mut RegistryState, model: &ModelName, version: u64) -> Option<&'s mut VersionRecord> {
    state.versions.get_mut(model)?.get_mut(&version)
}

fn move_alias(
    state: &mut RegistryState,
    statement: &Statement,
    kind: AliasMoveKind,
    model: &ModelName,
    alias: &str,
    version: Option<u64>,
    reason: &str,
) {
    let change = AliasChange { kind, version, person: statement.author, reason: reason.to_owned(), at: statement.at };
    // What took effect before belongs to the history. The move outweighs it, so that its author's clock decides nothing else.
    state.settle_alias(model, alias, statement.at);
    let record = alias_mut(state, model, alias);
    record.end_plans(statement.at, &PlanEnd::Overtaken { person: statement.author, at: statement.at });
    record.version = version;
    record.history.push(change);
}

/// Asks a rule about an alias as it was when the statement was made, by its author's clock.
fn as_of(
    state: &mut RegistryState,
    statement: &Statement,
    model: &ModelName,
    alias: &str,
    rule: impl FnOnce(&RegistryState) -> Result<(), ReleaseBlocked>,
) -> Result<(), ReleaseBlocked> {
    let now = state.aliases.get(model).and_then(|all| all.get(alias)).cloned();
    state.settle_alias(model, alias, statement.at);
    let ruled = rule(state);
    if let Some(now) = now {
        *alias_mut(state, model, alias) = now;
    }
    ruled
}

fn plan(
    state: &mut RegistryState,
    statement: &Statement,
    model: &ModelName,
    alias: &str,
    version: u64,
    reason: &str,
    from: Timestamp,
) {
    let (person, at, reason) = (statement.author, statement.at, reason.to_owned());
    let record = alias_mut(state, model, alias);
    record.end_plans(at, &PlanEnd::Overtaken { person, at });
    record.plans.push(Plan { version, from, person, reason, at, end: None });
}

fn alias_mut<'s>(state: &'s mut RegistryState, model: &ModelName, alias: &str) -> &'s mut AliasRecord {
    state.aliases.entry(model.clone()).or_default().entry(alias.to_owned()).or_default()
}
