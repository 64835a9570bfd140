//! What needs a person, what happened, and where the application stands.

use std::collections::BTreeMap;

use proofmark_contract::view::*;
use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, Change};
use proofmark_domain::attention::{Attention, Target, Urgency};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::counts::counted;
use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::id::ProjectId;
use proofmark_domain::lineage::{Node, NodeId, NodeKind};
use proofmark_domain::model::SafetyVerdict;
use proofmark_domain::project::{Project, WatchState};
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::CandidateState;
use proofmark_ledger::RunFilter;

use super::projects::joined;
use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// Lines of activity that are shown.
const ACTIVITY: usize = 30;

impl Engine {
    /// The first screen.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn overview(&self, _: Nothing) -> Answer<Overview> {
        let projects = self.projects()?;
        let datasets = self.dataset_list(ProjectFilter::default())?.datasets;
        let models = self.model_list(ProjectFilter::default())?.models;
        let mut attention = Vec::new();
        self.projects_needing(&mut attention)?;
        let mut first = std::collections::BTreeMap::new();
        for project in &projects {
            first.extend(
                self.failed_tables(project)?
                    .into_iter()
                    .map(|(path, why)| ((project.id, path.as_str().to_owned()), why)),
            );
        }
        for row in &datasets {
            data_needing(row, first.get(&(row.project, row.path.clone())).map(String::as_str), &mut attention);
        }
        self.drift_needing(&mut attention)?;
        self.models_needing(&mut attention)?;
        self.releases_needing(&mut attention)?;
        for row in models.iter().filter(|row| row.safety == Some(SafetyVerdict::Dangerous)) {
            attention.push(Attention {
                urgency: Urgency::Fail,
                what: format!("{} would run foreign code when it is loaded", row.path),
                why: "Its page names the calls and where they stand in the file.".into(),
                action: "See the calls".into(),
                target: Target::Model { project: row.project, path: row.path.clone() },
                since: row.modified,
            });
        }
        let troubled = self.troubled_models(&projects)?;
        attention.sort_by(|a, b| b.urgency.cmp(&a.urgency).then_with(|| b.since.cmp(&a.since)));
        let runs = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.runs().list(&RunFilter { limit: Some(0), ..RunFilter::default() })?.total)
        })?;
        Ok(Overview {
            first_run: projects.is_empty(),
            attention,
            activity: self.activity()?,
            models: models
                .iter()
                .map(|row| line(row, troubled.get(&(row.project, row.digest)).map(String::as_str)))
                .collect(),
            projects: projects.len() as u64,
            datasets: datasets.len() as u64,
            runs,
        })
    }

    /// The status line.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn status(&self, _: Nothing) -> Answer<Status> {
        let projects = self.projects()?;
        let watching = projects
            .iter()
            .filter(|project| matches!(self.watch_state(project).0, WatchState::Watching | WatchState::Polling))
            .count() as u64;
        Ok(Status {
            watching,
            projects: projects.len() as u64,
            jobs: self.0.jobs.unfinished(),
            ledger_problem: None,
            me: self.me()?.map(|it| it.person),
            waiting_for_me: self.waiting_for_me(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    fn projects_needing(&self, attention: &mut Vec<Attention>) -> Answer<()> {
        for project in self.projects()? {
            let (state, problem) = self.watch_state(&project);
            let config = self.config_now(&project)?.problem.map(|(_, trouble)| trouble.0.message);
            let (Some(why), urgency) =
                (problem.or(config), if state == WatchState::Polling { Urgency::Notice } else { Urgency::Attention })
            else {
                continue;
            };
            attention.push(Attention {
                urgency,
                what: format!("{} is not watched as it should be", project.name),
                why,
                action: "Open the project".into(),
                target: Target::Project { project: project.id },
                since: project.last_scan.unwrap_or(project.added_at),
            });
        }
        Ok(())
    }

    fn drift_needing(&self, attention: &mut Vec<Attention>) -> Answer<()> {
        let list = self.drift_list(ProjectFilter::default())?;
        let mut seen = std::collections::BTreeSet::new();
        for row in list.reports {
            // Only the newest comparison of a table counts.
            if seen.insert((row.project, row.current.clone())) && row.verdict == DriftVerdict::Drift {
                attention.push(Attention {
                    urgency: Urgency::Attention,
                    what: format!("{} is not like {}", row.current, row.reference),
                    why: row.why,
                    action: "See what drifted".into(),
                    target: Target::Dataset { project: row.project, path: row.current },
                    since: row.created_at,
                });
            }
        }
        Ok(())
    }

    fn releases_needing(&self, attention: &mut Vec<Attention>) -> Answer<()> {
        let Some(attachment) = self.attachment()? else { return Ok(()) };
        if let Some(report) = attachment.last_report.as_ref().filter(|it| it.verdict != RegistryVerdict::Ok) {
            let first = report.problems.first().map_or_else(String::new, |it| format!("{}: {}", it.path, it.message));
            attention.push(Attention {
                urgency: Urgency::Fail,
                what: format!("The registry {} is not as it was published", attachment.name),
                why: first,
                action: "Open the registry".into(),
                target: Target::Registry,
                since: attachment.verified_at.unwrap_or(attachment.attached_at),
            });
        }
        let candidates = match self.candidate_list(Nothing {}) {
            Ok(list) => list.candidates,
            Err(trouble) => {
                attention.push(Attention {
                    urgency: Urgency::Attention,
                    what: format!("The registry {} cannot be used", attachment.name),
                    why: trouble.0.message,
                    action: "Open the registry".into(),
                    target: Target::Registry,
                    since: attachment.attached_at,
                });
                return Ok(());
            }
        };
        for row in candidates {
            let (what, why, action) = if row.waits_for_me {
                (
                    format!("{} waits for your decision", row.model),
                    format!(
                        "{} submitted it{}.",
                        row.submitted_by,
                        if row.note.is_empty() { String::new() } else { format!(": {}", row.note) }
                    ),
                    "Review it",
                )
            } else if row.state == CandidateState::Approved {
                (
                    format!("{} is approved and not yet published", row.model),
                    "It has the approvals that it needs.".to_owned(),
                    "Open the candidate",
                )
            } else {
                continue;
            };
            attention.push(Attention {
                urgency: Urgency::Attention,
                what,
                why,
                action: action.into(),
                target: Target::Candidate { candidate: row.candidate },
                since: row.submitted_at,
            });
        }
        Ok(())
    }

    /// Models that were made from data in trouble, each with a sentence that says so.
    fn troubled_models(&self, projects: &[Project]) -> Answer<BTreeMap<(ProjectId, Digest), String>> {
        let mut found = BTreeMap::new();
        for project in projects {
            let known = self.project_graph(project)?;
            let models: Vec<Node> =
                known.graph.nodes.iter().filter(|node| node.kind == NodeKind::Model && node.present).cloned().collect();
            let mut by_node: BTreeMap<NodeId, Vec<NodeTrouble>> = BTreeMap::new();
            for trouble in self.troubles(project, &known, &models)? {
                by_node.entry(trouble.node.clone()).or_default().push(trouble);
            }
            for model in models {
                let troubles = by_node.remove(&model.id).unwrap_or_default();
                let sentence = super::holds::made_from(&troubles);
                found.extend(model.digest.zip(sentence).map(|(digest, text)| ((project.id, digest), text)));
            }
        }
        Ok(found)
    }

    /// Changes of data, code and models, and runs, newest first.
    fn activity(&self) -> Answer<Vec<Activity>> {
        let mut activity = Vec::new();
        for row in self.change_list(ChangeQuery { project: None, limit: Some(200) })?.changes {
            let change = &row.change;
            let target = match change.kind {
                ArtifactKind::Dataset | ArtifactKind::PredictionLog => {
                    Target::Dataset { project: row.project, path: change.path.as_str().to_owned() }
                }
                ArtifactKind::Model => Target::Model { project: row.project, path: change.path.as_str().to_owned() },
                _ => Target::Project { project: row.project },
            };
            let verb = match change.change {
                Change::Added => "appeared",
                Change::Changed => "changed",
                Change::Moved => "was moved",
                Change::Deleted => "was deleted",
            };
            activity.push((
                change.kind,
                change.change,
                Activity {
                    at: change.seen_at,
                    what: format!("{} {verb}", change.path),
                    project: Some(row.project_name),
                    target: Some(target),
                },
            ));
        }
        let projects = self.projects()?;
        let mut lines = collapse(activity);
        for run in self.run_list(RunQuery { limit: Some(20), ..RunQuery::default() })?.runs {
            let Some(at) = run.ended.or(run.started) else { continue };
            lines.push(Activity {
                at,
                what: format!("Run {} {}", run.name, status_word(run.status)),
                project: projects.iter().find(|it| it.id == run.project).map(|it| it.name.clone()),
                target: Some(Target::Project { project: run.project }),
            });
        }
        lines.sort_by_key(|it| std::cmp::Reverse(it.at));
        lines.truncate(ACTIVITY);
        Ok(lines)
    }
}

const fn status_word(status: proofmark_domain::run::RunStatus) -> &'static str {
    use proofmark_domain::run::RunStatus as S;
    match status {
        S::Running => "began",
        S::Finished => "finished",
        S::Failed => "failed",
        S::Killed => "was ended from outside",
        S::Scheduled => "is to begin",
        S::Unknown => "was recorded",
    }
}

/// Many files of one scan become one line: a first scan would otherwise fill the screen.
fn collapse(changes: Vec<(ArtifactKind, Change, Activity)>) -> Vec<Activity> {
    let mut lines: Vec<Activity> = Vec::new();
    let mut rest = changes.into_iter().peekable();
    while let Some((kind, change, first)) = rest.next() {
        let mut count = 1u64;
        while rest
            .next_if(|(_, other, it)| *other == change && it.at == first.at && it.project == first.project)
            .is_some()
        {
            count += 1;
        }
        let main = matches!(
            kind,
            ArtifactKind::Dataset | ArtifactKind::Model | ArtifactKind::PredictionLog | ArtifactKind::Code
        );
        if count > 3 || (!main && count > 1) {
            let verb = match change {
                Change::Added => "appeared",
                Change::Changed => "changed",
                Change::Moved => "were moved",
                Change::Deleted => "were deleted",
            };
            let target = first.target.and_then(|target| match target {
                Target::Dataset { project, .. } | Target::Model { project, .. } | Target::Project { project } => {
                    Some(Target::Project { project })
                }
                _ => None,
            });
            lines.push(Activity { what: format!("{} {verb}", counted(count, "file", "files")), target, ..first });
        } else {
            lines.push(first);
        }
    }
    lines
}

fn data_needing(row: &DatasetRow, first: Option<&str>, attention: &mut Vec<Attention>) {
    let held = row.hold.as_ref().filter(|it| it.is_held());
    let (urgency, what, why) = match (row.state, row.verdict) {
        (_, Some(CheckVerdict::Fail)) => {
            let others = (row.findings.0 + row.findings.1).saturating_sub(1);
            let more = match others {
                0 => String::new(),
                _ => format!(" {} more.", counted(others, "finding", "findings")),
            };
            let why = format!("{}{more}", first.unwrap_or("Its page says why."));
            let and_held = if held.is_some() { " and is held back" } else { "" };
            (Urgency::Fail, format!("{} failed its checks{and_held}", row.path), why)
        }
        (ScreenState::Unreadable, _) => (
            Urgency::Attention,
            format!("{} cannot be read as a table{}", row.path, if held.is_some() { " and is held back" } else { "" }),
            row.problem.clone().unwrap_or_default(),
        ),
        _ => match held {
            Some(word) => (Urgency::Attention, format!("{} is held back", row.path), super::holds::held_why(word)),
            None => return,
        },
    };
    attention.push(Attention {
        urgency,
        what,
        why,
        action: if held.is_some() { "Decide about it".into() } else { "See what is wrong".into() },
        target: Target::Dataset { project: row.project, path: row.path.clone() },
        since: row.modified,
    });
}

fn line(row: &ModelRow, troubled: Option<&str>) -> ModelLine {
    let (sentence, tone) = match row.safety {
        Some(SafetyVerdict::Dangerous) => ("Loading it would run foreign code.".to_owned(), Tone::Fail),
        Some(SafetyVerdict::Unverified) => {
            ("Whether it may be loaded without fear could not be verified.".to_owned(), Tone::Attention)
        }
        None => ("It has not been looked at yet.".to_owned(), Tone::Unknown),
        Some(SafetyVerdict::Safe) if row.labels.is_empty() => {
            ("Safe to load; no sensitive column is known upstream.".to_owned(), Tone::Pass)
        }
        Some(SafetyVerdict::Safe) => {
            let mut named: Vec<String> = row.labels.iter().take(3).map(|it| super::wording::label_words(it)).collect();
            if row.labels.len() > 3 {
                named.push(format!("{} more kinds", row.labels.len() - 3));
            }
            (format!("Safe to load; upstream data contains {}.", joined(&named)), Tone::Pass)
        }
    };
    let (sentence, tone) = match troubled {
        Some(troubled) => (format!("{troubled} {sentence}"), tone.max(Tone::Attention)),
        None => (sentence, tone),
    };
    ModelLine {
        name: row.path.clone(),
        project: row.project_name.clone(),
        target: Target::Model { project: row.project, path: row.path.clone() },
        state: row.release.clone(),
        sentence,
        tone,
    }
}
