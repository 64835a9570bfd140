//! What each column of a log stands for: fixed by the documented format, said by a person, else guessed from its name and values.

use std::collections::HashSet;

use proofmark_domain::monitor::{LogRole, MappedColumn};

use super::cells::{Block, Cells};
use super::clock::read_moment;

/// What a person said about a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The column as the file names it.
    pub column: String,
    /// What it stands for.
    pub role: LogRole,
    /// The class, for a score.
    pub class: Option<String>,
}

/// What each column of a log stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    pub(super) columns: Vec<MappedColumn>,
}

impl Mapping {
    /// The first column of a role.
    pub(super) fn of(&self, role: LogRole) -> Option<&str> {
        self.columns.iter().find(|it| it.role == role).map(|it| it.column.as_str())
    }

    /// All columns of a role with the names that they have here.
    pub(super) fn all(&self, role: LogRole) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().filter(move |it| it.role == role).map(|it| (it.column.as_str(), it.name.as_str()))
    }

    pub(super) fn contains(&self, column: &str) -> bool {
        self.columns.iter().any(|it| it.column == column)
    }

    fn set(&mut self, column: &str, role: LogRole, name: &str, confirmed: bool) {
        if !self.contains(column) {
            self.columns.push(MappedColumn { column: column.to_owned(), role, name: name.to_owned(), confirmed });
        }
    }
}

/// What is seen of a column's values in one block.
#[derive(Debug, Default)]
struct Seen {
    values: usize,
    numbers: usize,
    whole: bool,
    in_unit: bool,
    /// Values that are moments.
    times: usize,
    unique: bool,
}

fn look(cells: &Cells, rows: usize) -> Seen {
    let rows = rows.min(5_000);
    let mut seen = Seen { whole: true, in_unit: true, ..Seen::default() };
    let mut distinct = HashSet::new();
    for row in 0..rows {
        if let Some(text) = cells.text(row) {
            seen.values += 1;
            seen.times += usize::from(read_moment(text).is_some());
            (seen.whole, seen.in_unit) = (false, false);
            distinct.insert(super::cells::hash_of(text));
        } else if let Some(number) = cells.number(row) {
            seen.values += 1;
            seen.numbers += 1;
            seen.whole &= number.fract() == 0.0;
            seen.in_unit &= (0.0..=1.0).contains(&number);
            seen.times += usize::from(number >= 1e8);
            distinct.insert(number.to_bits());
        }
    }
    seen.unique = seen.values > 0 && distinct.len() == seen.values;
    seen
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = c.is_uppercase() && was_lower;
        if (begins || !c.is_alphanumeric()) && words.last().is_some_and(|it| !it.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|it| !it.is_empty());
    words
}

const INPUT_PREFIXES: &[&str] = &[
    "inputs.",
    "input.",
    "features.",
    "feature.",
    "instance.",
    "instances.",
    "request.inputs.",
    "request.features.",
    "x.",
];
const SCORE_PREFIXES: &[&str] = &[
    "outputs.scores.",
    "outputs.probabilities.",
    "outputs.proba.",
    "outputs.score.",
    "scores.",
    "probabilities.",
    "proba.",
    "predict_proba.",
    "output.scores.",
    "output.probabilities.",
    "response.scores.",
    "response.probabilities.",
    "prediction.scores.",
    "prediction.probabilities.",
    "prediction_scores.",
    "class_probabilities.",
];

/// A role by name alone, for columns without a prefix that says it. The flag tells that a feature may well have this name.
fn by_name(name: &str) -> Option<(LogRole, bool)> {
    let words = words(name);
    let list: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match list.as_slice() {
        ["uuid" | "guid" | "id"] => (LogRole::Id, false),
        [
            ..,
            "request" | "prediction" | "inference" | "event" | "correlation" | "trace" | "call" | "log",
            "id" | "uuid",
        ]
        | ["requestid" | "predictionid" | "inferenceid" | "eventid"] => (LogRole::Id, false),
        ["timestamp" | "time" | "ts" | "datetime"] | [.., "timestamp"] | ["timestamp" | "time", "ms" | "utc"] => {
            (LogRole::Time, false)
        }
        ["created" | "logged" | "predicted" | "requested", "at" | "on"]
        | ["event" | "request" | "prediction" | "inference" | "log", "time" | "date"] => (LogRole::Time, false),
        ["model", "name" | "id"] | ["modelname" | "modelid"] => (LogRole::Model, false),
        ["model"] => (LogRole::Model, true),
        ["model", "version"] | ["modelversion"] => (LogRole::Version, false),
        ["version"] => (LogRole::Version, true),
        ["caller" | "requester" | "consumer"] | ["client", "id" | "name"] | ["caller", _] | ["user", "agent"] => {
            (LogRole::Caller, false)
        }
        ["client" | "user"] => (LogRole::Caller, true),
        ["latency" | "elapsed"]
        | ["latency" | "elapsed", _]
        | ["response" | "execution" | "processing", "time" | "duration"]
        | ["response" | "execution" | "processing" | "request", "time" | "duration", "ms" | "s" | "seconds" | "us"]
        | ["duration", "ms" | "s" | "seconds" | "us"] => (LogRole::Latency, false),
        ["duration"] => (LogRole::Latency, true),
        // After the latencies: the time of a response is a duration.
        ["date"] | [.., "time" | "date" | "at"] => (LogRole::Time, true),
        ["status", "code"] | ["http", "status"] | ["http", "status", "code"] | ["response", "status"] => {
            (LogRole::Status, false)
        }
        ["status"] => (LogRole::Status, true),
        ["error" | "exception"] | ["error", "message" | "code" | "type"] => (LogRole::Error, true),
        ["y", "pred" | "hat"]
        | ["ypred" | "yhat" | "prediction" | "predictions" | "predicted" | "pred"]
        | ["outputs" | "output" | "response", "prediction" | "predictions"]
        | ["predicted", "label" | "class" | "value" | "target"]
        | ["prediction", "label" | "class" | "value"]
        | ["model", "prediction" | "output"] => (LogRole::Prediction, false),
        ["output" | "outputs" | "decision" | "response"]
        | ["outputs" | "output", "label" | "class" | "value" | "decision" | "result"] => (LogRole::Prediction, true),
        ["y", "true"]
        | ["ytrue"]
        | ["ground", "truth"]
        | ["groundtruth"]
        | ["true" | "actual", "label" | "value" | "class"] => (LogRole::Label, false),
        ["label" | "target" | "actual" | "truth" | "outcome"] => (LogRole::Label, true),
        ["period" | "split" | "partition" | "fold"] | ["unnamed", _] => (LogRole::Ignored, true),
        _ => return score_of(&list).map(|_| (LogRole::Score, false)),
    })
}

/// The class of a score by its name; an empty one when the name says only that it is a score.
fn score_of(words: &[&str]) -> Option<String> {
    let is_score = |word: &str| matches!(word, "proba" | "prob" | "probability" | "probabilities" | "score" | "scores");
    let rest: &[&str] = match words {
        ["y", "pred", "proba" | "prob" | "score", rest @ ..] | ["y", "proba" | "prob" | "score", rest @ ..] => rest,
        ["predicted" | "prediction" | "pred" | "outputs" | "output" | "model" | "class", it, rest @ ..]
            if is_score(it) =>
        {
            rest
        }
        ["predict", "proba", rest @ ..] => rest,
        [it, rest @ ..] if is_score(it) && rest.len() <= 3 => rest,
        _ => return None,
    };
    let rest: Vec<&str> = rest.iter().copied().filter(|it| !matches!(*it, "class" | "of" | "for")).collect();
    Some(rest.join("_"))
}

/// The class of a score with its own spelling.
fn class_in(column: &str) -> String {
    let lower = column.to_lowercase();
    let marks = [
        "y_pred_proba_",
        "pred_proba_",
        "predict_proba_",
        "predicted_probability_",
        "prediction_probability_",
        "probability_class_",
        "probability_",
        "proba_class_",
        "proba_",
        "prob_class_",
        "prob_",
        "score_class_",
        "score_",
        "scores_",
    ];
    marks
        .iter()
        .find_map(|mark| lower.find(mark).and_then(|at| column.get(at + mark.len()..)))
        .unwrap_or_default()
        .to_owned()
}

/// Finds out what the columns of a log stand for.
///
/// `reference` are the columns of the table that it is compared with; `is_log` tells that this table is a log itself.
pub(super) fn guess(block: &Block, wishes: &[Wish], reference: Option<(&[String], bool)>) -> Mapping {
    let mut mapping = Mapping::default();
    for wish in wishes {
        let name = if wish.role == LogRole::Score {
            wish.class.clone().unwrap_or_default()
        } else {
            plain(&wish.column).to_owned()
        };
        mapping.set(&wish.column, wish.role, &name, true);
    }
    let wished: HashSet<LogRole> = wishes.iter().map(|it| it.role).collect();
    let nested = block.names.iter().any(|name| INPUT_PREFIXES.iter().any(|it| name.to_lowercase().starts_with(it)));
    let in_reference = |name: &str| reference.is_some_and(|(names, _)| names.iter().any(|it| it == name));
    // A training table has no predictions, so what it has is a feature, whatever its name.
    let features = reference.is_some_and(|(_, is_log)| !is_log);
    let mut open: Vec<(&str, Seen)> = Vec::new();
    for (name, cells) in block.names.iter().zip(&block.columns) {
        if mapping.contains(name) {
            continue;
        }
        let lower = name.to_lowercase();
        if let Some(prefix) = INPUT_PREFIXES.iter().find(|it| lower.starts_with(**it)) {
            mapping.set(name, LogRole::Input, name.get(prefix.len()..).unwrap_or(name), true);
            continue;
        }
        let free = |role| !wished.contains(&role);
        if let Some(prefix) = SCORE_PREFIXES.iter().find(|it| lower.starts_with(**it)) {
            if free(LogRole::Score) {
                mapping.set(name, LogRole::Score, name.get(prefix.len()..).unwrap_or_default(), true);
            }
            continue;
        }
        let seen = look(cells, block.rows);
        match by_name(name).or_else(|| by_name(plain(name)).filter(|_| nested)) {
            Some((role, is_vague))
                if free(role) && !(is_vague && features && in_reference(name)) && fits(role, &seen) =>
            {
                let taken = role != LogRole::Score && role != LogRole::Ignored && mapping.of(role).is_some();
                if !taken {
                    let class = if role == LogRole::Score { class_in(name) } else { plain(name).to_owned() };
                    mapping.set(name, role, &class, false);
                    continue;
                }
                open.push((name, seen));
            }
            _ => open.push((name, seen)),
        }
    }
    if mapping.of(LogRole::Id).is_none() && !wished.contains(&LogRole::Id) {
        let is_id = |it: &&(&str, Seen)| {
            it.1.unique
                && it.1.values >= block.rows.min(5_000)
                && words(it.0).last().is_some_and(|it| it == "id" || it == "uuid" || it == "key")
        };
        if let Some((name, _)) = open.iter().find(is_id) {
            mapping.set(name, LogRole::Id, name, false);
        }
    }
    for (name, _) in open {
        let role = if nested && !in_reference(name) { LogRole::Ignored } else { LogRole::Input };
        mapping.set(name, role, name, false);
    }
    settle_outputs(&mut mapping, block);
    mapping
}

fn plain(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether values are of the kind that a role needs. A column without any value does not speak against its name.
fn fits(role: LogRole, seen: &Seen) -> bool {
    if seen.values == 0 {
        return true;
    }
    match role {
        // A broken clock must not cost the others their windows.
        LogRole::Time => seen.times * 2 > seen.values,
        LogRole::Latency | LogRole::Score => seen.numbers == seen.values,
        _ => true,
    }
}

/// A single score outside of 0..1 is no probability but the predicted number; a predicted number that is always inside, and never whole, is
/// a probability.
fn settle_outputs(mapping: &mut Mapping, block: &Block) {
    let seen = |column: &str| block.column(column).map(|it| look(it, block.rows)).unwrap_or_default();
    let scores: Vec<String> = mapping.all(LogRole::Score).map(|it| it.0.to_owned()).collect();
    let prediction = mapping.of(LogRole::Prediction).map(str::to_owned);
    match (scores.as_slice(), prediction) {
        ([one], None) => {
            let about = seen(one);
            if !about.in_unit && about.numbers > 0 && block.column(one).is_some_and(|it| share_outside(it) > 0.5) {
                change(mapping, one, LogRole::Prediction);
            }
        }
        ([], Some(column)) => {
            let about = seen(&column);
            if about.numbers > 0 && about.numbers == about.values && about.in_unit && !about.whole {
                change(mapping, &column, LogRole::Score);
                if let Some(found) = mapping.columns.iter_mut().find(|it| it.column == column) {
                    found.name = String::new();
                }
            }
        }
        _ => {}
    }
}

fn share_outside(cells: &Cells) -> f64 {
    let values: Vec<f64> = cells.numbers.iter().copied().filter(|it| !it.is_nan()).collect();
    values.iter().filter(|it| !(0.0..=1.0).contains(*it)).count() as f64 / values.len().max(1) as f64
}

fn change(mapping: &mut Mapping, column: &str, role: LogRole) {
    if let Some(found) =
        mapping.columns.iter_mut().find(|it| it.column == column && !(it.confirmed && it.role != LogRole::Score))
    {
        found.role = role;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(columns: &[(&str, &[f64])]) -> Block {
        Block {
            names: columns.iter().map(|it| it.0.to_owned()).collect(),
            columns: columns.iter().map(|it| Cells::of_numbers(it.1.to_vec())).collect(),
            rows: columns.first().map_or(0, |it| it.1.len()),
        }
    }

    fn role(mapping: &Mapping, column: &str) -> Option<(LogRole, String)> {
        mapping.columns.iter().find(|it| it.column == column).map(|it| (it.role, it.name.clone()))
    }

    #[test]
    fn the_documented_format_needs_no_guess() {
        let block = block(&[
            ("request_id", &[1.0]),
            ("inputs.age", &[3.0]),
            ("outputs.prediction", &[1.0]),
            ("outputs.scores.yes", &[0.5]),
            ("note", &[1.0]),
        ]);
        let mapping = guess(&block, &[], None);
        assert_eq!(role(&mapping, "inputs.age"), Some((LogRole::Input, "age".to_owned())));
        assert_eq!(role(&mapping, "outputs.scores.yes"), Some((LogRole::Score, "yes".to_owned())));
        assert_eq!(role(&mapping, "outputs.prediction").map(|it| it.0), Some(LogRole::Prediction));
        assert_eq!(
            role(&mapping, "note").map(|it| it.0),
            Some(LogRole::Ignored),
            "what is not under inputs was not asked"
        );
    }

    #[test]
    fn plain_columns_are_guessed() {
        let block = block(&[
            ("id", &[1.0, 2.0]),
            ("timestamp", &[1.7e9, 1.7e9]),
            ("MedInc", &[3.0, 4.0]),
            ("y_pred_proba_Prepaid_Card", &[0.2, 0.8]),
            ("y_pred", &[0.0, 1.0]),
            ("status", &[1.0, 2.0]),
        ]);
        let training = ["MedInc".to_owned(), "status".to_owned()];
        let mapping = guess(&block, &[], Some((&training, false)));
        assert_eq!(role(&mapping, "id").map(|it| it.0), Some(LogRole::Id));
        assert_eq!(role(&mapping, "timestamp").map(|it| it.0), Some(LogRole::Time));
        assert_eq!(role(&mapping, "MedInc").map(|it| it.0), Some(LogRole::Input));
        assert_eq!(role(&mapping, "y_pred_proba_Prepaid_Card"), Some((LogRole::Score, "Prepaid_Card".to_owned())));
        assert_eq!(
            role(&mapping, "status").map(|it| it.0),
            Some(LogRole::Input),
            "the training table has a feature of this name"
        );
        let mapping = guess(&block, &[], None);
        assert_eq!(role(&mapping, "status").map(|it| it.0), Some(LogRole::Status));
    }

    #[test]
    fn a_person_has_the_last_word() {
        let block = block(&[("a", &[1.0]), ("b", &[0.5])]);
        let wishes = [
            Wish { column: "a".to_owned(), role: LogRole::Id, class: None },
            Wish { column: "b".to_owned(), role: LogRole::Score, class: Some("yes".to_owned()) },
        ];
        let mapping = guess(&block, &wishes, None);
        assert_eq!(role(&mapping, "b"), Some((LogRole::Score, "yes".to_owned())));
        assert!(mapping.columns.iter().all(|it| it.confirmed));
    }
}
