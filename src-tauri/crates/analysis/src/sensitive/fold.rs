//! Words out of column names and values: case, accents, camel case and separators removed.

/// Lower case without accents for Latin letters; other scripts are only lowered.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
            continue;
        }
        for low in c.to_lowercase() {
            match latin(low) {
                Some(plain) => out.push_str(plain),
                // combining accents
                None if ('\u{300}'..='\u{36f}').contains(&low) => {}
                None => out.push(low),
            }
        }
    }
    out
}

fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ả' | 'ạ' | 'ấ' | 'ầ' | 'ẩ' | 'ẫ' | 'ậ' | 'ắ' | 'ằ'
        | 'ẳ' | 'ẵ' | 'ặ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ð' | 'đ' | 'ď' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' | 'ẻ' | 'ẽ' | 'ẹ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' | 'ə' => {
            "e"
        }
        'ğ' | 'ģ' | 'ĝ' => "g",
        'ħ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' | 'ỉ' | 'ị' | 'ĩ' => "i",
        'ķ' => "k",
        'ł' | 'ľ' | 'ļ' | 'ĺ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' | 'ỏ' | 'ọ' | 'ố' | 'ồ' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ớ' | 'ờ'
        | 'ở' | 'ỡ' | 'ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' | 'ủ' | 'ụ' | 'ũ' | 'ư' | 'ứ' | 'ừ' | 'ử' | 'ữ' | 'ự' => {
            "u"
        }
        'ý' | 'ÿ' | 'ỳ' | 'ỷ' | 'ỵ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ά' | 'ᾶ' => "α",
        'έ' => "ε",
        'ή' => "η",
        'ί' | 'ϊ' | 'ΐ' => "ι",
        'ό' => "ο",
        'ύ' | 'ϋ' | 'ΰ' => "υ",
        'ώ' => "ω",
        'ς' => "σ",
        'ё' => "е",
        'ѐ' => "е",
        'ѝ' => "и",
        _ => return None,
    })
}

/// The words of a column name or path, folded: `custFName2` gives `cust f name`, `user.address.city` its three words.
pub fn tokens(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() && !is_mark(c) {
            flush(&mut word, &mut words);
            continue;
        }
        if let Some(&before) = i.checked_sub(1).and_then(|j| chars.get(j)) {
            let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
            let camel = before.is_lowercase() && c.is_uppercase();
            let acronym_end = before.is_uppercase() && c.is_uppercase() && next_lower;
            let digit_edge = before.is_ascii_digit() != c.is_ascii_digit() && before.is_alphanumeric();
            if camel || acronym_end || digit_edge {
                flush(&mut word, &mut words);
            }
        }
        word.push(c);
    }
    flush(&mut word, &mut words);
    words
}

/// Vowel signs and accents that belong to the letter before (Devanagari, Thai, Arabic, combining Latin).
fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36f | 0x591..=0x5c7 | 0x64b..=0x65f | 0x900..=0xdff | 0xe31..=0xe4e)
}

fn flush(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(fold(word));
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(tokens("custFName2"), ["cust", "f", "name", "2"].map(String::from).to_vec());
        assert_eq!(tokens("user.address.city"), ["user", "address", "city"]);
        assert_eq!(tokens("IPAddress"), ["ip", "address"]);
        assert_eq!(tokens("Straße-Nr."), ["strasse", "nr"]);
        assert_eq!(tokens("PRÉNOM"), ["prenom"]);
        assert_eq!(tokens("电话号码"), ["电话号码"]);
    }
}
