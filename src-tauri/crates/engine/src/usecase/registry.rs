//! The shared directory: attach, see, verify, and who may do what in it.

use std::path::Path;
use std::sync::Arc;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::Timestamp;
use proofmark_domain::counts::counted;
use proofmark_domain::id::{PersonId, RegistryId};
use proofmark_domain::job::JobKind;
use proofmark_domain::person::Role;
use proofmark_domain::registry::{RegistryReport, RegistryVerdict, Seen};
use proofmark_domain::release::rules::{self, Actor};
use proofmark_domain::release::{ModelName, PlanEnd, RegistryState, ReleaseBlocked};
use proofmark_ledger::{Attachment, AuditEntry, StoredPerson, Tag};
use proofmark_registry::keys::{FINGERPRINT_DIGITS, fingerprint};
use proofmark_registry::layout::MARKER;
use proofmark_registry::registry::{has_remains, report_of_remains};
use proofmark_registry::{NewRegistry, OpenOptions, Registry, RegistryError, SelfTest, Watch};

use super::people::RegistryClock;
use super::place::{Place, has_marker};
use crate::Engine;
use crate::jobs::{JobPlan, Worker};
use crate::trouble::{Answer, Trouble, io_trouble, sentence};

/// Roles of the person who begins a registry: one person alone can submit and publish, and somebody else must approve.
const FOUNDER: [Role; 4] = [Role::Owner, Role::Submitter, Role::Approver, Role::Publisher];

impl Engine {
    /// The attached registry with its models and people.
    ///
    /// # Errors
    /// If the ledger cannot be read. A registry that cannot be read is no error: the view says why.
    pub fn registry_show(&self, _: Nothing) -> Answer<RegistryView> {
        let Some(attachment) = self.attachment()? else { return Ok(detached()) };
        let me = self.me()?;
        let mut view = RegistryView {
            attached: true,
            path: Some(attachment.path.clone()),
            name: Some(attachment.name.clone()),
            id: Some(attachment.id),
            verified: attachment.last_report.clone(),
            verified_at: attachment.verified_at,
            ..detached()
        };
        match self.open_attached(&attachment).and_then(|registry| Ok((registry.state()?, registry))) {
            Ok((state, registry)) => {
                follow_plans(&registry, &state);
                view.models = models(&state, &registry);
                view.people = self.people_of(&state)?;
                view.self_test = registry.promises().map(|it| lines(&it)).unwrap_or_default();
                view.trust = self.trust_view(&state, me.as_ref())?;
                view.frozen.clone_from(&state.frozen);
                view.may_admit = with_role(&state, self.now(), me.as_ref(), Role::Owner);
                view.may_publish = with_role(&state, self.now(), me.as_ref(), Role::Publisher);
                view.sentence = describe(&view);
            }
            Err(trouble) => {
                view.sentence = "The registry cannot be used at the moment.".to_owned();
                view.problem = Some(trouble.0.message);
            }
        }
        Ok(view)
    }

    /// Begins a registry and attaches it. The person who acts becomes its owner.
    ///
    /// # Errors
    /// If the directory cannot be used, holds a registry already, or nobody can sign.
    pub fn registry_create(&self, request: RegistryCreate) -> Answer<RegistryView> {
        let name = request.name.trim();
        if name.is_empty() {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "A registry needs a name."));
        }
        let signer = self.signer(request.passphrase)?;
        let place = match Place::read(&request.path)? {
            Place::Folder(path) => {
                let path = std::path::absolute(&path).map_err(|error| io_trouble("finding", &path, &error))?;
                self.refuse_inside_project(&path)?;
                refuse_full(&path)?;
                Place::Folder(path)
            }
            bucket => bucket,
        };
        let registry = place.begin(&NewRegistry::named(name), &signer, self.registry_options(None, None))?;
        registry.admit(&signer, signer.card(), &FOUNDER.into())?;
        self.attach(&place, &registry, signer.key_id())
    }

    /// Attaches a registry that exists. The key of its first owner is pinned: if the directory names another one later, it is not
    /// believed.
    ///
    /// # Errors
    /// If there is no registry in the directory, or its owner is not the one that was named.
    pub fn registry_attach(&self, request: RegistryAttach) -> Answer<RegistryView> {
        let place = Place::read(&request.path)?.canonical()?;
        let registry = place.open(self.registry_options(None, None))?;
        let state = registry.state()?;
        let Some(owner) = state.root_key.clone() else {
            return Err(Trouble::new(
                ErrorCode::VerificationFailed,
                format!("{} names no owner yet: its first statement has not arrived.", place.text()),
            )
            .hint("Wait until the folder is synchronised, then try again."));
        };
        if let Some(expected) =
            request.owner.as_deref().map(|it| it.replace([' ', '-'], "").to_lowercase()).filter(|it| !it.is_empty())
            && !(expected.len() >= FINGERPRINT_DIGITS && owner.starts_with(&expected))
        {
            if expected.len() < FINGERPRINT_DIGITS && owner.starts_with(&expected) {
                let why = format!("A fingerprint has {FINGERPRINT_DIGITS} digits, and this is a part of one.");
                return Err(Trouble::new(ErrorCode::InvalidRequest, why)
                    .hint("Give all of it: a key that begins with a few given digits can be made on purpose."));
            }
            return Err(Trouble::new(
                ErrorCode::VerificationFailed,
                format!(
                    "This registry was begun by the key {}, which is not the one that you named. It was not attached.",
                    fingerprint(&owner)
                ),
            )
            .hint("Compare the fingerprint with the owner by voice."));
        }
        self.attach(&place, &registry, &owner)
    }

    /// Lets go of the registry. Nothing in its directory changes.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn registry_detach(&self, _: Nothing) -> Answer<RegistryView> {
        self.forget_buckets();
        if let Some(attachment) = self.attachment()? {
            let entry = AuditEntry::new(self.actor(), "registry.detach", attachment.id.to_string());
            self.ledger().write(self.now(), entry, |write| -> Answer<()> {
                write.stale(Tag::Releases);
                Ok(write.registries().detach(&attachment.path)?)
            })?;
        }
        self.registry_show(Nothing {})
    }

    /// Starts to re-check every byte and signature.
    ///
    /// # Errors
    /// If no registry is attached.
    pub fn registry_verify(&self, _: Nothing) -> Answer<JobRef> {
        let attachment = self.attached()?;
        let plan = JobPlan {
            kind: JobKind::Verify,
            title: format!("Verifying {}", attachment.name),
            project: None,
            unit: "bytes",
            notice: Some(format!("Every byte and signature of {} was checked.", attachment.name)),
        };
        self.start_job(plan, move |engine, worker| {
            let registry = engine.open_attached(&attachment)?;
            if let Ok(state) = registry.state() {
                follow_plans(&registry, &state);
            }
            let report = engine.verify_registry(&registry, worker)?;
            let entry = AuditEntry::new(engine.actor(), "registry.verify", attachment.id.to_string());
            let seen = registry.seen().ok().filter(|_| report.verdict == RegistryVerdict::Ok);
            engine.ledger().write(engine.now(), entry, |write| -> Answer<()> {
                write.note("verdict", serde_json::to_value(report.verdict).unwrap_or_default());
                if let Some(seen) = seen {
                    write.settings().set(&seen_key(attachment.id), &seen)?;
                }
                Ok(write.registries().set_verified(&attachment.path, &report)?)
            })?;
            if report.verdict == RegistryVerdict::Ok {
                return Ok(());
            }
            let first = report.problems.first().map_or_else(String::new, |it| format!(" {}: {}", it.path, it.message));
            Err(Trouble::new(ErrorCode::VerificationFailed, format!("The registry is not as it was published.{first}")))
        })
    }

    fn verify_registry(&self, registry: &Registry, worker: &Worker) -> Answer<RegistryReport> {
        let mut report = |step: proofmark_registry::Step<'_>| worker.progress(step.done, Some(step.total), step.detail);
        let cancelled = || worker.cancelled();
        Ok(registry.verify(&mut Watch::new(&mut report, &cancelled))?)
    }

    /// Re-checks a registry in any directory, without attaching it.
    ///
    /// # Errors
    /// If there is no registry.
    pub fn verify_directory(&self, path: &Path, owner: Option<String>) -> Answer<RegistryReport> {
        let place = Place::of_path(path)?;
        let pinned = match owner {
            Some(owner) => Some(owner),
            None => {
                let canonical = place.canonical().unwrap_or_else(|_| place.clone()).text();
                self.ledger()
                    .read::<_, Trouble>(|read| Ok(read.registries().by_path(&canonical)?))?
                    .map(|attachment| attachment.owner_key_id)
            }
        };
        let open = |id| -> Result<Registry, RegistryError> {
            let options = self.registry_options(pinned.clone(), id);
            match &place {
                Place::Folder(path) => Registry::open(path, options),
                Place::Bucket(_) => Registry::open_in(place.store().map_err(unreachable_place)?, options),
            }
        };
        // What was seen of a registry is remembered by its identifier, wherever it lies now.
        let opened = open(None).and_then(|registry| open(Some(registry.id())));
        let registry = match opened {
            Ok(registry) => registry,
            // A registry whose first file no longer reads is a damaged one; a folder without that file is none.
            Err(error @ RegistryError::NotARegistry { .. }) if has_marker(&place) || has_remains(path) => {
                return Ok(report_of_remains(&path.to_string_lossy(), &error));
            }
            Err(error) => return Err(error.into()),
        };
        let mut report = registry.verify(&mut Watch::silent())?;
        report.registry = path.to_string_lossy().into_owned();
        Ok(report)
    }

    /// Admits a person or changes their roles.
    ///
    /// # Errors
    /// If the person who acts is no owner.
    pub fn registry_admit(&self, request: RegistryAdmit) -> Answer<RegistryView> {
        Self::ensure_fingerprint(&request.person.key_id, request.fingerprint.as_deref())?;
        let signer = self.signer(request.passphrase)?;
        let attachment = self.attached()?;
        if let Some(end) = request.expires.filter(|end| *end <= self.now()) {
            let why = format!("{end} has passed, so the key could sign nothing. Nobody was admitted.");
            return Err(Trouble::new(ErrorCode::InvalidRequest, why).hint("Name a time that is to come, or none."));
        }
        let registry = self.open_attached(&attachment)?;
        let change = registry.admit_until(&signer, &request.person, &request.roles, request.expires)?;
        self.note_release("registry.admit", &request.person.id.to_string())?;
        self.after_change(&change)
    }

    /// Verifies a version and copies it out. `wanted` is `model@alias`, `model/3` or `model`.
    ///
    /// # Errors
    /// If the version does not verify; then nothing is copied.
    pub fn registry_fetch(&self, wanted: &str, to: &Path) -> Answer<proofmark_registry::registry::Fetched> {
        let registry = self.open_attached(&self.attached()?)?;
        follow_plans(&registry, &*registry.state()?);
        let fetched = registry.fetch(&wanted.parse()?, to, &mut Watch::silent())?;
        self.note_fetch(&fetched)?;
        Ok(fetched)
    }

    pub(crate) fn attachment(&self) -> Answer<Option<Attachment>> {
        // The newest one counts; the window shows one registry at a time.
        let all = self.ledger().read::<_, Trouble>(|read| Ok(read.registries().list()?))?;
        Ok(all.into_iter().max_by_key(|it| it.attached_at))
    }

    pub(crate) fn attached(&self) -> Answer<Attachment> {
        self.attachment()?.ok_or_else(|| {
            Trouble::new(ErrorCode::NoRegistry, "No registry is attached, so there is nowhere to release to.")
                .hint("Create or attach one under Registry; on the command line: proofmark registry init DIR.")
        })
    }

    pub(crate) fn open_attached(&self, attachment: &Attachment) -> Answer<Arc<Registry>> {
        let place = Place::read(&attachment.path)?;
        if let Place::Folder(path) = &place
            && !path.is_dir()
        {
            return Err(Trouble::new(
                ErrorCode::RegistryUnavailable,
                format!("The registry's folder {} is not there at the moment.", path.display()),
            )
            .hint("Connect its disk or share, or attach the registry under its new place."));
        }
        let options = self.registry_options(Some(attachment.owner_key_id.clone()), Some(attachment.id));
        self.registry_at(&place, options)
    }

    /// The registry with its state, where one is attached and can be read.
    pub(crate) fn registry_state(&self) -> Option<(Arc<Registry>, Arc<RegistryState>)> {
        let attachment = self.attachment().ok()??;
        let registry = self.open_attached(&attachment).ok()?;
        let state = registry.state().ok()?;
        Some((registry, state))
    }

    /// Notes a fact that stands in the registry in the ledger's audit too, and tells the clients.
    pub(crate) fn note_release(&self, action: &str, object: &str) -> Answer<()> {
        let entry = AuditEntry::new(self.actor(), action, object);
        // What this machine has seen cannot be taken back later without its noticing.
        let seen = self
            .attachment()?
            .and_then(|attachment| Some((attachment.id, self.open_attached(&attachment).ok()?.seen().ok()?)));
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.stale(Tag::Releases);
            if let Some((id, seen)) = seen {
                write.settings().set(&seen_key(id), &seen)?;
            }
            Ok(())
        })
    }

    fn registry_options(&self, trusted_owner: Option<String>, id: Option<RegistryId>) -> OpenOptions {
        // A memory that cannot be read is none: the pinned key still holds.
        let seen = id.and_then(|id| {
            self.ledger().read::<_, Trouble>(|read| Ok(read.settings().get::<Seen>(&seen_key(id))?)).ok().flatten()
        });
        OpenOptions { trusted_owner, seen, clock: Some(Arc::new(RegistryClock(self.clone()))) }
    }

    fn attach(&self, place: &Place, registry: &Registry, owner: &str) -> Answer<RegistryView> {
        self.forget_buckets();
        let state = registry.state()?;
        let path = place.canonical()?.text();
        // One that was attached before comes to the front again, if it is still the same.
        let known = self.ledger().read::<_, Trouble>(|read| Ok(read.registries().by_path(&path)?))?;
        if let Some(before) = known.as_ref().filter(|it| it.id != state.id || it.owner_key_id != owner) {
            let (was, now) = (fingerprint(&before.owner_key_id), fingerprint(owner));
            let why = format!(
                "Another registry was attached at {path} before: that one was begun by the key {was}, and this one by {now}. It was not attached."
            );
            return Err(Trouble::new(ErrorCode::VerificationFailed, why).hint(
                "Ask its owner why. If that is right, let go of the former one first: proofmark registry detach.",
            ));
        }
        let attachment = Attachment {
            path,
            id: state.id,
            name: state.name.clone(),
            owner_key_id: owner.to_owned(),
            attached_at: self.now(),
            verified_at: known.as_ref().and_then(|it| it.verified_at),
            last_report: known.as_ref().and_then(|it| it.last_report.clone()),
        };
        let entry = AuditEntry::new(self.actor(), "registry.attach", state.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("path", attachment.path.clone());
            write.stale(Tag::Releases);
            if let Ok(seen) = registry.seen() {
                write.settings().set(&seen_key(state.id), &seen)?;
            }
            if known.is_some() {
                write.registries().detach(&attachment.path)?;
            }
            Ok(write.registries().attach(&attachment)?)
        })?;
        self.registry_show(Nothing {})
    }

    fn refuse_inside_project(&self, path: &Path) -> Answer<()> {
        let inside = self.projects()?.into_iter().find(|project| path.starts_with(&project.root));
        match inside {
            Some(project) => Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!(
                    "{} lies inside the project {}, which would then record its own releases.",
                    path.display(),
                    project.name
                ),
            )
            .hint("Choose a folder outside of every project, best one that others can reach.")),
            None => Ok(()),
        }
    }

    pub(super) fn people_of(&self, state: &RegistryState) -> Answer<Vec<RegistryPerson>> {
        let local = self.local_people()?;
        let mut people: Vec<RegistryPerson> = state
            .people
            .values()
            .map(|member| RegistryPerson {
                fingerprint: fingerprint(&member.card.key_id),
                revoked: state.revoked.contains_key(&member.card.key_id),
                is_local: local.iter().any(|it| it.card.key_id == member.card.key_id),
                keys: keys_of(state, member.card.id),
                roles: member.roles.clone(),
                card: member.card.clone(),
            })
            .collect();
        people.sort_by(|a, b| a.card.name.cmp(&b.card.name));
        Ok(people)
    }
}

/// Writes the files that MLflow reads anew where the time of a promotion has come. Where this machine cannot write, they stay as they are
/// until somebody looks who can; what was signed holds either way, and a verification says that they are behind.
pub(crate) fn follow_plans(registry: &Registry, state: &RegistryState) {
    let _ = registry.follow_plans(state);
}

/// Every key of a person, newest first.
fn keys_of(state: &RegistryState, person: PersonId) -> Vec<RegistryKey> {
    let keys = state.trust.iter().filter_map(|list| list.people.get(&person)).flat_map(|it| &it.keys);
    let mut keys: Vec<RegistryKey> = keys
        .map(|(key_id, key)| RegistryKey {
            key_id: key_id.clone(),
            fingerprint: fingerprint(key_id),
            since: key.since,
            expires: key.expires,
            revoked: key.revoked.as_ref().map(|it| it.reason.clone()),
        })
        .collect();
    keys.sort_by_key(|it| std::cmp::Reverse(it.since));
    keys
}

/// Where it is kept what was seen of a registry.
fn seen_key(id: RegistryId) -> String {
    format!("registry.seen.{id}")
}

/// A registry begins in an empty folder: among other files, nobody could tell later what belongs to it. One that was begun and cut
/// short goes on.
fn refuse_full(path: &Path) -> Answer<()> {
    if path.join(MARKER).exists() {
        return Ok(());
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_trouble("listing", path, &error)),
    };
    let other = entries.flatten().map(|it| it.file_name()).find(|name| !name.as_encoded_bytes().starts_with(b"."));
    match other {
        None => Ok(()),
        Some(name) => Err(Trouble::new(
            ErrorCode::AlreadyExists,
            format!("{} is not empty: {} lies there. No registry was begun.", path.display(), name.to_string_lossy()),
        )
        .hint("Choose an empty folder, or a name for a new one.")),
    }
}

/// Why a bucket cannot be reached, among the errors of a registry.
fn unreachable_place(trouble: Trouble) -> RegistryError {
    RegistryError::Invalid(trouble.0.message)
}

/// The person who acts, as rules ask for them.
pub(crate) fn acting(me: &StoredPerson, now: Timestamp) -> Actor<'_> {
    Actor { person: me.person.card.id, key_id: &me.person.card.key_id, at: now }
}

/// Whether the person who acts has a role.
pub(super) fn with_role(state: &RegistryState, now: Timestamp, me: Option<&StoredPerson>, role: Role) -> Permission {
    let Some(me) = me else {
        return Permission::denied("Nobody has been chosen to act. Make a key under Settings, People.");
    };
    if let Err(why) = rules::ensure_active(state, acting(me, now)) {
        return Permission::denied(sentence(&why.to_string()));
    }
    match state.people.get(&me.person.card.id) {
        Some(member) if member.roles.contains(&role) => Permission::granted(),
        _ => Permission::denied(format!(
            "{} has not the role for this in the registry. An owner can give it.",
            me.person.card.name
        )),
    }
}

/// What a rule says, as a permission.
pub(crate) fn permission(ruled: Result<(), ReleaseBlocked>) -> Permission {
    match ruled {
        Ok(()) => Permission::granted(),
        Err(why) => Permission::denied(sentence(&why.to_string())),
    }
}

pub(crate) fn name_of(state: &RegistryState, person: PersonId) -> String {
    state.people.get(&person).map_or_else(|| person.to_string(), |member| member.card.name.clone())
}

fn detached() -> RegistryView {
    let none = || Permission::denied("No registry is attached.");
    RegistryView {
        attached: false,
        path: None,
        name: None,
        id: None,
        problem: None,
        sentence: "No registry is attached yet. It is a folder that you share with others; approved models are published there.".to_owned(),
        models: Vec::new(),
        people: Vec::new(),
        verified: None,
        verified_at: None,
        self_test: Vec::new(),
        trust: None,
        frozen: None,
        may_admit: none(),
        may_publish: none(),
    }
}

fn models(state: &RegistryState, registry: &Registry) -> Vec<RegistryModel> {
    let mut models: Vec<RegistryModel> = Vec::new();
    for (name, versions) in &state.versions {
        let mut rows: Vec<VersionRow> = versions
            .values()
            .map(|record| VersionRow {
                version: record.version,
                candidate: record.candidate,
                bundle: record.bundle,
                published_at: record.at,
                published_by: name_of(state, record.publisher),
                approvals: state
                    .candidates
                    .get(&record.candidate)
                    .map(|it| it.decisions.iter().filter(|decision| decision.approved).cloned().collect())
                    .unwrap_or_default(),
                aliases: state.aliases_of(name, record.version),
                withdrawn: record.withdrawn.as_ref().map(|it| it.reason.clone()),
                replacement: record.withdrawn.as_ref().and_then(|it| it.replacement),
                destroyed: record.destroyed.is_some(),
                folder: folder_of(registry, name, record.version),
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.version));
        let mut moves: Vec<AliasMove> = state
            .aliases
            .get(name)
            .into_iter()
            .flatten()
            .flat_map(|(alias, record)| {
                record.history.iter().map(|it| AliasMove {
                    alias: alias.clone(),
                    kind: Some(it.kind),
                    version: it.version,
                    at: it.at,
                    by: name_of(state, it.person),
                    reason: it.reason.clone(),
                })
            })
            .collect();
        moves.sort_by_key(|it| std::cmp::Reverse(it.at));
        let planned = planned(state, name);
        models.push(RegistryModel { name: name.as_str().to_owned(), versions: rows, alias_moves: moves, planned });
    }
    models
}

/// Promotions with a time, but those that took effect.
fn planned(state: &RegistryState, model: &ModelName) -> Vec<PlannedMove> {
    let aliases = state.aliases.get(model).into_iter().flatten();
    let mut all: Vec<PlannedMove> = aliases
        .flat_map(|(alias, record)| record.plans.iter().map(move |plan| (alias, plan)))
        .filter(|(_, plan)| plan.end != Some(PlanEnd::TookEffect))
        .map(|(alias, plan)| PlannedMove {
            alias: alias.clone(),
            version: plan.version,
            from: plan.from,
            by: name_of(state, plan.person),
            reason: plan.reason.clone(),
            at: plan.at,
            ended: plan.end.as_ref().map(|end| ended(state, end)),
        })
        .collect();
    all.sort_by_key(|it| {
        let waits = it.ended.is_none();
        (!waits, if waits { it.from.ms() } else { -it.at.ms() })
    });
    all
}

fn ended(state: &RegistryState, end: &PlanEnd) -> String {
    match end {
        PlanEnd::TookEffect => "It took effect.".to_owned(),
        PlanEnd::CalledOff { person, reason, .. } if reason.is_empty() => {
            format!("{} called it off.", name_of(state, *person))
        }
        PlanEnd::CalledOff { person, reason, .. } => {
            sentence(&format!("{} called it off: {reason}", name_of(state, *person)))
        }
        PlanEnd::Overtaken { person, .. } => {
            format!("{} decided otherwise about this alias before its time came.", name_of(state, *person))
        }
        PlanEnd::Lapsed { why } => sentence(&format!("It did not take effect: {why}")),
    }
}

fn folder_of(registry: &Registry, model: &ModelName, version: u64) -> String {
    let place = registry.place();
    if proofmark_bucket::Address::is_meant(&place) {
        return format!("{place}/{}", proofmark_registry::layout::version_folder(model, version));
    }
    Path::new(&place)
        .join("models")
        .join(model.as_str())
        .join(format!("version-{version}"))
        .to_string_lossy()
        .into_owned()
}

fn describe(view: &RegistryView) -> String {
    let versions: usize = view.models.iter().map(|model| model.versions.len()).sum();
    if versions == 0 {
        return "Nothing has been published here yet.".to_owned();
    }
    let models = counted(view.models.len() as u64, "model", "models");
    let versions = counted(versions as u64, "version", "versions");
    match &view.verified {
        Some(report) if report.verdict == RegistryVerdict::Ok => {
            format!("{models} in {versions}; all of it was as signed when it was last verified.")
        }
        Some(report) => format!(
            "{models} in {versions}; the last verification found {} at fault.",
            counted(report.problems.len() as u64, "thing", "things")
        ),
        None => format!("{models} in {versions}; not verified from this machine yet."),
    }
}

fn lines(test: &SelfTest) -> Vec<SelfTestLine> {
    let line = |name: &str, holds: bool, meaning: &str| SelfTestLine {
        name: name.to_owned(),
        holds,
        meaning: meaning.to_owned(),
    };
    vec![
        line(
            "Writable",
            test.writable,
            "Without this the registry can be read and verified, but nothing can be published.",
        ),
        line(
            "A name is given once",
            test.exclusive_create,
            "Two people who publish at the same moment get two version numbers.",
        ),
        line("A folder appears as a whole", test.folder_rename, "Nobody sees half of a version."),
        line("A file is replaced in one step", test.rename_over, "Nobody reads half of an alias."),
        line("What is written is on the disk", test.flush, "A power cut loses nothing that was acknowledged."),
        line(
            "Upper and lower case differ",
            test.case_sensitive,
            "Names in a registry are lower case, so both kinds of file system do.",
        ),
    ]
}
