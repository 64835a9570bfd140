//! What is said about a candidate beside the decision: waivers, questions and answers; and the way back of an alias.

use std::collections::BTreeMap;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::release::rules;
use proofmark_domain::release::{CandidateRecord, ModelName, RegistryState};
use proofmark_ledger::StoredPerson;

use super::registry::{acting, permission};
use crate::Engine;
use crate::trouble::{Answer, Trouble, sentence};

impl Engine {
    /// Lets a gate go for a candidate, with a reason and an end.
    ///
    /// # Errors
    /// If a rule forbids it, or nobody can sign.
    pub fn candidate_waive(&self, request: CandidateWaive) -> Answer<CandidateView> {
        let signer = self.signer(request.passphrase)?;
        let registry = self.open_attached(&self.attached()?)?;
        let (candidate, gate, reason) = (request.candidate, request.gate.trim(), request.reason.trim());
        let expires = request.expires.unwrap_or_else(|| rules::waiver_end(self.now()));
        registry.waive(&signer, candidate, &request.bundle, gate, reason, expires)?;
        self.note_release("release.waive", &format!("{candidate} {gate}"))?;
        self.candidate_show(CandidateRef { candidate })
    }

    /// Asks about a candidate, or answers.
    ///
    /// # Errors
    /// If nothing is said, the person is no member, or nobody can sign.
    pub fn candidate_discuss(&self, request: CandidateDiscuss) -> Answer<CandidateView> {
        let signer = self.signer(request.passphrase)?;
        let registry = self.open_attached(&self.attached()?)?;
        let candidate = request.candidate;
        registry.discuss(&signer, candidate, &request.bundle, request.answers, &request.text)?;
        let action = if request.answers.is_some() { "release.answer" } else { "release.ask" };
        self.note_release(action, &candidate.to_string())?;
        self.candidate_show(CandidateRef { candidate })
    }

    /// Points an alias back to a version that it pointed to before.
    ///
    /// # Errors
    /// If there is no such version that may still be used, a rule forbids it, or nobody can sign.
    pub fn alias_roll_back(&self, request: AliasRollBack) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, sentence(&error.to_string())))?;
        let registry = self.open_attached(&self.attached()?)?;
        if request.version.is_none() && registry.state()?.before(&model, &request.alias).is_none() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("{} of {model} has pointed to no other version that may still be used.", request.alias),
            )
            .hint("Name the version, or promote one."));
        }
        registry.roll_back(&signer, &model, &request.alias, request.version, request.reason.trim())?;
        self.note_release("release.rollback", &format!("{model}@{}", request.alias))?;
        self.registry_show(Nothing {})
    }

    /// For each gate that stands in the way, whether the person who acts may let it go.
    pub(super) fn may_waive(
        &self,
        state: &RegistryState,
        record: &CandidateRecord,
        me: Option<&StoredPerson>,
    ) -> BTreeMap<String, Permission> {
        // Without a manifest there is nothing that could be let go.
        let standing = rules::standing(state, record, self.now()).unwrap_or_default();
        standing
            .into_iter()
            .map(|gate| {
                let may = match me {
                    Some(me) => permission(rules::may_waive(
                        state,
                        acting(me, self.now()),
                        record.id,
                        &record.bundle,
                        &gate.gate,
                        "a reason",
                        None,
                    )),
                    None => Permission::denied("Nobody has been chosen to act. Make a key under Settings, People."),
                };
                (gate.gate.clone(), may)
            })
            .collect()
    }
}
