//! Statements as they lie in a registry: in-toto statements, each signed by one person, one file each.

use proofmark_domain::Digest;
use proofmark_domain::release::{Statement, StatementBody};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::dsse::{Bundle, IN_TOTO, SignatureError, SignedBy};
use crate::keys::{PublicKey, Signer};

/// What kind of in-toto statement ours are.
pub const PREDICATE: &str = "https://proofmark.dev/statement/v1";
/// Those that a program from before would take for something else, such as a promotion with a time for one at once. It does not
/// know this kind, so it counts them for nothing.
pub const PREDICATE_2: &str = "https://proofmark.dev/statement/v2";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct InToto {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Statement,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: SubjectDigest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SubjectDigest {
    sha256: String,
}

/// What a statement is about: the bundle that it decides on, or else the registry, named by the digest of its id.
fn subject(statement: &Statement) -> Subject {
    let (name, digest) = match statement.body.candidate() {
        Some((candidate, bundle)) => (candidate.to_string(), bundle),
        None => {
            let name = statement.registry.to_string();
            let digest = sha256(name.as_bytes());
            (name, digest)
        }
    };
    Subject { name, digest: SubjectDigest { sha256: digest.hex() } }
}

/// The kind that a statement must be of, so that nobody takes it for something else.
const fn predicate_of(statement: &Statement) -> &'static str {
    match &statement.body {
        StatementBody::Promoted { from: Some(_), .. } => PREDICATE_2,
        _ => PREDICATE,
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Signs a statement. Returns the file's bytes and the digest of the signed payload, by which others refer to it.
pub fn sign(statement: &Statement, signer: &Signer) -> Result<(Vec<u8>, Digest), SignatureError> {
    let wire = InToto {
        kind: STATEMENT.to_owned(),
        subject: vec![subject(statement)],
        predicate_type: predicate_of(statement).to_owned(),
        predicate: statement.clone(),
    };
    let payload = canonical::to_bytes(&wire).map_err(|error| SignatureError::Malformed(error.to_string()))?;
    // What does not read back as it was meant must never be signed: two fields of one name, or a number without a text.
    let back: InToto = canonical::read(&payload).map_err(|error| SignatureError::Malformed(error.to_string()))?;
    if back.predicate != *statement {
        return Err(SignatureError::Malformed("the statement does not read back as it was written".to_owned()));
    }
    let digest = sha256(&payload);
    Ok((Bundle::sign(IN_TOTO, payload, signer).to_bytes()?, digest))
}

/// A file that claims to be a statement. Nothing in it may be believed yet.
#[derive(Debug, Clone)]
pub struct Untrusted {
    bundle: Bundle,
}

/// A value whose signature holds, with the key that made it. Only [`Untrusted::verify`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<T> {
    value: T,
    key_id: String,
    digest: Digest,
}

impl<T> Verified<T> {
    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The key that signed.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Digest of the signed payload.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Takes the value out.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl Untrusted {
    /// Reads a file. A text that differs from the one form in which bundles are written is refused, so that no byte
    /// of a file can change unseen.
    pub fn read(text: &[u8]) -> Result<Self, SignatureError> {
        let bundle = Bundle::parse(text)?;
        if bundle.to_bytes()? != text {
            return Err(SignatureError::Malformed("its text is not in the form that it was written in".to_owned()));
        }
        Ok(Self { bundle })
    }

    /// The key that the file says signed it.
    pub fn key_id(&self) -> Option<&str> {
        match self.bundle.signed_by() {
            SignedBy::Key(hint) => hint.as_deref(),
            _ => None,
        }
    }

    /// The public keys that the statement introduces, unverified. Since a key's id is the digest of its text, a
    /// wrong key cannot pass for another; whether its holder may do anything is decided elsewhere.
    pub fn introduces(&self) -> Vec<String> {
        let Ok(wire) = serde_json::from_slice::<InToto>(self.bundle.unverified_payload()) else { return Vec::new() };
        match wire.predicate.body {
            StatementBody::TrustProposed { list, .. } => {
                list.people.into_values().flat_map(|it| it.keys.into_values()).map(|key| key.public_key).collect()
            }
            StatementBody::JoinRequested { person, .. } => vec![person.public_key],
            _ => Vec::new(),
        }
    }

    /// Checks that `key` signed exactly these bytes, then parses exactly these bytes.
    pub fn verify(&self, key: &PublicKey) -> Result<Verified<Statement>, SignatureError> {
        let unknown = |why: String| SignatureError::Unknown(why);
        let payload = self.bundle.verified(key)?;
        let wire: InToto = canonical::read(payload).map_err(|error| unknown(error.to_string()))?;
        // Plans that were signed before they had a kind of their own are still understood.
        let fits = wire.predicate_type == PREDICATE || wire.predicate_type == predicate_of(&wire.predicate);
        if wire.kind != STATEMENT || !fits {
            return Err(unknown(format!("it is of the type {}", wire.predicate_type)));
        }
        if wire.predicate.key_id != key.key_id() {
            return Err(unknown("it names another key than the one that signed it".to_owned()));
        }
        if wire.subject != [subject(&wire.predicate)] {
            return Err(unknown("its subject is not what it is about".to_owned()));
        }
        Ok(Verified { value: wire.predicate, key_id: key.key_id().to_owned(), digest: sha256(payload) })
    }
}
