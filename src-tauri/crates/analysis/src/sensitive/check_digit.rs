//! Check-digit arithmetic shared by the recognisers. Each function is total: wrong input is `false`, never a panic.

/// The ASCII digits of a text, as numbers; other characters are skipped.
pub fn digits(text: &str) -> Vec<u32> {
    text.bytes().filter(u8::is_ascii_digit).map(|b| u32::from(b - b'0')).collect()
}

/// Sum of digit times weight; the shorter of both decides how many.
pub fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// Luhn, ISO/IEC 7812-1 annex B. One random number in ten passes.
pub fn luhn(digits: &[u32]) -> bool {
    if digits.len() < 2 {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| {
            if i % 2 == 0 {
                d
            } else if d > 4 {
                2 * d - 9
            } else {
                2 * d
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Remainder by 97 of a text of digits and letters (A = 10 … Z = 35), ISO/IEC 7064; `None` on any other character.
pub fn mod97(text: &str) -> Option<u32> {
    text.chars().try_fold(0u32, |rest, c| {
        let value = c.to_digit(36)?;
        Some(if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
    })
}

/// IBAN, ISO 13616: two letters, two digits, remainder 1. One random text of that form in 97 passes. Country and length
/// are not held against it: the registry grows, and the remainder already catches a missing character.
pub fn iban(text: &str) -> Option<bool> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_ascii_uppercase();
    if !compact.is_ascii() || !(15..=34).contains(&compact.len()) {
        return None;
    }
    let lettered = compact.get(..2)?.bytes().all(|b| b.is_ascii_alphabetic());
    if !lettered || !compact.get(2..4)?.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let turned = format!("{}{}", compact.get(4..)?, compact.get(..4)?);
    Some(mod97(&turned)? == 1)
}

/// Verhoeff's dihedral check, used by Aadhaar. One random number in ten passes.
pub fn verhoeff(digits: &[u32]) -> bool {
    const MULTIPLY: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let end = digits.iter().rev().enumerate().try_fold(0u8, |state, (i, &d)| {
        let permuted = *PERMUTE.get(i % 8)?.get(d as usize)?;
        MULTIPLY.get(state as usize)?.get(permuted as usize).copied()
    });
    !digits.is_empty() && end == Some(0)
}

/// Routing number of the American Bankers Association: nine digits, weights 3 7 1, prefix in use.
pub fn aba(digits: &[u32]) -> bool {
    let prefix = match digits {
        [a, b, ..] if digits.len() == 9 => a * 10 + b,
        _ => return false,
    };
    (matches!(prefix, 1..=12 | 21..=32 | 61..=72 | 80))
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Vehicle identification number, ISO 3779 with the North American check digit (49 CFR 565). `None` if it has not the form.
pub fn vin(text: &str) -> Option<bool> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if text.len() != 17 || !text.bytes().any(|b| b.is_ascii_alphabetic()) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut sum = 0;
    for (b, weight) in text.bytes().zip(WEIGHTS) {
        let value = match b.to_ascii_uppercase() {
            d @ b'0'..=b'9' => u32::from(d - b'0'),
            c @ b'A'..=b'H' => u32::from(c - b'A') + 1,
            c @ b'J'..=b'N' => u32::from(c - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            c @ b'S'..=b'Z' => u32::from(c - b'S') + 2,
            _ => return None,
        };
        sum += value * weight;
    }
    let check = match text.as_bytes().get(8).map(u8::to_ascii_uppercase) {
        Some(b'X') => 10,
        Some(d @ b'0'..=b'9') => u32::from(d - b'0'),
        _ => return Some(false),
    };
    Some(sum % 11 == check)
}

/// Payment card: length and issuer range in use, then Luhn. `None` if it cannot be a card number.
pub fn card(text: &str) -> Option<bool> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-')) {
        return None;
    }
    let digits = digits(text);
    let lead = |n: usize| digits.iter().take(n).fold(0, |acc, d| acc * 10 + d);
    let (two, three, four) = (lead(2), lead(3), lead(4));
    let known = match digits.len() {
        12 => matches!(two, 50 | 56..=69),
        13 => lead(1) == 4 || matches!(two, 50 | 56..=58 | 60 | 63 | 67),
        14 => matches!(two, 36 | 38 | 39) || matches!(three, 300..=305),
        15 => matches!(two, 34 | 37) || matches!(four, 2131 | 1800),
        16 => lead(1) == 4 || matches!(two, 51..=55 | 35 | 60 | 62 | 64 | 65 | 81) || matches!(four, 2221..=2720),
        17 | 18 => matches!(two, 62 | 50 | 56..=58 | 63 | 67),
        19 => matches!(two, 62 | 60 | 65 | 50 | 63 | 67) || lead(1) == 4,
        _ => false,
    };
    known.then(|| luhn(&digits))
}

/// International article number (EAN-8, UPC-A, EAN-13): weights 1 and 3. Goods and books, so evidence against a person.
pub fn ean(digits: &[u32]) -> bool {
    if !matches!(digits.len(), 8 | 12 | 13) {
        return false;
    }
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 3 }).sum();
    sum.is_multiple_of(10)
}

/// ISBN-10 with its mod-11 check, or ISBN-13.
pub fn isbn(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    match compact.len() {
        13 => (compact.starts_with("978") || compact.starts_with("979")) && ean(&digits(&compact)),
        10 => {
            let value = |c: char| if c == 'X' || c == 'x' { Some(10) } else { c.to_digit(10) };
            let sum = compact.chars().enumerate().try_fold(0u32, |acc, (i, c)| Some(acc + (10 - i as u32) * value(c)?));
            sum.is_some_and(|s| s % 11 == 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_a_changed_digit_fails() {
        assert!(luhn(&digits("4111 1111 1111 1111")) && !luhn(&digits("4111 1111 1111 1112")));
        assert_eq!(card("378282246310005"), Some(true));
        assert_eq!(card("9999999999999999"), None);
        for good in
            ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO9386011117947", "FR1420041010050500013M02606"]
        {
            assert_eq!(iban(good), Some(true), "{good}");
        }
        assert_eq!(iban("DE89370400440532013001"), Some(false));
        assert_eq!(iban("DE8937040044053201300"), Some(false));
        assert_eq!(iban("8989370400440532013000"), None);
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(aba(&digits("021000021")) && !aba(&digits("021000022")));
        assert_eq!(vin("1M8GDM9AXKP042788"), Some(true));
        assert_eq!(vin("1M8GDM9A1KP042788"), Some(false));
        assert!(isbn("978-0-306-40615-7") && isbn("0-306-40615-2") && !isbn("0-306-40615-3"));
    }
}
