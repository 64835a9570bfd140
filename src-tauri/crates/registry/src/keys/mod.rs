//! Keys: ECDSA on the NIST curves, because that is what OpenSSF Model Signing verifies. Ours are P-256.

mod sealed;
pub mod vault;

use std::fmt;

use p256::ecdsa::signature::{Signer as _, Verifier as _, hazmat::PrehashVerifier as _};
use p256::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding,
};
use proofmark_domain::id::PersonId;
use proofmark_domain::person::PersonCard;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

pub use sealed::KdfCost;
pub use vault::{EncryptedFileVault, KeyVault, Passphrase, StoredKey};

/// Why a key cannot be used. Nothing was changed.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {path}. Nothing was changed; try again")]
    WrongPassphrase {
        /// The key's file.
        path: String,
    },
    /// An empty or very short passphrase.
    #[error("a passphrase needs at least {least} characters")]
    WeakPassphrase {
        /// The least number of characters.
        least: usize,
    },
    /// There is no such key.
    #[error("there is no key {key_id} in {path}")]
    Missing {
        /// The key.
        key_id: String,
        /// Where it was looked for.
        path: String,
    },
    /// The key is already there.
    #[error("the key {key_id} is already in {path}; it was left as it is")]
    AlreadyThere {
        /// The key.
        key_id: String,
        /// Where.
        path: String,
    },
    /// The text is no key that can be used here.
    #[error("{path} is not a key that can be used: {why}")]
    Unusable {
        /// The file, or where the text came from.
        path: String,
        /// Why.
        why: String,
    },
    /// The file system refused.
    #[error("{path}: {what} failed: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The machine gives no random numbers.
    #[error("the system gave no random numbers: {0}. No key was made")]
    NoRandomness(String),
}

#[derive(Clone, PartialEq, Eq)]
enum Curve {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

/// A public key on P-256, P-384 or P-521, with its canonical PEM text and the id made from it.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    curve: Curve,
    pem: String,
    key_id: String,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.curve_name(), self.key_id)
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo PEM. `origin` names the text in the error.
    pub fn from_pem(pem: &str, origin: &str) -> Result<Self, KeyError> {
        let unusable = |why: &str| KeyError::Unusable { path: origin.to_owned(), why: why.to_owned() };
        // PEM files of other tools may end their lines in CR LF or carry a comment before the key.
        let text = pem.replace("\r\n", "\n");
        let start = text
            .find("-----BEGIN PUBLIC KEY-----")
            .ok_or_else(|| unusable("it holds no `BEGIN PUBLIC KEY` block (a public key as OpenSSL writes it)"))?;
        let text = text[start..].trim_end();
        let curve = if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_pem(text) {
            Curve::P256(key)
        } else if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_pem(text) {
            Curve::P384(key)
        } else if let Ok(key) = p521::ecdsa::VerifyingKey::from_public_key_pem(text) {
            Curve::P521(key)
        } else {
            return Err(unusable("only elliptic-curve keys on P-256, P-384 and P-521 can verify models"));
        };
        Self::from_curve(curve).map_err(|why| unusable(&why))
    }

    /// Reads a SubjectPublicKeyInfo in DER, as certificates hold it.
    pub fn from_der(der: &[u8], origin: &str) -> Result<Self, KeyError> {
        let unusable = |why: String| KeyError::Unusable { path: origin.to_owned(), why };
        let curve = if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(der) {
            Curve::P256(key)
        } else if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(der) {
            Curve::P384(key)
        } else if let Ok(key) = p521::ecdsa::VerifyingKey::from_public_key_der(der) {
            Curve::P521(key)
        } else {
            return Err(unusable("only keys on P-256, P-384 and P-521 are supported".to_owned()));
        };
        Self::from_curve(curve).map_err(unusable)
    }

    fn from_curve(curve: Curve) -> Result<Self, String> {
        let pem = match &curve {
            Curve::P256(key) => key.to_public_key_pem(LineEnding::LF),
            Curve::P384(key) => key.to_public_key_pem(LineEnding::LF),
            Curve::P521(key) => key.to_public_key_pem(LineEnding::LF),
        }
        .map_err(|error| error.to_string())?;
        let key_id = key_id_of(&pem);
        Ok(Self { curve, pem, key_id })
    }

    /// The key as OpenSSL writes it: SubjectPublicKeyInfo PEM, lines of 64 characters, a newline at the end.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Lower-case hex SHA-256 of [`Self::pem`], the hint of OpenSSF Model Signing.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// `P-256`, `P-384` or `P-521`.
    pub const fn curve_name(&self) -> &'static str {
        match self.curve {
            Curve::P256(_) => "P-256",
            Curve::P384(_) => "P-384",
            Curve::P521(_) => "P-521",
        }
    }

    /// Whether `signature` (ASN.1 DER) is this key's over `message`, hashed with the SHA-2 of the curve's size.
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.curve {
            Curve::P256(key) => {
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
            }
            Curve::P384(key) => {
                p384::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
            }
            Curve::P521(key) => {
                p521::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
            }
        }
    }

    /// Whether `signature` (ASN.1 DER) is this key's over a hash that was made elsewhere.
    pub fn accepts_hash(&self, hash: &[u8], signature: &[u8]) -> bool {
        match &self.curve {
            Curve::P256(key) => {
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify_prehash(hash, &it).is_ok())
            }
            Curve::P384(key) => {
                p384::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify_prehash(hash, &it).is_ok())
            }
            Curve::P521(key) => {
                p521::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify_prehash(hash, &it).is_ok())
            }
        }
    }
}

/// Lower-case hex SHA-256 of a PEM text.
pub fn key_id_of(pem: &str) -> String {
    proofmark_domain::Digest::from_bytes(Sha256::digest(pem.as_bytes()).into()).hex()
}

/// Hexadecimal digits of a fingerprint: 128 bits. A key that begins with a few given digits can be made on purpose.
pub const FINGERPRINT_DIGITS: usize = 32;

/// The first [`FINGERPRINT_DIGITS`] of a key id in groups of four, for comparing by voice.
pub fn fingerprint(key_id: &str) -> String {
    let digits: Vec<char> = key_id.chars().take(FINGERPRINT_DIGITS).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Somebody who can sign: a person and their unlocked private key. The key is wiped from memory when this is dropped.
pub struct Signer {
    card: PersonCard,
    key: p256::ecdsa::SigningKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} {})", self.card.name, self.card.key_id)
    }
}

impl Signer {
    /// Makes a new key for a person.
    pub fn generate(id: PersonId, name: &str, contact: Option<&str>) -> Result<Self, KeyError> {
        loop {
            let mut seed = Zeroizing::new([0u8; 32]);
            getrandom::fill(seed.as_mut()).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
            // About one seed in 2^32 lies outside the curve's order; the next one will not.
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(seed.as_ref()) {
                return Self::from_key(key, id, name, contact);
            }
        }
    }

    /// Reads an unencrypted private key PEM (PKCS#8, or SEC1 as `openssl ecparam` writes it).
    pub fn from_pem(
        pem: &str,
        id: PersonId,
        name: &str,
        contact: Option<&str>,
        origin: &str,
    ) -> Result<Self, KeyError> {
        let unusable = |why: &str| KeyError::Unusable { path: origin.to_owned(), why: why.to_owned() };
        if pem.contains("ENCRYPTED") {
            return Err(unusable(
                "it is encrypted by another tool; decrypt it first (`openssl pkcs8 -in KEY -out PLAIN`)",
            ));
        }
        let text = Zeroizing::new(pem.replace("\r\n", "\n"));
        // `openssl ecparam -genkey` puts a block of parameters in front.
        let start = ["-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"]
            .iter()
            .find_map(|begin| text.find(begin))
            .ok_or_else(|| unusable("it holds no private key in PEM form"))?;
        let block = text[start..].trim_end();
        let key = if block.starts_with("-----BEGIN EC") {
            p256::SecretKey::from_pem(block).map(p256::ecdsa::SigningKey::from).ok()
        } else {
            p256::ecdsa::SigningKey::from_pkcs8_pem(block).ok()
        };
        let key = key.ok_or_else(|| unusable("only private keys on the curve P-256 can sign here"))?;
        Self::from_key(key, id, name, contact)
    }

    fn from_key(
        key: p256::ecdsa::SigningKey,
        id: PersonId,
        name: &str,
        contact: Option<&str>,
    ) -> Result<Self, KeyError> {
        let public = PublicKey::from_curve(Curve::P256(*key.verifying_key()))
            .map_err(|why| KeyError::Unusable { path: "the new key".to_owned(), why })?;
        let card = PersonCard {
            id,
            name: name.to_owned(),
            contact: contact.map(str::to_owned),
            public_key: public.pem,
            key_id: public.key_id,
        };
        Ok(Self { card, key })
    }

    pub(crate) fn from_pkcs8_der(der: &[u8], card: &PersonCard, origin: &str) -> Result<Self, KeyError> {
        let unusable = |why: &str| KeyError::Unusable { path: origin.to_owned(), why: why.to_owned() };
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(|_| unusable("it holds no P-256 key"))?;
        let signer = Self::from_key(key, card.id, &card.name, card.contact.as_deref())?;
        if signer.card.key_id != card.key_id {
            return Err(unusable("the private key is not the one that its card names"));
        }
        Ok(signer)
    }

    pub(crate) fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self
            .key
            .to_pkcs8_der()
            .map_err(|error| KeyError::Unusable { path: self.card.key_id.clone(), why: error.to_string() })?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public side.
    pub const fn card(&self) -> &PersonCard {
        &self.card
    }

    /// The key's id.
    pub fn key_id(&self) -> &str {
        &self.card.key_id
    }

    /// Signs `message` with SHA-256; deterministic (RFC 6979), so the same message gives the same signature. ASN.1 DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.key.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

/// Checks that a card's key can be used and that its id is that key's.
pub fn check_card(card: &PersonCard) -> Result<PublicKey, KeyError> {
    let origin = format!("the card of {}", card.name);
    let key = PublicKey::from_pem(&card.public_key, &origin)?;
    if key.pem() != card.public_key || key.key_id() != card.key_id {
        return Err(KeyError::Unusable { path: origin, why: "the key id is not that of the public key".to_owned() });
    }
    Ok(key)
}
