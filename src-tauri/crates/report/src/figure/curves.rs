//! How a metric went, step by step, in one run or in several.

use proofmark_domain::foreign::Curve;

use super::Figure;
use super::canvas::{Align, Canvas, Role, TEXT};
use super::ticks::{self, Scale};
use crate::text;

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 250.0;
/// Runs that can be told apart by colour.
const MOST_RUNS: usize = 6;
/// Marks of all curves together: more would lie closer than a pointer can tell.
const MOST_MARKS: usize = 240;

const ROLES: [Role; MOST_RUNS] = [Role::Current, Role::One, Role::Two, Role::Three, Role::Four, Role::Five];

/// The name of a run, its points and how many were recorded.
type Drawn<'a> = (&'a str, Vec<(f64, f64)>, u64);

/// Draws the history of one metric in up to six runs, each with its name. Points without a finite value are gaps. `None` if there
/// are not two points to draw.
pub fn metric_curves(metric: &str, runs: &[(String, &Curve)]) -> Option<Figure> {
    let drawn: Vec<Drawn<'_>> = runs
        .iter()
        .take(MOST_RUNS)
        .map(|(name, curve)| {
            let points = curve.points.iter().filter(|it| it.value.is_finite()).map(|it| (it.step as f64, it.value));
            (name.as_str(), points.collect(), curve.recorded)
        })
        .collect();
    let all = || drawn.iter().flat_map(|(_, points, _)| points.iter());
    if all().count() < 2 {
        return None;
    }
    let range = |part: fn(&(f64, f64)) -> f64| {
        let (low, high) =
            all().map(part).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        // A constant still needs some room around it.
        if low == high { (low - low.abs().max(1.0) * 0.05, high + high.abs().max(1.0) * 0.05) } else { (low, high) }
    };
    let (steps, values) = (range(|it| it.0), range(|it| it.1));
    let several = drawn.len() > 1;
    let labels = ticks::labelled(values.0, values.1, 6);
    let left = labels.iter().map(|tick| text::width(&tick.label, TEXT)).fold(20.0, f64::max) + 14.0;
    let (right, above) = (WIDTH - 12.0, if several { 26.0 } else { 12.0 });
    let below = HEIGHT - 38.0;
    let x = Scale { low: steps.0, high: steps.1, from: left, to: right };
    let y = Scale { low: values.0, high: values.1, from: below, to: above };
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    for tick in labels {
        let at = y.at(tick.at);
        canvas.line((left, at), (right, at), Role::Grid, 1.0);
        canvas.text(left - 6.0, at + 3.8, Align::End, tick.label);
    }
    for tick in ticks::labelled(steps.0, steps.1, 8) {
        canvas.text(x.at(tick.at), below + 15.0, Align::Middle, tick.label);
    }
    canvas.text((left + right) / 2.0, HEIGHT - 6.0, Align::Middle, "step");
    canvas.line((left, below), (right, below), Role::Axis, 1.0);
    let mut legend = left;
    let marks_each = (MOST_MARKS / drawn.len()).max(2);
    for ((name, points, recorded), role) in drawn.iter().zip(ROLES) {
        let on_sheet: Vec<(f64, f64)> = points.iter().map(|(step, value)| (x.at(*step), y.at(*value))).collect();
        match on_sheet.as_slice() {
            [] => {}
            [(at_x, at_y)] => canvas.dot(*at_x, *at_y, 3.0, role),
            _ => canvas.path(on_sheet, role, 1.5),
        }
        if several {
            let shown = text::fit(name, TEXT, 150.0);
            canvas.line((legend, 12.0), (legend + 14.0, 12.0), role, 2.0);
            canvas.text(legend + 18.0, 15.8, Align::Start, shown.clone());
            legend += 30.0 + text::width(&shown, TEXT);
        }
        let stride = points.len().div_ceil(marks_each).max(1);
        let last = points.len().saturating_sub(1);
        for (_, (step, value)) in points.iter().enumerate().filter(|(index, _)| index % stride == 0 || *index == last) {
            canvas.mark(
                name,
                &format!("step {}", text::number(*step)),
                text::number(*value),
                (x.at(*step) - 2.0, y.at(*value) - 2.0, 4.0, 4.0),
            );
        }
        let _ = recorded;
    }
    let points: u64 = drawn.iter().map(|(.., recorded)| recorded).sum();
    let mut description = format!("{} of {metric}", text::plural(points, "value", "values"));
    match drawn.as_slice() {
        [(_, points, _)] => {
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                description.push_str(&format!(", from {} to {}.", text::number(first.1), text::number(last.1)));
            }
        }
        several => description.push_str(&format!(" in {}.", text::plural(several.len() as u64, "run", "runs"))),
    }
    if runs.len() > MOST_RUNS {
        description.push_str(&format!(" The first {MOST_RUNS} runs are drawn."));
    }
    Some(canvas.finish(metric.to_owned(), description))
}

#[cfg(test)]
mod tests {
    use proofmark_domain::foreign::MetricPoint;

    use super::*;

    fn curve(values: &[f64]) -> Curve {
        let points = (0..).zip(values).map(|(step, value)| MetricPoint { step, at: None, value: *value }).collect();
        Curve { recorded: values.len() as u64, points }
    }

    #[test]
    fn values_that_cannot_be_drawn_are_left_out() {
        assert_eq!(metric_curves("loss", &[("a".into(), &curve(&[f64::NAN, 1.0]))]), None, "one point is no curve");
        let drawn = metric_curves("loss", &[("a".into(), &curve(&[3.0, f64::INFINITY, 1.0]))]);
        let drawn = drawn.map(|it| (it.marks.len(), it.svg.contains("NaN"), it.description));
        assert_eq!(drawn, Some((2, false, "3 values of loss, from 3 to 1.".to_owned())));
        assert!(metric_curves("flat", &[("a".into(), &curve(&[2.0, 2.0, 2.0]))]).is_some(), "a constant is a line");
    }

    #[test]
    fn several_runs_share_one_scale() {
        let (a, b) = (curve(&[0.0, 1.0]), curve(&[10.0, 5.0, 0.0]));
        let drawn = metric_curves("auc", &[("first".into(), &a), ("second".into(), &b)]);
        let series: Vec<String> =
            drawn.map(|it| it.marks.into_iter().map(|mark| mark.series).collect()).unwrap_or_default();
        assert_eq!(series, ["first", "first", "second", "second", "second"]);
    }
}
