//! People whose keys are on this machine.

use std::path::PathBuf;

use clap::Subcommand;
use proofmark_contract::domain::person::{KeyStorage, LocalPerson};
use proofmark_contract::view::{KeyBackUp, KeyKeychain, KeyRestore, Nothing, PersonCreate, PersonList};
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::reply::Outcome;
use crate::secret::Secret;
use crate::text::Side::Left;
use crate::text::{Table, safe, when};

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a key for a person, who acts from now on
    Create {
        /// The name that others see beside the signature
        #[arg(long)]
        name: String,
        /// How to reach them
        #[arg(long)]
        contact: Option<String>,
        /// Has the operating system's keychain keep the passphrase
        #[arg(long)]
        keychain: bool,
        #[command(flatten)]
        secret: Secret,
    },
    /// Lists the keys on this machine
    List,
    /// Chooses who acts from now on
    Select {
        /// Name, identifier, or the beginning of the key id
        person: String,
    },
    /// Prints a person's card, which the owner of a registry needs to admit them; it holds nothing secret
    Card {
        /// Name, identifier, or the beginning of the key id; who acts now if absent
        person: Option<String>,
    },
    /// Makes a further key for the person who acts; an owner admits its card, then it is chosen with `key select`
    Rotate {
        #[command(flatten)]
        secret: Secret,
    },
    /// Copies the encrypted file of a key, to be kept elsewhere
    Backup {
        /// The file to write; it must not exist yet
        file: PathBuf,
        /// Name, identifier, or the beginning of the key id; who acts now if absent
        #[arg(long)]
        person: Option<String>,
    },
    /// Has the operating system's keychain keep the passphrase of a key, so that it is not asked for each time
    #[command(subcommand)]
    Keychain(Keychain),
    /// Takes a key from a backup
    Restore {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        secret: Secret,
    },
}

/// Commands about the operating system's keychain.
#[derive(Debug, Subcommand)]
pub enum Keychain {
    /// Keeps the passphrase of a key, once it has opened it
    Add {
        /// Name, identifier, or the beginning of the key id; who acts now if absent
        #[arg(long)]
        person: Option<String>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Forgets the passphrase of a key; it is asked for again
    Remove {
        /// Name, identifier, or the beginning of the key id; who acts now if absent
        #[arg(long)]
        person: Option<String>,
    },
    /// Says whether there is a keychain, and which keys it opens
    Status,
}

impl Keychain {
    fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let of = |person: Option<String>| match person {
            Some(person) => Ok(engine.person_named(&person)?),
            None => current(engine.person_list(Nothing {})?),
        };
        let (command, list) = match self {
            Self::Add { person, secret } => {
                let key_id = of(person)?.card.key_id;
                let request = KeyKeychain { key_id, keep: true, passphrase: secret.typed()? };
                ("key-keychain-add", engine.key_keychain(request)?)
            }
            Self::Remove { person } => {
                let request = KeyKeychain { key_id: of(person)?.card.key_id, keep: false, passphrase: None };
                ("key-keychain-remove", engine.key_keychain(request)?)
            }
            Self::Status => ("key-keychain-status", engine.person_list(Nothing {})?),
        };
        context.answer(command, &list, || keychain_text(&list))
    }
}

fn keychain_text(list: &PersonList) -> String {
    let mut text = match &list.keychain.why {
        None => "The keychain of this computer can keep passphrases.\n".to_owned(),
        Some(why) => format!("{}\n", safe(why)),
    };
    for person in &list.people {
        let opens = match person.storage {
            KeyStorage::Keychain => "the keychain opens it",
            KeyStorage::EncryptedFile => "its passphrase is asked for",
        };
        text.push_str(&format!("{} ({}): {opens}.\n", safe(&person.card.name), person.fingerprint));
    }
    text
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        match self {
            Self::Create { name, contact, keychain, secret } => {
                let list =
                    engine.person_create(PersonCreate { name, contact, passphrase: secret.choose()?, keychain })?;
                context.answer("key-create", &list, || list_text(&list))
            }
            Self::List => {
                let list = engine.person_list(Nothing {})?;
                context.answer("key-list", &list, || list_text(&list))
            }
            Self::Select { person } => {
                let key = engine.person_named(&person)?.card.key_id;
                let list = engine.person_use_key(&key)?;
                context.answer("key-select", &list, || list_text(&list))
            }
            Self::Card { person } => {
                let person = match person {
                    Some(person) => engine.person_named(&person)?,
                    None => current(engine.person_list(Nothing {})?)?,
                };
                let card = serde_json::to_string_pretty(&person.card).map_err(|error| {
                    ErrorBody::new(ErrorCode::Internal, format!("The card could not be written down: {error}."))
                })?;
                context.answer("key-card", &person.card, || card + "\n")
            }
            Self::Rotate { secret } => {
                let made = engine.person_rotate(secret.choose()?)?;
                context.answer("key-rotate", &made, || {
                    format!(
                        "A new key, {}. Let an owner admit its card (proofmark key card {}), then choose it: proofmark key select {}\n",
                        made.fingerprint,
                        short(&made.card.key_id),
                        short(&made.card.key_id)
                    )
                })
            }
            Self::Backup { file, person } => {
                let person = match person {
                    Some(person) => engine.person_named(&person)?,
                    None => current(engine.person_list(Nothing {})?)?,
                };
                let request =
                    KeyBackUp { key_id: person.card.key_id.clone(), path: file.to_string_lossy().into_owned() };
                let written = engine.key_back_up(request)?;
                let document =
                    serde_json::json!({"key_id": person.card.key_id, "path": written.path, "size": written.size});
                context.answer("key-backup", &document, || {
                    format!(
                        "{} holds the key of {}; only its passphrase opens it.\n",
                        safe(&file.to_string_lossy()),
                        safe(&person.card.name)
                    )
                })
            }
            Self::Keychain(command) => command.run(context),
            Self::Restore { file, secret } => {
                let request = KeyRestore { path: file.to_string_lossy().into_owned(), passphrase: secret.typed()? };
                let list = engine.key_restore(request)?;
                context.answer("key-restore", &list, || list_text(&list))
            }
        }
    }
}

fn short(key_id: &str) -> String {
    key_id.chars().take(16).collect()
}

fn current(list: PersonList) -> Result<LocalPerson, ErrorBody> {
    list.people.into_iter().find(|person| person.is_current).ok_or_else(|| {
        ErrorBody::new(ErrorCode::NoIdentity, "Nobody has been chosen to act.")
            .hint("Make a key: proofmark key create --name 'Your Name'")
    })
}

fn list_text(list: &PersonList) -> String {
    let acting = list.people.iter().find(|person| person.is_current);
    let mut text = match acting {
        Some(person) => format!("{} acts now.\n", safe(&person.card.name)),
        None => "Nobody has been chosen to act. Make a key: proofmark key create --name 'Your Name'\n".to_owned(),
    };
    let mut table =
        Table::new([("Name", Left), ("Contact", Left), ("Fingerprint", Left), ("Made", Left), ("Person", Left)]);
    for person in &list.people {
        table.row([
            person.card.name.clone(),
            person.card.contact.clone().unwrap_or_default(),
            person.fingerprint.clone(),
            when(person.created_at),
            person.card.id.to_string(),
        ]);
    }
    text.push_str(&table.text());
    text
}
