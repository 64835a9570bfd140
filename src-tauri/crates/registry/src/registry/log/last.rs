//! What the files added up to when they were read last, and how further files are added to that.

use super::reading::{Follows, Names, follows, is_ahead};
use super::refusal::{is_overtaken, refusal};
use super::*;

/// What was read last.
pub(super) struct Last {
    loaded: Loaded,
    fold: Fold,
    manifests: Manifests,
    held: Claims,
    /// The files that the statements came from.
    names: Names,
    /// That nothing was found which a file that arrives could mend.
    steady: bool,
}

impl Last {
    /// Reads everything.
    pub fn read(mut reading: Reading<'_>, id: RegistryId, now: Timestamp) -> Result<Self, RegistryError> {
        let (files, _) = reading.files(&Names::new())?;
        let holding = reading.holding(files);
        let mut statements = reading.by_id(holding);
        reading.check_order(&mut statements);
        reading.check_chains(&statements);
        // Claims are read after statements: a claim's statement was written before the claim, so one that is
        // missing now has not arrived, and was not merely overlooked.
        let (claims, trust_claims) = reading.claims()?;
        let (manifests, unfit) =
            reading.manifests(statements.values().map(|(path, it)| (path.as_ref(), it.as_ref())))?;
        let versions = claims.iter().flat_map(|(model, numbers)| {
            numbers.iter().filter_map(move |(number, claim)| Some(((model.clone(), *number), claim.holder()?)))
        });
        let trust = trust_claims.iter().filter_map(|(number, claim)| Some((*number, claim.holder()?)));
        let held = Claims { versions: versions.collect(), trust: trust.collect() };
        let whole =
            claims.values().flat_map(BTreeMap::values).chain(trust_claims.values()).all(|it| it.holder().is_some());
        let fit = statements.iter().filter(|(id, _)| !unfit.contains(id));
        let placed = fit.map(|(_, (_, placed))| Arc::clone(placed)).collect();
        let mut fold = Fold::of(id, placed, &manifests, &held);
        fold.settle(now);
        let Reading { findings, ignored, .. } = reading;
        let steady = findings.is_empty() && whole;
        let loaded = Loaded {
            state: Arc::clone(&fold.state),
            findings,
            ignored,
            claims: Arc::new(claims),
            trust_claims,
            statements: Arc::new(statements),
            by_digest: Arc::default(),
            unclaimed: Unclaimed::new(),
            refused: Arc::new(unfit),
            overtaken: Arc::default(),
            newest_ms: 0,
            heads: BTreeMap::new(),
        };
        let mut last = Self { loaded, fold, manifests, held, names: Names::new(), steady };
        last.list_refused(0);
        let statements = Arc::clone(&last.loaded.statements);
        waits::settle(&mut last.loaded.findings, &statements, &last.fold.refused, &last.loaded.state, now);
        for (path, placed) in statements.values() {
            last.note(path, placed);
        }
        Ok(last)
    }

    /// Whether further files can be added to this.
    pub const fn is_steady(&self) -> bool {
        self.steady
    }

    pub fn loaded(&self) -> Loaded {
        Loaded { unclaimed: self.fold.unclaimed().clone(), ..self.loaded.clone() }
    }

    /// Adds what came since. `false` if only reading everything again can tell what that adds up to; this is of no use then.
    pub fn go_on(
        &mut self,
        mut reading: Reading<'_>,
        freshness: Freshness,
        now: Timestamp,
    ) -> Result<bool, RegistryError> {
        let (files, there) = reading.files(&self.names)?;
        if there != self.loaded.statements.len() {
            return Ok(false);
        }
        let count = files.len();
        let holding = reading.holding(files);
        if holding.len() != count || !self.takes(&holding) {
            return Ok(false);
        }
        let claimed = if freshness == Freshness::Names {
            reading.further_claims(&self.loaded.claims, &self.loaded.trust_claims)?
        } else {
            let (claims, trust_claims) = reading.claims()?;
            self.claimed(&claims).filter(|_| trust_claims == self.loaded.trust_claims)
        };
        let Some(claimed) = claimed else { return Ok(false) };
        let (manifests, unfit) = reading.manifests(holding.iter().map(|(path, it)| (path.as_ref(), it.as_ref())))?;
        if !reading.findings.is_empty() || !unfit.is_empty() {
            return Ok(false);
        }
        self.manifests.extend(manifests);
        self.held.versions.extend(claimed.iter().cloned());
        if !claimed.is_empty() {
            let claims = Arc::make_mut(&mut self.loaded.claims);
            for ((model, number), digest) in &claimed {
                claims.entry(model.clone()).or_default().insert(*number, Claim::Statement(*digest));
            }
        }
        let numbers: Vec<(ModelName, u64)> = claimed.into_iter().map(|(number, _)| number).collect();
        let placed: Vec<Arc<Placed>> = holding.iter().map(|(_, it)| Arc::clone(it)).collect();
        // The fold adds to its state in place where nobody else holds it.
        self.loaded.state = Arc::new(RegistryState::empty(self.loaded.state.id));
        let told = self.fold.refused.len();
        if !self.fold.go_on(&placed, &self.manifests, &self.held, &numbers, now) {
            return Ok(false);
        }
        self.loaded.state = Arc::clone(&self.fold.state);
        self.loaded.ignored = reading.ignored;
        // One that was taken as its author's last and now counts for nothing.
        if self.fold.refused.iter().skip(told).any(|it| self.loaded.statements.contains_key(&it.statement)) {
            return Ok(false);
        }
        if !holding.is_empty() {
            let statements = Arc::make_mut(&mut self.loaded.statements);
            statements.extend(holding.iter().map(|(path, it)| (it.statement.id, (Arc::clone(path), Arc::clone(it)))));
        }
        self.list_refused(told);
        for (path, placed) in &holding {
            self.note(path, placed);
        }
        Ok(true)
    }

    /// Whether statements that arrived fit among those that are there: with ids and times of their own, and after the ones that they name.
    fn takes(&mut self, arrived: &[(Arc<str>, Arc<Placed>)]) -> bool {
        let statements = &self.loaded.statements;
        for (_, placed) in arrived {
            let id = placed.statement.id;
            let newest = statements.range(..id).next_back().map_or(0, |(before, _)| time_of(before));
            if is_ahead(placed, newest) || statements.contains_key(&id) {
                return false;
            }
        }
        let own: HashMap<Digest, &Placed> = arrived.iter().map(|(_, it)| (it.digest, it.as_ref())).collect();
        let ids: BTreeSet<StatementId> = arrived.iter().map(|(_, it)| it.statement.id).collect();
        let find = |digest: &Digest| {
            let known = self.loaded.by_digest.get(digest).and_then(|id| statements.get(id)).map(|(_, it)| it.as_ref());
            known.or_else(|| own.get(digest).copied())
        };
        ids.len() == arrived.len()
            && arrived.iter().all(|(_, it)| matches!(follows(&it.statement, find), Follows::Well))
    }

    /// Numbers that were claimed since, with what holds each; `None` if a claim went away, became another or cannot be read.
    fn claimed(&self, claims: &BTreeMap<ModelName, Numbered>) -> Option<Claimed> {
        let mut claimed = Vec::new();
        let mut kept = 0;
        for (model, numbers) in claims {
            let before = self.loaded.claims.get(model);
            for (number, claim) in numbers {
                match before.and_then(|it| it.get(number)) {
                    Some(known) if known == claim => kept += 1,
                    Some(_) => return None,
                    None => claimed.push(((model.clone(), *number), claim.holder()?)),
                }
            }
        }
        (kept == self.loaded.claims.values().map(BTreeMap::len).sum::<usize>()).then_some(claimed)
    }

    /// Lists what the fold refused, from the given one on.
    fn list_refused(&mut self, from: usize) {
        if from == self.fold.refused.len() {
            return;
        }
        let refused = Arc::make_mut(&mut self.loaded.refused);
        for it in self.fold.refused.iter().skip(from) {
            refused.insert(it.statement);
            if is_overtaken(&it.why) {
                Arc::make_mut(&mut self.loaded.overtaken).insert(it.statement, it.why.clone());
                continue;
            }
            let path = self.loaded.statements.get(&it.statement).map_or("log", |(path, _)| path.as_ref());
            let found = refusal(it, path);
            self.steady &= found.void;
            self.loaded.findings.push(found);
        }
    }

    /// Remembers a statement that is there, and counts it unless it counts for nothing.
    fn note(&mut self, path: &str, placed: &Placed) {
        let statement = &placed.statement;
        Arc::make_mut(&mut self.loaded.by_digest).insert(placed.digest, statement.id);
        if let Some((folder, name)) = path.rsplit_once('/') {
            match self.names.get_mut(folder) {
                Some(names) => drop(names.insert(name.to_owned())),
                None => drop(self.names.insert(folder.to_owned(), [name.to_owned()].into())),
            }
        }
        if self.loaded.refused.contains(&statement.id) {
            return;
        }
        match self.loaded.heads.get_mut(&statement.key_id) {
            Some(head) if head.0 >= statement.id => {}
            Some(head) => *head = (statement.id, placed.digest),
            None => drop(self.loaded.heads.insert(statement.key_id.clone(), (statement.id, placed.digest))),
        }
        // Whoever only asks to join sets no time for others.
        if !matches!(statement.body, StatementBody::JoinRequested { .. }) {
            self.loaded.newest_ms = self.loaded.newest_ms.max(time_of(&statement.id));
        }
    }
}
