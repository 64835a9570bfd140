//! Models that are zip archives: skops, PyTorch, Keras.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::time::Instant;

use proofmark_domain::model::ModelFacts;
use zip::{CompressionMethod, ZipArchive};

use super::facts::blank;
use super::pickle::graph::Graph;
use super::pickle::walk::{Trail, Walk};
use super::source::{Fault, Source};
use super::verdict::Findings;
use super::{Limits, keras, pickled, skops, torch, zip_frame};

/// The largest archive that is opened although its directory is not as it should be, in bytes.
const LARGEST_ODD: u64 = 64 << 20;

/// An open archive with the limits that apply to it.
pub(crate) struct Archive<'l> {
    zip: ZipArchive<BufReader<File>>,
    file: File,
    /// The limits.
    pub(crate) limits: &'l Limits,
    /// When time is up.
    pub(crate) deadline: Instant,
    /// Members that were read.
    pub(crate) read: BTreeSet<String>,
}

/// A member that can be read anywhere.
pub(crate) enum Stored {
    /// A compressed one, unpacked.
    Whole(Vec<u8>),
    /// One that lies in the archive as it is, in bytes.
    Window {
        /// The archive.
        file: File,
        /// Where the member starts.
        start: u64,
        /// How long it is.
        length: u64,
    },
}

impl Archive<'_> {
    /// The names of all members; nothing when one of them is no text.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        self.zip.file_names().map(|name| name.ok().map(|name| name.into_owned())).collect()
    }

    /// The bytes of a member, at most `limit` of them.
    pub(crate) fn member(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, Fault> {
        self.stream(name)?.rest(limit)
    }

    /// A reader of a member.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Source<'_>, Fault> {
        let (limits, deadline) = (self.limits, self.deadline);
        let member = self.zip.by_name(name).map_err(|error| missing(name, &error))?;
        self.read.insert(name.to_owned());
        let reader: Box<dyn Read + '_> = Box::new(member);
        Ok(Source::stream(reader, limits, deadline))
    }

    /// A member that can be read anywhere.
    pub(crate) fn stored(&mut self, name: &str) -> Result<Stored, Fault> {
        let member = self.zip.by_name(name).map_err(|error| missing(name, &error))?;
        let (length, start) = (member.size(), member.data_start());
        let plain = member.compression() == CompressionMethod::Stored && !member.encrypted();
        drop(member);
        if let Some(start) = start.filter(|_| plain) {
            let file = self.file.try_clone().map_err(|error| Fault::Io(start, error))?;
            self.read.insert(name.to_owned());
            return Ok(Stored::Window { file, start, length });
        }
        Ok(Stored::Whole(self.member(name, self.limits.document_bytes)?))
    }

    /// The size of a member, unpacked, in bytes.
    pub(crate) fn size(&mut self, name: &str) -> Option<u64> {
        self.zip.by_name(name).ok().map(|member| member.size())
    }
}

fn missing(name: &str, error: &zip::result::ZipError) -> Fault {
    Fault::Malformed(0, format!("{name}: {error}"))
}

/// Reads an archive. `None` when it holds no model.
pub(crate) fn read(mut file: File, limits: &Limits, deadline: Instant) -> Option<ModelFacts> {
    let length = file.metadata().ok()?.len();
    let mut findings = Findings::default();
    let oddities = zip_frame::oddities(&mut file, length);
    // A directory takes several times its size in memory once it is open. Only an ordinary one is known to be small.
    if !oddities.is_empty() && length > LARGEST_ODD {
        let mut facts = blank("zip");
        oddities.iter().for_each(|(what, place)| findings.unverified(what, place.clone()));
        facts.safety = findings.into_safety();
        return Some(facts);
    }
    for (what, place) in oddities {
        findings.unverified(&what, place);
    }
    let zip = ZipArchive::new(BufReader::new(file.try_clone().ok()?)).ok()?;
    let mut archive = Archive { zip, file, limits, deadline, read: BTreeSet::new() };
    let names = archive.names()?;
    if names.len() > limits.members {
        let is_model = |name: &String| name == "schema.json" || name.ends_with("data.pkl") || name == "config.json";
        names.iter().find(|name| is_model(name))?;
        let mut facts = blank("zip");
        findings.unverified("more members than the limit", "end of file");
        facts.safety = findings.into_safety();
        return Some(facts);
    }
    for name in names.iter().filter(|name| leaves(name)) {
        findings.unverified("a member whose name leaves the archive", name.clone());
    }
    let has = |name: &str| names.iter().any(|other| other == name);
    if has("schema.json") {
        skops::read(&mut archive, &names, &mut findings)
    } else if names.iter().any(|name| name == "data.pkl" || name.ends_with("/data.pkl")) {
        Some(torch_archive(&mut archive, &names, findings))
    } else if has("config.json") && (has("metadata.json") || has("model.weights.h5")) {
        Some(keras::archive(&mut archive, &names, &mut findings))
    } else {
        None
    }
}

fn leaves(name: &str) -> bool {
    name.starts_with(['/', '\\']) || name.contains(':') || name.split(['/', '\\']).any(|part| part == "..")
}

/// Members beside the pickles that PyTorch writes: raw storages and short notes about the format.
fn is_data_of_torch(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let last = parts.next().unwrap_or_default();
    matches!(last, "version" | "byteorder" | ".format_version" | ".storage_alignment" | "serialization_id")
        || matches!(parts.next(), Some("data" | "constants" | "extra"))
}

fn torch_archive(archive: &mut Archive<'_>, names: &[String], findings: Findings) -> ModelFacts {
    let mut facts = blank("pytorch_zip");
    facts.framework = Some("pytorch".to_owned());
    let mut trail = Trail::default();
    trail.findings = findings;
    let limits = archive.limits;
    let is_script = names.iter().any(|name| name.contains("/code/") || name.ends_with("/constants.pkl"));
    for name in names.iter().filter(|name| name.ends_with(".pkl")) {
        let short = name.rsplit('/').next().unwrap_or(name);
        let mut graph = Graph::default();
        let mut source = match archive.stream(name) {
            Ok(source) => source,
            Err(fault) => {
                trail.findings.unverified(&fault.what(), short);
                continue;
            }
        };
        match Walk::new(&mut source, &mut graph, &mut trail, limits, short).without_arrays().run() {
            Ok(root) => {
                if !matches!(source.at_end(), Ok(true)) {
                    let place = format!("{short} byte {}", source.position());
                    trail.findings.unverified("bytes after the end of the pickle", place);
                }
                drop(source);
                if short == "data.pkl" {
                    pickled::describe(&graph, root, &mut facts, limits);
                    facts.framework = Some("pytorch".to_owned());
                }
                let folder = if short == "data.pkl" { "data" } else { "constants" };
                storages(archive, name, folder, &graph, &mut trail.findings);
            }
            Err(fault) => trail.findings.unverified(&fault.what(), format!("{short} byte {}", fault.position())),
        }
    }
    if is_script {
        facts.format = "torchscript".to_owned();
        trail.findings.unverified("TorchScript holds code of its own", "code/");
    }
    for name in names.iter().filter(|name| !is_script && !name.ends_with(".pkl") && !is_data_of_torch(name)) {
        trail.findings.unverified("a member that PyTorch does not write", name.clone());
    }
    facts.safety = trail.findings.into_safety();
    facts
}

/// Holds the storages that a pickle refers to against the members that should hold them.
fn storages(archive: &mut Archive<'_>, pickle: &str, folder: &str, graph: &Graph, findings: &mut Findings) {
    let prefix = pickle.rsplit_once('/').map_or(String::new(), |(prefix, _)| format!("{prefix}/"));
    for storage in torch::storages(graph) {
        let name = format!("{prefix}{folder}/{}", storage.key);
        let wanted = storage.width.and_then(|width| storage.elements.checked_mul(width));
        match archive.size(&name) {
            None => findings.unverified("the data of a tensor are not there", name),
            Some(size) if wanted.is_some_and(|wanted| wanted != size) => {
                findings.unverified("the data of a tensor have another size than the tensor", name);
            }
            Some(_) => {}
        }
    }
}
