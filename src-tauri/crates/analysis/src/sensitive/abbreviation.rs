//! Words of column names that were cut short: `kod_poczt`, `soc_secur_no`, `brthdt`.
//!
//! A shortened word is a guess, so what it suggests weighs less than the whole word and an ambiguous one suggests nothing.

/// Letters that are left out when a word is shortened to its consonants.
const VOWELS: &str = "aeiouy";

/// Whether a word is a shortening of a whole one: its beginning, or its consonants.
pub fn shortens(short: &str, whole: &str) -> bool {
    if short == whole {
        return true;
    }
    let (length, full) = (short.chars().count(), whole.chars().count());
    if length < 2 || length >= full || short.chars().next() != whole.chars().next() {
        return false;
    }
    length >= 3 && whole.starts_with(short) || full <= 4 * length && consonants_of(short, whole)
}

/// The word without vowels after its first letter, or the beginning of that.
fn consonants_of(short: &str, whole: &str) -> bool {
    if short.chars().skip(1).any(|c| VOWELS.contains(c)) {
        return false;
    }
    let mut rest = whole.chars();
    short.chars().all(|c| rest.any(|w| w == c))
}

/// Whether the words shorten a phrase word by word, with one of them long enough to be sure of.
pub fn shortens_phrase(words: &[String], phrase: &[&str]) -> bool {
    words.len() == phrase.len()
        && words.iter().zip(phrase).all(|(short, whole)| shortens(short, whole))
        && words.iter().zip(phrase).any(|(short, whole)| {
            let length = short.chars().count();
            short == whole && length >= 3 || length >= 4 && whole.starts_with(short.as_str())
        })
}

/// Whether one word alone is a shortening that can be told: most of the whole word, or all of its consonants.
pub fn shortens_alone(short: &str, whole: &str) -> bool {
    let (length, full) = (short.chars().count(), whole.chars().count());
    if length < 4 || length >= full {
        return false;
    }
    let skeleton: String =
        whole.chars().enumerate().filter(|(i, c)| *i == 0 || !VOWELS.contains(*c)).map(|(_, c)| c).collect();
    length >= 5 && length * 10 >= full * 6 && whole.starts_with(short) || skeleton == short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_and_consonants_shorten() {
        assert!(shortens("poczt", "pocztowy") && shortens("nr", "number") && shortens("brth", "birth"));
        assert!(!shortens("no", "name") && !shortens("x", "xylophone") && !shortens("postal", "post"));
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert!(shortens_phrase(&words("soc security nr"), &["social", "security", "number"]));
        assert!(!shortens_phrase(&words("s n"), &["social", "number"]));
        assert!(shortens_alone("gndr", "gender") && shortens_alone("nazwis", "nazwisko"));
        assert!(!shortens_alone("nat", "nationality"));
    }
}
