//! From a model file to a published version.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use proofmark_contract::domain::Timestamp;
use proofmark_contract::domain::id::CandidateId;
use proofmark_contract::domain::release::CandidateState;
use proofmark_contract::view::{
    AliasCallOff, AliasRollBack, AliasSet, CandidateDecide, CandidateDiscuss, CandidateList, CandidatePublish,
    CandidateRef, CandidateRow, CandidateSubmit, CandidateView, CandidateWaive, ConsumerList, Nothing, PathRef,
    RegistryModel, RegistryView, VersionDestroy, VersionRef, VersionWithdraw,
};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::Engine;
use serde::Serialize;

use super::model::gates_text;
use super::registry::consumers_text;
use crate::context::Context;
use crate::moment;
use crate::reply::{Outcome, wrong};
use crate::secret::Secret;
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, joined, maybe, safe, when, words};

/// The alias that means "in use".
const PRODUCTION: &str = "production";

/// Commands about releases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Copies a model with its evidence into the registry, where it waits for approval
    Submit(Submit),
    /// Approves a candidate
    Approve(Decide),
    /// Rejects a candidate
    Reject(Decide),
    /// Makes an approved candidate a version
    Publish {
        /// The candidate: its identifier, or the model's name for the newest open one
        candidate: String,
        /// Also points this alias to the version, such as production
        #[arg(long)]
        alias: Option<String>,
        /// Refuses unless the candidate's model is called so
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Points an alias to a version
    Promote {
        /// The model's name in the registry
        model: String,
        /// The version
        version: u64,
        /// The alias
        #[arg(long, default_value = PRODUCTION)]
        alias: String,
        /// From when on, such as 2026-12-01T08:00+01:00; at once if absent. A later move of the alias ends the plan
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Calls off a promotion whose time has not come; the alias stays as it is
    CallOff {
        /// The model's name in the registry
        model: String,
        /// The alias
        #[arg(long, default_value = PRODUCTION)]
        alias: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Takes an alias away; the version that it points to stays
    RemoveAlias {
        /// The model's name in the registry
        model: String,
        /// The alias
        alias: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Points an alias back to the version before
    Rollback {
        /// The model's name in the registry
        model: String,
        /// To this version; to the one before if absent
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
        /// The alias
        #[arg(long, default_value = PRODUCTION)]
        alias: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Declares that a version must not be used any more; it stays where it is
    Withdraw {
        /// The model's name in the registry
        model: String,
        /// The version
        version: u64,
        /// The version to use instead
        #[arg(long, value_name = "VERSION")]
        replacement: Option<u64>,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Destroys the bytes of a withdrawn version; what was said about it stays
    Destroy {
        /// The model's name in the registry
        model: String,
        /// The version
        version: u64,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Lets a gate go that a candidate does not pass
    Waive {
        /// The candidate: its identifier, or the model's name for the newest open one
        candidate: String,
        /// The gate
        gate: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Until when, such as 2027-01-31, at most 366 days ahead; 90 days from now if absent
        #[arg(long, value_name = "DAY or TIME", value_parser = moment::end)]
        expires: Option<Timestamp>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Asks about a candidate
    Ask {
        /// The candidate: its identifier, or the model's name for the newest open one
        candidate: String,
        /// The question
        text: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Answers a question about a candidate
    Answer {
        /// The candidate: its identifier, or the model's name for the newest open one
        candidate: String,
        /// The answer
        text: String,
        /// The question, as `release show --json` names it; the newest without an answer if absent
        #[arg(long, value_name = "STATEMENT")]
        question: Option<String>,
        #[command(flatten)]
        secret: Secret,
    },
    /// Lists candidates, those that wait first
    List,
    /// Shows everything about one candidate
    Show {
        /// The candidate: its identifier, or the model's name for the newest open one
        candidate: String,
    },
}

/// Submits a model.
#[derive(Debug, Args)]
pub struct Submit {
    /// The model file, or the folder that is the model as a whole
    model: String,
    /// What the model is for
    #[arg(long)]
    purpose: String,
    /// Its name in the registry; from the project or the file if absent
    #[arg(long)]
    name: Option<String>,
    /// What it must not be used for, and where it is known to be weak
    #[arg(long, default_value = "")]
    limits: String,
    /// What is new
    #[arg(long, default_value = "")]
    note: String,
    /// How much depends on it, in a word that the registry's policy knows, such as high
    #[arg(long, default_value = "")]
    risk: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
    /// Submits by what is recorded already, without looking at the folder first
    #[arg(long)]
    no_scan: bool,
    #[command(flatten)]
    secret: Secret,
}

/// Decides on a candidate.
#[derive(Debug, Args)]
pub struct Decide {
    /// The candidate: its identifier, or the model's name for the newest open one
    candidate: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Digest of what was looked at; refuses if the candidate is another by now
    #[arg(long, value_name = "DIGEST")]
    bundle: Option<String>,
    #[command(flatten)]
    secret: Secret,
}

/// The document of one candidate.
#[derive(Debug, Serialize)]
struct OfCandidate<'a> {
    candidate: CandidateId,
    model: &'a str,
    version: Option<u64>,
    #[serde(flatten)]
    view: &'a CandidateView,
}

/// The document of a moved alias or a withdrawn version.
#[derive(Debug, Serialize)]
struct OfVersion<'a> {
    model: &'a str,
    version: Option<u64>,
    alias: Option<&'a str>,
    /// From when on, where the alias moves later.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    registry: &'a RegistryView,
}

/// The document of a withdrawn version.
#[derive(Debug, Serialize)]
struct OfWithdrawn<'a> {
    #[serde(flatten)]
    of: OfVersion<'a>,
    /// The version to use instead.
    replacement: Option<u64>,
    /// Who is known on this machine to use it.
    consumers: &'a ConsumerList,
}

/// The aliases that lead to a withdrawn version, and what to do about them.
fn still_pointing(registry: &RegistryView, model: &str, version: u64, replacement: Option<u64>) -> String {
    let versions = registry.models.iter().filter(|it| it.name == model).flat_map(|it| &it.versions);
    let aliases = versions.filter(|it| it.version == version).flat_map(|it| &it.aliases);
    aliases
        .map(|alias| {
            let (alias, model) = (safe(alias), safe(model));
            let instead = replacement.map_or_else(
                || format!("proofmark release rollback {model} --alias {alias}"),
                |it| format!("proofmark release promote {model} {it} --alias {alias}"),
            );
            format!("{alias} still points to it. Move it: {instead}\n")
        })
        .collect()
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Submit(submit) => submit.run(context),
            Self::Approve(decide) => decide.run(context, true),
            Self::Reject(decide) => decide.run(context, false),
            Self::Publish { candidate, alias, confirm, secret } => {
                publish(context, &candidate, alias, confirm, &secret)
            }
            Self::Promote { model, version, alias, at, reason, secret } => {
                let passphrase = secret.get(context)?;
                let moved = AliasSet { model, alias, version: Some(version), reason, from: at, passphrase };
                move_alias(context, "release-promote", moved)
            }
            Self::RemoveAlias { model, alias, reason, secret } => {
                let passphrase = secret.get(context)?;
                let moved = AliasSet { model, alias, version: None, reason, from: None, passphrase };
                move_alias(context, "release-remove-alias", moved)
            }
            Self::CallOff { model, alias, reason, secret } => {
                released(context.engine()?, &model)?;
                let passphrase = secret.get(context)?;
                let request = AliasCallOff { model: model.clone(), alias: alias.clone(), reason, passphrase };
                let registry = context.engine()?.alias_call_off(request)?;
                let now = registry.models.iter().find(|it| it.name == model);
                let version = now.and_then(|it| it.versions.iter().find(|it| it.aliases.contains(&alias)));
                let version = version.map(|it| it.version);
                let document =
                    OfVersion { model: &model, version, alias: Some(&alias), from: None, registry: &registry };
                context.answer("release-call-off", &document, || {
                    let (alias, model) = (safe(&alias), safe(&model));
                    match version {
                        Some(version) => format!("Called off. {alias} of {model} stays with version {version}.\n"),
                        None => format!("Called off. {alias} of {model} points to no version.\n"),
                    }
                })
            }
            Self::Rollback { model, to, alias, reason, secret } => {
                let before = released(context.engine()?, &model)?;
                let reason = if reason.is_empty() { "rolled back".to_owned() } else { reason };
                let request = AliasRollBack {
                    model: model.clone(),
                    alias: alias.clone(),
                    version: to,
                    reason,
                    passphrase: secret.get(context)?,
                };
                let registry = context.engine()?.alias_roll_back(request)?;
                let now = registry.models.iter().find(|it| it.name == model).unwrap_or(&before);
                let version = now.versions.iter().find(|it| it.aliases.contains(&alias)).map(|it| it.version);
                let document =
                    OfVersion { model: &model, version, alias: Some(&alias), from: None, registry: &registry };
                context.answer("release-rollback", &document, || {
                    let (alias, model) = (safe(&alias), safe(&model));
                    format!("{alias} of {model} points to version {} again.\n", version.unwrap_or_default())
                })
            }
            Self::Withdraw { model, version, replacement, reason, secret } => {
                released(context.engine()?, &model)?;
                let request = VersionWithdraw {
                    confirm: model.clone(),
                    model: model.clone(),
                    version,
                    replacement,
                    reason,
                    passphrase: secret.get(context)?,
                };
                let registry = context.engine()?.version_withdraw(request)?;
                let consumers = context.engine()?.version_consumers(VersionRef { model: model.clone(), version })?;
                let document = OfWithdrawn {
                    of: OfVersion {
                        model: &model,
                        version: Some(version),
                        alias: None,
                        from: None,
                        registry: &registry,
                    },
                    replacement,
                    consumers: &consumers,
                };
                context.answer("release-withdraw", &document, || {
                    let mut text = format!(
                        "Version {version} of {} was withdrawn. Its files stay as they are, and nobody is given them any more.\n",
                        safe(&model)
                    );
                    text.push_str(&still_pointing(&registry, &model, version, replacement));
                    text.push_str(&consumers_text(&consumers));
                    text
                })
            }
            Self::Destroy { model, version, reason, secret } => {
                let (confirm, passphrase) = (model.clone(), secret.get(context)?);
                let request = VersionDestroy { model: model.clone(), version, reason, confirm, passphrase };
                let registry = context.engine()?.version_destroy(request)?;
                let document =
                    OfVersion { model: &model, version: Some(version), alias: None, from: None, registry: &registry };
                context.answer("release-destroy", &document, || {
                    format!("The bytes of version {version} of {} are destroyed.\n", safe(&model))
                })
            }
            Self::Waive { candidate, gate, reason, expires, secret } => {
                let engine = context.engine()?;
                let candidate = engine.candidate_named(&candidate)?;
                let bundle = engine.candidate_show(CandidateRef { candidate })?.row.bundle;
                let passphrase = secret.get(context)?;
                let request = CandidateWaive { candidate, bundle, gate: gate.clone(), reason, expires, passphrase };
                let view = engine.candidate_waive(request)?;
                answer(context, "release-waive", &view, || {
                    // Of several, the one that was just signed is the last.
                    let end = view.waivers.iter().rev().find(|it| it.gate == gate).and_then(|it| it.expires);
                    let until = end.map_or_else(String::new, |it| format!(" until {}", when(it)));
                    format!("The gate {} was let go{until}. {}\n", safe(&gate), safe(&view.sentence))
                })
            }
            Self::Ask { candidate, text, secret } => discuss(context, &candidate, text, Answers::Nothing, &secret),
            Self::Answer { candidate, text, question, secret } => {
                let answers = question.map_or(Answers::Newest, Answers::Question);
                discuss(context, &candidate, text, answers, &secret)
            }
            Self::List => {
                let list = context.engine()?.candidate_list(Nothing {})?;
                context.answer("release-list", &list, || list_text(&list))
            }
            Self::Show { candidate } => {
                let engine = context.engine()?;
                let view = engine.candidate_show(CandidateRef { candidate: engine.candidate_named(&candidate)? })?;
                answer(context, "release-show", &view, || show_text(&view))
            }
        }
    }
}

fn answer(context: &Context, command: &str, view: &CandidateView, text: impl FnOnce() -> String) -> Outcome {
    let document =
        OfCandidate { candidate: view.row.candidate, model: &view.row.model, version: view.row.version, view };
    context.answer(command, &document, text)
}

impl Submit {
    fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.model, self.project.as_deref())?;
        let engine = context.engine()?;
        let passphrase = self.secret.get(context)?;
        if !self.no_scan {
            context.refresh(&project, true)?;
        }
        let draft = context.evaluated_draft(PathRef { project: project.id, path: path.clone() })?;
        let model = self.name.unwrap_or(draft.suggested_name);
        let known: BTreeSet<CandidateId> =
            engine.candidate_list(Nothing {})?.candidates.iter().map(|row| row.candidate).collect();
        let request = CandidateSubmit {
            project: project.id,
            path,
            model: model.clone(),
            purpose: self.purpose,
            limits: self.limits,
            note: self.note,
            risk: self.risk,
            passphrase,
        };
        context.finish(engine.candidate_submit(request)?)?;
        let rows = engine.candidate_list(Nothing {})?.candidates;
        let of_model = || rows.iter().filter(|row| row.model == model.trim());
        let new = of_model().filter(|row| !known.contains(&row.candidate)).max_by_key(|row| row.submitted_at);
        // The same bytes under the same name, by the same person, are the candidate that waits already.
        let open = |row: &&CandidateRow| matches!(row.state, CandidateState::Waiting | CandidateState::Approved);
        let Some(row) = new.or_else(|| of_model().filter(open).max_by_key(|row| row.submitted_at)) else {
            return Err(ErrorBody::new(
                ErrorCode::RegistryUnavailable,
                format!("{model} was submitted, and the registry does not show it yet."),
            )
            .hint("See proofmark release list in a moment."));
        };
        let view = engine.candidate_show(CandidateRef { candidate: row.candidate })?;
        answer(context, "release-submit", &view, || {
            format!(
                "{} {} as {}. {}\n{}",
                safe(&view.row.model),
                if new.is_some() { "was submitted" } else { "had been submitted before, with the same bytes," },
                view.row.candidate,
                safe(&view.sentence),
                gates_text(&view.manifest.gates)
            )
        })
    }
}

impl Decide {
    fn run(self, context: &Context, approve: bool) -> Outcome {
        let engine = context.engine()?;
        let candidate = engine.candidate_named(&self.candidate)?;
        let bundle = match &self.bundle {
            Some(digest) => digest.parse().map_err(|error| wrong(format!("{error}")))?,
            None => engine.candidate_show(CandidateRef { candidate })?.row.bundle,
        };
        let shown = engine.candidate_show(CandidateRef { candidate });
        let passphrase = self.secret.get(context)?;
        let request = CandidateDecide { candidate, bundle, approve, reason: self.reason, passphrase };
        // What never came cannot be looked at, and its digest is enough to say no.
        if !approve && shown.is_err_and(|it| it.0.code == ErrorCode::RegistryUnavailable) {
            let row = engine.candidate_reject_unseen(request)?;
            return context.answer("release-reject", &row, || {
                format!("You rejected {} ({}), whose manifest never came.\n", safe(&row.model), row.candidate)
            });
        }
        let view = engine.candidate_decide(request)?;
        let (command, done) = if approve { ("release-approve", "approved") } else { ("release-reject", "rejected") };
        answer(context, command, &view, || {
            format!("You {done} {} ({}). {}\n", safe(&view.row.model), view.row.candidate, safe(&view.sentence))
        })
    }
}

/// What is said is an answer to.
enum Answers {
    Nothing,
    Newest,
    Question(String),
}

fn discuss(context: &Context, candidate: &str, text: String, answers: Answers, secret: &Secret) -> Outcome {
    let engine = context.engine()?;
    let candidate = engine.candidate_named(candidate)?;
    let view = engine.candidate_show(CandidateRef { candidate })?;
    let (command, answers) = match answers {
        Answers::Nothing => ("release-ask", None),
        Answers::Question(id) => ("release-answer", Some(id.parse().map_err(|error| wrong(format!("{error}.")))?)),
        Answers::Newest => {
            let open = view.questions.iter().rev().find(|it| it.answers.is_empty());
            let open = open.or_else(|| view.questions.last());
            let open = open.ok_or_else(|| wrong("Nobody has asked anything about this candidate.".to_owned()))?;
            ("release-answer", Some(open.id))
        }
    };
    let bundle = view.row.bundle;
    let passphrase = secret.get(context)?;
    let view = engine.candidate_discuss(CandidateDiscuss { candidate, bundle, answers, text, passphrase })?;
    answer(context, command, &view, || format!("Kept with {}.\n", view.row.candidate))
}

fn publish(
    context: &Context,
    candidate: &str,
    alias: Option<String>,
    confirm: Option<String>,
    secret: &Secret,
) -> Outcome {
    let engine = context.engine()?;
    let candidate = engine.candidate_named(candidate)?;
    let confirm = match confirm {
        Some(name) => name,
        // Whoever names a candidate on the command line has said what they mean.
        None => engine.candidate_show(CandidateRef { candidate })?.row.model,
    };
    let passphrase = secret.get(context)?;
    context.finish(engine.candidate_publish(CandidatePublish {
        candidate,
        confirm,
        alias: alias.clone(),
        passphrase,
    })?)?;
    let view = engine.candidate_show(CandidateRef { candidate })?;
    answer(context, "release-publish", &view, || {
        let alias = alias.map_or_else(String::new, |alias| format!(" {} points to it now.", safe(&alias)));
        format!("{} was published. {}{alias}\n", safe(&view.row.model), safe(&view.sentence))
    })
}

fn move_alias(context: &Context, command: &str, moved: AliasSet) -> Outcome {
    let (model, alias, version, from) = (moved.model.clone(), moved.alias.clone(), moved.version, moved.from);
    released(context.engine()?, &model)?;
    let registry = context.engine()?.alias_set(moved)?;
    let document = OfVersion { model: &model, version, alias: Some(&alias), from, registry: &registry };
    context.answer(command, &document, || {
        let (alias, model) = (safe(&alias), safe(&model));
        let Some(version) = version else { return format!("{alias} of {model} is taken away; it points to no version now.\n") };
        match from {
            None => format!("{alias} of {model} points to version {version} now.\n"),
            Some(from) => format!(
                "{alias} of {model} points to version {version} from {} on. Call it off: proofmark release call-off {model} --alias {alias}\n",
                when(from)
            ),
        }
    })
}

/// A model of the registry.
fn released(engine: &Engine, model: &str) -> Result<RegistryModel, ErrorBody> {
    let registry = engine.registry_show(Nothing {})?;
    if !registry.attached {
        return Err(
            ErrorBody::new(ErrorCode::NoRegistry, registry.sentence).hint("Make one: proofmark registry init DIR")
        );
    }
    if let Some(problem) = registry.problem {
        return Err(ErrorBody::new(ErrorCode::RegistryUnavailable, problem));
    }
    registry.models.into_iter().find(|it| it.name == model).ok_or_else(|| {
        ErrorBody::new(ErrorCode::NotFound, format!("The registry holds no model `{model}`."))
            .hint("See proofmark registry show.")
    })
}

fn list_text(list: &CandidateList) -> String {
    if list.candidates.is_empty() {
        return "Nothing has been submitted yet. Submit a model: proofmark release submit MODEL --purpose TEXT\n"
            .to_owned();
    }
    let waiting = list.candidates.iter().filter(|row| row.waits_for_me).count() as u64;
    let mut text = match waiting {
        0 => "Nothing waits for your decision.\n".to_owned(),
        1 => "One candidate waits for your decision.\n".to_owned(),
        more => format!("{} wait for your decision.\n", counted(more, "candidate", "candidates")),
    };
    let mut table = Table::new([
        ("Model", Left),
        ("State", Left),
        ("Version", Right),
        ("Approvals", Right),
        ("Blocking gates", Right),
        ("Submitted by", Left),
        ("At", Left),
        ("Candidate", Left),
    ]);
    for row in &list.candidates {
        table.row([
            row.model.clone(),
            words(&row.state),
            row.version.map_or_else(|| "–".to_owned(), |version| version.to_string()),
            format!("{} of {}", row.approvals, row.required),
            count(row.blocking),
            row.submitted_by.clone(),
            when(row.submitted_at),
            row.candidate.to_string(),
        ]);
    }
    text.push_str(&table.text());
    text
}

fn show_text(view: &CandidateView) -> String {
    let row = &view.row;
    let mut text = format!(
        "May {} be published? {}\n{} · submitted by {} on {}\nContent {}\nFor: {}\n",
        safe(&row.model),
        safe(&view.sentence),
        row.candidate,
        safe(&row.submitted_by),
        when(row.submitted_at),
        row.bundle,
        safe(&view.manifest.purpose)
    );
    for (title, said) in [("Not for", &view.manifest.limits), ("New", &row.note)] {
        if !said.is_empty() {
            text.push_str(&format!("{title}: {}\n", safe(said)));
        }
    }
    text.push_str(&gates_text(&view.manifest.gates));
    let labels: BTreeSet<String> = view.manifest.labels.iter().map(|it| it.label.replace('_', " ")).collect();
    if !labels.is_empty() {
        text.push_str(&format!(
            "\nSensitive data upstream: {}.\n",
            safe(&joined(&labels.into_iter().collect::<Vec<_>>()))
        ));
    }
    if let Some(production) = &view.production {
        let mut table = Table::new([("Metric", Left), ("This candidate", Right), ("In production", Right)]);
        for metric in &production.metrics {
            table.row([metric.name.clone(), maybe(metric.candidate), maybe(metric.production)]);
        }
        text.push_str(&format!("\nBeside version {} in production:{}", production.version, table.text()));
    }
    for waiver in &view.waivers {
        let end = waiver.expires.map_or_else(String::new, |it| format!(" until {}", when(it)));
        text.push_str(&format!(
            "\nThe gate {} was let go by {}{end}: {}\n",
            safe(&waiver.gate),
            safe(&waiver.name),
            safe(&waiver.reason)
        ));
    }
    for question in &view.questions {
        text.push_str(&format!("\n{} asks: {}\n", safe(&question.name), safe(&question.text)));
        for reply in &question.answers {
            text.push_str(&format!("  {} answers: {}\n", safe(&reply.name), safe(&reply.text)));
        }
    }
    let mut table = Table::new([("Decision", Left), ("By", Left), ("At", Left), ("Reason", Left)]);
    for decision in &view.decisions {
        let what = if decision.approved { "approved" } else { "rejected" };
        table.row([what.to_owned(), decision.name.clone(), when(decision.at), cut(&decision.reason, 80)]);
    }
    text.push_str(&table.text());
    let mut table = Table::new([("File", Left), ("Size", Right), ("Digest", Left)]);
    for file in view.manifest.files.iter().chain(&view.manifest.evidence) {
        table.row([file.path.clone(), crate::text::bytes(file.size), file.digest.short()]);
    }
    text.push_str(&table.text());
    text
}
