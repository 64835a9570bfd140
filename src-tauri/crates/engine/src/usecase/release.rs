//! Candidates: submit, decide, publish.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::FileFacts;
use proofmark_domain::counts::counted;
use proofmark_domain::gate::{Gate, GateRule};
use proofmark_domain::id::CandidateId;
use proofmark_domain::job::JobKind;
use proofmark_domain::lineage::{Direction, NodeId};
use proofmark_domain::release::rules;
use proofmark_domain::release::{BundleManifest, CandidateRecord, CandidateState, ModelName, RegistryState};
use proofmark_registry::{Registry, RegistryError, SourceBytes, Watch};

use super::gates::{EVALUATION_FILE, Evidence, InProduction};
use super::models::metrics_of;
use super::projects::joined;
use super::registry::{acting, permission};
use crate::Engine;
use crate::config::ProjectConfig;
use crate::jobs::JobPlan;
use crate::trouble::{Answer, Trouble};

/// The alias that means "in use".
const PRODUCTION: &str = "production";

impl Engine {
    /// What a model would be as a candidate, if it were submitted now.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn candidate_draft(&self, request: PathRef) -> Answer<CandidateDraft> {
        Ok(self.draft(request, None)?.0)
    }

    /// The draft under a name, with the files that gates looked at and that go with the release.
    pub(super) fn draft(
        &self,
        request: PathRef,
        name: Option<&ModelName>,
    ) -> Answer<(CandidateDraft, Vec<SourceBytes>)> {
        let project = self.project(request.project)?;
        let place = self.model_place(&project, &request.path)?;
        let facts = place.facts.clone();
        let config = ProjectConfig::read(Path::new(&project.root))?;
        let known = self.project_graph(&project)?;
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let upstream = known.closure(&id, Direction::Up, None);
        let attached = self.registry_state();
        let state = attached.as_ref().map(|(_, state)| state.as_ref());
        let asked = with_registry_gates(config.gates(), state);
        let suggested_name = config.release.model.clone().unwrap_or_else(|| slug(&facts));
        let files = self.bundle_files(&project, &place)?;
        let own = ModelName::new(&suggested_name).ok();
        let compared = asked.iter().any(|it| matches!(it.rule, GateRule::AgainstProduction { .. }));
        let production = attached.as_ref().zip(name.or(own.as_ref())).filter(|_| compared);
        let evidence = Evidence {
            project: &project,
            config: &config,
            model: &facts,
            files: &files,
            sources: &place.sources(&project)?,
            known: &known,
            upstream: &upstream,
            production: production.and_then(|((registry, state), model)| in_production(registry, state, model)),
            evaluation: OnceCell::new(),
            gates: &asked,
        };
        let gates = self.judge(&asked, &evidence)?;
        let documents = self.gate_documents(&evidence)?;
        let draft = CandidateDraft {
            project: project.id,
            path: facts.path.as_str().to_owned(),
            suggested_name,
            gates,
            labels: known.node(&id).map(|node| node.labels.clone()).unwrap_or_default(),
            metrics: metrics_of(&known, &facts.digest),
            may_submit: self.may_submit(state)?,
            command: config.gates.command.clone(),
            unevaluated: self.is_unevaluated(&evidence)?,
            files: files.clone(),
        };
        Ok((draft, documents))
    }

    /// What gates measured that goes with the release: predictions by which later candidates are compared with it, and what the project's
    /// command answered.
    fn gate_documents(&self, evidence: &Evidence<'_>) -> Answer<Vec<SourceBytes>> {
        let mut documents = Vec::new();
        if evidence.config.gates.evaluation.is_some()
            && let Ok(evaluation) = evidence.evaluation.get_or_init(|| self.evaluation(evidence))
        {
            documents.push(SourceBytes { path: EVALUATION_FILE.to_owned(), bytes: evaluation.kept() });
        }
        let asks = |it: &Gate| matches!(it.rule, GateRule::Behaviour { .. } | GateRule::Latency { .. });
        if (!evidence.config.gates.command.is_empty() || evidence.gates.iter().any(asks))
            && let Ok(run) = self.gate_run(evidence)?
        {
            documents.push(super::submission::document("gate-run.json", &run)?);
        }
        Ok(documents)
    }

    /// Starts to copy a model with its evidence into the registry, signed by the person who acts.
    ///
    /// # Errors
    /// If the name is none, the purpose is missing, nobody can sign, or the person may not submit.
    pub fn candidate_submit(&self, request: CandidateSubmit) -> Answer<JobRef> {
        let model = ModelName::new(request.model.trim())
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, crate::trouble::sentence(&error.to_string())))?;
        if request.purpose.trim().is_empty() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                "A candidate needs a purpose: approvers decide whether it is good for that.",
            )
            .hint("Say in a sentence what the model is for."));
        }
        let signer = self.signer(request.passphrase.clone())?;
        let attachment = self.attached()?;
        let project = self.project(request.project)?;
        let model_place = self.model_place(&project, &request.path)?;
        let place = PathRef { project: project.id, path: request.path.clone() };
        let (draft, documents) = self.draft(place, Some(&model))?;
        if let Some(why) = draft.may_submit.why {
            return Err(Trouble::new(ErrorCode::Blocked, why));
        }
        let submission = self.submission(&project, &model_place, model, draft, documents, &request)?;
        let plan = JobPlan {
            kind: JobKind::Submit,
            title: format!("Submitting {}", submission.model),
            project: Some(project.id),
            unit: "bytes",
            notice: Some(format!("{} waits for approval.", submission.model)),
        };
        self.start_job(plan, move |engine, worker| {
            let registry = engine.open_attached(&attachment)?;
            let mut report =
                |step: proofmark_registry::Step<'_>| worker.progress(step.done, Some(step.total), step.detail);
            let cancelled = || worker.cancelled();
            let candidate = registry.submit(&signer, &submission, &mut Watch::new(&mut report, &cancelled))?;
            engine.note_release("release.submit", &candidate.to_string())
        })
    }

    /// Candidates: those that wait first, then the newest.
    ///
    /// # Errors
    /// If no registry can be read.
    pub fn candidate_list(&self, _: Nothing) -> Answer<CandidateList> {
        let Some(attachment) = self.attachment()? else { return Ok(CandidateList { candidates: Vec::new() }) };
        let state = self.open_attached(&attachment)?.state()?;
        let mut candidates: Vec<CandidateRow> =
            state.candidates.values().map(|it| self.row(&state, it)).collect::<Answer<_>>()?;
        candidates.sort_by_key(|row| {
            let open = matches!(row.state, CandidateState::Waiting | CandidateState::Approved);
            (!row.waits_for_me, !open, std::cmp::Reverse(row.submitted_at))
        });
        Ok(CandidateList { candidates })
    }

    /// The gates that stand in the way of a candidate now; of a version, those that did when it was published.
    fn standing(&self, state: &RegistryState, record: &CandidateRecord) -> Vec<rules::Standing> {
        let version = record.version.and_then(|number| state.version(&record.model, number));
        let at = version.map_or_else(|| self.now(), |it| it.at);
        // Where the manifest is not there, nothing can be said about gates; the candidate's page says that.
        rules::standing(state, record, at).unwrap_or_default()
    }

    /// Everything about one candidate, in the order in which a lead decides.
    ///
    /// # Errors
    /// If there is no such candidate, or its manifest has not arrived.
    pub fn candidate_show(&self, request: CandidateRef) -> Answer<CandidateView> {
        let state = self.open_attached(&self.attached()?)?.state()?;
        let record = state
            .candidates
            .get(&request.candidate)
            .ok_or_else(|| Trouble::not_found(format!("candidate {}", request.candidate)))?;
        let Some(manifest) = record.manifest.clone() else {
            return Err(Trouble::new(
                ErrorCode::RegistryUnavailable,
                format!("The manifest of {} has not arrived yet.", request.candidate),
            )
            .hint(format!(
                "Wait until the folder is synchronised. If it never comes: proofmark release reject {} --bundle {} --reason TEXT.",
                request.candidate, record.bundle
            )));
        };
        let row = self.row(&state, record)?;
        let me = self.me()?;
        let nobody = || Permission::denied("Nobody has been chosen to act. Make a key under Settings, People.");
        let ruled = |rule: &dyn Fn(rules::Actor<'_>) -> Result<(), proofmark_domain::release::ReleaseBlocked>| match &me
        {
            Some(me) => permission(rule(acting(me, self.now()))),
            None => nobody(),
        };
        let may_publish = if record.state == CandidateState::Published {
            Permission::denied("It is published already.")
        } else {
            ruled(&|actor| rules::may_publish(&state, actor, record.id, &record.bundle))
        };
        Ok(CandidateView {
            sentence: answer(&row, &self.standing(&state, record)),
            waivers: record.waivers.clone(),
            questions: record.questions.clone(),
            rejudged: record.rejudged.iter().flat_map(|it| it.gates.clone()).collect(),
            may_waive: self.may_waive(&state, record, me.as_ref()),
            production: production(&state, record, &manifest),
            decisions: record.decisions.clone(),
            may_approve: ruled(&|actor| rules::may_approve(&state, actor, record.id, &record.bundle)),
            may_reject: ruled(&|actor| rules::may_reject(&state, actor, record.id, &record.bundle, "a reason")),
            may_publish,
            row,
            manifest: Arc::unwrap_or_clone(manifest),
        })
    }

    /// Signs an approval or a rejection.
    ///
    /// # Errors
    /// If a rule forbids it, the bytes are others than those that were looked at, or nobody can sign.
    pub fn candidate_decide(&self, request: CandidateDecide) -> Answer<CandidateView> {
        // What cannot be shown, because its manifest has not arrived or is damaged, nobody has looked at.
        self.candidate_show(CandidateRef { candidate: request.candidate })?;
        let signer = self.signer(request.passphrase)?;
        let registry = self.open_attached(&self.attached()?)?;
        if request.approve {
            registry.approve(&signer, request.candidate, &request.bundle, request.reason.trim())?;
        } else {
            registry.reject(&signer, request.candidate, &request.bundle, request.reason.trim())?;
        }
        let action = if request.approve { "release.approve" } else { "release.reject" };
        self.note_release(action, &request.candidate.to_string())?;
        self.candidate_show(CandidateRef { candidate: request.candidate })
    }

    /// Rejects a candidate whose manifest never came, so that nobody can look at it.
    ///
    /// # Errors
    /// If a rule forbids it, or nobody can sign.
    pub fn candidate_reject_unseen(&self, request: CandidateDecide) -> Answer<CandidateRow> {
        let signer = self.signer(request.passphrase)?;
        let registry = self.open_attached(&self.attached()?)?;
        let state = registry.reject(&signer, request.candidate, &request.bundle, request.reason.trim())?;
        self.note_release("release.reject", &request.candidate.to_string())?;
        let record = state
            .candidates
            .get(&request.candidate)
            .ok_or_else(|| Trouble::not_found(format!("candidate {}", request.candidate)))?;
        self.row(&state, record)
    }

    /// Starts to publish an approved candidate.
    ///
    /// # Errors
    /// If the confirmation is not the model's name, or nobody can sign.
    pub fn candidate_publish(&self, request: CandidatePublish) -> Answer<JobRef> {
        let view = self.candidate_show(CandidateRef { candidate: request.candidate })?;
        confirmed(&request.confirm, &view.row.model)?;
        let attachment = self.attached()?;
        if let (true, Some(me)) = (view.row.state != CandidateState::Published, self.me()?) {
            let state = self.open_attached(&attachment)?.state()?;
            let actor = acting(&me, self.now());
            rules::may_publish(&state, actor, request.candidate, &view.row.bundle).map_err(RegistryError::from)?;
        }
        let signer = self.signer(request.passphrase)?;
        let plan = JobPlan {
            kind: JobKind::Publish,
            title: format!("Publishing {}", view.row.model),
            project: None,
            unit: "bytes",
            notice: Some(format!("{} was published.", view.row.model)),
        };
        self.start_job(plan, move |engine, worker| {
            let registry = engine.open_attached(&attachment)?;
            let mut report =
                |step: proofmark_registry::Step<'_>| worker.progress(step.done, Some(step.total), step.detail);
            let cancelled = || worker.cancelled();
            let version = registry.publish(&signer, request.candidate, &mut Watch::new(&mut report, &cancelled))?;
            engine.note_release("release.publish", &format!("{}/{version}", view.row.model))?;
            if let Some(alias) = request.alias.as_deref().filter(|it| !it.is_empty()) {
                registry.promote(&signer, &view.manifest.model, alias, version, "set on publishing")?;
                engine.note_release("release.alias", &format!("{}@{alias}", view.row.model))?;
            }
            Ok(())
        })
    }

    /// Moves an alias, at once or from a time on.
    ///
    /// # Errors
    /// If a rule forbids it, or nobody can sign.
    pub fn alias_set(&self, request: AliasSet) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, error.to_string()))?;
        let registry = self.open_attached(&self.attached()?)?;
        let (alias, reason) = (&request.alias, request.reason.trim());
        match (request.version, request.from) {
            (Some(version), Some(from)) => registry.plan_promotion(&signer, &model, alias, version, reason, from)?,
            (Some(version), None) => registry.promote(&signer, &model, alias, version, reason)?,
            (None, None) => registry.remove_alias(&signer, &model, alias, reason)?,
            (None, Some(_)) => {
                return Err(Trouble::new(ErrorCode::InvalidRequest, "An alias cannot be taken away at a later time."));
            }
        }
        let action = if request.from.is_some() { "release.plan" } else { "release.alias" };
        self.note_release(action, &format!("{model}@{}", request.alias))?;
        self.registry_show(Nothing {})
    }

    /// Calls off a promotion whose time has not come.
    ///
    /// # Errors
    /// If none waits, the person who acts is no publisher, or nobody can sign.
    pub fn alias_call_off(&self, request: AliasCallOff) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, error.to_string()))?;
        self.open_attached(&self.attached()?)?.call_off(&signer, &model, &request.alias, request.reason.trim())?;
        self.note_release("release.call_off", &format!("{model}@{}", request.alias))?;
        self.registry_show(Nothing {})
    }

    /// Declares that a version must not be used any more.
    ///
    /// # Errors
    /// If the confirmation is not the model's name, a rule forbids it, or nobody can sign.
    pub fn version_withdraw(&self, request: VersionWithdraw) -> Answer<RegistryView> {
        confirmed(&request.confirm, &request.model)?;
        let signer = self.signer(request.passphrase)?;
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, error.to_string()))?;
        let registry = self.open_attached(&self.attached()?)?;
        registry.withdraw(&signer, &model, request.version, request.replacement, request.reason.trim())?;
        self.note_release("release.withdraw", &format!("{model}/{}", request.version))?;
        self.registry_show(Nothing {})
    }

    pub(crate) fn may_submit(&self, state: Option<&RegistryState>) -> Answer<Permission> {
        let Some(state) = state else {
            return Ok(match self.attachment()? {
                Some(_) => Permission::denied("The registry cannot be used at the moment. Its page says why."),
                None => Permission::denied(
                    "No registry is attached, so there is nowhere to release to. Create or attach one under Registry.",
                ),
            });
        };
        let Some(me) = self.me()? else {
            return Ok(Permission::denied("Nobody has been chosen to act. Make a key under Settings, People."));
        };
        Ok(permission(rules::may_submit(state, acting(&me, self.now())).map(|_| ())))
    }

    /// Candidates on which the person who acts can decide.
    pub(crate) fn waiting_for_me(&self) -> u64 {
        self.candidate_list(Nothing {})
            .map_or(0, |list| list.candidates.iter().filter(|row| row.waits_for_me).count() as u64)
    }

    fn row(&self, state: &RegistryState, record: &CandidateRecord) -> Answer<CandidateRow> {
        let me = self.me()?;
        let open = record.state == CandidateState::Waiting;
        // Whoever may reject may decide; an approval can be forbidden by a gate, and then rejecting is what is left.
        let waits_for_me = open
            && me.as_ref().is_some_and(|me| {
                rules::may_reject(state, acting(me, self.now()), record.id, &record.bundle, "a reason").is_ok()
                    && !record.decisions.iter().any(|it| it.person == me.person.card.id)
            });
        let people: BTreeSet<_> = record.decisions.iter().filter(|it| it.approved).map(|it| it.person).collect();
        let standing = self.standing(state, record);
        Ok(CandidateRow {
            candidate: record.id,
            model: record.model.as_str().to_owned(),
            bundle: record.bundle,
            state: record.state,
            version: record.version,
            submitted_by: record.submitter_name.clone(),
            submitted_at: record.at,
            note: record.note.clone(),
            approvals: people.len() as u64,
            required: record
                .manifest
                .as_ref()
                .map_or(u64::from(state.policy.approvals), |it| rules::required_approvals(state, it) as u64),
            blocking: standing.len() as u64,
            waits_for_me,
        })
    }
}

/// The gates of the registry, then those of the project. One of a project that bears the name of one of the registry's is
/// passed over: it could only be weaker.
pub(super) fn with_registry_gates(own: Vec<Gate>, state: Option<&RegistryState>) -> Vec<Gate> {
    let mut gates = state.map(|it| it.policy.gates.clone()).unwrap_or_default();
    let further: Vec<Gate> = own.into_iter().filter(|gate| !gates.iter().any(|it| it.name == gate.name)).collect();
    gates.extend(further);
    gates
}

/// The version that an alias for use points to, with the predictions that it carries.
fn in_production(registry: &Registry, state: &RegistryState, model: &ModelName) -> Option<InProduction> {
    let version = state.aliased(model, PRODUCTION)?;
    let candidate = state.version(model, version)?.candidate;
    let manifest = state.candidates.get(&candidate)?.manifest.as_ref()?;
    let kept = manifest.evidence.iter().find(|it| it.path == EVALUATION_FILE);
    let evaluation =
        kept.map(|file| registry.object(&file.digest).map_err(|error| crate::trouble::sentence(&error.to_string())));
    Some(InProduction { version, evaluation })
}

/// A name for the registry from a file's name.
fn slug(facts: &FileFacts) -> String {
    let stem = facts.path.file_name().split('.').next().unwrap_or("model").to_lowercase();
    let slug: String = stem.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let slug = slug.trim_matches('-').chars().take(64).collect::<String>();
    if ModelName::new(&slug).is_ok() { slug } else { "model".to_owned() }
}

pub(super) fn confirmed(typed: &str, name: &str) -> Answer<()> {
    if typed.trim() == name {
        Ok(())
    } else {
        Err(Trouble::new(
            ErrorCode::InvalidRequest,
            format!("This cannot be undone. Type the model's name, {name}, to confirm."),
        ))
    }
}

/// "May this be published?"
fn answer(row: &CandidateRow, standing: &[rules::Standing]) -> String {
    let blocking: Vec<String> = standing.iter().map(|it| it.gate.clone()).collect();
    match row.state {
        CandidateState::Published => format!("Published as version {}.", row.version.unwrap_or_default()),
        CandidateState::Rejected => "No: it was rejected.".to_owned(),
        _ if !blocking.is_empty() => {
            format!("No: {} {} not pass.", joined(&blocking), if blocking.len() == 1 { "does" } else { "do" })
        }
        CandidateState::Approved => "Yes: the gates pass and it has the approvals that it needs.".to_owned(),
        CandidateState::Waiting => {
            let missing = row.required.saturating_sub(row.approvals).max(1);
            format!(
                "Not yet: the gates pass, and {} missing.",
                if missing == 1 {
                    "one approval is".to_owned()
                } else {
                    format!("{} are", counted(missing, "approval", "approvals"))
                }
            )
        }
    }
}

/// The candidate beside the version in production.
fn production(
    state: &RegistryState,
    record: &CandidateRecord,
    manifest: &BundleManifest,
) -> Option<ProductionComparison> {
    let version = state.aliased(&record.model, PRODUCTION)?;
    if record.version == Some(version) {
        return None;
    }
    let current = state.version(&record.model, version)?;
    let theirs = state.candidates.get(&current.candidate)?.manifest.as_ref()?;
    let names: BTreeSet<&String> = manifest.metrics.keys().chain(theirs.metrics.keys()).collect();
    let labels = |of: &BundleManifest| of.labels.iter().map(|it| it.label.clone()).collect::<BTreeSet<_>>();
    let (new, old) = (labels(manifest), labels(theirs));
    Some(ProductionComparison {
        version,
        metrics: names
            .into_iter()
            .map(|name| MetricComparison {
                name: name.clone(),
                candidate: manifest.metrics.get(name).copied(),
                production: theirs.metrics.get(name).copied(),
            })
            .collect(),
        new_labels: new.difference(&old).cloned().collect(),
        gone_labels: old.difference(&new).cloned().collect(),
        changed_files: manifest
            .files
            .iter()
            .filter(|file| !theirs.files.iter().any(|it| it.path == file.path && it.digest == file.digest))
            .map(|file| file.path.clone())
            .collect(),
    })
}

impl Engine {
    /// Finds a candidate by identifier, or the newest open one of a model.
    ///
    /// # Errors
    /// If there is none.
    pub fn candidate_named(&self, what: &str) -> Answer<CandidateId> {
        if let Ok(id) = what.parse() {
            return Ok(id);
        }
        let list = self.candidate_list(Nothing {})?;
        let of_model = list.candidates.iter().filter(|row| row.model == what);
        let open = of_model.clone().find(|row| matches!(row.state, CandidateState::Waiting | CandidateState::Approved));
        open.or_else(|| of_model.clone().next())
            .map(|row| row.candidate)
            .ok_or_else(|| Trouble::not_found(format!("candidate `{what}`")).hint("See proofmark release list."))
    }
}
