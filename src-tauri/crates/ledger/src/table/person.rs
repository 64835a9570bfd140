//! The `person` table: people whose private key is on this machine. The keys themselves are never here.

use proofmark_domain::person::{KeyStorage, LocalPerson, PersonCard};
use rusqlite::{Params, Row, params};

use crate::codec::{parsed, time, to_word, word};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str =
    "id, name, contact, public_key, key_id, fingerprint, storage, created_at, is_current, key_location";

/// A person together with the place of their private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPerson {
    /// The person.
    pub person: LocalPerson,
    /// The path of the encrypted key file.
    pub key_location: String,
}

/// Reads people.
pub struct People<'c> {
    pub(crate) db: Db<'c>,
}

impl People<'_> {
    /// Everybody, by name. A person with two keys is there twice.
    pub fn list(&self) -> Result<Vec<StoredPerson>, LedgerError> {
        self.many("1 ORDER BY name COLLATE NOCASE, created_at, key_id", [])
    }

    /// The person who acts now, if one was chosen.
    pub fn current(&self) -> Result<Option<StoredPerson>, LedgerError> {
        Ok(self.many("is_current = 1", [])?.pop())
    }

    /// The person with this key.
    pub fn by_key_id(&self, key_id: &str) -> Result<Option<StoredPerson>, LedgerError> {
        Ok(self.many("key_id = ?1", [key_id])?.pop())
    }

    fn many(&self, scope: &str, values: impl Params) -> Result<Vec<StoredPerson>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE {scope}"))?;
            Ok(statement.query_map(values, person)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes people.
pub struct PeopleMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl PeopleMut<'_> {
    /// Adds a person with a new key. If `is_current` is set they act from now on.
    pub fn add(&self, stored: &StoredPerson) -> Result<(), LedgerError> {
        let StoredPerson { person, key_location } = stored;
        self.write.touch(Tag::People).run(|conn| {
            let key_id = &person.card.key_id;
            if conn.prepare_cached("SELECT 1 FROM person WHERE key_id = ?1")?.exists([key_id])? {
                return Err(Fault::Exists { what: "key", id: key_id.clone() });
            }
            if person.is_current {
                conn.prepare_cached("UPDATE person SET is_current = 0 WHERE is_current = 1")?.execute([])?;
            }
            conn.prepare_cached(
                "INSERT INTO person (id, name, contact, public_key, key_id, fingerprint, storage, created_at, is_current,
                                     key_location)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                person.card.id.to_string(),
                person.card.name,
                person.card.contact,
                person.card.public_key,
                key_id,
                person.fingerprint,
                to_word(&person.storage)?,
                person.created_at.ms(),
                person.is_current,
                key_location,
            ])?;
            Ok(())
        })
    }

    /// Chooses who acts from now on, by their key; `None` means nobody.
    pub fn set_current(&self, key_id: Option<&str>) -> Result<(), LedgerError> {
        self.write.touch(Tag::People).run(|conn| {
            conn.prepare_cached("UPDATE person SET is_current = 0 WHERE is_current = 1")?.execute([])?;
            let Some(key_id) = key_id else { return Ok(()) };
            match conn.prepare_cached("UPDATE person SET is_current = 1 WHERE key_id = ?1")?.execute([key_id])? {
                0 => Err(Fault::Missing { what: "person with the key", id: key_id.to_owned() }),
                _ => Ok(()),
            }
        })
    }

    /// Notes who keeps what opens a key.
    pub fn set_storage(&self, key_id: &str, storage: KeyStorage) -> Result<(), LedgerError> {
        self.write.touch(Tag::People).run(|conn| {
            let word = to_word(&storage)?;
            match conn.prepare_cached("UPDATE person SET storage = ?2 WHERE key_id = ?1")?.execute([key_id, &word])? {
                0 => Err(Fault::Missing { what: "person with the key", id: key_id.to_owned() }),
                _ => Ok(()),
            }
        })
    }

    /// Forgets that a key is on this machine. What was signed with it stays signed.
    pub fn remove(&self, key_id: &str) -> Result<(), LedgerError> {
        self.write.touch(Tag::People).run(|conn| {
            match conn.prepare_cached("DELETE FROM person WHERE key_id = ?1")?.execute([key_id])? {
                0 => Err(Fault::Missing { what: "person with the key", id: key_id.to_owned() }),
                _ => Ok(()),
            }
        })
    }
}

fn person(row: &Row<'_>) -> rusqlite::Result<StoredPerson> {
    Ok(StoredPerson {
        person: LocalPerson {
            card: PersonCard {
                id: parsed(row, 0)?,
                name: row.get(1)?,
                contact: row.get(2)?,
                public_key: row.get(3)?,
                key_id: row.get(4)?,
            },
            fingerprint: row.get(5)?,
            storage: word(row, 6)?,
            created_at: time(row, 7)?,
            is_current: row.get(8)?,
        },
        key_location: row.get(9)?,
    })
}
