//! Where the model errs: the loss by value of each input, so that a loss that stays in one corner is found there.
//!
//! A segment is a category, a fifth of a column of numbers, or the rows without a value. What counts is by how much its loss rose more than
//! that of all other rows: `(segment - rest) - (segment - rest in the reference)`. So a model that became worse everywhere has no segment
//! that stands out. Without outcomes of the reference it is the difference in the window alone.

use proofmark_domain::counts::grouped;
use proofmark_domain::monitor::SegmentPerformance;

use super::baseline::Baseline;
use super::kept::{Kept, Task};
use crate::drift::counts::Shape;
use crate::drift::statistics::{Z95, benjamini_hochberg, normal_upper_tail};

/// Fewest rows of a segment, and of the rest.
const FEWEST: f64 = 30.0;
/// Parts of a column of numbers.
const PARTS: usize = 5;
/// Codes that a place can have: see [`Baseline::code`].
const CODES: usize = 64;
/// Corrected p-value below which a segment is named.
const SURE: f64 = 0.04;
/// More loss than elsewhere that is named at all: a share of errors, or a part of the mean error.
const MORE_ERRORS: f64 = 0.05;
const MORE_RELATIVE: f64 = 0.25;
/// Segments that are named.
const MOST: usize = 5;

/// Rows, sum and sum of squares of losses.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, loss: f64) {
        self.n += 1.0;
        self.sum += loss;
        self.squares += loss * loss;
    }

    fn without(self, part: Self) -> Self {
        Self { n: self.n - part.n, sum: self.sum - part.sum, squares: self.squares - part.squares }
    }

    fn mean(self) -> f64 {
        self.sum / self.n
    }

    /// Squared standard error of the mean. Of shares with one failure and one success added, lest a part without errors be certain.
    fn error(self, is_share: bool) -> f64 {
        if is_share {
            let p = (self.sum + 1.0) / (self.n + 2.0);
            return p * (1.0 - p) / self.n;
        }
        (self.squares - self.sum * self.sum / self.n).max(0.0) / (self.n - 1.0) / self.n
    }
}

fn losses(task: &Task, kept: &Kept) -> Vec<f64> {
    let rows = kept.prediction.iter().zip(&kept.label);
    rows.map(|(prediction, label)| match task {
        _ if prediction.is_nan() || label.is_nan() => f64::NAN,
        Task::Numbers => (prediction - label).abs(),
        Task::Classes { .. } => f64::from(u8::from(prediction != label)),
    })
    .collect()
}

fn segment(shape: &Shape, code: u8) -> usize {
    match shape {
        Shape::Numbers { .. } if code > 0 => 1 + (usize::from(code) - 1).min(CODES - 3) * PARTS / (CODES - 2),
        _ => usize::from(code).min(CODES - 1),
    }
}

fn sums(baseline: &Baseline, place: usize, kept: &Kept, losses: &[f64]) -> (Vec<Sum>, Sum) {
    let (mut parts, mut all) = (vec![Sum::default(); CODES], Sum::default());
    for (row, loss) in losses.iter().enumerate().filter(|it| it.1.is_finite()) {
        let code = kept.codes.get(row * kept.width + place).copied().unwrap_or(0);
        parts[segment(&baseline.shape, code)].add(*loss);
        all.add(*loss);
    }
    (parts, all)
}

/// What a segment is called, as the rest of a sentence that begins with the column.
fn called(baseline: &Baseline, part: usize) -> String {
    match &baseline.shape {
        _ if part == 0 => "is missing".to_owned(),
        Shape::Numbers { edges } => {
            // The bins whose codes are in this part.
            let bins = baseline.counts.len();
            let own = |bin: &usize| segment(&baseline.shape, 1 + (bin * (CODES - 2) / bins.max(1)) as u8) == part;
            let (first, last) = ((0..bins).find(own), (0..bins).rev().find(own));
            let low = first.filter(|it| *it > 0).and_then(|it| edges.get(it - 1)).map(|it| short(*it));
            let high = last.and_then(|it| edges.get(it)).map(|it| short(*it));
            match (low, high) {
                (None, Some(high)) => format!("is under {high}"),
                (Some(low), None) => format!("is {low} or more"),
                (Some(low), Some(high)) => format!("is from {low} to under {high}"),
                (None, None) => "has a value".to_owned(),
            }
        }
        Shape::Categories { .. } if part == CODES - 1 => "has a value that the reference never had".to_owned(),
        Shape::Categories { names } if part == CODES - 2 && names.len() > CODES - 2 => {
            "is one of the rarer values".to_owned()
        }
        Shape::Categories { names } => format!("is {}", names.get(part - 1).map_or("", String::as_str)),
    }
}

fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e6).contains(&size) {
        let digits = if value == 0.0 { 0.0 } else { (3.0 - size.log10().floor()).clamp(0.0, 6.0) };
        let text = format!("{value:.*}", digits as usize);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.3e}")
    }
}

/// Segments in which the model is worse than elsewhere, or became worse than elsewhere, the costliest first.
pub(super) fn segments(
    task: &Task,
    baselines: &[Baseline],
    reference: Option<&Kept>,
    window: &Kept,
) -> Vec<SegmentPerformance> {
    let is_share = *task != Task::Numbers;
    let now = losses(task, window);
    let then = reference.map(|it| (it, losses(task, it)));
    let mut tested: Vec<(SegmentPerformance, f64, f64)> = Vec::new();
    for (place, baseline) in baselines.iter().enumerate().filter(|it| it.1.role == "input" && it.1.left_out.is_none()) {
        let (parts, all) = sums(baseline, place, window, &now);
        let before = then.as_ref().map(|(kept, losses)| sums(baseline, place, kept, losses));
        for (part, own) in parts.iter().enumerate() {
            let rest = all.without(*own);
            if own.n < FEWEST || rest.n < FEWEST {
                continue;
            }
            let known = before
                .as_ref()
                .map(|(parts, all)| (parts[part], all.without(parts[part])))
                .filter(|(own, rest)| own.n >= FEWEST && rest.n >= FEWEST);
            let mut more = own.mean() - rest.mean();
            let mut error = own.error(is_share) + rest.error(is_share);
            if let Some((own, rest)) = known {
                more -= own.mean() - rest.mean();
                error += own.error(is_share) + rest.error(is_share);
            }
            let error = error.sqrt();
            let shown = |loss: f64| if is_share { 1.0 - loss } else { loss };
            let found = SegmentPerformance {
                column: baseline.name.clone(),
                values: called(baseline, part),
                metric: if is_share { "accuracy" } else { "mae" }.to_owned(),
                rows: own.n as u64,
                value: shown(own.mean()),
                elsewhere: shown(rest.mean()),
                reference: known.map(|it| shown(it.0.mean())),
                reference_elsewhere: known.map(|it| shown(it.1.mean())),
                more,
                interval: (more - Z95 * error, more + Z95 * error),
                p_adjusted: 1.0,
                sentence: String::new(),
            };
            let p = if error > 0.0 { normal_upper_tail(more / error) } else { 1.0 };
            tested.push((found, p, all.mean()));
        }
    }
    let corrected = benjamini_hochberg(&tested.iter().map(|it| it.1).collect::<Vec<_>>());
    let mut found: Vec<SegmentPerformance> = tested
        .into_iter()
        .zip(corrected)
        .filter(|((it, _, mean), p)| {
            *p < SURE && it.interval.0 > if is_share { MORE_ERRORS } else { MORE_RELATIVE * mean }
        })
        .map(|((it, _, _), p)| {
            let sentence = sentence(&it);
            SegmentPerformance { p_adjusted: p, sentence, ..it }
        })
        .collect();
    let cost = |it: &SegmentPerformance| it.more * it.rows as f64;
    found.sort_by(|a, b| cost(b).total_cmp(&cost(a)).then_with(|| a.column.cmp(&b.column)));
    found.truncate(MOST);
    found
}

fn sentence(it: &SegmentPerformance) -> String {
    let number = |value: f64| if it.metric == "accuracy" { format!("{value:.3}") } else { short(value) };
    let then = |value: Option<f64>| value.map_or_else(String::new, |it| format!(", in the reference {}", number(it)));
    format!(
        "Where {} {}, {} is {} on {} predictions{}; elsewhere {}{}.",
        it.column,
        it.values,
        it.metric,
        number(it.value),
        grouped(it.rows),
        then(it.reference),
        number(it.elsewhere),
        then(it.reference_elsewhere)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::drift::mix;
    use crate::monitor::cells::Cells;

    fn task() -> Task {
        Task::Classes { names: vec!["0".to_owned(), "1".to_owned()], scores: Vec::new() }
    }

    fn baselines() -> (Vec<Baseline>, Cells, Cells) {
        let places = ["north", "south", "east", "west"];
        let code = |it: u64| (mix(it + 1) % 4) as u32;
        let region = Cells {
            codes: (0..4_000).map(code).collect(),
            names: places.map(str::to_owned).to_vec(),
            ..Cells::default()
        };
        let age = Cells::of_numbers((0..4_000).map(|it| (mix(it ^ 0xa9e) % 6_000) as f64 / 100.0).collect());
        let rows: Vec<usize> = (0..4_000).collect();
        let found =
            [("region", &region), ("age", &age)].map(|(name, it)| Baseline::learn(name, "input", it, &rows).unwrap());
        (found.to_vec(), region, age)
    }

    /// Rows of which `wrong` says how often each is wrong.
    fn kept(baselines: &[Baseline], cells: [&Cells; 2], wrong: impl Fn(usize) -> f64) -> Kept {
        let mut kept = Kept::new(0, 2);
        for row in 0..4_000 {
            let label = f64::from(u8::from((mix(row as u64 ^ 0x77) % 10_000) as f64 / 10_000.0 < wrong(row)));
            let codes = baselines.iter().zip(cells).map(|(it, cells)| it.code(it.place(cells, row)));
            kept.push(mix(row as u64), &[], 0.0, label, codes);
        }
        kept
    }

    #[test]
    fn a_loss_in_one_corner_is_found_there_and_a_loss_everywhere_in_none() {
        let (baselines, region, age) = baselines();
        let make = |wrong: &dyn Fn(usize) -> f64| kept(&baselines, [&region, &age], wrong);
        let before = make(&|_| 0.1);
        let north = |row: usize| region.shown(row).as_deref() == Some("north");
        let corner = make(&|row| if north(row) { 0.5 } else { 0.1 });
        let found = segments(&task(), &baselines, Some(&before), &corner);
        assert_eq!(found[0].column, "region", "{found:?}");
        assert_eq!(found[0].values, "is north");
        assert!((found[0].value - 0.5).abs() < 0.05 && found[0].reference.is_some_and(|it| it > 0.85), "{found:?}");
        assert!(found[0].interval.0 > 0.3 && found[0].interval.1 < 0.5, "{found:?}");
        assert!(found.iter().all(|it| it.column == "region"), "{found:?}");
        assert_eq!(segments(&task(), &baselines, Some(&before), &make(&|_| 0.4)), [], "it became worse everywhere");
        // What was hard before is no news with a reference, and is told without one.
        let hard = make(&|row| if north(row) { 0.5 } else { 0.1 });
        assert_eq!(segments(&task(), &baselines, Some(&hard), &hard), []);
        assert_eq!(segments(&task(), &baselines, None, &hard)[0].values, "is north");
        let old = make(&|row| if age.number(row).is_some_and(|it| it >= 48.0) { 0.6 } else { 0.1 });
        let found = segments(&task(), &baselines, Some(&before), &old);
        assert_eq!(found[0].column, "age");
        assert!(found[0].values.starts_with("is 4") && found[0].values.ends_with("or more"), "{}", found[0].values);
    }
}
