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

/// Replaces what a sentence quotes, unless it is the name of a column: a message about a sensitive column may quote values.
pub(super) fn without_quotes(message: &str, is_column: &dyn Fn(&str) -> bool, values: &[String]) -> String {
    let chars: Vec<char> = message.chars().collect();
    let mut out = String::with_capacity(message.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let close = match c {
            '`' => Some('`'),
            '"' => Some('"'),
            '“' => Some('”'),
            '‘' => Some('’'),
            '«' => Some('»'),
            '\'' if !at.checked_sub(1).and_then(|i| chars.get(i)).is_some_and(|before| before.is_alphanumeric()) => {
                Some('\'')
            }
            _ => None,
        };
        let end =
            close.and_then(|close| chars.iter().skip(at + 1).position(|c| *c == close)).map(|offset| at + 1 + offset);
        match end {
            Some(end) => {
                let inner: String = chars.iter().take(end).skip(at + 1).collect();
                if is_column(&inner) {
                    out.extend(chars.iter().take(end + 1).skip(at));
                } else {
                    out.push_str("[masked]");
                }
                at = end + 1;
            }
            None => {
                out.push(c);
                at += 1;
            }
        }
    }
    // Unquoted values, longest first so that no part of one is left; short ones would tear words apart.
    let mut values: Vec<&String> = values.iter().filter(|value| value.chars().count() >= 4).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.into_iter().fold(out, |text, value| text.replace(value.as_str(), "[masked]"))
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
    fn quoted_values_go_and_names_stay() {
        let is_column = |name: &str| name == "mail";
        let values = ["secret@example.org".to_owned()];
        assert_eq!(
            without_quotes("`mail` holds `a@b.c` and the customer's secret@example.org 3 times", &is_column, &values),
            "`mail` holds [masked] and the customer's [masked] 3 times",
            "values quoted or known are masked, names and grammar are not"
        );
    }

    #[test]
    fn kinds_read_as_words() {
        assert_eq!(kind(FindingKind::NullSurge), "Null surge", "the promise of the command line, spelled for people");
    }
}
