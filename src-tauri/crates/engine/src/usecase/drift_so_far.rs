//! What a comparison shows while it is at work.

use std::collections::BTreeMap;

use proofmark_analysis::facade::DriftNews;
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::FileFacts;
use proofmark_domain::counts::{counted, grouped};
use proofmark_domain::drift::{ColumnDrift, DriftVerdict, RowCounts};
use proofmark_domain::id::{JobId, ProjectId, ReportId};
use proofmark_domain::project::Project;

use super::projects::joined;
use crate::trouble::{Answer, Trouble};
use crate::{Engine, lock};

/// Comparisons of this process whose end is remembered.
const REMEMBERED: usize = 50;

/// Comparisons by their job. Kept in memory alone: the report is what lasts.
pub(crate) type Comparisons = BTreeMap<JobId, Comparison>;

/// One comparison that is at work, or was.
#[derive(Debug)]
pub(crate) struct Comparison {
    project: ProjectId,
    pub(super) reference: FileFacts,
    pub(super) current: FileFacts,
    revision: u64,
    rows: Option<RowCounts>,
    looked_at: Option<RowCounts>,
    pub(super) columns: Vec<(ColumnDrift, ColumnStage)>,
    /// Columns gone through on all rows, of how many.
    done: Option<(u64, u64)>,
    /// How far the classifier is, 0..1, once it began.
    classifier: Option<f64>,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Kept(ReportId),
    /// It failed, or a person stopped it.
    Nothing,
}

impl Comparison {
    fn of(project: &Project, reference: &FileFacts, current: &FileFacts) -> Self {
        Self {
            project: project.id,
            reference: reference.clone(),
            current: current.clone(),
            revision: 0,
            rows: None,
            looked_at: None,
            columns: Vec::new(),
            done: None,
            classifier: None,
            end: None,
        }
    }

    fn take(&mut self, news: DriftNews) {
        if let DriftNews::Classifier { share } = news {
            // No figure changes by it.
            self.classifier = Some(share);
            return;
        }
        self.revision += 1;
        match news {
            DriftNews::Classifier { .. } => {}
            DriftNews::FirstLook { rows, columns } => {
                self.looked_at = Some(rows);
                self.columns = columns.into_iter().map(|it| (it, ColumnStage::FirstLook)).collect();
            }
            DriftNews::Column { column, done, of } => {
                self.done = Some((done, of));
                // A row stays where it is while a person reads.
                match self.columns.iter_mut().find(|it| it.0.name == column.name) {
                    Some(known) => *known = (*column, ColumnStage::AllRows),
                    None => self.columns.push((*column, ColumnStage::AllRows)),
                }
            }
            DriftNews::LeftOut { column, done, of } => {
                self.done = Some((done, of));
                self.columns.retain(|it| it.0.name != column);
            }
            DriftNews::Columns { columns, settled } => {
                let stage = if settled { ColumnStage::Settled } else { ColumnStage::Corrected };
                self.columns = columns.into_iter().map(|it| (it, stage)).collect();
                self.classifier = Some(0.0);
            }
        }
    }

    fn sentence(&self) -> String {
        match self.end {
            Some(End::Kept(_)) => return "The comparison is done and kept.".to_owned(),
            Some(End::Nothing) => {
                return "The comparison ended before its time; nothing of it was kept, and what is shown here is not final."
                    .to_owned();
            }
            None => {}
        }
        let drifted: Vec<String> =
            self.columns.iter().filter(|it| it.0.verdict == DriftVerdict::Drift).map(|it| it.0.name.clone()).collect();
        let named = match drifted.as_slice() {
            [] => String::new(),
            few @ ([_] | [_, _] | [_, _, _]) => format!(": {}", joined(few)),
            [most @ .., _] => format!(", most of all {}", joined(most.get(..3).unwrap_or(most))),
        };
        let of = counted(self.columns.len() as u64, "column", "columns");
        let so_far = match drifted.len() {
            0 => format!("none of {of} looks different"),
            1 => format!("1 of {of} looks different{named}"),
            many => format!("{} of {of} look different{named}", grouped(many as u64)),
        };
        if self.classifier.is_some() {
            let found = match drifted.len() {
                0 => format!("None of {of} drifted by itself"),
                many => format!("{} of {of} drifted{named}", grouped(many as u64)),
            };
            let season = if self.columns.iter().any(|it| it.1 == ColumnStage::Corrected) {
                " What the season explains is looked for last."
            } else {
                ""
            };
            return format!("{found}. The classifier, which looks at all columns together, is still learning.{season}");
        }
        match (self.done, self.looked_at.zip(self.rows)) {
            (Some((done, of)), _) => format!(
                "{} of {} compared on all rows: {so_far}. Every verdict is provisional until all of them are.",
                grouped(done),
                counted(of, "column", "columns"),
            ),
            (None, Some((seen, rows))) => {
                format!("First look at {}: {so_far}. Every verdict is provisional.", parts(seen, rows))
            }
            (None, None) => "The tables are being read.".to_owned(),
        }
    }
}

/// `50,000 of 1,000,000 rows`, of each table if they differ.
fn parts(seen: RowCounts, rows: RowCounts) -> String {
    if seen.reference == seen.current && rows.reference == rows.current {
        return format!("{} of {} rows of either table", grouped(seen.current), grouped(rows.current));
    }
    format!(
        "{} of {} rows and {} of {} of the reference",
        grouped(seen.current),
        grouped(rows.current),
        grouped(seen.reference),
        grouped(rows.reference),
    )
}

impl Engine {
    /// Remembers a comparison, unless it is known already.
    pub(super) fn comparison_began(&self, job: JobId, project: &Project, reference: &FileFacts, current: &FileFacts) {
        let mut known = lock(&self.0.comparisons);
        if known.contains_key(&job) {
            return;
        }
        // What is kept of one that ended is in its report.
        for ended in known.values_mut().filter(|it| it.end.is_some()) {
            ended.columns = Vec::new();
        }
        while known.len() >= REMEMBERED {
            known.pop_first();
        }
        known.insert(job, Comparison::of(project, reference, current));
    }

    pub(super) fn comparison_opened(&self, job: JobId, rows: RowCounts) {
        self.change_comparison(job, |it| {
            it.revision += 1;
            it.rows = Some(rows);
        });
    }

    pub(super) fn comparison_told(&self, job: JobId, news: DriftNews) {
        self.change_comparison(job, |it| it.take(news));
    }

    /// Notes the end: with the report that was kept, or without one.
    pub(super) fn comparison_ended(&self, job: JobId, report: Option<ReportId>) {
        self.change_comparison(job, |it| it.end = Some(report.map_or(End::Nothing, End::Kept)));
    }

    fn change_comparison(&self, job: JobId, change: impl FnOnce(&mut Comparison)) {
        if let Some(comparison) = lock(&self.0.comparisons).get_mut(&job) {
            change(comparison);
        }
    }

    /// Looks at a comparison that is at work, or was in this process.
    pub(super) fn with_comparison<T>(&self, job: JobId, look: impl FnOnce(&Comparison) -> T) -> Answer<T> {
        lock(&self.0.comparisons).get(&job).map(look).ok_or_else(|| {
            Trouble::new(ErrorCode::NotFound, "This comparison is not at work any more.")
                .hint("If it ended well, its report is among the comparisons. If Proofmark was closed in between, start it anew.")
        })
    }

    /// What a comparison that is at work can show.
    ///
    /// # Errors
    /// If this process knows no such comparison.
    pub fn drift_so_far(&self, request: JobRef) -> Answer<DriftSoFar> {
        let mut view = self.with_comparison(request.job, |it| DriftSoFar {
            project: it.project,
            project_name: String::new(),
            reference: it.reference.path.as_str().to_owned(),
            current: it.current.path.as_str().to_owned(),
            revision: it.revision,
            rows: it.rows,
            looked_at: it.looked_at,
            sentence: it.sentence(),
            columns: it
                .columns
                .iter()
                .map(|(column, stage)| ColumnSoFar {
                    column: ColumnDrift { shape: None, ..column.clone() },
                    stage: *stage,
                })
                .collect(),
            classifier: it.classifier,
            report: match it.end {
                Some(End::Kept(report)) => Some(report),
                _ => None,
            },
        })?;
        view.project_name = self.project(view.project).map(|it| it.name).unwrap_or_default();
        Ok(view)
    }
}
