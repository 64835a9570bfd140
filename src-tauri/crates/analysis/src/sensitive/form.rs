//! The forms of single values: e-mail, addresses of networks, phone, street, codes. Byte scans first, few expressions.

use super::words;
use regex::Regex;
use std::sync::LazyLock;

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        // A constant expression: it compiles or the tests of this module fail.
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(text))
}

pattern!(EMAIL, r"^(?:mailto:)?[\p{L}\p{N}._%+'&\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+$");
pattern!(EMAIL_IN, r"[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}\-]+\.[\p{L}]{2,}");
pattern!(
    PHONE_IN,
    r"(?:\+\d[\d ().\-]{7,16}\d)|(?:\(\d{2,4}\)\s?\d{3,4}[\- ]\d{3,4})|(?:\b\d{3}[\-. ]\d{3}[\-. ]\d{4}\b)"
);
pattern!(
    ID_IN,
    r"(?:\b\d{3}-\d{2}-\d{4}\b)|(?:\b[A-Z]{2}\d{2} ?(?:[A-Z0-9]{4} ?){3,7}[A-Z0-9]{0,3}\b)|(?:\b(?:\d{4}[ -]){3}\d{4}\b)"
);
pattern!(
    PERSON_IN,
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Herr|Frau|Mme|Monsieur|Madame|Sr|Sra|Señor|Señora|Sig|Signora|Pan|Pani|Hr|Fru)\.? \p{Lu}\p{Ll}+"
);
pattern!(
    SECRET,
    r"^(?:eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*|\$2[abxy]\$\d\d\$.{53}|\$argon2i?d?\$.+|\$(?:1|5|6|y|7)\$.+|pbkdf2[_:].+|scrypt:.+|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}|glpat-[\w\-]{20,}|sk_(?:live|test)_\w+|pk_(?:live|test)_\w+|sk-[A-Za-z0-9\-_]{20,}|xox[abprs]-[\w\-]+|AIza[\w\-]{35}|ya29\.[\w\-]+|SG\.[\w\-]{16,}\.[\w\-]+|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*|npm_\w{36}|hf_\w{30,}|Bearer .+|ssh-(?:rsa|ed25519) .+)"
);
pattern!(
    CRYPTO,
    r"^(?:0x[0-9a-fA-F]{40}|bc1[0-9a-z]{25,62}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|ltc1[0-9a-z]{25,62}|T[1-9A-HJ-NP-Za-km-z]{33})$"
);
pattern!(ICD, r"^[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?$");
pattern!(ATC, r"^[ABCDGHJLMNPRSV][0-9]{2}[A-Z]{2}[0-9]{2}$");
pattern!(BLOOD, r"^(?:A|B|AB|O|0)[ ]?(?:Rh)?[ ]?[+\-−]$");
pattern!(
    URL_USER,
    r"^https?://(?:[^/@\s]+@|(?:www\.)?(?:twitter|x|instagram|facebook|linkedin|github|t|tiktok)\.(?:com|me)/(?:in/|@)?[\w.\-]+/?$)"
);
pattern!(HANDLE, r"^@[A-Za-z0-9_.]{2,30}$");
pattern!(
    DATE,
    r"^(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}))(?:[T ]\d{2}:\d{2}.*)?$"
);
pattern!(PLATE, r"^[\p{Lu}\p{N}][\p{Lu}\p{N} ·・ー\-]{3,10}$");
pattern!(
    POSTCODE,
    r"^(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z][ -]?\d[A-Z]\d|\d{5}-\d{4}|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{5}-\d{3}|〒?\d{3}-\d{4}|\d{3} \d{2}|LV-\d{4}|LT-\d{5}|AD\d{3}|[A-Z]\d{2} ?[A-Z0-9]{4}|\d{4}-\d{3}|[A-Z]{1,3}-\d{4,5}|[A-Z]\d{4}[A-Z]{3})$"
);
pattern!(PAIR, r"^\(?\s*-?\d{1,2}\.\d{3,}\s*[,; ]\s*-?\d{1,3}\.\d{3,}\s*\)?$");
pattern!(TOKENISH, r"^[A-Za-z0-9+/_=.\-]{20,}$");

/// E-mail address.
pub fn email(t: &str) -> bool {
    t.contains('@') && matches(&EMAIL, t)
}

/// Text in which an identifier of a person stands.
pub fn holds_identifier(t: &str) -> bool {
    (t.contains('@') && matches(&EMAIL_IN, t))
        || (t.bytes().filter(u8::is_ascii_digit).count() >= 7 && (matches(&PHONE_IN, t) || matches(&ID_IN, t)))
        || matches(&PERSON_IN, t)
        || two_names(t)
}

/// A given name followed by another capitalised name, inside a sentence.
fn two_names(t: &str) -> bool {
    let words: Vec<&str> =
        t.split(|c: char| c.is_whitespace() || ",.;:!?\"()".contains(c)).filter(|w| !w.is_empty()).collect();
    words.windows(2).any(|pair| match pair {
        [a, b] => {
            let capital = |w: &str| {
                w.chars().next().is_some_and(char::is_uppercase)
                    && w.chars().skip(1).all(|c| c.is_lowercase())
                    && w.chars().count() > 2
            };
            capital(a) && capital(b) && {
                let look = words::name_look(&format!("{a} {b}"));
                look.full && words::name_look(b).known
            }
        }
        _ => false,
    })
}

/// A password as generators and careful people make them: no spaces, both cases, digits and signs that codes do not have.
pub fn password(t: &str) -> bool {
    (8..=64).contains(&t.len())
        && t.is_ascii()
        && !t.bytes().any(|b| b.is_ascii_whitespace())
        && t.bytes().any(|b| b"!#$%^&*()+=?~".contains(&b))
        && [u8::is_ascii_lowercase as fn(&u8) -> bool, u8::is_ascii_uppercase, u8::is_ascii_digit]
            .iter()
            .all(|class| t.bytes().any(|b| class(&b)))
        && !t.contains("://")
}

/// A number that can be dialled at home: digits with the leading zero or the mobile prefix of a numbering plan.
pub fn phone_national(t: &str) -> bool {
    let plain: String = t.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')')).collect();
    if !plain.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let b = plain.as_bytes();
    let digit = |i: usize| b.get(i).copied().unwrap_or(b'0');
    match b.len() {
        // Europe, Japan, Korea, Australia and others: a trunk zero
        9..=12 if digit(0) == b'0' => digit(1) != b'0',
        // China: mobile numbers
        11 => digit(0) == b'1' && digit(1) >= b'3',
        // North America: area and exchange begin with 2 to 9
        10 => digit(0) >= b'2' && digit(3) >= b'2' && plain.len() < t.len(),
        _ => false,
    }
}

/// Licence plates of a picture that hardly anything else has.
pub fn plate_sure(t: &str) -> bool {
    let picture: String = t
        .chars()
        .map(|c| match c {
            'A'..='Z' => 'A',
            '0'..='9' => '9',
            other => other,
        })
        .collect();
    matches!(
        picture.as_str(),
        "AA-999-AA"
            | "AA99 AAA"
            | "AAA-9A99"
            | "AAA9A99"
            | "AA999AA"
            | "AA 999 AA"
            | "9999 AAA"
            | "9999-AAA"
            | "A-999-AA"
            | "AA-99-AA"
            | "99-AAA-9"
            | "AAA-99-9"
    ) || t.chars().next().is_some_and(|c| (c as u32) >= 0x3400)
        && picture.ends_with("99")
        && t.chars().count() <= 14
        && t.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// House number and words in capitals, in either order, as addresses have whose street word is not known.
pub fn house(t: &str) -> bool {
    let words: Vec<&str> = t.split([' ', ',']).filter(|w| !w.is_empty()).take(6).collect();
    let number = |w: &&str| {
        w.starts_with(|c: char| c.is_ascii_digit())
            && w.chars().count() <= 6
            && w.chars().filter(|c| c.is_alphabetic()).count() <= 1
    };
    let capital = |w: &&str| w.chars().count() >= 2 && w.chars().next().is_some_and(char::is_uppercase);
    match words[..] {
        [first, second, ..] if number(&first) => capital(&second),
        [first, ..] => capital(&first) && words.iter().skip(1).any(number),
        _ => false,
    }
}

/// Credentials whose form gives them away.
pub fn secret(t: &str) -> bool {
    t.len() >= 12 && matches(&SECRET, t)
}

/// Random-looking token: long, of several character classes, high entropy.
pub fn tokenish(t: &str) -> bool {
    if t.len() < 20 || !matches(&TOKENISH, t) {
        return false;
    }
    let classes = [
        t.bytes().any(|b| b.is_ascii_lowercase()),
        t.bytes().any(|b| b.is_ascii_uppercase()),
        t.bytes().any(|b| b.is_ascii_digit()),
    ];
    classes.iter().filter(|c| **c).count() >= 2 && entropy(t) > 3.3
}

/// Shannon entropy of the bytes of a text, bits a byte.
fn entropy(t: &str) -> f64 {
    let mut counts = [0u32; 256];
    for b in t.bytes() {
        counts[b as usize] += 1;
    }
    let n = t.len() as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / n).map(|p| -p * p.log2()).sum()
}

/// Wallet address.
pub fn crypto(t: &str) -> bool {
    t.len() >= 26 && matches(&CRYPTO, t)
}

/// ICD-10 code.
pub fn icd(t: &str) -> bool {
    t.len() <= 8 && matches(&ICD, t)
}

/// ATC code of a medicine, fifth level.
pub fn atc(t: &str) -> bool {
    t.len() == 7 && matches(&ATC, t)
}

/// Blood group with its rhesus sign.
pub fn blood(t: &str) -> bool {
    t.len() <= 8 && matches(&BLOOD, t)
}

/// Web address with a user in it, or of a profile of a person; or `@handle`.
pub fn handle(t: &str) -> bool {
    (t.starts_with('@') && matches(&HANDLE, t)) || (t.starts_with("http") && matches(&URL_USER, t))
}

/// Web address.
pub fn url(t: &str) -> bool {
    t.contains("://") || t.starts_with("www.")
}

/// Licence plate: capital letters and digits, both present.
pub fn plate(t: &str) -> bool {
    t.bytes().any(|b| b.is_ascii_digit()) && t.chars().any(|c| c.is_alphabetic()) && matches(&PLATE, t)
}

/// Postcode of a form that plain numbers do not have.
pub fn postcode(t: &str) -> bool {
    (5..=10).contains(&t.chars().count()) && matches(&POSTCODE, t)
}

/// Latitude and longitude in one value.
pub fn coordinates(t: &str) -> bool {
    t.contains('.') && matches(&PAIR, t)
}

/// IPv4, each part 0 to 255 without leading zeros; a prefix length may follow.
pub fn ipv4(t: &str) -> bool {
    let address = t.split_once('/').map_or(t, |(a, _)| a);
    let mut parts = 0;
    address.split('.').all(|p| {
        parts += 1;
        !p.is_empty()
            && p.len() <= 3
            && p.bytes().all(|b| b.is_ascii_digit())
            && p.parse::<u16>().is_ok_and(|n| n <= 255)
            && (p.len() == 1 || !p.starts_with('0'))
    }) && parts == 4
}

/// IPv6.
pub fn ipv6(t: &str) -> bool {
    t.matches(':').count() >= 2 && t.parse::<std::net::Ipv6Addr>().is_ok() && t.len() > 6
}

/// Hardware address, six pairs of hexadecimal digits.
pub fn mac(t: &str) -> bool {
    let pairs =
        |sep: char| t.split(sep).filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit())).count() == 6;
    t.len() == 17 && (pairs(':') || pairs('-'))
        || t.len() == 14
            && t.split('.').filter(|p| p.len() == 4 && p.bytes().all(|b| b.is_ascii_hexdigit())).count() == 3
}

/// Digest in hexadecimal: 32, 40, 56, 64, 96 or 128 digits.
pub fn hex_digest(t: &str) -> bool {
    matches!(t.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && t.bytes().all(|b| b.is_ascii_hexdigit())
        && t.bytes().any(|b| b.is_ascii_alphabetic())
}

/// How a text looks as a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneLook {
    /// Not a telephone number.
    No,
    /// Seven to fifteen digits, which many numbers have.
    Digits,
    /// Grouped digits, which part numbers have too.
    Grouped,
    /// International prefix, area code in parentheses or an extension.
    Sure,
}

/// Judges one value as a telephone number (E.164 allows 15 digits; extensions may follow).
pub fn phone(t: &str) -> PhoneLook {
    let lower = t.to_ascii_lowercase();
    let (main, extension) = match lower.find(['x', '#']).or_else(|| lower.find("ext")) {
        Some(at) if at > 6 => (lower.get(..at).unwrap_or(""), true),
        _ => (lower.as_str(), false),
    };
    let main = main.strip_prefix("tel:").unwrap_or(main).trim();
    let digits = main.bytes().filter(u8::is_ascii_digit).count();
    if !(6..=15).contains(&digits) || !main.chars().all(|c| c.is_ascii_digit() || "+()-./ \u{a0}‑–".contains(c)) {
        return PhoneLook::No;
    }
    let opens = main.find('(').zip(main.find(')')).is_some_and(|(a, b)| a < b && b - a <= 6 && a <= 5);
    if (main.starts_with('+') && digits >= 8 && main.get(1..2).is_none_or(|c| c != "0"))
        || (opens && digits >= 7)
        || (extension && digits >= 7)
    {
        return PhoneLook::Sure;
    }
    if main.starts_with("00") && digits >= 10 && main.len() > digits {
        return PhoneLook::Sure;
    }
    if main.len() == digits {
        return if digits >= 7 { PhoneLook::Digits } else { PhoneLook::No };
    }
    let dots = main.matches('.').count();
    if date(t).is_some() || (dots == 1 && main.len() == digits + 1) || main.starts_with('-') {
        return PhoneLook::No;
    }
    PhoneLook::Grouped
}

/// Year of a date, and whether a time of day follows.
pub fn date(t: &str) -> Option<(i32, bool)> {
    if t.len() < 8 || !t.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let found = DATE.as_ref()?.captures(t)?;
    let part = |i: usize| found.get(i).and_then(|m| m.as_str().parse::<i32>().ok());
    let year = part(1).or_else(|| part(6))?;
    let (a, b) = (part(2).or_else(|| part(4))?, part(3).or_else(|| part(5))?);
    (a <= 31 && b <= 31 && (a <= 12 || b <= 12)).then_some((year, t.contains(':')))
}

/// How a text looks as a postal address: a street word with a number, or an ideographic address.
pub fn address(t: &str) -> bool {
    let length = t.chars().count();
    if !(5..=200).contains(&length) || t.contains('@') || t.contains("://") {
        return false;
    }
    let digit = t.chars().any(|c| c.is_numeric());
    if t.chars().filter(|c| matches!(*c as u32, 0x3400..=0x9fff | 0xac00..=0xd7af | 0x3040..=0x30ff)).count() >= 3 {
        let marks = [
            "市", "区", "區", "县", "路", "街", "号", "丁目", "番", "町", "村", "都", "県", "府", "시 ", "구 ", "로 ",
            "길 ", "동", "道", "巷", "弄", "座", "號",
        ];
        return marks.iter().filter(|m| t.contains(**m)).count() >= 2 && digit;
    }
    if !digit {
        return false;
    }
    let folded = words::normal(t);
    let list: Vec<&str> = folded.split(' ').collect();
    let street = |w: &&str| {
        words::is("street", w)
            || w.chars().count() > 6
                && [
                    "strasse", "str", "weg", "gasse", "platz", "allee", "straat", "laan", "gatan", "vagen", "gata",
                    "vagen", "vej", "gade", "veien", "gate", "katu", "tie", "kuja", "polku", "ring", "damm", "plein",
                    "weg", "stien", "sokagi", "steeg", "dreef", "gracht", "baan", "hof", "alleen", "stigen", "parken",
                    "tunet", "grand", "plass", "svingen", "toften", "haven", "bakken",
                ]
                .iter()
                .any(|s| w.ends_with(s))
    };
    list.len() >= 2 && list.iter().any(street) && list.len() <= 25
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for pattern in [
            &EMAIL, &EMAIL_IN, &PHONE_IN, &ID_IN, &PERSON_IN, &SECRET, &CRYPTO, &ICD, &ATC, &BLOOD, &URL_USER, &HANDLE,
            &DATE, &PLATE, &POSTCODE, &PAIR, &TOKENISH,
        ] {
            assert!(pattern.is_some());
        }
    }

    #[test]
    fn forms_are_told_apart() {
        assert!(email("a.b@example.co.uk") && !email("a@b"));
        assert!(ipv4("10.0.0.1") && !ipv4("10.0.256.1") && !ipv4("1.2.3"));
        assert!(ipv6("2001:db8::1") && !ipv6("12:30:00"));
        assert!(mac("00:1b:44:11:3a:b7"));
        assert_eq!(phone("+49(0) 5121 12345"), PhoneLook::Sure);
        assert_eq!(phone("001-234-567-8901x123"), PhoneLook::Sure);
        assert_eq!(phone("2019-11-24"), PhoneLook::No);
        assert_eq!(phone("3.1415926"), PhoneLook::No);
        assert_eq!(phone("03-1234-5678"), PhoneLook::Grouped);
        assert!(
            address("Hauptstraße 12")
                && address("742 Evergreen Terrace")
                && address("12, rue de la Paix")
                && !address("0x7ffe")
        );
        assert!(
            holds_identifier("please call Mr. Smith") && !holds_identifier("The engine was repaired on 2020-01-01")
        );
        assert!(icd("E11.9") && atc("A10BA02") && blood("AB-") && !icd("HELLO"));
    }
}
