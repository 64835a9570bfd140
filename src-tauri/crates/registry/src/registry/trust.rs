//! The trust list: begun by one owner, changed by as many as it says.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_domain::person::{PersonCard, Role};
use proofmark_domain::release::rules;
use proofmark_domain::release::{Policy, ReleaseBlocked, StatementBody, TrustList};
use proofmark_domain::{Digest, Timestamp};

use super::log::{Freshness, Loaded};
use super::{NewRegistry, Registry, named};
use crate::error::RegistryError;
use crate::keys::{Signer, check_card};
use crate::layout;

/// Each round means that another owner changed the list at the same time; more than this is no race.
const ROUNDS: usize = 100;

/// What became of a change of the trust list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustChange {
    /// It holds.
    Holds {
        /// The version that holds now.
        version: u64,
    },
    /// It waits for further owners to sign it.
    Waits {
        /// The version that it would be.
        version: u64,
        /// Digest of the statement that proposes it, by which others endorse it.
        list: Digest,
        /// Owners who signed.
        signed: usize,
        /// Owners who must.
        required: usize,
    },
}

impl Registry {
    /// Begins the registry. An attempt of the same owner that was cut short is taken up.
    pub(super) fn begin(&self, new: &NewRegistry, owner: &Signer) -> Result<(), RegistryError> {
        let _turn = self.turn();
        let loaded = self.load(Freshness::Stamps)?;
        let taken = || RegistryError::AlreadyThere { path: self.store.place() };
        if loaded.state.root_key.is_some() {
            return Err(taken());
        }
        self.ensure_writable()?;
        let own = loaded.statements.values().find(|(_, it)| {
            let begins = matches!(&it.statement.body, StatementBody::TrustProposed { list, .. } if list.version == 1);
            begins && it.statement.key_id == owner.key_id()
        });
        let digest = match own {
            Some((_, placed)) => placed.digest,
            None => {
                let list = TrustList::first(&new.name, owner.card(), new.policy.clone(), self.clock.now());
                let body = StatementBody::TrustProposed { list, reason: "the registry begins".to_owned() };
                self.append(&loaded, owner, None, body)?.1
            }
        };
        if self.claim(&layout::trust_claim(1), &digest, false)? { Ok(()) } else { Err(taken()) }
    }

    /// Loads the registry for an owner, who may act also when the trust list has expired.
    fn ready_owner(&self, owner: &Signer, reason: &str) -> Result<(Loaded, TrustList, Digest), RegistryError> {
        self.ensure_writable()?;
        let loaded = self.load(Freshness::Stamps)?;
        self.ensure_trusted(&loaded.state)?;
        let (Some(list), Some(statement)) = (loaded.state.trust.clone(), loaded.state.trust_statement) else {
            let why = "the statement that begins it is missing".to_owned();
            return Err(RegistryError::Incomplete { path: self.store.place(), why });
        };
        rules::may_change_trust(&loaded.state, self.actor(owner), reason).map_err(|why| named(why, owner))?;
        Ok((loaded, list, statement))
    }

    /// Proposes the next version of the trust list, and puts it into force if this owner's signature is enough. If others
    /// change the list at the same moment, `change` is applied to their result again.
    pub fn change_trust(
        &self,
        owner: &Signer,
        reason: &str,
        change: impl Fn(&mut TrustList, &BTreeMap<String, Digest>) -> Result<(), ReleaseBlocked>,
    ) -> Result<TrustChange, RegistryError> {
        for _ in 0..ROUNDS {
            let turn = self.turn();
            let (loaded, current, statement) = self.ready_owner(owner, reason)?;
            let heads: BTreeMap<String, Digest> =
                loaded.heads.iter().map(|(key_id, (_, digest))| (key_id.clone(), *digest)).collect();
            let mut next = current.next(statement, &heads);
            change(&mut next, &heads)?;
            if meaning(&next) == meaning(&current.next(statement, &heads)) {
                return Ok(TrustChange::Holds { version: current.version });
            }
            current.may_be_followed_by(statement, &next, self.clock.now())?;
            let same = loaded
                .state
                .pending
                .iter()
                .find(|it| it.signers.contains(&owner.card().id) && meaning(&it.list) == meaning(&next));
            let digest = match same {
                Some(pending) => pending.statement,
                None => {
                    let body = StatementBody::TrustProposed { list: next, reason: reason.to_owned() };
                    self.append(&loaded, owner, None, body)?.1
                }
            };
            drop(turn);
            if let Some(done) = self.put_into_force(current.version + 1, digest)? {
                return Ok(done);
            }
        }
        let why = "it changes faster than it can be signed".to_owned();
        Err(RegistryError::Incomplete { path: self.path(&layout::trust_claim(1)), why })
    }

    /// Signs a version of the trust list that another owner proposed. `list` is the digest of the statement that
    /// proposes it, so that nobody signs another list than the one that they looked at.
    pub fn endorse_trust(&self, owner: &Signer, list: &Digest) -> Result<TrustChange, RegistryError> {
        let turn = self.turn();
        let (loaded, current, statement) = self.ready_owner(owner, "endorsing")?;
        if statement == *list {
            return Ok(TrustChange::Holds { version: current.version });
        }
        let Some(pending) = loaded.state.pending.iter().find(|it| it.statement == *list) else {
            return Err(ReleaseBlocked::Superseded { version: current.version }.into());
        };
        let version = pending.list.version;
        if !pending.signers.contains(&owner.card().id) {
            self.append(&loaded, owner, None, StatementBody::TrustEndorsed { version, list: *list })?;
        }
        drop(turn);
        match self.put_into_force(version, *list)? {
            Some(done) => Ok(done),
            None => Err(ReleaseBlocked::Superseded { version }.into()),
        }
    }

    /// Claims the number for a list that has its signatures; `None` if another list has the number.
    fn put_into_force(&self, version: u64, list: Digest) -> Result<Option<TrustChange>, RegistryError> {
        let loaded = self.load(Freshness::Stamps)?;
        if loaded.state.trust_statement == Some(list) {
            return Ok(Some(TrustChange::Holds { version }));
        }
        let Some(pending) = loaded.state.pending.iter().find(|it| it.statement == list) else { return Ok(None) };
        let (signed, required) = (pending.signers.len(), pending.required);
        if signed < required {
            return Ok(Some(TrustChange::Waits { version, list, signed, required }));
        }
        let path = layout::trust_claim(version);
        let cut_short = matches!(loaded.trust_claims.get(&version), Some(super::log::Claim::Partial));
        let take_over = cut_short && self.is_abandoned(&path)?;
        Ok(self.claim(&path, &list, take_over)?.then_some(TrustChange::Holds { version }))
    }

    /// Admits a person, gives them another key, or changes their roles; no roles take everything away.
    pub fn admit(
        &self,
        owner: &Signer,
        person: &PersonCard,
        roles: &BTreeSet<Role>,
    ) -> Result<TrustChange, RegistryError> {
        self.admit_until(owner, person, roles, None)
    }

    /// The same, with a key that ends at `expires`; `None` leaves the end of a key that is known as it is.
    pub fn admit_until(
        &self,
        owner: &Signer,
        person: &PersonCard,
        roles: &BTreeSet<Role>,
        expires: Option<Timestamp>,
    ) -> Result<TrustChange, RegistryError> {
        let key = check_card(person)?;
        if key.curve_name() != "P-256" {
            return Err(RegistryError::Invalid(format!("the key of {} is not on P-256", person.name)));
        }
        let at = self.clock.now();
        self.change_trust(owner, &format!("{} was admitted", person.name), |list, _| {
            list.admit(person, roles, at);
            let key = list.people.get_mut(&person.id).and_then(|it| it.keys.get_mut(&person.key_id));
            if let Some(key) = key.filter(|_| expires.is_some()) {
                key.expires = expires;
            }
            Ok(())
        })
    }

    /// Declares a key invalid. What it signed up to now, as far as it has arrived here, still counts; with `all`, nothing
    /// that it ever signed does.
    pub fn revoke_key(
        &self,
        owner: &Signer,
        key_id: &str,
        reason: &str,
        all: bool,
    ) -> Result<TrustChange, RegistryError> {
        let at = self.clock.now();
        self.change_trust(owner, reason, |list, heads| {
            let last = heads.get(key_id).copied().filter(|_| !all);
            list.revoke(key_id, last, reason, at)
        })
    }

    /// Changes what a release needs from now on.
    pub fn set_policy(&self, owner: &Signer, policy: &Policy, reason: &str) -> Result<TrustChange, RegistryError> {
        self.change_trust(owner, reason, |list, _| {
            list.policy = policy.clone();
            Ok(())
        })
    }

    /// Asks to be admitted. An owner compares the fingerprint with the person over another way before admitting them.
    pub fn request_join(&self, person: &Signer, note: &str) -> Result<(), RegistryError> {
        let _turn = self.turn();
        self.ensure_writable()?;
        let loaded = self.load(Freshness::Stamps)?;
        self.ensure_trusted(&loaded.state)?;
        let asked = loaded.state.requests.iter().any(|it| it.person.key_id == person.key_id());
        if asked || loaded.state.holder(person.key_id()).is_some() {
            return Ok(());
        }
        let body = StatementBody::JoinRequested { person: person.card().clone(), note: note.trim().to_owned() };
        self.append(&loaded, person, None, body).map(drop)
    }

    /// Stops every publication and promotion, or lets them go on.
    pub fn set_frozen(&self, owner: &Signer, frozen: bool, reason: &str) -> Result<(), RegistryError> {
        self.act(owner, None, |state, actor| {
            rules::may_freeze(state, actor, reason)?;
            Ok(StatementBody::FreezeSet { frozen, reason: reason.to_owned() })
        })
        .map(drop)
    }
}

/// A list without what only says when it was made.
fn meaning(list: &TrustList) -> TrustList {
    let mut list = list.clone();
    for person in list.people.values_mut() {
        for key in person.keys.values_mut() {
            key.head = None;
            if let Some(revoked) = &mut key.revoked {
                revoked.at = key.since;
            }
        }
    }
    list
}
