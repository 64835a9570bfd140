//! Times as people write them on a command line.

use proofmark_contract::domain::Timestamp;

/// When something ends: a moment, or a day, which counts as its last millisecond in UTC.
///
/// # Errors
/// If the text is neither.
pub fn end(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let whole = if is_day(text) { format!("{text}T23:59:59.999Z") } else { text.to_owned() };
    whole
        .parse()
        .map_err(|_| format!("`{text}` is neither a day such as 2027-01-31 nor a time such as 2027-01-31T12:00:00Z"))
}

/// Whether it has the form of a day.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, it)| if matches!(at, 4 | 7) { it == b'-' } else { it.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_millisecond() {
        assert_eq!(end("2027-01-31").map(|it| it.to_string()), Ok("2027-01-31T23:59:59.999Z".to_owned()));
        assert_eq!(
            end("2027-01-31T12:00:00+01:00").map(|it| it.to_string()),
            Ok("2027-01-31T11:00:00.000Z".to_owned())
        );
        for bad in ["", "soon", "2027-02-30", "2027-1-3", "31.01.2027"] {
            assert!(end(bad).is_err(), "{bad}");
        }
    }
}
