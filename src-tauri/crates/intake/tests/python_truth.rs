//! Labelled scripts and notebooks: how many of the paths, columns and flows that a person would name are found, and how many
//! of those found are right. `cargo test -p proofmark-intake --test python_truth -- --nocapture` prints the table;
//! with `PROOFMARK_TRUTH=tuned` (or the name of a case) also what was missed and what was wrong.
//!
//! The folder `heldout` was labelled before the analyser was first run on it, and the analyser was not changed
//! after a look at it. Its labels are by the author of the analyser, who knew them: they are no blind measurement.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proofmark_domain::artifact::RelPath;
use proofmark_intake::python::{ColumnFlow, ProjectModules, SourceFacts, read_notebook, read_source};
use serde::Deserialize;

#[derive(Deserialize)]
struct Truth {
    source: String,
    reads: Vec<Place>,
    writes: Vec<Place>,
    used: Vec<String>,
    created: Vec<String>,
    renamed: BTreeMap<String, String>,
    dropped: Vec<String>,
    target: Option<String>,
    flows: Vec<Flow>,
}

#[derive(Deserialize)]
struct Place {
    path: String,
    call: String,
}

#[derive(Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Flow {
    read: String,
    from: String,
    into: String,
    to: String,
    kind: String,
}

#[derive(Default, Clone, Copy)]
struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }

    fn precision(self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / (self.right + self.missed).max(1) as f64
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/python")
}

fn files(folder: &Path, below: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, below, found);
        } else if path.file_name().is_some_and(|name| name != "truth.json") {
            let name = path.strip_prefix(below).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn analyse(folder: &Path, source: &str) -> SourceFacts {
    let mut texts = Vec::new();
    files(folder, folder, &mut texts);
    let project = ProjectModules::new(
        texts
            .iter()
            .filter(|(name, _)| !name.ends_with(".ipynb"))
            .map(|(name, text)| (RelPath::new(name), text.as_str())),
    );
    let text = &texts.iter().find(|(name, _)| name == source).unwrap().1;
    let path = RelPath::new(source);
    if source.ends_with(".ipynb") {
        read_notebook(text, &path, &project).unwrap().facts
    } else {
        read_source(text, &path, &project)
    }
}

fn compare(
    what: &str,
    truth: &BTreeSet<(String, String)>,
    found: &BTreeSet<(String, String)>,
    say: &mut dyn FnMut(String),
) -> Score {
    for (kind, name) in truth.difference(found) {
        say(format!("{what} missed: {kind} {name}"));
    }
    for (kind, name) in found.difference(truth) {
        say(format!("{what} wrong: {kind} {name}"));
    }
    Score {
        right: truth.intersection(found).count(),
        wrong: found.difference(truth).count(),
        missed: truth.difference(found).count(),
    }
}

/// `a -> a` beside `* -> *` says nothing more, so either stands for the other.
fn covers(wide: &Flow, narrow: &Flow) -> bool {
    wide == narrow
        || (wide.from == "*"
            && wide.to == "*"
            && narrow.from == narrow.to
            && (&wide.read, &wide.into, &wide.kind) == (&narrow.read, &narrow.into, &narrow.kind))
}

fn flows_of(facts: &SourceFacts) -> BTreeSet<Flow> {
    let flow = |flow: &ColumnFlow, into: &str| Flow {
        read: facts.reads[flow.read].pattern.clone(),
        from: flow.from.clone(),
        into: into.to_owned(),
        to: flow.to.clone(),
        kind: flow.kind.word().to_owned(),
    };
    let written = facts.writes.iter().flat_map(|write| write.flows.iter().map(|it| flow(it, &write.pattern)));
    let fitted = facts.fits.iter().flat_map(|fit| fit.flows.iter().map(|it| flow(it, "fit")));
    written.chain(fitted).collect()
}

#[test]
fn labelled_sources() {
    let wanted = std::env::var("PROOFMARK_TRUTH").unwrap_or_default();
    let mut summary = Vec::new();
    for part in ["tuned", "heldout"] {
        let mut cases: Vec<PathBuf> =
            std::fs::read_dir(fixtures().join(part)).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
        for case in &cases {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            let truth: Truth =
                serde_json::from_str(&std::fs::read_to_string(case.join("truth.json")).unwrap()).unwrap();
            let facts = analyse(case, &truth.source);
            let mut say = |line: String| {
                if wanted == part || wanted == name {
                    println!("  {name}: {line}");
                }
            };
            let is_entry = facts.is_entry();
            let counts = |use_: &&proofmark_intake::python::PathUse| use_.when_run || !is_entry;
            let pair = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
            let wanted_paths = truth.reads.iter().map(|place| pair("read", &place.path));
            let wanted_paths =
                wanted_paths.chain(truth.writes.iter().map(|place| pair("write", &place.path))).collect();
            let paths = facts.reads.iter().filter(counts).map(|found| pair("read", &found.pattern));
            let paths =
                paths.chain(facts.writes.iter().filter(counts).map(|found| pair("write", &found.pattern))).collect();
            scores.entry("paths").or_default().add(compare("path", &wanted_paths, &paths, &mut say));

            let calls: BTreeSet<_> = truth
                .reads
                .iter()
                .map(|place| pair("read", &format!("{} {}", place.path, place.call)))
                .chain(truth.writes.iter().map(|place| pair("write", &format!("{} {}", place.path, place.call))))
                .collect();
            let found: BTreeSet<_> = facts
                .reads
                .iter()
                .filter(counts)
                .map(|it| pair("read", &format!("{} {}", it.pattern, it.call)))
                .chain(
                    facts.writes.iter().filter(counts).map(|it| pair("write", &format!("{} {}", it.pattern, it.call))),
                )
                .collect();
            let mut quiet = |line: String| {
                if wanted == "calls" {
                    println!("  {name}: {line}")
                }
            };
            scores.entry("paths with call").or_default().add(compare("call", &calls, &found, &mut quiet));

            let columns = |used: &[String],
                           created: &[String],
                           renamed: &BTreeMap<String, String>,
                           dropped: &[String],
                           target: &Option<String>| {
                let mut all = BTreeSet::new();
                all.extend(used.iter().map(|name| pair("used", name)));
                all.extend(created.iter().map(|name| pair("created", name)));
                all.extend(renamed.iter().map(|(old, new)| pair("renamed", &format!("{old} > {new}"))));
                all.extend(dropped.iter().map(|name| pair("dropped", name)));
                all.extend(target.iter().map(|name| pair("target", name)));
                all
            };
            let wanted_columns = columns(&truth.used, &truth.created, &truth.renamed, &truth.dropped, &truth.target);
            let found = columns(
                &facts.columns_used,
                &facts.columns_created,
                &facts.renames,
                &facts.columns_dropped,
                &facts.target,
            );
            scores.entry("columns").or_default().add(compare("column", &wanted_columns, &found, &mut say));

            // Cases without labelled flows say nothing about them.
            if !truth.flows.is_empty() {
                let found = flows_of(&facts);
                let mut score = Score::default();
                for flow in &truth.flows {
                    if found.iter().any(|other| covers(other, flow)) {
                        score.right += 1;
                    } else {
                        score.missed += 1;
                        say(format!("flow missed: {flow:?}"));
                    }
                }
                for flow in &found {
                    if !truth.flows.iter().any(|other| covers(other, flow)) {
                        score.wrong += 1;
                        say(format!("flow wrong: {flow:?}"));
                    }
                }
                scores.entry("column flows").or_default().add(score);
            }
        }
        println!("{part}: {} sources", cases.len());
        for (what, score) in &scores {
            println!(
                "  {what:<16} right {:>4}  wrong {:>3}  missed {:>3}  precision {:.3}  recall {:.3}",
                score.right,
                score.wrong,
                score.missed,
                score.precision(),
                score.recall()
            );
        }
        summary.push((part, cases.len(), scores));
    }
    assert!(summary.iter().map(|(_, cases, _)| cases).sum::<usize>() >= 120);
    for (part, _, scores) in &summary {
        for what in ["paths", "columns", "column flows"] {
            let score = &scores[what];
            assert!(
                score.precision() >= 0.95 && score.recall() >= 0.95,
                "{what} of {part}: precision {:.3}, recall {:.3}",
                score.precision(),
                score.recall()
            );
        }
    }
}
