//! What a script would read if it were run now, as far as its code tells.

use super::place::Fit;
use super::scene::{Scene, SceneFile, Source, View};
use crate::artifact::RelPath;

/// A file that a script would read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAhead {
    /// The file.
    pub path: RelPath,
    /// The line of the script that reads it, from 1.
    pub line: u32,
    /// The call that does it, such as `pandas.read_csv`.
    pub call: String,
}

/// Uses that the analysis is less sure of say nothing about a run that has not begun.
const LEAST_SURE: f64 = 0.5;

/// The files of a project that `source` would read. A path of which hardly anything is known means no file here: it would mean
/// half of the project. What the script itself writes further up is no file that lies there now.
pub fn reads_ahead(files: &[SceneFile], source: &Source) -> Vec<ReadAhead> {
    let scene = Scene { files: files.to_vec(), sources: vec![source.clone()], ..Scene::default() };
    let view = View::new(&scene);
    let writes_before = |path: &RelPath, line: u32| {
        let before = source.writes.iter().filter(|used| used.line < line && used.confidence >= LEAST_SURE);
        before.flat_map(|used| view.fitting(source, used)).any(|(file, fit)| file.path == *path && fit == Fit::Whole)
    };
    let mut found: Vec<ReadAhead> = Vec::new();
    for used in source.reads.iter().filter(|used| used.confidence >= LEAST_SURE) {
        let fitting = view.fitting(source, used);
        let only = fitting.len() == 1;
        let meant = |fit: Fit| match fit {
            Fit::Whole | Fit::TwoPlaces | Fit::Elsewhere | Fit::Part => true,
            Fit::Folder => used.all || only,
            Fit::NameOnly | Fit::Ending => false,
        };
        for (file, _) in fitting.iter().filter(|(_, fit)| meant(*fit)) {
            if !found.iter().any(|it| it.path == file.path) && !writes_before(&file.path, used.line) {
                found.push(ReadAhead { path: file.path.clone(), line: used.line, call: used.call.clone() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ScriptUse;
    use super::*;
    use crate::artifact::ArtifactKind;
    use crate::{Digest, Timestamp};

    fn file(path: &str) -> SceneFile {
        SceneFile {
            path: RelPath::from(path),
            digest: Digest::from_bytes([path.len() as u8; 32]),
            kind: ArtifactKind::Dataset,
            size: 1,
            modified: Timestamp::from_ms(0),
        }
    }

    fn source(reads: &[(&str, f64, bool)]) -> Source {
        Source {
            path: RelPath::from("src/train.py"),
            digest: Digest::from_bytes([0; 32]),
            kind: ArtifactKind::Code,
            modified: Timestamp::from_ms(0),
            executed: None,
            runs_itself: true,
            reads: reads
                .iter()
                .enumerate()
                .map(|(at, (pattern, confidence, all))| ScriptUse {
                    pattern: (*pattern).into(),
                    line: at as u32 + 1,
                    call: "pandas.read_csv".into(),
                    confidence: *confidence,
                    all: *all,
                    ..ScriptUse::default()
                })
                .collect(),
            writes: Vec::new(),
            fitted: Vec::new(),
            imports: BTreeSet::new(),
            packages: BTreeSet::new(),
            classes: BTreeSet::new(),
        }
    }

    #[test]
    fn written_paths_and_globs_are_meant_and_guesses_are_not() {
        let files = [file("data/a.csv"), file("data/b.csv"), file("data/sales_2026.csv"), file("other/c.csv")];
        let read = |reads: &[(&str, f64, bool)]| -> Vec<(String, u32)> {
            reads_ahead(&files, &source(reads)).into_iter().map(|it| (it.path.to_string(), it.line)).collect()
        };
        assert_eq!(read(&[("data/a.csv", 0.9, false)]), [("data/a.csv".to_owned(), 1)]);
        assert_eq!(read(&[("../data/b.csv", 0.9, false)]), [("data/b.csv".to_owned(), 1)], "relative to the script");
        assert_eq!(read(&[("data/sales_*.csv", 0.9, false)]), [("data/sales_2026.csv".to_owned(), 1)]);
        assert_eq!(read(&[("data/*.csv", 0.9, true)]).len(), 3, "a glob means every file of the folder");
        assert_eq!(read(&[("data/*.csv", 0.9, false)]), [], "one of three, nobody knows which");
        let mut rewrites = source(&[("x.csv", 0.9, false), ("data/a.csv", 0.9, false), ("data/b.csv", 0.9, false)]);
        rewrites.writes =
            vec![ScriptUse { pattern: "data/b.csv".into(), line: 2, confidence: 0.9, ..ScriptUse::default() }];
        let found: Vec<String> = reads_ahead(&files, &rewrites).into_iter().map(|it| it.path.to_string()).collect();
        assert_eq!(found, ["data/a.csv"], "what it writes first is another file by then");
        assert_eq!(read(&[("*", 0.9, false), ("data/a.csv", 0.2, false)]), [], "hardly anything is known of it");
    }
}
