//! The shared directory of released models.

mod text;
mod who;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use proofmark_contract::domain::Timestamp;
use proofmark_contract::domain::person::Role;
use proofmark_contract::domain::registry::{RegistryReport, RegistryVerdict};
use proofmark_contract::domain::release::{ModelName, Requirement};
use proofmark_contract::view::{
    KeyRevoke, Nothing, RegistryAdmit, RegistryAttach, RegistryCreate, RegistryFreeze, RegistryJoin, RegistryPrune,
    RegistryView, TrustEndorse, TrustSet, VersionRef,
};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::ServingOptions;
use serde_json::Value;

use crate::context::Context;
use crate::moment;
use crate::reply::{Outcome, wrong};
use crate::secret::Secret;
use crate::text::{bytes, counted, safe};
pub use text::consumers_text;
use text::{report_text, show_text};

/// Commands about the registry.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begins a registry in an empty directory and attaches it; you become its owner
    Init {
        /// The directory
        dir: PathBuf,
        /// What to call it; the directory's name if absent
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Attaches a registry that exists, and remembers the key of its owner
    Attach {
        /// The directory
        dir: PathBuf,
        /// Fingerprint or key id of its first owner, all digits as they told you; refuses if it is another one
        #[arg(long, value_name = "KEY")]
        owner: Option<String>,
    },
    /// Lets go of the registry; nothing in its directory changes
    Detach,
    /// Shows the attached registry
    Show,
    /// Re-checks every byte and signature; exits with 1 if anything is not as it was published
    Verify {
        /// Any registry's directory; the attached one if absent
        dir: Option<PathBuf>,
        /// Key id of its first owner, to believe no other one
        #[arg(long, value_name = "KEY", requires = "dir")]
        owner: Option<String>,
    },
    /// Admits a person or changes their roles
    Admit {
        /// Who: the fingerprint of somebody who asks to join or is on the list, or a file with their card, as `proofmark key card` prints
        /// it; - for standard input
        person: PathBuf,
        /// owner, submitter, approver, governance-reviewer or publisher; may be given several times
        #[arg(long = "role", value_name = "ROLE", num_args = 1.., value_parser = role, required_unless_present = "no_roles")]
        roles: Vec<Role>,
        /// Takes every role away
        #[arg(long, conflicts_with = "roles")]
        no_roles: bool,
        /// Fingerprint that the person read out; refuses a card with another one
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        /// When the key ends, such as 2027-06-30; never if absent
        #[arg(long, value_name = "DAY or TIME", value_parser = moment::end)]
        until: Option<Timestamp>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Asks the owners of the attached registry to admit you
    Join {
        /// What you ask for
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Signs a version of the trust list that another owner proposed; without LIST, shows what waits
    Endorse {
        /// Digest of the proposal
        list: Option<String>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Changes what the registry asks for
    Policy(Policy),
    /// Declares a key invalid
    Revoke {
        /// The key: its fingerprint, or at least eight digits of its id
        key: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Nothing that it ever signed counts
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        secret: Secret,
    },
    /// Stops every publication and promotion
    Freeze {
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Lets publications go on
    Thaw {
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Verifies a version and copies it out
    Fetch {
        /// MODEL@ALIAS, MODEL/VERSION, or MODEL for the newest
        wanted: String,
        /// The folder to make
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Lists who is known on this machine to use a version: copies that were taken out, callers in logs of predictions
    Consumers {
        /// MODEL/VERSION
        version: String,
    },
    /// Says how to use a version: the lines for Python, command line and containers, or manifests for a cluster
    Consume {
        /// MODEL@ALIAS, MODEL/VERSION, or MODEL for the newest
        wanted: String,
        /// Prints manifests of Kubernetes and KServe instead
        #[arg(long)]
        manifests: bool,
        /// Copies that run
        #[arg(long, default_value_t = 2, requires = "manifests")]
        replicas: u32,
        /// Volume claim that holds the registry
        #[arg(long, default_value = "proofmark-registry", requires = "manifests")]
        volume: String,
        /// Namespace
        #[arg(long, default_value = "default", requires = "manifests")]
        namespace: String,
    },
    /// Writes the files by which MLflow finds the versions where the registry is mounted here, after verifying each
    View {
        /// The folder to write; made if it is not there
        to: PathBuf,
    },
    /// Takes away what nobody needs: what unfinished work left behind, and files of what was rejected or never submitted; owners only
    Prune {
        /// Only what lay there for so many days
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        older_than: u32,
        #[command(flatten)]
        secret: Secret,
    },
    /// Verifies the attached registry and copies it, or what is new in it, to another folder
    Mirror {
        /// The folder; made if it is not there
        to: PathBuf,
    },
}

/// Writes the dossier of a released version.
#[derive(Debug, Args)]
pub struct DossierArguments {
    /// MODEL@ALIAS, MODEL/VERSION, or MODEL for the newest
    wanted: String,
    /// The file to write, HTML or PDF by its ending; MODEL-VERSION.html here if absent
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Signs it with your key, as FILE.sig
    #[arg(long)]
    sign: bool,
    #[command(flatten)]
    secret: Secret,
}

impl DossierArguments {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        let name = self.wanted.replace(['@', '/'], "-");
        let to = self.to.unwrap_or_else(|| PathBuf::from(format!("{name}.html")));
        let passphrase = if self.sign { self.secret.get(context)? } else { None };
        let written = context.engine()?.dossier(&self.wanted, &to, self.sign, passphrase)?;
        let path = written.path.to_string_lossy().into_owned();
        let signature = written.signature.as_ref().map(|it| it.to_string_lossy().into_owned());
        let document = serde_json::json!({
            "model": written.model, "version": written.version, "path": path, "signature": signature, "size": written.size,
        });
        context.answer("dossier", &document, || format!("{} written ({}).\n", safe(&path), bytes(written.size)))
    }
}

/// What the registry asks for.
#[derive(Debug, Args)]
pub struct Policy {
    /// People other than the submitter who must approve
    #[arg(long, value_name = "N")]
    approvals: Option<u32>,
    /// What is needed on top if sensitive columns are in the lineage: N, or N+governance
    #[arg(long, value_name = "N[+governance]", value_parser = requirement)]
    sensitive: Option<Requirement>,
    /// What a model needs at least: MODEL=N or MODEL=N+governance
    #[arg(long = "for-model", value_name = "MODEL=N[+governance]", value_parser = named_requirement)]
    models: Vec<(String, Requirement)>,
    /// What candidates of a risk class need at least: CLASS=N or CLASS=N+governance
    #[arg(long = "for-risk", value_name = "CLASS=N[+governance]", value_parser = named_requirement)]
    risks: Vec<(String, Requirement)>,
    /// File with the gates that every candidate must pass, as [[gate]] tables of proofmark.toml; replaces those there are
    #[arg(long, value_name = "FILE")]
    gates: Option<PathBuf>,
    /// Owners who must sign a change of the trust list
    #[arg(long, value_name = "N")]
    owners: Option<u32>,
    /// When the trust list ends, such as 2027-06-30; its owners must sign a new version before
    #[arg(long, value_name = "DAY or TIME", value_parser = moment::end)]
    expires: Option<Timestamp>,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    secret: Secret,
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let (number, governance) = match text.split_once('+') {
        None => (text, false),
        Some((number, "governance")) => (number, true),
        Some((_, other)) => return Err(format!("`{other}` is not governance")),
    };
    let approvals = number.parse().map_err(|_| format!("`{number}` is not a number of people"))?;
    Ok(Requirement { approvals, governance })
}

fn named_requirement(text: &str) -> Result<(String, Requirement), String> {
    let (name, needed) = text.split_once('=').ok_or("write NAME=N or NAME=N+governance")?;
    Ok((name.to_owned(), requirement(needed)?))
}

impl Policy {
    fn request(self, context: &Context, view: &RegistryView) -> Result<TrustSet, ErrorBody> {
        let mut policy = view.trust.as_ref().map(|it| it.policy.clone()).unwrap_or_default();
        policy.approvals = self.approvals.unwrap_or(policy.approvals);
        policy.sensitive = self.sensitive.unwrap_or(policy.sensitive);
        for (model, needed) in self.models {
            policy.by_model.insert(model_name(&model)?, needed);
        }
        policy.by_risk.extend(self.risks);
        if let Some(file) = &self.gates {
            policy.gates = proofmark_engine::read_gates(file).map_err(|trouble| trouble.0)?;
        }
        Ok(TrustSet {
            gates_text: None,
            policy: Some(policy),
            owners_needed: self.owners,
            expires: self.expires,
            reason: self.reason,
            passphrase: self.secret.get(context)?,
        })
    }
}

fn model_name(text: &str) -> Result<ModelName, ErrorBody> {
    ModelName::new(text).map_err(|error| wrong(format!("{error}.")))
}

fn role(text: &str) -> Result<Role, String> {
    serde_json::from_value(Value::String(text.to_lowercase().replace('-', "_")))
        .map_err(|_| "the roles are owner, submitter, approver, governance-reviewer and publisher".to_owned())
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        match self {
            Self::Init { dir, name, secret } => {
                let name = name.unwrap_or_else(|| folder_name(&dir));
                let request =
                    RegistryCreate { path: dir.to_string_lossy().into_owned(), name, passphrase: secret.get(context)? };
                one(context, "registry-init", &engine.registry_create(request)?)
            }
            Self::Attach { dir, owner } => one(
                context,
                "registry-attach",
                &engine.registry_attach(RegistryAttach { path: dir.to_string_lossy().into_owned(), owner })?,
            ),
            Self::Detach => one(context, "registry-detach", &engine.registry_detach(Nothing {})?),
            Self::Show => one(context, "registry-show", &engine.registry_show(Nothing {})?),
            Self::Verify { dir, owner } => {
                let report = match dir {
                    Some(dir) => engine.verify_directory(&dir, owner)?,
                    None => verify_attached(context)?,
                };
                let reply = context.answer("registry-verify", &report, || report_text(&report))?;
                Ok(reply.passed(report.verdict == RegistryVerdict::Ok))
            }
            Self::Admit { person, roles, no_roles: _, fingerprint, until, secret } => {
                let person = who::meant(&person, &engine.registry_show(Nothing {})?)?;
                let roles: BTreeSet<Role> = roles.into_iter().collect();
                let registry = engine.registry_admit(RegistryAdmit {
                    person,
                    roles,
                    fingerprint,
                    expires: until,
                    passphrase: secret.get(context)?,
                })?;
                one(context, "registry-admit", &registry)
            }
            Self::Join { note, secret } => {
                let view = engine.registry_join(RegistryJoin { note, passphrase: secret.get(context)? })?;
                one(context, "registry-join", &view)
            }
            Self::Endorse { list: None, secret: _ } => {
                one(context, "registry-endorse", &engine.registry_show(Nothing {})?)
            }
            Self::Endorse { list: Some(list), secret } => {
                let list = list.parse().map_err(|error| wrong(format!("{error}.")))?;
                let view = engine.trust_endorse(TrustEndorse { list, passphrase: secret.get(context)? })?;
                one(context, "registry-endorse", &view)
            }
            Self::Policy(policy) => {
                let request = policy.request(context, &engine.registry_show(Nothing {})?)?;
                one(context, "registry-policy", &engine.trust_set(request)?)
            }
            Self::Revoke { key, reason, all, secret } => {
                let request = KeyRevoke { key_id: key, reason, all, passphrase: secret.get(context)? };
                one(context, "registry-revoke", &engine.key_revoke(request)?)
            }
            Self::Freeze { reason, secret } => {
                let request = RegistryFreeze { frozen: true, reason, passphrase: secret.get(context)? };
                one(context, "registry-freeze", &engine.registry_freeze(request)?)
            }
            Self::Thaw { reason, secret } => {
                let request = RegistryFreeze { frozen: false, reason, passphrase: secret.get(context)? };
                one(context, "registry-thaw", &engine.registry_freeze(request)?)
            }
            Self::Consumers { version } => {
                let (model, number) = version
                    .rsplit_once('/')
                    .and_then(|(model, number)| Some((model.to_owned(), number.parse().ok()?)))
                    .ok_or_else(|| wrong(format!("`{version}` is not MODEL/VERSION, such as churn/3.")))?;
                let list = engine.version_consumers(VersionRef { model, version: number })?;
                context.answer("registry-consumers", &list, || consumers_text(&list))
            }
            Self::Consume { wanted, manifests, replicas, volume, namespace } => {
                let options = ServingOptions { replicas, volume, namespace, ..ServingOptions::default() };
                let text = engine.registry_consume(&wanted, manifests.then_some(&options))?;
                let document = serde_json::json!({"wanted": wanted, "text": text});
                context.answer("registry-consume", &document, || text.clone())
            }
            Self::View { to } => {
                let listed = engine.registry_view(&to)?;
                let document = serde_json::json!({"folder": to.to_string_lossy(), "versions": listed});
                context.answer("registry-view", &document, || {
                    let versions = counted(listed as u64, "version", "versions");
                    format!(
                        "{versions} listed in {}. Give MLflow this folder as its registry.\n",
                        safe(&to.to_string_lossy())
                    )
                })
            }
            Self::Prune { older_than, secret } => {
                let pruned =
                    engine.registry_prune(RegistryPrune { days: older_than, passphrase: secret.get(context)? })?;
                context.answer("registry-prune", &pruned, || {
                    format!("{} {}\n", safe(&pruned.sentence), bytes(pruned.bytes))
                })
            }
            Self::Mirror { to } => {
                let copied = engine.mirror_registry(&to)?;
                let document = serde_json::json!({
                    "folder": to.to_string_lossy(), "files": copied.files, "bytes": copied.bytes, "notes": copied.notes,
                });
                context.answer("registry-mirror", &document, || {
                    let mut text = format!(
                        "Verified, and {} copied to {}: {}.\n",
                        counted(copied.files as u64, "file", "files"),
                        safe(&to.to_string_lossy()),
                        bytes(copied.bytes)
                    );
                    for note in &copied.notes {
                        text.push_str(&format!("Copied as it is, though it counts for nothing: {}\n", safe(note)));
                    }
                    text
                })
            }
            Self::Fetch { wanted, to } => {
                let fetched = engine.registry_fetch(&wanted, &to)?;
                let document = serde_json::json!({
                    "model": fetched.model.to_string(), "version": fetched.version, "bundle": fetched.bundle,
                    "folder": fetched.folder.to_string_lossy(), "files": fetched.files, "bytes": fetched.bytes,
                });
                context.answer("registry-fetch", &document, || {
                    format!(
                        "{} version {} verified and copied to {}: {}, {}.\n",
                        fetched.model,
                        fetched.version,
                        safe(&fetched.folder.to_string_lossy()),
                        counted(fetched.files as u64, "file", "files"),
                        bytes(fetched.bytes)
                    )
                })
            }
        }
    }
}

/// Verifies the attached registry, with progress. What was found is an answer here, not an error.
fn verify_attached(context: &Context) -> Result<RegistryReport, ErrorBody> {
    let engine = context.engine()?;
    let before = engine.registry_show(Nothing {})?.verified_at;
    let ended = context.finish(engine.registry_verify(Nothing {})?);
    let after = engine.registry_show(Nothing {})?;
    match (ended, after.verified) {
        // Only a report that this verification wrote answers for it.
        (Ok(_), Some(report)) => Ok(report),
        (Err(error), Some(report)) if error.code == ErrorCode::VerificationFailed && after.verified_at != before => {
            Ok(report)
        }
        (Err(error), _) => Err(error),
        (Ok(_), None) => {
            Err(ErrorBody::new(ErrorCode::Internal, "The registry was verified, and the result was not kept."))
        }
    }
}

fn folder_name(dir: &Path) -> String {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    absolute.file_name().map_or_else(|| "registry".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn one(context: &Context, command: &str, view: &RegistryView) -> Outcome {
    context.answer(command, view, || show_text(view))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn roles_are_named_as_people_write_them() {
        assert_eq!(role("Governance-Reviewer").unwrap(), Role::GovernanceReviewer);
        assert_eq!(role("publisher").unwrap(), Role::Publisher);
        assert!(role("admin").is_err(), "a role that nobody has heard of gives no rights");
    }
}
