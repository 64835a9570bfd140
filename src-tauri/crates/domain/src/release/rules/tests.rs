#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::gate::{GateOutcome, GateVerdict};
use crate::id::RegistryId;
use crate::id::StatementId;
use crate::person::PersonCard;
use crate::release::{
    Claims, Placed, PlanEnd, Policy, Refused, Requirement, Statement, StatementBody, TrustList, fold,
};
use crate::sensitive::{CarriedLabel, SensitiveGroup};

mod arrival;

/// Builds statements one after the other, as a registry holds them.
struct Book {
    statements: Vec<Placed>,
    manifests: BTreeMap<Digest, Arc<BundleManifest>>,
    claims: Claims,
    lists: Vec<(Digest, TrustList)>,
}

const OLGA: u128 = 1;
const ANN: u128 = 2;
const BOB: u128 = 3;
const GRACE: u128 = 4;
const NOW: Timestamp = Timestamp::from_ms(1000);

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
        datasets: vec![],
        environment: None,
        commit: None,
        risk: String::new(),
    }
}

impl Book {
    /// Olga owns; Ann submits, approves and publishes; Bob approves. Ann has submitted.
    fn new(policy: Policy, manifest: BundleManifest) -> Self {
        let mut book = Self {
            statements: vec![],
            manifests: BTreeMap::from([(bundle(), Arc::new(manifest))]),
            claims: Claims::default(),
            lists: vec![],
        };
        let list = TrustList::first("r", &card(OLGA, OLGA), policy, Timestamp::from_ms(0));
        book.list(OLGA, list, true);
        book.admit(ANN, ANN, &[Role::Submitter, Role::Approver, Role::Publisher]);
        book.admit(BOB, BOB, &[Role::Approver]);
        let body =
            StatementBody::Submitted { candidate: candidate(), bundle: bundle(), model: model(), note: String::new() };
        book.say(ANN, ANN, body);
        book
    }

    /// The last statement by each key so far.
    fn heads(&self) -> BTreeMap<String, Digest> {
        self.statements.iter().map(|it| (it.statement.key_id.clone(), it.digest)).collect()
    }

    fn next(&self) -> TrustList {
        let (digest, list) = self.lists.last().unwrap();
        list.next(*digest, &self.heads())
    }

    fn list(&mut self, who: u128, list: TrustList, claimed: bool) -> Digest {
        let body = StatementBody::TrustProposed { list: list.clone(), reason: "x".into() };
        let digest = self.say(who, who, body);
        if claimed {
            self.claims.trust.insert(list.version, digest);
            self.lists.push((digest, list));
        }
        digest
    }

    fn admit(&mut self, who: u128, key_number: u128, roles: &[Role]) {
        let mut list = self.next();
        list.admit(&card(who, key_number), &roles.iter().copied().collect(), Timestamp::from_ms(0));
        self.list(OLGA, list, true);
    }

    fn revoke(&mut self, key_number: u128, last: Option<Digest>) {
        let mut list = self.next();
        list.revoke(&key(key_number), last, "stolen", Timestamp::from_ms(0)).unwrap();
        self.list(OLGA, list, true);
    }

    fn say(&mut self, who: u128, key_number: u128, body: StatementBody) -> Digest {
        let number = self.statements.len() + 1;
        let own = self.statements.iter().rev().find(|it| it.statement.key_id == key(key_number));
        let model = (!body.is_about_registry()).then(model);
        let statement = Statement {
            id: StatementId::from_uuid(Uuid::from_u128(number as u128)),
            registry: RegistryId::from_uuid(Uuid::nil()),
            at: Timestamp::from_ms(number as i64),
            author: person(who),
            key_id: key(key_number),
            previous: own.map(|it| it.digest),
            trust: self.lists.last().map(|it| it.0),
            body,
        };
        self.statements.push(Placed { model, digest: digest(number), statement });
        digest(number)
    }

    fn approve(&mut self, who: u128, key_number: u128) -> Digest {
        let body = StatementBody::Approved { candidate: candidate(), bundle: bundle(), reason: String::new() };
        self.say(who, key_number, body)
    }

    fn publish(&mut self, version: u64, claimed: bool) {
        let body = StatementBody::Published {
            candidate: candidate(),
            bundle: bundle(),
            model: model(),
            version,
            proof: vec![],
        };
        let digest = self.say(ANN, ANN, body);
        if claimed {
            self.claims.versions.insert((model(), version), digest);
        }
    }

    fn fold(&self) -> (RegistryState, Vec<ReleaseBlocked>) {
        let id = RegistryId::from_uuid(Uuid::nil());
        let (state, refused) =
            fold(id, self.statements.iter().cloned().map(Arc::new).collect(), &self.manifests, &self.claims);
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
    assert_eq!(ensure_approved(&state, record, NOW), Err(missing), "two keys are one person");
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
    blocked.gates.push(failing("g", BTreeSet::new()));
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
    assert_eq!(ensure_approved(&state, record, NOW), Err(ReleaseBlocked::GovernanceMissing), "now somebody can");
    book.approve(GRACE, GRACE);
    let (state, _) = book.fold();
    assert_eq!(ensure_approved(&state, &state.candidates[&candidate()], NOW), Ok(()), "and has");
}

#[test]
fn what_a_revoked_key_signed_counts_up_to_its_last_statement() {
    let mut early = Book::new(Policy::default(), manifest());
    early.revoke(BOB, None);
    early.approve(BOB, BOB);
    let (state, refused) = early.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::KeyRevoked { .. }]), "{refused:?}");
    assert!(state.candidates[&candidate()].decisions.is_empty(), "after the revocation nothing counts");
    let mut book = Book::new(Policy::default(), manifest());
    let last = book.approve(BOB, BOB);
    book.revoke(BOB, Some(last));
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "before it, everything did");
    let mut thief = Book::new(Policy::default(), manifest());
    thief.approve(BOB, BOB);
    thief.revoke(BOB, None);
    assert_eq!(thief.state_of_candidate(), CandidateState::Waiting, "a backdated one is not in front of it");
}

#[test]
fn who_lost_a_role_cannot_backdate() {
    let mut book = Book::new(Policy::default(), manifest());
    let trust_then = book.lists.last().unwrap().0;
    book.admit(BOB, BOB, &[]);
    book.approve(BOB, BOB);
    // The owners had not seen it when they took the role: its time and the list that it names say otherwise in vain.
    let forged = book.statements.last_mut().unwrap();
    forged.statement.id = StatementId::from_uuid(Uuid::from_u128(4));
    forged.statement.at = Timestamp::from_ms(4);
    forged.statement.trust = Some(trust_then);
    book.statements[3].statement.id = StatementId::from_uuid(Uuid::from_u128(3));
    book.statements[2].statement.id = StatementId::from_uuid(Uuid::from_u128(2));
    let (state, refused) = book.fold();
    assert!(refused.iter().any(|it| matches!(it, ReleaseBlocked::RoleMissing { .. })), "{refused:?}");
    assert!(state.candidates[&candidate()].decisions.is_empty(), "it counts for nothing");
    let mut book = Book::new(Policy::default(), manifest());
    book.approve(BOB, BOB);
    book.admit(BOB, BOB, &[]);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "what the owners had seen still counts");
}

#[test]
fn the_last_owner_stays() {
    let mut book = Book::new(Policy::default(), manifest());
    let mut list = book.next();
    list.admit(&card(OLGA, OLGA), &BTreeSet::new(), Timestamp::from_ms(0));
    book.list(OLGA, list, true);
    let (state, refused) = book.fold();
    assert_eq!(refused, [ReleaseBlocked::LastOwner], "not by role");
    assert!(state.people[&person(OLGA)].roles.contains(&Role::Owner), "Olga still owns");
}

#[test]
fn a_list_needs_the_owners_of_the_one_before() {
    let mut book = Book::new(Policy::default(), manifest());
    book.admit(GRACE, GRACE, &[Role::Owner]);
    let mut list = book.next();
    list.owners_needed = 2;
    book.list(OLGA, list, true);
    // From now on two must sign.
    let mut list = book.next();
    list.admit(&card(9, 9), &[Role::Owner].into(), Timestamp::from_ms(0));
    let proposed = book.list(OLGA, list.clone(), false);
    book.claims.trust.insert(list.version, proposed);
    let (state, refused) = book.fold();
    let missing = ReleaseBlocked::OwnersMissing { version: list.version, given: 1, required: 2 };
    assert_eq!(refused, [missing], "a claim is no signature");
    assert_eq!(state.trust.unwrap().version, list.version - 1, "the version before holds");
    let endorse = StatementBody::TrustEndorsed { version: list.version, list: proposed };
    book.say(OLGA, OLGA, endorse.clone());
    assert_eq!(book.fold().0.trust.unwrap().version, list.version - 1, "one owner who signs twice is one");
    book.say(BOB, BOB, endorse.clone());
    assert_eq!(book.fold().0.trust.unwrap().version, list.version - 1, "who is no owner counts for nothing");
    book.say(GRACE, GRACE, endorse);
    assert_eq!(book.fold().0.trust.unwrap().version, list.version, "two owners are enough");
}

#[test]
fn a_list_forgets_nobody_and_revives_no_key() {
    let mut book = Book::new(Policy::default(), manifest());
    let mut list = book.next();
    list.people.remove(&person(BOB));
    book.list(OLGA, list, true);
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::OutOfPlace(_)]), "Bob's history must stay readable");
    let mut book = Book::new(Policy::default(), manifest());
    book.revoke(BOB, None);
    let mut list = book.next();
    list.people.get_mut(&person(BOB)).unwrap().keys.get_mut(&key(BOB)).unwrap().revoked = None;
    book.list(OLGA, list, true);
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::OutOfPlace(_)]), "a stolen key stays revoked");
}

#[test]
fn a_withheld_list_shows() {
    let mut book = Book::new(Policy::default(), manifest());
    book.approve(BOB, BOB);
    let held = book.lists.len() as u64;
    book.claims.trust.remove(&held);
    let (state, refused) = book.fold();
    assert_eq!(state.trust.unwrap().version, held - 1, "the list is set back by one");
    assert!(refused.iter().any(|it| matches!(it, ReleaseBlocked::TrustMissing { .. })), "{refused:?}");
}

#[test]
fn expired_keys_sign_nothing() {
    let mut book = Book::new(Policy::default(), manifest());
    let mut list = book.next();
    list.people.get_mut(&person(BOB)).unwrap().keys.get_mut(&key(BOB)).unwrap().expires = Some(Timestamp::from_ms(4));
    book.list(OLGA, list, true);
    book.approve(BOB, BOB);
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::KeyExpired { .. }]), "{:?}", book.fold().1);
}

#[test]
fn a_waiver_has_an_end_and_is_not_the_authors() {
    let mut blocked = manifest();
    blocked.gates.push(failing("g", [Role::Approver].into()));
    let mut book = Book::new(Policy::default(), blocked);
    let waive = |expires| StatementBody::Waived {
        candidate: candidate(),
        bundle: bundle(),
        gate: "g".into(),
        reason: "known".into(),
        expires,
    };
    book.say(ANN, ANN, waive(None));
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::AuthorDecides { .. }]), "the author cannot");
    book.say(BOB, BOB, waive(Some(Timestamp::from_ms(7))));
    book.approve(BOB, BOB);
    assert_eq!(book.state_of_candidate(), CandidateState::Approved, "while it lasts");
    let mut later = book.fold().0;
    later.settle(Timestamp::from_ms(8));
    let record = &later.candidates[&candidate()];
    assert_eq!(record.state, CandidateState::Waiting, "nobody needs to say anything for it to end");
    assert_eq!(standing(&later, record, Timestamp::from_ms(8)).map(|it| it.len()), Ok(1), "the gate stands again");
    assert_eq!(standing(&later, record, Timestamp::from_ms(7)).map(|it| it.len()), Ok(0), "and did not before");
    book.publish(1, true);
    assert!(book.fold().1.iter().any(|it| matches!(it, ReleaseBlocked::Gate { .. })), "not after its end");
    let mut blocked = manifest();
    blocked.gates.push(failing("g", [Role::Approver].into()));
    let mut book = Book::new(Policy::default(), blocked);
    let state = book.fold().0;
    let key_id = key(BOB);
    let actor = Actor { person: person(BOB), key_id: &key_id, at: Timestamp::from_ms(9) };
    let may = |end| may_waive(&state, actor, candidate(), &bundle(), "g", "known", Some(Timestamp::from_ms(end)));
    assert!(matches!(may(9), Err(ReleaseBlocked::NotWaivable { .. })), "its end has passed");
    assert_eq!(may(10), Ok(()), "its end is to come");
    let year = LONGEST_WAIVER_DAYS * 24 * 60 * 60 * 1_000;
    assert_eq!(may(9 + year), Ok(()), "for as long as anybody may");
    assert!(matches!(may(10 + year), Err(ReleaseBlocked::NotWaivable { .. })), "an end that never comes is none");
    assert_eq!(may(waiver_end(Timestamp::from_ms(9)).ms()), Ok(()), "the end that is taken where none is named");
    book.say(BOB, BOB, waive(Some(Timestamp::from_ms(1))));
    book.approve(BOB, BOB);
    assert_ne!(book.state_of_candidate(), CandidateState::Approved, "one that had ended lets nothing go");
    let mut blocked = manifest();
    blocked.gates.push(failing("g", BTreeSet::new()));
    let mut book = Book::new(Policy::default(), blocked);
    book.say(BOB, BOB, waive(None));
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::NotWaivable { .. }]), "some gates nobody can let go");
}

#[test]
fn the_registrys_gates_cannot_be_weakened() {
    let rule = crate::gate::GateRule::Metric { metric: "auc".into(), at_least: Some(0.9), at_most: None };
    let gate = crate::gate::Gate { name: "auc".into(), required: true, waivable_by: BTreeSet::new(), rule };
    let policy = Policy { gates: vec![gate.clone()], ..Policy::default() };
    let mut book = Book::new(policy.clone(), manifest());
    book.approve(BOB, BOB);
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::Gate { .. }]), "it was left out");
    for (limit, passes) in [(0.1, false), (0.9, true)] {
        let mut own = gate.clone();
        own.rule = crate::gate::GateRule::Metric { metric: "auc".into(), at_least: Some(limit), at_most: None };
        let mut with = manifest();
        with.gates.push(GateOutcome {
            verdict: GateVerdict::Pass,
            definition: Some(own),
            ..failing("auc", BTreeSet::new())
        });
        let mut book = Book::new(policy.clone(), with);
        book.approve(BOB, BOB);
        assert_eq!(book.fold().1.is_empty(), passes, "a limit of {limit}");
    }
}

#[test]
fn the_strictest_requirement_counts() {
    let two = Requirement { approvals: 2, governance: true };
    let policy = Policy { by_risk: BTreeMap::from([("high".to_owned(), two)]), ..Policy::default() };
    let mut book = Book::new(policy, manifest());
    book.approve(BOB, BOB);
    let (state, _) = book.fold();
    let record = &state.candidates[&candidate()];
    let missing = ReleaseBlocked::ApprovalsMissing { given: 1, required: 2 };
    assert_eq!(ensure_approved(&state, record, NOW), Err(missing), "a class that nobody knows is the strictest");
}

#[test]
fn nothing_moves_while_the_registry_is_frozen() {
    let mut book = Book::new(Policy::default(), manifest());
    book.approve(BOB, BOB);
    book.say(OLGA, OLGA, StatementBody::FreezeSet { frozen: true, reason: "incident".into() });
    book.publish(1, true);
    let (state, refused) = book.fold();
    assert!(matches!(refused[..], [ReleaseBlocked::Frozen { .. }]), "{refused:?}");
    assert!(state.versions.is_empty(), "nothing was published");
}

#[test]
fn statements_read_back_as_they_were_written() {
    let mut book = Book::new(Policy::default(), manifest());
    book.revoke(BOB, None);
    for placed in &book.statements {
        let text = serde_json::to_string(&serde_json::to_value(&placed.statement).unwrap()).unwrap();
        let back: Statement = serde_json::from_str(&text).unwrap();
        assert_eq!(back, placed.statement, "no two fields share a name in JSON");
    }
}

fn failing(name: &str, waivable_by: BTreeSet<Role>) -> GateOutcome {
    GateOutcome {
        gate: name.into(),
        rule: String::new(),
        required: true,
        verdict: GateVerdict::Fail,
        measured: String::new(),
        allowed: String::new(),
        why: "no".into(),
        evidence: vec![],
        figures: vec![],
        definition: None,
        waivable_by,
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

/// A registry with version 1 of the model and a promotion of it planned for a time, in milliseconds.
fn planned(from: i64) -> Book {
    let mut book = Book::new(Policy::default(), manifest());
    book.approve(BOB, BOB);
    book.publish(1, true);
    book.plan(from);
    book
}

impl Book {
    fn plan(&mut self, from: i64) {
        self.say(
            ANN,
            ANN,
            StatementBody::Promoted {
                model: model(),
                alias: "production".into(),
                version: 1,
                reason: String::new(),
                from: Some(Timestamp::from_ms(from)),
            },
        );
    }

    fn call_off(&mut self) {
        let (alias, reason) = ("production".into(), "not yet".into());
        self.say(ANN, ANN, StatementBody::PromotionCalledOff { model: model(), alias, reason });
    }

    /// Where the alias points at a time.
    fn at(&self, now: i64) -> Option<u64> {
        let (mut state, _) = self.fold();
        state.settle(Timestamp::from_ms(now));
        state.aliased(&model(), "production")
    }

    fn end_of_plan(&self, now: i64) -> Option<PlanEnd> {
        let (mut state, _) = self.fold();
        state.settle(Timestamp::from_ms(now));
        state.aliases[&model()]["production"].plans.last().unwrap().end.clone()
    }
}

#[test]
fn a_planned_promotion_holds_from_its_time_on() {
    let book = planned(100);
    assert_eq!(book.at(99), None, "before, the alias is what it was");
    assert_eq!(book.at(100), Some(1));
    let (mut state, refused) = book.fold();
    assert_eq!(refused, []);
    assert_eq!(state.next_due(), Some(Timestamp::from_ms(100)));
    state.settle(Timestamp::from_ms(500));
    assert_eq!(state.next_due(), None);
    let record = &state.aliases[&model()]["production"];
    assert_eq!(record.history.last().map(|it| it.at), Some(Timestamp::from_ms(100)), "its time, not that of the look");
    assert_eq!(record.plans[0].end, Some(PlanEnd::TookEffect));
    assert_eq!(planned(3).at(10), Some(1), "a time that has passed is at once");
}

#[test]
fn whoever_moves_the_alias_before_ends_the_plan() {
    let mut book = planned(100);
    book.say(
        ANN,
        ANN,
        StatementBody::Promoted {
            model: model(),
            alias: "production".into(),
            version: 1,
            reason: String::new(),
            from: None,
        },
    );
    assert!(matches!(book.end_of_plan(500), Some(PlanEnd::Overtaken { .. })));
    book.say(ANN, ANN, StatementBody::AliasRemoved { model: model(), alias: "production".into(), reason: "x".into() });
    assert_eq!(book.at(500), None, "and it does not come back");

    let mut book = planned(100);
    book.plan(200);
    assert_eq!((book.at(150), book.at(200)), (None, Some(1)), "there is one plan at a time, the newest");
}

#[test]
fn a_plan_is_called_off_by_a_publisher_and_before_its_time() {
    let mut book = planned(100);
    book.call_off();
    assert_eq!(book.at(500), None);
    assert!(matches!(book.end_of_plan(500), Some(PlanEnd::CalledOff { .. })));
    book.call_off();
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::NothingPlanned { .. }]), "once");

    let mut book = planned(100);
    let (alias, reason) = ("production".to_owned(), String::new());
    book.say(BOB, BOB, StatementBody::PromotionCalledOff { model: model(), alias, reason });
    assert!(matches!(book.fold().1[..], [ReleaseBlocked::RoleMissing { .. }]), "not by anybody");
    assert_eq!(book.at(100), Some(1));

    // Its time lies between the plan and the statement that calls it off.
    let from = book.statements.len() as i64 + 1;
    let mut late = planned(from);
    late.approve(BOB, BOB);
    late.call_off();
    assert_eq!(late.at(500), Some(1), "what took effect is rolled back, not called off");
}

#[test]
fn what_may_not_be_promoted_when_its_time_comes_is_not() {
    let freeze = |frozen| StatementBody::FreezeSet { frozen, reason: "a look".into() };
    let mut book = planned(100);
    book.say(OLGA, OLGA, freeze(true));
    assert_eq!(book.at(500), None, "the registry stands still");
    assert!(matches!(book.end_of_plan(500), Some(PlanEnd::Lapsed { .. })));
    book.say(OLGA, OLGA, freeze(false));
    assert_eq!(book.at(500), Some(1), "it went on before the time came");

    let from = planned(1).statements.len() as i64 + 2;
    let mut book = planned(from);
    book.say(OLGA, OLGA, freeze(true));
    book.approve(BOB, BOB);
    book.say(OLGA, OLGA, freeze(false));
    assert_eq!(book.at(500), None, "what fell due meanwhile does not come after all");

    let mut book = planned(100);
    let (replacement, reason) = (None, "wrong labels".into());
    book.say(ANN, ANN, StatementBody::Withdrawn { model: model(), version: 1, replacement, reason });
    assert_eq!(book.at(500), None, "the version was withdrawn");
}

#[test]
fn a_clock_that_is_ahead_elsewhere_brings_no_plan_forward() {
    let ahead = |book: &mut Book| book.statements.last_mut().unwrap().statement.at = Timestamp::from_ms(5_000);
    let withdraw = |version| {
        let (replacement, reason) = (None, "wrong labels".into());
        StatementBody::Withdrawn { model: model(), version, replacement, reason }
    };
    let plan_from = |from| StatementBody::Promoted {
        model: model(),
        alias: "production".into(),
        version: 1,
        reason: String::new(),
        from: Some(Timestamp::from_ms(from)),
    };
    let removed = StatementBody::AliasRemoved { model: model(), alias: "production".into(), reason: "x".into() };
    for (who, body) in [
        (BOB, StatementBody::Asked { candidate: candidate(), bundle: bundle(), text: "why?".into() }),
        (OLGA, StatementBody::FreezeSet { frozen: true, reason: "a look".into() }),
        (ANN, withdraw(1)),
        // Its author takes the first plan for one that took effect.
        (ANN, plan_from(9_000)),
        // Who may not move aliases changes nothing, whatever the time that they give.
        (BOB, plan_from(9_000)),
        (BOB, removed),
    ] {
        let mut book = planned(100);
        book.say(who, who, body.clone());
        ahead(&mut book);
        assert_eq!((book.at(99), book.at(100)), (None, Some(1)), "{body:?}");
    }
}
