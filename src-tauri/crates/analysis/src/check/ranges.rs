//! Quantities that their own name keeps within limits: no place lies at a latitude of 140.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, show};
use super::paired::words_of;
use super::view::{View, ViewColumn};

/// What a name promises of its values.
struct Promise {
    least: f64,
    greatest: f64,
    why: &'static str,
    /// Share of the values that must keep the promise, or the name means something else here.
    kept: f64,
}

/// Units after a name, as in `age_days`, which change what its numbers mean.
const OTHER_UNITS: [&str; 12] =
    ["days", "months", "weeks", "hours", "minutes", "seconds", "ms", "group", "band", "class", "bucket", "code"];

fn promise(name: &str) -> Option<Promise> {
    let words = words_of(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let last = words.last().map(String::as_str).unwrap_or_default();
    let promise = |least: f64, greatest: f64, why| Some(Promise { least, greatest, why, kept: 0.95 });
    let changed = has(&[
        "change",
        "delta",
        "diff",
        "difference",
        "growth",
        "increase",
        "log",
        "scaled",
        "norm",
        "z",
        "std",
        "error",
        "residual",
        "shift",
        "offset",
        "trend",
    ]);
    if changed {
        return None;
    }
    if has(&["latitude", "lat"]) {
        return promise(-90.0, 90.0, "a latitude lies between -90 and 90 degrees");
    }
    if has(&["longitude", "lon", "lng", "long"]) && !has(&["term"]) {
        return promise(-180.0, 360.0, "a longitude lies between -180 and 360 degrees");
    }
    if last == "age" && words.len() <= 2 && !has(&OTHER_UNITS) || has(&["age"]) && last == "years" {
        return promise(0.0, 125.0, "nobody is older than 125 years, or younger than 0");
    }
    if has(&["probability", "prob", "proba"]) {
        return promise(0.0, 1.0, "a probability lies between 0 and 1");
    }
    if has(&["humidity"]) {
        return promise(0.0, 105.0, "a humidity lies between 0 and 100 %");
    }
    if has(&["direction", "bearing", "heading", "azimuth"])
        && has(&["deg", "degrees", "direction", "bearing", "azimuth"])
    {
        return promise(-180.0, 360.0, "a direction lies between -180 and 360 degrees");
    }
    match last {
        "month" => return promise(0.0, 12.0, "a year has 12 months"),
        "hour" => return promise(0.0, 24.0, "a day has 24 hours"),
        "minute" => return promise(0.0, 60.0, "an hour has 60 minutes"),
        "weekday" | "dayofweek" | "dow" => return promise(0.0, 7.0, "a week has 7 days"),
        "ph" => return promise(-1.0, 15.0, "a pH lies between 0 and 14"),
        _ => {}
    }
    if has(&["rate", "share", "fraction", "score"]) && words.len() > 1 {
        // These words are also used for what has other limits; only if all but a few values lie between 0 and 1 they mean a share.
        return Some(Promise {
            least: 0.0,
            greatest: 1.0,
            why: "all other values are shares between 0 and 1",
            kept: 0.98,
        });
    }
    const NEVER_NEGATIVE: [&str; 22] = [
        "weight",
        "height",
        "length",
        "width",
        "distance",
        "area",
        "volume",
        "duration",
        "population",
        "salary",
        "speed",
        "age",
        "tenure",
        "quantity",
        "passengers",
        "rooms",
        "mileage",
        "depth",
        "kg",
        "km",
        "thickness",
        "size",
    ];
    if has(&NEVER_NEGATIVE) {
        return Some(Promise {
            least: 0.0,
            greatest: f64::INFINITY,
            why: "such a quantity is never below zero",
            kept: 0.97,
        });
    }
    None
}

/// Holds a column against what its name promises. `found` are values that were called sentinels already. Returns the values that
/// cannot be.
pub fn check(view: &View, column: &ViewColumn, values: &[f64], found: &[f64], findings: &mut Vec<Finding>) -> Vec<f64> {
    let Some(promise) = promise(&column.name) else { return Vec::new() };
    let finite = values.iter().filter(|v| v.is_finite()).count();
    if finite < 20 {
        return Vec::new();
    }
    let slack = 1e-9 * promise.greatest.abs().min(1.0);
    let breaks = |v: f64| v.is_finite() && (v < promise.least - slack || v > promise.greatest + slack);
    let rows: Vec<usize> =
        values.iter().enumerate().filter(|(_, v)| breaks(**v) && !found.contains(v)).map(|(row, _)| row).collect();
    if rows.is_empty() || rows.len() as f64 > (1.0 - promise.kept) * finite as f64 {
        return Vec::new();
    }
    let inside = |v: &&f64| v.is_finite() && !breaks(**v);
    // A share never goes past its end by a little and rarely: then the name means another thing.
    if promise.greatest == 1.0 {
        let greatest = values.iter().filter(inside).copied().fold(f64::NEG_INFINITY, f64::max);
        let nearest =
            rows.iter().filter_map(|row| values.get(*row)).filter(|v| **v > 1.0).copied().fold(f64::INFINITY, f64::min);
        if greatest <= 0.3 || nearest < 1.05 || values.iter().filter(inside).all(|v| v.fract() == 0.0) {
            return Vec::new();
        }
    }
    let extreme = rows.iter().filter_map(|row| values.get(*row)).copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let Some(extreme) = extreme else { return Vec::new() };
    let message = format!(
        "`{}` holds values that cannot be, as far as {}, in {} rows: {}.",
        column.name,
        show(extreme),
        grouped(rows.len()),
        promise.why
    );
    let advice = "Correct these rows at their source or leave them out. A model takes them as real and bends its averages towards them.";
    findings.push(
        finding(FindingKind::OutOfRange, &[&column.name], Severity::Error, 0.92, message, advice)
            .rows(view, rows.iter().copied())
            .measure("least value possible", promise.least, None)
            .measure("greatest value possible", promise.greatest, None),
    );
    rows.into_iter().filter_map(|row| values.get(row)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_only_what_they_mean() {
        assert_eq!(promise("pickup_latitude").map(|p| p.greatest), Some(90.0));
        assert_eq!(promise("customerAge").map(|p| p.greatest), Some(125.0));
        assert_eq!(promise("age_days").map(|p| p.greatest), Some(f64::INFINITY), "never negative, and no more");
        assert!(promise("weight_change").is_none());
        assert!(promise("average").is_none());
        assert!(promise("score").is_none());
    }
}
