//! What turned out to be true, read from a file of its own.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use proofmark_domain::counts::grouped;
use proofmark_domain::monitor::{LogProblem, LogRole};

use super::cells::{hash_of, id_hash, number_text};
use super::gather::{Labels, class_name};
use super::kept::Task;
use super::mapping::{Mapping, guess};
use super::{MonitorInput, open_all, problem};
use crate::table::TableError;

/// Labels as they stand in their file.
pub(super) struct RawLabels {
    ids: Vec<u64>,
    values: Vec<RawLabel>,
    /// The column that they stand in.
    pub(super) column: String,
    path: String,
}

#[derive(Debug, Clone)]
enum RawLabel {
    Number(f64),
    Text(u32),
}

impl RawLabels {
    /// The labels that occur, up to about a thousand.
    pub(super) fn names(&self, texts: &[String]) -> BTreeSet<String> {
        let name = |it: &RawLabel| match it {
            RawLabel::Number(it) => Some(number_text(*it)),
            RawLabel::Text(code) => texts.get(*code as usize).cloned(),
        };
        let mut found = BTreeSet::new();
        for value in &self.values {
            found.extend(name(value));
            if found.len() > 1_000 {
                break;
            }
        }
        found
    }
}

/// Reads the labels of a file by identifier. `None` when it is not clear which of its columns they are, which is told.
///
/// # Errors
/// When the file cannot be read, or `cancel` says so.
pub(super) fn read_labels(
    path: &Path,
    input: &MonitorInput,
    log: &Mapping,
    texts: &mut Vec<String>,
    problems: &mut Vec<LogProblem>,
    cancel: &dyn Fn() -> bool,
) -> Result<Option<RawLabels>, TableError> {
    let opened = open_all(path)?;
    let head = super::head(&opened.sources, cancel)?;
    let wishes: Vec<super::Wish> = input
        .columns
        .iter()
        .filter(|it| matches!(it.role, LogRole::Id | LogRole::Label) && head.names.contains(&it.column))
        .cloned()
        .collect();
    let mapping = guess(&head, &wishes, None);
    let same = log.of(LogRole::Id).filter(|it| head.names.iter().any(|name| name == it));
    let id = same.or_else(|| mapping.of(LogRole::Id)).map(str::to_owned);
    let rest: Vec<&str> = mapping
        .columns
        .iter()
        .filter(|it| Some(&it.column) != id.as_ref() && it.role != LogRole::Time)
        .map(|it| it.column.as_str())
        .collect();
    let label =
        mapping.of(LogRole::Label).or(if let [only] = rest.as_slice() { Some(*only) } else { None }).map(str::to_owned);
    let (Some(id), Some(label)) = (id, label) else {
        let words = format!(
            "{} holds no column that is clearly the identifier and one that is clearly the label; its columns are {}. Name them.",
            path.display(),
            head.names.iter().take(20).cloned().collect::<Vec<_>>().join(", ")
        );
        problems.push(problem("unknown_labels", 0, words));
        return Ok(None);
    };
    let mut raw = RawLabels {
        ids: Vec::new(),
        values: Vec::new(),
        column: label.clone(),
        path: path.to_string_lossy().into_owned(),
    };
    let mut index: HashMap<String, u32> = HashMap::new();
    let wanted = [id.clone(), label.clone()];
    for source in &opened.sources {
        source.read(Some(&wanted), cancel, &mut |block| {
            let (Some(ids), Some(values)) = (block.column(&id), block.column(&label)) else { return Ok(()) };
            for row in 0..block.rows {
                let hash = ids.text(row).map(id_hash).or_else(|| ids.number(row).map(|it| hash_of(&number_text(it))));
                let Some(hash) = hash else { continue };
                let value = match values.text(row) {
                    Some(text) => RawLabel::Text(match index.get(text) {
                        Some(code) => *code,
                        None => {
                            let code = texts.len() as u32;
                            texts.push(text.to_owned());
                            index.insert(text.to_owned(), code);
                            code
                        }
                    }),
                    None => match values.number(row) {
                        Some(number) => RawLabel::Number(number),
                        None => continue,
                    },
                };
                raw.ids.push(hash);
                raw.values.push(value);
            }
            Ok(())
        })?;
    }
    Ok(Some(raw))
}

/// Labels as class codes or numbers. A later label of the same identifier replaces an earlier one.
pub(super) fn code_labels(
    raw: RawLabels,
    texts: &[String],
    task: &mut Task,
    problems: &mut Vec<LogProblem>,
) -> (Labels, String, u64) {
    let mut codes: HashMap<String, f64> = HashMap::new();
    let mut code = |name: String, task: &mut Task| -> f64 {
        if let Some(known) = codes.get(&name) {
            return *known;
        }
        let Task::Classes { names, .. } = task else { return name.parse().unwrap_or(f64::NAN) };
        let place = names.iter().position(|it| *it == name).unwrap_or_else(|| {
            names.push(name.clone());
            names.len() - 1
        });
        codes.insert(name, place as f64);
        place as f64
    };
    let by_text: Vec<f64> = texts.iter().map(|it| class_name(it).map_or(f64::NAN, |it| code(it, task))).collect();
    let mut labels = Labels::default();
    let total = raw.ids.len() as u64;
    let mut distinct = BTreeSet::new();
    for (id, value) in raw.ids.into_iter().zip(raw.values) {
        let value = match value {
            RawLabel::Text(it) => by_text.get(it as usize).copied().unwrap_or(f64::NAN),
            RawLabel::Number(it) if *task == Task::Numbers => it,
            RawLabel::Number(it) => code(number_text(it), task),
        };
        if value.is_nan() {
            continue;
        }
        if distinct.len() < 3 {
            distinct.insert(value.to_bits());
        }
        labels.values.insert(id, value);
    }
    let known = labels.values.len() as u64;
    if known == 0 {
        problems.push(problem("no_rows", 0, format!("{} holds no label.", raw.path)));
    } else if distinct.len() == 1 && known > 1 {
        problems.push(problem(
            "constant_label",
            known,
            format!(
                "The column \"{}\" is the same in all {} labels, so only the share of right answers can be measured.",
                raw.column,
                grouped(known)
            ),
        ));
    }
    if known < total {
        problems.push(problem(
            "duplicate_ids",
            total - known,
            format!(
                "{} labels were replaced by a later label of the same prediction, or hold no value.",
                grouped(total - known)
            ),
        ));
    }
    (labels, raw.path, known)
}
