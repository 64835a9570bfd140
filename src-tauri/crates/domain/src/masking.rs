//! Sentences without the values that they quote.

use crate::check::CheckReport;

/// Replaces what a sentence quotes, unless it is the name of a column, and the given values: a message about a sensitive column
/// may quote some.
pub fn without_values(message: &str, is_column: &dyn Fn(&str) -> bool, values: &[String]) -> String {
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

impl CheckReport {
    /// Takes out of each finding about a sensitive column what its sentences quote, as for the ledger. Counts, rows and numbers stay.
    pub fn mask(&mut self, sensitive: &dyn Fn(&str) -> bool, is_column: &dyn Fn(&str) -> bool) {
        for finding in self.findings.iter_mut().filter(|it| it.columns.iter().any(|name| sensitive(name))) {
            finding.message = without_values(&finding.message, is_column, &[]);
            finding.suggestion = without_values(&finding.suggestion, is_column, &[]);
        }
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
            without_values("`mail` holds `a@b.c` and the customer's secret@example.org 3 times", &is_column, &values),
            "`mail` holds [masked] and the customer's [masked] 3 times",
            "values quoted or known are masked, names and grammar are not"
        );
    }
}
