//! Rules for a data set, suggested from a table that is known to be good.

use crate::check::{Finding, FindingKind, Rule};
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

/// The rule that would have caught a finding, so that a person need not write it: from the table's reference where there is
/// one, else from what the finding itself measured. `None` where no kind of rule says it.
pub fn from_finding(finding: &Finding, own: &TableProfile, reference: Option<&TableProfile>) -> Option<Rule> {
    let name = finding.columns.first();
    // What the reference keeps; without one, the table itself tells how it usually is, apart from the finding.
    let suggested = |wanted: fn(&Rule) -> bool| -> Option<Rule> {
        let reference = reference?;
        let column = reference.column(name?).filter(|it| !it.masked)?;
        of_column(column, reference.rows).into_iter().find(wanted)
    };
    let limit = |at: usize| finding.measures.get(at).and_then(|it| it.limit);
    match finding.kind {
        FindingKind::Sentinel => {
            let values: Vec<String> = finding
                .measures
                .iter()
                .filter_map(|it| it.name.strip_prefix("share of rows at ").map(str::to_owned))
                .collect();
            (!values.is_empty()).then(|| Some(Rule::NoneOf { column: name?.clone(), values }))?
        }
        FindingKind::NullSurge | FindingKind::AllNull => {
            suggested(|it| matches!(it, Rule::NotNull { .. })).or_else(|| {
                let at_most = limit(0).unwrap_or(0.0).clamp(0.0, 1.0);
                Some(Rule::NotNull { column: name?.clone(), at_most: rounded(at_most, 3) })
            })
        }
        FindingKind::OutOfRange
        | FindingKind::Outliers
        | FindingKind::UnitChange
        | FindingKind::ScaleChange
        | FindingKind::ClippedValues
        | FindingKind::Overflow
        | FindingKind::DistributionChange => suggested(|it| matches!(it, Rule::InRange { .. })).or_else(|| {
            let column = own.column(name?).filter(|it| !it.masked)?;
            let (low, high) = (*column.quantiles.get("0.01")?, *column.quantiles.get("0.99")?);
            let spread = high - low;
            let floor = if low >= 0.0 { (low - spread).max(0.0) } else { low - spread };
            (spread > 0.0).then(|| Rule::InRange {
                column: column.name.clone(),
                min: Some(outwards(floor, spread, f64::floor)),
                max: Some(outwards(high + spread, spread, f64::ceil)),
            })
        }),
        FindingKind::DuplicateKeys | FindingKind::NearDuplicateKeys if !finding.columns.is_empty() => {
            Some(Rule::Unique { columns: finding.columns.clone() })
        }
        FindingKind::UnseenCategory
        | FindingKind::CategoryTypos
        | FindingKind::CasingVariants
        | FindingKind::WhitespaceVariants
        | FindingKind::PlaceholderValues
        | FindingKind::NullLikeStrings
        | FindingKind::CodeRemap => suggested(|it| matches!(it, Rule::OneOf { .. })),
        FindingKind::ColumnDropped | FindingKind::ColumnRenamed => Some(Rule::HasColumn { column: name?.clone() }),
        FindingKind::RowCountDrop => {
            let rows = reference.map(|it| it.rows)?;
            Some(Rule::Rows { min: Some((rows / 2).max(1)), max: None })
        }
        FindingKind::EmptyTable | FindingKind::EmptyFile => Some(Rule::Rows { min: Some(1), max: None }),
        _ => None,
    }
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
    fn a_finding_becomes_the_rule_that_would_have_caught_it() {
        let finding = |json: serde_json::Value| -> Finding {
            let mut whole = serde_json::json!({
                "kind": "sentinel", "columns": ["x"], "severity": "error", "confidence": 1.0, "affected_rows": 3, "affected_ratio": 0.03,
                "example_rows": [], "message": "", "suggestion": "", "measures": [],
            });
            for (key, value) in json.as_object().unwrap() {
                whole[key] = value.clone();
            }
            serde_json::from_value(whole).unwrap()
        };
        let table = |column: ColumnProfile, rows: u64| -> TableProfile {
            serde_json::from_value(serde_json::json!({
                "path": "t.csv", "digest": null, "rows": rows, "columns": [column],
                "reading": {"format": "csv", "delimiter": ",", "encoding": "utf-8", "has_header": true, "notes": []},
            }))
            .unwrap()
        };
        let own =
            table(column(serde_json::json!({"min": -1.0, "max": 90.0, "quantiles": {"0.01": 2.0, "0.99": 90.0}})), 100);
        let sentinel = finding(serde_json::json!({
            "measures": [{"name": "share of rows at -1", "value": 0.03, "limit": null}, {"name": "least other value", "value": 2.0, "limit": null}],
        }));
        assert_eq!(
            from_finding(&sentinel, &own, None),
            Some(Rule::NoneOf { column: "x".into(), values: vec!["-1".into()] })
        );
        let far = finding(serde_json::json!({"kind": "out_of_range"}));
        assert_eq!(
            from_finding(&far, &own, None),
            Some(Rule::InRange { column: "x".into(), min: Some(0.0), max: Some(178.0) })
        );
        let good =
            table(column(serde_json::json!({"min": 1.5, "max": 98.0, "quantiles": {"0.01": 2.0, "0.99": 90.0}})), 100);
        assert_eq!(
            from_finding(&far, &own, Some(&good)),
            Some(Rule::InRange { column: "x".into(), min: Some(0.0), max: Some(120.0) }),
            "the reference knows better"
        );
        let mixed = finding(serde_json::json!({"kind": "mojibake"}));
        assert_eq!(from_finding(&mixed, &own, Some(&good)), None);
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
