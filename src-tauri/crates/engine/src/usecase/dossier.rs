//! The dossier of one released version, and how it is signed.

use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{DossierSave, Exported};
use proofmark_domain::release::{Statement, StatementBody};
use proofmark_registry::keys::fingerprint;
use proofmark_registry::oms::{SignOptions, sign_folder};
use proofmark_registry::{Wanted, Watch};
use proofmark_report::document::{ReleaseDocument, SignedText, is_own};

use super::registry::name_of;
use super::written::{refuse_other_file, replace};
use crate::Engine;
use crate::trouble::{Answer, Trouble, io_trouble, sentence};

/// A dossier that was written.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The file.
    pub path: PathBuf,
    /// The signature beside it, if it was signed.
    pub signature: Option<PathBuf>,
    /// The version.
    pub version: u64,
    /// The model.
    pub model: String,
    /// Bytes.
    pub size: u64,
}

impl Engine {
    /// Writes the dossier of a version.
    ///
    /// # Errors
    /// If there is no such version, nobody can sign, another file is in its place, or it cannot be written.
    pub fn dossier_save(&self, request: DossierSave) -> Answer<Exported> {
        let wanted = format!("{}/{}", request.model, request.version);
        let written = self.dossier(&wanted, Path::new(&request.path), request.sign, request.passphrase)?;
        Ok(Exported { path: written.path.to_string_lossy().into_owned(), size: written.size })
    }

    /// Writes the dossier of a version: one file that stands on its own, PDF if its name ends so, else HTML. With a passphrase it is signed by the person who
    /// acts, in the format of OpenSSF Model Signing, as `FILE.sig`.
    ///
    /// # Errors
    /// If there is no such version, nobody can sign, another file is in its place, or it cannot be written.
    pub fn dossier(&self, wanted: &str, to: &Path, sign: bool, passphrase: Option<String>) -> Answer<Dossier> {
        let signer = if sign { Some(self.signer(passphrase)?) } else { None };
        let registry = self.open_attached(&self.attached()?)?;
        let wanted: Wanted = wanted.parse()?;
        let (model, number) = registry.find(&wanted)?;
        let state = registry.state()?;
        let found = registry.inspect(&model, number, &mut Watch::silent())?;
        let missing = || Trouble::not_found(format!("version {number} of {model}"));
        let version = state.version(&model, number).ok_or_else(missing)?;
        let candidate = state.candidates.get(&version.candidate).ok_or_else(missing)?;
        let statements: Vec<SignedText> = found
            .statements
            .iter()
            .map(|(statement, text)| SignedText {
                name: proofmark_registry::layout::statement_name(statement),
                says: format!("{} · {} · {}", says(statement), name_of(&state, statement.author), statement.at),
                text: String::from_utf8_lossy(text).into_owned(),
            })
            .collect();
        let signers: std::collections::BTreeSet<&str> =
            found.statements.iter().map(|(statement, _)| statement.key_id.as_str()).collect();
        let keys: Vec<(String, String, String)> = signers
            .into_iter()
            .filter_map(|key_id| {
                let (_, person, key) = state.trust.as_ref()?.holder(key_id)?;
                Some((person.name.clone(), fingerprint(key_id), key.public_key.clone()))
            })
            .collect();
        let root = state.root_key.as_deref().map(fingerprint).unwrap_or_default();
        let publisher = name_of(&state, version.publisher);
        let document = ReleaseDocument {
            registry: &state.name,
            root_fingerprint: &root,
            generated_at: self.now(),
            version,
            publisher: &publisher,
            candidate,
            aliases: &state.aliases_of(&model, number),
            verdict: found.verdict,
            problems: &found.problems,
            statements: &statements,
            keys: &keys,
        };
        let on_pages = to.extension().is_some_and(|it| it.eq_ignore_ascii_case("pdf"));
        let bytes = if on_pages { document.pdf() } else { document.html() }
            .map_err(|error| Trouble::new(ErrorCode::Internal, error.to_string()))?;
        let path = std::path::absolute(to).map_err(|error| io_trouble("finding", to, &error))?;
        let beside = beside(&path);
        refuse_other_file(&path, is_own)?;
        if signer.is_some() {
            refuse_other_file(&beside, |head, _| is_signature(head))?;
        }
        replace(&path, &bytes)?;
        let signature = match signer {
            None => None,
            Some(signer) => {
                let text = sign_folder(&path, Some(&beside), &signer, &SignOptions::default(), &mut Watch::silent())
                    .map_err(|error| Trouble::new(ErrorCode::Internal, sentence(&error.to_string())))?;
                replace(&beside, &text)?;
                Some(beside)
            }
        };
        self.note_release("release.dossier", &format!("{model}/{number}"))?;
        Ok(Dossier { path, signature, version: number, model: model.as_str().to_owned(), size: bytes.len() as u64 })
    }
}

/// The file of the signature.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Whether a file is a signature of an earlier dossier, or empty.
fn is_signature(head: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Bundle {
        #[serde(rename = "mediaType")]
        media_type: String,
    }
    head.is_empty()
        || serde_json::from_slice::<Bundle>(head)
            .is_ok_and(|it| it.media_type.starts_with("application/vnd.dev.sigstore.bundle"))
}

/// What a statement says, in a few words.
fn says(statement: &Statement) -> String {
    match &statement.body {
        StatementBody::TrustProposed { list, .. } => format!("Version {} of the trust list", list.version),
        StatementBody::TrustEndorsed { version, .. } => format!("Version {version} of the trust list, signed too"),
        StatementBody::JoinRequested { .. } => "Asks to be admitted".to_owned(),
        StatementBody::FreezeSet { .. } => "Freeze".to_owned(),
        StatementBody::Submitted { .. } => "Submitted".to_owned(),
        StatementBody::GatesJudged { .. } => "Held against gates again".to_owned(),
        StatementBody::Waived { gate, .. } => format!("Gate {gate} let go"),
        StatementBody::Asked { .. } => "Question".to_owned(),
        StatementBody::Answered { .. } => "Answer".to_owned(),
        StatementBody::Approved { .. } => "Approved".to_owned(),
        StatementBody::Rejected { .. } => "Rejected".to_owned(),
        StatementBody::Published { version, .. } => format!("Published as version {version}"),
        StatementBody::Promoted { alias, version, from: None, .. } => format!("{alias} points to version {version}"),
        StatementBody::Promoted { alias, version, from: Some(from), .. } => {
            format!("{alias} is to point to version {version} from {from} on")
        }
        StatementBody::PromotionCalledOff { alias, .. } => format!("The planned move of {alias} was called off"),
        StatementBody::RolledBack { alias, version, .. } => format!("{alias} points back to version {version}"),
        StatementBody::AliasRemoved { alias, .. } => format!("{alias} was taken away"),
        StatementBody::Withdrawn { version, .. } => format!("Version {version} was withdrawn"),
        StatementBody::Destroyed { version, .. } => format!("Version {version} was destroyed"),
    }
}
