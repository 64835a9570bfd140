//! OpenSSF Model Signing v1.0: folders of model files signed and verified in the form that `model_signing` uses.

mod chain;
mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proofmark_domain::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::canonical;
use crate::dsse::{Bundle, IN_TOTO, SignatureError, SignedBy};
use crate::error::RegistryError;
use crate::keys::{KeyError, PublicKey, Signer};
use crate::progress::Watch;

pub use chain::CertificateChain;
pub use folder::DEFAULT_SHARD;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://model_signing/signature/v1.0";
/// What the reference tool wrote before its version 1.0: digests as subjects, always whole files.
const PREDICATE_COMPAT: &str = "https://model_signing/Digests/v0.1";
/// Paths at a model's root that belong to version control.
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Why a model does not pass.
#[derive(Debug, Error)]
pub enum Refused {
    /// The signature itself does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The certificates do not lead to one that is trusted.
    #[error("the certificate chain does not hold: {0}")]
    Chain(String),
    /// The signed statement is not one that can be checked.
    #[error("what was signed cannot be checked: {0}")]
    Statement(String),
    /// The signer left out what the model consists of.
    #[error("the signature leaves out {0}, which is part of the model: it says nothing about it")]
    Uncovered(String),
    /// The files differ from those that were signed.
    #[error("{}", differences(.changed, .missing, .unsigned))]
    Files {
        /// Files whose bytes differ.
        changed: Vec<String>,
        /// Signed files that are not there.
        missing: Vec<String>,
        /// Files that nobody signed.
        unsigned: Vec<String>,
    },
    /// A link where files are expected.
    #[error("{0} is a symbolic link; verify with links allowed if the signer allowed them")]
    Link(String),
    /// The key or certificate that was given cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file could not be read, or a person stopped it.
    #[error(transparent)]
    Reading(RegistryError),
}

fn differences(changed: &[String], missing: &[String], unsigned: &[String]) -> String {
    let part = |what: &str, names: &[String]| {
        let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
        let more = names.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!names.is_empty()).then(|| format!("{what}: {}{more}", shown.join(", ")))
    };
    let parts = [part("changed", changed), part("missing", missing), part("not signed", unsigned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// How files become digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One digest a file.
    Files,
    /// One digest for each piece of a file of at most this many bytes. Empty files are left out, as the reference does.
    Shards(u64),
}

/// How the digest of a file is made. The digest of the whole is SHA-256 in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileHash {
    /// The one that is written here.
    Sha256,
    /// Read only.
    Blake3,
}

/// How a folder is signed.
#[derive(Debug, Clone)]
pub struct SignOptions {
    /// How files become digests.
    pub method: Method,
    /// Relative paths that are left out, with everything below them.
    pub ignore_paths: Vec<String>,
    /// Leave out [`GIT_PATHS`] as well.
    pub ignore_git_paths: bool,
    /// Sign what links to files point to.
    pub allow_symlinks: bool,
}

impl Default for SignOptions {
    fn default() -> Self {
        Self { method: Method::Files, ignore_paths: Vec::new(), ignore_git_paths: true, allow_symlinks: false }
    }
}

/// How a folder is verified.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Pass over files that nobody signed.
    pub ignore_unsigned_files: bool,
    /// Read what links to files point to.
    pub allow_symlinks: bool,
    /// Pass over [`GIT_PATHS`].
    pub ignore_git_paths: bool,
    /// Further relative paths to pass over.
    pub ignore_paths: Vec<String>,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { ignore_unsigned_files: false, allow_symlinks: false, ignore_git_paths: true, ignore_paths: Vec::new() }
    }
}

/// Whom to believe.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The holder of one public key.
    Key(PublicKey),
    /// Whoever holds a certificate that one of these vouches for.
    Certificates(CertificateChain),
}

impl Trust {
    /// Reads a public key file.
    pub fn key_file(path: &Path) -> Result<Self, KeyError> {
        let shown = path.display().to_string();
        PublicKey::from_pem(&read_pem(path)?, &shown).map(Self::Key)
    }

    /// Reads one or more files of trusted certificates in PEM.
    pub fn certificate_files(paths: &[PathBuf]) -> Result<Self, KeyError> {
        let mut pems = String::new();
        for path in paths {
            pems.push_str(&read_pem(path)?);
            pems.push('\n');
        }
        let shown = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        CertificateChain::from_pem(&pems, &shown).map(Self::Certificates)
    }
}

fn read_pem(path: &Path) -> Result<String, KeyError> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| KeyError::Io { path: shown.clone(), what: "reading", source })?;
    String::from_utf8(bytes)
        .map_err(|_| KeyError::Unusable { path: shown, why: "it is not text in PEM form".to_owned() })
}

/// A model that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Files whose bytes were compared.
    pub files: usize,
    /// The model's name as it was signed.
    pub name: String,
    /// The digest over all digests.
    pub root: Option<Digest>,
    /// The key id of the signer's key.
    pub key_id: String,
    /// Relative paths that the signer left out, beyond those of version control and the signature itself: what lies
    /// there is covered by nothing.
    pub uncovered: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Predicate {
    resources: Vec<Resource>,
    serialization: Serialization,
}

#[derive(Debug, Serialize, Deserialize)]
struct Resource {
    name: String,
    digest: String,
    algorithm: String,
}

#[derive(Debug, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    #[serde(default)]
    shard_size: Option<Value>,
    #[serde(default)]
    ignore_paths: Vec<String>,
}

/// What a verified statement says, in our terms.
struct Signed {
    name: String,
    root: Option<Digest>,
    resources: BTreeMap<String, Digest>,
    method: Method,
    hash: FileHash,
    ignore_paths: Vec<String>,
}

fn root_of<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> Digest {
    let mut hash = Sha256::new();
    for digest in digests {
        hash.update(digest.as_bytes());
    }
    Digest::from_bytes(hash.finalize().into())
}

/// Signs resources whose digests are known already. Sorted by name, as the specification asks.
pub fn sign_resources(
    name: &str,
    mut resources: Vec<(String, Digest)>,
    ignore_paths: &[String],
    signer: &Signer,
) -> Result<Vec<u8>, SignatureError> {
    resources.sort();
    let serialization =
        json!({"method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": ignore_paths});
    sign_statement(name, &resources, Method::Files, serialization, signer)
}

/// The reference names the size of shards in the algorithm of each, and compares that name too.
fn algorithm(method: Method) -> String {
    match method {
        Method::Files => "sha256".to_owned(),
        Method::Shards(size) => format!("sha256-sharded-{size}"),
    }
}

fn sign_statement(
    name: &str,
    resources: &[(String, Digest)],
    method: Method,
    serialization: Value,
    signer: &Signer,
) -> Result<Vec<u8>, SignatureError> {
    let root = root_of(resources.iter().map(|(_, digest)| digest));
    let resources: Vec<Value> = resources
        .iter()
        .map(|(name, digest)| json!({"name": name, "digest": digest.hex(), "algorithm": algorithm(method)}))
        .collect();
    let statement = json!({
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": root.hex()}}],
        "predicateType": PREDICATE,
        "predicate": {"resources": resources, "serialization": serialization},
    });
    let payload = canonical::to_bytes(&statement).map_err(|error| SignatureError::Malformed(error.to_string()))?;
    Bundle::sign(IN_TOTO, payload, signer).to_bytes()
}

/// Signs a folder, or a single file. `signature` is where the bundle will be written: if that is inside the folder, it
/// is left out. Returns the bundle's text; writing it is the caller's.
pub fn sign_folder(
    model: &Path,
    signature: Option<&Path>,
    signer: &Signer,
    options: &SignOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<u8>, Refused> {
    let mut ignored: BTreeSet<String> = options.ignore_paths.iter().map(|path| plain(path)).collect();
    if options.ignore_git_paths {
        ignored.extend(GIT_PATHS.map(str::to_owned));
    }
    ignored.extend(signature.and_then(|signature| folder::inside(model, signature)));
    let files = folder::files(model, &ignored, options.allow_symlinks, None)?;
    if files.is_empty() {
        return Err(Refused::Statement(format!("{} holds no file to sign", model.display())));
    }
    let digests = folder::digests(model, &files, options.method, FileHash::Sha256, watch)?;
    let ignored: Vec<&String> = ignored.iter().collect();
    let mut serialization = json!({"method": "files", "hash_type": "sha256", "allow_symlinks": options.allow_symlinks, "ignore_paths": ignored});
    if let (Method::Shards(size), Some(fields)) = (options.method, serialization.as_object_mut()) {
        fields.insert("method".to_owned(), json!("shards"));
        fields.insert("shard_size".to_owned(), json!(size));
    }
    let resources: Vec<(String, Digest)> = digests.into_iter().collect();
    Ok(sign_statement(&folder::name_of(model), &resources, options.method, serialization, signer)?)
}

/// Verifies a folder, or a single file, against a bundle made by anyone.
///
/// Checks in the order of the specification: bundle, signature, statement, files. `signature` is where the bundle lies,
/// so that it is not taken for a part of the model.
pub fn verify_folder(
    model: &Path,
    signature: &Path,
    trust: &Trust,
    options: &VerifyOptions,
    watch: &mut Watch<'_>,
) -> Result<Passed, Refused> {
    let shown = signature.display().to_string();
    let text =
        std::fs::read(signature).map_err(|source| Refused::Reading(RegistryError::io(shown, "reading")(source)))?;
    let (signed, key_id) = open(&text, trust)?;
    let mut ignored: BTreeSet<String> = signed.ignore_paths.iter().map(|path| plain(path)).collect();
    let own = folder::inside(model, signature);
    let mut uncovered: Vec<String> = ignored.iter().cloned().collect();
    uncovered.retain(|path| !GIT_PATHS.contains(&path.as_str()) && Some(path) != own.as_ref());
    ignored.extend(options.ignore_paths.iter().map(|path| plain(path)));
    if options.ignore_git_paths {
        ignored.extend(GIT_PATHS.map(str::to_owned));
    }
    ignored.extend(own);
    let only: Option<BTreeSet<String>> = options
        .ignore_unsigned_files
        .then(|| signed.resources.keys().map(|name| file_of(name, signed.method).to_owned()).collect());
    // A file that was signed is compared even if a list of paths to ignore names it.
    for name in signed.resources.keys() {
        let file = file_of(name, signed.method);
        ignored.retain(|path| file != path && !file.starts_with(&format!("{path}/")));
    }
    let files = folder::files(model, &ignored, options.allow_symlinks, only.as_ref())?;
    refuse_uncovered(model, &uncovered, signed.resources.keys().map(|name| file_of(name, signed.method)))?;
    let found = folder::digests(model, &files, signed.method, signed.hash, watch)?;
    let differs = |name: &&String| found.get(*name).is_some_and(|digest| signed.resources.get(*name) != Some(digest));
    let changed: Vec<String> = signed.resources.keys().filter(differs).cloned().collect();
    let missing: Vec<String> = signed.resources.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
    let unsigned: Vec<String> = found.keys().filter(|name| !signed.resources.contains_key(*name)).cloned().collect();
    if !(changed.is_empty() && missing.is_empty() && unsigned.is_empty()) {
        return Err(Refused::Files { changed, missing, unsigned });
    }
    Ok(Passed { files: files.len(), name: signed.name, root: signed.root, key_id, uncovered })
}

/// Checks a bundle of our own making against digests that are known already, and that it leaves out nothing but
/// `may_ignore`.
pub(crate) fn check_resources(
    text: &[u8],
    key: &PublicKey,
    expected: &BTreeMap<String, Digest>,
    may_ignore: &[&str],
) -> Result<(), Refused> {
    let bundle = Bundle::parse(text)?;
    if bundle.to_bytes()? != text {
        return Err(SignatureError::Malformed("its text is not in the form that it was written in".to_owned()).into());
    }
    let (signed, _) = open(text, &Trust::Key(key.clone()))?;
    if signed.resources != *expected || signed.method != Method::Files {
        return Err(Refused::Statement("it covers other files than those that were approved".to_owned()));
    }
    if signed.ignore_paths.iter().any(|path| !may_ignore.contains(&path.as_str())) {
        return Err(Refused::Statement("it leaves out paths that must be covered".to_owned()));
    }
    Ok(())
}

/// The key that a bundle says signed it.
pub(crate) fn key_hint(text: &[u8]) -> Option<String> {
    match Bundle::parse(text).ok()?.signed_by() {
        SignedBy::Key(hint) => hint.clone(),
        _ => None,
    }
}

fn open(text: &[u8], trust: &Trust) -> Result<(Signed, String), Refused> {
    let bundle = Bundle::parse(text)?;
    let key = match (trust, bundle.signed_by()) {
        (Trust::Key(key), SignedBy::Key(_)) => key.clone(),
        (Trust::Certificates(trusted), SignedBy::Certificates(chain)) => {
            trusted.signer(chain).map_err(Refused::Chain)?
        }
        (Trust::Key(_), SignedBy::Certificates(_)) => {
            return Err(SignatureError::Unsupported(
                "it was signed with a certificate; give the certificate chain".to_owned(),
            )
            .into());
        }
        (Trust::Certificates(_), SignedBy::Key(_)) => {
            return Err(SignatureError::Unsupported("it was signed with a key; give the public key".to_owned()).into());
        }
        (_, SignedBy::Sigstore) => {
            let why = "it was signed through Sigstore, which needs the network to verify; use `model_signing verify sigstore`";
            return Err(SignatureError::Unsupported(why.to_owned()).into());
        }
    };
    let payload = bundle.verified(&key)?;
    Ok((read_statement(payload)?, key.key_id().to_owned()))
}

fn read_statement(payload: &[u8]) -> Result<Signed, Refused> {
    let bad = |why: String| Refused::Statement(why);
    let wire: Wire = serde_json::from_slice(payload).map_err(|error| bad(format!("it does not read: {error}")))?;
    if wire.kind != STATEMENT {
        return Err(bad(format!("it is a statement of the type {}", wire.kind)));
    }
    let mut resources = BTreeMap::new();
    let mut add = |name: &str, digest: &str, method: Method| {
        check_name(name, method).map_err(bad)?;
        let digest = Digest::from_hex(digest).map_err(|_| bad(format!("the digest of {name} is not a SHA-256")))?;
        match resources.insert(name.to_owned(), digest) {
            Some(_) => Err(bad(format!("{name} is listed twice"))),
            None => Ok(digest),
        }
    };
    if wire.predicate_type == PREDICATE_COMPAT {
        for subject in &wire.subject {
            let digest = subject.digest.get("sha256").ok_or_else(|| bad(format!("{} has no SHA-256", subject.name)))?;
            add(&subject.name, digest, Method::Files)?;
        }
        non_empty(&resources)?;
        return Ok(Signed {
            name: String::new(),
            root: None,
            resources,
            method: Method::Files,
            hash: FileHash::Sha256,
            ignore_paths: Vec::new(),
        });
    }
    if wire.predicate_type != PREDICATE {
        return Err(bad(format!("its predicate is of the type {}", wire.predicate_type)));
    }
    let [subject] = wire.subject.as_slice() else {
        return Err(bad(format!("it has {} subjects, and must have one", wire.subject.len())));
    };
    let predicate: Predicate =
        serde_json::from_value(wire.predicate).map_err(|error| bad(format!("its predicate does not read: {error}")))?;
    let serialization = predicate.serialization;
    let hash = match serialization.hash_type.as_str() {
        "sha256" => FileHash::Sha256,
        "blake3" => FileHash::Blake3,
        other => return Err(bad(format!("it uses {other}, and only sha256 and blake3 are supported"))),
    };
    let method = match serialization.method.as_str() {
        "files" => Method::Files,
        "shards" => {
            let size = serialization.shard_size.as_ref().and_then(whole_number).unwrap_or(0);
            if size == 0 {
                return Err(bad("its shard size is not a positive number".to_owned()));
            }
            Method::Shards(size)
        }
        other => return Err(bad(format!("its method `{other}` is not supported"))),
    };
    let mut digests = Vec::new();
    for resource in &predicate.resources {
        if resource.algorithm != algorithm(method) && resource.algorithm != serialization.hash_type {
            return Err(bad(format!(
                "{} is hashed with {}, and the whole with {}",
                resource.name, resource.algorithm, serialization.hash_type
            )));
        }
        digests.push(add(&resource.name, &resource.digest, method)?);
    }
    non_empty(&resources)?;
    let root = root_of(&digests);
    if subject.digest.get("sha256").is_none_or(|digest| *digest != root.hex()) {
        return Err(bad("the digest of the whole does not fit the digests of its parts".to_owned()));
    }
    for path in &serialization.ignore_paths {
        let plain = plain(path);
        if plain.is_empty() || plain == "." {
            return Err(bad("it leaves out the whole model".to_owned()));
        }
    }
    let name = subject.name.clone();
    Ok(Signed { name, root: Some(root), resources, method, hash, ignore_paths: serialization.ignore_paths })
}

/// Endings of files that are models by themselves: leaving one out leaves the model unsigned.
const MODEL_ENDINGS: [&str; 21] = [
    "pkl",
    "pickle",
    "joblib",
    "skops",
    "onnx",
    "safetensors",
    "gguf",
    "ggml",
    "h5",
    "hdf5",
    "keras",
    "pt",
    "pth",
    "ckpt",
    "pb",
    "tflite",
    "cbm",
    "ubj",
    "model",
    "mlmodel",
    "lgb",
];

/// A signature holds also if its list of paths to leave out names the model itself, and then says nothing about it. What
/// lies there uncovered must be no model, and less than what is covered.
fn refuse_uncovered<'n>(
    model: &Path,
    uncovered: &[String],
    covered: impl Iterator<Item = &'n str>,
) -> Result<(), Refused> {
    let (mut left_out, mut bytes) = (Vec::new(), 0u64);
    for path in uncovered {
        folder::below(model, path, &mut left_out)?;
    }
    for (name, size) in &left_out {
        let ending = name.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, it)| it.to_lowercase());
        if ending.is_some_and(|ending| MODEL_ENDINGS.contains(&ending.as_str())) {
            return Err(Refused::Uncovered(name.clone()));
        }
        bytes = bytes.saturating_add(*size);
    }
    let size = |name: &str| std::fs::metadata(model.join(name)).map_or(0, |it| it.len());
    // A piece of a file counts once for each piece, which can only be too lenient by as much as is covered.
    let covered: u64 = covered.map(size).fold(0, u64::saturating_add);
    match left_out.first() {
        Some((name, _)) if bytes > covered => Err(Refused::Uncovered(name.clone())),
        _ => Ok(()),
    }
}

fn non_empty(resources: &BTreeMap<String, Digest>) -> Result<(), Refused> {
    if resources.is_empty() { Err(Refused::Statement("it covers no file".to_owned())) } else { Ok(()) }
}

/// Protobuf's JSON writes numbers of a `Struct` as floats, and 64-bit ones as texts.
fn whole_number(value: &Value) -> Option<u64> {
    let float = || {
        value
            .as_f64()
            .filter(|it| it.fract() == 0.0 && (1.0..=9_007_199_254_740_992.0).contains(it))
            .map(|it| it as u64)
    };
    value.as_u64().or_else(float).or_else(|| value.as_str()?.parse().ok())
}

fn plain(path: &str) -> String {
    path.trim_start_matches("./").trim_end_matches('/').to_owned()
}

/// The file that a resource is of.
fn file_of(name: &str, method: Method) -> &str {
    match method {
        Method::Files => name,
        Method::Shards(_) => name.rsplitn(3, ':').nth(2).unwrap_or(name),
    }
}

/// Names come from whoever signed, and become paths here.
fn check_name(name: &str, method: Method) -> Result<(), String> {
    let file = file_of(name, method);
    // A model that is a single file has the name `.`, as the reference writes it.
    let leaves = file.split('/').any(|part| part.is_empty() || part == ".." || (part == "." && file != "."));
    if leaves || file.contains('\0') || (cfg!(windows) && file.contains(['\\', ':'])) {
        return Err(format!("`{name}` is not a path inside the model"));
    }
    if let Method::Shards(_) = method {
        let mut ends = name.rsplitn(3, ':').take(2).map(str::parse::<u64>);
        let (end, start) = (ends.next(), ends.next());
        match (start, end) {
            (Some(Ok(start)), Some(Ok(end))) if start < end => {}
            _ => return Err(format!("`{name}` is not a piece of a file")),
        }
    }
    Ok(())
}
