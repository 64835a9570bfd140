//! Whether the other columns of a data set give its sensitive ones away.

use proofmark_analysis::facade::{self, ProxyRequest, Table};
use proofmark_contract::view::{JobRef, ProxyStart};
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::job::JobKind;
use proofmark_domain::project::Project;
use proofmark_domain::proxy::{ProxyReport, ProxyVerdict};
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_ledger::{AuditEntry, NewReport, ReportKind};
use serde_json::json;

use crate::Engine;
use crate::jobs::JobPlan;
use crate::screen::{absolute, reading_of};
use crate::trouble::{Answer, Trouble};
use crate::usecase::data::with_decisions;

impl Engine {
    /// Looks for proxies of the sensitive columns of a data set.
    ///
    /// # Errors
    /// If there is no such project or data set, or it was not looked at yet.
    pub fn proxies_start(&self, request: ProxyStart) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let (stored, decisions) = self.ledger().read::<_, Trouble>(|read| {
            let stored = read.reports().newest::<SensitivityReport>(ReportKind::Sensitive, &facts.digest)?;
            Ok((stored, read.decisions().standing(project.id, Some(&path))?))
        })?;
        let Some(stored) = stored else {
            return Err(Trouble::not_found(format!(
                "search for sensitive columns of {path}; look at the data set first"
            )));
        };
        let found = with_decisions(stored.body, &decisions);
        let wanted = ProxyRequest { targets: request.targets, features: request.features };
        let plan = JobPlan {
            kind: JobKind::Proxies,
            title: format!("Looking what gives the sensitive columns of {} away", path.file_name()),
            project: Some(project.id),
            unit: "",
            notice: None,
        };
        self.start_job(plan, move |engine, worker| {
            let cancel = || worker.cancelled();
            worker.progress(0, None, facts.path.as_str());
            let reading = reading_of(&engine.config_now(&project)?.config, facts.path.as_str());
            let table = Table::open_as(&absolute(&project, &facts.path)?, &reading)?;
            let report = facade::proxies(&table, &found, &wanted, &cancel)?;
            worker.check()?;
            engine.keep_proxies(&project, &facts, &report)
        })
    }

    fn keep_proxies(&self, project: &Project, facts: &FileFacts, report: &ProxyReport) -> Answer<()> {
        let of = |verdict: ProxyVerdict| report.targets.iter().filter(|it| it.verdict == verdict).count();
        let summary = json!({"strong": of(ProxyVerdict::Strong), "weak": of(ProxyVerdict::Weak), "targets": report.targets.len()});
        let head = self.head(ReportKind::Proxies, project, facts, None, None, summary);
        let entry = AuditEntry::new(self.actor(), "data.proxies", facts.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("strong", of(ProxyVerdict::Strong));
            Ok(write.reports().add(&NewReport { head, body: report })?)
        })
    }
}
