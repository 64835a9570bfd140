//! The file that keeps a private key: PKCS#8, encrypted with a key derived from a passphrase.
//!
//! ```json
//! {"format": "proofmark-key/1", "card": {…}, "created_at": "…",
//!  "kdf": {"name": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 4, "salt": "<base64, 16 bytes>"},
//!  "cipher": {"name": "xchacha20poly1305", "nonce": "<base64, 24 bytes>"}, "sealed": "<base64>"}
//! ```
//!
//! The card, the time and the parameters are the associated data of the cipher: none can be exchanged without the
//! passphrase failing.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use proofmark_domain::Timestamp;
use proofmark_domain::person::PersonCard;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyError, Passphrase, Signer};
use crate::canonical;

const FORMAT: &str = "proofmark-key/1";

/// What deriving a key from a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for KdfCost {
    /// The second recommended choice of RFC 9106: 64 MiB, three passes, four lanes.
    fn default() -> Self {
        Self { memory_kib: 65_536, passes: 3, lanes: 4 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    nonce: String,
}

/// A private key that only a passphrase opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedKey {
    format: String,
    pub(crate) card: PersonCard,
    pub(crate) created_at: Timestamp,
    kdf: Kdf,
    cipher: Cipher,
    sealed: String,
}

impl SealedKey {
    /// Encrypts a signer's key.
    pub fn seal(
        signer: &Signer,
        passphrase: &Passphrase,
        created_at: Timestamp,
        cost: KdfCost,
    ) -> Result<Self, KeyError> {
        let mut random = [0u8; 40];
        getrandom::fill(&mut random).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
        let (salt, nonce) = random.split_at(16);
        let mut sealed = Self {
            format: FORMAT.to_owned(),
            card: signer.card().clone(),
            created_at,
            kdf: Kdf {
                name: "argon2id".to_owned(),
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
                salt: STANDARD.encode(salt),
            },
            cipher: Cipher { name: "xchacha20poly1305".to_owned(), nonce: STANDARD.encode(nonce) },
            sealed: String::new(),
        };
        let (cipher, nonce) = sealed.cipher(passphrase, "the new key")?;
        let plain = signer.to_pkcs8_der()?;
        let aad = sealed.associated()?;
        let bytes = cipher
            .encrypt(&nonce, Payload { msg: &plain, aad: &aad })
            .map_err(|_| sealed.unusable("the new key", "it could not be encrypted"))?;
        sealed.sealed = STANDARD.encode(bytes);
        Ok(sealed)
    }

    /// Reads the file's text. Nothing is decrypted yet.
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, KeyError> {
        let unusable = |why: String| KeyError::Unusable { path: origin.to_owned(), why };
        let sealed: Self =
            serde_json::from_slice(text).map_err(|error| unusable(format!("its text does not read: {error}")))?;
        if sealed.format != FORMAT || sealed.kdf.name != "argon2id" || sealed.cipher.name != "xchacha20poly1305" {
            return Err(unusable("it is of a form that this version does not know".to_owned()));
        }
        super::check_card(&sealed.card)?;
        Ok(sealed)
    }

    /// The file's text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeyError> {
        let mut bytes =
            serde_json::to_vec_pretty(self).map_err(|error| self.unusable("the key", &error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Decrypts the key.
    pub fn open(&self, passphrase: &Passphrase, origin: &str) -> Result<Signer, KeyError> {
        let (cipher, nonce) = self.cipher(passphrase, origin)?;
        let sealed = STANDARD.decode(&self.sealed).map_err(|_| self.unusable(origin, "its base64 is broken"))?;
        let aad = self.associated()?;
        let plain = cipher
            .decrypt(&nonce, Payload { msg: &sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| KeyError::WrongPassphrase { path: origin.to_owned() })?;
        Signer::from_pkcs8_der(&plain, &self.card, origin)
    }

    fn associated(&self) -> Result<Vec<u8>, KeyError> {
        canonical::to_bytes(&(&self.format, &self.card, &self.created_at, &self.kdf, &self.cipher))
            .map_err(|error| self.unusable("the key", &error.to_string()))
    }

    fn cipher(&self, passphrase: &Passphrase, origin: &str) -> Result<(XChaCha20Poly1305, XNonce), KeyError> {
        // A file from elsewhere must not make this machine spend gigabytes or hours on a guess.
        if self.kdf.memory_kib > 1_048_576 || self.kdf.passes > 64 || self.kdf.lanes > 64 {
            return Err(self.unusable(origin, "it asks for more memory or time than is reasonable"));
        }
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| self.unusable(origin, "its base64 is broken"));
        let salt = bytes(&self.kdf.salt)?;
        let nonce: [u8; 24] =
            bytes(&self.cipher.nonce)?.try_into().map_err(|_| self.unusable(origin, "its nonce has a wrong length"))?;
        let params = Params::new(self.kdf.memory_kib, self.kdf.passes, self.kdf.lanes, Some(32))
            .map_err(|error| self.unusable(origin, &error.to_string()))?;
        let mut key = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.bytes(), &salt, key.as_mut())
            .map_err(|error| self.unusable(origin, &error.to_string()))?;
        let key: Zeroizing<Key> = Zeroizing::new((*key).into());
        Ok((XChaCha20Poly1305::new(&key), nonce.into()))
    }

    fn unusable(&self, origin: &str, why: &str) -> KeyError {
        KeyError::Unusable { path: origin.to_owned(), why: why.to_owned() }
    }
}
