//! Making values unreadable for examples in findings.

/// A masked copy of a value: shape and length class stay, letters and digits become `*`, and at most the first character
/// of a value longer than eight is kept. Nothing that identifies remains; long texts are cut.
///
/// ```
/// assert_eq!(proofmark_analysis::sensitive::mask("anna.schmidt@example.org"), "a***.*******@*******.***");
/// assert_eq!(proofmark_analysis::sensitive::mask("4111 1111"), "**** ****");
/// ```
pub fn mask(text: &str) -> String {
    const LONGEST: usize = 40;
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let keep = usize::from(letters > 8 && text.chars().next().is_some_and(char::is_alphabetic));
    let mut out: String =
        text.chars().take(LONGEST).enumerate().map(|(i, c)| if i < keep || !hides(c) { c } else { '*' }).collect();
    if text.chars().count() > LONGEST {
        out.push('…');
    }
    out
}

/// Separators show the form only; everything else is hidden, also control characters and signs of other scripts.
fn hides(c: char) -> bool {
    !matches!(c, ' ' | '-' | '.' | '@' | '/' | ':' | '(' | ')' | ',' | '+' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_readable_remains() {
        for text in ["José Müller", "192.168.17.4", "王小明", "https://x.org/?q=1", "हिन्दी"] {
            let masked = mask(text);
            assert!(masked.chars().skip(1).all(|c| c == '*' || !hides(c)), "{masked}");
        }
        assert_eq!(mask(""), "");
        assert!(mask(&"a".repeat(500)).chars().count() <= 41);
    }
}
