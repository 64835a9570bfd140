//! Whether a model answers with classes or numbers, and which class each score is of.

use std::collections::{BTreeSet, HashMap};

use proofmark_domain::monitor::{LogProblem, LogRole};

use super::cells::{Block, Cells};
use super::gather::{class_name, class_text};
use super::kept::Task;
use super::mapping::Mapping;
use super::problem;

/// Distinct whole numbers up to which a predicted number is a class.
const MOST_CLASSES: usize = 12;

pub(super) fn classes_in(cells: Option<&Cells>, rows: usize) -> BTreeSet<String> {
    let Some(cells) = cells else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for row in 0..rows {
        found.extend(class_text(cells, row));
        if found.len() > 1_000 {
            break;
        }
    }
    found
}

/// Classes or numbers, and which class each score is of.
pub(super) fn decide_task(
    log: &Mapping,
    first: &Block,
    about: &Mapping,
    reference: &Block,
    labels: &BTreeSet<String>,
    problems: &mut Vec<LogProblem>,
) -> Task {
    let of = |mapping: &Mapping, block: &Block, role| -> BTreeSet<String> {
        classes_in(mapping.of(role).and_then(|it| block.column(it)), block.rows)
    };
    let mut seen = of(log, first, LogRole::Prediction);
    seen.extend(of(about, reference, LogRole::Prediction));
    let mut truth = of(about, reference, LogRole::Label);
    truth.extend(of(log, first, LogRole::Label));
    truth.extend(labels.iter().filter_map(|it| class_name(it)));
    let scores: Vec<String> = log.all(LogRole::Score).map(|it| it.1.to_owned()).collect();
    let whole = |name: &String| name.parse::<f64>().is_ok_and(|it| it.fract() == 0.0);
    let number = |name: &String| name.parse::<f64>().is_ok();
    if scores.is_empty() {
        let all: BTreeSet<String> = seen.union(&truth).cloned().collect();
        let classes = !all.is_empty()
            && (all.iter().any(|it| !number(it)) || (all.len() <= MOST_CLASSES && all.iter().all(whole)));
        if !classes && !all.is_empty() {
            return Task::Numbers;
        }
        return Task::Classes { names: all.into_iter().collect(), scores: Vec::new() };
    }
    let known: BTreeSet<String> = seen.union(&truth).cloned().collect();
    if let [only] = scores.as_slice() {
        let positive =
            class_name(only).filter(|it| known.contains(it)).unwrap_or_else(|| positive_class(log, first, &known));
        let other = known
            .iter()
            .find(|it| **it != positive)
            .cloned()
            .unwrap_or_else(|| if positive == "0" { "1" } else { "0" }.to_owned());
        let mut names = vec![other, positive];
        names.extend(known.into_iter().filter(|it| !names.contains(it)).collect::<Vec<_>>());
        return Task::Classes { names, scores: vec![1] };
    }
    let mut names: Vec<String> = scores.iter().map(|it| class_name(it).unwrap_or_default()).collect();
    let places = names.iter().enumerate().all(|(place, it)| *it == place.to_string());
    let strangers: Vec<String> = known.iter().filter(|it| !names.contains(it)).cloned().collect();
    if places && known.len() == names.len() && !strangers.is_empty() {
        // Scores by place stand in the order of the sorted classes, as scikit-learn has it.
        problems.push(problem(
            "unknown_labels",
            names.len() as u64,
            format!(
                "The scores have no names; they were taken in the order of the sorted classes: {}.",
                known.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        ));
        names = known.into_iter().collect();
    } else {
        names.extend(strangers);
    }
    let count = scores.len();
    Task::Classes { names, scores: (0..count).collect() }
}

/// The class that a lone score is of: the one whose predictions, else whose outcomes, have the higher scores.
pub(super) fn positive_class(log: &Mapping, first: &Block, known: &BTreeSet<String>) -> String {
    let (predictions, scores) = (
        log.of(LogRole::Prediction).or_else(|| log.of(LogRole::Label)).and_then(|it| first.column(it)),
        log.of(LogRole::Score).and_then(|it| first.column(it)),
    );
    let mut sums: HashMap<String, (f64, f64)> = HashMap::new();
    if let (Some(predictions), Some(scores)) = (predictions, scores) {
        for row in 0..first.rows {
            if let (Some(class), Some(score)) = (class_text(predictions, row), scores.number(row)) {
                let sum = sums.entry(class).or_default();
                sum.0 += score;
                sum.1 += 1.0;
            }
        }
    }
    if sums.len() >= 2
        && let Some((name, _)) =
            sums.iter().max_by(|a, b| (a.1.0 / a.1.1).total_cmp(&(b.1.0 / b.1.1)).then_with(|| a.0.cmp(b.0)))
    {
        return name.clone();
    }
    let usual = ["1", "yes", "Yes", "Y", "y", "positive", "t", "T"];
    usual
        .iter()
        .find(|it| known.contains(**it))
        .map_or_else(|| known.iter().next_back().cloned().unwrap_or_else(|| "1".to_owned()), |it| (*it).to_owned())
}
