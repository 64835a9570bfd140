//! The distinct values of a sample of one column.

use std::collections::HashMap;

/// Distinct values kept per column.
pub const SAMPLE_DISTINCT: usize = 10_000;

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text or categories.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Float,
    /// True or false.
    Boolean,
    /// Calendar dates.
    Date,
    /// Points in time.
    Time,
    /// Binary and other types, whose values were not read.
    Other,
}

/// The sampled column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSample {
    /// Name or path of the nested field.
    pub path: String,
    /// How it is stored.
    pub kind: Kind,
    /// Values in the sample that are not null.
    pub present: usize,
    /// Distinct values with their counts in the sample, in order of first appearance.
    pub values: Vec<(String, u32)>,
}

impl ColumnSample {
    /// Distinct values, trimmed, without the spellings of "no value".
    pub fn collect<'a>(path: &str, kind: Kind, values: impl Iterator<Item = &'a str>) -> Self {
        let mut sample = Self { path: path.to_string(), kind, present: 0, values: Vec::new() };
        let mut index: HashMap<&'a str, usize> = HashMap::new();
        for value in values {
            let value = value.trim();
            if null_spelling(value) {
                continue;
            }
            sample.present += 1;
            match index.get(value) {
                Some(at) => {
                    if let Some((_, count)) = sample.values.get_mut(*at) {
                        *count += 1;
                    }
                }
                None if sample.values.len() < SAMPLE_DISTINCT => {
                    index.insert(value, sample.values.len());
                    sample.values.push((value.to_string(), 1));
                }
                None => {}
            }
        }
        sample
    }

    /// Distinct over present values in the sample, 0..1.
    pub fn uniqueness(&self) -> f64 {
        if self.present == 0 { 0.0 } else { self.values.len() as f64 / self.present as f64 }
    }
}

fn null_spelling(value: &str) -> bool {
    value.is_empty()
        || ["na", "n/a", "nan", "null", "none", "-", "?", "nil", "#n/a", "\\n", "<na>"]
            .iter()
            .any(|n| value.eq_ignore_ascii_case(n))
}
