//! What a command would read of the data that is held back, found before it is started. Nothing is executed for this.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_contract::view::ScreenStart;
use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::hold::{HoldFrom, HoldWord};
use proofmark_domain::inference::{SceneFile, Source, reads_ahead};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunSource};
use proofmark_intake::files::label_of;
use proofmark_ledger::{FileState, ReportKind};

use super::Holds;
use crate::Engine;
use crate::infer::{commands_in, may_hold_commands};
use crate::scan::is_tabular;
use crate::trouble::{Answer, Trouble};

/// Data that is held back and that a command would read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldRead {
    pub(crate) path: RelPath,
    pub(crate) digest: Digest,
    pub(crate) word: HoldWord,
    /// How it is known, as `train.py line 3 reads it (pandas.read_csv)`.
    pub(crate) how: String,
}

impl HeldRead {
    /// Why the command is not started.
    pub(crate) fn sentence(&self) -> String {
        let (at, reason) = (self.word.at, self.word.why());
        format!(
            "{} is held back by {} since {at}: {reason} By what is known, {}.",
            self.path,
            self.word.who(),
            self.how
        )
    }
}

type Present = BTreeMap<RelPath, FileState>;

impl Engine {
    /// What a command would read of the data that is held back. Where the project has bad data held back by itself, what the
    /// command would read is looked at first.
    pub(crate) fn held_reads(
        &self,
        project: &Project,
        present: &Present,
        argv: &[OsString],
        folder: &Path,
        notebook: Option<&Path>,
    ) -> Answer<Vec<HeldRead>> {
        let from = self.config_now(project)?.config.screening.hold;
        let mut holds = self.holds(project)?;
        if from == HoldFrom::Never && !holds.values().any(|(_, word)| word.is_held()) {
            return Ok(Vec::new());
        }
        let reads = self.reads_of(project, present, argv, folder, notebook)?;
        if from != HoldFrom::Never {
            self.look_first(project, present, &reads)?;
            // What was looked at before the project said so is judged by it, too.
            let read: Vec<_> = reads.keys().filter_map(|path| Some(present.get(path)?.facts.clone())).collect();
            self.hold_by_screening(project, &read, from)?;
            holds = self.holds(project)?;
        }
        Ok(held_among(&reads, present, &holds))
    }

    /// Looks at the data that nobody has looked at yet, if the command would read some of it.
    fn look_first(&self, project: &Project, present: &Present, reads: &BTreeMap<RelPath, String>) -> Answer<()> {
        let unseen = |engine: &Self| -> Answer<Vec<RelPath>> {
            let files: Vec<&FileState> = reads.keys().filter_map(|path| present.get(path)).collect();
            let heads = engine.ledger().read::<_, Trouble>(|read| {
                Ok(read.reports().newest_heads(ReportKind::Profile, files.iter().map(|it| &it.facts.digest))?)
            })?;
            let waiting = files.into_iter().zip(heads).filter(|(_, head)| head.is_none());
            Ok(waiting.map(|(state, _)| state.facts.path.clone()).collect())
        };
        if unseen(self)?.is_empty() {
            return Ok(());
        }
        // All that waits, not only what is read: data is judged beside the version before it and the tables beside it.
        let all = self.screen_start(ScreenStart { project: project.id, path: None })?;
        self.wait_for(all.job)?;
        for path in unseen(self)? {
            let path = Some(path.as_str().to_owned());
            let one = self.screen_start(ScreenStart { project: project.id, path })?;
            self.wait_for(one.job)?;
        }
        Ok(())
    }

    /// The data that a command would read, each with how that is known.
    fn reads_of(
        &self,
        project: &Project,
        present: &Present,
        argv: &[OsString],
        folder: &Path,
        notebook: Option<&Path>,
    ) -> Answer<BTreeMap<RelPath, String>> {
        let root = Path::new(&project.root);
        let runs = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().of_project(project.id)?))?;
        let words: Vec<String> = argv.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        // What was read by other code says nothing about this one, which is read below.
        let last = last_like(&runs, &words, folder).filter(|run| ran_this_code(run, present));
        let written = |path: &RelPath| {
            let wrote = |run: &Run| run.outputs.iter().any(|edge| edge.path == *path);
            last.is_some_and(|run| wrote(run) && !run.inputs.iter().any(|edge| edge.path == *path))
        };
        let mut reads: BTreeMap<RelPath, String> = BTreeMap::new();
        for (argument, before) in argv.iter().skip(1).zip(&words) {
            let text = argument.to_string_lossy();
            if is_for_output(&text, before) || is_a_target(&text, before, &words) {
                continue;
            }
            for path in paths_in(argument, folder).iter().filter_map(|it| label(root, it)) {
                for data in data_under(present, &path).into_iter().filter(|it| !written(it)) {
                    let shown = argument.to_string_lossy();
                    reads.entry(data).or_insert_with(|| format!("the command is given `{shown}`"));
                }
            }
        }
        let sources = self.sources(project, &|| false)?;
        let files: Vec<SceneFile> = present
            .values()
            .filter(|it| is_tabular(it.facts.kind))
            .map(|state| SceneFile {
                path: state.facts.path.clone(),
                digest: state.facts.digest,
                kind: state.facts.kind,
                size: state.facts.size,
                modified: state.facts.modified,
            })
            .collect();
        for script in scripts_of(root, present, &sources, argv, folder, notebook) {
            let Some(source) = sources.iter().find(|source| source.path == script) else { continue };
            for read in reads_ahead(&files, source) {
                // Lines of a notebook are counted over all of its cells, which says nothing to a reader.
                let line =
                    if source.kind == ArtifactKind::Notebook { String::new() } else { format!(" line {}", read.line) };
                reads.entry(read.path).or_insert_with(|| format!("{script}{line} reads it ({})", read.call));
            }
        }
        for (path, how) in by_record(&runs, last, &words) {
            reads.entry(path).or_insert(how);
        }
        Ok(reads)
    }
}

fn held_among(reads: &BTreeMap<RelPath, String>, present: &Present, holds: &Holds) -> Vec<HeldRead> {
    reads
        .iter()
        .filter_map(|(path, how)| {
            let digest = present.get(path)?.facts.digest;
            let (_, word) = holds.get(&digest).filter(|(_, word)| word.is_held())?;
            Some(HeldRead { path: path.clone(), digest, word: word.clone(), how: how.clone() })
        })
        .collect()
}

/// What an argument may name: itself, or what stands after the sign of equality of an option.
fn paths_in(argument: &OsStr, folder: &Path) -> Vec<PathBuf> {
    let text = argument.to_string_lossy();
    let value = text.split_once('=').map(|(_, value)| value.to_owned());
    let named = std::iter::once(argument.to_owned()).chain(value.map(OsString::from));
    named.filter(|it| !it.is_empty()).filter_map(|it| fs::canonicalize(folder.join(it)).ok()).collect()
}

fn label(root: &Path, path: &Path) -> Option<RelPath> {
    label_of(root, path).ok()
}

/// A data set, or those in a folder. The folder of the project itself says nothing about what is read.
fn data_under(present: &Present, path: &RelPath) -> Vec<RelPath> {
    let is_data = |state: &&FileState| is_tabular(state.facts.kind);
    if let Some(state) = present.get(path) {
        return Some(state).filter(is_data).map(|it| it.facts.path.clone()).into_iter().collect();
    }
    if path.as_str().is_empty() {
        return Vec::new();
    }
    let inside = format!("{path}/");
    let within = present.values().filter(is_data).filter(|it| it.facts.path.as_str().starts_with(&inside));
    within.map(|it| it.facts.path.clone()).collect()
}

/// The scripts and notebooks that a command runs: those that it names, the module after `-m`, and those of the shell scripts
/// and makefiles that it names.
fn scripts_of(
    root: &Path,
    present: &Present,
    sources: &[Source],
    argv: &[OsString],
    folder: &Path,
    notebook: Option<&Path>,
) -> BTreeSet<RelPath> {
    let known: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut found = BTreeSet::new();
    let words: Vec<String> = argv.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    for pair in words.windows(2) {
        if let [option, module] = pair
            && option == "-m"
        {
            let written = module.replace('.', "/");
            let places = [format!("{written}.py"), format!("{written}/__main__.py")];
            let places = places.iter().flat_map(|it| [folder.join(it), folder.join("src").join(it)]);
            found.extend(places.filter_map(|it| label(root, &fs::canonicalize(it).ok()?)));
        }
    }
    let files = argv.iter().map(|it| folder.join(it)).chain(notebook.map(Path::to_path_buf));
    for path in files.filter_map(|it| label(root, &fs::canonicalize(it).ok()?)) {
        let Some(state) = present.get(&path) else { continue };
        if state.facts.size <= crate::infer::LARGEST_RECIPE && may_hold_commands(&path) {
            // A recipe that cannot be read says nothing; whoever runs it will hear why.
            let bytes = fs::read(root.join(path.as_str())).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            found.extend(commands_in(&path, &text, &known).into_iter().map(|it| it.script));
        }
        found.insert(path);
    }
    found.retain(|path| known.contains(path.as_str()));
    found
}

/// Whether an argument says where to write: `--output`, `--out-dir=x`, `-o x`.
fn is_for_output(argument: &str, before: &str) -> bool {
    let is_output = |option: &str| {
        let name = option.trim_start_matches('-').to_lowercase();
        option.starts_with('-')
            && (name == "o"
                || name
                    .split(['-', '_'])
                    .any(|part| matches!(part, "out" | "output" | "outfile" | "dest" | "save" | "write")))
    };
    match argument.split_once('=') {
        Some((option, _)) if option.starts_with('-') => is_output(option),
        _ => !argument.starts_with('-') && is_output(before) && !before.contains('='),
    }
}

/// Whether a bare word names what a tool shall make, or a module, rather than data: `make data`, `dvc repro data`, `python -m data`.
fn is_a_target(argument: &str, before: &str, words: &[String]) -> bool {
    const TOOLS: &[&str] = &["make", "gmake", "ninja", "just", "task", "dvc", "snakemake", "invoke"];
    if argument.contains(['/', '\\', '=', '.']) {
        return false;
    }
    let program = words.first().map(|it| it.rsplit(['/', '\\']).next().unwrap_or(it).trim_end_matches(".exe"));
    before == "-m" || program.is_some_and(|it| TOOLS.contains(&it))
}

/// The last recorded run of the same command in the same folder.
fn last_like<'r>(runs: &'r [Run], words: &[String], folder: &Path) -> Option<&'r Run> {
    let cwd = folder.to_string_lossy();
    let same = |run: &&Run| run.process.as_ref().is_some_and(|it| it.argv == words && it.cwd == *cwd);
    runs.iter().filter(|run| run.source == RunSource::Recorded).filter(same).max_by_key(|run| run.started)
}

/// Whether the script that a run ran is, byte for byte, the one that lies there now. Of a run that ran no script of the project,
/// or of whose script only the path is known, nothing else can be said.
fn ran_this_code(run: &Run, present: &Present) -> bool {
    let Some(script) = &run.code.path else { return true };
    let then = run.inputs.iter().find(|edge| edge.path == *script).and_then(|edge| edge.digest);
    then.is_none_or(|then| present.get(script).is_some_and(|now| now.facts.digest == then))
}

/// What records say: the data that the same command read when it was last run, and the stages that `dvc repro` would run.
fn by_record(runs: &[Run], last: Option<&Run>, words: &[String]) -> Vec<(RelPath, String)> {
    let mut found: Vec<(RelPath, String)> = Vec::new();
    for edge in last.iter().flat_map(|run| &run.inputs).filter(|edge| is_tabular(edge.kind)) {
        found.push((edge.path.clone(), "the same command read it when it was last run".to_owned()));
    }
    let program = words.first().map(|it| it.rsplit(['/', '\\']).next().unwrap_or(it).trim_end_matches(".exe"));
    if program == Some("dvc") && words.get(1).is_some_and(|it| it == "repro" || it == "exp") {
        let stages: Vec<&str> = words.iter().skip(2).map(String::as_str).filter(|it| !it.starts_with('-')).collect();
        let wanted = |run: &&Run| stages.is_empty() || stages.contains(&run.name.as_str());
        for run in runs.iter().filter(|run| run.source == RunSource::Dvc).filter(wanted) {
            let data = run.inputs.iter().filter(|edge| is_tabular(edge.kind));
            found.extend(data.map(|edge| (edge.path.clone(), format!("dvc.yaml names it for the stage {}", run.name))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_no_data() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_a_target("data", "make", &words("make data")));
        assert!(is_a_target("data", "repro", &words("dvc repro data")));
        assert!(is_a_target("data", "-m", &words("python -m data")));
        assert!(!is_a_target("data", "train.py", &words("python train.py data")));
        assert!(!is_a_target("data/a.csv", "make", &words("make data/a.csv")));
    }

    #[test]
    fn what_is_to_be_written_is_told_from_what_is_read() {
        for (argument, before) in [("--output=x.csv", "a"), ("x.csv", "--out"), ("x.csv", "-o"), ("d", "--out-dir")] {
            assert!(is_for_output(argument, before), "{before} {argument}");
        }
        for (argument, before) in
            [("--input=x.csv", "a"), ("x.csv", "--in"), ("x.csv", "--output=y"), ("x.csv", "train.py")]
        {
            assert!(!is_for_output(argument, before), "{before} {argument}");
        }
    }
}
