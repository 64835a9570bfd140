//! From what was gathered to the profile of a column.

use std::collections::BTreeMap;

use polars::prelude::{DataType, TimeUnit};
use proofmark_domain::Timestamp;
use proofmark_domain::profile::{ColumnProfile, Histogram, Meaning, Scalar, ValueCount};

use super::column::{Facts, Numbers, Stored, Texts, scalar};
use super::quantile;

const QUANTILES: [(&str, f64); 11] = [
    ("0.001", 0.001),
    ("0.01", 0.01),
    ("0.05", 0.05),
    ("0.1", 0.1),
    ("0.25", 0.25),
    ("0.5", 0.5),
    ("0.75", 0.75),
    ("0.9", 0.9),
    ("0.95", 0.95),
    ("0.99", 0.99),
    ("0.999", 0.999),
];
const TOP: usize = 20;
const BINS: usize = 40;

/// A type's name, as pandas and Arrow users know it.
pub fn type_name(dtype: &DataType) -> String {
    match dtype {
        DataType::Boolean => "bool".to_owned(),
        DataType::String => "string".to_owned(),
        DataType::Int8 => "int8".to_owned(),
        DataType::Int16 => "int16".to_owned(),
        DataType::Int32 => "int32".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::UInt8 => "uint8".to_owned(),
        DataType::UInt16 => "uint16".to_owned(),
        DataType::UInt32 => "uint32".to_owned(),
        DataType::UInt64 => "uint64".to_owned(),
        DataType::Float32 => "float32".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::Time => "time".to_owned(),
        DataType::Datetime(unit, zone) => {
            let unit = match unit {
                TimeUnit::Milliseconds => "ms",
                TimeUnit::Microseconds => "us",
                TimeUnit::Nanoseconds => "ns",
            };
            match zone {
                Some(zone) => format!("datetime[{unit}, {zone}]"),
                None => format!("datetime[{unit}]"),
            }
        }
        DataType::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

/// Puts the profile together.
pub fn of(name: String, stored: &Stored, nulls: u64, facts: Facts, rows: u64) -> ColumnProfile {
    let mut profile = ColumnProfile {
        name,
        stored_type: stored.name.clone(),
        meaning: Meaning::Empty,
        nulls,
        distinct: 0,
        distinct_is_estimate: false,
        min: None,
        max: None,
        mean: None,
        std: None,
        quantiles: BTreeMap::new(),
        top: Vec::new(),
        zeros: None,
        negatives: None,
        not_finite: None,
        lengths: None,
        histogram: None,
        patterns: Vec::new(),
        times: None,
        masked: false,
    };
    if nulls >= rows {
        return profile;
    }
    let values = rows - nulls;
    match facts {
        Facts::Nothing => {}
        Facts::Booleans { yes, no } => {
            profile.meaning = Meaning::Boolean;
            profile.distinct = u64::from(yes > 0) + u64::from(no > 0);
            profile.min = Some(Scalar::Bool(no == 0));
            profile.max = Some(Scalar::Bool(yes > 0));
            profile.mean = Some(yes as f64 / values as f64);
            profile.top = [(true, yes), (false, no)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(value, count)| ValueCount { value: Scalar::Bool(value), count })
                .collect();
            profile.top.sort_by_key(|entry| std::cmp::Reverse(entry.count));
        }
        Facts::Numbers(numbers) => {
            let whole = stored.whole;
            number_facts(&mut profile, &numbers, &|value| scalar(value, whole));
            profile.zeros = Some(numbers.zeros);
            profile.negatives = Some(numbers.negatives);
            if !whole {
                profile.not_finite = Some(numbers.not_finite);
            }
            if let (true, Some((low, high))) = (whole, numbers.int_range) {
                let exact = |value: i64| {
                    if value.unsigned_abs() < 1 << 53 { Scalar::Int(value) } else { Scalar::Text(value.to_string()) }
                };
                profile.min = Some(exact(low));
                profile.max = Some(exact(high));
            }
            profile.meaning = meaning_of_number(&profile, whole, values);
        }
        Facts::Moments(numbers) => {
            let dated = stored.day;
            number_facts(&mut profile, &numbers, &|ms| {
                let text = Timestamp::from_ms(ms as i64).to_string();
                Scalar::Text(if dated { text.chars().take(10).collect() } else { text })
            });
            profile.mean = None;
            profile.std = None;
            profile.quantiles.clear();
            profile.times = numbers.calendar.shape();
            profile.meaning = if dated { Meaning::Date } else { Meaning::Time };
        }
        Facts::Texts(texts) => {
            text_facts(&mut profile, &texts);
            profile.patterns = texts.patterns.top();
            profile.meaning = meaning_of_text(&profile, &texts, values);
            if stored.time_of_day {
                profile.meaning = Meaning::Time;
            }
        }
        Facts::Nested(texts) => {
            text_facts(&mut profile, &texts);
            profile.meaning = Meaning::Nested;
        }
    }
    profile
}

fn number_facts(profile: &mut ColumnProfile, numbers: &Numbers, show: &dyn Fn(f64) -> Scalar) {
    (profile.distinct, profile.distinct_is_estimate) = numbers.values.distinct();
    profile.top = numbers
        .values
        .top(TOP, f64::total_cmp)
        .into_iter()
        .map(|(value, count)| ValueCount { value: show(value), count })
        .collect();
    let moments = numbers.moments;
    if moments.n == 0 {
        return;
    }
    profile.min = Some(show(numbers.min));
    profile.max = Some(show(numbers.max));
    profile.mean = Some(moments.mean);
    profile.std = (moments.n > 1).then(|| (moments.m2 / (moments.n - 1) as f64).sqrt());
    let weighted = numbers.quantiles.weighted();
    let total: u64 = weighted.iter().map(|(_, weight)| weight).sum();
    for (key, probability) in QUANTILES {
        if let Some(value) = quantile::at(&weighted, total, probability) {
            profile.quantiles.insert(key.to_owned(), value);
        }
    }
    profile.histogram = histogram(&weighted, total, numbers);
}

/// Bins between the 0.5 % and 99.5 % quantiles if the tails are long, else between the extremes.
fn histogram(weighted: &[(f64, u64)], total: u64, numbers: &Numbers) -> Option<Histogram> {
    let (mut low, mut high) = (numbers.min, numbers.max);
    let (q_low, q_high) = (quantile::at(weighted, total, 0.005)?, quantile::at(weighted, total, 0.995)?);
    if q_high > q_low && high - low > 4.0 * (q_high - q_low) {
        (low, high) = (q_low, q_high);
    }
    if low == high {
        return Some(Histogram { edges: vec![low, high], counts: vec![total] });
    }
    let width = (high - low) / BINS as f64;
    if !width.is_finite() || width <= 0.0 {
        return None;
    }
    let mut counts = vec![0u64; BINS];
    for (value, weight) in weighted {
        let at = (((value - low) / width).floor().max(0.0) as usize).min(BINS - 1);
        if let Some(count) = counts.get_mut(at) {
            *count += weight;
        }
    }
    let mut edges: Vec<f64> = (0..BINS).map(|i| low + width * i as f64).collect();
    edges.push(high);
    Some(Histogram { edges, counts })
}

fn text_facts(profile: &mut ColumnProfile, texts: &Texts) {
    (profile.distinct, profile.distinct_is_estimate) = texts.values.distinct();
    profile.top = texts
        .values
        .top(TOP, String::cmp)
        .into_iter()
        .map(|(value, count)| ValueCount { value: Scalar::Text(value), count })
        .collect();
    profile.min = texts.min.clone().map(Scalar::Text);
    profile.max = texts.max.clone().map(Scalar::Text);
    profile.lengths = texts.lengths;
}

/// Whether a name says that the column names rows.
pub fn named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    words
        .iter()
        .any(|word| matches!(*word, "id" | "uuid" | "guid" | "key" | "pk" | "nr" | "no" | "index" | "rowid" | "number"))
        || (name.ends_with("Id") || name.ends_with("ID"))
}

fn meaning_of_number(profile: &ColumnProfile, whole: bool, values: u64) -> Meaning {
    let two_valued = profile.distinct <= 2
        && profile.top.iter().all(|entry| {
            matches!(entry.value, Scalar::Int(0 | 1))
                || entry.value == Scalar::Float(0.0)
                || entry.value == Scalar::Float(1.0)
        });
    if two_valued {
        return Meaning::Boolean;
    }
    if whole && values >= 20 && profile.distinct * 100 >= values * 98 && named_like_an_id(&profile.name) {
        return Meaning::Identifier;
    }
    Meaning::Number
}

fn meaning_of_text(profile: &ColumnProfile, texts: &Texts, values: u64) -> Meaning {
    let most = |count: u64| count * 100 >= texts.looked_at * 90 && count > 0;
    if most(texts.moments) {
        return Meaning::Date;
    }
    if most(texts.numbers) {
        return Meaning::Number;
    }
    let yes_or_no = |value: &Scalar| matches!(value, Scalar::Text(text) if matches!(text.trim().to_lowercase().as_str(), "yes" | "no" | "y" | "n" | "true" | "false" | "t" | "f"));
    if most(texts.booleans) || (profile.distinct <= 2 && profile.top.iter().all(|entry| yes_or_no(&entry.value))) {
        return Meaning::Boolean;
    }
    let few = profile.distinct <= 20 || profile.distinct * 20 <= values && profile.distinct <= 1000;
    if few && !(profile.distinct * 2 > values && values > 4) {
        return Meaning::Category;
    }
    let nearly_unique = profile.distinct * 100 >= values * 95;
    if nearly_unique && texts.words * 10 < texts.looked_at {
        return Meaning::Identifier;
    }
    if profile.distinct * 2 <= values { Meaning::Category } else { Meaning::Text }
}
