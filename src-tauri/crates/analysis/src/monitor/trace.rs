//! One prediction, found in its logs by identifier, and how unusual its inputs were.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_domain::monitor::LogRole;
use proofmark_domain::prediction::{LoggedPrediction, Neighbour, UnusualInput};
use serde_json::Value;

use super::baseline::Thinned;
use super::cells::{Block, Cells, hash_of, id_hash, number_text};
use super::clock::{epoch_ms, read_moment, stamp};
use super::mapping::{Mapping, Wish, guess};
use super::places::in_order;
use super::source::Source;
use crate::drift::Random;
use crate::drift::statistics::quantile_sorted;
use crate::table::TableError;

/// Share of the training rows beyond which a value is unusual.
const RARE: f64 = 0.005;
/// Training rows that are shown beside a prediction.
const NEIGHBOURS: usize = 3;
/// Training rows that stand for all of them where the model is asked again.
const BACKGROUND: usize = 100;

/// Finds a prediction in one of the logs. Text is searched for the identifier at the speed of the disk; of Parquet only the column of
/// identifiers is read. `None` when no log has it; logs that cannot be read are handed to `unreadable`.
///
/// # Errors
/// When `cancel` says so.
pub fn find(
    id: &str,
    logs: &[PathBuf],
    cancel: &dyn Fn() -> bool,
    unreadable: &mut dyn FnMut(&Path, &TableError),
) -> Result<Option<LoggedPrediction>, TableError> {
    for log in logs {
        match find_in(id, log, cancel) {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => {}
            Err(TableError::Cancelled) => return Err(TableError::Cancelled),
            Err(error) => unreadable(log, &error),
        }
    }
    Ok(None)
}

fn find_in(id: &str, log: &Path, cancel: &dyn Fn() -> bool) -> Result<Option<LoggedPrediction>, TableError> {
    let source = Source::open(log)?;
    let wanted = id_hash(id);
    let is_wanted = |cells: &Cells, row: usize| {
        let hash = cells.text(row).map(id_hash).or_else(|| cells.number(row).map(|it| hash_of(&number_text(it))));
        hash == Some(wanted)
    };
    let blocks = source.matching(id, &is_wanted, cancel)?;
    let mut found: Option<LoggedPrediction> = None;
    for block in blocks {
        let mapping = guess(&block, &[], None);
        let Some(ids) = id_column(&block, &mapping, wanted) else { continue };
        for row in (0..block.rows).filter(|row| is_wanted(ids, *row)) {
            match &mut found {
                Some(found) => found.copies += 1,
                None => found = Some(logged(&block, &mapping, ids, row, log)),
            }
        }
    }
    Ok(found)
}

/// The column that holds the identifier: the one that is mapped so, else any that has it.
fn id_column<'a>(block: &'a Block, mapping: &Mapping, wanted: u64) -> Option<&'a Cells> {
    let has = |cells: &&Cells| {
        (0..block.rows).any(|row| {
            cells.text(row).map(id_hash) == Some(wanted)
                || cells.number(row).map(|it| hash_of(&number_text(it))) == Some(wanted)
        })
    };
    let mapped = mapping.of(LogRole::Id).and_then(|it| block.column(it)).filter(|it| has(it));
    mapped.or_else(|| block.columns.iter().find(has))
}

fn value(cells: &Cells, row: usize) -> Option<Value> {
    match cells.text(row) {
        Some("true") => Some(Value::Bool(true)),
        Some("false") => Some(Value::Bool(false)),
        Some(text) => Some(Value::String(text.to_owned())),
        None => cells.number(row).map(number_value),
    }
}

fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Value::from(number as i64);
    }
    // What JSON cannot say as a number is said as text.
    serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

fn logged(block: &Block, mapping: &Mapping, ids: &Cells, row: usize, log: &Path) -> LoggedPrediction {
    let of = |role| mapping.of(role).and_then(|it| block.column(it));
    let text = |role| of(role).and_then(|it| it.shown(row));
    let time = of(LogRole::Time).and_then(|it| match it.text(row) {
        Some(text) => read_moment(text).map(|it| it.ms),
        None => it.number(row).map(|it| epoch_ms(it) as i64),
    });
    let mut outputs = BTreeMap::new();
    if let Some(value) = of(LogRole::Prediction).and_then(|it| value(it, row)) {
        outputs.insert("prediction".to_owned(), value);
    }
    let scores: serde_json::Map<String, Value> = mapping
        .all(LogRole::Score)
        .filter_map(|(column, class)| {
            Some((
                if class.is_empty() { "score".to_owned() } else { class.to_owned() },
                value(block.column(column)?, row)?,
            ))
        })
        .collect();
    if !scores.is_empty() {
        outputs.insert("scores".to_owned(), Value::Object(scores));
    }
    for (name, cells) in block.names.iter().zip(&block.columns) {
        let known = mapping.columns.iter().find(|it| it.column == *name).map(|it| it.role);
        if let Some(short) = name.strip_prefix("outputs.").filter(|_| matches!(known, None | Some(LogRole::Ignored)))
            && let Some(value) = value(cells, row)
        {
            outputs.insert(short.to_owned(), value);
        }
    }
    LoggedPrediction {
        request_id: ids.shown(row).unwrap_or_default(),
        time: time.map(stamp),
        model: text(LogRole::Model),
        version: text(LogRole::Version),
        inputs: mapping
            .all(LogRole::Input)
            .filter_map(|(column, name)| Some((name.to_owned(), value(block.column(column)?, row)?)))
            .collect(),
        outputs,
        label: of(LogRole::Label).and_then(|it| value(it, row)),
        caller: text(LogRole::Caller),
        latency_ms: of(LogRole::Latency).and_then(|it| it.number(row)),
        status: text(LogRole::Status).or_else(|| text(LogRole::Error)),
        log: log.to_string_lossy().into_owned(),
        copies: 1,
    }
}

/// The inputs of a prediction in their order, where its log knows them by their place alone (`x.0`, `x.1`, …).
pub fn places(prediction: &LoggedPrediction) -> Option<Vec<String>> {
    let names = in_order(prediction.inputs.keys().map(String::as_str))?;
    Some(names.into_iter().map(str::to_owned).collect())
}

/// The columns of a table that a model is trained on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// In the order of the table.
    pub names: Vec<String>,
    /// The last column, which was left out because it is taken for what is predicted.
    pub presumed_target: Option<String>,
}

/// The columns of a training table that are no identifier, no time and not `target`. Where that is one column more than `count` and the
/// table names none as the outcome, its last one is taken for it, as most tables have it.
///
/// # Errors
/// When the table cannot be read, or `cancel` says so.
pub fn features(
    reference: &Path,
    target: Option<&str>,
    count: usize,
    cancel: &dyn Fn() -> bool,
) -> Result<Features, TableError> {
    let head = Source::open(reference)?.head(cancel)?;
    let wish = |column: &str| Wish { column: column.to_owned(), role: LogRole::Label, class: None };
    // A training table has no latencies or callers: what it has is a feature, whatever its name, unless it is named as the outcome.
    let named = guess(&head, &[], None);
    let target = target.filter(|it| head.names.iter().any(|name| name == it)).or_else(|| named.of(LogRole::Label));
    let wishes: Vec<Wish> = target.map(wish).into_iter().collect();
    let mapping = guess(&head, &wishes, Some((&head.names, false)));
    let mut names: Vec<String> = mapping.all(LogRole::Input).map(|it| it.0.to_owned()).collect();
    names.sort_by_key(|name| head.names.iter().position(|it| it == name));
    let is_over = names.len() == count + 1 && mapping.of(LogRole::Label).is_none() && names.last() == head.names.last();
    let presumed_target = if is_over { names.pop() } else { None };
    Ok(Features { names, presumed_target })
}

/// How unusual the inputs of a prediction are against a training table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// The most unusual first.
    pub unusual: Vec<UnusualInput>,
    /// The nearest first.
    pub neighbours: Vec<Neighbour>,
    /// Median distance of a training row to its nearest neighbour.
    pub usual_distance: Option<f64>,
    /// Rows of the training, evenly from its first to its last, with their values of the inputs; missing ones are left out of a row.
    pub background: Vec<BTreeMap<String, Value>>,
}

/// Compares the inputs of a prediction with a training table.
///
/// # Errors
/// When the table cannot be read, or `cancel` says so.
pub fn against(
    prediction: &LoggedPrediction,
    reference: &Path,
    cancel: &dyn Fn() -> bool,
) -> Result<Compared, TableError> {
    let source = Source::open(reference)?;
    let head = source.head(cancel)?;
    let names: Vec<String> = prediction.inputs.keys().cloned().collect();
    let mapping = guess(&head, &[], Some((&names, false)));
    let mut thinned = Thinned::default();
    source.read(None, cancel, &mut |block| {
        thinned.add(&block, &|_| true);
        Ok(())
    })?;
    let block = &thinned.block;
    let stride = thinned.rows.div_ceil(block.rows.max(1) as u64).max(1);
    let columns: Vec<(&str, &Cells)> = names
        .iter()
        .filter_map(|name| {
            let theirs = mapping.columns.iter().find(|it| it.name == *name && it.role == LogRole::Input)?;
            Some((name.as_str(), block.column(&theirs.column)?))
        })
        .collect();
    let all: Vec<usize> = (0..block.rows).collect();
    let mut unusual = Vec::new();
    let mut scales: Vec<Scale> = Vec::new();
    for (name, cells) in &columns {
        let asked = prediction.inputs.get(*name).unwrap_or(&Value::Null);
        // Identifiers and free text are unlike each other by nature.
        let identifier =
            super::baseline::Baseline::learn(name, "input", cells, &all).is_some_and(|it| it.left_out.is_some());
        scales.push(if identifier { Scale::Skipped } else { scale(cells) });
        if !identifier {
            unusual.extend(judge(name, asked, cells, block.rows));
        }
    }
    let lacking = mapping
        .columns
        .iter()
        .filter(|it| it.role == LogRole::Input && !prediction.inputs.contains_key(&it.name))
        .count();
    for (name, cells) in head.names.iter().zip(&head.columns) {
        let known = mapping.columns.iter().any(|it| it.column == *name && it.role == LogRole::Input);
        // One column that the log lacks is most often what was to be predicted.
        if known
            && lacking > 1
            && !prediction.inputs.contains_key(name.as_str())
            && !cells.is_empty()
            && let Some(cells) = block.column(name)
        {
            unusual.extend(judge(name, &Value::Null, cells, block.rows));
        }
    }
    unusual.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
    let distance = |from: &dyn Fn(usize, &Cells) -> Option<Point>, row: usize| -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for (place, (_, cells)) in columns.iter().enumerate() {
            let Some(scale) = scales.get(place) else { continue };
            if let Some(part) = scale.apart(from(place, cells), point(cells, row)) {
                sum += part;
                n += 1.0;
            }
        }
        if n == 0.0 { f64::INFINITY } else { sum / n }
    };
    let asked = |place: usize, _: &Cells| {
        columns.get(place).and_then(|(name, _)| prediction.inputs.get(*name)).and_then(Point::of)
    };
    let mut near: Vec<(f64, usize)> =
        (0..block.rows).map(|row| (distance(&asked, row), row)).filter(|it| it.0.is_finite()).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEIGHBOURS);
    let label = mapping.of(LogRole::Label).and_then(|it| block.column(it));
    let neighbours = near
        .into_iter()
        .map(|(distance, row)| Neighbour {
            row: row as u64 * stride + 1,
            distance,
            values: columns.iter().filter_map(|(name, cells)| Some(((*name).to_owned(), value(cells, row)?))).collect(),
            label: label.and_then(|it| value(it, row)),
        })
        .collect();
    let mut random = Random::new(0x9e19);
    let others = random.sample(block.rows, 5_000);
    let mut nearest: Vec<f64> = random
        .sample(block.rows, 60)
        .into_iter()
        .map(|row| {
            let from = |_: usize, cells: &Cells| point(cells, row);
            others.iter().filter(|it| **it != row).map(|it| distance(&from, *it)).fold(f64::INFINITY, f64::min)
        })
        .filter(|it| it.is_finite())
        .collect();
    nearest.sort_by(f64::total_cmp);
    let shown = block.rows.min(BACKGROUND);
    let background = (0..shown)
        .map(|at| at * block.rows / shown)
        .map(|row| columns.iter().filter_map(|(name, cells)| Some(((*name).to_owned(), value(cells, row)?))).collect())
        .collect();
    Ok(Compared { unusual, neighbours, usual_distance: nearest.get(nearest.len() / 2).copied(), background })
}

fn rank(input: &UnusualInput) -> f64 {
    match input.kind.as_str() {
        "below_range" | "above_range" | "wrong_type" => -1.0,
        "unseen" | "missing" => 0.0,
        _ => input.share.or_else(|| input.quantile.map(|it| it.min(1.0 - it))).unwrap_or(1.0),
    }
}

/// One value, for distances.
enum Point {
    Number(f64),
    Text(String),
}

impl Point {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(it) => it.as_f64().map(Self::Number),
            Value::String(it) => Some(Self::Text(it.clone())),
            Value::Bool(it) => Some(Self::Text(it.to_string())),
            _ => None,
        }
    }
}

fn point(cells: &Cells, row: usize) -> Option<Point> {
    match cells.text(row) {
        Some(text) => Some(Point::Text(text.to_owned())),
        None => cells.number(row).map(Point::Number),
    }
}

/// How far apart two values of a column are.
enum Scale {
    Range(f64),
    Category,
    Skipped,
}

impl Scale {
    fn apart(&self, a: Option<Point>, b: Option<Point>) -> Option<f64> {
        match (self, a, b) {
            (Self::Skipped, ..) => None,
            (_, None, None) => Some(0.0),
            (_, None, _) | (_, _, None) => Some(1.0),
            (Self::Range(range), Some(Point::Number(a)), Some(Point::Number(b))) => {
                Some(((a - b).abs() / range).min(1.0))
            }
            (_, Some(a), Some(b)) => {
                let text = |it: Point| match it {
                    Point::Number(it) => number_text(it),
                    Point::Text(it) => it,
                };
                Some(f64::from(u8::from(text(a) != text(b))))
            }
        }
    }
}

fn scale(cells: &Cells) -> Scale {
    let mut numbers: Vec<f64> = cells.numbers.iter().copied().filter(|it| it.is_finite()).collect();
    if numbers.is_empty() || !cells.codes.is_empty() {
        return Scale::Category;
    }
    numbers.sort_unstable_by(f64::total_cmp);
    let wide = quantile_sorted(&numbers, 0.95) - quantile_sorted(&numbers, 0.05);
    let whole = quantile_sorted(&numbers, 1.0) - quantile_sorted(&numbers, 0.0);
    if wide > 0.0 {
        Scale::Range(wide)
    } else if whole > 0.0 {
        Scale::Range(whole)
    } else {
        Scale::Category
    }
}

fn judge(name: &str, asked: &Value, cells: &Cells, rows: usize) -> Option<UnusualInput> {
    let of = |kind: &str, quantile: Option<f64>, share: Option<f64>, sentence: String| {
        Some(UnusualInput {
            name: name.to_owned(),
            value: asked.clone(),
            kind: kind.to_owned(),
            quantile,
            share,
            sentence,
        })
    };
    let values = (0..rows).filter(|row| cells.text(*row).is_some() || cells.number(*row).is_some()).count();
    if values == 0 {
        return None;
    }
    let missing = 1.0 - values as f64 / rows as f64;
    let percent = |share: f64| {
        if share > 0.0 && share < 0.001 { "under 0.1 %".to_owned() } else { format!("{:.1} %", share * 100.0) }
    };
    let Some(point) = Point::of(asked) else {
        return if missing < RARE {
            of(
                "missing",
                None,
                Some(missing),
                format!("{name} has no value, which {} of the training rows lack", percent(missing)),
            )
        } else {
            None
        };
    };
    let numeric = cells.codes.is_empty();
    match point {
        Point::Number(number) if numeric => {
            let mut sorted: Vec<f64> = cells.numbers.iter().copied().filter(|it| !it.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let (low, high) = (sorted.first().copied()?, sorted.last().copied()?);
            let n = sorted.len() as f64;
            let below = sorted.partition_point(|it| *it < number) as f64;
            let up_to = sorted.partition_point(|it| *it <= number) as f64;
            let quantile = up_to / n;
            let shown = number_text(number);
            if number < low {
                return of(
                    "below_range",
                    Some(0.0),
                    None,
                    format!("{name} is {shown}; the least value of the training is {}", number_text(low)),
                );
            }
            if number > high {
                return of(
                    "above_range",
                    Some(1.0),
                    None,
                    format!("{name} is {shown}; the greatest value of the training is {}", number_text(high)),
                );
            }
            let equal = up_to - below;
            if sorted.len() >= 200 && (up_to / n < RARE || (n - below) / n < RARE) {
                let words = if up_to / n < RARE {
                    format!("only {} of the training rows have so little", percent(up_to / n))
                } else {
                    format!("only {} of the training rows have so much", percent((n - below) / n))
                };
                return of("tail", Some(quantile), None, format!("{name} is {shown}; {words}"));
            }
            // A code that the training has seldom or never, between others that it has often.
            let mut distinct = sorted;
            distinct.dedup();
            if distinct.len() <= 12 && equal / n < RARE {
                let kind = if equal == 0.0 { "unseen" } else { "rare" };
                return of(
                    kind,
                    Some(quantile),
                    Some(equal / n),
                    format!("{name} is {shown}, which {} of the training rows have", percent(equal / n)),
                );
            }
            None
        }
        Point::Text(text) if numeric => match text.trim().parse::<f64>() {
            Ok(number) => judge(name, &number_value(number), cells, rows),
            Err(_) => of("wrong_type", None, None, format!("{name} is the text \"{text}\"; the training has numbers")),
        },
        point => {
            let text = match point {
                Point::Number(it) => number_text(it),
                Point::Text(it) => it,
            };
            let equal =
                (0..rows).filter(|row| cells.shown(*row).is_some_and(|it| it == text)).count() as f64 / values as f64;
            if equal == 0.0 {
                return of("unseen", None, Some(0.0), format!("{name} is \"{text}\", which no training row has"));
            }
            if equal >= RARE {
                return None;
            }
            of(
                "rare",
                None,
                Some(equal),
                format!("{name} is \"{text}\", which {} of the training rows have", percent(equal)),
            )
        }
    }
}
