//! Proxies: can the features that remain predict a sensitive column that was left out before training?
//!
//! A logistic model and a forest, the pair that also looks for joint drift, are cross-validated on the sensitive column, and again on
//! shuffled copies of it. What they reach beyond the shuffled copies is what the features give away. Values are learnt from and
//! forgotten: names of columns and figures are all that is reported.

mod column;
mod evaluate;
mod target;

use polars::prelude::{DataFrame, IdxCa, IdxSize, PolarsError};
use proofmark_domain::proxy::{ProxyReport, ProxyTarget};
use proofmark_domain::sensitive::{SensitiveGroup, SensitivityReport};

use crate::drift::joint::features::Feature;

/// Rows that are learnt from. With 4,000 rows the standard error of an AUC near chance is about 0.01.
const ROWS: usize = 4_000;
/// Targets looked at when nobody named any.
const TARGETS: usize = 12;

/// What to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyRequest {
    /// Sensitive columns to predict; those found sensitive that have classes or amounts if empty.
    pub targets: Vec<String>,
    /// Columns to predict from; all but the targets and the identifiers if empty.
    pub features: Vec<String>,
}

/// Why proxies could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A column that the table does not have.
    #[error("there is no column `{column}`; nothing was computed. The table has {known}")]
    NoColumn {
        /// The name asked for.
        column: String,
        /// Some names that there are.
        known: String,
    },
    /// A column could not be read.
    #[error(
        "the table could not be read while looking for proxies: {0}; nothing was recorded, check that the file is whole"
    )]
    Read(#[from] PolarsError),
    /// The caller gave up.
    #[error("the search for proxies was cancelled; nothing was recorded")]
    Cancelled,
}

/// Looks for proxies of sensitive columns.
///
/// # Errors
/// See [`ProxyError`].
pub fn proxies(
    frame: &DataFrame,
    found: &SensitivityReport,
    request: &ProxyRequest,
    cancel: &dyn Fn() -> bool,
) -> Result<ProxyReport, ProxyError> {
    let thin = thinned(frame)?;
    let names: Vec<String> = thin.columns().iter().map(|c| c.name().to_string()).collect();
    for asked in request.targets.iter().chain(&request.features) {
        if !names.contains(asked) {
            let known = names.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            return Err(ProxyError::NoColumn { column: asked.clone(), known });
        }
    }
    let targets = if request.targets.is_empty() { default_targets(found, &names) } else { request.targets.clone() };
    let mut left_out: Vec<(String, String)> = Vec::new();
    let mut features: Vec<Feature> = Vec::new();
    for name in &names {
        let chosen = request.features.contains(name);
        if !request.features.is_empty() && !chosen || request.targets.contains(name) {
            continue;
        }
        match column::feature(&thin, name, identifies(found, name).filter(|_| !chosen))? {
            Ok(feature) => features.push(feature),
            Err(why) => left_out.push((name.clone(), why)),
        }
    }
    let mut report = ProxyReport {
        path: found.path.clone(),
        rows: frame.height() as u64,
        rows_read: thin.height() as u64,
        features: features.iter().map(|f| f.name.clone()).collect(),
        left_out,
        targets: Vec::new(),
    };
    for name in &targets {
        if cancel() {
            return Err(ProxyError::Cancelled);
        }
        report.targets.push(one(&thin, name, &features, found, cancel)?);
    }
    Ok(report)
}

fn one(
    frame: &DataFrame,
    name: &str,
    features: &[Feature],
    found: &SensitivityReport,
    cancel: &dyn Fn() -> bool,
) -> Result<ProxyTarget, ProxyError> {
    let label = labels_of(found, name).first().cloned();
    let target = match target::read(frame, name)? {
        Ok(target) => target,
        Err(why) => return Ok(evaluate::cannot_tell(name, label, 0, why)),
    };
    let own: Vec<&Feature> =
        features.iter().filter(|f| f.name != name && !tells_the_same(found, name, &f.name)).collect();
    evaluate::evaluate(name, label, &target, &own, cancel)
}

/// At most [`ROWS`] rows, evenly over the table.
fn thinned(frame: &DataFrame) -> Result<DataFrame, PolarsError> {
    let height = frame.height();
    if height <= ROWS {
        return Ok(frame.clone());
    }
    let rows = (0..ROWS).filter_map(|i| IdxSize::try_from(i * height / ROWS).ok()).collect();
    frame.take(&IdxCa::from_vec("rows".into(), rows))
}

fn labels_of(found: &SensitivityReport, name: &str) -> Vec<String> {
    let column = found.columns.iter().find(|c| c.name == name && c.sensitive);
    column.map(|c| c.labels.iter().map(|l| l.label.clone()).collect()).unwrap_or_default()
}

fn group_of(found: &SensitivityReport, name: &str) -> Option<SensitiveGroup> {
    found.columns.iter().find(|c| c.name == name && c.sensitive).and_then(|c| c.group)
}

/// Sensitive columns of which a model can learn classes or amounts.
fn default_targets(found: &SensitivityReport, names: &[String]) -> Vec<String> {
    let learnable = |name: &&String| {
        matches!(
            group_of(found, name),
            Some(
                SensitiveGroup::Special | SensitiveGroup::Quasi | SensitiveGroup::Financial | SensitiveGroup::Location
            )
        )
    };
    names.iter().filter(learnable).take(TARGETS).cloned().collect()
}

/// Why a column is no feature: it names a person, so that it would be learnt by heart.
fn identifies(found: &SensitivityReport, name: &str) -> Option<String> {
    let group = group_of(found, name)?;
    matches!(group, SensitiveGroup::Direct | SensitiveGroup::Secret | SensitiveGroup::Pseudonym | SensitiveGroup::Text)
        .then(|| "names a person and is no feature".to_owned())
}

/// The same fact in another column: an age and a birth date, a label twice.
fn tells_the_same(found: &SensitivityReport, target: &str, feature: &str) -> bool {
    let (a, b) = (labels_of(found, target), labels_of(found, feature));
    let (Some(a), Some(b)) = (a.first(), b.first()) else { return false };
    let same = |label: &str| if label == "birth_date" { "age".to_owned() } else { label.to_owned() };
    same(a) == same(b) && group_of(found, target) != Some(SensitiveGroup::Special)
}

#[cfg(test)]
mod tests;
