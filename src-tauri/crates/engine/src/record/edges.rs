//! From what processes did with files to what the run read and wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::inference::{ScriptUse, Source, can_mean};
use proofmark_domain::run::{EdgeRole, RunEdge};
use proofmark_domain::{Basis, Confidence, Digest};
use proofmark_intake::classify::classify;
use proofmark_intake::files::platform::stat_of;
use proofmark_intake::files::{hash_file, label_of};
use proofmark_ledger::FileState;
use serde_json::Value;

use super::trace::{Place, Story};

/// Everything that is known when a run has ended.
pub(crate) struct Scene<'a> {
    pub(crate) root: &'a Path,
    /// Files of the project when the run began.
    pub(crate) before: &'a BTreeMap<RelPath, FileState>,
    /// And when it had ended.
    pub(crate) after: &'a BTreeMap<RelPath, FileState>,
    pub(crate) stories: &'a BTreeMap<PathBuf, Story>,
    /// The script or notebook that was run, if it is one of the project.
    pub(crate) script: Option<&'a RelPath>,
    pub(crate) sees_everything: bool,
    /// Folders of ours.
    pub(crate) own_folders: &'a [&'a Path],
}

#[derive(Default)]
pub(crate) struct Edges {
    pub(crate) inputs: Vec<RunEdge>,
    pub(crate) outputs: Vec<RunEdge>,
}

/// A file outside the project that is larger than this is named without its digest: reading it again would take as long as the run.
const FOREIGN_LIMIT: u64 = 4 << 30;

pub(crate) fn edges(scene: &Scene<'_>) -> Edges {
    let mut edges = Edges::default();
    for (path, story) in scene.stories {
        match label_of(scene.root, path) {
            Ok(label) => of_project_file(scene, &label, story, &mut edges),
            Err(_) => of_foreign_file(scene, path, story, &mut edges),
        }
    }
    for (label, now) in scene.after {
        let known = scene.before.get(label).is_some_and(|then| then.facts.digest == now.facts.digest);
        let seen = edges.outputs.iter().any(|edge| edge.path == *label);
        if known || seen {
            continue;
        }
        // Without eyes in every process, a change during the run is very likely its work; with them, it is likely somebody else's.
        let (basis, confidence, evidence) = if scene.sees_everything {
            (Basis::Inferred, 0.4, "changed while the run was active, but no process of the run was seen to write it")
        } else {
            (Basis::Observed, 0.8, "changed while the run was active; who wrote it was not seen")
        };
        edges.outputs.push(edge(
            label.clone(),
            Some(now.facts.digest),
            now.facts.kind,
            basis,
            Confidence::clamped(confidence),
            evidence.into(),
        ));
    }
    edges.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    edges.outputs.sort_by(|a, b| a.path.cmp(&b.path));
    edges
}

fn of_project_file(scene: &Scene<'_>, label: &RelPath, story: &Story, edges: &mut Edges) {
    let then = scene.before.get(label);
    let now = scene.after.get(label);
    let changed = match (then, now) {
        (Some(then), Some(now)) => then.facts.digest != now.facts.digest,
        (None, Some(_)) => true,
        _ => false,
    };
    // Opened for both: its bytes tell whether it was written.
    let written = story.written || (story.either && changed);
    let read = story.read || (story.either && then.is_some());
    if read && let Some(state) = then.or(if written { None } else { now }) {
        let evidence = format!("opened for reading by process {}{}", story.pid, place(scene, story));
        edges.inputs.push(edge(
            label.clone(),
            Some(state.facts.digest),
            state.facts.kind,
            Basis::Observed,
            Confidence::CERTAIN,
            evidence,
        ));
    }
    if written && let Some(state) = now {
        let evidence = format!("written by process {}{}", story.pid, place(scene, story));
        edges.outputs.push(edge(
            label.clone(),
            Some(state.facts.digest),
            state.facts.kind,
            Basis::Observed,
            Confidence::CERTAIN,
            evidence,
        ));
    }
}

/// Files outside the project count if they are data or models; programs read hundreds of others on their way.
fn of_foreign_file(scene: &Scene<'_>, path: &Path, story: &Story, edges: &mut Edges) {
    if story.gone || is_of_the_system(path) || scene.own_folders.iter().any(|own| path.starts_with(own)) {
        return;
    }
    let Ok(facts) = fs::metadata(path) else { return };
    if !facts.is_file() || facts.len() == 0 {
        return;
    }
    let stat = stat_of(&facts);
    let label = RelPath::new(path.to_string_lossy());
    let (digest, kind) = if facts.len() > FOREIGN_LIMIT {
        (None, ArtifactKind::Dataset)
    } else {
        let Ok(hashed) = hash_file(path, &stat, &|| false, &|_| ()) else { return };
        let mut reader = |offset: u64, len: usize| read_at(path, offset, len);
        (Some(hashed.digest), classify(&label, &hashed.head, stat.size, &mut reader).kind)
    };
    if !matches!(kind, ArtifactKind::Dataset | ArtifactKind::Model | ArtifactKind::PredictionLog) {
        return;
    }
    let found = |verb: &str| {
        let evidence = format!("{verb} by process {}{}; it lies outside the project", story.pid, place(scene, story));
        edge(label.clone(), digest, kind, Basis::Observed, Confidence::CERTAIN, evidence)
    };
    if story.written {
        edges.outputs.push(found("written"));
    } else if story.read || story.either {
        edges.inputs.push(found("opened for reading"));
    }
}

fn read_at(path: &Path, offset: u64, len: usize) -> std::io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Interpreters, packages, fonts, caches and settings: no data of the person's.
fn is_of_the_system(path: &Path) -> bool {
    const PREFIXES: [&str; 11] =
        ["/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/etc", "/run", "/var/cache", "/opt/conda", "/System"];
    if PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
        return true;
    }
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        // Hidden folders hold caches and settings: ~/.cache, ~/.config, ~/.local, .git.
        (part.starts_with('.') && part.len() > 1)
            || matches!(&*part, "site-packages" | "dist-packages" | "node_modules" | "__pycache__")
    })
}

fn place(scene: &Scene<'_>, story: &Story) -> String {
    match &story.place {
        None => String::new(),
        Some(Place::Script { path, line }) => {
            let shown = label_of(scene.root, path)
                .map_or_else(|_| path.to_string_lossy().into_owned(), |label| label.as_str().to_owned());
            format!(", {shown} line {line}")
        }
        Some(Place::Cell { count, line }) => {
            let notebook = scene.script.map_or("a notebook", RelPath::as_str);
            format!(", {notebook} cell [{count}] line {line}")
        }
    }
}

/// Native libraries open files without a line of Python in sight. Where the code of the script names the path, its line is added.
pub(crate) fn add_lines(edges: &mut Edges, source: &Source) {
    let script = source.path.as_str();
    let say = |edges: &mut Vec<RunEdge>, uses: &[ScriptUse]| {
        for edge in edges.iter_mut().filter(|edge| edge.basis == Basis::Observed && !edge.evidence.contains(" line ")) {
            let fits = |used: &&ScriptUse| can_mean(script, &used.pattern, edge.path.as_str());
            // The more of the path is written out, the surer is the line.
            if let Some(used) = uses.iter().filter(fits).min_by_key(|used| used.pattern.matches('*').count()) {
                // Lines of a notebook are counted over all of its cells, which says nothing to a reader.
                let line = if script.ends_with(".ipynb") { String::new() } else { format!(" line {}", used.line) };
                edge.evidence.push_str(&format!("; by its code {script}{line} ({})", used.call));
            }
        }
    };
    say(&mut edges.inputs, &source.reads);
    say(&mut edges.outputs, &source.writes);
}

fn edge(
    path: RelPath,
    digest: Option<Digest>,
    kind: ArtifactKind,
    basis: Basis,
    confidence: Confidence,
    evidence: String,
) -> RunEdge {
    RunEdge {
        path,
        digest,
        kind,
        role: EdgeRole::of(kind),
        basis,
        confidence,
        columns: Vec::new(),
        evidence,
        reasons: Vec::new(),
    }
}

/// Numbers in the files of results that the run wrote: every leaf of a JSON object, nested names joined with a dot.
pub(crate) fn metrics(root: &Path, outputs: &[RunEdge]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for output in outputs.iter().filter(|edge| edge.kind == ArtifactKind::Metrics && edge.path.extension() == "json") {
        let Ok(path) = proofmark_intake::files::resolve(root, &output.path) else { continue };
        // Results are small; anything larger is no file of metrics.
        let small = fs::metadata(&path).is_ok_and(|facts| facts.len() < 1 << 20);
        let value = small
            .then(|| fs::read(&path).ok())
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        if let Some(value) = value {
            collect("", &value, &mut metrics);
        }
    }
    metrics
}

fn collect(name: &str, value: &Value, metrics: &mut BTreeMap<String, f64>) {
    match value {
        Value::Number(number) if !name.is_empty() => {
            if let Some(number) = number.as_f64() {
                metrics.insert(name.to_owned(), number);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                collect(&if name.is_empty() { field.clone() } else { format!("{name}.{field}") }, value, metrics);
            }
        }
        _ => {}
    }
}
