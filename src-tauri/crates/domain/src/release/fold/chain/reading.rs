//! Makes the chain of trust lists out of statements.

use std::collections::btree_map::Entry;

use super::*;

/// Reads who was owner when, and which statements each version of the list still lets count.
pub(super) fn read(id: RegistryId, statements: &[Arc<Placed>], claims: &Claims) -> Chain {
    let proposed = statements.iter().filter_map(|it| match &it.statement.body {
        StatementBody::TrustProposed { list, .. } => Some((it.digest, list.version)),
        _ => None,
    });
    let chain = Chain {
        id,
        links: Vec::new(),
        known_at: BTreeMap::new(),
        kept: BTreeMap::new(),
        missed: BTreeSet::new(),
        proposed: proposed.collect(),
        pending: Vec::new(),
        refused: Vec::new(),
    };
    let by_digest = statements.iter().map(|it| (it.digest, it.as_ref())).collect();
    let mut reading = Reading { chain, by_digest, proposals: Vec::new() };
    reading.collect(statements);
    reading.follow(claims);
    reading.mark_known();
    reading.mark_kept();
    reading.judge_the_rest(statements);
    reading.chain.pending = reading.pending();
    reading.chain
}

struct Reading<'a> {
    chain: Chain,
    by_digest: BTreeMap<Digest, &'a Placed>,
    proposals: Vec<Proposal<'a>>,
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

impl<'a> Reading<'a> {
    fn refuse(&mut self, placed: &Placed, why: ReleaseBlocked) {
        self.chain.refused.push(Refused { statement: placed.statement.id, model: placed.model.clone(), why });
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
        placed.statement.registry == self.chain.id && placed.model.is_none()
    }

    /// Goes from the first version to the newest that was claimed and is signed as it must be.
    fn follow(&mut self, claims: &Claims) {
        for number in 1.. {
            let Some(claimed) = claims.trust.get(&number) else { return };
            let Some(index) = self.proposals.iter().position(|it| it.placed.digest == *claimed) else { return };
            let Some(proposal) = self.proposals.get(index) else { return };
            let (placed, list) = (proposal.placed, proposal.list);
            let statement = &placed.statement;
            let allowed = match self.chain.links.last() {
                None => first(list, statement),
                Some(before) => {
                    let (given, required) = (proposal.signers(&before.list).len(), before.list.threshold());
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
            let (list, key_id) = (Arc::new(list.clone()), statement.key_id.clone());
            let link = Link { statement: placed.digest, list, at: statement.at, key_id };
            self.chain.links.push(link);
        }
    }

    /// Notes for each statement the first version whose makers had seen it: everything that the head of its key rests on.
    fn mark_known(&mut self) {
        let (mut known, mut missed) = (BTreeMap::new(), BTreeSet::new());
        for (index, link) in self.chain.links.iter().enumerate() {
            for (key_id, key) in link.list.people.values().flat_map(|it| &it.keys) {
                let fresh = |digest| match known.entry(digest) {
                    Entry::Vacant(place) => {
                        place.insert(index);
                        true
                    }
                    Entry::Occupied(_) => false,
                };
                missed.extend(self.rest(key.head, key_id, fresh));
            }
        }
        self.chain.known_at = known;
        self.chain.missed.append(&mut missed);
    }

    fn mark_kept(&mut self) {
        let Some(newest) = self.chain.links.last() else { return };
        let (mut kept, mut missed) = (BTreeMap::new(), Vec::new());
        for (key_id, key) in newest.list.people.values().flat_map(|it| &it.keys) {
            if let Some(revoked) = &key.revoked {
                let mut count = BTreeSet::new();
                missed.extend(self.rest(revoked.last, key_id, |digest| count.insert(digest)));
                kept.insert(key_id.clone(), count);
            }
        }
        self.chain.kept = kept;
        self.chain.missed.extend(missed);
    }

    /// Visits a statement and those before it by the same key, newest first, as long as `visit` wants more. Returns the one at which the
    /// way ends because it is not there.
    fn rest(&self, from: Option<Digest>, key_id: &str, mut visit: impl FnMut(Digest) -> bool) -> Option<Digest> {
        let mut next = from;
        while let Some(digest) = next {
            let Some(placed) = self.by_digest.get(&digest).filter(|it| it.statement.key_id == key_id) else {
                return next;
            };
            if !visit(digest) {
                return None;
            }
            next = placed.statement.previous;
        }
        None
    }

    /// Proposals and endorsements that are in no link: some wait, some lost a race, and some were never anybody's to make.
    fn judge_the_rest(&mut self, statements: &'a [Arc<Placed>]) {
        let in_chain: BTreeSet<Digest> = self.chain.links.iter().map(|it| it.statement).collect();
        let told: BTreeSet<StatementId> = self.chain.refused.iter().map(|it| it.statement).collect();
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
        let before = self.chain.links.get(usize::try_from(version).ok()?.checked_sub(2)?);
        match before {
            Some(link) if list.previous == Some(link.statement) && owns(&link.list, statement) => None,
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

    /// Versions that wait for further owners.
    fn pending(&self) -> Vec<PendingTrust> {
        let Some(newest) = self.chain.links.last() else { return Vec::new() };
        let follows = |it: &&Proposal<'_>| {
            it.list.previous == Some(newest.statement)
                && newest.list.may_be_followed_by(newest.statement, it.list, it.placed.statement.at).is_ok()
        };
        let waiting = self.proposals.iter().filter(follows).map(|it| {
            let signers = it.signers(&newest.list);
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
