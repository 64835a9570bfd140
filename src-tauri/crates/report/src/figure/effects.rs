//! How far every column moved, with what chance leaves open.

use proofmark_domain::drift::{ColumnDrift, DriftVerdict};

use super::Figure;
use super::canvas::{Align, Canvas, Role, TEXT};
use super::ticks::{self, Scale};
use crate::text;

const WIDTH: f64 = 640.0;
const STEP: f64 = 20.0;
const MOST: usize = 25;

pub(crate) fn verdict_word(verdict: DriftVerdict) -> &'static str {
    match verdict {
        DriftVerdict::Drift => "drift",
        DriftVerdict::NoDrift => "no drift",
        DriftVerdict::CannotTell => "cannot tell",
    }
}

/// Draws the effects of the 25 columns with the largest, each with its 95 % interval and the threshold that it was held
/// against. The verdict is told by shape and word: square for drift, dot for none, hollow diamond for "cannot tell".
///
/// `None` if no column has an effect.
pub fn drift_effects(columns: &[ColumnDrift]) -> Option<Figure> {
    let mut measured: Vec<(&ColumnDrift, f64)> = columns
        .iter()
        .filter_map(|column| Some((column, column.effect.filter(|effect| effect.is_finite())?.clamp(0.0, 1.0))))
        .collect();
    measured.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    let total = measured.len();
    measured.truncate(MOST);
    if measured.is_empty() {
        return None;
    }
    let interval = |column: &ColumnDrift| {
        column
            .interval
            .filter(|(a, b)| a.is_finite() && b.is_finite())
            .map(|(a, b)| (a.clamp(0.0, 1.0), b.clamp(0.0, 1.0)))
    };
    let threshold = |column: &ColumnDrift| Some(column.threshold).filter(|t| t.is_finite()).map(|t| t.clamp(0.0, 1.0));
    let furthest = measured
        .iter()
        .flat_map(|(column, effect)| [Some(*effect), interval(column).map(|i| i.1), threshold(column).map(|t| t * 1.3)])
        .flatten()
        .fold(0.02, f64::max);
    let top = ticks::ceiling(furthest).min(1.0);

    let names: Vec<String> = measured.iter().map(|(column, _)| text::fit(&column.name, TEXT, 180.0)).collect();
    let left = names.iter().map(|name| text::width(name, TEXT)).fold(40.0, f64::max).min(180.0) + 14.0;
    let right = WIDTH - 116.0;
    let above = 24.0;
    let below = above + measured.len() as f64 * STEP;
    let height = below + 38.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let x = Scale { low: 0.0, high: top, from: left, to: right };
    for tick in ticks::labelled(0.0, top, 6) {
        let at = x.at(tick.at);
        canvas.line((at, above), (at, below), Role::Grid, 1.0);
        canvas.text(at, below + 14.0, Align::Middle, tick.label);
    }
    canvas.text((left + right) / 2.0, below + 30.0, Align::Middle, "effect size: 0 the same, 1 entirely different");
    canvas.line((left, below), (right, below), Role::Axis, 1.0);

    let first = measured.first().and_then(|(column, _)| threshold(column));
    if let Some(first) = first.filter(|first| measured.iter().all(|(column, _)| threshold(column) == Some(*first))) {
        let label = format!("tolerated up to {}", text::number(first));
        let half = text::width(&label, TEXT) / 2.0;
        canvas.text(x.at(first).clamp(half, WIDTH - half), 14.0, Align::Middle, label);
    } else {
        canvas.text(left, 14.0, Align::Start, "dashes: tolerated");
    }
    for (i, ((column, effect), name)) in measured.iter().zip(names).enumerate() {
        let y = above + (i as f64 + 0.5) * STEP;
        canvas.text(left - 10.0, y + 3.8, Align::End, name);
        if let Some(limit) = threshold(column) {
            canvas.dashes((x.at(limit), y - STEP / 2.0), (x.at(limit), y + STEP / 2.0), Role::Axis, 1.0);
        }
        let at = x.at(*effect);
        let mut value = text::number(*effect);
        let mut bounds = (at, at);
        if let Some((from, to)) = interval(column) {
            bounds = (x.at(from), x.at(to));
            canvas.line((bounds.0, y), (bounds.1, y), Role::Current, 1.5);
            for end in [bounds.0, bounds.1] {
                canvas.line((end, y - 3.0), (end, y + 3.0), Role::Current, 1.0);
            }
            value = format!("{value} (95\u{a0}% {} to {})", text::number(from), text::number(to));
        }
        match column.verdict {
            DriftVerdict::Drift => canvas.bar(at - 4.0, y - 4.0, 8.0, 8.0, Role::Current, 1.0),
            DriftVerdict::NoDrift => canvas.dot(at, y, 4.0, Role::Current),
            DriftVerdict::CannotTell => {
                let points = vec![(at - 5.0, y), (at, y - 5.0), (at + 5.0, y), (at, y + 5.0), (at - 5.0, y)];
                canvas.path(points, Role::Current, 1.5);
            }
        }
        canvas.text(
            right + 12.0,
            y + 3.8,
            Align::Start,
            format!("{} · {}", text::decimal(*effect, 2), verdict_word(column.verdict)),
        );
        let (from, to) = (bounds.0.min(at - 4.0), bounds.1.max(at + 4.0));
        canvas.mark(
            "effect",
            &column.name,
            format!("{value}, {}", verdict_word(column.verdict)),
            (from, y - 5.0, to - from, 10.0),
        );
    }
    let drifted = columns.iter().filter(|column| column.verdict == DriftVerdict::Drift).count();
    let mut description = format!(
        "Effect sizes of {} with 95 % intervals; {} drifted.",
        text::plural(total as u64, "column", "columns"),
        drifted
    );
    if total > MOST {
        description.push_str(&format!(" The {MOST} largest are shown."));
    }
    Some(canvas.finish("How far each column moved".to_owned(), description))
}
