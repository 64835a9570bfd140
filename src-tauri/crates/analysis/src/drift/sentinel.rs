//! A value that stands for "none" and is another one now: -999 that became -1, 9999 that became an empty field.

use super::columns::MISSING;

/// Fewest rows of either table that must hold it.
const FEWEST: u64 = 10;
/// Smallest share of a table that it must be.
const LEAST: f64 = 0.005;
/// A gap to all other values, as a share of the spread of their middle, that sets a number apart.
const GAP: f64 = 0.05;
/// The gap of a number that is written as stand-ins are.
const GAP_OF_USUAL: f64 = 0.01;
/// Stand-ins of one table that are looked at.
const MOST: usize = 4;

/// A stand-in for a missing value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sentinel {
    /// No value at all.
    Missing,
    Number(f64),
    Word(String),
}

/// The same rows without a value, written otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replaced {
    pub(super) before: Sentinel,
    pub(super) after: Sentinel,
    /// Rows of the reference that hold `before`, and of the current table that hold `after`.
    pub(super) rows: (u64, u64),
}

impl Replaced {
    /// The same of all rows, as found among some of them.
    pub(super) fn times(mut self, (some, all): ((u64, u64), (u64, u64))) -> Self {
        let scaled = |count: u64, some: u64, all: u64| {
            u64::try_from(u128::from(count) * u128::from(all) / u128::from(some.max(1))).unwrap_or(all).min(all)
        };
        self.rows = (scaled(self.rows.0, some.0, all.0), scaled(self.rows.1, some.1, all.1));
        self
    }
}

/// A stand-in of one table that the other does not have.
struct Found {
    what: Sentinel,
    rows: u64,
}

/// Finds the stand-in that went and the one that came in its place: each is set apart from the other values of its table, as good as absent
/// from the other table, and as frequent as the other. `missing` and `rows` are of all rows.
pub(super) fn replaced(
    gone: Vec<(Sentinel, u64)>,
    come: Vec<(Sentinel, u64)>,
    missing: (u64, u64),
    rows: (u64, u64),
) -> Option<Replaced> {
    let enough = |count: u64, of: u64| count >= FEWEST && count as f64 >= LEAST * of as f64;
    let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
    let side = |values: Vec<(Sentinel, u64)>, more_missing: u64, of: u64| -> Vec<Found> {
        let mut all: Vec<Found> = values.into_iter().map(|(what, rows)| Found { what, rows }).collect();
        if more_missing > 0 {
            all.push(Found { what: Sentinel::Missing, rows: more_missing });
        }
        all.retain(|it| enough(it.rows, of));
        all
    };
    // Of missing values only what one table has more of can have come from, or gone to, a stand-in.
    let (p, q) = (share(missing.0, rows.0), share(missing.1, rows.1));
    let more = |beyond: f64, of: u64| if beyond > 0.0 { (beyond * of as f64).round() as u64 } else { 0 };
    let before = side(gone, more(p - q, rows.0), rows.0);
    let after = side(come, more(q - p, rows.1), rows.1);
    let mut best: Option<(f64, Replaced)> = None;
    for a in &before {
        for b in &after {
            if a.what == Sentinel::Missing && b.what == Sentinel::Missing {
                continue;
            }
            let (p, q) = (share(a.rows, rows.0), share(b.rows, rows.1));
            let error = (p * (1.0 - p) / rows.0 as f64 + q * (1.0 - q) / rows.1 as f64).sqrt();
            let apart = (p - q).abs();
            if apart <= 3.0 * error && apart <= 0.5 * p.max(q) && best.as_ref().is_none_or(|it| apart < it.0) {
                let found = Replaced { before: a.what.clone(), after: b.what.clone(), rows: (a.rows, b.rows) };
                best = Some((apart, found));
            }
        }
    }
    best.map(|it| it.1)
}

/// The same of sorted numbers.
pub(super) fn of_numbers(a: &[f64], b: &[f64], rows: (u64, u64)) -> Option<Replaced> {
    let missing = (rows.0 - (a.len() as u64).min(rows.0), rows.1 - (b.len() as u64).min(rows.1));
    replaced(set_apart(a, b), set_apart(b, a), missing, rows)
}

/// The same of categories; the rows of each by category. Whole numbers with few values are categories, too.
pub(super) fn of_categories(names: &[String], a: &[u64], b: &[u64], rows: (u64, u64)) -> Option<Replaced> {
    let (n, m) = (a.iter().sum::<u64>(), b.iter().sum::<u64>());
    let missing = (rows.0 - n.min(rows.0), rows.1 - m.min(rows.1));
    let numbers: Option<Vec<f64>> = names.iter().map(|it| it.trim().parse().ok()).collect();
    let found = |own: &[u64], other: &[u64]| -> Vec<(Sentinel, u64)> {
        let mut found = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let (count, elsewhere) = (own.get(place).copied().unwrap_or(0), other.get(place).copied().unwrap_or(0));
            if count < FEWEST || elsewhere * 20 > count {
                continue;
            }
            let stands_in = match &numbers {
                // Codes go on by one; only a number that is written as stand-ins are is one among them.
                Some(numbers) => numbers.get(place).is_some_and(|it| {
                    let others = || numbers.iter().zip(own).filter(|(value, count)| **count > 0 && *value != it);
                    is_usual(*it) && others().count() > 0 && others().all(|(value, _)| (it < value) == (*it < 0.0))
                }),
                None => is_word_for_none(name),
            };
            if stands_in {
                let what = numbers.as_ref().and_then(|it| it.get(place)).map(|it| Sentinel::Number(*it));
                found.push((what.unwrap_or_else(|| Sentinel::Word(name.clone())), count));
            }
        }
        found
    };
    replaced(found(a, b), found(b, a), missing, rows)
}

/// Frequent values at an end of a sorted sample, beyond a gap to all others, that the other sample as good as never has.
fn set_apart(own: &[f64], other: &[f64]) -> Vec<(Sentinel, u64)> {
    let mut found = Vec::new();
    let finite = own.partition_point(|it| *it == f64::NEG_INFINITY)..own.partition_point(|it| *it < f64::INFINITY);
    let mut rest = own.get(finite).unwrap_or_default();
    while found.len() < MOST {
        let (Some(low), Some(high)) = (rest.first().copied(), rest.last().copied()) else { break };
        let (below, from) = (rest.partition_point(|it| *it <= low), rest.partition_point(|it| *it < high));
        let ends = [(low, below, rest.get(below..)), (high, rest.len() - from, rest.get(..from))];
        let next = ends.into_iter().find_map(|(value, count, others)| {
            let others = others.filter(|it| !it.is_empty())?;
            let frequent = count as u64 >= FEWEST && count as f64 >= LEAST * own.len() as f64;
            (frequent && is_apart(value, others)).then_some((value, count, others))
        });
        let Some((value, count, others)) = next else { break };
        let elsewhere = other.partition_point(|it| *it <= value) - other.partition_point(|it| *it < value);
        if elsewhere as f64 / other.len().max(1) as f64 * 20.0 <= count as f64 / own.len() as f64 {
            found.push((Sentinel::Number(value), count as u64));
        }
        rest = others;
    }
    found
}

fn is_apart(value: f64, others: &[f64]) -> bool {
    let at = |share: f64| others.get((share * (others.len() - 1) as f64) as usize).copied().unwrap_or(f64::NAN);
    let spread = at(0.99) - at(0.01);
    let nearest = if value < at(0.0) { at(0.0) - value } else { value - at(1.0) };
    spread > 0.0 && nearest >= spread * if is_usual(value) { GAP_OF_USUAL } else { GAP }
}

/// Whether a number is written as people write "none": minus one, nines alone, or the end of a type of whole numbers.
fn is_usual(value: f64) -> bool {
    const ENDS: [f64; 6] = [-32_768.0, 32_767.0, 65_535.0, -2_147_483_648.0, 2_147_483_647.0, 4_294_967_295.0];
    let digits = format!("{}", value.abs());
    let nines = digits.bytes().any(|it| it == b'9') && digits.bytes().all(|it| it == b'9' || it == b'.');
    value == -1.0 || nines || ENDS.contains(&value) || value.abs() >= 1e18
}

fn is_word_for_none(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "",
        "-",
        "--",
        "?",
        ".",
        "na",
        "n/a",
        "n.a.",
        "nan",
        "nil",
        "none",
        "null",
        "missing",
        "unknown",
        "unk",
        "undefined",
        "not available",
        "not applicable",
        "not known",
        "unspecified",
        "tbd",
        "(none)",
    ];
    WORDS.contains(&name.trim().to_lowercase().as_str())
}

/// Rows of each category.
pub(super) fn counts(codes: &[u32], categories: usize) -> Vec<u64> {
    let mut counts = vec![0u64; categories];
    for code in codes.iter().filter(|it| **it != MISSING) {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Sorted values from 0 to 100, and a stand-in as often as `times`.
    fn with(value: f64, times: usize) -> Vec<f64> {
        let mut all: Vec<f64> = (0..2_000).map(|it| f64::from(it) / 20.0).collect();
        all.extend(std::iter::repeat_n(value, times));
        all.sort_unstable_by(f64::total_cmp);
        all
    }

    fn found(a: &[f64], b: &[f64], rows: (u64, u64)) -> Option<(Sentinel, Sentinel)> {
        of_numbers(a, b, rows).map(|it| (it.before, it.after))
    }

    #[test]
    fn one_stand_in_for_another() {
        let number = |it| Sentinel::Number(it);
        let pair = |a, b| found(&with(a, 100), &with(b, 110), (2_100, 2_110));
        assert_eq!(pair(-999.0, -9.0), Some((number(-999.0), number(-9.0))));
        assert_eq!(pair(9_999.0, -1.0), Some((number(9_999.0), number(-1.0))));
        assert_eq!(
            found(&with(9_999.0, 100), &with(0.0, 0), (2_100, 2_100)),
            Some((number(9_999.0), Sentinel::Missing))
        );
        assert_eq!(found(&with(0.0, 0), &with(-999.0, 100), (2_100, 2_100)), Some((Sentinel::Missing, number(-999.0))));
    }

    #[test]
    fn what_is_no_stand_in_is_left_alone() {
        let rows = (2_100, 2_100);
        for (what, a, b) in [
            ("the same one", with(-999.0, 100), with(-999.0, 100)),
            ("another share", with(-999.0, 100), with(-9.0, 300)),
            ("a limit that moved", with(100.0, 100), with(101.0, 100)),
            ("a limit of nines", with(99.95, 100), with(999.0, 0)),
            ("only gone", with(-999.0, 100), with(50.0, 100)),
            ("too few", with(-999.0, 5), with(-9.0, 5)),
        ] {
            assert_eq!(found(&a, &b, rows), None, "{what}");
        }
    }

    #[test]
    fn words_and_codes() {
        let names = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let of = |list: &[&str], a: &[u64], b: &[u64], rows| {
            of_categories(&names(list), a, b, rows).map(|it| (it.before, it.after))
        };
        let word = |it: &str| Sentinel::Word(it.to_owned());
        let rows = (950, 950);
        assert_eq!(
            of(&["red", "blue", "unknown", "N/A"], &[500, 400, 50, 0], &[500, 400, 0, 50], rows),
            Some((word("unknown"), word("N/A")))
        );
        assert_eq!(
            of(&["red", "blue", "unknown"], &[500, 400, 50], &[500, 400, 0], rows),
            Some((word("unknown"), Sentinel::Missing))
        );
        assert_eq!(
            of(&["0", "1", "-999", "-1"], &[500, 400, 50, 0], &[500, 400, 0, 50], rows),
            Some((Sentinel::Number(-999.0), Sentinel::Number(-1.0)))
        );
        // Codes that took the place of others are no stand-ins.
        assert_eq!(of(&["1", "2", "3", "4"], &[500, 400, 50, 0], &[500, 400, 0, 50], rows), None);
        assert_eq!(of(&["red", "blue", "green", "teal"], &[500, 400, 50, 0], &[500, 400, 0, 50], rows), None);
    }
}
