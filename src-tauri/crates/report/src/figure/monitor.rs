//! How a model did over time: panels under each other that share one axis of time.

use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::monitor::{ModelMonitor, MonitorWindow};

use super::canvas::{Align, Canvas, Role, TEXT};
use super::ticks::{self, Scale};
use super::{Figure, Size};
use crate::text;

const WIDTH: f64 = 980.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const PANEL: f64 = 92.0;
const GAP: f64 = 30.0;
const ABOVE: f64 = 22.0;

/// A value and its interval.
type Point = (f64, Option<(f64, f64)>);

/// One line of a panel.
struct Series {
    name: &'static str,
    role: Role,
    /// Value and interval by window.
    points: Vec<Option<Point>>,
    /// Dots rather than a line: measured, not estimated.
    dots: bool,
}

struct Panel {
    title: String,
    series: Vec<Series>,
    /// Dashed: what it is held against.
    limit: Option<f64>,
    /// Whether the axis begins at zero.
    from_zero: bool,
    bars: bool,
}

fn when(window: &MonitorWindow, at: usize) -> String {
    window.start.map_or_else(
        || format!("window {}", at + 1),
        |it| it.to_string().get(..16).unwrap_or_default().replace('T', " "),
    )
}

fn short_when(window: &MonitorWindow, at: usize, days: bool) -> String {
    let text = when(window, at);
    if days { text.get(..10).unwrap_or(&text).to_owned() } else { text }
}

fn panels(model: &ModelMonitor) -> Vec<Panel> {
    let windows = &model.windows;
    let series = |name, role, dots, of: &dyn Fn(&MonitorWindow) -> Option<Point>| Series {
        name,
        role,
        points: windows.iter().map(|it| of(it).filter(|it| it.0.is_finite())).collect(),
        dots,
    };
    let mut found = vec![Panel {
        title: "Predictions".to_owned(),
        series: vec![series("predictions", Role::Current, false, &|it| Some((it.rows as f64, None)))],
        limit: None,
        from_zero: true,
        bars: true,
    }];
    let chief = ["accuracy", "mae", "roc_auc", "f1"].into_iter().find(|metric| {
        windows.iter().any(|it| {
            it.performance.realised.contains_key(*metric)
                || it.performance.estimated.get(*metric).is_some_and(|it| it.value.is_some())
        })
    });
    if let Some(metric) = chief {
        found.push(Panel {
            title: format!(
                "{}: measured (dots) and estimated (line), with 95 % intervals; dashes: the reference",
                if metric == "mae" { "Mean absolute error" } else { metric }
            ),
            series: vec![
                series("estimated", Role::One, false, &|it| {
                    let it = it.performance.estimated.get(metric)?;
                    Some((it.value?, it.interval))
                }),
                series("measured", Role::Current, true, &|it| {
                    let it = it.performance.realised.get(metric)?;
                    Some((it.value, Some(it.interval)))
                }),
            ],
            limit: windows.iter().find_map(|it| it.performance.reference.get(metric).copied()),
            from_zero: false,
            bars: false,
        });
    }
    if windows.iter().any(|it| it.drift.is_some()) {
        found.push(Panel {
            title: "Columns that drifted, of those compared".to_owned(),
            series: vec![series("drifted columns", Role::Current, false, &|it| {
                let drift = it.drift.as_ref().filter(|it| it.verdict != DriftVerdict::CannotTell)?;
                Some((drift.drifted as f64, None))
            })],
            limit: None,
            from_zero: true,
            bars: true,
        });
    }
    if windows.iter().any(|it| it.confidence.is_some()) {
        found.push(Panel {
            title: "Confidence: mean largest probability".to_owned(),
            series: vec![series("confidence", Role::One, false, &|it| {
                it.confidence.map(|it| (it.max_probability, Some(it.interval)))
            })],
            limit: None,
            from_zero: false,
            bars: false,
        });
    }
    if windows.iter().any(|it| it.usage.errors > 0) {
        found.push(Panel {
            title: "Share of requests that failed".to_owned(),
            series: vec![series("failed", Role::Two, false, &|it| Some((it.usage.error_rate, None)))],
            limit: None,
            from_zero: true,
            bars: true,
        });
    }
    found
}

/// The part of a model's time from one window to another, both counted from 0 and included.
///
/// Alerts that lasted into it stand at its first window.
fn part(model: &ModelMonitor, (first, last): (u64, u64)) -> ModelMonitor {
    let end = model.windows.len() as u64;
    let (first, last) = (first.min(last), first.max(last).min(end.saturating_sub(1)));
    let mut part = model.clone();
    part.windows = model.windows.get(first as usize..=last as usize).unwrap_or_default().to_vec();
    part.alerts.retain(|it| it.window <= last && it.window + it.windows.max(1) > first);
    for alert in &mut part.alerts {
        alert.window = alert.window.saturating_sub(first);
    }
    part
}

/// Windows in which another version answered most requests than in the window before.
fn deployments(windows: &[MonitorWindow]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut known: Option<&str> = None;
    for (at, window) in windows.iter().enumerate() {
        let Some(most) = window.usage.versions.iter().max_by_key(|it| it.rows) else { continue };
        if known.is_some_and(|it| it != most.name) {
            found.push((at, most.name.clone()));
        }
        known = Some(&most.name);
    }
    found
}

/// Draws a model over time, or a part of it: the windows of `span`, counted from 0, both ends included; small, only its predictions as a
/// line. `None` without windows.
pub fn monitor(model: &ModelMonitor, size: Size, span: Option<(u64, u64)>) -> Option<Figure> {
    let chosen = span.map(|span| part(model, span));
    let model = chosen.as_ref().unwrap_or(model);
    if model.windows.is_empty() {
        return None;
    }
    if size == Size::Small {
        return Some(spark(&model.windows.iter().map(|it| it.rows).collect::<Vec<_>>()));
    }
    let panels = panels(model);
    let height = ABOVE + panels.len() as f64 * (PANEL + GAP) + 26.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let n = model.windows.len();
    let step = (WIDTH - LEFT - RIGHT) / n as f64;
    let x = |at: usize| LEFT + (at as f64 + 0.5) * step;
    for (place, panel) in panels.iter().enumerate() {
        let top = ABOVE + place as f64 * (PANEL + GAP);
        draw(&mut canvas, panel, model, (top, top + PANEL), step, &x);
    }
    let bottom = ABOVE + panels.len() as f64 * (PANEL + GAP) - GAP;
    for (window, version) in deployments(&model.windows).into_iter().take(12) {
        let at = LEFT + window as f64 * step;
        canvas.dashes((at, ABOVE), (at, bottom), Role::Reference, 1.0);
        let said = format!("version {} answers from here on", text::clean(&version));
        canvas.mark("deployment", &when_of(model, window), said, (at - 2.0, bottom, 4.0, 10.0));
    }
    for alert in model.alerts.iter().take(12) {
        let at = LEFT + alert.window as f64 * step;
        canvas.dashes((at, ABOVE), (at, bottom), Role::Two, 1.0);
        canvas.mark(
            "alert",
            &when_of(model, alert.window as usize),
            alert.sentence.clone(),
            (at - 2.0, ABOVE - 14.0, 4.0, 12.0),
        );
    }
    let days = model
        .windows
        .windows(2)
        .all(|it| it[0].start.zip(it[1].start).is_none_or(|(a, b)| b.ms() - a.ms() >= 86_400_000));
    let label_width = if days { 74.0 } else { 110.0 };
    let every = (label_width / step).ceil().max(1.0) as usize;
    for (at, window) in model.windows.iter().enumerate().step_by(every) {
        let half = label_width / 2.0;
        canvas.text(x(at).clamp(half, WIDTH - half), bottom + 18.0, Align::Middle, short_when(window, at, days));
    }
    let name = model.model.as_deref().map_or_else(|| "The model".to_owned(), text::clean);
    let description = format!("{name} over {}. {}", text::plural(n as u64, "window", "windows"), model.health.why);
    Some(canvas.finish(format!("{name} over time"), description))
}

fn when_of(model: &ModelMonitor, at: usize) -> String {
    model.windows.get(at).map_or_else(String::new, |it| when(it, at))
}

fn draw(
    canvas: &mut Canvas,
    panel: &Panel,
    model: &ModelMonitor,
    (top, bottom): (f64, f64),
    step: f64,
    x: &dyn Fn(usize) -> f64,
) {
    let values = panel.series.iter().flat_map(|it| it.points.iter().flatten());
    let ends = values
        .flat_map(|(value, interval)| interval.map_or([*value, *value], |(low, high)| [low, high]))
        .chain(panel.limit);
    let (mut low, mut high) = ends.fold((f64::MAX, f64::MIN), |it, value| (it.0.min(value), it.1.max(value)));
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    if panel.from_zero {
        (low, high) = (0.0, ticks::ceiling(high.max(1e-9)));
    } else {
        let room = ((high - low) * 0.1).max(high.abs() * 1e-3).max(1e-9);
        (low, high) = (low - room, high + room);
    }
    let y = Scale { low, high, from: bottom, to: top };
    canvas.strong(LEFT, top - 7.0, Align::Start, text::fit(&panel.title, TEXT, WIDTH - LEFT - RIGHT));
    let marks = if panel.bars && high >= 3.0 { ticks::counts(high, 3) } else { ticks::labelled(low, high, 3) };
    for tick in marks {
        let at = y.at(tick.at);
        canvas.line((LEFT, at), (WIDTH - RIGHT, at), Role::Grid, 1.0);
        canvas.text(LEFT - 8.0, at + 3.8, Align::End, tick.label);
    }
    canvas.line((LEFT, bottom), (WIDTH - RIGHT, bottom), Role::Axis, 1.0);
    if let Some(limit) = panel.limit {
        canvas.dashes((LEFT, y.at(limit)), (WIDTH - RIGHT, y.at(limit)), Role::Reference, 1.5);
    }
    for series in &panel.series {
        let mut line: Vec<(f64, f64)> = Vec::new();
        for (at, point) in series.points.iter().enumerate() {
            let Some((value, interval)) = point else {
                flush(canvas, &mut line, series.role);
                continue;
            };
            let place = (x(at), y.at(*value));
            if panel.bars {
                let wide = (step * 0.7).max(1.0);
                canvas.bar(place.0 - wide / 2.0, place.1, wide, bottom - place.1, series.role, 0.85);
            } else {
                if let Some((from, to)) = interval {
                    canvas.line((place.0, y.at(*from)), (place.0, y.at(*to)), series.role, 1.0);
                }
                if series.dots { canvas.dot(place.0, place.1, 2.5, series.role) } else { line.push(place) }
            }
            let said = match interval {
                Some((from, to)) => format!(
                    "{} {} (95\u{a0}% {} to {})",
                    series.name,
                    text::number(*value),
                    text::number(*from),
                    text::number(*to)
                ),
                None => format!("{} {}", series.name, text::number(*value)),
            };
            canvas.mark(series.name, &when_of(model, at), said, (place.0 - step / 2.0, place.1 - 4.0, step, 8.0));
        }
        flush(canvas, &mut line, series.role);
    }
}

fn flush(canvas: &mut Canvas, line: &mut Vec<(f64, f64)>, role: Role) {
    let points = std::mem::take(line);
    match points.as_slice() {
        [] => {}
        [(x, y)] => canvas.dot(*x, *y, 2.0, role),
        _ => canvas.path(points, role, 1.5),
    }
}

/// The number of predictions as a line, for the row of a table.
pub fn spark(requests: &[u64]) -> Figure {
    const W: f64 = 120.0;
    const H: f64 = 28.0;
    let mut canvas = Canvas::new(W, H);
    let most = requests.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = W / requests.len().max(1) as f64;
    for (at, rows) in requests.iter().enumerate() {
        let high = *rows as f64 / most * (H - 4.0);
        canvas.bar(at as f64 * step, H - high - 1.0, (step * 0.8).max(0.5), high, Role::Current, 0.85);
    }
    let description = format!(
        "Predictions in {}, at most {most:.0} in one.",
        text::plural(requests.len() as u64, "window", "windows")
    );
    canvas.finish("Predictions over time".to_owned(), description)
}
