#![allow(clippy::unwrap_used, missing_docs)]
//! Holds what is read from model files against what the live objects said when the files were made, and prints the table
//! "format x fact: read, right, wrong, absent":
//!
//!     cargo test -p proofmark-intake --test model_facts -- --nocapture
//!
//! `PROOFMARK_MODELS=FOLDER` adds a folder of files with an `expected.json` beside them, such as `make_genuine.py FOLDER` writes.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use proofmark_domain::model::{ModelFacts, SafetyVerdict};
use proofmark_intake::model::{Limits, read_model};
use serde_json::{Map, Value};

type Expected = BTreeMap<String, Map<String, Value>>;

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    read: usize,
    right: usize,
    wrong: usize,
    absent: usize,
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<(String, String), Tally>,
    verdicts: BTreeMap<String, BTreeMap<String, usize>>,
    complaints: Vec<String>,
}

const PLAIN: [&str; 11] = [
    "format",
    "framework",
    "framework_version",
    "class",
    "steps",
    "parts",
    "features_in",
    "outputs",
    "classes",
    "tensors",
    "signature",
];

impl Table {
    fn look(&mut self, name: &str, path: &Path, want: &Map<String, Value>) {
        let facts = match read_model(path, &Limits::default()) {
            Ok(facts) => facts,
            Err(error) => {
                self.complaints.push(format!("{name}: {error}"));
                return;
            }
        };
        let format = facts.format.clone();
        let got = serde_json::to_value(&facts).unwrap();
        for fact in PLAIN.iter().filter(|fact| want.contains_key(**fact)) {
            self.compare(name, &format, fact, &want[*fact], &got[*fact]);
        }
        for group in ["parameters", "training"] {
            for (key, want) in want.get(group).and_then(Value::as_object).into_iter().flatten() {
                self.compare(name, &format, group, want, got[group].get(key).unwrap_or(&Value::Null));
            }
        }
        for (key, want) in want.get("packages").and_then(Value::as_object).into_iter().flatten() {
            let got = got["environment"]["packages"].get(key).unwrap_or(&Value::Null);
            self.compare(name, &format, "packages", want, got);
        }
        self.judge(name, &format, &facts, want);
    }

    fn compare(&mut self, name: &str, format: &str, fact: &str, want: &Value, got: &Value) {
        let tally = self.rows.entry((format.to_owned(), fact.to_owned())).or_default();
        if !got.is_null() {
            tally.read += 1;
        }
        if same(want, got) {
            tally.right += 1;
        } else if got.is_null() {
            tally.absent += 1;
            self.complaints.push(format!("{name}: {fact} is absent, wanted {}", short(want)));
        } else {
            tally.wrong += 1;
            self.complaints.push(format!("{name}: {fact} is {}, wanted {}", short(got), short(want)));
        }
    }

    fn judge(&mut self, name: &str, format: &str, facts: &ModelFacts, want: &Map<String, Value>) {
        let verdict = serde_json::to_value(facts.safety.verdict).unwrap();
        let word = verdict.as_str().unwrap().to_owned();
        *self.verdicts.entry(format.to_owned()).or_default().entry(word).or_default() += 1;
        let wrong = want.get("verdict").is_some_and(|want| *want != verdict)
            || want.get("verdict_not").is_some_and(|want| *want == verdict);
        if wrong {
            self.complaints.push(format!("{name}: verdict {verdict}: {:?}", facts.safety.reasons));
        }
    }

    fn print(&self) {
        println!("{:<18} {:<18} {:>6} {:>6} {:>6} {:>6}", "format", "fact", "read", "right", "wrong", "absent");
        for ((format, fact), it) in &self.rows {
            println!("{format:<18} {fact:<18} {:>6} {:>6} {:>6} {:>6}", it.read, it.right, it.wrong, it.absent);
        }
        let sum = self.rows.values().fold(Tally::default(), |sum, it| Tally {
            read: sum.read + it.read,
            right: sum.right + it.right,
            wrong: sum.wrong + it.wrong,
            absent: sum.absent + it.absent,
        });
        println!("{:<37} {:>6} {:>6} {:>6} {:>6}", "all", sum.read, sum.right, sum.wrong, sum.absent);
        for (format, words) in &self.verdicts {
            println!("verdicts of {format}: {words:?}");
        }
    }
}

/// Texts of JSON write numbers in more than one way.
fn same(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Number(want), Value::Number(got)) => want.as_f64() == got.as_f64(),
        (Value::Array(want), Value::Array(got)) => {
            want.len() == got.len() && want.iter().zip(got).all(|(want, got)| same(want, got))
        }
        (Value::Object(want), Value::Object(got)) => {
            want.len() == got.len() && want.iter().all(|(key, want)| got.get(key).is_some_and(|got| same(want, got)))
        }
        _ => want == got,
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/models")
}

fn expected(bytes: &[u8]) -> Expected {
    serde_json::from_slice(bytes).unwrap()
}

fn look_at_folder(table: &mut Table, folder: &Path) {
    for (name, want) in expected(&std::fs::read(folder.join("expected.json")).unwrap()) {
        table.look(&name, &folder.join(&name), &want);
    }
}

#[test]
fn what_is_read_is_what_the_live_objects_said() {
    let mut table = Table::default();
    look_at_folder(&mut table, &fixtures());
    if let Some(folder) = std::env::var_os("PROOFMARK_MODELS") {
        look_at_folder(&mut table, Path::new(&folder));
    }
    table.print();
    assert!(table.complaints.is_empty(), "{}\n", table.complaints.join("\n"));
}

#[test]
fn genuine_models_are_never_dangerous_and_nearly_all_safe() {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(fixtures().join("genuine.zip")).unwrap()).unwrap();
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let expected = expected(&member("expected.json"));
    let folder = tempfile::tempdir().unwrap();
    let (mut table, mut verdicts) = (Table::default(), BTreeMap::new());
    for (name, want) in &expected {
        let path = folder.path().join("model");
        std::fs::write(&path, member(name)).unwrap();
        table.look(name, &path, want);
        let facts = read_model(&path, &Limits::default()).unwrap();
        assert_ne!(facts.safety.verdict, SafetyVerdict::Dangerous, "{name}: {:?}", facts.safety.reasons);
        if facts.safety.verdict == SafetyVerdict::Unverified {
            println!("{name} could not be verified: {:?}", facts.safety.reasons);
        }
        *verdicts.entry(facts.safety.verdict).or_insert(0) += 1;
    }
    table.print();
    let safe = verdicts.get(&SafetyVerdict::Safe).copied().unwrap_or(0);
    println!("{safe} of {} genuine models are safe, none is dangerous", expected.len());
    assert!(expected.len() >= 100);
    assert!(safe * 100 >= expected.len() * 95, "{safe} of {}", expected.len());
    assert!(table.complaints.is_empty(), "{}\n", table.complaints.join("\n"));
}
