//! Where things lie in a registry, and the small files that MLflow reads.

use proofmark_domain::Digest;
use proofmark_domain::release::{ModelName, Statement};

/// The file that makes a directory a registry.
pub const MARKER: &str = "proofmark-registry.json";
/// Where unfinished things lie. Readers never look here.
pub const STAGING: &str = ".staging";
/// The file of a folder of a model or of a version that is written last where a folder cannot be put in place in one step.
/// There, a folder without it has not been placed yet.
pub const LAST_OF_FOLDER: &str = "meta.yaml";
/// The folder of the statements that are about no model.
pub const REGISTRY_LOG: &str = "_registry";
/// The version of this layout.
pub const FORMAT: u32 = 1;

/// The folder of statements about a model, or about the registry itself.
pub fn log_folder(model: Option<&ModelName>) -> String {
    format!("log/{}", model.map_or(REGISTRY_LOG, ModelName::as_str))
}

/// The name of a statement's file: `<uuid>-<first twelve digits of the key id>.json`.
pub fn statement_name(statement: &Statement) -> String {
    let key: String = statement.key_id.chars().take(12).collect();
    format!("{}-{key}.json", statement.id.uuid())
}

/// The file of some content.
pub fn object(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("objects/sha256/{}/{hex}", hex.get(..2).unwrap_or_default())
}

/// The file that says which statement holds a version number.
pub fn claim(model: &ModelName, version: u64) -> String {
    format!("claims/{model}/{version}")
}

/// The file that says which statement holds a version of the trust list.
pub fn trust_claim(version: u64) -> String {
    format!("claims/{REGISTRY_LOG}/{version}")
}

/// The text of a claim.
pub fn claim_text(statement: &Digest) -> Vec<u8> {
    format!("{{\"statement\":\"{statement}\"}}\n").into_bytes()
}

/// Reads the text of a claim; `None` if it is not exactly of that form.
pub fn read_claim(text: &[u8]) -> Option<Digest> {
    let inner = std::str::from_utf8(text).ok()?.strip_prefix("{\"statement\":\"")?.strip_suffix("\"}\n")?;
    let digest: Digest = inner.parse().ok()?;
    (claim_text(&digest) == text).then_some(digest)
}

/// The folder of a model.
pub fn model_folder(model: &ModelName) -> String {
    format!("models/{model}")
}

/// The folder of a version.
pub fn version_folder(model: &ModelName, version: u64) -> String {
    format!("models/{model}/version-{version}")
}

/// The highest version number. Whoever puts a larger one beside the others must not be able to use the numbers up.
pub const HIGHEST: u64 = 999_999_999;

/// Reads a version number as it stands in a name: no sign, no leading zero, at most [`HIGHEST`].
pub fn read_number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok().filter(|number| *number <= HIGHEST) } else { None }
}

/// A text as a YAML scalar in double quotes, in which JSON's form is valid.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `meta.yaml` of a model, as MLflow's file store reads it. Times are milliseconds since 1970.
pub fn model_meta(model: &ModelName, created_ms: i64, updated_ms: i64) -> Vec<u8> {
    format!(
        "creation_timestamp: {created_ms}\ndescription: \"Released with Proofmark\"\n\
         last_updated_timestamp: {updated_ms}\nname: {}\n",
        yaml(model.as_str())
    )
    .into_bytes()
}

/// `meta.yaml` of a version, as MLflow's file store reads it. `uri` is that of the registry.
pub fn version_meta(model: &ModelName, version: u64, at_ms: i64, purpose: &str, uri: &str) -> Vec<u8> {
    let place = yaml(&format!("{uri}/{}/model", version_folder(model, version)));
    format!(
        "creation_timestamp: {at_ms}\ncurrent_stage: None\ndescription: {}\nlast_updated_timestamp: {at_ms}\nname: {}\n\
         run_id: null\nsource: {place}\nstatus: READY\nstorage_location: {place}\nversion: {version}\n",
        yaml(purpose),
        yaml(model.as_str())
    )
    .into_bytes()
}

/// The URI that a version's `meta.yaml` was written with, if it is otherwise as it must be.
pub fn uri_of_version_meta(text: &[u8], model: &ModelName, version: u64, at_ms: i64, purpose: &str) -> Option<String> {
    let line = std::str::from_utf8(text).ok()?.lines().find_map(|line| line.strip_prefix("source: "))?;
    let place: String = serde_json::from_str(line).ok()?;
    let uri = place.strip_suffix(&format!("/{}/model", version_folder(model, version)))?.to_owned();
    (version_meta(model, version, at_ms, purpose, &uri) == text).then_some(uri)
}
