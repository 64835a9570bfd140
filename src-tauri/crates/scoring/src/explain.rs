//! What each feature of one row contributed to its answer: interventional Shapley values.
//!
//! The answer of a row less the mean answer over background rows is divided among the features, each taking the mean, over all orders in
//! which features can change from a background row to the row, of what its own change did (Shapley 1953; with the features drawn
//! independently of each other: Štrumbelj and Kononenko 2014, Lundberg and Lee 2017). Up to [`EXACT`] features all subsets are evaluated, and
//! the only uncertainty is that of the background; beyond, orders are drawn at random. Both say it by a standard error.
//!
//! Limits: features that go together are changed as if they did not, so that rows may be asked for which cannot occur; a contribution says
//! what the model does, not what causes what.

use crate::error::ScoringError;
use crate::table::{Cell, Columns};

/// Up to so many features all subsets are evaluated.
pub const EXACT: usize = 10;
/// Evaluations at most, beside those of the background itself.
const BUDGET: usize = 60_000;
/// Background rows at most.
const BACKGROUND: usize = 100;
/// Rows that are evaluated at once.
const BATCH: usize = 4_096;

/// What one feature contributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Its contribution, in the unit of the answer.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// Contributions of all features, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// One for each feature.
    pub shares: Vec<Share>,
    /// The answer for the row.
    pub answer: f64,
    /// The mean answer over the background.
    pub baseline: f64,
    /// Whether all subsets were evaluated.
    pub exact: bool,
    /// Background rows that were used.
    pub background: usize,
    /// Rows that were evaluated.
    pub evaluations: usize,
}

/// Divides the answer for `row` among its features. `background` has one value for every feature in each of its rows; `answer` evaluates
/// many rows at once.
///
/// # Errors
/// If there is no feature or no background row, or an evaluation fails.
pub fn explain(
    names: &[String],
    row: &[Cell],
    background: &[Vec<Cell>],
    answer: &dyn Fn(&Columns) -> Result<Vec<f64>, ScoringError>,
) -> Result<Shares, ScoringError> {
    let count = names.len();
    if count == 0 || row.len() != count || background.iter().any(|it| it.len() != count) || background.is_empty() {
        return Err(ScoringError::Input("there is nothing to compare the row with".to_owned()));
    }
    let mut asked = Asked { names, row, answer, pending: Vec::new(), answers: Vec::new() };
    if count <= EXACT { exact(&mut asked, background) } else { sampled(&mut asked, background) }
}

/// Rows between a background row and the row, collected and evaluated in batches.
struct Asked<'a> {
    names: &'a [String],
    row: &'a [Cell],
    answer: &'a dyn Fn(&Columns) -> Result<Vec<f64>, ScoringError>,
    pending: Vec<Vec<Cell>>,
    answers: Vec<f64>,
}

impl Asked<'_> {
    /// The row with the background's values where `is_own` says no.
    fn add(&mut self, from: &[Cell], is_own: impl Fn(usize) -> bool) -> Result<(), ScoringError> {
        let mixed = self.row.iter().zip(from).enumerate();
        self.pending
            .push(mixed.map(|(at, (own, other))| if is_own(at) { own.clone() } else { other.clone() }).collect());
        if self.pending.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ScoringError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.pending);
        let columns: Columns = self
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| (name.clone(), rows.iter().filter_map(|row| row.get(at).cloned()).collect()))
            .collect();
        let answers = (self.answer)(&columns)?;
        if answers.len() != rows.len() || answers.iter().any(|it| !it.is_finite()) {
            return Err(ScoringError::Failed("the model answered no number for some of the rows".to_owned()));
        }
        self.answers.extend(answers);
        Ok(())
    }
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count.max(1) as f64
}

/// Mean and standard error of what one feature did each time.
fn share(of: &[f64]) -> Share {
    let value = mean(of.iter().copied(), of.len());
    let spread = mean(of.iter().map(|it| (it - value).powi(2)), of.len().saturating_sub(1));
    let error = if of.len() < 2 { 0.0 } else { (spread / of.len() as f64).sqrt() };
    Share { value, error }
}

fn exact(asked: &mut Asked<'_>, background: &[Vec<Cell>]) -> Result<Shares, ScoringError> {
    let count = asked.row.len();
    let subsets = 1usize << count;
    let rows = background.len().min(BACKGROUND).min((BUDGET / subsets).max(1));
    let used = spread(background, rows);
    for from in &used {
        for subset in 0..subsets {
            asked.add(from, |at| subset >> at & 1 == 1)?;
        }
    }
    asked.flush()?;
    // Of a subset of this size, the part of all orders in which the next one comes right after it.
    let mut factorial = vec![1.0f64];
    for it in 1..=count {
        factorial.push(factorial[it - 1] * it as f64);
    }
    let weight = |size: usize| factorial[size] * factorial[count - size - 1] / factorial[count];
    let mut each = vec![Vec::with_capacity(used.len()); count];
    for values in asked.answers.chunks(subsets) {
        for (at, list) in each.iter_mut().enumerate() {
            let without = (0..subsets).filter(|it| it >> at & 1 == 0);
            list.push(without.map(|it| weight(it.count_ones() as usize) * (values[it | 1 << at] - values[it])).sum());
        }
    }
    let baseline = mean(asked.answers.chunks(subsets).map(|it| it[0]), used.len());
    Ok(Shares {
        shares: each.iter().map(|it| share(it)).collect(),
        answer: asked.answers[subsets - 1],
        baseline,
        exact: true,
        background: used.len(),
        evaluations: asked.answers.len(),
    })
}

fn sampled(asked: &mut Asked<'_>, background: &[Vec<Cell>]) -> Result<Shares, ScoringError> {
    let count = asked.row.len();
    let used = spread(background, BACKGROUND);
    // An order and its reverse for the same background row: what is uneven in one is uneven the other way in the other.
    let most = (BUDGET / 2 / (count + 1)).clamp(8, 20 * used.len());
    // Every background row as often as every other, where there are enough.
    let pairs = if most > used.len() { most - most % used.len() } else { most };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut orders = Vec::with_capacity(2 * pairs);
    for pair in 0..pairs {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, random.below(at + 1));
        }
        let back = order.iter().rev().copied().collect();
        for order in [order, back] {
            let from = used[pair % used.len()];
            let mut own = vec![false; count];
            asked.add(from, |_| false)?;
            for feature in &order {
                own[*feature] = true;
                asked.add(from, |at| own[at])?;
            }
            orders.push(order);
        }
    }
    asked.flush()?;
    let mut each = vec![Vec::with_capacity(pairs); count];
    let walks: Vec<&[f64]> = asked.answers.chunks(count + 1).collect();
    for (orders, walks) in orders.chunks(2).zip(walks.chunks(2)) {
        let mut did = vec![0.0; count];
        for (order, walk) in orders.iter().zip(walks) {
            for (step, feature) in order.iter().enumerate() {
                did[*feature] += (walk[step + 1] - walk[step]) / orders.len() as f64;
            }
        }
        each.iter_mut().zip(did).for_each(|(list, it)| list.push(it));
    }
    let baseline = mean(walks.iter().map(|it| it[0]), walks.len());
    Ok(Shares {
        shares: each.iter().map(|it| share(&by_row(it, used.len()))).collect(),
        answer: walks.first().and_then(|it| it.last().copied()).unwrap_or(f64::NAN),
        baseline,
        exact: false,
        background: used.len(),
        evaluations: asked.answers.len(),
    })
}

/// The means over the pairs of each background row, where there are several: pairs of one row are alike, so that they do not count as
/// draws of their own. Of a single row the pairs themselves, whose spread is that of the orders.
fn by_row(pairs: &[f64], rows: usize) -> Vec<f64> {
    if rows < 2 || pairs.len() <= rows {
        return pairs.to_vec();
    }
    let of_row = |row: usize| pairs.iter().skip(row).step_by(rows).copied();
    (0..rows).map(|row| mean(of_row(row), of_row(row).count())).collect()
}

/// So many rows, evenly from the first to the last.
fn spread(rows: &[Vec<Cell>], most: usize) -> Vec<&[Cell]> {
    let count = rows.len().min(most).max(1);
    (0..count).map(|at| rows[at * rows.len() / count].as_slice()).collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same orders every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ it >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ it >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ it >> 31) % limit.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn numbers(columns: &Columns, row: usize) -> Vec<f64> {
        let number = |cells: &Vec<Cell>| if let Cell::Number(it) = cells[row] { it } else { f64::NAN };
        columns.iter().map(|it| number(&it.1)).collect()
    }

    fn case(count: usize, rows: usize) -> (Vec<String>, Vec<Cell>, Vec<Vec<Cell>>) {
        let mut random = Random(7);
        let mut next = || Cell::Number(random.below(1_000) as f64 / 100.0);
        let names = (0..count).map(|it| format!("x{it}")).collect();
        let row = (0..count).map(|_| next()).collect();
        (names, row, (0..rows).map(|_| (0..count).map(|_| next()).collect()).collect())
    }

    fn number(cell: &Cell) -> f64 {
        if let Cell::Number(it) = cell { *it } else { f64::NAN }
    }

    /// Of a sum, each feature contributes its weight times its distance from the mean of the background.
    #[test]
    fn a_sum_is_divided_exactly() {
        for count in [4, 14] {
            let (names, row, background) = case(count, 40);
            let weights: Vec<f64> = (0..count).map(|it| it as f64 - 2.0).collect();
            let of = |columns: &Columns| {
                let rows = columns[0].1.len();
                let one = |row| numbers(columns, row).iter().zip(&weights).map(|(a, b)| a * b).sum();
                Ok((0..rows).map(one).collect())
            };
            let shares = explain(&names, &row, &background, &of).unwrap();
            assert_eq!(shares.exact, count <= EXACT);
            for (at, share) in shares.shares.iter().enumerate() {
                let mean = background.iter().map(|it| number(&it[at])).sum::<f64>() / 40.0;
                let wanted = weights[at] * (number(&row[at]) - mean);
                assert!((share.value - wanted).abs() < 1e-9, "{count}, {at}: {} is not {wanted}", share.value);
            }
            let sum: f64 = shares.shares.iter().map(|it| it.value).sum();
            assert!((shares.baseline + sum - shares.answer).abs() < 1e-9, "{shares:?}");
        }
    }

    /// What a feature adds to a sum is the same in every order, so that its uncertainty is that of the background rows alone, however many
    /// orders are drawn for each.
    #[test]
    fn more_orders_than_background_rows_do_not_make_it_more_certain() {
        let (names, row, background) = case(12, 6);
        let of =
            |columns: &Columns| Ok((0..columns[0].1.len()).map(|row| numbers(columns, row).iter().sum()).collect());
        let shares = explain(&names, &row, &background, &of).unwrap();
        assert!(!shares.exact && shares.evaluations > 2 * 13 * 6, "{shares:?}");
        for (at, found) in shares.shares.iter().enumerate() {
            let did: Vec<f64> = background.iter().map(|it| number(&row[at]) - number(&it[at])).collect();
            let wanted = share(&did);
            assert!((found.error - wanted.error).abs() < 1e-9 && wanted.error > 0.1, "{at}: {found:?} {wanted:?}");
        }
    }

    /// A product of two features is shared by the two alone, and the sampled values agree with the exact ones within their errors.
    #[test]
    fn what_two_features_do_together_is_shared_between_them() {
        let (names, row, background) = case(12, 30);
        let of = |columns: &Columns| {
            Ok((0..columns[0].1.len()).map(|row| numbers(columns, row)).map(|it| it[0] * it[1]).collect())
        };
        let some = |from: &[Cell]| from[..3].to_vec();
        let few: Vec<Vec<Cell>> = background.iter().map(|it| some(it)).collect();
        let exact = explain(&names[..3], &some(&row), &few, &of).unwrap();
        let sampled = explain(&names, &row, &background, &of).unwrap();
        assert_eq!(exact.shares[2], Share { value: 0.0, error: 0.0 });
        for at in 0..2 {
            let (a, b) = (&exact.shares[at], &sampled.shares[at]);
            assert!((a.value - b.value).abs() <= 4.0 * b.error + 1e-9, "{a:?} {b:?}");
        }
        assert!(sampled.shares[5].value.abs() < 1e-12);
        assert!(explain(&names, &row, &[], &of).is_err() && explain(&[], &[], &[vec![]], &of).is_err());
    }
}
