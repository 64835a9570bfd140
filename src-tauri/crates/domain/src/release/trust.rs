//! The trust list of a registry: who its people are, which keys are theirs, what they may do, and what a release needs.
//!
//! The list is a whole, has a version, and names the version before. A new version takes effect when enough owners of
//! the version before have signed it: whoever believes one version can follow the chain to the newest, and a list that
//! is older than one already seen shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Policy, ReleaseBlocked};
use crate::id::PersonId;
use crate::person::{PersonCard, Role};
use crate::{Digest, Timestamp};

/// That a key counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Revocation {
    /// When it was declared.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Digest of the last statement by this key that still counts; `null` if none does. What is not in the chain that
    /// leads to this statement counts for nothing, whatever time it claims.
    pub last: Option<Digest>,
}

/// A key of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TrustedKey {
    /// SubjectPublicKeyInfo as PEM.
    pub public_key: String,
    /// When it was added.
    pub since: Timestamp,
    /// When it ends; `null` for never.
    pub expires: Option<Timestamp>,
    /// That it was revoked.
    pub revoked: Option<Revocation>,
    /// Digest of the last statement by this key that had arrived when this version of the list was made. Later ones are
    /// judged by this version, whatever time they claim.
    pub head: Option<Digest>,
}

/// A person on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TrustedPerson {
    /// What people call them.
    pub name: String,
    /// How to reach them.
    pub contact: Option<String>,
    /// What they may do; empty means nothing any more. A person never leaves the list, so that their history reads.
    pub roles: BTreeSet<Role>,
    /// Every key that was ever theirs, by id.
    pub keys: BTreeMap<String, TrustedKey>,
    /// When they were first admitted.
    pub since: Timestamp,
}

impl TrustedPerson {
    /// Whether a key of theirs can sign at `at`: neither revoked nor expired.
    pub fn can_sign(&self, at: Timestamp) -> bool {
        self.keys.values().any(|key| key.revoked.is_none() && key.expires.is_none_or(|end| at <= end))
    }
}

/// One version of the trust list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TrustList {
    /// Counted from 1, without gaps.
    pub version: u64,
    /// Digest of the statement that proposed the version before; `null` for the first.
    pub previous: Option<Digest>,
    /// What people call the registry.
    pub name: String,
    /// People by id.
    pub people: BTreeMap<PersonId, TrustedPerson>,
    /// Owners who must sign the next version. At least one: 0 counts as 1.
    pub owners_needed: u32,
    /// What a release needs.
    pub policy: Policy,
    /// After this moment nothing is believed until the owners sign a new version; `null` for never. Bounds for how long
    /// somebody can hide newer versions.
    pub expires: Option<Timestamp>,
}

impl TrustList {
    /// The first version: one owner, with further roles if given.
    pub fn first(name: &str, owner: &PersonCard, policy: Policy, at: Timestamp) -> Self {
        let mut list = Self {
            version: 1,
            previous: None,
            name: name.to_owned(),
            people: BTreeMap::new(),
            owners_needed: 1,
            policy,
            expires: None,
        };
        list.admit(owner, &[Role::Owner].into(), at);
        list
    }

    /// The version after this one, to be changed and signed. `statement` is the one that proposed this version; `heads`
    /// are the last statements by each key that have arrived.
    #[must_use]
    pub fn next(&self, statement: Digest, heads: &BTreeMap<String, Digest>) -> Self {
        let mut next = Self { version: self.version + 1, previous: Some(statement), ..self.clone() };
        for person in next.people.values_mut() {
            for (key_id, key) in &mut person.keys {
                key.head = heads.get(key_id).copied().or(key.head);
            }
        }
        next
    }

    /// Adds a person or a further key of theirs, and sets their roles.
    pub fn admit(&mut self, card: &PersonCard, roles: &BTreeSet<Role>, at: Timestamp) {
        let person = self.people.entry(card.id).or_insert_with(|| TrustedPerson {
            name: card.name.clone(),
            contact: None,
            roles: BTreeSet::new(),
            keys: BTreeMap::new(),
            since: at,
        });
        person.name.clone_from(&card.name);
        person.contact.clone_from(&card.contact);
        person.roles.clone_from(roles);
        person.keys.entry(card.key_id.clone()).or_insert_with(|| TrustedKey {
            public_key: card.public_key.clone(),
            since: at,
            expires: None,
            revoked: None,
            head: None,
        });
    }

    /// Declares a key invalid. `last` is the last statement by it that still counts.
    ///
    /// # Errors
    /// If nobody on the list holds it.
    pub fn revoke(
        &mut self,
        key_id: &str,
        last: Option<Digest>,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), ReleaseBlocked> {
        let key = self.people.values_mut().find_map(|person| person.keys.get_mut(key_id));
        let key = key.ok_or_else(|| ReleaseBlocked::Unknown { name: short(key_id) })?;
        key.revoked = Some(Revocation { at, reason: reason.to_owned(), last });
        Ok(())
    }

    /// The person who holds a key, and the key.
    pub fn holder(&self, key_id: &str) -> Option<(PersonId, &TrustedPerson, &TrustedKey)> {
        self.people.iter().find_map(|(id, person)| Some((*id, person, person.keys.get(key_id)?)))
    }

    /// Owners who can sign at `at`.
    pub fn owners(&self, at: Timestamp) -> impl Iterator<Item = (PersonId, &TrustedPerson)> {
        let owns = move |it: &(&PersonId, &TrustedPerson)| it.1.roles.contains(&Role::Owner) && it.1.can_sign(at);
        self.people.iter().filter(owns).map(|(id, person)| (*id, person))
    }

    /// How many owners must sign the next version.
    pub fn threshold(&self) -> usize {
        self.owners_needed.max(1) as usize
    }

    /// Whether this list can govern a registry at `at`: a key has one holder, and enough owners can sign the next version.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn well_formed(&self, at: Timestamp) -> Result<(), ReleaseBlocked> {
        let mut holders: BTreeMap<&str, &str> = BTreeMap::new();
        for person in self.people.values() {
            for key_id in person.keys.keys() {
                if let Some(other) = holders.insert(key_id, &person.name) {
                    let name = &person.name;
                    return Err(ReleaseBlocked::OutOfPlace(format!("the key of {name} already belongs to {other}")));
                }
            }
        }
        if self.owners(at).count() < self.threshold() {
            return Err(ReleaseBlocked::LastOwner);
        }
        Ok(())
    }

    /// Whether `next` may follow this version: it names it, forgets nobody and no key, and revives none.
    ///
    /// # Errors
    /// What forbids it.
    pub fn may_be_followed_by(&self, statement: Digest, next: &Self, at: Timestamp) -> Result<(), ReleaseBlocked> {
        let wrong = |why: String| Err(ReleaseBlocked::OutOfPlace(why));
        if next.version != self.version + 1 || next.previous != Some(statement) {
            return Err(ReleaseBlocked::Superseded { version: self.version });
        }
        for (id, person) in &self.people {
            let Some(now) = next.people.get(id) else {
                return wrong(format!("it forgets {}, whose history must stay readable", person.name));
            };
            for (key_id, key) in &person.keys {
                match now.keys.get(key_id) {
                    None => return wrong(format!("it forgets the key {} of {}", short(key_id), person.name)),
                    Some(new) if new.public_key != key.public_key => {
                        return wrong(format!("it changes the key {} of {}", short(key_id), person.name));
                    }
                    Some(new) if key.revoked.is_some() && new.revoked.is_none() => {
                        return wrong(format!("it revives the revoked key {} of {}", short(key_id), person.name));
                    }
                    Some(_) => {}
                }
            }
        }
        next.well_formed(at)
    }
}

pub(super) fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}
