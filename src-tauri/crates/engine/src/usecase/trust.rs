//! The trust list as people see and change it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::job::JobKind;
use proofmark_domain::person::Role;
use proofmark_domain::release::{ModelName, RegistryState};
use proofmark_ledger::{AuditEntry, StoredPerson};
use proofmark_registry::keys::{FINGERPRINT_DIGITS, fingerprint};
use proofmark_registry::{Mirrored, Pruned, Registry, TrustChange, Wanted, Watch};
use proofmark_report::interop::{Serving, ServingOptions, consume_page, serving_manifests};

use super::place::Place;
use super::registry::{follow_plans, with_role};
use proofmark_domain::counts::counted;

mod changes;

use crate::Engine;
use crate::jobs::JobPlan;
use crate::trouble::{Answer, Trouble, io_trouble};
use changes::changes;

impl Engine {
    /// Asks to be admitted to the attached registry.
    ///
    /// # Errors
    /// If nobody can sign, or the registry cannot be written.
    pub fn registry_join(&self, request: RegistryJoin) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        self.open_attached(&self.attached()?)?.request_join(&signer, &request.note)?;
        self.note_release("registry.join", &signer.card().id.to_string())?;
        self.registry_show(Nothing {})
    }

    /// Stops every publication and promotion, or lets them go on.
    ///
    /// # Errors
    /// If the person who acts is no owner, or gives no reason.
    pub fn registry_freeze(&self, request: RegistryFreeze) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        self.open_attached(&self.attached()?)?.set_frozen(&signer, request.frozen, request.reason.trim())?;
        self.note_release(if request.frozen { "registry.freeze" } else { "registry.thaw" }, request.reason.trim())?;
        self.registry_show(Nothing {})
    }

    /// Signs a version of the trust list that another owner proposed.
    ///
    /// # Errors
    /// If the person who acts is no owner, or another version came first.
    pub fn trust_endorse(&self, request: TrustEndorse) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase)?;
        let change = self.open_attached(&self.attached()?)?.endorse_trust(&signer, &request.list)?;
        self.note_release("registry.endorse", &request.list.to_string())?;
        self.after_change(&change)
    }

    /// Changes what the registry asks for.
    ///
    /// # Errors
    /// If the person who acts is no owner, gives no reason, or it would leave too few owners.
    pub fn trust_set(&self, request: TrustSet) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase.clone())?;
        let registry = self.open_attached(&self.attached()?)?;
        let gates = request.gates_text.as_deref().map(crate::config::parse_gates).transpose()?;
        if let Some(end) = request.expires.filter(|end| *end <= self.now()) {
            let why =
                format!("{end} has passed, so nobody would believe the trust list any more. Nothing was changed.");
            return Err(Trouble::new(ErrorCode::InvalidRequest, why).hint("Name a time that is to come."));
        }
        let change = registry.change_trust(&signer, request.reason.trim(), |list, _| {
            if let Some(policy) = &request.policy {
                list.policy = policy.clone();
            }
            if let Some(gates) = &gates {
                list.policy.gates.clone_from(gates);
            }
            list.owners_needed = request.owners_needed.unwrap_or(list.owners_needed);
            list.expires = request.expires.or(list.expires);
            Ok(())
        })?;
        self.note_release("registry.trust", request.reason.trim())?;
        self.after_change(&change)
    }

    /// Declares a key invalid.
    ///
    /// # Errors
    /// If the person who acts is no owner, gives no reason, or the key is not known or ambiguous.
    pub fn key_revoke(&self, request: KeyRevoke) -> Answer<RegistryView> {
        let signer = self.signer(request.passphrase.clone())?;
        let registry = self.open_attached(&self.attached()?)?;
        let wanted = request.key_id.replace([' ', '-'], "").to_lowercase();
        let state = registry.state()?;
        let keys = state.people.values().flat_map(|it| &it.keys);
        let found: Vec<&String> = keys.filter(|key| wanted.len() >= 8 && key.starts_with(&wanted)).collect();
        let [key_id] = found.as_slice() else {
            return Err(Trouble::not_found(format!("one key that begins with `{}`", request.key_id))
                .hint("See proofmark registry show; at least eight digits are needed."));
        };
        let change = registry.revoke_key(&signer, key_id, request.reason.trim(), request.all)?;
        self.note_release("registry.revoke", key_id)?;
        self.after_change(&change)
    }

    /// The registry after a change of its trust list.
    pub(super) fn after_change(&self, change: &TrustChange) -> Answer<RegistryView> {
        let mut view = self.registry_show(Nothing {})?;
        if let Some(waits) = told(change) {
            view.sentence = waits;
        }
        Ok(view)
    }

    /// How a version is used: a page with the lines to copy, or manifests for a cluster.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn registry_consume(&self, wanted: &str, manifests: Option<&ServingOptions>) -> Answer<String> {
        let registry = self.open_attached(&self.attached()?)?;
        let asked: Wanted = wanted.parse()?;
        let (model, version) = registry.find(&asked)?;
        let state = registry.state()?;
        let record = state.version(&model, version).ok_or_else(|| Trouble::not_found(format!("version {version}")))?;
        let manifest = state.candidates.get(&record.candidate).and_then(|it| it.manifest.as_ref());
        let serving = Serving {
            alias: match asked {
                Wanted::Alias(_, alias) => Some(alias),
                Wanted::Version(..) | Wanted::Latest(_) => None,
            },
            version,
            registry: registry.place(),
            folder: proofmark_registry::layout::version_folder(&model, version),
            bundle: record.bundle.to_string(),
            signer_key: record.publisher_key.clone(),
            has_mlmodel: manifest.is_some_and(|it| it.files.iter().any(|file| file.path == "MLmodel")),
            model: model.as_str().to_owned(),
        };
        Ok(match manifests {
            Some(options) => serving_manifests(&serving, options),
            None => consume_page(&serving),
        })
    }

    /// Writes the files by which MLflow finds every good version where the registry is mounted on this machine.
    ///
    /// # Errors
    /// If the folder lies in the registry, or holds something else.
    pub fn registry_view(&self, to: &Path) -> Answer<usize> {
        let to = std::path::absolute(to).map_err(|error| io_trouble("finding", to, &error))?;
        Ok(self.open_attached(&self.attached()?)?.view_to(&to, &mut Watch::silent())?)
    }

    /// How a version is used: lines to copy, and manifests for a cluster.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn consume_page(&self, request: ConsumeQuery) -> Answer<ConsumePage> {
        let wanted = match &request.alias {
            Some(alias) => format!("{}@{alias}", request.model),
            None => format!("{}/{}", request.model, request.version),
        };
        let manifests = self.registry_consume(&wanted, Some(&ServingOptions::default()))?;
        Ok(ConsumePage { text: self.registry_consume(&wanted, None)?, manifests })
    }

    /// Verifies the attached registry and copies what is new in it, within the call.
    ///
    /// # Errors
    /// If it does not verify, or the folder holds something else.
    pub fn mirror_registry(&self, to: &Path) -> Answer<Mirrored> {
        let to = mirror_place(Place::of_path(to)?)?;
        let copied = copy_to(&*self.open_attached(&self.attached()?)?, &to, &mut Watch::silent())?;
        self.note_release("registry.mirror", &to.text())?;
        Ok(copied)
    }

    /// Starts to verify the attached registry and to copy what is new in it.
    ///
    /// # Errors
    /// If none is attached, or the folder lies in it.
    pub fn registry_mirror(&self, request: RegistryMirror) -> Answer<JobRef> {
        let to = mirror_place(Place::read(&request.path)?)?;
        let attachment = self.attached()?;
        let plan = copying(format!("Copying {}", attachment.name));
        self.start_job(plan, move |engine, worker| {
            let registry = engine.open_attached(&attachment)?;
            let mut report =
                |step: proofmark_registry::Step<'_>| worker.progress(step.done, Some(step.total), step.detail);
            let cancelled = || worker.cancelled();
            copy_to(&registry, &to, &mut Watch::new(&mut report, &cancelled))?;
            engine.note_release("registry.mirror", &to.text())
        })
    }

    /// Starts to verify a version and to copy it into a new folder.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn version_fetch(&self, request: VersionFetch) -> Answer<JobRef> {
        let wanted: Wanted = format!("{}/{}", request.model, request.version).parse()?;
        let to = PathBuf::from(&request.folder).join(format!("{}-{}", request.model, request.version));
        let attachment = self.attached()?;
        self.open_attached(&attachment)?.find(&wanted)?;
        let plan = copying(format!("Taking {} {} out", request.model, request.version));
        self.start_job(plan, move |engine, worker| {
            let registry = engine.open_attached(&attachment)?;
            let mut report =
                |step: proofmark_registry::Step<'_>| worker.progress(step.done, Some(step.total), step.detail);
            let cancelled = || worker.cancelled();
            let fetched = registry.fetch(&wanted, &to, &mut Watch::new(&mut report, &cancelled))?;
            engine.note_fetch(&fetched)
        })
    }

    /// Takes away what nobody needs: what unfinished work left behind, and the content of what was rejected or never submitted.
    ///
    /// # Errors
    /// If the person who acts is no owner, a day is not given, or the registry's log is not whole.
    pub fn registry_prune(&self, request: RegistryPrune) -> Answer<RegistryPruned> {
        if request.days == 0 {
            let why = "What is younger than a day may belong to work that is under way. Nothing was taken away.";
            return Err(Trouble::new(ErrorCode::InvalidRequest, why).hint("Name one day or more."));
        }
        let signer = self.signer(request.passphrase)?;
        let age = Duration::from_secs(u64::from(request.days) * 24 * 60 * 60);
        let attachment = self.attached()?;
        let registry = self.open_attached(&attachment)?;
        let entry = |action| AuditEntry::new(self.actor(), action, attachment.id.to_string());
        // What is taken away leaves no trace of its own, so the intent is kept before anything is.
        self.ledger().write(self.now(), entry("registry.prune.begin"), |write| -> Answer<()> {
            write.note("days", request.days);
            Ok(())
        })?;
        let mut pruned = Pruned::default();
        let ended = registry.prune(&signer, age, &mut pruned);
        self.ledger().write(self.now(), entry("registry.prune.end"), |write| -> Answer<()> {
            write.note("leftovers", pruned.leftovers.clone());
            write.note("objects", pruned.objects.clone());
            if let Err(error) = &ended {
                write.note("failed", error.to_string());
            }
            Ok(())
        })?;
        ended?;
        let leftovers = counted(pruned.leftovers.len() as u64, "leftover", "leftovers");
        let objects = counted(pruned.objects.len() as u64, "file", "files");
        let sentence = if pruned.leftovers.is_empty() && pruned.objects.is_empty() {
            format!("There was nothing that nobody needs and that lay there for {} days.", request.days)
        } else {
            format!("{leftovers} of unfinished work and {objects} that nobody needs were taken away.")
        };
        let Pruned { leftovers, objects, bytes } = pruned;
        Ok(RegistryPruned { leftovers, objects, bytes, sentence })
    }

    /// Destroys the bytes of a withdrawn version. What was said about it stays.
    ///
    /// # Errors
    /// If the confirmation is not the model's name, the person who acts is no owner, gives no reason, or the version is not withdrawn.
    pub fn version_destroy(&self, request: VersionDestroy) -> Answer<RegistryView> {
        super::release::confirmed(&request.confirm, &request.model)?;
        let signer = self.signer(request.passphrase)?;
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, crate::trouble::sentence(&error.to_string())))?;
        let registry = self.open_attached(&self.attached()?)?;
        registry.destroy(&signer, &model, request.version, request.reason.trim())?;
        self.note_release("release.destroy", &format!("{model}/{}", request.version))?;
        self.registry_show(Nothing {})
    }

    pub(super) fn trust_view(&self, state: &RegistryState, me: Option<&StoredPerson>) -> Answer<Option<TrustView>> {
        let Some(list) = &state.trust else { return Ok(None) };
        let owner = with_role(state, self.now(), me, Role::Owner);
        let proposals = state.pending.iter().map(|pending| {
            let signed = me.is_some_and(|me| pending.signers.contains(&me.person.card.id));
            TrustProposal {
                list: pending.statement,
                version: pending.list.version,
                reason: pending.reason.clone(),
                changes: changes(list, &pending.list),
                signed: pending.signed.clone(),
                required: pending.required as u64,
                may_endorse: if signed { Permission::denied("You have signed it.") } else { owner.clone() },
            }
        });
        let requests = state.requests.iter().map(|request| JoinView {
            card: request.person.clone(),
            fingerprint: fingerprint(&request.person.key_id),
            note: request.note.clone(),
            at: request.at,
        });
        Ok(Some(TrustView {
            version: list.version,
            root_fingerprint: state.root_key.as_deref().map(fingerprint).unwrap_or_default(),
            owners_needed: list.threshold() as u64,
            expires: list.expires,
            policy: list.policy.clone(),
            gates_text: crate::config::gates_text(&list.policy.gates)?,
            proposals: proposals.collect(),
            requests: requests.collect(),
        }))
    }

    /// Refuses a card whose fingerprint is not the one that was compared.
    pub(super) fn ensure_fingerprint(key_id: &str, compared: Option<&str>) -> Answer<()> {
        let Some(compared) = compared.map(|it| it.replace([' ', '-'], "").to_lowercase()).filter(|it| !it.is_empty())
        else {
            return Ok(());
        };
        if compared.len() >= FINGERPRINT_DIGITS && key_id.starts_with(&compared) {
            return Ok(());
        }
        Err(Trouble::new(
            ErrorCode::VerificationFailed,
            format!("The card's fingerprint is {}, which is not the one that was compared.", fingerprint(key_id)),
        )
        .hint("Nobody was admitted. Ask the person to read it out again; if it differs, the card was exchanged."))
    }
}

/// Where a copy is to lie: a folder or a bucket.
fn mirror_place(named: Place) -> Answer<Place> {
    Ok(match named {
        Place::Folder(path) => {
            Place::Folder(std::path::absolute(&path).map_err(|error| io_trouble("finding", &path, &error))?)
        }
        bucket => bucket,
    })
}

fn copy_to(registry: &Registry, to: &Place, watch: &mut Watch<'_>) -> Answer<Mirrored> {
    // What is behind does not verify, and what does not verify is not copied.
    follow_plans(registry, &*registry.state()?);
    Ok(match to {
        Place::Folder(path) => registry.mirror(path, watch)?,
        Place::Bucket(_) => registry.mirror_in(to.store()?, watch)?,
    })
}

fn copying(title: String) -> JobPlan {
    JobPlan {
        kind: JobKind::Copy,
        title,
        project: None,
        unit: "bytes",
        notice: Some("The copy is complete and was verified.".to_owned()),
    }
}

/// What became of a change of the trust list, where the person must know that it does not hold yet.
fn told(change: &TrustChange) -> Option<String> {
    match change {
        TrustChange::Holds { .. } => None,
        TrustChange::Waits { signed, required, .. } => Some(format!(
            "The change is not in force yet: {signed} of {required} owners have signed it, and it waits for the others."
        )),
    }
}
