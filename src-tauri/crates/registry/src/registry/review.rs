//! What people say about candidates, versions and aliases.

use std::sync::Arc;

use proofmark_domain::gate::GateOutcome;
use proofmark_domain::id::{CandidateId, StatementId};
use proofmark_domain::release::rules;
use proofmark_domain::release::{ModelName, PlanEnd, RegistryState, StatementBody};
use proofmark_domain::{Digest, Timestamp};

use super::Registry;
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout;

impl Registry {
    /// Approves a candidate. `bundle` is the digest of the manifest that the person looked at: if the candidate is
    /// another by now, the approval is refused.
    pub fn approve(
        &self,
        approver: &Signer,
        candidate: CandidateId,
        bundle: &Digest,
        reason: &str,
    ) -> Result<Arc<RegistryState>, RegistryError> {
        let (bundle, reason) = (*bundle, reason.to_owned());
        self.act(approver, Some(candidate), |state, actor| {
            rules::may_approve(state, actor, candidate, &bundle)?;
            Ok(StatementBody::Approved { candidate, bundle, reason })
        })?;
        self.state()
    }

    /// Rejects a candidate, with a reason.
    pub fn reject(
        &self,
        approver: &Signer,
        candidate: CandidateId,
        bundle: &Digest,
        reason: &str,
    ) -> Result<Arc<RegistryState>, RegistryError> {
        let (bundle, reason) = (*bundle, reason.to_owned());
        self.act(approver, Some(candidate), |state, actor| {
            rules::may_reject(state, actor, candidate, &bundle, &reason)?;
            Ok(StatementBody::Rejected { candidate, bundle, reason })
        })?;
        self.state()
    }

    /// Lets a gate go that a candidate does not pass, until `expires`, which must lie ahead and no further than a waiver may last.
    pub fn waive(
        &self,
        signer: &Signer,
        candidate: CandidateId,
        bundle: &Digest,
        gate: &str,
        reason: &str,
        expires: Timestamp,
    ) -> Result<(), RegistryError> {
        let expires = Some(expires);
        let (bundle, gate, reason) = (*bundle, gate.to_owned(), reason.to_owned());
        self.act(signer, Some(candidate), |state, actor| {
            rules::may_waive(state, actor, candidate, &bundle, &gate, &reason, expires)?;
            Ok(StatementBody::Waived { candidate, bundle, gate, reason, expires })
        })
        .map(drop)
    }

    /// Adds what another person found when they held a candidate against gates again.
    pub fn judge(
        &self,
        signer: &Signer,
        candidate: CandidateId,
        bundle: &Digest,
        gates: Vec<GateOutcome>,
    ) -> Result<(), RegistryError> {
        let bundle = *bundle;
        self.act(signer, Some(candidate), |state, actor| {
            rules::may_judge(state, actor, candidate, &bundle)?;
            Ok(StatementBody::GatesJudged { candidate, bundle, gates })
        })
        .map(drop)
    }

    /// Asks a question about a candidate, or answers one.
    pub fn discuss(
        &self,
        signer: &Signer,
        candidate: CandidateId,
        bundle: &Digest,
        answers: Option<StatementId>,
        text: &str,
    ) -> Result<(), RegistryError> {
        let (bundle, text) = (*bundle, text.trim().to_owned());
        self.act(signer, Some(candidate), |state, actor| {
            rules::may_ask(state, actor, candidate, &bundle, &text)?;
            Ok(match answers {
                Some(question) => StatementBody::Answered { candidate, bundle, question, text },
                None => StatementBody::Asked { candidate, bundle, text },
            })
        })
        .map(drop)
    }

    /// Points an alias to a version.
    pub fn promote(
        &self,
        publisher: &Signer,
        model: &ModelName,
        alias: &str,
        version: u64,
        reason: &str,
    ) -> Result<(), RegistryError> {
        self.act_on(publisher, model, |state, actor| {
            rules::may_promote(state, actor, model, alias, version)?;
            let (model, alias, reason) = (model.clone(), alias.to_owned(), reason.to_owned());
            Ok(StatementBody::Promoted { model, alias, version, reason, from: None })
        })?;
        self.refresh_view(model)
    }

    /// Points an alias to a version from a time on, unless somebody moves the alias or calls it off before. A plan for the same alias
    /// that still waits is replaced.
    pub fn plan_promotion(
        &self,
        publisher: &Signer,
        model: &ModelName,
        alias: &str,
        version: u64,
        reason: &str,
        from: Timestamp,
    ) -> Result<(), RegistryError> {
        let now = self.clock.now();
        if from <= now {
            return Err(RegistryError::Invalid(format!("{from} has passed: it is {now}; name a later time, or none")));
        }
        self.act_on(publisher, model, |state, actor| {
            rules::may_promote(state, actor, model, alias, version)?;
            let (model, alias, reason) = (model.clone(), alias.to_owned(), reason.to_owned());
            Ok(StatementBody::Promoted { model, alias, version, reason, from: Some(from) })
        })?;
        self.refresh_view(model)
    }

    /// Calls off a promotion whose time has not come. The alias stays as it is.
    pub fn call_off(
        &self,
        publisher: &Signer,
        model: &ModelName,
        alias: &str,
        reason: &str,
    ) -> Result<(), RegistryError> {
        self.act_on(publisher, model, |state, actor| {
            rules::may_call_off(state, actor, model, alias)?;
            let (model, alias, reason) = (model.clone(), alias.to_owned(), reason.to_owned());
            Ok(StatementBody::PromotionCalledOff { model, alias, reason })
        })
        .map(drop)
    }

    /// Brings the files that MLflow reads up to the promotions whose time has come. Needs no key: the files only follow what was signed.
    /// Returns the models whose files were behind. `state` is what this registry says now; where no promotion had a time, nothing is read.
    pub fn follow_plans(&self, state: &RegistryState) -> Result<Vec<ModelName>, RegistryError> {
        let mut followed = Vec::new();
        for (model, aliases) in &state.aliases {
            for (alias, record) in aliases {
                // Whoever moved the alias since has written the files then.
                let last = record.history.last().map(|it| it.at);
                let moved_by_plan =
                    record.plans.iter().any(|plan| plan.end == Some(PlanEnd::TookEffect) && Some(plan.from) == last);
                if !moved_by_plan || !self.has_folder(&layout::model_folder(model))? {
                    continue;
                }
                let path = format!("{}/aliases/{alias}", layout::model_folder(model));
                let there = match self.store.read(&path) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => return Err(RegistryError::io(self.path(&path), "reading")(error)),
                };
                if there != record.version.map(|version| version.to_string().into_bytes()) {
                    self.ensure_writable()?;
                    self.refresh_view(model)?;
                    followed.push(model.clone());
                    break;
                }
            }
        }
        Ok(followed)
    }

    /// Points an alias back to a version that it pointed to before: to the last one that may still be used if none is
    /// named. Returns the version.
    pub fn roll_back(
        &self,
        publisher: &Signer,
        model: &ModelName,
        alias: &str,
        version: Option<u64>,
        reason: &str,
    ) -> Result<u64, RegistryError> {
        let mut to = 0;
        self.act_on(publisher, model, |state, actor| {
            to = version.or_else(|| state.before(model, alias)).unwrap_or_default();
            rules::may_roll_back(state, actor, model, alias, to)?;
            let (model, alias, reason) = (model.clone(), alias.to_owned(), reason.to_owned());
            Ok(StatementBody::RolledBack { model, alias, version: to, reason })
        })?;
        self.refresh_view(model)?;
        Ok(to)
    }

    /// Takes an alias away.
    pub fn remove_alias(
        &self,
        publisher: &Signer,
        model: &ModelName,
        alias: &str,
        reason: &str,
    ) -> Result<(), RegistryError> {
        self.act_on(publisher, model, |state, actor| {
            rules::may_remove_alias(state, actor, model, alias)?;
            let (model, alias, reason) = (model.clone(), alias.to_owned(), reason.to_owned());
            Ok(StatementBody::AliasRemoved { model, alias, reason })
        })?;
        self.refresh_view(model)
    }

    /// Declares that a version must not be used any more, and what to use instead. Its bytes stay.
    pub fn withdraw(
        &self,
        publisher: &Signer,
        model: &ModelName,
        version: u64,
        replacement: Option<u64>,
        reason: &str,
    ) -> Result<(), RegistryError> {
        self.act_on(publisher, model, |state, actor| {
            rules::may_withdraw(state, actor, model, version, replacement, reason)?;
            Ok(StatementBody::Withdrawn { model: model.clone(), version, replacement, reason: reason.to_owned() })
        })?;
        self.refresh_view(model)
    }

    /// Destroys the bytes of a withdrawn version: says so first, then moves its folder and those of its objects that no
    /// other candidate needs out of sight and removes them. What was said about it stays. May be repeated.
    pub fn destroy(&self, owner: &Signer, model: &ModelName, version: u64, reason: &str) -> Result<(), RegistryError> {
        let destroyed = self.state()?.version(model, version).is_some_and(|it| it.destroyed.is_some());
        if !destroyed {
            self.act_on(owner, model, |state, actor| {
                rules::may_destroy(state, actor, model, version, reason)?;
                Ok(StatementBody::Destroyed { model: model.clone(), version, reason: reason.to_owned() })
            })?;
        }
        self.take_away(model, version)
    }

    /// Moves the folder of a destroyed version, and those of its objects that no other candidate needs, out of sight and removes them.
    pub(super) fn take_away(&self, model: &ModelName, version: u64) -> Result<(), RegistryError> {
        let state = self.state()?;
        let gone = |number: u64| state.version(model, number).is_some_and(|it| it.destroyed.is_some());
        let still_needed: std::collections::BTreeSet<Digest> = state
            .candidates
            .values()
            .filter(|it| !(it.model == *model && it.version.is_some_and(gone)))
            .filter_map(|it| it.manifest.as_ref())
            .flat_map(|manifest| manifest.files.iter().chain(&manifest.evidence).map(|it| it.digest))
            .collect();
        let manifest = state
            .version(model, version)
            .and_then(|it| state.candidates.get(&it.candidate))
            .and_then(|it| it.manifest.as_ref());
        let files = manifest.into_iter().flat_map(|it| &it.files);
        let mut paths: Vec<String> =
            files.filter(|it| !still_needed.contains(&it.digest)).map(|it| layout::object(&it.digest)).collect();
        paths.sort_unstable();
        paths.dedup();
        let folder = layout::version_folder(model, version);
        let room = self.workroom();
        self.store
            .stage(&room.path("x"), &mut [].as_slice())
            .map_err(RegistryError::io(self.path(&room.path("x")), "writing"))?;
        if self.has_folder(&folder)? {
            self.store
                .settle_folder(&folder, &room.path("version"))
                .map_err(RegistryError::io(self.path(&folder), "taking away"))?;
        }
        for path in paths {
            let entry = self.store.entry(&path).map_err(RegistryError::io(self.path(&path), "looking at"))?;
            if entry.is_some() {
                let target = room.path(&format!("object-{}", path.rsplit('/').next().unwrap_or_default()));
                self.store.settle(&path, &target).map_err(RegistryError::io(self.path(&path), "taking away"))?;
            }
        }
        Ok(())
    }
}
