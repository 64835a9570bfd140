use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::job::JobState;
use proofmark_domain::lineage::{Direction, NodeKind};
use proofmark_domain::person::Role;
use proofmark_domain::project::Project;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::CandidateState;

use super::Sandbox;

const MODEL: &str = "models/credit_model.joblib";
const PASSPHRASE: &str = "a passphrase for tests";

fn open_sample(sandbox: &Sandbox) -> Project {
    sandbox.engine.sample_open(Nothing {}).unwrap();
    let project = sandbox.engine.project_at(&sandbox.engine.home().sample()).unwrap();
    // Opening begins to watch; the test wants to know when the look is over.
    sandbox.engine.unwatch(project.id);
    sandbox.scan(&project);
    project
}

pub(super) fn wait(sandbox: &Sandbox, job: JobRef) {
    let ended = sandbox.engine.wait_for(job.job).unwrap();
    assert_eq!(ended.state, JobState::Done, "{:?}", ended.error);
}

fn person(sandbox: &Sandbox, name: &str) -> proofmark_domain::person::LocalPerson {
    let request =
        PersonCreate { name: name.into(), contact: None, passphrase: Some(PASSPHRASE.into()), keychain: false };
    let people = sandbox.engine.person_create(request).unwrap().people;
    people.into_iter().find(|it| it.card.name == name).unwrap()
}

fn act_as(sandbox: &Sandbox, person: &proofmark_domain::person::LocalPerson) {
    sandbox.engine.person_select(PersonRef { person: person.card.id }).unwrap();
}

#[test]
fn from_a_folder_to_a_published_model() {
    let sandbox = Sandbox::new();
    let project = open_sample(&sandbox);
    let engine = &sandbox.engine;

    wait(&sandbox, engine.screen_start(ScreenStart { project: project.id, path: None }).unwrap());
    let production = engine.dataset_show(sandbox.place(&project, "data/production/transactions_2026-10.csv")).unwrap();
    assert_eq!(production.row.verdict, Some(CheckVerdict::Fail), "agents typed -1 into the amount");
    assert!(production.sentence.contains("amount"), "{}", production.sentence);
    let train = engine.dataset_show(sandbox.place(&project, "data/processed/train.parquet")).unwrap();
    assert_eq!(train.row.verdict, Some(CheckVerdict::Pass), "{:?}", train.check);
    let customers = engine.dataset_show(sandbox.place(&project, "data/raw/customers.csv")).unwrap();
    assert!(customers.row.labels.iter().any(|it| it == "iban"), "{:?}", customers.row.labels);
    let email = customers.profile.unwrap().column("email").cloned().unwrap();
    assert!(email.masked && email.min.is_none(), "values of a sensitive column are not kept");

    let query = LineageQuery {
        project: project.id,
        focus: Some(MODEL.into()),
        direction: Direction::Up,
        depth: None,
        data_only: false,
        least_confidence: None,
    };
    let lineage = engine.lineage(query).unwrap();
    let has = |kind, label: &str| lineage.graph.nodes.iter().any(|node| node.kind == kind && node.label == label);
    assert!(
        has(NodeKind::Dataset, "data/raw/customers.csv") && has(NodeKind::Code, "src/train.py"),
        "data and code lie upstream"
    );
    let model = engine.model_show(sandbox.place(&project, MODEL)).unwrap();
    let carried = |label: &str| model.labels.iter().any(|it| it.label == label);
    assert!(carried("gender") && carried("postcode"), "labels are carried to the model: {:?}", model.row.labels);
    assert!(!carried("iban") && !carried("email"), "the code leaves these columns behind: {:?}", model.row.labels);
    assert!(
        model.features.iter().any(|it| it.name == "gender" && !it.labels.is_empty()),
        "gender reached it as a feature"
    );

    let drift = DriftStart {
        project: project.id,
        reference: "data/processed/train.parquet".into(),
        current: "data/production/features_2026-10.parquet".into(),
        target: None,
    };
    wait(&sandbox, engine.drift_start(drift).unwrap());
    let report = engine.drift_list(ProjectFilter::default()).unwrap().reports.remove(0);
    let figure = engine.figure(FigureQuery::DriftEffects { report: report.report }).unwrap();
    assert!(figure.svg.starts_with("<svg") && !figure.marks.is_empty(), "the comparison has a picture");

    let ana = person(&sandbox, "Ana Sousa");
    let ben = person(&sandbox, "Ben Okafor");
    act_as(&sandbox, &ana);
    let place = sandbox.path("registry");
    let create = RegistryCreate {
        path: place.to_string_lossy().into_owned(),
        name: "Kestrel".into(),
        passphrase: Some(PASSPHRASE.into()),
    };
    engine.registry_create(create).unwrap();
    let admit = RegistryAdmit {
        expires: None,
        person: ben.card.clone(),
        roles: [Role::Approver].into(),
        fingerprint: Some(ben.fingerprint.clone()),
        passphrase: Some(PASSPHRASE.into()),
    };
    engine.registry_admit(admit).unwrap();

    let submit = CandidateSubmit {
        project: project.id,
        path: MODEL.into(),
        model: "kestrel-credit".into(),
        purpose: "Ranks applications for review by a person.".into(),
        limits: String::new(),
        note: "First release".into(),
        risk: String::new(),
        passphrase: Some(PASSPHRASE.into()),
    };
    wait(&sandbox, engine.candidate_submit(submit).unwrap());
    let candidate = engine.candidate_list(Nothing {}).unwrap().candidates.remove(0);
    let show = || engine.candidate_show(CandidateRef { candidate: candidate.candidate }).unwrap();
    assert!(!show().may_approve.allowed, "the submitter is not the approver");
    let decide = |approve| CandidateDecide {
        candidate: candidate.candidate,
        bundle: candidate.bundle,
        approve,
        reason: "Gates pass; the use is permitted.".into(),
        passphrase: Some(PASSPHRASE.into()),
    };
    assert_eq!(engine.candidate_decide(decide(true)).unwrap_err().0.code, ErrorCode::Blocked);

    act_as(&sandbox, &ben);
    assert!(show().row.waits_for_me, "it waits for the second person");
    let wrong = CandidateDecide { passphrase: Some("not the passphrase".into()), ..decide(true) };
    assert_eq!(engine.candidate_decide(wrong).unwrap_err().0.code, ErrorCode::WrongPassphrase);
    assert_eq!(engine.candidate_decide(decide(true)).unwrap().row.state, CandidateState::Approved);

    act_as(&sandbox, &ana);
    let publish = CandidatePublish {
        candidate: candidate.candidate,
        confirm: "kestrel-credit".into(),
        alias: Some("production".into()),
        passphrase: Some(PASSPHRASE.into()),
    };
    let mistyped = CandidatePublish { confirm: "kestrel".into(), ..publish.clone() };
    assert_eq!(engine.candidate_publish(mistyped).unwrap_err().0.code, ErrorCode::InvalidRequest);
    wait(&sandbox, engine.candidate_publish(publish).unwrap());
    let registry = engine.registry_show(Nothing {}).unwrap();
    assert_eq!(registry.models[0].versions[0].aliases, ["production"]);
    wait(&sandbox, engine.registry_verify(Nothing {}).unwrap());

    let model = place.join("models/kestrel-credit/version-1/model/credit_model.joblib");
    flip(&model);
    assert_eq!(
        engine.verify_directory(&place, None).unwrap().verdict,
        RegistryVerdict::Damaged,
        "one changed bit shows"
    );
    let verdict = engine.audit_verify(Nothing {}).unwrap();
    assert!(verdict.intact && verdict.entries > 10, "every step is in the audit, and its chain holds");
}

/// Changes one bit in the middle. The file may be linked to the registry's store of objects, so it is written anew.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_busy_engine_answers_every_read() {
    let sandbox = Sandbox::new();
    let engine = &sandbox.engine;
    let overview = engine.overview(Nothing {}).unwrap();
    assert!(overview.first_run && overview.attention.is_empty(), "nothing was added yet");
    assert!(!engine.registry_show(Nothing {}).unwrap().attached);
    assert!(engine.governance(Nothing {}).unwrap().rows.is_empty());
    assert!(engine.search(Search { text: "x".into(), limit: None }).unwrap().hits.is_empty());
    let caller = crate::Caller::window("other");
    let call = proofmark_contract::Call::sample_open(Nothing {});
    assert_eq!(engine.dispatch(&caller, call).unwrap_err().code, ErrorCode::Blocked, "only the main window may write");
}
