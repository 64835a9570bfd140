//! What the engine asks for, without a type of polars in sight.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use polars::prelude::{DataFrame, DataType, IdxCa, IdxSize, PolarsError};
use proofmark_domain::Timestamp;
use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, FindingKind, Rule, Severity};
use proofmark_domain::drift::DriftReport;
use proofmark_domain::prediction::PredictionLogSummary;
use proofmark_domain::profile::{Scalar, TableProfile};
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::SensitivityReport;

pub use crate::drift::DriftError;
pub use crate::evaluate::{
    Calibrated, EvaluateError, EvaluationColumns, Part, Predictions, Task, calibration, compare, measure, pair, parts,
    read as read_predictions,
};
pub use crate::profile::{Sketch, SketchError};
pub use crate::proxy::{ProxyError, ProxyRequest};
pub use crate::sensitive::{DETECTOR_VERSION, SensitiveError, label_group};
pub use crate::table::{ReadOptions, TableError};

use crate::check::{self, CheckOptions};
use crate::drift::{self, DriftOptions};
use crate::sensitive::{self, Context};
use crate::table::{self, TableSource};
use crate::{profile as profiles, table::open};

/// Rows that the search for sensitive columns looks at: it samples, and more rows change no verdict.
const SENSITIVE_ROWS: u64 = 200_000;

/// Rows of a batch while a sample is taken.
const BATCH: usize = 65_536;

/// Values (rows times columns) of a table that is compared as a whole. A larger one is thinned out evenly, and says so.
const DRIFT_VALUES: u64 = 120_000_000;

/// An open table.
pub struct Table {
    source: TableSource,
}

impl Table {
    /// Opens a file as a table, whatever its name says.
    ///
    /// # Errors
    /// If it is none, or is damaged.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::open_as(path, &ReadOptions::default())
    }

    /// Opens a file as a person says it is laid out.
    ///
    /// # Errors
    /// If it is no table, or is damaged.
    pub fn open_as(path: &Path, options: &ReadOptions) -> Result<Self, TableError> {
        Ok(Self { source: open(path, options)? })
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.source.rows()
    }

    /// The whole table, for tests that judge it under another name.
    #[cfg(test)]
    pub(crate) fn frame(&self) -> Result<DataFrame, TableError> {
        self.source.frame(None)
    }

    /// These columns, whole.
    pub(crate) fn columns_named(&self, names: &[String]) -> Result<DataFrame, TableError> {
        self.source.frame(Some(names))
    }

    /// The names of its columns, in order.
    pub fn columns(&self) -> &[String] {
        self.source.column_names()
    }

    /// The name of its file, up to the first dot.
    fn name(&self) -> String {
        let name = self.source.path().file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        name.trim_start_matches('.').split('.').next().unwrap_or_default().to_owned()
    }

    /// About `most` rows, evenly over the whole table; all of them if there are no more.
    ///
    /// Moments lose their zone and stay the same moments.
    fn sample(&self, most: u64, cancel: &dyn Fn() -> bool) -> Result<DataFrame, TableError> {
        let mut sample = self.rows_of_sample(most, cancel)?;
        let zoned: Vec<(String, DataType)> = sample
            .columns()
            .iter()
            .filter_map(|column| match column.dtype() {
                DataType::Datetime(unit, Some(_)) => Some((column.name().to_string(), DataType::Datetime(*unit, None))),
                _ => None,
            })
            .collect();
        for (name, to) in zoned {
            let damaged = |error: PolarsError| TableError::Damaged {
                path: self.source.path().to_owned(),
                detail: error.to_string(),
            };
            let column = sample.column(&name).and_then(|column| column.cast(&to)).map_err(damaged)?;
            sample.with_column(column).map_err(damaged)?;
        }
        Ok(sample)
    }

    fn rows_of_sample(&self, most: u64, cancel: &dyn Fn() -> bool) -> Result<DataFrame, TableError> {
        let rows = self.source.rows();
        if rows <= most {
            return self.source.frame(None);
        }
        let step = rows.div_ceil(most).max(1);
        let mut kept: Option<DataFrame> = None;
        self.source.for_each_batch(None, BATCH, cancel, &mut |first, batch| {
            let height = batch.height() as u64;
            let begin = (step - first % step) % step;
            let rows: Vec<IdxSize> =
                (begin..height).step_by(step as usize).filter_map(|at| IdxSize::try_from(at).ok()).collect();
            let taken = batch.take(&IdxCa::from_vec("rows".into(), rows));
            match taken.and_then(|taken| match kept.as_mut() {
                None => {
                    kept = Some(taken);
                    Ok(())
                }
                Some(all) => all.vstack_mut(&taken).map(|_| ()),
            }) {
                Ok(()) => Ok(()),
                // Batches of one table have one schema; if they did not, the file changed under us.
                Err(_) => Err(TableError::Changed { path: self.source.path().to_owned() }),
            }
        })?;
        match kept {
            Some(kept) => Ok(kept),
            None => self.source.frame(None),
        }
    }
}

/// Summarises a table in one pass. The path of the profile is the file's; its digest is for the caller to fill in.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn profile(table: &Table, cancel: &dyn Fn() -> bool) -> Result<TableProfile, TableError> {
    profiles::profile(&table.source, cancel, &mut |_| ())
}

/// Gathers a table so that it can be saved and merged with others.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn gather(table: &Table, cancel: &dyn Fn() -> bool) -> Result<Sketch, TableError> {
    profiles::gather(&table.source, cancel, &mut |_| ())
}

/// What a table is checked against.
pub struct CheckInput<'a> {
    /// The table that it should be like.
    pub reference: Option<&'a Table>,
    /// The table that a model is tested on, to find rows that stand in both.
    pub test: Option<&'a Table>,
    /// Other tables of the same folder or project, which columns of this one may point to.
    pub related: &'a [Table],
    /// The column that a model is trained to predict. New data need not have it yet.
    pub target: Option<&'a str>,
    /// Rules that people wrote.
    pub rules: &'a [Rule],
    /// Now, to know the future from the past.
    pub now: Timestamp,
}

/// Finds what is wrong with a table.
///
/// # Errors
/// If a file cannot be read to its end, or `cancel` says so.
pub fn check(table: &Table, input: &CheckInput<'_>, cancel: &dyn Fn() -> bool) -> Result<CheckReport, TableError> {
    let own = profile(table, cancel)?;
    let reference = input.reference.map(|it| profile(it, cancel)).transpose()?;
    let test = input.test.map(|it| profile(it, cancel)).transpose()?;
    let mut options = CheckOptions::at(input.now);
    options.rules = input.rules;
    options.reference = input.reference.map(|it| &it.source).zip(reference.as_ref());
    options.test = input.test.map(|it| &it.source).zip(test.as_ref());
    let related: Vec<(String, &TableSource)> = input.related.iter().map(|it| (it.name(), &it.source)).collect();
    let related: Vec<(&str, &TableSource)> = related.iter().map(|(name, source)| (name.as_str(), *source)).collect();
    options.related = &related;
    options.target = input.target.filter(|target| own.column(target).is_some());
    let mut report = check::check(&table.source, &own, options, cancel)?;
    if let Some(target) = input.target {
        for finding in
            report.findings.iter_mut().filter(|it| it.kind == FindingKind::ColumnDropped && it.columns == [target])
        {
            finding.severity = Severity::Info;
            finding.message = format!("`{target}`, which a model predicts, is not there yet.");
            finding.suggestion = "Nothing needs to be done: what is predicted becomes known later.".to_owned();
        }
        report.findings.sort_by_key(|it| std::cmp::Reverse(it.severity));
        report.verdict = CheckVerdict::of(&report.findings);
    }
    Ok(report)
}

/// Holds a table against rules, and nothing else.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn broken_rules(table: &Table, rules: &[Rule], cancel: &dyn Fn() -> bool) -> Result<Vec<Finding>, TableError> {
    check::broken_rules(&table.source, &profile(table, cancel)?, rules, cancel)
}

/// What can be said of a file that is no table: that it is empty, cut off, or damaged. `None` where it is simply something else.
pub fn check_unreadable(path: &Path) -> Option<CheckReport> {
    match table::open(path, &ReadOptions::default()) {
        Ok(_) => None,
        Err(error) => check::of_read_error(&error),
    }
}

/// Why sensitive columns could not be searched for, or tables compared.
#[derive(Debug, thiserror::Error)]
pub enum FacadeError {
    /// The file.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The search.
    #[error(transparent)]
    Sensitive(#[from] SensitiveError),
    /// The search for proxies.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The comparison.
    #[error(transparent)]
    Drift(#[from] DriftError),
}

/// Searches a table for sensitive columns.
///
/// # Errors
/// If the file cannot be read, or `cancel` says so.
pub fn sensitive(table: &Table, cancel: &dyn Fn() -> bool) -> Result<SensitivityReport, FacadeError> {
    let frame = table.sample(SENSITIVE_ROWS, cancel)?;
    let context = Context {
        table_name: table.name(),
        path: table.source.path().to_string_lossy().into_owned(),
        ..Context::default()
    };
    let stop = AtomicBool::new(false);
    stop.store(cancel(), Ordering::Relaxed);
    let mut report = sensitive::detect(&frame, &context, &stop)?;
    report.rows = table.rows();
    Ok(report)
}

/// Rows that the search for proxies reads; it learns from fewer, and more change no verdict.
const PROXY_ROWS: u64 = 20_000;

/// Looks whether the other columns give sensitive ones away. `found` says which columns are sensitive.
///
/// # Errors
/// If the file cannot be read, a named column does not exist, or `cancel` says so.
pub fn proxies(
    table: &Table,
    found: &SensitivityReport,
    request: &ProxyRequest,
    cancel: &dyn Fn() -> bool,
) -> Result<ProxyReport, FacadeError> {
    let frame = table.sample(PROXY_ROWS, cancel)?;
    let mut report = crate::proxy::proxies(&frame, found, request, cancel)?;
    report.rows = table.rows();
    Ok(report)
}

/// What a comparison is about besides its two tables.
#[derive(Debug, Clone, Default)]
pub struct DriftInput {
    /// What to call the reference.
    pub reference: String,
    /// What to call the current table.
    pub current: String,
    /// The target's column.
    pub target: Option<String>,
    /// The prediction's column.
    pub prediction: Option<String>,
    /// The time's column.
    pub time: Option<String>,
}

impl DriftInput {
    /// Two tables under these names.
    pub fn named(reference: &str, current: &str) -> Self {
        Self { reference: reference.to_owned(), current: current.to_owned(), ..Self::default() }
    }
}

/// Compares two tables.
///
/// # Errors
/// If a file cannot be read, a named column does not exist, or `cancel` says so.
pub fn drift(
    reference: &Table,
    current: &Table,
    input: &DriftInput,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(f64, &str),
) -> Result<DriftReport, FacadeError> {
    let most = |table: &Table| DRIFT_VALUES / (table.source.column_names().len().max(1) as u64);
    let options = DriftOptions {
        reference: input.reference.clone(),
        current: input.current.clone(),
        target: input.target.clone(),
        prediction: input.prediction.clone(),
        time: input.time.clone(),
        ..DriftOptions::default()
    };
    let thinned: Vec<&str> = [(reference, "reference"), (current, "current")]
        .into_iter()
        .filter(|(table, _)| table.rows() > most(table))
        .map(|(_, name)| name)
        .collect();
    let (a, b) = (reference.sample(most(reference), cancel)?, current.sample(most(current), cancel)?);
    let (b, renamed) = as_reference_names(&a, b);
    let mut report = drift::compare(&a, &b, &options, cancel, progress)?;
    if let Some(time) = drift::season::time_column(&a, &b, input.time.as_deref()) {
        drift::season::explain(&mut report, &a, &b, &time, &options, cancel)?;
    }
    if renamed > 0 {
        report.why =
            format!("{} {renamed} nested fields of the current table were compared under their own names.", report.why);
    }
    if !thinned.is_empty() {
        report.why = format!(
            "{} Every k-th row of the {} table was compared, evenly over all of it.",
            report.why,
            thinned.join(" and the ")
        );
    }
    Ok(report)
}

/// A log of predictions nests what the model was asked (`inputs.age`), and the reference does not (`age`): such a field takes the
/// reference's name, where that name is free. Returns how many did.
fn as_reference_names(reference: &DataFrame, mut current: DataFrame) -> (DataFrame, usize) {
    let wanted: Vec<String> = reference.get_column_names_owned().into_iter().map(|it| it.to_string()).collect();
    let own: Vec<String> = current.get_column_names_owned().into_iter().map(|it| it.to_string()).collect();
    let mut renamed = 0;
    for name in &own {
        let Some((_, field)) = name.rsplit_once('.') else { continue };
        let free = !own.iter().any(|it| it == field)
            && own.iter().filter(|it| it.rsplit('.').next() == Some(field)).count() == 1;
        if free
            && wanted.iter().any(|it| it == field)
            && !wanted.contains(name)
            && current.rename(name, field.into()).is_ok()
        {
            renamed += 1;
        }
    }
    (current, renamed)
}

/// What a log of predictions holds, from its profile: model and versions by their columns' names.
pub fn summarise_log(profile: &TableProfile, path: &str) -> Option<PredictionLogSummary> {
    let ending = |name: &str| name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let column = |wanted: &[&str]| profile.columns.iter().find(|it| wanted.contains(&ending(&it.name).as_str()));
    let texts = |wanted: &[&str]| -> Vec<String> {
        column(wanted).map(|it| it.top.iter().map(|entry| entry.value.to_string()).collect()).unwrap_or_default()
    };
    let moment = |value: &Option<Scalar>| value.as_ref().and_then(|it| it.to_string().parse::<Timestamp>().ok());
    let id = column(&["request_id", "prediction_id", "inference_id", "uuid", "id", "event_id"])?;
    let time = column(&["time", "timestamp", "ts", "at", "datetime", "created_at", "predicted_at"]);
    Some(PredictionLogSummary {
        path: path.to_owned(),
        rows: profile.rows,
        model: texts(&["model", "model_name", "model_id"]).into_iter().next(),
        versions: texts(&["model_version", "version"]),
        span: time.and_then(|it| Some((moment(&it.min)?, moment(&it.max)?))),
        // An estimate of distinct values says nothing about single duplicates.
        duplicate_ids: if id.distinct_is_estimate {
            0
        } else {
            profile.rows.saturating_sub(id.nulls).saturating_sub(id.distinct)
        },
    })
}
