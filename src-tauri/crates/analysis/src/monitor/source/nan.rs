//! Numbers that JSON does not know and Python writes all the same.

const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The line with `NaN`, `Infinity` and `-Infinity` as texts, where they stand as bare words; `None` if none does.
pub(super) fn with_quotes(line: &[u8]) -> Option<Vec<u8>> {
    let is_word_part = |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    let mut mended = Vec::with_capacity(line.len() + 16);
    let (mut at, mut in_text, mut found) = (0, false, false);
    while let Some(byte) = line.get(at) {
        if in_text {
            // What stands behind a backslash ends nothing.
            let taken = if *byte == b'\\' { 2 } else { 1 };
            in_text = *byte != b'"';
            mended.extend(line.iter().skip(at).take(taken));
            at += taken;
            continue;
        }
        in_text = *byte == b'"';
        let rest = line.get(at..).unwrap_or_default();
        let word = WORDS.into_iter().find(|it| rest.starts_with(it) && !is_word_part(rest.get(it.len())));
        match word.filter(|_| !is_word_part(mended.last())) {
            Some(word) => {
                mended.push(b'"');
                mended.extend_from_slice(word);
                mended.push(b'"');
                at += word.len();
                found = true;
            }
            None => {
                mended.push(*byte);
                at += 1;
            }
        }
    }
    found.then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_words_are_quoted() {
        let mended = |text: &str| with_quotes(text.as_bytes()).map(|it| String::from_utf8_lossy(&it).into_owned());
        assert_eq!(
            mended(r#"{"a":NaN,"b":[-Infinity, Infinity]}"#).as_deref(),
            Some(r#"{"a":"NaN","b":["-Infinity", "Infinity"]}"#)
        );
        for text in [r#"{"a": "NaN"}"#, r#"{"a\"": "\\", "NaN": 1}"#, r#"{"a": NaNs}"#, r#"{"a": 1}"#, r#"{"a": "NaN\"#]
        {
            assert_eq!(mended(text), None, "{text}");
        }
    }
}
