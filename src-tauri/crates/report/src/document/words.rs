//! Words of the documents.

use proofmark_domain::Timestamp;
use proofmark_domain::check::FindingKind;
use proofmark_domain::profile::Meaning;
use proofmark_domain::sensitive::SensitiveGroup;

/// `2026-01-31 12:00 UTC`.
pub(super) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// The word that `--json` promises, as a person reads it: `null_surge` becomes `Null surge`.
pub(super) fn kind(kind: FindingKind) -> String {
    let word = serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    sentence(&word.replace('_', " "))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn meaning(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Number => "number",
        Meaning::Boolean => "yes or no",
        Meaning::Category => "category",
        Meaning::Identifier => "identifier",
        Meaning::Date => "date",
        Meaning::Time => "time",
        Meaning::Text => "text",
        Meaning::Nested => "nested",
        Meaning::Empty => "empty",
    }
}

pub(super) fn group(group: SensitiveGroup) -> &'static str {
    match group {
        SensitiveGroup::Direct => "names a person",
        SensitiveGroup::Quasi => "names a person together with others",
        SensitiveGroup::Special => "special category (GDPR, article 9)",
        SensitiveGroup::Financial => "financial",
        SensitiveGroup::Location => "location",
        SensitiveGroup::Secret => "secret",
        SensitiveGroup::Pseudonym => "pseudonym",
        SensitiveGroup::Text => "free text that holds such",
    }
}

/// `a, b and c`; beyond five, how many more.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= 5 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names.iter().take(4).cloned().collect::<Vec<_>>().join(", "), names.len() - 4),
    }
}

/// What a statistic of a drift report is called.
pub(super) fn statistic(key: &str) -> String {
    match key {
        "ks" => "Kolmogorov–Smirnov distance".to_owned(),
        "psi" => "Population stability index".to_owned(),
        "js" => "Jensen–Shannon distance".to_owned(),
        "wasserstein" => "Wasserstein-1 distance".to_owned(),
        "chi2" => "χ² statistic".to_owned(),
        "tv" | "total_variation" => "Total variation distance".to_owned(),
        "missing_reference" => "Share without a value, reference".to_owned(),
        "missing_current" => "Share without a value, current".to_owned(),
        other => sentence(&other.replace('_', " ")),
    }
}

/// A p-value; those below what the number of rows can support are bounded, not spelled out.
pub(super) fn p_value(p: f64) -> String {
    if !p.is_finite() {
        "unknown".to_owned()
    } else if p < 0.0001 {
        "<0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_as_words() {
        assert_eq!(kind(FindingKind::NullSurge), "Null surge", "the promise of the command line, spelled for people");
    }
}
