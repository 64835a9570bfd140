#![allow(clippy::unwrap_used)]

use uuid::Uuid;

use super::*;
use crate::Timestamp;
use crate::gate::{GateOutcome, GateVerdict};
use crate::id::StatementId;
use crate::release::Policy;
use crate::sensitive::{CarriedLabel, SensitiveGroup};

/// Builds statements one after the other, as a registry holds them.
struct Book {
    statements: Vec<Placed>,
    manifests: BTreeMap<Digest, BundleManifest>,
    claims: BTreeMap<(ModelName, u64), Digest>,
}

const OLGA: u128 = 1;
const ANN: u128 = 2;
const BOB: u128 = 3;
const GRACE: u128 = 4;

fn person(number: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(number))
}

fn key(number: u128) -> String {
    format!("{number:064x}")
}

fn card(number: u128, key_number: u128) -> PersonCard {
    PersonCard {
        id: person(number),
        name: format!("person {number}"),
        contact: None,
        public_key: String::new(),
        key_id: key(key_number),
    }
}

fn model() -> ModelName {
    ModelName::new("churn").unwrap()
}

fn candidate() -> CandidateId {
    CandidateId::from_uuid(Uuid::from_u128(7))
}

fn digest(number: usize) -> Digest {
    let mut bytes = [0u8; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::from_bytes(bytes)
}

fn bundle() -> Digest {
    Digest::from_bytes([9; 32])
}

fn manifest() -> BundleManifest {
    BundleManifest {
        model: model(),
        files: vec![],
        evidence: vec![],
        gates: vec![],
        labels: vec![],
        metrics: BTreeMap::new(),
        purpose: "test".into(),
        limits: String::new(),
    }
}

impl Book {
    /// Olga owns; Ann submits, approves and publishes; Bob approves. Ann has submitted.
    fn new(policy: Policy, manifest: BundleManifest) -> Self {
        let mut book =
            Self { statements: vec![], manifests: BTreeMap::from([(bundle(), manifest)]), claims: BTreeMap::new() };
        book.say(OLGA, OLGA, StatementBody::RegistryCreated { name: "r".into(), owner: card(OLGA, OLGA), policy });
        book.admit(ANN, ANN, &[Role::Submitter, Role::Approver, Role::Publisher]);
        book.admit(BOB, BOB, &[Role::Approver]);
        let body =
            StatementBody::Submitted { candidate: candidate(), bundle: bundle(), model: model(), note: String::new() };
        book.say(ANN, ANN, body);
        book
    }

    fn admit(&mut self, who: u128, key_number: u128, roles: &[Role]) {
        let roles = roles.iter().copied().collect();
        self.say(OLGA, OLGA, StatementBody::PersonAdmitted { person: card(who, key_number), roles });
    }

    fn say(&mut self, who: u128, key_number: u128, body: StatementBody) -> Digest {
        let number = self.statements.len() + 1;
        let about_registry = matches!(
            body,
            StatementBody::RegistryCreated { .. }
                | StatementBody::PersonAdmitted { .. }
                | StatementBody::KeyRevoked { .. }
                | StatementBody::PolicySet { .. }
        );
        let own = self.statements.iter().rev().find(|it| it.statement.key_id == key(key_number));
        let statement = Statement {
            id: StatementId::from_uuid(Uuid::from_u128(number as u128)),
            registry: RegistryId::from_uuid(Uuid::nil()),
            at: Timestamp::from_ms(number as i64),
            author: person(who),
            key_id: key(key_number),
            previous: own.map(|it| it.digest),
            body,
        };
        let model = (!about_registry).then(model);
        self.statements.push(Placed { model, digest: digest(number), statement });
        digest(number)
    }

    fn approve(&mut self, who: u128, key_number: u128) -> Digest {
        let body = StatementBody::Approved { candidate: candidate(), bundle: bundle(), reason: String::new() };
        self.say(who, key_number, body)
    }

    fn publish(&mut self, version: u64, claimed: bool) {
        let body = StatementBody::Published { candidate: candidate(), bundle: bundle(), model: model(), version };
        let digest = self.say(ANN, ANN, body);
        if claimed {
            self.claims.insert((model(), version), digest);
        }
    }

    fn fold(&self) -> (RegistryState, Vec<ReleaseBlocked>) {
        let id = RegistryId::from_uuid(Uuid::nil());
        let (state, refused) = fold(id, self.statements.clone(), &self.manifests, &self.claims);
        (state, refused.into_iter().map(|it| it.why).collect())
    }

    fn state_of_candidate(&self) -> CandidateState {
        self.fold().0.candidates[&candidate()].state
    }
}

#[test]
fn a_submission_by_one_and_an_approval_by_another_make_a_release() {
    let mut book = Book::new(Policy::default(), manifest());
    assert_eq!(book.state_of_candidate(), CandidateState::Waiting, "one person is not enough");
    book.approve(BOB, BOB);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "two are");
    book.publish(1, false);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "without a claim it is not published");
    book.publish(1, true);
    let (state, refused) = book.fold();
    assert_eq!(refused, [], "losing a race is no offence");
    assert_eq!(state.version(&model(), 1).unwrap().candidate, candidate(), "the claimed one is");
}

#[test]
fn the_author_counts_for_nothing_under_any_key() {
    let mut book = Book::new(Policy::default(), manifest());
    book.approve(ANN, ANN);
    book.admit(ANN, 22, &[Role::Submitter, Role::Approver, Role::Publisher]);
    book.approve(ANN, 22);
    let (state, refused) = book.fold();
    assert_eq!(refused.len(), 2, "by person and by key: {refused:?}");
    assert!(state.candidates[&candidate()].decisions.is_empty(), "neither counts");
}

#[test]
fn one_person_counts_once() {
    let policy = Policy { approvals: 2, ..Policy::default() };
    let mut book = Book::new(policy, manifest());
    book.approve(BOB, BOB);
    book.admit(BOB, 33, &[Role::Approver]);
    book.approve(BOB, 33);
    let (state, refused) = book.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::AlreadyDecided { .. }]), "{refused:?}");
    let record = &state.candidates[&candidate()];
    let missing = ReleaseBlocked::ApprovalsMissing { given: 1, required: 2 };
    assert_eq!(ensure_approved(&state, record), Err(missing), "two keys are one person");
    book.admit(GRACE, GRACE, &[Role::GovernanceReviewer]);
    book.approve(GRACE, GRACE);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "a second person makes two");
}

#[test]
fn a_key_has_one_holder() {
    let mut book = Book::new(Policy::default(), manifest());
    book.admit(GRACE, ANN, &[Role::Approver]);
    let (state, refused) = book.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::OutOfPlace(_)]), "{refused:?}");
    assert!(!state.people.contains_key(&person(GRACE)), "Ann's key is not Grace's too");
}

#[test]
fn a_zero_in_the_policy_is_one_and_gates_hold() {
    let book = Book::new(Policy { approvals: 0, ..Policy::default() }, manifest());
    assert_eq!(book.state_of_candidate(), CandidateState::Waiting, "nobody publishes alone");
    let mut blocked = manifest();
    blocked.gates.push(GateOutcome {
        gate: "g".into(),
        rule: String::new(),
        required: true,
        verdict: GateVerdict::Fail,
        measured: String::new(),
        allowed: String::new(),
        why: "no".into(),
        evidence: vec![],
    });
    let mut book = Book::new(Policy::default(), blocked);
    book.approve(BOB, BOB);
    let (_, refused) = book.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::Gate { .. }]), "{refused:?}");
}

#[test]
fn sensitive_data_asks_for_a_governance_reviewer_where_there_is_one() {
    let mut sensitive = manifest();
    let (label, column, dataset) = ("email".to_owned(), "mail".to_owned(), "d.csv".to_owned());
    sensitive.labels.push(CarriedLabel {
        label,
        group: SensitiveGroup::Direct,
        column,
        dataset,
        reached_as: vec![],
        exact: false,
    });
    let mut book = Book::new(Policy::default(), sensitive);
    book.approve(BOB, BOB);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "nobody could answer for it");
    book.admit(GRACE, GRACE, &[Role::GovernanceReviewer]);
    let (state, _) = book.fold();
    let record = &state.candidates[&candidate()];
    assert_eq!(ensure_approved(&state, record), Err(ReleaseBlocked::GovernanceMissing), "now somebody can");
    book.approve(GRACE, GRACE);
    let (state, _) = book.fold();
    assert_eq!(ensure_approved(&state, &state.candidates[&candidate()]), Ok(()), "and has");
}

#[test]
fn what_a_revoked_key_signed_counts_up_to_its_last_statement() {
    let mut book = Book::new(Policy::default(), manifest());
    let last = book.approve(BOB, BOB);
    let revoke = |last| StatementBody::KeyRevoked { key_id: key(BOB), last, reason: "stolen".into() };
    let mut early = Book::new(Policy::default(), manifest());
    early.say(OLGA, OLGA, revoke(None));
    early.approve(BOB, BOB);
    let (state, refused) = early.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::KeyRevoked { .. }]), "{refused:?}");
    assert!(state.candidates[&candidate()].decisions.is_empty(), "after the revocation nothing counts");
    book.say(OLGA, OLGA, revoke(Some(last)));
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "before it, everything did");
    let mut thief = Book::new(Policy::default(), manifest());
    thief.approve(BOB, BOB);
    thief.say(OLGA, OLGA, revoke(None));
    assert_eq!(thief.state_of_candidate(), CandidateState::Waiting, "a backdated one is not in front of it");
}

#[test]
fn the_last_owner_stays() {
    let mut book = Book::new(Policy::default(), manifest());
    book.admit(OLGA, OLGA, &[]);
    let reason = "x".to_owned();
    book.say(OLGA, OLGA, StatementBody::KeyRevoked { key_id: key(OLGA), last: None, reason });
    let (state, refused) = book.fold();
    assert_eq!(refused, [ReleaseBlocked::LastOwner, ReleaseBlocked::LastOwner], "neither by role nor by key");
    assert!(state.people[&person(OLGA)].roles.contains(&Role::Owner), "Olga still owns");
}

#[test]
fn statements_read_back_as_they_were_written() {
    let mut book = Book::new(Policy::default(), manifest());
    book.say(OLGA, OLGA, StatementBody::KeyRevoked { key_id: key(BOB), last: None, reason: "x".into() });
    for placed in &book.statements {
        let text = serde_json::to_string(&serde_json::to_value(&placed.statement).unwrap()).unwrap();
        let back: Statement = serde_json::from_str(&text).unwrap();
        assert_eq!(back, placed.statement, "no two fields share a name in JSON");
    }
}

#[test]
fn names_of_models_and_aliases_are_narrow() {
    for bad in ["", "Churn", "_registry", "a/b", "..", "con", "nul.x", "a."] {
        assert!(ModelName::new(bad).is_err(), "`{bad}` is no model name");
    }
    for bad in ["", "latest", "v1", "Prod", "a b", "1", "../x"] {
        assert!(!is_alias(bad), "`{bad}` is no alias");
    }
    assert!(is_alias("production") && is_alias("vintage"), "words are aliases");
}
