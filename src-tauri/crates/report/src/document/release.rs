//! The dossier of one released version: what was approved, by whom, on what evidence, and how to check it without us.

use proofmark_domain::Timestamp;
use proofmark_domain::gate::{GateOutcome, GateVerdict};
use proofmark_domain::registry::{RegistryProblem, RegistryVerdict};
use proofmark_domain::release::{CandidateRecord, VersionRecord};
use serde::Serialize;
use serde_json::json;

use super::sheet::{Attachment, Kind, Sheet};
use super::{Fact, ReportError, State, words};
use crate::text;

/// A signed statement, as it lies in the registry.
#[derive(Debug, Clone)]
pub struct SignedText {
    /// The name of its file.
    pub name: String,
    /// What it says, in a few words, with who and when.
    pub says: String,
    /// Its bytes.
    pub text: String,
}

/// Everything that the dossier is made from.
#[derive(Debug, Clone)]
pub struct ReleaseDocument<'a> {
    /// What people call the registry.
    pub registry: &'a str,
    /// Fingerprint of the key that began it.
    pub root_fingerprint: &'a str,
    /// When the document was made.
    pub generated_at: Timestamp,
    /// The version.
    pub version: &'a VersionRecord,
    /// Who published it.
    pub publisher: &'a str,
    /// The candidate that it was.
    pub candidate: &'a CandidateRecord,
    /// Aliases that point to it.
    pub aliases: &'a [String],
    /// What checking its bytes and signatures found just now.
    pub verdict: RegistryVerdict,
    /// Problems of this version.
    pub problems: &'a [RegistryProblem],
    /// The statements by which it proves itself, oldest first.
    pub statements: &'a [SignedText],
    /// Public keys of those who signed: name, fingerprint, PEM.
    pub keys: &'a [(String, String, String)],
}

#[derive(Serialize)]
struct GateRow {
    name: String,
    state: State,
    required: &'static str,
    measured: String,
    allowed: String,
    why: String,
    waived: Option<String>,
}

fn gate_state(verdict: GateVerdict) -> State {
    match verdict {
        GateVerdict::Pass => State::pass("Holds"),
        GateVerdict::Warn => State::attention("Warns"),
        GateVerdict::CannotTell => State::unknown("Cannot tell"),
        GateVerdict::Fail => State::fail("Does not hold"),
    }
}

fn gate(outcome: &GateOutcome, record: &CandidateRecord) -> GateRow {
    let waiver = record.waivers.iter().find(|it| it.gate == outcome.gate).map(|it| {
        let end = it.expires.map_or_else(String::new, |end| format!(", until {}", words::moment(end)));
        format!("Let go by {}{end}: {}", it.name, it.reason)
    });
    GateRow {
        name: outcome.gate.clone(),
        state: gate_state(outcome.verdict),
        required: if outcome.required { "yes" } else { "no" },
        measured: outcome.measured.clone(),
        allowed: outcome.allowed.clone(),
        why: outcome.why.clone(),
        waived: waiver,
    }
}

fn state(document: &ReleaseDocument<'_>) -> (State, String) {
    let name = format!("Version {} of {}", document.version.version, document.version.model);
    let withdrawn = document.version.withdrawn.as_ref();
    match document.verdict {
        RegistryVerdict::Damaged => {
            (State::fail("Damaged"), format!("{name} is not as it was approved: do not use it."))
        }
        RegistryVerdict::Untrusted => {
            (State::fail("Not trusted"), format!("{name} is not signed as it must be: do not use it."))
        }
        RegistryVerdict::Incomplete => {
            (State::unknown("Incomplete"), format!("{name} has not arrived as a whole, so it cannot be judged."))
        }
        RegistryVerdict::Ok => match withdrawn {
            Some(it) => (State::fail("Withdrawn"), format!("{name} was withdrawn: {}", it.reason)),
            None => {
                let approvers: Vec<&str> =
                    document.candidate.decisions.iter().filter(|it| it.approved).map(|it| it.name.as_str()).collect();
                let lead = format!("{name} is, byte for byte, what {} approved.", approvers.join(" and "));
                (State::pass("As approved"), lead)
            }
        },
    }
}

impl ReleaseDocument<'_> {
    /// Writes the dossier as one HTML file.
    ///
    /// # Errors
    /// Only if a template does not fit its values.
    pub fn html(&self) -> Result<Vec<u8>, ReportError> {
        sheet(self).html()
    }

    /// Writes the dossier as one PDF file. The signed statements and the public keys are attached to it, byte for byte, so that
    /// they can be taken out and checked.
    ///
    /// # Errors
    /// Only if a template does not fit its values.
    pub fn pdf(&self) -> Result<Vec<u8>, ReportError> {
        let mut sheet = sheet(self);
        let statements = self.statements.iter().map(|it| Attachment {
            name: it.name.clone(),
            media_type: "application/json",
            says: it.says.clone(),
            bytes: it.text.clone().into_bytes(),
        });
        let keys = self.keys.iter().map(|(name, fingerprint, pem)| Attachment {
            name: format!("{}.pub", fingerprint.replace(' ', "")),
            media_type: "application/x-pem-file",
            says: format!("Public key of {name}"),
            bytes: pem.clone().into_bytes(),
        });
        sheet.attachments = statements.chain(keys).collect();
        sheet.pdf()
    }
}

fn sheet(document: &ReleaseDocument<'_>) -> Sheet {
    let (record, version) = (document.candidate, document.version);
    let manifest = record.manifest.as_ref();
    let (state, lead) = state(document);
    let title = format!("{} version {}", version.model, version.version);
    let facts = vec![
        Fact::new("Registry", document.registry),
        Fact::new("Begun by the key", document.root_fingerprint),
        Fact::new("Submitted", format!("{} · {}", record.submitter_name, words::moment(record.at))),
        Fact::new("Published", format!("{} · {}", document.publisher, words::moment(version.at))),
        Fact::new("Aliases", if document.aliases.is_empty() { "none".to_owned() } else { document.aliases.join(", ") }),
        Fact::new("Digest", version.bundle.to_string()),
    ];
    let gates: Vec<GateRow> = manifest
        .into_iter()
        .flat_map(|it| &it.gates)
        .chain(record.rejudged.iter().flat_map(|it| &it.gates))
        .map(|outcome| gate(outcome, record))
        .collect();
    let decisions: Vec<_> = record
        .decisions
        .iter()
        .map(|it| {
            let state = if it.approved { State::pass("Approved") } else { State::fail("Rejected") };
            json!({"state": state, "name": it.name, "at": words::moment(it.at), "reason": it.reason})
        })
        .collect();
    let questions: Vec<_> = record
        .questions
        .iter()
        .map(|it| {
            let answers: Vec<_> =
                it.answers.iter().map(|answer| json!({"name": answer.name, "text": answer.text})).collect();
            json!({"name": it.name, "text": it.text, "answers": answers})
        })
        .collect();
    let files: Vec<_> = manifest
        .into_iter()
        .flat_map(|it| it.files.iter().map(|file| ("model", file)).chain(it.evidence.iter().map(|file| ("evidence", file))))
        .map(|(folder, file)| {
            json!({"path": format!("{folder}/{}", file.path), "size": text::count(file.size), "digest": file.digest.hex()})
        })
        .collect();
    let values = json!({
        "title": title,
        "generated_at": words::moment(document.generated_at),
        "state": state,
        "lead": lead,
        "facts": facts,
        "problems": document.problems.iter().map(|it| json!({"path": it.path, "message": it.message, "mend": it.mend})).collect::<Vec<_>>(),
        "purpose": manifest.map(|it| it.purpose.clone()).unwrap_or_default(),
        "limits": manifest.map(|it| it.limits.clone()).unwrap_or_default(),
        "note": record.note,
        "decisions": decisions,
        "gates": gates,
        "questions": questions,
        "metrics": manifest.into_iter().flat_map(|it| &it.metrics).map(|(name, value)| Fact::new(name, value.to_string())).collect::<Vec<_>>(),
        "datasets": manifest.into_iter().flat_map(|it| &it.datasets).map(|it| Fact::new(&it.path, it.digest.map_or_else(|| "bytes not known".to_owned(), |digest| digest.hex()))).collect::<Vec<_>>(),
        "labels": manifest.into_iter().flat_map(|it| &it.labels).map(|it| json!({"label": it.label, "column": it.column, "dataset": it.dataset})).collect::<Vec<_>>(),
        "environment": manifest.and_then(|it| it.environment).map(|it| it.hex()),
        "commit": manifest.and_then(|it| it.commit.clone()),
        "files": files,
        "statements": document.statements.iter().map(|it| json!({"name": it.name, "says": it.says, "text": it.text})).collect::<Vec<_>>(),
        "keys": document.keys.iter().map(|(name, fingerprint, pem)| json!({"name": name, "fingerprint": fingerprint, "pem_lines": pem.lines().collect::<Vec<_>>()})).collect::<Vec<_>>(),
    });
    Sheet::new(Kind::Release, &title, document.generated_at, values)
}
