#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::artifact::ArtifactKind::{self, Code, Dataset, Model, Notebook};
use crate::{Basis, Digest};

/// A project under construction. Times are minutes; files made without one share that of a copy.
#[derive(Default)]
struct Project(Scene);

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

impl Project {
    fn file(&mut self, path: &str, kind: ArtifactKind, minute: i64) -> &mut Self {
        let number = self.0.files.len() as u8 + 1;
        let modified = Timestamp::from_ms(minute * 60_000);
        self.0.files.push(SceneFile { path: path.into(), digest: digest(number), kind, size: 10, modified });
        self
    }

    fn of(&self, path: &str) -> &SceneFile {
        self.0.files.iter().find(|file| file.path.as_str() == path).unwrap()
    }

    fn script(&mut self, path: &str, minute: i64, reads: &[&str], writes: &[&str]) -> &mut Self {
        let kind = if path.ends_with(".ipynb") { Notebook } else { Code };
        self.file(path, kind, minute);
        let file = self.of(path).clone();
        let uses = |patterns: &[&str], first: u32, call: &str| {
            (first..)
                .zip(patterns)
                .map(|(line, pattern)| ScriptUse {
                    pattern: (*pattern).to_owned(),
                    line,
                    call: call.to_owned(),
                    columns: Vec::new(),
                    confidence: 0.9,
                    all: false,
                    when_run: true,
                    flows: Vec::new(),
                })
                .collect()
        };
        self.0.sources.push(Source {
            path: file.path,
            digest: file.digest,
            kind,
            modified: file.modified,
            executed: None,
            runs_itself: true,
            reads: uses(reads, 3, "pandas.read_csv"),
            writes: uses(writes, 9, "joblib.dump"),
            fitted: Vec::new(),
            imports: BTreeSet::new(),
            packages: BTreeSet::new(),
            classes: BTreeSet::new(),
        });
        self
    }

    fn last(&mut self) -> &mut Source {
        self.0.sources.last_mut().unwrap()
    }

    fn runs(&self) -> Vec<InferredRun> {
        infer(&self.0, &[])
    }
}

fn run<'r>(runs: &'r [InferredRun], script: &str) -> &'r InferredRun {
    runs.iter().find(|run| run.script.as_ref().is_some_and(|it| it.as_str() == script)).unwrap()
}

fn sure(edges: &[RunEdge], path: &str) -> f64 {
    edges.iter().find(|edge| edge.path.as_str() == path).map_or(0.0, |edge| edge.confidence.get())
}

#[test]
fn a_path_that_is_written_out_in_one_script_is_believed_and_says_why() {
    let mut project = Project::default();
    project.file("data/train.csv", Dataset, 1).script("train.py", 2, &["data/train.csv"], &["model.pkl"]).file(
        "model.pkl",
        Model,
        3,
    );
    let runs = project.runs();
    let run = run(&runs, "train.py");
    assert!(sure(&run.outputs, "model.pkl") > 0.9);
    assert!(sure(&run.inputs, "data/train.csv") > 0.85);
    assert!(
        run.inputs.iter().chain(&run.outputs).all(|edge| edge.basis == Basis::Inferred && edge.confidence.get() < 1.0)
    );
    assert!(
        run.outputs[0].reasons.iter().any(|reason| reason.why.contains("train.py line 9")),
        "{:?}",
        run.outputs[0].reasons
    );
}

#[test]
fn two_scripts_that_explain_a_file_equally_well_are_both_a_guess() {
    let mut project = Project::default();
    project.file("a.csv", Dataset, 0).file("b.csv", Dataset, 0).file("model.pkl", Model, 0);
    project.script("train_a.py", 0, &["a.csv"], &["model.pkl"]).script("train_b.py", 0, &["b.csv"], &["model.pkl"]);
    let runs = project.runs();
    for script in ["train_a.py", "train_b.py"] {
        let run = run(&runs, script);
        assert!(run.inputs.iter().chain(&run.outputs).all(|edge| edge.confidence.get() < 0.5), "{run:?}");
        assert!(run.outputs[0].reasons.iter().any(|reason| reason.name == "rivals"));
    }
}

#[test]
fn the_class_of_the_model_tells_two_scripts_apart() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("model.pkl", Model, 0);
    project.script("forest.py", 0, &["d.csv"], &["model.pkl"]);
    project.last().classes = ["sklearn.ensemble.RandomForestClassifier".to_owned()].into();
    project.script("linear.py", 0, &["d.csv"], &["model.pkl"]);
    project.last().classes = ["sklearn.linear_model.LogisticRegression".to_owned()].into();
    let traits =
        ModelTraits { classes: vec!["sklearn.linear_model.LogisticRegression".into()], ..ModelTraits::default() };
    let bytes = project.of("model.pkl").digest;
    project.0.models.insert(bytes, traits);
    let runs = project.runs();
    assert!(sure(&run(&runs, "linear.py").outputs, "model.pkl") > 0.8);
    assert!(
        runs.iter()
            .all(|run| run.script.as_ref().unwrap().as_str() != "forest.py" || sure(&run.outputs, "model.pkl") < 0.2)
    );
}

#[test]
fn a_script_that_was_set_aside_loses_to_the_one_in_use() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("model.pkl", Model, 0);
    project.script("train.py", 0, &["d.csv"], &["model.pkl"]).script(
        "archive/train_old.py",
        0,
        &["d.csv"],
        &["model.pkl"],
    );
    let runs = project.runs();
    assert!(sure(&run(&runs, "train.py").outputs, "model.pkl") > 0.8);
}

#[test]
fn what_is_recorded_or_empty_asks_no_question() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("model.pkl", Model, 0).script("train.py", 0, &["d.csv"], &["model.pkl"]);
    let bytes = project.of("model.pkl").digest;
    project.0.recorded.insert(bytes);
    assert_eq!(project.runs(), []);
    project.0.recorded.clear();
    project.0.files[1].size = 0;
    assert_eq!(project.runs(), [], "an empty file is the same everywhere");
}

#[test]
fn an_input_that_was_written_later_is_known_by_its_path_only() {
    let mut project = Project::default();
    project
        .script("train.py", 10, &["d.csv"], &["model.pkl"])
        .file("model.pkl", Model, 20)
        .file("d.csv", Dataset, 500)
        .file("x", Dataset, 900);
    let runs = project.runs();
    let input =
        |runs: &[InferredRun]| runs[0].inputs.iter().find(|edge| edge.path.as_str() == "d.csv").unwrap().clone();
    assert_eq!(input(&runs).digest, None, "those bytes came later");
    // A scan that saw the earlier bytes knows which they were.
    let earlier = Earlier { digest: digest(99), seen: Timestamp::from_ms(0), gone: Timestamp::from_ms(400 * 60_000) };
    project.0.earlier.insert("d.csv".into(), vec![earlier]);
    assert_eq!(input(&project.runs()).digest, Some(digest(99)));
}

#[test]
fn a_wildcard_that_fits_many_is_a_guess_and_a_glob_is_not() {
    let mut project = Project::default();
    for part in ["data/part_1.csv", "data/part_2.csv", "data/part_3.csv"] {
        project.file(part, Dataset, 0);
    }
    project.file("model.pkl", Model, 0).script("train.py", 0, &["data/part_*.csv"], &["model.pkl"]);
    let runs = project.runs();
    assert!(sure(&runs[0].inputs, "data/part_2.csv") < 0.5, "one of three is meant");
    project.last().reads[0].all = true;
    assert!(sure(&project.runs()[0].inputs, "data/part_2.csv") > 0.7, "all of them are meant");
}

#[test]
fn a_script_that_copies_is_not_the_author() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("model.pkl", Model, 0).file("deploy/model.pkl", Model, 0);
    let bytes = project.of("model.pkl").digest;
    project.0.files[2].digest = bytes;
    project.script("train.py", 0, &["d.csv"], &["model.pkl"]).script(
        "deploy.py",
        0,
        &["model.pkl"],
        &["deploy/model.pkl"],
    );
    let runs = project.runs();
    assert!(sure(&run(&runs, "train.py").outputs, "model.pkl") > 0.8);
    assert!(runs.iter().all(|run| run.script.as_ref().unwrap().as_str() != "deploy.py"));
}

#[test]
fn own_intermediates_are_no_inputs_and_what_is_overwritten_is_known_by_its_path() {
    let mut project = Project::default();
    project.file("raw.csv", Dataset, 0).file("clean.csv", Dataset, 0).file("log.csv", Dataset, 0);
    project.script("prepare.py", 0, &["raw.csv", "log.csv"], &["clean.csv", "log.csv"]);
    // Reads back what it wrote before.
    let mut back = project.last().reads[0].clone();
    (back.pattern, back.line) = ("clean.csv".into(), 50);
    project.last().reads.push(back);
    let runs = project.runs();
    assert!(runs[0].inputs.iter().all(|edge| edge.path.as_str() != "clean.csv"));
    let log = runs[0].inputs.iter().find(|edge| edge.path.as_str() == "log.csv").unwrap();
    assert_eq!(log.digest, None, "the bytes that were read were overwritten");
}

#[test]
fn a_model_without_a_script_points_at_its_table_as_a_guess() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("other.csv", Dataset, 0).file("model.pkl", Model, 0);
    let (table, other, model) =
        (project.of("d.csv").digest, project.of("other.csv").digest, project.of("model.pkl").digest);
    project.0.tables.insert(table, vec!["age".into(), "income".into(), "y".into()]);
    project.0.tables.insert(other, vec!["a".into(), "b".into()]);
    project
        .0
        .models
        .insert(model, ModelTraits { features: vec!["age".into(), "num__income".into()], ..ModelTraits::default() });
    let runs = project.runs();
    assert_eq!(runs.len(), 1);
    assert!((0.2..0.5).contains(&sure(&runs[0].inputs, "d.csv")), "{runs:?}");
    assert_eq!(sure(&runs[0].inputs, "other.csv"), 0.0);
}

#[test]
fn a_person_has_the_last_word() {
    let mut project = Project::default();
    project.file("a.csv", Dataset, 0).file("b.csv", Dataset, 0).file("model.pkl", Model, 0);
    project.script("one.py", 0, &["a.csv"], &["model.pkl"]).script("two.py", 0, &["b.csv"], &["model.pkl"]);
    let said = |script: &str, path: &str, way: Way, right: bool| Correction {
        script: Some(script.into()),
        path: path.into(),
        output: Some(digest(3)),
        way,
        right,
        by: "Ada".into(),
        at: Timestamp::from_ms(0),
        reason: "I ran it".into(),
    };
    let runs = infer(&project.0, &[said("two.py", "model.pkl", Way::Wrote, true)]);
    assert_eq!(runs.len(), 1, "one file has one author");
    assert_eq!(runs[0].outputs[0].basis, Basis::Declared);
    assert_eq!(runs[0].outputs[0].confidence.get(), 1.0);
    assert!(runs[0].outputs[0].evidence.contains("Ada said so: I ran it"));
    assert!(sure(&runs[0].inputs, "b.csv") > 0.9, "only the reading is in doubt now");

    let runs = infer(&project.0, &[said("two.py", "model.pkl", Way::Wrote, false)]);
    assert!(runs.iter().all(|run| run.script.as_ref().unwrap().as_str() == "one.py"));

    let both = [
        said("two.py", "model.pkl", Way::Wrote, true),
        said("two.py", "b.csv", Way::Read, false),
        said("two.py", "a.csv", Way::Read, true),
    ];
    let runs = infer(&project.0, &both);
    assert_eq!(sure(&runs[0].inputs, "b.csv"), 0.0);
    assert_eq!(sure(&runs[0].inputs, "a.csv"), 1.0);
}

#[test]
fn a_library_is_the_hand_of_the_script_that_imports_it() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("model.pkl", Model, 0);
    project.script("lib.py", 0, &["d.csv"], &["model.pkl"]);
    project.last().runs_itself = false;
    project.script("main.py", 0, &["d.csv"], &["model.pkl"]);
    project.last().imports = ["lib.py".into()].into();
    let runs = project.runs();
    assert_eq!(runs.len(), 1);
    assert!(sure(&runs[0].inputs, "lib.py") > 0.8 && sure(&runs[0].outputs, "model.pkl") > 0.9);
}

#[test]
fn a_command_that_is_spelled_out_tells_what_the_code_leaves_open() {
    let mut project = Project::default();
    project.file("d.csv", Dataset, 0).file("e.csv", Dataset, 0).file("out/m.pkl", Model, 0).script(
        "train.py",
        0,
        &["*"],
        &["*"],
    );
    project.0.invocations.push(Invocation {
        place: "Makefile line 2".into(),
        script: "train.py".into(),
        command: "python train.py d.csv out/m.pkl".into(),
        arguments: vec!["d.csv".into(), "out/m.pkl".into()],
    });
    let runs = project.runs();
    assert!(sure(&runs[0].outputs, "out/m.pkl") > 0.5, "{runs:?}");
    assert!(sure(&runs[0].inputs, "d.csv") > 0.5);
    assert!(sure(&runs[0].inputs, "e.csv") < 0.3);
}

#[test]
fn a_recorded_run_without_data_read_what_its_script_reads() {
    let mut project = Project::default();
    project.file("data/train.csv", Dataset, 1).file("data/other.csv", Dataset, 1).file("model.skops", Model, 5);
    project.script("train.py", 2, &["data/train.csv"], &[]);
    let output = |project: &Project| {
        let made = project.of("model.skops");
        inputs::edge(made.path.clone(), Some(made.digest), made.kind, 1.0, Vec::new(), String::new(), Vec::new())
    };
    let recorded = |script: &str, minute: i64, project: &Project| RecordedRun {
        script: script.into(),
        ended: Some(Timestamp::from_ms(minute * 60_000)),
        outputs: vec![output(project)],
    };
    let asked =
        [recorded("train.py", 5, &project), recorded("gone.py", 5, &project), recorded("train.py", 0, &project)];
    let found = inputs_of_recorded(&project.0, &asked, &[]);
    assert!(sure(&found[0], "data/train.csv") > 0.85, "{found:?}");
    assert_eq!(sure(&found[0], "data/other.csv"), 0.0);
    assert!(found[1].is_empty(), "a script that is not there tells nothing");
    assert!(sure(&found[2], "data/train.csv") < sure(&found[0], "data/train.csv"), "the script was changed since");
    let wrong = Correction {
        script: Some("train.py".into()),
        path: "data/train.csv".into(),
        output: Some(project.of("model.skops").digest),
        way: Way::Read,
        right: false,
        by: "ada".into(),
        at: Timestamp::from_ms(0),
        reason: String::new(),
    };
    assert!(inputs_of_recorded(&project.0, &asked[..1], &[wrong])[0].is_empty(), "a person's word stands");
}
