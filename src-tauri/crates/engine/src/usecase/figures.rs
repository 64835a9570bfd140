//! Pictures: the same ones in the window and in a report.

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::Digest;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::drift::ColumnDrift;
use proofmark_ledger::{ReportHead, ReportKind};
use proofmark_report::figure::{self as draw, Size, TableNames};

use crate::Engine;
use crate::screen::labels_in;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Draws a picture.
    ///
    /// # Errors
    /// If there is nothing to draw it from.
    pub fn figure(&self, request: FigureQuery) -> Answer<Figure> {
        let size = |small: bool| if small { Size::Small } else { Size::Full };
        let drawn = match &request {
            FigureQuery::Column { project, path, column, small } => {
                let project = self.project(*project)?;
                let facts = self.file(&project, &RelPath::new(path.clone()))?.facts;
                let profile = self
                    .stored_profile(&facts.digest)?
                    .ok_or_else(|| Trouble::not_found(format!("profile of {path} yet")))?;
                let column =
                    profile.column(column).ok_or_else(|| Trouble::not_found(format!("column `{column}` in {path}")))?;
                // A stored profile was masked before it was stored.
                draw::column(column, profile.rows, size(*small))
            }
            FigureQuery::DriftColumn { report, column, small } => {
                let stored = self.drift_report(*report)?;
                let sensitive = self.sensitive_in(&stored.head)?;
                let report = stored.body;
                let found = report.columns.iter().find(|it| it.name == *column).ok_or_else(|| no_column(column))?;
                let names = TableNames { reference: &report.reference, current: &report.current };
                draw_overlaid(found, names, size(*small), &sensitive)
            }
            FigureQuery::DriftColumnSoFar { job, column, .. } => {
                let (found, reference, current) = self.with_comparison(*job, |it| {
                    let found = it.columns.iter().find(|known| known.0.name == *column);
                    (found.map(|known| known.0.clone()), it.reference.clone(), it.current.clone())
                })?;
                let found = found.ok_or_else(|| no_column(column))?;
                let sensitive = self.sensitive_in_bytes(&[current.digest, reference.digest])?;
                let names = TableNames { reference: reference.path.as_str(), current: current.path.as_str() };
                draw_overlaid(&found, names, Size::Full, &sensitive)
            }
            FigureQuery::DriftEffects { report } => draw::drift_effects(&self.drift_report(*report)?.body.columns),
            FigureQuery::DriftEffectsSoFar { job, .. } => {
                let columns: Vec<ColumnDrift> =
                    self.with_comparison(*job, |it| it.columns.iter().map(|known| known.0.clone()).collect())?;
                draw::drift_effects(&columns)
            }
            FigureQuery::Monitor { report, small, span } => {
                draw::monitor(&self.monitor_report(*report)?.main, size(*small), *span)
            }
            FigureQuery::DriftRoc { report } => draw::roc(&self.drift_report(*report)?.body.joint),
            FigureQuery::RunMetric { runs, metric } => {
                let curves = self.metric_curves(runs, metric)?;
                let curves: Vec<_> = curves.iter().map(|(name, curve)| (name.clone(), curve)).collect();
                draw::metric_curves(metric, &curves)
            }
        };
        let drawn = drawn.ok_or_else(|| {
            Trouble::new(ErrorCode::NotFound, "There is nothing to draw: no value, or no comparison of values.")
        })?;
        Ok(Figure {
            title: drawn.title,
            description: drawn.description,
            svg: drawn.svg,
            width: drawn.width,
            height: drawn.height,
            marks: drawn
                .marks
                .into_iter()
                .map(|mark| Mark {
                    series: mark.series,
                    label: mark.label,
                    value: mark.value,
                    x: mark.x,
                    y: mark.y,
                    width: mark.width,
                    height: mark.height,
                })
                .collect(),
        })
    }

    /// Names of the columns that are sensitive in either table of a comparison, also under the name of the structure that holds them.
    pub(super) fn sensitive_in(&self, head: &ReportHead) -> Answer<Vec<String>> {
        let digests: Vec<Digest> = [Some(head.digest), head.reference].into_iter().flatten().collect();
        self.sensitive_in_bytes(&digests)
    }

    fn sensitive_in_bytes(&self, digests: &[Digest]) -> Answer<Vec<String>> {
        let heads = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_heads(ReportKind::Sensitive, digests)?))?;
        let mut names = Vec::new();
        for found in heads.into_iter().flatten() {
            for label in labels_in(&found.summary, &[]) {
                if let Some((outer, _)) = label.column.split_once('.') {
                    names.push(outer.to_owned());
                }
                names.push(label.column);
            }
        }
        Ok(names)
    }
}

fn no_column(column: &str) -> Trouble {
    Trouble::not_found(format!("column `{column}` in this comparison"))
}

/// A column of two tables, without its values if it is sensitive.
fn draw_overlaid(found: &ColumnDrift, names: TableNames<'_>, size: Size, sensitive: &[String]) -> Option<draw::Figure> {
    if sensitive.contains(&found.name) {
        draw::drift_column(&draw::masked(found), names, size)
    } else {
        draw::drift_column(found, names, size)
    }
}
