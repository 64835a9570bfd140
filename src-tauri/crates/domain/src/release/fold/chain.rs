//! The chain of trust lists, and which of them governs a statement.

use super::*;
use crate::release::state::PendingTrust;
use crate::release::trust::TrustedKey;

/// A version of the trust list that took effect.
pub(super) struct Link<'a> {
    pub statement: Digest,
    pub list: &'a TrustList,
    at: Timestamp,
    key_id: &'a str,
}

/// The versions that took effect, oldest first, and everything that concerns them.
pub(super) struct Chain<'a> {
    id: RegistryId,
    links: Vec<Link<'a>>,
    /// The first version whose makers had seen a statement.
    known_at: BTreeMap<Digest, usize>,
    /// For each revoked key, the statements that still count.
    kept: BTreeMap<&'a str, BTreeSet<Digest>>,
    by_digest: BTreeMap<Digest, &'a Placed>,
    proposals: Vec<Proposal<'a>>,
    refused: Vec<Refused>,
}

struct Proposal<'a> {
    placed: &'a Placed,
    list: &'a TrustList,
    reason: &'a str,
    endorsers: Vec<&'a Statement>,
}

impl<'a> Proposal<'a> {
    /// The owners of `before` who signed this one, each once.
    fn signers(&self, before: &TrustList) -> BTreeSet<PersonId> {
        let all = self.endorsers.iter().copied().chain([&self.placed.statement]);
        all.filter(|it| owns(before, it)).map(|it| it.author).collect()
    }
}

/// Whether a statement was signed by an owner with a key that counted.
fn owns(list: &TrustList, statement: &Statement) -> bool {
    list.people.get(&statement.author).is_some_and(|person| {
        person.roles.contains(&Role::Owner)
            && person
                .keys
                .get(&statement.key_id)
                .is_some_and(|key| key.revoked.is_none() && key.expires.is_none_or(|end| statement.at <= end))
    })
}

impl<'a> Chain<'a> {
    pub fn read(id: RegistryId, statements: &'a [Arc<Placed>], claims: &Claims) -> Self {
        let mut chain = Self {
            id,
            links: Vec::new(),
            known_at: BTreeMap::new(),
            kept: BTreeMap::new(),
            by_digest: statements.iter().map(|it| (it.digest, it.as_ref())).collect(),
            proposals: Vec::new(),
            refused: Vec::new(),
        };
        chain.collect(statements);
        chain.follow(claims);
        chain.mark_known();
        chain.mark_kept();
        chain.judge_the_rest(statements);
        chain
    }

    fn refuse(&mut self, placed: &Placed, why: ReleaseBlocked) {
        self.refused.push(Refused { statement: placed.statement.id, model: placed.model.clone(), why });
    }

    /// Proposals with those who endorse each, as far as they are for this registry and lie in its own folder.
    fn collect(&mut self, statements: &'a [Arc<Placed>]) {
        let mut endorsers: BTreeMap<Digest, Vec<&Statement>> = BTreeMap::new();
        for placed in statements.iter().filter(|it| self.is_own(it)) {
            if let StatementBody::TrustEndorsed { list, .. } = &placed.statement.body {
                endorsers.entry(*list).or_default().push(&placed.statement);
            }
        }
        for placed in statements {
            let StatementBody::TrustProposed { list, reason } = &placed.statement.body else { continue };
            if self.is_own(placed) {
                let endorsers = endorsers.remove(&placed.digest).unwrap_or_default();
                self.proposals.push(Proposal { placed, list, reason, endorsers });
            }
        }
    }

    fn is_own(&self, placed: &Placed) -> bool {
        placed.statement.registry == self.id && placed.model.is_none()
    }

    /// Goes from the first version to the newest that was claimed and is signed as it must be.
    fn follow(&mut self, claims: &Claims) {
        for number in 1.. {
            let Some(claimed) = claims.trust.get(&number) else { return };
            let Some(index) = self.proposals.iter().position(|it| it.placed.digest == *claimed) else { return };
            let Some(proposal) = self.proposals.get(index) else { return };
            let (placed, list) = (proposal.placed, proposal.list);
            let statement = &placed.statement;
            let allowed = match self.links.last() {
                None => first(list, statement),
                Some(before) => {
                    let (given, required) = (proposal.signers(before.list).len(), before.list.threshold());
                    let follows = before.list.may_be_followed_by(before.statement, list, statement.at);
                    follows.and_then(|()| {
                        if given < required {
                            let version = list.version;
                            return Err(ReleaseBlocked::OwnersMissing { version, given, required });
                        }
                        Ok(())
                    })
                }
            };
            if let Err(why) = allowed {
                return self.refuse(placed, why);
            }
            let link = Link { statement: placed.digest, list, at: statement.at, key_id: &statement.key_id };
            self.links.push(link);
        }
    }

    /// Notes for each statement the first version whose makers had seen it: everything that the head of its key rests on.
    fn mark_known(&mut self) {
        let mut known = BTreeMap::new();
        for (index, link) in self.links.iter().enumerate() {
            for (key_id, key) in link.list.people.values().flat_map(|it| &it.keys) {
                for digest in self.resting_on(key.head, key_id) {
                    if known.contains_key(&digest) {
                        break;
                    }
                    known.insert(digest, index);
                }
            }
        }
        self.known_at = known;
    }

    fn mark_kept(&mut self) {
        let Some(newest) = self.links.last() else { return };
        let mut kept = BTreeMap::new();
        for (key_id, key) in newest.list.people.values().flat_map(|it| &it.keys) {
            if let Some(revoked) = &key.revoked {
                kept.insert(key_id.as_str(), self.resting_on(revoked.last, key_id).collect());
            }
        }
        self.kept = kept;
    }

    /// A statement and those before it by the same key, newest first.
    fn resting_on<'s>(&'s self, from: Option<Digest>, key_id: &'s str) -> impl Iterator<Item = Digest> + 's {
        let mut next = from;
        let mut seen = BTreeSet::new();
        std::iter::from_fn(move || {
            let digest = next.filter(|digest| seen.insert(*digest))?;
            let placed = self.by_digest.get(&digest).filter(|it| it.statement.key_id == key_id);
            next = placed.and_then(|it| it.statement.previous);
            placed.map(|_| digest)
        })
    }

    /// Proposals and endorsements that are in no link: some wait, some lost a race, and some were never anybody's to make.
    fn judge_the_rest(&mut self, statements: &'a [Arc<Placed>]) {
        let in_chain: BTreeSet<Digest> = self.links.iter().map(|it| it.statement).collect();
        let told: BTreeSet<StatementId> = self.refused.iter().map(|it| it.statement).collect();
        let proposals: BTreeMap<Digest, &TrustList> =
            self.proposals.iter().map(|it| (it.placed.digest, it.list)).collect();
        let mut found = Vec::new();
        for placed in statements {
            let (list, version) = match &placed.statement.body {
                StatementBody::TrustProposed { list, .. } => (Some(list), list.version),
                StatementBody::TrustEndorsed { version, list } => (proposals.get(list).copied(), *version),
                _ => continue,
            };
            if in_chain.contains(&placed.digest) || told.contains(&placed.statement.id) {
                continue;
            }
            let why = if !self.is_own(placed) {
                Some(ReleaseBlocked::OutOfPlace("it was signed for another registry, or lies elsewhere".to_owned()))
            } else {
                self.trouble(placed, list, version)
            };
            found.extend(why.map(|why| (placed, why)));
        }
        for (placed, why) in found {
            self.refuse(placed, why);
        }
    }

    fn trouble(&self, placed: &Placed, list: Option<&TrustList>, version: u64) -> Option<ReleaseBlocked> {
        let statement = &placed.statement;
        let Some(list) = list.filter(|list| list.version == version) else {
            return Some(ReleaseBlocked::OutOfPlace("it endorses a trust list that is not there".to_owned()));
        };
        if version == 1 {
            // Beginnings that lost the race, or that wait to be claimed.
            return first(list, statement).err();
        }
        let before = self.links.get(usize::try_from(version).ok()?.checked_sub(2)?);
        match before {
            Some(link) if list.previous == Some(link.statement) && owns(link.list, statement) => None,
            Some(link) if list.previous == Some(link.statement) => {
                let name = link.list.people.get(&statement.author).map(|it| it.name.clone());
                Some(match name {
                    Some(name) => ReleaseBlocked::RoleMissing { name, role: Role::Owner.as_str() },
                    None => ReleaseBlocked::Unknown { name: statement.author.to_string() },
                })
            }
            Some(link) => Some(ReleaseBlocked::Superseded { version: link.list.version }),
            None => {
                let trust = list.previous.map(|it| it.short()).unwrap_or_default();
                Some(ReleaseBlocked::TrustMissing { trust })
            }
        }
    }

    pub fn refused(&self) -> Vec<Refused> {
        self.refused.clone()
    }

    pub fn newest(&self) -> Option<&Link<'a>> {
        self.links.last()
    }

    pub fn root_key(&self) -> Option<&'a str> {
        self.links.first().map(|it| it.key_id)
    }

    /// A version by its number.
    pub fn link(&self, version: usize) -> Option<&Link<'a>> {
        self.links.get(version.checked_sub(1)?)
    }

    /// Versions that wait for further owners.
    pub fn pending(&self) -> Vec<PendingTrust> {
        let Some(newest) = self.links.last() else { return Vec::new() };
        let follows = |it: &&Proposal<'_>| {
            it.list.previous == Some(newest.statement)
                && newest.list.may_be_followed_by(newest.statement, it.list, it.placed.statement.at).is_ok()
        };
        let waiting = self.proposals.iter().filter(follows).map(|it| {
            let signers = it.signers(newest.list);
            let name = |id: &PersonId| newest.list.people.get(id).map(|person| person.name.clone());
            PendingTrust {
                statement: it.placed.digest,
                list: it.list.clone(),
                reason: it.reason.to_owned(),
                signed: signers.iter().filter_map(name).collect(),
                signers,
                required: newest.list.threshold(),
            }
        });
        waiting.filter(|it| !it.signers.is_empty()).collect()
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
        self.by_digest.get(trust).is_some_and(|it| match &it.statement.body {
            StatementBody::TrustProposed { list, .. } => list.version <= self.links.len() as u64,
            _ => false,
        })
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

/// Whether a list can be the first one: its author is its owner, with the key that signs.
fn first(list: &TrustList, statement: &Statement) -> Result<(), ReleaseBlocked> {
    if list.version != 1 || list.previous.is_some() {
        return Err(ReleaseBlocked::OutOfPlace("it is not the beginning of a registry".to_owned()));
    }
    if !owns(list, statement) {
        return Err(ReleaseBlocked::OutOfPlace("the first owner did not sign the beginning".to_owned()));
    }
    list.well_formed(statement.at)
}
