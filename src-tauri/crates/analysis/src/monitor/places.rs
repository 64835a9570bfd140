//! Inputs that a log knows by their place alone, as servers that take a matrix do.

use proofmark_domain::monitor::{LogProblem, LogRole};

use super::mapping::Mapping;
use super::problem;

/// The place that ends a name, and what stands before it.
fn place(name: &str) -> Option<(&str, usize)> {
    let begin = name.rfind(|it: char| !it.is_ascii_digit()).map_or(0, |it| it + 1);
    Some((name.get(..begin)?, name.get(begin..)?.parse().ok()?))
}

/// Inputs that are known by their place alone, in the order of their places: numbers from 0 or 1 on behind a name in common, without a gap.
/// `None` where one of them has a name of its own.
pub(super) fn in_order<'n>(names: impl Iterator<Item = &'n str>) -> Option<Vec<&'n str>> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut prefix: Option<&str> = None;
    for name in names {
        let (before, place) = place(name)?;
        if *prefix.get_or_insert(before) != before {
            return None;
        }
        found.push((place, name));
    }
    found.sort_unstable();
    let begin = found.first()?.0;
    let whole = begin <= 1 && found.iter().zip(begin..).all(|(it, place)| it.0 == place);
    whole.then(|| found.into_iter().map(|it| it.1).collect())
}

/// Gives inputs without names those of the reference, in its order, where it has exactly as many and none by the log's names. Says so, because
/// it is a guess.
pub(super) fn name_by_place(log: &mut Mapping, reference: &Mapping) -> Option<LogProblem> {
    let theirs: Vec<String> = reference.all(LogRole::Input).map(|it| it.1.to_owned()).collect();
    let is_known = |name: &str| theirs.iter().any(|it| it == name);
    if log.all(LogRole::Input).any(|(column, name)| is_known(name) || is_known(column)) {
        return None;
    }
    let own: Vec<String> = in_order(log.all(LogRole::Input).map(|it| it.1))?.into_iter().map(str::to_owned).collect();
    if own.len() != theirs.len() {
        return None;
    }
    for (name, place) in theirs.iter().zip(&own) {
        if let Some(found) = log.columns.iter_mut().find(|it| it.role == LogRole::Input && it.name == *place) {
            found.name.clone_from(name);
            found.confirmed = false;
        }
    }
    let words = format!(
        "The inputs of the log have no names; they were taken in the order of the reference's columns: {}{}. Is that the order of the model?",
        theirs.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
        if theirs.len() > 8 { ", …" } else { "" }
    );
    Some(problem("inputs_by_place", theirs.len() as u64, words))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proofmark_domain::monitor::MappedColumn;

    fn inputs(names: &[&str]) -> Mapping {
        let column = |it: &&str| MappedColumn {
            column: format!("inputs.{it}"),
            role: LogRole::Input,
            name: (*it).to_owned(),
            confirmed: true,
        };
        Mapping { columns: names.iter().map(column).collect() }
    }

    #[test]
    fn places_take_the_names_of_the_reference() {
        let reference = inputs(&["age", "income", "region"]);
        for names in [["2", "0", "1"], ["x.1", "x.2", "x.3"]] {
            let mut log = inputs(&names);
            let told = name_by_place(&mut log, &reference).unwrap();
            assert!(told.message.contains("age, income, region."), "{}", told.message);
            let mut pairs: Vec<(&str, &str)> =
                log.columns.iter().map(|it| (it.column.as_str(), it.name.as_str())).collect();
            pairs.sort();
            assert_eq!(pairs.iter().map(|it| it.1).collect::<Vec<_>>(), ["age", "income", "region"], "{pairs:?}");
        }
        for names in [vec!["0", "1"], vec!["0", "1", "3"], vec!["a0", "b1", "a2"], vec!["age", "x", "y"], vec![]] {
            let mut log = inputs(&names);
            assert_eq!(name_by_place(&mut log, &reference), None, "{names:?}");
            assert_eq!(log.columns, inputs(&names).columns);
        }
    }
}
