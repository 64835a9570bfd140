//! The distribution of one column of one table.

use proofmark_domain::profile::{ColumnProfile, Meaning};

use super::canvas::{Align, Canvas, Role, TEXT};
use super::ticks::{self, Kind, Scale};
use super::{Figure, Size};
use crate::text;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 190.0;
pub(super) const SMALL: (f64, f64) = (120.0, 28.0);
/// Bars of a full figure, the rest and the missing rows not counted.
const MOST_BARS: usize = 12;

/// Draws a column: a histogram of numbers and times, bars of the most frequent values of categories.
///
/// `rows` are the rows of the table. `None` if there is nothing to draw: no rows, no values, or a column of names,
/// free text or structures, whose values hardly repeat. Of a masked column neither values nor their range are written.
pub fn column(profile: &ColumnProfile, rows: u64, size: Size) -> Option<Figure> {
    if rows == 0 {
        return None;
    }
    match profile.meaning {
        Meaning::Number | Meaning::Date | Meaning::Time => {
            histogram(profile, rows, size).or_else(|| values(profile, rows, size))
        }
        Meaning::Boolean | Meaning::Category => values(profile, rows, size),
        Meaning::Identifier | Meaning::Text | Meaning::Nested | Meaning::Empty => None,
    }
}

/// Bins that can be drawn: finite, ascending, as many counts as intervals. One bin may have no width.
pub(super) fn usable(edges: &[f64], counts: usize) -> bool {
    let single = edges.len() == 2;
    counts > 0
        && edges.len() == counts + 1
        && edges.iter().all(|edge| edge.is_finite())
        && edges.windows(2).all(|pair| pair[0] < pair[1] || (single && pair[0] == pair[1]))
}

/// `12 to 15`, or the one value of a bin without width.
pub(super) fn range(kind: Kind, low: f64, high: f64) -> String {
    let (a, b) = (ticks::value(kind, low), ticks::value(kind, high));
    if a == b { a } else { format!("{a} to {b}") }
}

fn missing(profile: &ColumnProfile, rows: u64) -> String {
    match profile.nulls {
        0 => "no row lacks a value".to_owned(),
        nulls => format!("{} of rows lack a value", text::share(text::ratio(nulls, rows))),
    }
}

fn histogram(profile: &ColumnProfile, rows: u64, size: Size) -> Option<Figure> {
    let histogram = profile.histogram.as_ref()?;
    let (edges, counts) = (&histogram.edges, &histogram.counts);
    let tallest = counts.iter().copied().max().unwrap_or(0);
    if !usable(edges, counts.len()) || tallest == 0 {
        return None;
    }
    let kind = match profile.meaning {
        Meaning::Date => Kind::Day,
        Meaning::Time => Kind::Moment,
        _ => Kind::Number,
    };
    let (low, high) = (*edges.first()?, *edges.last()?);
    let small = size == Size::Small;
    let (width, height) = if small { SMALL } else { (WIDTH, HEIGHT) };
    let mut canvas = Canvas::new(width, height);

    let top = if small { tallest as f64 } else { tallest as f64 * 1.04 };
    let (mut left, right, above, below) =
        if small { (0.0, width, 1.0, height - 1.0) } else { (0.0, width - 14.0, 26.0, height - 24.0) };
    let levels = ticks::counts(top, 5);
    if !small {
        left = levels.iter().map(|tick| text::width(&tick.label, TEXT)).fold(0.0, f64::max) + 10.0;
    }
    let y = Scale { low: 0.0, high: top, from: below, to: above };
    let x = Scale { low, high, from: left, to: right };
    if !small {
        for tick in &levels {
            canvas.line((left, y.at(tick.at)), (right, y.at(tick.at)), Role::Grid, 1.0);
            canvas.text(left - 6.0, y.at(tick.at) + 3.8, Align::End, tick.label.clone());
        }
        let shown = format!("{} · {}", text::rows(rows), missing(profile, rows));
        canvas.text(left, 12.0, Align::Start, shown);
    }
    let n = counts.len();
    for (i, (pair, count)) in edges.windows(2).zip(counts).enumerate() {
        let (mut from, mut to) = (x.at(pair[0]), x.at(pair[1]));
        if pair[0] == pair[1] {
            let middle = (left + right) / 2.0;
            let half = if small { 6.0 } else { 20.0 };
            (from, to) = (middle - half, middle + half);
        }
        let gap = ((to - from) * 0.12).min(1.0);
        // A bin that holds something is never invisible.
        let tip = if *count > 0 { y.at(*count as f64).min(below - 0.8) } else { below };
        if *count > 0 {
            canvas.bar(from, tip, (to - from - gap).max(0.2), below - tip, Role::One, 1.0);
        }
        let label = if profile.masked { format!("interval {} of {n}", i + 1) } else { range(kind, pair[0], pair[1]) };
        let value = format!("{} ({})", text::share(text::ratio(*count, rows)), text::rows(*count));
        canvas.mark("rows", &label, value, (from, tip, to - from, below - tip));
    }
    if small {
        canvas.line((left, below + 0.5), (right, below + 0.5), Role::Axis, 0.5);
    } else {
        canvas.line((left, below), (right, below), Role::Axis, 1.0);
        if profile.masked {
            canvas.text((left + right) / 2.0, height - 8.0, Align::Middle, "values masked: the column is sensitive");
        } else {
            value_axis(&mut canvas, kind, &x, below, height - 8.0);
        }
    }
    let spread = if profile.masked { String::new() } else { format!(" from {}", range(kind, low, high)) };
    let what = text::plural(n as u64, "interval", "intervals");
    let description = format!("Histogram of {} in {what}{spread}; {}.", text::rows(rows), missing(profile, rows));
    Some(canvas.finish(format!("Distribution of {}", profile.name), description))
}

/// Ticks and labels of the values below a plot.
pub(super) fn value_axis(canvas: &mut Canvas, kind: Kind, x: &Scale, below: f64, baseline: f64) {
    let ticks = if x.low == x.high {
        vec![ticks::Tick { at: x.low, label: ticks::value(kind, x.low) }]
    } else {
        ticks::axis(kind, x)
    };
    for tick in ticks {
        let at = x.at(tick.at);
        canvas.line((at, below), (at, below + 4.0), Role::Axis, 1.0);
        let half = text::width(&tick.label, TEXT) / 2.0;
        let (place, align) = if at - half < 0.0 {
            (0.0, Align::Start)
        } else if at + half > x.to + 14.0 {
            (x.to + 14.0, Align::End)
        } else {
            (at, Align::Middle)
        };
        canvas.text(place, baseline, align, tick.label);
    }
}

enum Look {
    Filled,
    Pale,
    Hollow,
}

fn values(profile: &ColumnProfile, rows: u64, size: Size) -> Option<Figure> {
    if profile.top.is_empty() || profile.top.iter().all(|entry| entry.count == 0) {
        return None;
    }
    let shown = profile.top.len().min(MOST_BARS);
    let mut bars: Vec<(String, u64, Look)> =
        profile.top.iter().take(shown).map(|entry| (text::scalar(&entry.value), entry.count, Look::Filled)).collect();
    let counted = bars.iter().fold(0u64, |sum, (_, count, _)| sum.saturating_add(*count));
    let rest = rows.saturating_sub(profile.nulls).saturating_sub(counted);
    let others = profile.distinct.saturating_sub(shown as u64);
    if rest > 0 {
        let about = if profile.distinct_is_estimate { "about " } else { "" };
        let name =
            if others > 0 { format!("{about}{}", text::plural(others, "other", "others")) } else { "other".to_owned() };
        bars.push((name, rest, Look::Pale));
    }
    if profile.nulls > 0 {
        bars.push(("no value".to_owned(), profile.nulls, Look::Hollow));
    }
    let tallest = bars.iter().map(|(_, count, _)| *count).max().filter(|count| *count > 0)? as f64;
    let canvas = match size {
        Size::Small => columns_of(&bars, rows, tallest),
        Size::Full => bars_of(&bars, rows, tallest),
    };
    let about = if profile.distinct_is_estimate { "about " } else { "" };
    let most = profile.top.first().map_or_else(String::new, |entry| {
        format!("; the most frequent is {} with {}", entry.value, text::share(text::ratio(entry.count, rows)))
    });
    let description = format!(
        "Most frequent of {about}{} in {}{most}; {}.",
        text::plural(profile.distinct, "value", "values"),
        text::rows(rows),
        missing(profile, rows)
    );
    Some(canvas.finish(format!("Values of {}", profile.name), description))
}

fn value_of(count: u64, rows: u64) -> String {
    format!("{} ({})", text::share(text::ratio(count, rows)), text::rows(count))
}

fn columns_of(bars: &[(String, u64, Look)], rows: u64, tallest: f64) -> Canvas {
    let (width, height) = SMALL;
    let mut canvas = Canvas::new(width, height);
    let below = height - 1.0;
    let step = (width / bars.len().max(1) as f64).min(20.0);
    for (i, (name, count, look)) in bars.iter().enumerate() {
        let x = i as f64 * step;
        let tall = (*count as f64 / tallest * (height - 3.0)).max(0.8);
        match look {
            Look::Filled => canvas.bar(x, below - tall, step - 1.5, tall, Role::One, 1.0),
            Look::Pale => canvas.bar(x, below - tall, step - 1.5, tall, Role::One, 0.4),
            Look::Hollow => canvas.frame(x + 0.5, below - tall + 0.5, step - 2.5, (tall - 1.0).max(0.5), Role::Axis),
        }
        canvas.mark("rows", name, value_of(*count, rows), (x, below - tall, step, tall));
    }
    canvas.line((0.0, below + 0.5), (width, below + 0.5), Role::Axis, 0.5);
    canvas
}

fn bars_of(bars: &[(String, u64, Look)], rows: u64, tallest: f64) -> Canvas {
    let step = 20.0;
    let height = bars.len() as f64 * step + 26.0;
    let mut canvas = Canvas::new(WIDTH, height);
    canvas.text(0.0, 12.0, Align::Start, text::rows(rows));
    let names: Vec<String> = bars.iter().map(|(name, ..)| text::fit(name, TEXT, 150.0)).collect();
    let left = names.iter().map(|name| text::width(name, TEXT)).fold(30.0, f64::max).min(150.0) + 8.0;
    let value_room = bars
        .iter()
        .map(|(_, count, _)| {
            text::width(&format!("{} · {}", text::share(text::ratio(*count, rows)), text::count(*count)), TEXT)
        })
        .fold(0.0, f64::max);
    let longest = (WIDTH - left - value_room - 10.0).max(40.0);
    for (i, ((name, count, look), shown)) in bars.iter().zip(names).enumerate() {
        let y = 22.0 + i as f64 * step;
        let long = (*count as f64 / tallest * longest).max(0.8);
        match look {
            Look::Filled => canvas.bar(left, y + 2.0, long, step - 6.0, Role::One, 1.0),
            Look::Pale => canvas.bar(left, y + 2.0, long, step - 6.0, Role::One, 0.4),
            Look::Hollow => canvas.frame(left + 0.5, y + 2.5, (long - 1.0).max(0.5), step - 7.0, Role::Axis),
        }
        canvas.text(left - 6.0, y + 12.8, Align::End, shown);
        let share = text::share(text::ratio(*count, rows));
        canvas.text(left + long + 6.0, y + 12.8, Align::Start, format!("{share} · {}", text::count(*count)));
        canvas.mark("rows", name, value_of(*count, rows), (left, y + 2.0, long, step - 6.0));
    }
    canvas.line((left, 22.0), (left, height - 3.0), Role::Axis, 1.0);
    canvas
}
