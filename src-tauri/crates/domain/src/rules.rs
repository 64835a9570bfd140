//! Rules for a data set, suggested from a table that is known to be good.

use crate::check::Rule;
use crate::profile::{ColumnProfile, Meaning, Scalar, TableProfile};

/// Values that a column may list before a list says nothing any more.
const MOST_VALUES: u64 = 20;

/// Rules that the table keeps, with room for what honest data does: ranges are a quarter of the usual spread
/// wider at least, and a share of missing values may grow by half and one more in a hundred.
pub fn suggest(profile: &TableProfile) -> Vec<Rule> {
    profile.columns.iter().filter(|it| !it.masked).flat_map(|column| of_column(column, profile.rows)).collect()
}

fn of_column(column: &ColumnProfile, rows: u64) -> Vec<Rule> {
    let name = column.name.clone();
    let mut rules = Vec::new();
    if rows == 0 || column.nulls >= rows {
        return vec![Rule::HasColumn { column: name }];
    }
    let share = column.nulls as f64 / rows as f64;
    if share < 0.5 {
        let at_most = if column.nulls == 0 { 0.0 } else { rounded((share * 1.5 + 0.01).min(1.0), 3) };
        rules.push(Rule::NotNull { column: name.clone(), at_most });
    } else {
        rules.push(Rule::HasColumn { column: name.clone() });
    }
    let complete = column.nulls == 0 && !column.distinct_is_estimate;
    if column.meaning == Meaning::Identifier && complete && column.distinct == rows && rows >= 20 {
        rules.push(Rule::Unique { columns: vec![name.clone()] });
    }
    if column.meaning == Meaning::Number
        && let Some((min, max)) = range(column)
    {
        rules.push(Rule::InRange { column: name.clone(), min: Some(min), max: Some(max) });
    }
    let listed = !column.distinct_is_estimate && column.top.len() as u64 == column.distinct;
    if column.meaning == Meaning::Category && listed && column.distinct <= MOST_VALUES && rows >= 50 {
        let mut values: Vec<String> = column.top.iter().map(|it| it.value.to_string()).collect();
        values.sort();
        rules.push(Rule::OneOf { column: name, values });
    }
    rules
}

/// The range of a quantity with room on both sides. What was never below zero stays so.
fn range(column: &ColumnProfile) -> Option<(f64, f64)> {
    let (least, greatest) = (number(column.min.as_ref()?)?, number(column.max.as_ref()?)?);
    let (low, high) = match (column.quantiles.get("0.01"), column.quantiles.get("0.99")) {
        (Some(low), Some(high)) if high > low => (*low, *high),
        _ => (least, greatest),
    };
    let spread = high - low;
    if spread <= 0.0 {
        return None;
    }
    // The next table reaches as far again beyond its usual values as this one may have by luck.
    let below = (spread * 0.25).max((low - least) * 0.75);
    let above = (spread * 0.25).max((greatest - high) * 0.75);
    let floor = if least >= 0.0 { (least - below).max(0.0) } else { least - below };
    Some((outwards(floor, spread, f64::floor), outwards(greatest + above, spread, f64::ceil)))
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Int(value) => Some(*value as f64),
        Scalar::Float(value) => Some(*value),
        Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

/// Rounds a limit outwards to a hundredth of the spread's order of magnitude, so that people can read it.
fn outwards(value: f64, spread: f64, towards: fn(f64) -> f64) -> f64 {
    let unit = 10f64.powf(spread.log10().floor() - 2.0);
    let places = (-unit.log10()).ceil().clamp(0.0, 12.0) as i32;
    rounded(towards(value / unit) * unit, places)
}

fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn column(json: serde_json::Value) -> ColumnProfile {
        let mut whole = serde_json::json!({
            "name": "x", "type": "int64", "meaning": "number", "nulls": 0, "distinct": 90, "distinct_is_estimate": false, "min": null, "max": null,
            "mean": null, "std": null, "quantiles": {}, "top": [], "zeros": null, "negatives": null, "not_finite": null, "lengths": null,
            "histogram": null, "masked": false,
        });
        for (key, value) in json.as_object().unwrap() {
            whole[key] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn ranges_have_room_and_keep_their_sign() {
        let amounts = column(serde_json::json!({"min": 1.5, "max": 98.0, "quantiles": {"0.01": 2.0, "0.99": 90.0}}));
        let rules = of_column(&amounts, 100);
        assert_eq!(rules[0], Rule::NotNull { column: "x".into(), at_most: 0.0 });
        assert_eq!(rules[1], Rule::InRange { column: "x".into(), min: Some(0.0), max: Some(120.0) });
    }

    #[test]
    fn missing_values_may_grow_a_little_and_lists_are_short() {
        let sky = column(serde_json::json!({
            "meaning": "category", "nulls": 10, "distinct": 2, "top": [{"value": "clear", "count": 60}, {"value": "fog", "count": 30}],
        }));
        assert_eq!(
            of_column(&sky, 100),
            [
                Rule::NotNull { column: "x".into(), at_most: 0.16 },
                Rule::OneOf { column: "x".into(), values: vec!["clear".into(), "fog".into()] },
            ]
        );
    }
}
