//! People whose keys are on this machine.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::Timestamp;
use proofmark_domain::id::PersonId;
use proofmark_domain::person::{KeyStorage, LocalPerson};
use proofmark_ledger::{AuditEntry, StoredPerson};
use proofmark_registry::Signer;
use proofmark_registry::keys::{EncryptedFileVault, KeyError, KeyVault, Passphrase};
use uuid::Uuid;

use crate::trouble::{Answer, Trouble, io_trouble};
use crate::{Engine, lock};

/// A sealed key is far smaller than this.
const LARGEST_KEY: u64 = 64 * 1024;

/// The engine's clock, as the registry asks for it.
pub(crate) struct RegistryClock(pub(crate) Engine);

impl proofmark_registry::Clock for RegistryClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn fresh(&self, at: Timestamp) -> Uuid {
        proofmark_registry::SystemClock.fresh(at)
    }
}

impl Engine {
    /// People whose keys are on this machine.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn person_list(&self, _: Nothing) -> Answer<PersonList> {
        Ok(PersonList {
            people: self.local_people()?,
            keychain: match self.0.keychain.answers() {
                Ok(()) => Permission::granted(),
                Err(why) => Permission::denied(format!(
                    "The keychain of this computer cannot keep your passphrase ({why}), so you are asked for it each time."
                )),
            },
        })
    }

    /// The same without asking the keychain.
    pub(crate) fn local_people(&self) -> Answer<Vec<LocalPerson>> {
        let people = self.ledger().read::<_, Trouble>(|read| Ok(read.people().list()?))?;
        Ok(people.into_iter().map(|it| it.person).collect())
    }

    /// Makes a key for a person, and lets them act from now on.
    ///
    /// # Errors
    /// If the name is empty, the passphrase is too short, or the key cannot be kept.
    pub fn person_create(&self, request: PersonCreate) -> Answer<PersonList> {
        let name = request.name.trim();
        if name.is_empty() {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "A person needs a name.")
                .hint("Type the name that others will see beside the signature."));
        }
        let Some(passphrase) = request.passphrase.filter(|it| !it.is_empty()) else {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "A passphrase is needed: it protects the key file.")
                .hint("Choose at least eight characters that nobody would guess."));
        };
        let contact = request.contact.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let id = PersonId::from_uuid(self.0.clock.new_id());
        let clock = RegistryClock(self.clone());
        let kept = request.keychain.then(|| passphrase.clone());
        let person = self.vault().create(id, name, contact, &Passphrase::new(passphrase), &clock)?;
        let key_id = person.card.key_id.clone();
        self.keep_person("person.create", LocalPerson { is_current: true, ..person })?;
        if kept.is_some() {
            // The key is there, whatever becomes of this; the error says so.
            self.key_keychain(KeyKeychain { key_id, keep: true, passphrase: kept })
                .map_err(|trouble| Trouble::new(trouble.0.code, format!("The key was made. {}", trouble.0.message)))?;
        }
        self.person_list(Nothing {})
    }

    /// Has the keychain of the operating system keep the passphrase of a key, once it has opened the key, or forget it.
    ///
    /// # Errors
    /// If the passphrase does not open the key, or the keychain cannot be used; then everything is as before.
    pub fn key_keychain(&self, request: KeyKeychain) -> Answer<PersonList> {
        let key_id = &request.key_id;
        // Whatever the keychain gave before may be wrong from now on.
        *lock(&self.0.unlocked) = None;
        let (storage, action) = if request.keep {
            let Some(passphrase) = request.passphrase.filter(|it| !it.is_empty()) else {
                return Err(Trouble::new(
                    ErrorCode::WrongPassphrase,
                    "The passphrase of the key is needed once, so that the keychain can keep it.",
                ));
            };
            let (given, passphrase) = (Passphrase::new(passphrase.clone()), passphrase);
            self.vault().load(key_id, &given)?;
            self.0.keychain.keep(key_id, &passphrase).map_err(|why| no_keychain("keep the passphrase", &why))?;
            (KeyStorage::Keychain, "key.keychain_add")
        } else {
            self.0.keychain.forget(key_id).map_err(|why| no_keychain("forget the passphrase", &why))?;
            (KeyStorage::EncryptedFile, "key.keychain_remove")
        };
        let entry = AuditEntry::new(self.actor(), action, key_id);
        let noted = self
            .ledger()
            .write(self.now(), entry, |write| -> Answer<()> { Ok(write.people().set_storage(key_id, storage)?) });
        if let Err(trouble) = noted {
            let knew = self
                .local_people()
                .is_ok_and(|all| all.iter().any(|it| it.card.key_id == *key_id && it.storage == KeyStorage::Keychain));
            if request.keep && !knew {
                // What is kept and nobody knows of would never be forgotten. The error of the ledger is told either way.
                let _ = self.0.keychain.forget(key_id);
            }
            return Err(trouble);
        }
        self.person_list(Nothing {})
    }

    /// Whether the keychain opens the key of the person who acts, so that nobody has to be asked. The opened key is kept for the
    /// signature that follows, so that the keychain is asked once.
    ///
    /// # Errors
    /// If it should and does not: it cannot be asked, or what it holds is not the passphrase (any more). The code tells.
    pub fn keychain_opens(&self) -> Answer<bool> {
        *lock(&self.0.unlocked) = None;
        // Whoever cannot be read is asked, and what is wrong shows when they sign.
        let Ok(Some(me)) = self.me() else { return Ok(false) };
        if me.person.storage != KeyStorage::Keychain {
            return Ok(false);
        }
        let signer = self.signer_by_keychain(&me)?;
        *lock(&self.0.unlocked) = Some(signer);
        Ok(true)
    }

    fn signer_by_keychain(&self, me: &StoredPerson) -> Answer<Signer> {
        let card = &me.person.card;
        let passphrase = self.kept_passphrase(me)?;
        self.vault().load(&card.key_id, &passphrase).map_err(|error| match error {
            KeyError::WrongPassphrase { .. } => Trouble::new(
                ErrorCode::WrongPassphrase,
                format!("What the keychain holds does not open the key of {}. Type the passphrase instead.", card.name),
            )
            .hint("Have the keychain keep the right one: Settings, People; on the command line: proofmark key keychain add."),
            other => other.into(),
        })
    }

    fn kept_passphrase(&self, me: &StoredPerson) -> Answer<Passphrase> {
        let card = &me.person.card;
        let failed = |why: &str| {
            let name = &card.name;
            let text = format!("The keychain did not give the passphrase of {name}'s key ({why}). Type it instead.");
            Trouble::new(ErrorCode::WrongPassphrase, text)
                .hint("On the command line: set PROOFMARK_PASSPHRASE, or give --passphrase-file.")
        };
        match self.0.keychain.passphrase(&card.key_id) {
            Ok(Some(passphrase)) if !passphrase.is_empty() => Ok(Passphrase::new(passphrase)),
            Ok(_) => Err(failed("it is not there any more")),
            Err(why) => Err(failed(&why)),
        }
    }

    /// Makes a further key for the person who acts. The one that they have goes on until an owner admitted the new one and the
    /// person chooses it.
    ///
    /// # Errors
    /// If nobody acts, the passphrase is too short, or the key cannot be kept.
    pub fn person_rotate(&self, passphrase: Option<String>) -> Answer<LocalPerson> {
        let me = self.me()?.ok_or_else(|| Trouble::new(ErrorCode::NoIdentity, "Nobody has been chosen to act."))?;
        let Some(passphrase) = passphrase.filter(|it| !it.is_empty()) else {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "A passphrase is needed: it protects the key file."));
        };
        let card = &me.person.card;
        let clock = RegistryClock(self.clone());
        let passphrase = Passphrase::new(passphrase);
        let made = self.vault().create(card.id, &card.name, card.contact.as_deref(), &passphrase, &clock)?;
        self.keep_person("person.rotate", made.clone())?;
        Ok(made)
    }

    /// Copies the encrypted file of a key to a place that must be free.
    ///
    /// # Errors
    /// If there is no such key, or the file is there already or cannot be written.
    pub fn key_back_up(&self, request: KeyBackUp) -> Answer<Exported> {
        let sealed = self.vault().back_up(&request.key_id)?;
        let path = PathBuf::from(&request.path);
        let path = std::path::absolute(&path).map_err(|error| io_trouble("finding", &path, &error))?;
        // A backup never takes the place of another one.
        std::fs::File::create_new(&path)
            .and_then(|mut file| file.write_all(&sealed).and_then(|()| file.sync_all()))
            .map_err(|error| io_trouble("writing", &path, &error))?;
        let entry = AuditEntry::new(self.actor(), "key.backup", &request.key_id);
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("path", path.to_string_lossy());
            Ok(())
        })?;
        Ok(Exported { path: path.to_string_lossy().into_owned(), size: sealed.len() as u64 })
    }

    /// Takes a key from a backup, once its passphrase has opened it. The person acts from now on.
    ///
    /// # Errors
    /// If the file is no backup, the passphrase does not open it, or the key is here already.
    pub fn key_restore(&self, request: KeyRestore) -> Answer<PersonList> {
        let Some(passphrase) = request.passphrase.filter(|it| !it.is_empty()) else {
            return Err(Trouble::new(ErrorCode::WrongPassphrase, "The passphrase of the key is needed to restore it."));
        };
        let path = PathBuf::from(&request.path);
        let reading = |error| io_trouble("reading", &path, &error);
        let mut backup = Vec::new();
        std::fs::File::open(&path).and_then(|file| file.take(LARGEST_KEY).read_to_end(&mut backup)).map_err(reading)?;
        let person = self.vault().restore(&backup, &Passphrase::new(passphrase))?;
        self.keep_person("person.restore", LocalPerson { is_current: true, ..person })?;
        self.person_list(Nothing {})
    }

    fn keep_person(&self, action: &str, person: LocalPerson) -> Answer<()> {
        let entry = AuditEntry::new(&person.card.name, action, person.card.id.to_string());
        let file = self.home().keys().join(format!("{}.json", person.card.key_id));
        let stored = StoredPerson { key_location: file.to_string_lossy().into_owned(), person };
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("key", stored.person.card.key_id.clone());
            Ok(write.people().add(&stored)?)
        })
    }

    /// Chooses with which key the person acts from now on.
    ///
    /// # Errors
    /// If there is no such key here.
    pub fn person_use_key(&self, key_id: &str) -> Answer<PersonList> {
        let entry = AuditEntry::new(self.actor(), "person.select", key_id);
        self.ledger()
            .write(self.now(), entry, |write| -> Answer<()> { Ok(write.people().set_current(Some(key_id))?) })?;
        self.person_list(Nothing {})
    }

    /// Chooses who acts from now on.
    ///
    /// # Errors
    /// If that person has no key here.
    pub fn person_select(&self, request: PersonRef) -> Answer<PersonList> {
        let people = self.ledger().read::<_, Trouble>(|read| Ok(read.people().list()?))?;
        let chosen = people
            .iter()
            .find(|it| it.person.card.id == request.person)
            .ok_or_else(|| Trouble::not_found("person with that identifier and a key on this machine"))?;
        let entry = AuditEntry::new(self.actor(), "person.select", request.person.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            Ok(write.people().set_current(Some(&chosen.person.card.key_id))?)
        })?;
        self.person_list(Nothing {})
    }

    /// Finds a person with a key here by identifier, name or the beginning of the key id.
    ///
    /// # Errors
    /// If there is none.
    pub fn person_named(&self, what: &str) -> Answer<LocalPerson> {
        self.local_people()?
            .into_iter()
            .find(|it| {
                it.card.id.to_string() == what
                    || it.card.name == what
                    || (what.len() >= 8 && it.card.key_id.starts_with(what))
            })
            .ok_or_else(|| {
                Trouble::not_found(format!("person `{what}` with a key on this machine"))
                    .hint("See proofmark key list.")
            })
    }

    pub(crate) fn vault(&self) -> EncryptedFileVault {
        EncryptedFileVault::new(self.home().keys())
    }

    pub(crate) fn me(&self) -> Answer<Option<StoredPerson>> {
        self.ledger().read(|read| Ok(read.people().current()?))
    }

    /// Unlocks the key of the person who acts now.
    pub(crate) fn signer(&self, passphrase: Option<String>) -> Answer<Signer> {
        let Some(me) = self.me()? else {
            return Err(Trouble::new(
                ErrorCode::NoIdentity,
                "Nobody has been chosen to act, so nothing can be signed.",
            )
            .hint("Make a key under Settings, People; on the command line: proofmark key create --name 'Your Name'."));
        };
        let key_id = &me.person.card.key_id;
        let Some(passphrase) = passphrase.filter(|it| !it.is_empty()) else {
            if me.person.storage == KeyStorage::Keychain {
                let opened = lock(&self.0.unlocked).take().filter(|it| it.key_id() == key_id);
                return opened.map_or_else(|| self.signer_by_keychain(&me), Ok);
            }
            return Err(Trouble::new(
                ErrorCode::WrongPassphrase,
                format!("The passphrase of {}'s key is needed to sign.", me.person.card.name),
            )
            .hint("On the command line: set PROOFMARK_PASSPHRASE, or give --passphrase-file."));
        };
        Ok(self.vault().load(key_id, &Passphrase::new(passphrase))?)
    }
}

fn no_keychain(what: &str, why: &str) -> Trouble {
    Trouble::new(ErrorCode::PermissionDenied, format!("The keychain of this computer could not {what}: {why}."))
        .hint("Everything is as before: the passphrase is asked for each time.")
}
