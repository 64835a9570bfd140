//! The `setting` table: what people set, by name.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::codec::{json, to_json};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

/// Reads settings.
pub struct Settings<'c> {
    pub(crate) db: Db<'c>,
}

impl Settings<'_> {
    /// One setting; `None` if it was never set. One that does not have the type `T` is [`LedgerError::BadRow`].
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
            Ok(statement.query_row([key], |row| json(row, 0)).optional()?)
        })
    }

    /// All of them.
    pub fn all(&self) -> Result<BTreeMap<String, Value>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT key, value FROM setting")?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, json(row, 1)?)))?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes settings.
pub struct SettingsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl SettingsMut<'_> {
    /// One setting as it stands within this write; `None` if it was never set. One that does not have the type `T` is [`LedgerError::BadRow`].
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LedgerError> {
        self.write.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
            Ok(statement.query_row([key], |row| json(row, 0)).optional()?)
        })
    }

    /// Sets it.
    pub fn set<T: Serialize>(&self, key: &str, value: &T) -> Result<(), LedgerError> {
        let at = self.write.at().ms();
        self.write.touch(Tag::Settings).run(|conn| {
            conn.prepare_cached(
                "INSERT INTO setting (key, value, changed_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
            )?
            .execute(params![key, to_json(value)?, at])?;
            Ok(())
        })
    }

    /// Forgets it, so that its default holds again. Does nothing if it was never set.
    pub fn unset(&self, key: &str) -> Result<(), LedgerError> {
        self.write.touch(Tag::Settings).run(|conn| {
            conn.prepare_cached("DELETE FROM setting WHERE key = ?1")?.execute([key])?;
            Ok(())
        })
    }
}
