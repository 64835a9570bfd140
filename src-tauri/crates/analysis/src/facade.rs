//! What the engine asks for, without a type of polars in sight.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use polars::prelude::{AnyValue, Column, DataFrame, DataType, IdxCa, IdxSize, PolarsError};
use proofmark_domain::Timestamp;
use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, FindingKind, Rule, Severity};
use proofmark_domain::drift::{DriftReport, RowCounts};
use proofmark_domain::prediction::PredictionLogSummary;
use proofmark_domain::profile::{Scalar, TableProfile};
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::SensitivityReport;

pub use crate::drift::{DriftError, DriftNews, Follow};
pub use crate::evaluate::{
    Calibrated, EvaluateError, EvaluationColumns, Part, Predictions, Task, calibration, compare, measure, pair, parts,
    read as read_predictions,
};
pub use crate::profile::{Sketch, SketchError};
pub use crate::proxy::{ProxyError, ProxyRequest};
pub use crate::quarantine::{QuarantineError, Written};
pub use crate::sensitive::{DETECTOR_VERSION, SensitiveError, label_group};
pub use crate::table::{DecimalMark, ReadOptions, TableError, TextEncoding};

use crate::check::{self, CheckOptions};
use crate::drift::{self, DriftOptions, WrittenDate, WrittenDates};
use crate::sensitive::{self, Context};
use crate::table::{self, ColumnText, TableSource};
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

    /// The names of the columns of a delimited text, read from its beginning alone; `None` if it is no such text.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn names_of_text(path: &Path) -> Result<Option<Vec<String>>, TableError> {
        table::names_of_text(path)
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

    /// At most `most` rows from several places of the table; nothing if the file would have to be read to its end for them.
    fn glimpse(&self, most: u64, cancel: &dyn Fn() -> bool) -> Result<Option<DataFrame>, TableError> {
        let rows = usize::try_from(most).unwrap_or(usize::MAX);
        let found = self.source.pieces(rows, cancel)?;
        found.map(|frame| self.unzoned(frame)).transpose()
    }

    /// Moments lose their zone and stay the same moments.
    fn unzoned(&self, mut frame: DataFrame) -> Result<DataFrame, TableError> {
        let zoned: Vec<(String, DataType)> = frame
            .columns()
            .iter()
            .filter_map(|column| match column.dtype() {
                DataType::Datetime(unit, Some(_)) => Some((column.name().to_string(), DataType::Datetime(*unit, None))),
                _ => None,
            })
            .collect();
        for (name, to) in zoned {
            let column = frame.column(&name).and_then(|column| column.cast(&to));
            let column = column.map_err(|error| self.damaged(&error))?;
            frame.with_column(column).map_err(|error| self.damaged(&error))?;
        }
        Ok(frame)
    }

    /// About `most` rows, evenly over the whole table; all of them if there are no more.
    fn sample(&self, most: u64, cancel: &dyn Fn() -> bool) -> Result<DataFrame, TableError> {
        let mut sampling = Sampling::new(self, most);
        self.source.for_each_batch(None, BATCH, cancel, &mut |first, batch| sampling.add(first, &batch))?;
        sampling.finish()
    }
}

/// Takes rows evenly from the batches of a table.
struct Sampling<'t> {
    table: &'t Table,
    step: u64,
    kept: Option<DataFrame>,
}

impl<'t> Sampling<'t> {
    fn new(table: &'t Table, most: u64) -> Self {
        Self { table, step: table.rows().div_ceil(most.max(1)).max(1), kept: None }
    }

    /// Takes what is due of a batch that begins with the row at `first`.
    fn add(&mut self, first: u64, batch: &DataFrame) -> Result<(), TableError> {
        let damaged = |error: PolarsError| self.table.damaged(&error);
        let taken = if self.step == 1 {
            batch.clone()
        } else {
            let begin = (self.step - first % self.step) % self.step;
            let rows = (begin..batch.height() as u64).step_by(self.step as usize);
            let rows: Vec<IdxSize> = rows.filter_map(|at| IdxSize::try_from(at).ok()).collect();
            batch.take(&IdxCa::from_vec("rows".into(), rows)).map_err(damaged)?
        };
        match self.kept.as_mut() {
            None => self.kept = Some(taken),
            // Batches of one table have one schema; if they have not, the file changed under us.
            Some(all) => {
                all.vstack_mut(&taken)
                    .map_err(|_| TableError::Changed { path: self.table.source.path().to_owned() })?;
            }
        }
        Ok(())
    }

    /// The rows. Moments lose their zone and stay the same moments.
    fn finish(self) -> Result<DataFrame, TableError> {
        let sample = match self.kept {
            Some(kept) => kept,
            None => self.table.source.frame(None)?,
        };
        self.table.unzoned(sample)
    }
}

impl Table {
    fn damaged(&self, error: &PolarsError) -> TableError {
        TableError::Damaged { path: self.source.path().to_owned(), detail: error.to_string() }
    }
}

/// What was gathered while a table was gone through once.
pub struct Look {
    sketch: Sketch,
    sample: DataFrame,
}

/// Goes through a table once, for its profile, its sensitive columns and what goes together in it.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn look(table: &Table, cancel: &dyn Fn() -> bool) -> Result<Look, TableError> {
    let mut gathering = profiles::Gathering::default();
    let mut sampling = Sampling::new(table, SENSITIVE_ROWS);
    table.source.for_each_batch(None, BATCH, cancel, &mut |first, batch| {
        gathering.add(&table.source, &batch)?;
        sampling.add(first, &batch)
    })?;
    Ok(Look { sketch: gathering.finish(&table.source)?, sample: sampling.finish()? })
}

/// Rows that are looked at for what goes together; more change nothing that is worth showing.
const ASSOCIATION_ROWS: usize = 10_000;

impl Look {
    /// What was gathered, to be saved.
    pub fn sketch(&self) -> &Sketch {
        &self.sketch
    }

    /// Searches for sensitive columns.
    ///
    /// # Errors
    /// If `cancel` says so.
    pub fn sensitive(&self, table: &Table, cancel: &dyn Fn() -> bool) -> Result<SensitivityReport, FacadeError> {
        sensitive_in(table, &self.sample, cancel)
    }

    /// The profile, with the pairs of columns that go together.
    ///
    /// # Errors
    /// If a column cannot be read as what it is.
    pub fn profile(self, table: &Table) -> Result<TableProfile, TableError> {
        let mut profile = self.sketch.finish();
        let step = self.sample.height().div_ceil(ASSOCIATION_ROWS).max(1);
        let rows = (0..self.sample.height()).step_by(step).filter_map(|at| IdxSize::try_from(at).ok()).collect();
        let paired = self.sample.take(&IdxCa::from_vec("rows".into(), rows));
        profile.associations = paired
            .and_then(|paired| profiles::association::of(&paired, &profile))
            .map_err(|error| table.damaged(&error))?;
        Ok(profile)
    }
}

/// Summarises a table in one pass. The path of the profile is the file's; its digest is for the caller to fill in.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn profile(table: &Table, cancel: &dyn Fn() -> bool) -> Result<TableProfile, TableError> {
    profiles::profile(&table.source, cancel, &mut |_| ())
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
    /// Whether findings list every row that they concern, as far as it is known, instead of ten examples.
    pub every_row: bool,
}

/// Finds what is wrong with a table.
///
/// # Errors
/// If a file cannot be read to its end, or `cancel` says so.
pub fn check(table: &Table, input: &CheckInput<'_>, cancel: &dyn Fn() -> bool) -> Result<CheckReport, TableError> {
    let own = check::Loaded::of(&table.source, cancel)?;
    let reference = input.reference.map(|it| check::Loaded::of(&it.source, cancel)).transpose()?;
    let mut options = CheckOptions::at(input.now);
    options.rules = input.rules;
    options.every_row = input.every_row;
    options.test = input.test.map(|it| &it.source);
    let related: Vec<(String, &TableSource)> = input.related.iter().map(|it| (it.name(), &it.source)).collect();
    let related: Vec<(&str, &TableSource)> = related.iter().map(|(name, source)| (name.as_str(), *source)).collect();
    options.related = &related;
    options.target = input.target.filter(|target| own.profile.column(target).is_some());
    let mut report = check::check(own, reference, options, cancel)?;
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

/// What each of the rules finds in a table, in their order. `profile` may be one that was made of the same bytes before.
///
/// # Errors
/// If the file cannot be read to its end, or `cancel` says so.
pub fn try_rules(
    table: &Table,
    profile: Option<&TableProfile>,
    rules: &[Rule],
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<Option<Finding>>, TableError> {
    let own;
    let profile = match profile {
        Some(profile) => profile,
        None => {
            own = self::profile(table, cancel)?;
            &own
        }
    };
    check::each_rule(&table.source, profile, rules, cancel)
}

/// Characters of a value that are shown; the rest of a longer one is left out.
const SHOWN: usize = 200;

/// A row by its number in the file, as texts; `None` for a value that is missing.
pub type TextRow = (u64, Vec<Option<String>>);

/// Rows of a table by their numbers in the file, as texts, with the named columns. Numbers beyond the end give no row.
///
/// # Errors
/// If the file cannot be read so far, a column does not exist, or `cancel` says so.
pub fn rows(
    table: &Table,
    numbers: &[u64],
    columns: &[String],
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<TextRow>, TableError> {
    let mut wanted: Vec<(u64, u64)> =
        numbers.iter().filter_map(|number| Some((table.source.index_of(*number)?, *number))).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Vec::new();
    let mut left = wanted.into_iter().peekable();
    let read = table.source.for_each_batch(Some(columns), BATCH, cancel, &mut |first, frame| {
        while let Some((index, number)) = left.next_if(|(index, _)| *index < first + frame.height() as u64) {
            let at = (index - first) as usize;
            found.push((number, frame.columns().iter().map(|column| shown(column, at)).collect()));
        }
        if left.peek().is_none() { Err(TableError::Cancelled) } else { Ok(()) }
    });
    match read {
        // Everything that was asked for was seen; the rest of the file is not needed.
        Err(TableError::Cancelled) if left.peek().is_none() => Ok(found),
        Err(error) => Err(error),
        Ok(()) => Ok(found),
    }
}

fn shown(column: &Column, at: usize) -> Option<String> {
    let value = column.get(at).ok()?;
    let text = match value {
        AnyValue::Null => return None,
        AnyValue::String(text) => text.to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN {
        return Some(text);
    }
    Some(text.chars().take(SHOWN).chain(['\u{2026}']).collect())
}

/// Sets rows of a table aside, named by their numbers in the file with their reasons: one file with the rows that stay, one with
/// the others. The table itself is only read, and no file is overwritten.
///
/// # Errors
/// If the table cannot be read to its end, a file of these names is there already or cannot be written, or `cancel` says so.
pub fn quarantine(
    table: &Table,
    reasons: &BTreeMap<u64, Vec<String>>,
    folder: &Path,
    cancel: &dyn Fn() -> bool,
) -> Result<Written, QuarantineError> {
    crate::quarantine::quarantine(&table.source, reasons, folder, cancel)
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
    sensitive_in(table, &table.sample(SENSITIVE_ROWS, cancel)?, cancel)
}

fn sensitive_in(table: &Table, frame: &DataFrame, cancel: &dyn Fn() -> bool) -> Result<SensitivityReport, FacadeError> {
    let context = Context {
        table_name: table.name(),
        path: table.source.path().to_string_lossy().into_owned(),
        ..Context::default()
    };
    let stop = AtomicBool::new(false);
    stop.store(cancel(), Ordering::Relaxed);
    let mut report = sensitive::detect(frame, &context, &stop)?;
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
/// If a file cannot be read, a named column does not exist, or the one who follows says so.
pub fn drift(
    reference: &Table,
    current: &Table,
    input: &DriftInput,
    follow: &Follow<'_>,
) -> Result<DriftReport, FacadeError> {
    let cancel = follow.cancel;
    let most = |table: &Table| DRIFT_VALUES / (table.source.column_names().len().max(1) as u64);
    let options = DriftOptions {
        reference: input.reference.clone(),
        current: input.current.clone(),
        target: input.target.clone(),
        prediction: input.prediction.clone(),
        time: input.time.clone(),
        dates: WrittenDates { reference: written_dates(reference), current: written_dates(current) },
        ..DriftOptions::default()
    };
    let thinned: Vec<&str> = [(reference, "reference"), (current, "current")]
        .into_iter()
        .filter(|(table, _)| table.rows() > most(table))
        .map(|(_, name)| name)
        .collect();
    if let Some(news) = follow.news {
        first_look(reference, current, &options, cancel, news)?;
    }
    let (a, b) = (reference.sample(most(reference), cancel)?, current.sample(most(current), cancel)?);
    let (b, renamed) = as_reference_names(&a, b);
    let time = drift::season::time_column(&a, &b, input.time.as_deref());
    let tell = |it: DriftNews| {
        let Some(news) = follow.news else { return };
        news(match it {
            DriftNews::Columns { columns, .. } => DriftNews::Columns { columns, settled: time.is_none() },
            other => other,
        });
    };
    let following = Follow { news: follow.news.is_some().then_some(&tell), ..*follow };
    let mut report = drift::compare_telling(&a, &b, &options, &following)?;
    if let Some(time) = &time {
        drift::season::explain(&mut report, &a, &b, time, &options, cancel)?;
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

/// How the dates of a text table are written, by column.
fn written_dates(table: &Table) -> BTreeMap<String, WrittenDate> {
    let seen = table.source.structure().map(|it| it.columns.as_slice()).unwrap_or_default();
    let of = |it: &ColumnText| WrittenDate::of(&it.dates, it.day_first, it.month_first);
    let columns = table.source.column_names().iter().zip(seen);
    columns.filter_map(|(name, column)| Some((name.clone(), of(column)?))).collect()
}

/// Rows of a table that a first look takes at most.
const FIRST_ROWS: u64 = 30_000;

/// Values (rows times columns) of a table that a first look takes at most, so that wide tables are no reason to wait either.
const FIRST_VALUES: u64 = 900_000;

/// Rows below which a first look would say too little.
const FIRST_FEWEST: u64 = 1_000;

/// Compares a part of the rows, where that is much less work than the whole and the files give it without being read to their end.
fn first_look(
    reference: &Table,
    current: &Table,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
    news: &dyn Fn(DriftNews),
) -> Result<(), FacadeError> {
    let wide = reference.columns().len().max(current.columns().len()).max(1) as u64;
    let most = FIRST_ROWS.min(FIRST_VALUES / wide);
    if most < FIRST_FEWEST || reference.rows().max(current.rows()) < 4 * most {
        return Ok(());
    }
    let Some(a) = reference.glimpse(most, cancel)? else { return Ok(()) };
    let Some(b) = current.glimpse(most, cancel)? else { return Ok(()) };
    let (b, _) = as_reference_names(&a, b);
    let rows = RowCounts { reference: a.height() as u64, current: b.height() as u64 };
    let columns = drift::columns_alone(&a, &b, options, cancel)?;
    news(DriftNews::FirstLook { rows, columns });
    Ok(())
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
