//! What a classifier sees that is asked to tell two tables apart.

use proofmark_domain::drift::{Driver, JointDrift};

use super::Figure;
use super::canvas::{Align, Canvas, Role, TEXT};
use super::ticks::Scale;
use crate::text;

/// Marks of a curve: more would lie closer than a pointer can tell.
const MOST_MARKS: usize = 40;
const MOST_DRIVERS: usize = 15;

/// `AUC 0.73 (95 % 0.71 to 0.75)`.
pub(crate) fn auc_words(joint: &JointDrift) -> Option<String> {
    let auc = joint.auc.filter(|auc| auc.is_finite())?;
    let interval = joint.interval.filter(|(a, b)| a.is_finite() && b.is_finite());
    Some(match interval {
        Some((a, b)) => {
            format!("AUC {} (95\u{a0}% {} to {})", text::decimal(auc, 3), text::decimal(a, 3), text::decimal(b, 3))
        }
        None => format!("AUC {}", text::decimal(auc, 3)),
    })
}

/// Draws the ROC curve of the classifier with the diagonal of chance. `None` if there are not two finite points.
pub fn roc(joint: &JointDrift) -> Option<Figure> {
    let mut points: Vec<(f64, f64)> = joint
        .roc
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|(x, y)| (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0)))
        .collect();
    if points.len() < 2 {
        return None;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (width, height) = (340.0, 330.0);
    let (left, right, above, below) = (44.0, 316.0, 14.0, 286.0);
    let mut canvas = Canvas::new(width, height);
    let (x, y) =
        (Scale { low: 0.0, high: 1.0, from: left, to: right }, Scale { low: 0.0, high: 1.0, from: below, to: above });
    for percent in [0.0, 25.0, 50.0, 75.0, 100.0] {
        let (at_x, at_y) = (x.at(percent / 100.0), y.at(percent / 100.0));
        canvas.line((at_x, above), (at_x, below), Role::Grid, 1.0);
        canvas.line((left, at_y), (right, at_y), Role::Grid, 1.0);
        canvas.text(at_x, below + 15.0, Align::Middle, format!("{percent:.0}\u{a0}%"));
        canvas.text(left - 6.0, at_y + 3.8, Align::End, format!("{percent:.0}\u{a0}%"));
    }
    canvas.dashes((x.at(0.0), y.at(0.0)), (x.at(1.0), y.at(1.0)), Role::Reference, 1.2);
    let drawn: Vec<(f64, f64)> = points.iter().map(|(a, b)| (x.at(*a), y.at(*b))).collect();
    canvas.path(drawn, Role::Current, 2.0);
    canvas.line((left, below), (right, below), Role::Axis, 1.0);
    canvas.line((left, above), (left, below), Role::Axis, 1.0);
    canvas.text((left + right) / 2.0, height - 10.0, Align::Middle, "reference rows taken for current");
    canvas.text(left + 8.0, above + 14.0, Align::Start, "current rows recognised");
    let words = auc_words(joint);
    if let Some(words) = &words {
        canvas.strong(right - 8.0, below - 26.0, Align::End, words.clone());
    }
    canvas.text(right - 8.0, below - 10.0, Align::End, "dashed: chance, AUC 0.5");
    let stride = points.len().div_ceil(MOST_MARKS).max(1);
    let last = points.len() - 1;
    for (i, (a, b)) in points.iter().enumerate().filter(|(i, _)| i % stride == 0 || *i == last) {
        let _ = i;
        let label = format!("{} of reference rows taken for current", text::share(*a));
        canvas.mark(
            "current",
            &label,
            format!("{} of current rows recognised", text::share(*b)),
            (x.at(*a), y.at(*b), 0.0, 0.0),
        );
    }
    let lead = words.map_or_else(String::new, |words| format!("{words}; 0.5 is chance. "));
    Some(canvas.finish("Can a classifier tell the tables apart?".to_owned(), format!("{lead}{}", joint.why)))
}

/// Draws the columns that tell the tables apart, strongest first, at most 15. `None` if none has weight.
pub fn importance(drivers: &[Driver]) -> Option<Figure> {
    let mut weighed: Vec<(&str, f64)> = drivers
        .iter()
        .filter(|driver| driver.importance.is_finite() && driver.importance > 0.0)
        .map(|driver| (driver.column.as_str(), driver.importance))
        .collect();
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let total = weighed.len();
    weighed.truncate(MOST_DRIVERS);
    let strongest = weighed.first()?.1;
    let (width, step) = (480.0, 20.0);
    let height = weighed.len() as f64 * step + 6.0;
    let mut canvas = Canvas::new(width, height);
    let names: Vec<String> = weighed.iter().map(|(name, _)| text::fit(name, TEXT, 170.0)).collect();
    let left = names.iter().map(|name| text::width(name, TEXT)).fold(40.0, f64::max).min(170.0) + 8.0;
    let longest = width - left - 70.0;
    for (i, ((name, weight), shown)) in weighed.iter().zip(names).enumerate() {
        let y = 3.0 + i as f64 * step;
        let long = (weight / strongest * longest).max(0.8);
        canvas.text(left - 6.0, y + 13.8, Align::End, shown);
        canvas.bar(left, y + 3.0, long, step - 6.0, Role::Two, 1.0);
        canvas.text(left + long + 6.0, y + 13.8, Align::Start, text::number(*weight));
        canvas.mark("importance", name, text::number(*weight), (left, y + 3.0, long, step - 6.0));
    }
    canvas.line((left, 2.0), (left, height - 2.0), Role::Axis, 1.0);
    let mut description = format!(
        "Importance of {} to the classifier, strongest first.",
        text::plural(total as u64, "column", "columns")
    );
    if total > MOST_DRIVERS {
        description.push_str(&format!(" The {MOST_DRIVERS} strongest are shown."));
    }
    Some(canvas.finish("What tells the tables apart".to_owned(), description))
}
