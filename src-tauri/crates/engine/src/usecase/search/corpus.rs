//! Everything that can be found, as one text in memory: what is typed is looked for in it at each key stroke.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proofmark_contract::view::SearchHit;
use proofmark_domain::Digest;
use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::id::ProjectId;
use proofmark_domain::run::Run;
use proofmark_ledger::{FileFilter, FileState, Read, ReportKind, Tag};
use serde_json::Value;

use crate::trouble::{Answer, Trouble};
use crate::{Engine, lock};

/// While something writes again and again, a large corpus is not made anew more often than this.
const REST: Duration = Duration::from_secs(1);

/// Below so many things, making it anew takes no time that anybody notices.
const SMALL: usize = 5_000;

/// Parts of the ledger that it is made of.
const MADE_OF: [Tag; 5] = [Tag::Projects, Tag::Files, Tag::Runs, Tag::Reports, Tag::People];

/// Between two things in the text. No name holds it: what does is cut there.
const END: char = '\n';

/// The corpus with the position in the change log up to which it holds, and when it was made.
#[derive(Default)]
pub(crate) struct Shelf(Option<(i64, Instant, Arc<Corpus>)>);

/// All things, and their text in lower case.
#[derive(Default)]
pub(crate) struct Corpus {
    hits: Vec<SearchHit>,
    text: String,
    /// Where the text of each thing begins.
    starts: Vec<usize>,
}

impl Corpus {
    fn add(&mut self, hit: SearchHit, words: &[&str]) {
        self.starts.push(self.text.len());
        for word in std::iter::once(hit.label.as_str()).chain(words.iter().copied()) {
            for letter in word.chars().flat_map(char::to_lowercase) {
                self.text.push(if letter == END { ' ' } else { letter });
            }
            self.text.push(' ');
        }
        self.text.push(END);
        self.hits.push(hit);
    }

    /// The things that hold every word, in their order, up to `most`.
    pub(crate) fn find(&self, typed: &str, most: usize) -> Vec<SearchHit> {
        let mut words: Vec<&str> = typed.split_whitespace().collect();
        // The longest word leaves the fewest places to look at.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let Some((first, others)) = words.split_first() else { return Vec::new() };
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = self.text.get(from..).and_then(|rest| rest.find(first)).map(|at| at + from) {
            let number = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
            let end = self.starts.get(number + 1).copied().unwrap_or(self.text.len());
            let own = &self.text[self.starts[number]..end];
            if others.iter().all(|word| own.contains(word)) {
                found.push(self.hits[number].clone());
                if found.len() >= most {
                    break;
                }
            }
            from = end;
        }
        found
    }
}

impl Engine {
    /// The corpus as the ledger is now, or as it was a moment ago.
    pub(super) fn corpus(&self) -> Answer<Arc<Corpus>> {
        let now = self.ledger().latest_seq()?;
        let mut shelf = lock(&self.0.corpus);
        if let Some((seen, made, corpus)) = &shelf.0 {
            let fresh = *seen == now
                || corpus.hits.len() > SMALL && made.elapsed() < REST
                || !self
                    .ledger()
                    .changes_since(*seen)?
                    .iter()
                    .any(|it| it.tags.iter().any(|tag| MADE_OF.contains(tag)));
            if fresh {
                return Ok(Arc::clone(corpus));
            }
        }
        let corpus = Arc::new(self.ledger().read(|read| build(read))?);
        shelf.0 = Some((now, Instant::now(), Arc::clone(&corpus)));
        Ok(corpus)
    }
}

fn build(read: &Read<'_>) -> Answer<Corpus> {
    let mut corpus = Corpus::default();
    let mut names: BTreeMap<ProjectId, String> = BTreeMap::new();
    for project in read.projects().list()? {
        let hit = SearchHit {
            kind: "project".into(),
            label: project.name.clone(),
            detail: project.root.clone(),
            address: format!("/projects/{}", project.id),
        };
        corpus.add(hit, &[&project.root]);
        names.insert(project.id, project.name);
    }
    let files = read.files().list(&FileFilter::default())?.rows;
    let is_main =
        |kind: ArtifactKind| matches!(kind, ArtifactKind::Model | ArtifactKind::Dataset | ArtifactKind::PredictionLog);
    let name = |id: ProjectId| names.get(&id).map(String::as_str).unwrap_or_default();
    // Models and data are looked for more often than what stands around them.
    for kind in [ArtifactKind::Model, ArtifactKind::Dataset, ArtifactKind::PredictionLog] {
        files
            .iter()
            .filter(|it| it.facts.kind == kind)
            .for_each(|state| add_file(&mut corpus, state, name(state.project)));
    }
    for run in read.runs().all()? {
        add_run(&mut corpus, &run, name(run.project));
    }
    for state in
        files.iter().filter(|it| it.facts.kind == ArtifactKind::Dataset || it.facts.kind == ArtifactKind::Model)
    {
        for column in columns(read, &state.facts.digest, state.facts.kind)? {
            let path = state.facts.path.as_str();
            let what = if state.facts.kind == ArtifactKind::Model { "feature" } else { "column" };
            let hit = SearchHit {
                kind: what.into(),
                label: column,
                detail: format!("{} · {path}", name(state.project)),
                address: address(state.facts.kind, &state.project.to_string(), path),
            };
            corpus.add(hit, &[path]);
        }
    }
    files
        .iter()
        .filter(|it| !is_main(it.facts.kind))
        .for_each(|state| add_file(&mut corpus, state, name(state.project)));
    Ok(corpus)
}

fn add_file(corpus: &mut Corpus, state: &FileState, project: &str) {
    let path = state.facts.path.as_str();
    let hit = SearchHit {
        kind: state.facts.kind.word().into(),
        label: path.to_owned(),
        detail: format!("{project} · {}", state.facts.digest.short()),
        address: address(state.facts.kind, &state.project.to_string(), path),
    };
    corpus.add(hit, &[&state.facts.digest.hex()]);
}

fn add_run(corpus: &mut Corpus, run: &Run, project: &str) {
    let command = run.command.clone().unwrap_or_default();
    let hit = SearchHit {
        kind: "run".into(),
        label: run.name.clone(),
        detail: format!("{project} · {command}"),
        address: format!("/runs/{}", run.id),
    };
    let parameters: Vec<String> = run
        .parameters
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    let metrics: Vec<&str> = run.metrics.keys().map(String::as_str).collect();
    let words = [
        command.as_str(),
        &run.id.to_string(),
        run.foreign_id.as_deref().unwrap_or_default(),
        run.user.as_deref().unwrap_or_default(),
        run.code.commit.as_deref().unwrap_or_default(),
        run.code.branch.as_deref().unwrap_or_default(),
        &parameters.join(" "),
        &metrics.join(" "),
    ];
    corpus.add(hit, &words);
}

/// Columns of a table from its profile or header, features of a model.
fn columns(read: &Read<'_>, digest: &Digest, kind: ArtifactKind) -> Result<Vec<String>, Trouble> {
    let named = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    if kind == ArtifactKind::Model {
        let facts = read.reports().newest::<Value>(ReportKind::ModelFacts, digest)?;
        let features = facts.and_then(|it| it.body.get("features_in").and_then(Value::as_array).cloned());
        return Ok(features.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect());
    }
    let profile = read.reports().newest::<Value>(ReportKind::Profile, digest)?;
    if let Some(columns) = profile.as_ref().and_then(|it| it.body.get("columns")).and_then(Value::as_array) {
        return Ok(columns.iter().filter_map(named).collect());
    }
    Ok(read.reports().newest::<Vec<String>>(ReportKind::Header, digest)?.map(|it| it.body).unwrap_or_default())
}

fn address(kind: ArtifactKind, project: &str, path: &str) -> String {
    match kind {
        ArtifactKind::Dataset | ArtifactKind::PredictionLog => format!("/data/{project}/{path}"),
        ArtifactKind::Model => format!("/models/{project}/{path}"),
        _ => format!("/projects/{project}/files?path={path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(count: usize) -> Corpus {
        let mut corpus = Corpus::default();
        for number in 0..count {
            let hit = SearchHit {
                kind: "dataset".into(),
                label: format!("data/Part_{number}.csv"),
                detail: String::new(),
                address: String::new(),
            };
            corpus.add(hit, &[&format!("{:064x}", number * 7919), "alpha=0.1 Ada\nLovelace"]);
        }
        corpus
    }

    #[test]
    fn every_typed_word_must_stand_in_one_thing() {
        let corpus = corpus(50);
        let labels = |typed: &str| corpus.find(typed, 100).into_iter().map(|it| it.label).collect::<Vec<_>>();
        assert_eq!(labels("part_7.csv"), ["data/Part_7.csv"]);
        assert_eq!(labels("lovelace part_12"), ["data/Part_12.csv"]);
        assert_eq!(labels("alpha=0.1").len(), 50, "each thing once");
        assert!(labels("nowhere").is_empty());
        assert!(labels(" csv 0000 data/part_1 part_2").is_empty(), "no thing has two names");
        assert_eq!(corpus.find("ada", 3).len(), 3);
    }

    /// 100,000 things, at each key stroke.
    #[test]
    fn a_hundred_thousand_things_are_searched_as_one_types() {
        let corpus = corpus(100_000);
        let began = Instant::now();
        for typed in ["p", "pa", "part_9", "part_99", "part_9999", "part_99999.csv", "lovelace part_4711", "zzz"] {
            corpus.find(typed, 2_000);
        }
        let each = began.elapsed() / 8;
        println!("search over 100,000 things: {each:?} for a key stroke");
        assert!(each < Duration::from_millis(150), "{each:?}, in an unoptimised build");
    }
}
