//! People whose keys are on this machine.

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::Timestamp;
use proofmark_domain::id::PersonId;
use proofmark_domain::person::LocalPerson;
use proofmark_ledger::{AuditEntry, StoredPerson};
use proofmark_registry::Signer;
use proofmark_registry::keys::{EncryptedFileVault, KeyVault, Passphrase};
use uuid::Uuid;

use crate::Engine;
use crate::trouble::{Answer, Trouble};

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
        let people = self.ledger().read::<_, Trouble>(|read| Ok(read.people().list()?))?;
        Ok(PersonList {
            people: people.into_iter().map(|it| it.person).collect(),
            keychain: Permission::denied(
                "Keys are kept in files that only your passphrase opens. The system's keychain is not used in this version.",
            ),
        })
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
        let person = self.vault().create(id, name, contact, &Passphrase::new(passphrase), &clock)?;
        self.keep_person("person.create", LocalPerson { is_current: true, ..person })?;
        self.person_list(Nothing {})
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

    /// The encrypted file of a key, to be kept elsewhere.
    ///
    /// # Errors
    /// If there is no such key.
    pub fn person_back_up(&self, key_id: &str) -> Answer<Vec<u8>> {
        Ok(self.vault().back_up(key_id)?)
    }

    /// Takes a key from a backup, once its passphrase has opened it. The person acts from now on.
    ///
    /// # Errors
    /// If the passphrase does not open it, or the key is here already.
    pub fn person_restore(&self, backup: &[u8], passphrase: Option<String>) -> Answer<PersonList> {
        let Some(passphrase) = passphrase.filter(|it| !it.is_empty()) else {
            return Err(Trouble::new(ErrorCode::WrongPassphrase, "The passphrase of the key is needed to restore it."));
        };
        let person = self.vault().restore(backup, &Passphrase::new(passphrase))?;
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
        let people = self.person_list(Nothing {})?.people;
        people
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
        let Some(passphrase) = passphrase.filter(|it| !it.is_empty()) else {
            return Err(Trouble::new(
                ErrorCode::WrongPassphrase,
                format!("The passphrase of {}'s key is needed to sign.", me.person.card.name),
            )
            .hint("On the command line: set PROOFMARK_PASSPHRASE, or give --passphrase-file."));
        };
        Ok(self.vault().load(&me.person.card.key_id, &Passphrase::new(passphrase))?)
    }
}
