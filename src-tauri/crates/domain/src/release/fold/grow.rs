//! A fold that is kept and goes on where it ended when statements arrive, instead of beginning anew.
//!
//! Statements are judged in the order of their ids, and arrive in another: two people write at the same moment, and a number is claimed
//! after the statement that wants it. One that comes late is judged late only where that changes nothing: where no statement that was
//! judged already and comes after it by its id could have told the difference.

use std::ops::Bound;

use super::*;

/// What a statement is about, as far as that decides which others could tell whether it was judged before or after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// One candidate, and nothing beside it. Rules about it ask for no other candidate and no version.
    Candidate(CandidateId),
    /// Anything else: what it says may matter to whatever comes after it.
    All,
}

impl Subject {
    fn of(body: &StatementBody) -> Self {
        match body {
            StatementBody::Submitted { candidate, .. }
            | StatementBody::GatesJudged { candidate, .. }
            | StatementBody::Waived { candidate, .. }
            | StatementBody::Asked { candidate, .. }
            | StatementBody::Answered { candidate, .. }
            | StatementBody::Approved { candidate, .. }
            | StatementBody::Rejected { candidate, .. }
            | StatementBody::Published { candidate, .. } => Self::Candidate(*candidate),
            StatementBody::TrustProposed { .. }
            | StatementBody::TrustEndorsed { .. }
            | StatementBody::JoinRequested { .. }
            | StatementBody::FreezeSet { .. }
            | StatementBody::Promoted { .. }
            | StatementBody::PromotionCalledOff { .. }
            | StatementBody::RolledBack { .. }
            | StatementBody::AliasRemoved { .. }
            | StatementBody::Withdrawn { .. }
            | StatementBody::Destroyed { .. } => Self::All,
        }
    }

    /// Whether the order of two statements makes no difference.
    fn commutes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Candidate(one), Self::Candidate(two)) => one != two,
            _ => false,
        }
    }
}

/// What statements add up to, and what it takes to add further ones.
#[derive(Debug, Clone)]
pub struct Fold {
    /// What they add up to; see [`super::fold`].
    pub state: Arc<RegistryState>,
    /// What counts for nothing.
    pub refused: Vec<Refused>,
    chain: Chain,
    /// The version of the trust list whose people and policy the state shows.
    governing: usize,
    /// What every judged statement is about, in their order.
    judged: BTreeMap<StatementId, Subject>,
    /// Publications whose number nobody had claimed.
    unclaimed: BTreeMap<(ModelName, u64), Vec<Arc<Placed>>>,
    /// That a candidate's manifest was missing, which may have changed what was said about it later.
    lacks_manifest: bool,
    /// That a promotion waited for its time when the state was settled, so that the state shows what later statements may still prevent.
    planned: bool,
    /// Candidates with waivers, which time changes without a statement.
    waived: BTreeSet<CandidateId>,
}

impl Fold {
    /// Adds up statements; see [`super::fold`].
    pub fn of(id: RegistryId, mut statements: Vec<Arc<Placed>>, manifests: &Manifests, claims: &Claims) -> Self {
        statements.sort_by_key(|it| (it.statement.id, it.digest));
        let chain = Chain::read(id, &statements, claims);
        let mut state = RegistryState::empty(id);
        state.root_key = chain.root_key().map(str::to_owned);
        let mut fold = Self {
            state: Arc::new(state),
            refused: chain.refused(),
            chain,
            governing: 0,
            judged: BTreeMap::new(),
            unclaimed: BTreeMap::new(),
            lacks_manifest: false,
            planned: false,
            waived: BTreeSet::new(),
        };
        if fold.chain.newest().is_none() {
            return fold;
        }
        for placed in &statements {
            let body = &placed.statement.body;
            if matches!(body, StatementBody::TrustProposed { .. } | StatementBody::TrustEndorsed { .. }) {
                continue;
            }
            if fold.judged.contains_key(&placed.statement.id) {
                let why = ReleaseBlocked::OutOfPlace("another statement bears the same id".to_owned());
                fold.refuse(placed, why);
            } else {
                fold.judge(placed, manifests, claims);
            }
        }
        fold.govern_newest();
        let state = Arc::make_mut(&mut fold.state);
        state.pending = fold.chain.pending();
        let newest = fold.chain.newest().map(|it| it.list.as_ref());
        let held: BTreeSet<&String> =
            newest.into_iter().flat_map(|it| it.people.values()).flat_map(|it| it.keys.keys()).collect();
        state.requests.retain(|request| !held.contains(&request.person.key_id));
        fold
    }

    /// Publications whose number nobody had claimed, by that number.
    pub const fn unclaimed(&self) -> &BTreeMap<(ModelName, u64), Vec<Arc<Placed>>> {
        &self.unclaimed
    }

    /// Goes on with statements that arrived since, and with numbers of versions that were claimed since: `claims` hold all claims, `claimed`
    /// names the new ones. `false` if only a new fold can tell what they add up to; this one is of no use then.
    ///
    /// Nothing else may have changed: no statement went away, no claim on a number became another, and no claim on a version of the trust list
    /// was added.
    pub fn go_on(
        &mut self,
        arrived: &[Arc<Placed>],
        manifests: &Manifests,
        claims: &Claims,
        claimed: &[(ModelName, u64)],
        now: Timestamp,
    ) -> bool {
        if self.chain.newest().is_none() || self.lacks_manifest || self.planned {
            return false;
        }
        if arrived.iter().any(|it| self.judged.contains_key(&it.statement.id) || self.chain.misses(&it.digest)) {
            return false;
        }
        let mut late: Vec<Arc<Placed>> = arrived.to_vec();
        for number in claimed {
            let of_number = self.unclaimed.remove(number).unwrap_or_default();
            late.extend(of_number.into_iter().filter(|it| claims.versions.get(number) == Some(&it.digest)));
        }
        late.sort_by_key(|it| it.statement.id);
        let mut touched = self.waived.clone();
        for placed in &late {
            let id = placed.statement.id;
            let Subject::Candidate(candidate) = Subject::of(&placed.statement.body) else {
                // It may come last, but never late.
                if changes_chain(&placed.statement.body) || self.judged.range(id..).next().is_some() {
                    return false;
                }
                self.judge(placed, manifests, claims);
                continue;
            };
            let mut after = self.judged.range((Bound::Excluded(id), Bound::Unbounded));
            if after.any(|(_, subject)| !subject.commutes(Subject::Candidate(candidate))) {
                return false;
            }
            self.judge(placed, manifests, claims);
            touched.insert(candidate);
        }
        if self.lacks_manifest || self.state.next_due().is_some() {
            return false;
        }
        self.govern_newest();
        if !touched.is_empty() {
            let state = Arc::make_mut(&mut self.state);
            for candidate in touched {
                restate(state, candidate, now);
            }
        }
        true
    }

    /// Lets the state take what has changed by `now` without a statement.
    pub fn settle(&mut self, now: Timestamp) {
        self.planned |= self.state.next_due().is_some();
        Arc::make_mut(&mut self.state).settle(now);
    }

    fn refuse(&mut self, placed: &Placed, why: ReleaseBlocked) {
        self.refused.push(Refused { statement: placed.statement.id, model: placed.model.clone(), why });
    }

    fn judge(&mut self, placed: &Arc<Placed>, manifests: &Manifests, claims: &Claims) {
        let (statement, subject) = (&placed.statement, Subject::of(&placed.statement.body));
        self.judged.insert(statement.id, subject);
        if let Err(why) = self.admit(placed, manifests, claims) {
            return self.refuse(placed, why);
        }
        match (&statement.body, subject) {
            (StatementBody::Submitted { bundle, .. }, _) => self.lacks_manifest |= !manifests.contains_key(bundle),
            (StatementBody::Waived { .. }, Subject::Candidate(candidate)) => {
                self.waived.insert(candidate);
            }
            (StatementBody::Published { model, version, .. }, _) => {
                let number = (model.clone(), *version);
                if !claims.versions.contains_key(&number) {
                    self.unclaimed.entry(number).or_default().push(Arc::clone(placed));
                }
            }
            _ => {}
        }
    }

    fn admit(&mut self, placed: &Placed, manifests: &Manifests, claims: &Claims) -> Result<(), ReleaseBlocked> {
        let version = self.chain.governs(placed)?;
        self.govern(version);
        self.chain.may_sign(placed, version)?;
        accept(Arc::make_mut(&mut self.state), placed, manifests, claims)
    }

    fn govern(&mut self, version: usize) {
        if version == self.governing {
            return;
        }
        if let Some(link) = self.chain.link(version) {
            Arc::make_mut(&mut self.state).govern(&link.list, link.statement);
            self.governing = version;
        }
    }

    fn govern_newest(&mut self) {
        self.govern(self.chain.length());
    }
}

const fn changes_chain(body: &StatementBody) -> bool {
    matches!(
        body,
        StatementBody::TrustProposed { .. } | StatementBody::TrustEndorsed { .. } | StatementBody::JoinRequested { .. }
    )
}
