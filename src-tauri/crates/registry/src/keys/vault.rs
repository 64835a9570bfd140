//! Where private keys are kept on this machine.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proofmark_domain::id::PersonId;
use proofmark_domain::person::{KeyStorage, LocalPerson, PersonCard};
use zeroize::Zeroizing;

use super::sealed::{KdfCost, SealedKey};
use super::{KeyError, Signer, fingerprint};
use crate::clock::Clock;

/// What opens a key. Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The fewest characters of a passphrase for a new key.
    pub const LEAST: usize = 8;

    /// Takes a passphrase as typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn ensure_strong(&self) -> Result<(), KeyError> {
        if self.0.chars().count() < Self::LEAST {
            return Err(KeyError::WeakPassphrase { least: Self::LEAST });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// A key in a vault, or a file there that is none.
pub type StoredKey = Result<LocalPerson, KeyError>;

/// A place that keeps private keys.
pub trait KeyVault {
    /// Makes a key for a person and keeps it.
    fn create(
        &self,
        id: PersonId,
        name: &str,
        contact: Option<&str>,
        passphrase: &Passphrase,
        clock: &dyn Clock,
    ) -> Result<LocalPerson, KeyError>;

    /// Every key, oldest first; a file that cannot be read is an entry of its own. `is_current` is always false: who
    /// acts now is not the vault's to know.
    fn list(&self) -> Result<Vec<StoredKey>, KeyError>;

    /// Unlocks a key.
    fn load(&self, key_id: &str, passphrase: &Passphrase) -> Result<Signer, KeyError>;

    /// Keeps a key that was read elsewhere.
    fn import(&self, signer: &Signer, passphrase: &Passphrase, clock: &dyn Clock) -> Result<LocalPerson, KeyError>;

    /// The encrypted file of a key, as a backup.
    fn back_up(&self, key_id: &str) -> Result<Vec<u8>, KeyError>;

    /// Keeps a key from a backup, once its passphrase has opened it.
    fn restore(&self, backup: &[u8], passphrase: &Passphrase) -> Result<LocalPerson, KeyError>;
}

/// Keys as encrypted files, one each, readable by their owner only.
#[derive(Debug, Clone)]
pub struct EncryptedFileVault {
    folder: PathBuf,
    cost: KdfCost,
}

impl EncryptedFileVault {
    /// Keeps keys in `folder`, which is made when the first key is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), cost: KdfCost::default() }
    }

    /// Sets what opening a new key costs.
    #[must_use]
    pub const fn with_cost(mut self, cost: KdfCost) -> Self {
        self.cost = cost;
        self
    }

    fn path(&self, key_id: &str) -> Result<PathBuf, KeyError> {
        // The id becomes a file name, so nothing but hex may come through.
        if key_id.len() == 64 && key_id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Ok(self.folder.join(format!("{key_id}.json")));
        }
        Err(KeyError::Missing { key_id: key_id.to_owned(), path: self.folder.display().to_string() })
    }

    fn read(&self, key_id: &str) -> Result<(SealedKey, Vec<u8>, String), KeyError> {
        let path = self.path(key_id)?;
        let shown = path.display().to_string();
        let bytes = fs::read(&path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                KeyError::Missing { key_id: key_id.to_owned(), path: self.folder.display().to_string() }
            } else {
                KeyError::Io { path: shown.clone(), what: "reading", source }
            }
        })?;
        let sealed = SealedKey::parse(&bytes, &shown)?;
        Ok((sealed, bytes, shown))
    }

    fn keep(&self, sealed: &SealedKey) -> Result<LocalPerson, KeyError> {
        let path = self.path(&sealed.card.key_id)?;
        let shown = path.display().to_string();
        let io = |what| {
            let shown = shown.clone();
            move |source| KeyError::Io { path: shown, what, source }
        };
        make_private_folder(&self.folder).map_err(io("making the folder"))?;
        // Written beside and linked into place, so that no half file ever bears a key's name.
        let staged = path.with_extension("new");
        let _ = fs::remove_file(&staged);
        let written = private_file(&staged).and_then(|mut file| {
            file.write_all(&sealed.to_bytes().map_err(std::io::Error::other)?)?;
            file.sync_all()
        });
        let placed = written.and_then(|()| {
            if path.try_exists()? {
                return Err(std::io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(&staged, &path)?;
            crate::store::sync_folder(&self.folder)
        });
        if let Err(source) = placed {
            let _ = fs::remove_file(&staged);
            if source.kind() == std::io::ErrorKind::AlreadyExists {
                let path = self.folder.display().to_string();
                return Err(KeyError::AlreadyThere { key_id: sealed.card.key_id.clone(), path });
            }
            return Err(io("writing")(source));
        }
        Ok(local(sealed))
    }
}

fn local(sealed: &SealedKey) -> LocalPerson {
    let card: PersonCard = sealed.card.clone();
    let fingerprint = fingerprint(&card.key_id);
    LocalPerson {
        card,
        fingerprint,
        storage: KeyStorage::EncryptedFile,
        created_at: sealed.created_at,
        is_current: false,
    }
}

impl KeyVault for EncryptedFileVault {
    fn create(
        &self,
        id: PersonId,
        name: &str,
        contact: Option<&str>,
        passphrase: &Passphrase,
        clock: &dyn Clock,
    ) -> Result<LocalPerson, KeyError> {
        let signer = Signer::generate(id, name, contact)?;
        self.import(&signer, passphrase, clock)
    }

    fn list(&self) -> Result<Vec<StoredKey>, KeyError> {
        let shown = self.folder.display().to_string();
        let io = |source| KeyError::Io { path: shown.clone(), what: "listing", source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io)?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let name = entry.map_err(io)?.file_name();
            let Some(key_id) = name.to_str().and_then(|name| name.strip_suffix(".json")) else { continue };
            keys.push(self.read(key_id).map(|(sealed, ..)| local(&sealed)));
        }
        keys.sort_by_key(|key| key.as_ref().ok().map(|it| (it.created_at, it.card.key_id.clone())));
        Ok(keys)
    }

    fn load(&self, key_id: &str, passphrase: &Passphrase) -> Result<Signer, KeyError> {
        let (sealed, _, shown) = self.read(key_id)?;
        sealed.open(passphrase, &shown)
    }

    fn import(&self, signer: &Signer, passphrase: &Passphrase, clock: &dyn Clock) -> Result<LocalPerson, KeyError> {
        passphrase.ensure_strong()?;
        self.keep(&SealedKey::seal(signer, passphrase, clock.now(), self.cost)?)
    }

    fn back_up(&self, key_id: &str) -> Result<Vec<u8>, KeyError> {
        self.read(key_id).map(|(_, bytes, _)| bytes)
    }

    fn restore(&self, backup: &[u8], passphrase: &Passphrase) -> Result<LocalPerson, KeyError> {
        let sealed = SealedKey::parse(backup, "the backup")?;
        sealed.open(passphrase, "the backup")?;
        self.keep(&sealed)
    }
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}
