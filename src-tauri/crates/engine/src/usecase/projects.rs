//! Watched folders.

use std::path::{Path, PathBuf};

use proofmark_contract::view::*;
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::counts::counted;
use proofmark_domain::id::ProjectId;
use proofmark_domain::job::JobKind;
use proofmark_domain::project::Project;
use proofmark_intake::files::{RootWarning, check_root, root_warning};
use proofmark_ledger::{AuditEntry, FileState, ReportKind};

use crate::scan::{ScanControl, ScanSummary, is_tabular};
use crate::trouble::{Answer, Trouble};
use crate::{Engine, lock};

impl Engine {
    /// All projects, by name.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn project_list(&self, _: Nothing) -> Answer<ProjectList> {
        let projects = self.projects()?;
        Ok(ProjectList { projects: projects.iter().map(|project| self.view_of(project)).collect::<Answer<_>>()? })
    }

    /// One project.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn project_show(&self, request: ProjectRef) -> Answer<ProjectView> {
        self.view_of(&self.project(request.project)?)
    }

    /// Adds a folder and begins to look through it.
    ///
    /// # Errors
    /// If it is no folder, not readable, a whole file system, or inside of or around another project.
    pub fn project_add(&self, request: ProjectAdd) -> Answer<ProjectView> {
        let project = self.add_project(&request)?;
        self.begin(&project)?;
        self.view_of(&project)
    }

    /// Gives a project another name.
    ///
    /// # Errors
    /// If there is no such project, or the name is empty.
    pub fn project_rename(&self, request: ProjectRename) -> Answer<ProjectView> {
        let project = self.project(request.project)?;
        let name = clean_name(&request.name)?;
        let entry = AuditEntry::new(self.actor(), "project.rename", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("from", project.name.clone());
            write.note("to", name.clone());
            Ok(write.projects().rename(project.id, &name)?)
        })?;
        self.project_show(ProjectRef { project: project.id })
    }

    /// Pauses or resumes watching.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn project_pause(&self, request: ProjectPause) -> Answer<ProjectView> {
        let project = self.project(request.project)?;
        let action = if request.paused { "project.pause" } else { "project.resume" };
        let entry = AuditEntry::new(self.actor(), action, project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            Ok(write.projects().set_paused(project.id, request.paused)?)
        })?;
        if request.paused {
            self.unwatch(project.id);
        } else {
            self.begin(&self.project(project.id)?)?;
        }
        self.project_show(ProjectRef { project: project.id })
    }

    /// Takes a project off the list. Its files stay untouched, and what was recorded stays in the ledger.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn project_remove(&self, request: ProjectRef) -> Answer<Done> {
        let project = self.project(request.project)?;
        self.unwatch(project.id);
        let entry = AuditEntry::new(self.actor(), "project.remove", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("name", project.name.clone());
            write.note("root", project.root.clone());
            Ok(write.projects().remove(project.id)?)
        })?;
        Ok(Done {
            message: format!(
                "{} is no longer watched. Its files were not touched; adding {} again brings its history back.",
                project.name, project.root
            ),
        })
    }

    /// Adds a folder that was named on the command line or dropped on the window; a project that is there already is no error.
    ///
    /// # Errors
    /// As [`Engine::project_add`].
    pub fn add_folder(&self, path: &Path) -> Result<(), ErrorBody> {
        let request = ProjectAdd { path: path.to_string_lossy().into_owned(), name: None };
        match self.project_add(request) {
            Ok(_) => Ok(()),
            Err(trouble) if trouble.0.code == ErrorCode::AlreadyExists => Ok(()),
            Err(trouble) => Err(trouble.0),
        }
    }

    /// Adds the folder if it is none of the projects yet, looks through it now and waits for the end.
    ///
    /// # Errors
    /// As [`Engine::project_add`], and if the folder cannot be listed.
    pub fn scan_folder(
        &self,
        path: &Path,
        progress: &(dyn Fn(u64, Option<u64>, &str) + Sync),
    ) -> Answer<(Project, ScanSummary, Vec<FileState>)> {
        let request = ProjectAdd { path: path.to_string_lossy().into_owned(), name: None };
        let project = match self.add_project(&request) {
            Ok(project) => project,
            Err(trouble) if trouble.0.code == ErrorCode::AlreadyExists => self.project_at(path)?,
            Err(trouble) => return Err(trouble),
        };
        let control = ScanControl { cancelled: &|| self.is_closing(), progress };
        let summary = self.scan(&project, &RelPath::from(""), &control)?;
        let files = self.present(&project)?.into_values().collect();
        Ok((project, summary, files))
    }

    /// The project whose folder this is, or that contains it.
    ///
    /// # Errors
    /// If no project contains it.
    pub fn project_at(&self, path: &Path) -> Answer<Project> {
        let canonical = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        self.projects()?
            .into_iter()
            .filter(|project| canonical.starts_with(&project.root))
            .max_by_key(|project| project.root.len())
            .ok_or_else(|| {
                Trouble::not_found(format!("project that contains {}", path.display()))
                    .hint(format!("Add it: proofmark project add '{}'", path.display()))
            })
    }

    /// Finds a project by its identifier, its name or its folder, as people name them on the command line.
    ///
    /// # Errors
    /// If there is none, or if two have the name.
    pub fn project_named(&self, what: &str) -> Answer<Project> {
        if let Ok(id) = what.parse::<ProjectId>() {
            return self.project(id);
        }
        let projects = self.projects()?;
        let named: Vec<&Project> = projects.iter().filter(|project| project.name == what).collect();
        match named[..] {
            [one] => return Ok(one.clone()),
            [] => {}
            _ => {
                return Err(Trouble::new(
                    ErrorCode::InvalidRequest,
                    format!("{} projects are called {what}.", named.len()),
                )
                .hint("Name it by its identifier: proofmark project list"));
            }
        }
        self.project_at(Path::new(what))
    }

    pub(crate) fn add_project(&self, request: &ProjectAdd) -> Answer<Project> {
        let existing: Vec<PathBuf> = self.projects()?.into_iter().map(|project| PathBuf::from(project.root)).collect();
        let root = check_root(Path::new(&request.path), &existing)?;
        if root_warning(&root) == Some(RootWarning::IsHomeFolder) {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("{} is a home folder: everything in it would be watched.", root.display()),
            )
            .hint("Choose the folder of one project inside it."));
        }
        if self.home().folder().starts_with(&root) {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("{} contains Proofmark's own ledger.", root.display()),
            )
            .hint("Choose the folder of one project inside it."));
        }
        let Some(root_text) = root.to_str() else {
            return Err(Trouble::new(ErrorCode::InvalidRequest, format!("The name of {} is not valid Unicode.", root.display()))
                .hint("Files inside a project may have any name, but the project's folder itself must have a Unicode name. Rename it."));
        };
        let folder_name =
            root.file_name().map_or_else(|| root_text.to_owned(), |name| name.to_string_lossy().into_owned());
        let name = clean_name(request.name.as_deref().unwrap_or(&folder_name))?;
        let project = Project {
            id: ProjectId::from_uuid(self.0.clock.new_id()),
            name,
            root: root_text.to_owned(),
            added_at: self.now(),
            paused: false,
            last_scan: None,
            is_sample: root == self.home().sample(),
        };
        let entry = AuditEntry::new(self.actor(), "project.add", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<Project> {
            write.note("root", project.root.clone());
            let added = write.projects().add(&project)?.project().clone();
            write.name_object(added.id.to_string());
            Ok(added)
        })
    }

    /// Watches the project where this process watches, else looks through it once.
    fn begin(&self, project: &Project) -> Answer<()> {
        self.watch(project);
        Ok(())
    }

    pub(crate) fn projects(&self) -> Answer<Vec<Project>> {
        self.ledger().read(|read| Ok(read.projects().list()?))
    }

    pub(crate) fn project(&self, id: ProjectId) -> Answer<Project> {
        self.ledger()
            .read::<_, Trouble>(|read| Ok(read.projects().by_id(id)?))?
            .ok_or_else(|| Trouble::not_found(format!("project {id}")))
    }

    fn view_of(&self, project: &Project) -> Answer<ProjectView> {
        let (state, mut problem) = self.watch_state(project);
        if problem.is_none() {
            problem = self.config_now(project)?.problem.map(|(_, trouble)| trouble.0.message);
        }
        let (counts, runs, last_change, failed) = self.ledger().read::<_, Trouble>(|read| {
            let counts = read.files().count_by_kind(project.id)?;
            let filter =
                proofmark_ledger::RunFilter { project: Some(project.id), limit: Some(0), ..Default::default() };
            let runs = read.runs().list(&filter)?.total;
            let last = read.versions().latest(Some(project.id), 1)?.first().map(|it| it.version.change.seen_at);
            let tables: Vec<_> =
                read.files().of_project(project.id)?.into_iter().filter(|it| is_tabular(it.facts.kind)).collect();
            let heads = read.reports().newest_heads(ReportKind::Check, tables.iter().map(|it| &it.facts.digest))?;
            let judged = super::findings::judged_heads(read, heads, self.now())?;
            let failed = judged.iter().flatten().filter(|it| it.verdict == Some(CheckVerdict::Fail)).count() as u64;
            Ok((counts, runs, last, failed))
        })?;
        let kinds: Vec<KindCount> =
            counts.into_iter().map(|(kind, count, size)| KindCount { kind, count, size }).collect();
        let scanning = self
            .0
            .jobs
            .unfinished()
            .into_iter()
            .find(|job| job.kind == JobKind::Scan && job.project == Some(project.id));
        Ok(ProjectView {
            sentence: describe(&kinds, runs, project),
            project: project.clone(),
            state,
            problem,
            kinds,
            runs,
            failed_datasets: failed,
            skipped: lock(&self.0.skipped).get(&project.id).cloned().unwrap_or_default(),
            last_change,
            scanning: scanning.map(|job| job.id),
        })
    }
}

/// A name that fits on one line.
fn clean_name(name: &str) -> Answer<String> {
    let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(
            Trouble::new(ErrorCode::InvalidRequest, "A project needs a name.").hint("Type at least one letter.")
        );
    }
    Ok(name.chars().take(120).collect())
}

/// Joins parts as people do: `a, b and c`.
pub(crate) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn describe(kinds: &[KindCount], runs: u64, project: &Project) -> String {
    if project.last_scan.is_none() {
        return "This folder has not been looked through to its end yet.".to_owned();
    }
    let count = |kind: ArtifactKind| kinds.iter().find(|it| it.kind == kind).map_or(0, |it| it.count);
    let parts: Vec<String> = [
        (count(ArtifactKind::Dataset), "data set", "data sets"),
        (count(ArtifactKind::Model), "model", "models"),
        (count(ArtifactKind::Code), "script", "scripts"),
        (count(ArtifactKind::Notebook), "notebook", "notebooks"),
        (count(ArtifactKind::PredictionLog), "prediction log", "prediction logs"),
        (runs, "run", "runs"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    if parts.is_empty() {
        "Nothing in this folder looks like data, code or a model yet.".to_owned()
    } else {
        format!("{}.", joined(&parts))
    }
}
