//! One score on one side, the scores of both classes on the other.

use std::collections::BTreeSet;

use proofmark_domain::monitor::LogRole;

use super::cells::Block;
use super::gather::class_name;
use super::mapping::Mapping;
use super::task::{classes_in, positive_class};

/// Gives the scores of a reference the names that the log has for them, where one of the two has the scores of both classes and the other only
/// that of the positive class.
pub(super) fn pair_scores(log: &Mapping, first: &Block, about: &mut Mapping, reference: &Block) {
    let names = |it: &Mapping| it.all(LogRole::Score).map(|it| it.1.to_owned()).collect::<Vec<_>>();
    let known = |mapping: &Mapping, block: &Block| {
        let mut found = BTreeSet::new();
        for role in [LogRole::Prediction, LogRole::Label] {
            found.extend(classes_in(mapping.of(role).and_then(|it| block.column(it)), block.rows));
        }
        found
    };
    let (ours, theirs) = (names(log), names(about));
    let (from, to) = match (ours.as_slice(), theirs.as_slice()) {
        ([a, b], [lone]) if !ours.contains(lone) => {
            let classes = known(about, reference);
            (Some(lone), score_of(&positive_class(about, reference, &classes), [a, b], &classes))
        }
        ([lone], [a, b]) if !theirs.contains(lone) => {
            let classes = known(log, first);
            (score_of(&positive_class(log, first, &classes), [a, b], &classes), Some(lone))
        }
        _ => return,
    };
    if let (Some(from), Some(to)) = (from, to)
        && let Some(it) = about.columns.iter_mut().find(|it| it.role == LogRole::Score && it.name == *from)
    {
        it.name.clone_from(to);
    }
}

/// Which of two scores is that of a class: by name, or by its place among the sorted classes where scores are only numbered.
fn score_of<'a>(class: &str, names: [&'a String; 2], classes: &BTreeSet<String>) -> Option<&'a String> {
    if let Some(found) = names.iter().find(|it| class_name(it).as_deref() == Some(class)) {
        return Some(found);
    }
    let place = classes.iter().position(|it| it == class).filter(|_| classes.len() == 2)?.to_string();
    names.into_iter().find(|it| **it == place)
}
