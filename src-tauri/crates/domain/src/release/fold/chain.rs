//! The chain of trust lists, and which of them governs a statement.

use super::*;
use crate::release::state::PendingTrust;
use crate::release::trust::TrustedKey;

mod reading;

/// A version of the trust list that took effect.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub statement: Digest,
    pub list: Arc<TrustList>,
    at: Timestamp,
    key_id: String,
}

/// The versions that took effect, oldest first, and what is to be known of them for judging statements.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    id: RegistryId,
    links: Vec<Link>,
    /// The first version whose makers had seen a statement.
    known_at: BTreeMap<Digest, usize>,
    /// For each revoked key, the statements that still count.
    kept: BTreeMap<String, BTreeSet<Digest>>,
    /// Statements that a version of the list names, or that one of those rests on, and that are not there.
    missed: BTreeSet<Digest>,
    /// Versions that were proposed, whatever became of them.
    proposed: BTreeMap<Digest, u64>,
    pending: Vec<PendingTrust>,
    refused: Vec<Refused>,
}

impl Chain {
    pub fn read(id: RegistryId, statements: &[Arc<Placed>], claims: &Claims) -> Self {
        reading::read(id, statements, claims)
    }

    pub fn refused(&self) -> Vec<Refused> {
        self.refused.clone()
    }

    pub fn newest(&self) -> Option<&Link> {
        self.links.last()
    }

    pub fn root_key(&self) -> Option<&str> {
        self.links.first().map(|it| it.key_id.as_str())
    }

    /// How many versions there are, which is the number of the newest.
    pub const fn length(&self) -> usize {
        self.links.len()
    }

    /// A version by its number.
    pub fn link(&self, version: usize) -> Option<&Link> {
        self.links.get(version.checked_sub(1)?)
    }

    /// Versions that wait for further owners.
    pub fn pending(&self) -> Vec<PendingTrust> {
        self.pending.clone()
    }

    /// Whether the chain would judge otherwise if it had had this statement.
    pub fn misses(&self, statement: &Digest) -> bool {
        self.missed.contains(statement)
    }

    /// The number of the version that governs a statement.
    pub fn governs(&self, placed: &Placed) -> Result<usize, ReleaseBlocked> {
        let statement = &placed.statement;
        if statement.registry != self.id {
            let why = format!("it was signed for another registry, {}", statement.registry);
            return Err(ReleaseBlocked::OutOfPlace(why));
        }
        let asks = matches!(statement.body, StatementBody::JoinRequested { .. });
        let named = match statement.trust {
            None if asks => 1,
            None => {
                return Err(ReleaseBlocked::OutOfPlace("it does not say under which trust list it acts".to_owned()));
            }
            Some(trust) => match self.links.iter().position(|it| it.statement == trust) {
                Some(index) => index + 1,
                // A list that lost its number to another: what was done under it is judged by the newest. One that is
                // newer than all that hold here shows that something is withheld.
                None if self.is_outrun(&trust) => self.links.len(),
                None => {
                    self.ensure_kept(placed)?;
                    return Err(ReleaseBlocked::TrustMissing { trust: trust.short() });
                }
            },
        };
        // The version before the first one whose makers had seen it; `known_at` counts from 0 and versions from 1.
        let unseen = self.known_at.get(&placed.digest).copied().unwrap_or(self.links.len());
        Ok(named.max(unseen).max(1))
    }

    fn is_outrun(&self, trust: &Digest) -> bool {
        self.proposed.get(trust).is_some_and(|version| *version <= self.links.len() as u64)
    }

    /// Whether a statement is one of those that still count of a revoked key, if its key is.
    fn ensure_kept(&self, placed: &Placed) -> Result<(), ReleaseBlocked> {
        let statement = &placed.statement;
        match self.kept.get(statement.key_id.as_str()) {
            Some(kept) if !kept.contains(&placed.digest) => {
                Err(ReleaseBlocked::KeyRevoked { key: short(&statement.key_id), name: self.name_of(statement.author) })
            }
            _ => Ok(()),
        }
    }

    fn name_of(&self, person: PersonId) -> String {
        let known = self.links.last().and_then(|newest| newest.list.people.get(&person));
        known.map_or_else(|| person.to_string(), |it| it.name.clone())
    }

    /// Whether the key may sign under that version.
    pub fn may_sign(&self, placed: &Placed, version: usize) -> Result<(), ReleaseBlocked> {
        let statement = &placed.statement;
        let (Some(link), Some(newest)) = (self.link(version), self.links.last()) else { return Ok(()) };
        let key_id = statement.key_id.as_str();
        if let StatementBody::JoinRequested { person, .. } = &statement.body {
            let taken = newest.list.holder(key_id).is_some_and(|(id, ..)| id != statement.author);
            return if person.id != statement.author || person.key_id != key_id || taken {
                Err(ReleaseBlocked::OutOfPlace("its author is not the person on the card".to_owned()))
            } else {
                Ok(())
            };
        }
        let name = self.name_of(statement.author);
        self.ensure_kept(placed)?;
        let Some(person) = link.list.people.get(&statement.author) else {
            return Err(ReleaseBlocked::Unknown { name });
        };
        let key: &TrustedKey = person.keys.get(key_id).ok_or_else(|| ReleaseBlocked::Unknown { name: name.clone() })?;
        // A list that was made after the end of the key had not seen the statement, so the statement is later still.
        if let Some(end) = key.expires.filter(|end| statement.at > *end || link.at > *end) {
            return Err(ReleaseBlocked::KeyExpired { key: short(key_id), name, on: end.to_string() });
        }
        match link.list.expires {
            Some(end) if statement.at > end => {
                Err(ReleaseBlocked::TrustExpired { version: link.list.version, on: end.to_string() })
            }
            _ => Ok(()),
        }
    }
}
