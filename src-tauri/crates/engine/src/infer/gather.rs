//! What a project shows of runs that nobody recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proofmark_analysis::facade::Table;
use proofmark_domain::artifact::{ArtifactKind, Change, FileFacts, RelPath};
use proofmark_domain::inference::{Earlier, ModelTraits, Scene, SceneFile, ScriptFlow, ScriptUse, Source};
use proofmark_domain::model::ModelFacts;
use proofmark_domain::project::Project;
use proofmark_domain::run::{CodeState, RunSource};
use proofmark_domain::{Basis, Digest, Timestamp};
use proofmark_intake::files::resolve;
use proofmark_intake::git::RepositoryState;
use proofmark_intake::python::{ColumnFlow, PathUse, ProjectModules, SourceFacts, read_notebook, read_source};
use proofmark_ledger::{AuditEntry, FileState, NewReport, ReportKind};
use serde_json::json;

use super::commands::{self, commands_in, may_hold_commands};
use crate::Engine;
use crate::scan::is_tabular;
use crate::trouble::{Answer, Trouble};

/// Larger sources are generated, and notebooks that large hold pictures.
const LARGEST_SOURCE: u64 = 8 << 20;

/// Tables whose columns are looked up at most; more of them are partitions of few.
const MOST_TABLES: usize = 5_000;

/// Changes of paths that are looked back at.
const MOST_CHANGES: u64 = 100_000;

/// The scene, and what the run records need beside it.
pub(crate) struct Gathered {
    pub(crate) scene: Scene,
}

/// The repository around a project, as far as it can be read.
pub(crate) struct Repository(Option<RepositoryState>);

impl Repository {
    /// The commit of a script, where the script is as committed and the commit is no younger than the run.
    pub(crate) fn code_state(&self, script: &RelPath, ended: Option<Timestamp>) -> CodeState {
        let bare = CodeState { path: Some(script.clone()), ..CodeState::default() };
        let Some(state) = &self.0 else { return bare };
        let differs = state.changed.iter().any(|path| path == script.as_str() || path.ends_with(&format!("/{script}")));
        let younger = state.committed_at.zip(ended).is_some_and(|(committed, ended)| committed > ended);
        if differs || younger {
            return bare;
        }
        CodeState { commit: state.commit.clone(), branch: state.branch.clone(), ..bare }
    }
}

impl Gathered {
    pub(crate) fn repository(&self, root: &Path) -> Repository {
        // A repository that cannot be read is no repository: where the data came from matters more.
        Repository(if self.scene.sources.is_empty() {
            None
        } else {
            proofmark_intake::git::code_state(root, 0).ok().flatten()
        })
    }
}

impl Engine {
    /// Every script and notebook of a project, as far as it is understood.
    pub(crate) fn sources(&self, project: &Project, stop: &dyn Fn() -> bool) -> Answer<Vec<Source>> {
        let files: Vec<FileState> = self.present(project)?.into_values().collect();
        Ok(sources_of(Path::new(&project.root), &files, stop))
    }

    pub(crate) fn gather(&self, project: &Project, stop: &dyn Fn() -> bool) -> Answer<Gathered> {
        let files: Vec<FileState> = self.present(project)?.into_values().collect();
        let root = Path::new(&project.root);
        let sources = sources_of(root, &files, stop);
        self.keep_sources(project, &sources)?;
        let scripts: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        let mut invocations = Vec::new();
        for state in files.iter().filter(|it| it.facts.size <= commands::LARGEST && may_hold_commands(&it.facts.path)) {
            if let Some(text) = text_of(root, &state.facts.path) {
                invocations.extend(commands_in(&state.facts.path, &text, &scripts));
            }
        }
        let scene = Scene {
            tables: self.columns_of_tables(project, &files, stop)?,
            models: self.models_of(&files)?,
            recorded: self.recorded_bytes(project)?,
            earlier: self.earlier_bytes(project)?,
            files: files.iter().map(scene_file).collect(),
            invocations,
            sources,
        };
        Ok(Gathered { scene })
    }

    /// Columns of every table, from its profile if it was looked at, else from its header.
    fn columns_of_tables(
        &self,
        project: &Project,
        files: &[FileState],
        stop: &dyn Fn() -> bool,
    ) -> Answer<BTreeMap<Digest, Vec<String>>> {
        let root = Path::new(&project.root);
        let mut columns = BTreeMap::new();
        let mut unread: Vec<&FileFacts> = Vec::new();
        let mut seen = BTreeSet::new();
        for state in files.iter().filter(|it| is_tabular(it.facts.kind) && it.facts.size > 0).take(MOST_TABLES) {
            if stop() {
                return Err(Trouble::cancelled());
            }
            match self.known_columns(&state.facts.digest)? {
                Some(found) => {
                    columns.insert(state.facts.digest, found);
                }
                None => unread.extend(seen.insert(state.facts.digest).then_some(&state.facts)),
            }
        }
        let headers = headers_of(root, &unread, stop)?;
        self.keep_headers(project, &headers)?;
        for (facts, found) in headers {
            columns.entry(facts.digest).or_insert(found);
        }
        Ok(columns)
    }

    /// Keeps the names of columns for those who ask before a profile is made, or after the file is gone.
    fn keep_headers(&self, project: &Project, headers: &[(&FileFacts, Vec<String>)]) -> Answer<()> {
        if headers.is_empty() {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "data.header", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("tables", headers.len());
            for (facts, columns) in headers {
                let head = self.head(ReportKind::Header, project, facts, None, None, json!({"columns": columns.len()}));
                write.reports().add(&NewReport { head, body: columns })?;
            }
            Ok(())
        })
    }

    /// The columns of a table that was profiled, or whose header was read before.
    pub(crate) fn known_columns(&self, digest: &Digest) -> Answer<Option<Vec<String>>> {
        if let Some(profile) = self.stored_profile(digest)? {
            return Ok(Some(profile.columns.into_iter().map(|column| column.name).collect()));
        }
        let header = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest::<Vec<String>>(ReportKind::Header, digest)?))?;
        Ok(header.map(|report| report.body))
    }

    fn models_of(&self, files: &[FileState]) -> Answer<BTreeMap<Digest, ModelTraits>> {
        let digests: BTreeSet<Digest> =
            files.iter().filter(|it| it.facts.kind == ArtifactKind::Model).map(|it| it.facts.digest).collect();
        let mut models = BTreeMap::new();
        for digest in digests {
            let Some(facts) = self.model_facts(&digest)? else { continue };
            let classes = facts.class.iter().chain(&facts.steps).cloned().collect();
            let features = facts.features_in.unwrap_or_default();
            models.insert(digest, ModelTraits { features, framework: facts.framework, classes });
        }
        Ok(models)
    }

    /// What a model file says about itself, if it was read.
    pub(crate) fn model_facts(&self, digest: &Digest) -> Answer<Option<ModelFacts>> {
        let stored = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest::<serde_json::Value>(ReportKind::ModelFacts, digest)?)
        })?;
        // A file that could not be read has a report that says so, and no facts.
        Ok(stored.and_then(|report| serde_json::from_value(report.body).ok()))
    }

    /// Bytes that a record says where they came from. A change that was only noticed during a run is no record.
    fn recorded_bytes(&self, project: &Project) -> Answer<BTreeSet<Digest>> {
        let runs = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().of_project(project.id)?))?;
        Ok(runs
            .iter()
            .filter(|run| run.source != RunSource::Inferred)
            .flat_map(|run| &run.outputs)
            .filter(|edge| edge.basis != Basis::Inferred)
            .filter_map(|edge| edge.digest)
            .collect())
    }

    /// What lay under each path before, as far as scans saw it.
    fn earlier_bytes(&self, project: &Project) -> Answer<BTreeMap<RelPath, Vec<Earlier>>> {
        let mut changes =
            self.ledger().read::<_, Trouble>(|read| Ok(read.versions().latest(Some(project.id), MOST_CHANGES)?))?;
        changes.reverse();
        let mut lying: BTreeMap<RelPath, (Digest, Timestamp)> = BTreeMap::new();
        let mut earlier: BTreeMap<RelPath, Vec<Earlier>> = BTreeMap::new();
        for change in changes.into_iter().map(|it| it.version.change) {
            let mut leaves = vec![change.path.clone()];
            leaves.extend(change.moved_from.clone());
            for path in leaves {
                if let Some((digest, seen)) = lying.remove(&path) {
                    earlier.entry(path).or_default().push(Earlier { digest, seen, gone: change.seen_at });
                }
            }
            if change.change != Change::Deleted {
                // Whatever lay there when the path was first seen lay there before.
                let seen = if earlier.contains_key(&change.path) { change.seen_at } else { Timestamp::from_ms(0) };
                lying.insert(change.path, (change.digest, seen));
            }
        }
        Ok(earlier)
    }
}

fn scene_file(state: &FileState) -> SceneFile {
    let facts = &state.facts;
    SceneFile {
        path: facts.path.clone(),
        digest: facts.digest,
        kind: facts.kind,
        size: facts.size,
        modified: facts.modified,
    }
}

fn text_of(root: &Path, path: &RelPath) -> Option<String> {
    let bytes = fs::read(resolve(root, path).ok()?).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Tables whose headers are read between two questions whether to stop.
const AT_ONCE: usize = 64;

/// The columns of many tables, read on all cores; of those that can be read.
fn headers_of<'f>(
    root: &Path,
    tables: &[&'f FileFacts],
    stop: &dyn Fn() -> bool,
) -> Answer<Vec<(&'f FileFacts, Vec<String>)>> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut found = Vec::new();
    for tables in tables.chunks(AT_ONCE) {
        if stop() {
            return Err(Trouble::cancelled());
        }
        let read = |part: &[&'f FileFacts]| -> Vec<_> {
            part.iter().filter_map(|facts| Some((*facts, header_of(root, facts)?))).collect()
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> =
                tables.chunks(tables.len().div_ceil(threads)).map(|part| scope.spawn(move || read(part))).collect();
            running.into_iter().map(|it| it.join()).collect()
        });
        for part in parts {
            match part {
                Ok(part) => found.extend(part),
                // A fault in there is ours and is told as such where faults are told.
                Err(fault) => std::panic::resume_unwind(fault),
            }
        }
    }
    Ok(found)
}

/// The names of a table's columns. A columnar file is opened, which reads no more than its footer; a large text table would be
/// read to its end to be opened, so its first line must do.
fn header_of(root: &Path, facts: &FileFacts) -> Option<Vec<String>> {
    const SMALL: u64 = 8 << 20;
    let path = resolve(root, &facts.path).ok()?;
    if facts.media_type.starts_with("text/") {
        return Table::names_of_text(&path).ok()?;
    }
    if facts.size > SMALL && !facts.media_type.contains("parquet") && !facts.media_type.contains("arrow") {
        return None;
    }
    let table = Table::open(&path).ok()?;
    Some(table.columns().to_vec())
}

/// Every Python script and notebook, read once, with what it inherits from the modules that it imports.
fn sources_of(root: &Path, files: &[FileState], stop: &dyn Fn() -> bool) -> Vec<Source> {
    let wanted = |state: &&FileState| {
        let facts = &state.facts;
        let is_code = facts.kind == ArtifactKind::Code && matches!(facts.path.extension().as_str(), "py" | "pyw" | "");
        let is_settings = facts.kind == ArtifactKind::Config
            && matches!(facts.path.extension().as_str(), "yaml" | "yml" | "json" | "toml");
        facts.size <= LARGEST_SOURCE && (is_code || is_settings || facts.kind == ArtifactKind::Notebook)
    };
    let texts: Vec<(&FileState, String)> =
        files.iter().filter(wanted).filter_map(|state| Some((state, text_of(root, &state.facts.path)?))).collect();
    let modules = ProjectModules::new(
        texts
            .iter()
            .filter(|(state, _)| state.facts.kind != ArtifactKind::Notebook)
            .map(|(state, text)| (state.facts.path.clone(), text.as_str())),
    );
    let mut sources: Vec<Source> = Vec::new();
    for (state, text) in texts.iter().filter(|(state, _)| state.facts.kind != ArtifactKind::Config) {
        if stop() {
            return Vec::new();
        }
        sources.extend(source_of(state, text, &modules));
    }
    inherit(&mut sources);
    sources
}

fn source_of(state: &FileState, text: &str, modules: &ProjectModules) -> Option<Source> {
    let facts = &state.facts;
    let (code, mut found, executed) = if facts.kind == ArtifactKind::Notebook {
        let notebook = read_notebook(text, &facts.path, modules).ok()?;
        let ran = notebook.cells.iter().any(|cell| cell.execution_count.is_some());
        (notebook.source, notebook.facts, Some(ran))
    } else {
        (text.to_owned(), read_source(text, &facts.path, modules), None)
    };
    let runs_itself = executed.is_some() || found.is_entry() || code.contains("__main__");
    if !found.is_entry() {
        // Of a file that only defines, every line waits for a caller, and none waits more than another.
        found.reads.iter_mut().chain(&mut found.writes).for_each(|used| used.when_run = true);
    }
    Some(Source {
        path: facts.path.clone(),
        digest: facts.digest,
        kind: facts.kind,
        modified: facts.modified,
        executed,
        runs_itself,
        reads: found.reads.iter().map(|used| use_of(used, &code)).collect(),
        writes: writes_of(&found, &code),
        fitted: fitted(&found),
        imports: found.imports.iter().map(|path| RelPath::new(path.clone())).collect(),
        packages: packages_in(&code),
        classes: found.model_classes.iter().cloned().collect(),
    })
}

fn use_of(used: &PathUse, code: &str) -> ScriptUse {
    let name = used.pattern.rsplit('/').next().unwrap_or(&used.pattern);
    ScriptUse {
        pattern: used.pattern.clone(),
        line: used.line,
        call: used.call.clone(),
        columns: used.columns.clone(),
        confidence: used.confidence,
        // A star that a person wrote means every file; one that stands for what is not known means one of them.
        all: name.contains('*') && name.len() > 1 && code.contains(name),
        when_run: used.when_run,
        flows: used.flows.iter().filter(|flow| flow.kind.reaches_a_column()).map(flow_of).collect(),
    }
}

/// Only what has to do with values counts: a column that decides which rows are kept does not become another one, but one
/// that decides which value a row gets can be told from what it decided.
fn flow_of(flow: &ColumnFlow) -> ScriptFlow {
    ScriptFlow {
        read: flow.read,
        from: flow.from.clone(),
        to: flow.to.clone(),
        except: flow.except.clone(),
        confidence: flow.confidence,
        decides: !flow.kind.is_direct(),
    }
}

/// What it writes. Saving a model is a write whose columns are the features that it was fitted to, and its target.
fn writes_of(facts: &SourceFacts, code: &str) -> Vec<ScriptUse> {
    let mut writes: Vec<ScriptUse> = facts.writes.iter().map(|used| use_of(used, code)).collect();
    for fit in &facts.fits {
        for number in &fit.saved {
            if let Some(used) = writes.get_mut(*number) {
                used.flows.extend(fit.flows.iter().filter(|flow| flow.kind.reaches_a_column()).map(flow_of));
                used.columns.extend(fit.features.iter().filter(|name| *name != "*").cloned());
            }
        }
    }
    writes
}

/// What the models are made of whose file the code does not name.
fn fitted(facts: &SourceFacts) -> Vec<ScriptFlow> {
    let unsaved = facts.fits.iter().filter(|fit| fit.saved.is_empty());
    unsaved.flat_map(|fit| &fit.flows).filter(|flow| flow.kind.reaches_a_column()).map(flow_of).collect()
}

/// Names of packages that a source imports, as they stand at the beginning of its lines.
fn packages_in(code: &str) -> BTreeSet<String> {
    let mut packages = BTreeSet::new();
    for line in code.lines() {
        let line = line.trim_start();
        let names = match (line.strip_prefix("import "), line.strip_prefix("from ")) {
            (Some(rest), _) => rest,
            (_, Some(rest)) => rest.split_whitespace().next().unwrap_or_default(),
            _ => continue,
        };
        for name in names.split(',') {
            let name = name.trim().split([' ', '.', ';']).next().unwrap_or_default();
            if !name.is_empty() {
                packages.insert(name.to_owned());
            }
        }
    }
    packages
}

/// A script has the packages and classes of the modules that it imports, and imports what they import.
fn inherit(sources: &mut [Source]) {
    let direct: BTreeMap<RelPath, BTreeSet<RelPath>> =
        sources.iter().map(|source| (source.path.clone(), source.imports.clone())).collect();
    let own: BTreeMap<RelPath, (BTreeSet<String>, BTreeSet<String>)> =
        sources.iter().map(|it| (it.path.clone(), (it.packages.clone(), it.classes.clone()))).collect();
    for source in sources {
        let mut reached: BTreeSet<RelPath> = BTreeSet::new();
        let mut queue: Vec<&RelPath> = source.imports.iter().collect();
        while let Some(path) = queue.pop() {
            if reached.insert(path.clone()) {
                queue.extend(direct.get(path).into_iter().flatten());
            }
        }
        reached.remove(&source.path);
        for (packages, classes) in reached.iter().filter_map(|path| own.get(path)) {
            source.packages.extend(packages.iter().cloned());
            source.classes.extend(classes.iter().cloned());
        }
        source.imports = reached;
    }
}
