//! Whole projects that are being screened: one screening a project, gone through again when something came in the meantime.

use std::collections::BTreeMap;

use proofmark_contract::view::JobRef;
use proofmark_domain::id::ProjectId;
use proofmark_domain::job::JobKind;
use proofmark_domain::project::Project;

use crate::jobs::JobPlan;
use crate::trouble::Answer;
use crate::{Engine, lock};

/// The screenings that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Screenings(BTreeMap<ProjectId, Ongoing>);

#[derive(Debug)]
struct Ongoing {
    job: JobRef,
    again: bool,
}

impl Screenings {
    /// The screening of a project that is under way; it will be gone through once more.
    fn join(&mut self, project: ProjectId) -> Option<JobRef> {
        let ongoing = self.0.get_mut(&project)?;
        ongoing.again = true;
        Some(ongoing.job.clone())
    }

    fn begin(&mut self, project: ProjectId, job: JobRef) {
        self.0.insert(project, Ongoing { job, again: false });
    }

    /// Whether somebody joined since this was last asked; if nobody did, the screening has ended.
    fn goes_on(&mut self, project: ProjectId) -> bool {
        let again = self.0.get_mut(&project).is_some_and(|it| std::mem::take(&mut it.again));
        if !again {
            self.0.remove(&project);
        }
        again
    }
}

/// Forgets a screening however it ends, so that the next one can begin.
struct Ending<'a> {
    engine: &'a Engine,
    project: ProjectId,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        lock(&self.engine.0.screenings).0.remove(&self.project);
    }
}

impl Engine {
    /// Looks at the data sets of a project that were not looked at yet. If that is under way, it will look once more before it ends.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn screen_project(&self, project: &Project) -> Answer<JobRef> {
        let mut screenings = lock(&self.0.screenings);
        if let Some(job) = screenings.join(project.id) {
            return Ok(job);
        }
        let id = project.id;
        let plan = JobPlan {
            kind: JobKind::Screen,
            title: format!("Looking at the data of {}", project.name),
            project: Some(id),
            unit: "data sets",
            notice: None,
        };
        let job = self.start_job(plan, move |engine, worker| {
            let _ending = Ending { engine, project: id };
            loop {
                let project = engine.project(id)?;
                engine.screen(&project, None, worker)?;
                engine.follow_logs(&project, worker)?;
                if !lock(&engine.0.screenings).goes_on(id) {
                    return Ok(());
                }
            }
        })?;
        screenings.begin(id, job.clone());
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_while_a_screening_is_under_way_is_looked_at_by_it() {
        let project = ProjectId::from_uuid(uuid::Uuid::from_u128(1));
        let job = JobRef { job: proofmark_domain::id::JobId::from_uuid(uuid::Uuid::from_u128(2)) };
        let mut screenings = Screenings::default();
        assert!(screenings.join(project).is_none(), "nothing is under way");
        screenings.begin(project, job.clone());
        assert_eq!(screenings.join(project).map(|it| it.job), Some(job.job));
        assert_eq!(screenings.join(project).map(|it| it.job), Some(job.job), "two who come are one more round");
        assert!(screenings.goes_on(project));
        assert!(!screenings.goes_on(project), "nobody came during the second round");
        assert!(screenings.join(project).is_none(), "and it has ended");
    }
}
