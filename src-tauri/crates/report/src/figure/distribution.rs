//! One column of two tables, laid over one another.

use proofmark_domain::drift::{ColumnDrift, DriftShape};

use super::canvas::{Align, Canvas, Role, TEXT};
use super::column::{SMALL, range, usable, value_axis};
use super::ticks::{self, Kind, Scale};
use super::{Figure, Size};
use crate::text;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 230.0;
const MOST_CATEGORIES: usize = 12;

/// How the two tables are called in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableNames<'a> {
    /// The table that is compared with.
    pub reference: &'a str,
    /// The table that is looked at.
    pub current: &'a str,
}

/// Draws the two distributions of a column: steps over common bins, or pairs of bars.
///
/// Shares are of the rows with a value. `None` if the comparison kept no distributions or they are not drawable.
pub fn drift_column(drift: &ColumnDrift, names: TableNames<'_>, size: Size) -> Option<Figure> {
    match drift.shape.as_ref()? {
        DriftShape::Numeric { edges, reference, current } => steps(drift, names, size, edges, reference, current),
        DriftShape::Categories { names: values, reference, current } => {
            pairs(drift, names, size, values, reference, current)
        }
    }
}

/// The same column without its values, for a sensitive one: categories become `value 1`, `value 2`, …, intervals are
/// counted instead of measured, and the sentence, which may quote values, is written anew from the numbers.
pub fn masked(drift: &ColumnDrift) -> ColumnDrift {
    let mut drift = drift.clone();
    match &mut drift.shape {
        Some(DriftShape::Numeric { edges, .. }) => {
            for (i, edge) in edges.iter_mut().enumerate() {
                *edge = i as f64;
            }
        }
        Some(DriftShape::Categories { names, .. }) => {
            for (i, name) in names.iter_mut().enumerate() {
                *name = format!("value {}", i + 1);
            }
        }
        None => {}
    }
    let measured = drift
        .effect
        .map_or_else(|| "No effect could be measured".to_owned(), |e| format!("The effect is {}", text::number(e)));
    drift.why = format!(
        "{measured}; up to {} is tolerated. Values are masked: the column is sensitive.",
        text::number(drift.threshold)
    );
    drift
}

fn sound(share: f64) -> f64 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

fn description(drift: &ColumnDrift, names: TableNames<'_>) -> String {
    let (reference, current) = drift.n;
    format!(
        "{} ({}) against {} ({}). {}",
        names.current,
        text::rows(current),
        names.reference,
        text::rows(reference),
        drift.why
    )
}

/// The two series with their swatches, right of one another.
fn legend(canvas: &mut Canvas, drift: &ColumnDrift, names: TableNames<'_>, left: f64, width: f64, filled: bool) {
    let named = |name: &str, n: u64, room: f64| {
        let n = format!(" · {}", text::rows(n));
        format!("{}{n}", text::fit(name, TEXT, room - text::width(&n, TEXT)))
    };
    let room = width - left - 66.0;
    // The reference may use what the current name leaves over, the current name what is then left.
    let wanted = text::width(&named(names.current, drift.n.1, room), TEXT);
    let first = named(names.reference, drift.n.0, (room - wanted).max(room / 2.0));
    canvas.bar(left, 5.0, 14.0, 8.0, Role::Reference, if filled { 1.0 } else { 0.55 });
    canvas.text(left + 20.0, 13.0, Align::Start, first.clone());
    let taken = text::width(&first, TEXT);
    let second = left + 20.0 + taken + 20.0;
    if filled {
        canvas.bar(second, 5.0, 14.0, 8.0, Role::Current, 1.0);
    } else {
        canvas.line((second, 9.0), (second + 14.0, 9.0), Role::Current, 2.0);
    }
    canvas.text(second + 20.0, 13.0, Align::Start, named(names.current, drift.n.1, room - taken));
}

fn steps(
    drift: &ColumnDrift,
    names: TableNames<'_>,
    size: Size,
    edges: &[f64],
    reference: &[f64],
    current: &[f64],
) -> Option<Figure> {
    let n = reference.len();
    if current.len() != n || !usable(edges, n) {
        return None;
    }
    let tallest = reference.iter().chain(current).map(|s| sound(*s)).fold(0.0, f64::max);
    let (low, high) = (*edges.first()?, *edges.last()?);
    if tallest <= 0.0 {
        return None;
    }
    let small = size == Size::Small;
    let (width, height) = if small { SMALL } else { (WIDTH, HEIGHT) };
    let mut canvas = Canvas::new(width, height);
    let top = if small { tallest } else { (tallest * 1.04).min(1.0).max(tallest) };
    let levels = ticks::shares(top, 5);
    let (left, right, above, below) = if small {
        (0.0, width, 2.0, height - 1.0)
    } else {
        let left = levels.iter().map(|tick| text::width(&tick.label, TEXT)).fold(0.0, f64::max) + 8.0;
        (left, width - 14.0, 30.0, height - 24.0)
    };
    let (x, y) = (Scale { low, high, from: left, to: right }, Scale { low: 0.0, high: top, from: below, to: above });
    if !small {
        for tick in &levels {
            canvas.line((left, y.at(tick.at)), (right, y.at(tick.at)), Role::Grid, 1.0);
            canvas.text(left - 6.0, y.at(tick.at) + 3.8, Align::End, tick.label.clone());
        }
        legend(&mut canvas, drift, names, left, width, false);
    }
    let bounds: Vec<(f64, f64)> = edges
        .windows(2)
        .map(|pair| {
            if pair[0] == pair[1] {
                ((left + right) / 2.0 - 20.0, (left + right) / 2.0 + 20.0)
            } else {
                (x.at(pair[0]), x.at(pair[1]))
            }
        })
        .collect();
    let outline = |shares: &[f64]| -> Vec<(f64, f64)> {
        let mut points = Vec::with_capacity(shares.len() * 2 + 2);
        points.extend(bounds.first().map(|(from, _)| (*from, below)));
        for ((from, to), share) in bounds.iter().zip(shares) {
            points.push((*from, y.at(sound(*share))));
            points.push((*to, y.at(sound(*share))));
        }
        points.extend(bounds.last().map(|(_, to)| (*to, below)));
        points
    };
    canvas.polygon(outline(reference), Role::Reference, if small { 0.5 } else { 0.55 });
    canvas.path(outline(current), Role::Current, if small { 1.2 } else { 1.8 });
    for (((pair, (from, to)), r), c) in edges.windows(2).zip(&bounds).zip(reference).zip(current) {
        let label = range(Kind::Number, pair[0], pair[1]);
        let (at_r, at_c) = (y.at(sound(*r)), y.at(sound(*c)));
        canvas.mark("reference", &label, valued(*r, drift.n.0), (*from, at_r, to - from, below - at_r));
        // A strip along the line, so that the filled step behind it can be reached too.
        canvas.mark("current", &label, valued(*c, drift.n.1), (*from, at_c - 3.0, to - from, 6.0));
    }
    if small {
        canvas.line((left, below + 0.5), (right, below + 0.5), Role::Axis, 0.5);
    } else {
        canvas.line((left, below), (right, below), Role::Axis, 1.0);
        value_axis(&mut canvas, Kind::Number, &x, below, height - 8.0);
    }
    Some(canvas.finish(format!("{}, reference and current", drift.name), description(drift, names)))
}

/// A share with the rows that it stands for.
fn valued(share: f64, n: u64) -> String {
    let rows = (sound(share) * n as f64).round();
    format!("{} (about {})", text::share(share), text::rows(rows as u64))
}

fn pairs(
    drift: &ColumnDrift,
    names: TableNames<'_>,
    size: Size,
    values: &[String],
    reference: &[f64],
    current: &[f64],
) -> Option<Figure> {
    if values.is_empty() || values.len() != reference.len() || values.len() != current.len() {
        return None;
    }
    let mut rows: Vec<(String, f64, f64)> =
        values.iter().zip(reference.iter().zip(current)).map(|(v, (r, c))| (v.clone(), sound(*r), sound(*c))).collect();
    if rows.len() > MOST_CATEGORIES {
        let tail = rows.split_off(MOST_CATEGORIES - 1);
        let name = match tail.as_slice() {
            [(only, ..)] => only.clone(),
            _ => format!("{} others", text::count(tail.len() as u64)),
        };
        rows.push((name, sound(tail.iter().map(|row| row.1).sum()), sound(tail.iter().map(|row| row.2).sum())));
    }
    let tallest = rows.iter().map(|row| row.1.max(row.2)).fold(0.0, f64::max);
    if tallest <= 0.0 {
        return None;
    }
    let canvas = match size {
        Size::Small => small_pairs(drift, &rows, tallest),
        Size::Full => full_pairs(drift, names, &rows, tallest),
    };
    Some(canvas.finish(format!("{}, reference and current", drift.name), description(drift, names)))
}

fn small_pairs(drift: &ColumnDrift, rows: &[(String, f64, f64)], tallest: f64) -> Canvas {
    let (width, height) = SMALL;
    let mut canvas = Canvas::new(width, height);
    let below = height - 1.0;
    let step = (width / rows.len().max(1) as f64).min(24.0);
    let half = (step - 2.0) / 2.0;
    for (i, (name, r, c)) in rows.iter().enumerate() {
        let x = i as f64 * step;
        let series =
            [("reference", *r, Role::Reference, x, drift.n.0), ("current", *c, Role::Current, x + half, drift.n.1)];
        for (series, share, role, x, n) in series {
            let tall = if share > 0.0 { (share / tallest * (height - 3.0)).max(0.8) } else { 0.0 };
            if tall > 0.0 {
                canvas.bar(x, below - tall, half - 0.3, tall, role, 1.0);
            }
            canvas.mark(series, name, valued(share, n), (x, below - tall, half, tall));
        }
    }
    canvas.line((0.0, below + 0.5), (width, below + 0.5), Role::Axis, 0.5);
    canvas
}

fn full_pairs(drift: &ColumnDrift, names: TableNames<'_>, rows: &[(String, f64, f64)], tallest: f64) -> Canvas {
    let step = 32.0;
    let height = 30.0 + rows.len() as f64 * step;
    let mut canvas = Canvas::new(WIDTH, height);
    legend(&mut canvas, drift, names, 0.0, WIDTH, true);
    let shown: Vec<String> = rows.iter().map(|row| text::fit(&row.0, TEXT, 180.0)).collect();
    let left = shown.iter().map(|name| text::width(name, TEXT)).fold(40.0, f64::max).min(180.0) + 8.0;
    let longest = WIDTH - left - 60.0;
    for (i, ((name, r, c), shown)) in rows.iter().zip(shown).enumerate() {
        let y = 28.0 + i as f64 * step;
        canvas.text(left - 6.0, y + 17.0, Align::End, shown);
        let series = [
            ("reference", *r, Role::Reference, y + 1.0, drift.n.0),
            ("current", *c, Role::Current, y + 14.0, drift.n.1),
        ];
        for (series, share, role, y, n) in series {
            let long = if share > 0.0 { (share / tallest * longest).max(0.8) } else { 0.0 };
            if long > 0.0 {
                canvas.bar(left, y, long, 12.0, role, 1.0);
            }
            canvas.text(left + long + 6.0, y + 9.8, Align::Start, text::share(share));
            canvas.mark(series, name, valued(share, n), (left, y, long, 12.0));
        }
    }
    canvas.line((left, 26.0), (left, height - 2.0), Role::Axis, 1.0);
    canvas
}
