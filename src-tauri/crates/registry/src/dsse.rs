//! DSSE envelopes in Sigstore bundles of version 0.3: how every signature here is written and read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::keys::{PublicKey, Signer};

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// The media type that is written, and the only one read.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Why a bundle cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The text is no bundle.
    #[error("this is no signature bundle: {0}")]
    Malformed(String),
    /// The bundle is of another kind.
    #[error("this kind of signature is not supported: {0}")]
    Unsupported(String),
    /// The signature holds, and what was signed is none of the statements that this program knows.
    #[error("its signature holds, but this program cannot tell what it says: {0}")]
    Unknown(String),
    /// The bundle names another key than the one given.
    #[error("it was signed with the key {found}, not with {expected}")]
    OtherKey {
        /// The key that the bundle names.
        found: String,
        /// The key that was given.
        expected: String,
    },
    /// The signature does not fit the bytes.
    #[error("the signature does not fit: the content was changed after signing, or another key signed it")]
    Invalid,
}

/// The bytes that a signature covers: type and payload, each with its length, so that neither can pass for the other.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyHint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<Chain>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    #[serde(default)]
    tlog_entries: Unkept,
}

/// Entries of a transparency log: never looked at and never written, so that nobody can fill the memory with them.
#[derive(Debug, Clone, Default)]
struct Unkept;

impl Serialize for Unkept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(std::iter::empty::<()>())
    }
}

impl<'de> Deserialize<'de> for Unkept {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A list of values without size takes no memory, however many there are.
        Vec::<serde::de::IgnoredAny>::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct KeyHint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Chain {
    certificates: Vec<Certificate>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    raw_bytes: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: Option<String>,
}

/// What a bundle says about who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedBy {
    /// The key with this id; `None` in bundles from before the hint was required.
    Key(Option<String>),
    /// A chain of certificates in DER, the signer's first.
    Certificates(Vec<Vec<u8>>),
    /// A short-lived certificate of a Sigstore authority, which needs its transparency log.
    Sigstore,
}

/// A bundle as read. Nothing in it may be believed before [`Bundle::verified`].
#[derive(Debug, Clone)]
pub struct Bundle {
    signed_by: SignedBy,
    payload_type: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Bundle {
    /// Signs `payload` as it is.
    pub fn sign(payload_type: &str, payload: Vec<u8>, signer: &Signer) -> Self {
        let signature = signer.sign(&pae(payload_type, &payload));
        let signed_by = SignedBy::Key(Some(signer.key_id().to_owned()));
        Self { signed_by, payload_type: payload_type.to_owned(), payload, signature }
    }

    /// Reads a bundle, of which exactly one signature is accepted: the format allows no more.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let wire: Wire = serde_json::from_slice(text).map_err(|error| SignatureError::Malformed(error.to_string()))?;
        let Wire { media_type, verification_material: material, dsse_envelope: envelope } = wire;
        if media_type != BUNDLE {
            return Err(SignatureError::Unsupported(format!("the media type {media_type}")));
        }
        let decode = |text: &str, what: &str| {
            STANDARD.decode(text).map_err(|_| SignatureError::Malformed(format!("its {what} is not base64")))
        };
        let signed_by = match material {
            Material { certificate: Some(_), .. } => SignedBy::Sigstore,
            Material { x509_certificate_chain: Some(chain), public_key: None, .. } => {
                let certificates = chain.certificates.iter().map(|it| decode(&it.raw_bytes, "certificate"));
                SignedBy::Certificates(certificates.collect::<Result<_, _>>()?)
            }
            Material { public_key: Some(key), x509_certificate_chain: None, .. } => {
                SignedBy::Key(key.hint.filter(|hint| !hint.is_empty()))
            }
            _ => return Err(SignatureError::Malformed("it does not say who signed".to_owned())),
        };
        let [signature] = envelope.signatures.as_slice() else {
            let count = envelope.signatures.len();
            return Err(SignatureError::Malformed(format!("it has {count} signatures, and must have one")));
        };
        Ok(Self {
            signed_by,
            payload: decode(&envelope.payload, "payload")?,
            payload_type: envelope.payload_type,
            signature: decode(&signature.sig, "signature")?,
        })
    }

    /// The bundle's text: one form for one content, without white space.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SignatureError> {
        let (mut public_key, mut chain) = (None, None);
        match &self.signed_by {
            SignedBy::Key(hint) => public_key = Some(KeyHint { hint: hint.clone() }),
            SignedBy::Certificates(certificates) => {
                let certificates = certificates.iter().map(|der| Certificate { raw_bytes: STANDARD.encode(der) });
                chain = Some(Chain { certificates: certificates.collect() });
            }
            SignedBy::Sigstore => return Err(SignatureError::Unsupported("writing Sigstore certificates".to_owned())),
        }
        let wire = Wire {
            media_type: BUNDLE.to_owned(),
            verification_material: Material {
                public_key,
                x509_certificate_chain: chain,
                certificate: None,
                tlog_entries: Unkept,
            },
            dsse_envelope: Envelope {
                payload: STANDARD.encode(&self.payload),
                payload_type: self.payload_type.clone(),
                signatures: vec![Signature { sig: STANDARD.encode(&self.signature), keyid: Some(String::new()) }],
            },
        };
        serde_json::to_vec(&wire).map_err(|error| SignatureError::Malformed(error.to_string()))
    }

    /// Who the bundle says signed it.
    pub const fn signed_by(&self) -> &SignedBy {
        &self.signed_by
    }

    /// The payload, unverified: to be used for finding the key, and for nothing else.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, once `key` is shown to have signed exactly these bytes as an in-toto statement.
    pub fn verified(&self, key: &PublicKey) -> Result<&[u8], SignatureError> {
        if let SignedBy::Key(Some(hint)) = &self.signed_by
            && hint != key.key_id()
        {
            return Err(SignatureError::OtherKey { found: hint.clone(), expected: key.key_id().to_owned() });
        }
        if self.payload_type != IN_TOTO {
            return Err(SignatureError::Unsupported(format!("the payload type {}", self.payload_type)));
        }
        if key.accepts(&pae(&self.payload_type, &self.payload), &self.signature) {
            Ok(&self.payload)
        } else {
            Err(SignatureError::Invalid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_is_the_one_of_the_dsse_document() {
        let bytes = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            "the example of the DSSE protocol document"
        );
    }
}
