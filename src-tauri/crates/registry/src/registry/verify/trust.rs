//! The trust list, the chain that leads to it, and who holds which number.

use super::*;

/// The statements that publish each number of each model, by digest.
type Publications<'l> = HashMap<(&'l ModelName, u64), Vec<Digest>>;

const OTHER_COPY: &str = "restore the file from another copy of the registry";
const ENDORSE: &str = "any owner who signs it again puts it into force";

impl Check<'_> {
    pub(super) fn trust(&mut self) {
        let loaded = self.loaded;
        let Some(root) = &loaded.state.root_key else {
            let message = "the statement that begins the registry is missing or does not hold";
            self.found(RegistryVerdict::Incomplete, "root_missing", "log/_registry", message, WAIT);
            return;
        };
        if let Some(expected) = self.registry.trusted_owner.as_ref().filter(|expected| *expected != root) {
            let message = format!("it was begun with the key {}, and you trust {}", short(root), short(expected));
            let mend = "ask its owner for the fingerprint over another way; if it differs, do not use this registry";
            self.found(RegistryVerdict::Untrusted, "owner_unknown", "log/_registry", message, mend);
        }
        if let Some(why) = self.registry.set_back(&loaded.state) {
            let mend = "somebody set the registry back or withholds its newest statements; restore the newest copy";
            self.found(RegistryVerdict::Untrusted, "trust_rolled_back", "claims/_registry", why, mend);
        }
        let Some(list) = &loaded.state.trust else { return };
        let now = self.registry.clock.now();
        if let Some(end) = list.expires.filter(|end| now > *end) {
            let message = format!("version {} of the trust list expired on {end}", list.version);
            let mend = "its owners must sign a new version; a newer one may be withheld from you";
            self.found(RegistryVerdict::Untrusted, "trust_expired", "log/_registry", message, mend);
        }
        self.heads();
    }

    /// Statements that are known to exist, because the owners or this reader saw them, must be there.
    fn heads(&mut self) {
        let loaded = self.loaded;
        let seen = self.registry.seen_before();
        let there: BTreeSet<Digest> = loaded.statements.values().map(|(_, it)| it.digest).collect();
        let list = loaded.state.trust.iter().flat_map(|list| list.people.values());
        let keys = list.flat_map(|person| person.keys.iter().map(move |(id, key)| (&person.name, id, key)));
        for (name, key_id, key) in keys {
            let seen = seen.as_ref().and_then(|seen| seen.heads.get(key_id).copied());
            for (digest, who) in [(key.head, "the owners"), (seen, "you")] {
                let Some(digest) = digest.filter(|digest| !there.contains(digest)) else { continue };
                let message = format!("a statement of {name} that {who} saw before, {}, is missing", digest.short());
                self.found(RegistryVerdict::Incomplete, "statement_missing", "log", message, WAIT);
            }
        }
    }

    /// Each version of the trust list is held by one statement, without gaps; what is signed by enough owners holds a number.
    pub(super) fn trust_claims(&mut self) {
        let loaded = self.loaded;
        let holds = loaded.state.trust.as_ref().map_or(0, |list| list.version);
        let proposes = |number: u64, digest: Option<Digest>| {
            loaded.statements.values().any(|(_, it)| match &it.statement.body {
                StatementBody::TrustProposed { list, .. } => {
                    list.version == number && digest.is_none_or(|digest| it.digest == digest)
                }
                _ => false,
            })
        };
        let last = loaded.trust_claims.last_key_value().map_or(0, |(last, _)| *last);
        let missing = (1..=last).find(|number| !loaded.trust_claims.contains_key(number));
        if let Some(number) = missing {
            let message = "this version of the trust list is missing, though later ones are there";
            self.found(RegistryVerdict::Incomplete, "claim_missing", &layout::trust_claim(number), message, WAIT);
        }
        for (number, claim) in loaded.trust_claims.range(holds + 1..) {
            let path = layout::trust_claim(*number);
            let (verdict, code, message, mend) = match claim {
                Claim::Statement(digest) if proposes(*number, Some(*digest)) => (
                    RegistryVerdict::Untrusted,
                    "claim_refused",
                    "the version of the trust list that it names does not hold",
                    "it keeps the number from being used: an owner must find out how it came about, and take it away",
                ),
                Claim::Statement(_) | Claim::Unreadable if proposes(*number, None) => (
                    RegistryVerdict::Damaged,
                    "claim_changed",
                    "it names a statement that does not exist, though this version was proposed",
                    OTHER_COPY,
                ),
                Claim::Statement(_) => {
                    (RegistryVerdict::Incomplete, "trust_missing", "the version that it names has not arrived", WAIT)
                }
                Claim::Partial => (RegistryVerdict::Incomplete, "claim_partial", "it has arrived in part only", WAIT),
                Claim::Unreadable => {
                    (RegistryVerdict::Damaged, "claim_changed", "its text is not that of a claim", OTHER_COPY)
                }
            };
            self.found(verdict, code, &path, message, mend);
        }
        for pending in &loaded.state.pending {
            let claimed = loaded.trust_claims.contains_key(&pending.list.version);
            if pending.signers.len() >= pending.required && !claimed {
                let version = pending.list.version;
                let message = format!("version {version} of the trust list is signed, and its number is not claimed");
                let path = layout::trust_claim(version);
                self.found(RegistryVerdict::Incomplete, "trust_pending", &path, message, ENDORSE);
            }
        }
    }

    /// Each number is claimed by a statement that holds, without gaps; each statement of a publication found its number.
    pub(super) fn claims(&mut self) {
        let loaded = self.loaded;
        let mut publications = Publications::new();
        for (_, it) in loaded.statements.values() {
            if let StatementBody::Published { model, version, .. } = &it.statement.body {
                publications.entry((model, *version)).or_default().push(it.digest);
            }
        }
        let there: BTreeSet<Digest> = loaded.statements.values().map(|(_, it)| it.digest).collect();
        for (model, numbers) in loaded.claims.iter() {
            let last = numbers.last_key_value().map_or(0, |(last, _)| *last);
            if last as usize != numbers.len() {
                let missing = (1..=last).find(|number| !numbers.contains_key(number)).unwrap_or_default();
                let (key, path) = ((model.clone(), missing), layout::claim(model, missing));
                let message = "this number was never claimed, though later ones were".to_owned();
                self.found_in(&key, RegistryVerdict::Incomplete, "claim_missing", &path, message, WAIT);
            }
            for (number, claim) in numbers {
                if loaded.state.version(model, *number).is_some() || overtaken_claim(loaded, model, *number).is_some() {
                    continue;
                }
                // Somebody published this number, so a claim that names nothing was changed rather than early.
                let rival = publications.contains_key(&(model, *number));
                let (verdict, code, message, mend) = claim_trouble(claim, rival, &there);
                let path = layout::claim(model, *number);
                self.found_in(&(model.clone(), *number), verdict, code, &path, message, mend);
            }
        }
        for (id, (path, placed)) in loaded.statements.iter() {
            let StatementBody::Published { candidate, model, version, .. } = &placed.statement.body else { continue };
            let unclaimed = !loaded.claims.get(model).is_some_and(|numbers| numbers.contains_key(version));
            let done = loaded.state.candidates.get(candidate).is_some_and(|it| it.state == CandidateState::Published);
            if unclaimed && !done && !loaded.refused.contains(id) {
                let message = "its number is not claimed: publishing was cut short, or the claim has not arrived";
                self.found(RegistryVerdict::Incomplete, "publication_pending", path, message, AGAIN);
            }
        }
    }
}

/// What is wrong with a claim whose version does not hold.
fn claim_trouble(
    claim: &Claim,
    rival: bool,
    there: &BTreeSet<Digest>,
) -> (RegistryVerdict, &'static str, String, &'static str) {
    match claim {
        Claim::Statement(digest) if there.contains(digest) => (
            RegistryVerdict::Untrusted,
            "claim_refused",
            "the statement that it names does not publish this version".to_owned(),
            "do not use this version; ask who published it",
        ),
        Claim::Statement(_) if rival => (
            RegistryVerdict::Damaged,
            "claim_changed",
            "it names a statement that does not exist, though this number was published".to_owned(),
            OTHER_COPY,
        ),
        Claim::Statement(digest) => (
            RegistryVerdict::Incomplete,
            "statement_missing",
            format!("the statement {} that it names is missing", digest.short()),
            WAIT,
        ),
        Claim::Partial => {
            (RegistryVerdict::Incomplete, "claim_partial", "it has arrived in part only".to_owned(), WAIT)
        }
        Claim::Unreadable => {
            (RegistryVerdict::Damaged, "claim_changed", "its text is not that of a claim".to_owned(), OTHER_COPY)
        }
    }
}
