//! Numbers that states give to people, with the form and check of each.
//!
//! A scheme answers `None` if a text has not its form, else whether its check holds. `chance` is the share of random
//! texts of that form that pass, so that a check which random numbers pass as well adds nothing.

use super::check_digit::{digits, luhn, verhoeff, weighted};

/// One national numbering scheme.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// Country by ISO 3166 and the name in use, such as `PL PESEL`.
    pub name: &'static str,
    /// Share of random texts of this form that pass.
    pub chance: f64,
    /// Given for taxes first, rather than as a number of the person.
    pub tax: bool,
    /// The form has letters or separators of its own, so that form alone says something.
    pub distinct_form: bool,
    /// Form and check: `None` not of this form, else whether the check holds.
    pub check: fn(&str) -> Option<bool>,
}

/// Every scheme known.
pub const SCHEMES: &[Scheme] = &[
    scheme("US SSN", 0.88, false, true, us_ssn),
    scheme("US ITIN", 0.05, true, true, us_itin),
    scheme("GB NINO", 0.6, false, true, gb_nino),
    scheme("GB NHS number", 0.09, false, false, gb_nhs),
    scheme("DE Steuer-ID", 0.05, true, false, de_steuer),
    scheme("DE Rentenversicherungsnummer", 0.05, false, true, de_rvnr),
    scheme("FR NIR", 0.0103, false, false, fr_nir),
    scheme("ES DNI", 0.043, false, true, es_dni),
    scheme("ES NIE", 0.043, false, true, es_nie),
    scheme("IT codice fiscale", 0.02, true, true, it_cf),
    scheme("NL BSN", 0.09, false, false, nl_bsn),
    scheme("BE rijksregisternummer", 0.005, false, false, be_nn),
    scheme("PL PESEL", 0.02, false, false, pl_pesel),
    scheme("PL NIP", 0.09, true, false, pl_nip),
    scheme("SE personnummer", 0.02, false, false, se_pnr),
    scheme("DK CPR", 0.045, false, true, dk_cpr),
    scheme("NO fødselsnummer", 0.003, false, false, no_fnr),
    scheme("FI HETU", 0.03, false, true, fi_hetu),
    scheme("CZ/SK rodné číslo", 0.02, false, true, cz_rc),
    scheme("CH AHV", 0.1, false, true, ch_ahv),
    scheme("AT SVNR", 0.02, false, false, at_svnr),
    scheme("PT NIF", 0.09, true, false, pt_nif),
    scheme("IE PPS", 0.043, false, true, ie_pps),
    scheme("RO CNP", 0.01, false, false, ro_cnp),
    scheme("BG EGN", 0.02, false, false, bg_egn),
    scheme("HR OIB", 0.1, false, false, hr_oib),
    scheme("EE/LT isikukood", 0.02, false, false, ee_lt),
    scheme("LV personas kods", 0.2, false, true, lv_pk),
    scheme("HU TAJ", 0.1, false, false, hu_taj),
    scheme("GR AMKA", 0.02, false, false, gr_amka),
    scheme("IS kennitala", 0.01, false, false, is_kt),
    scheme("SI/RS/MK JMBG", 0.01, false, false, jmbg),
    scheme("TR TCKN", 0.01, false, false, tr_tckn),
    scheme("RU INN", 0.01, true, false, ru_inn),
    scheme("RU SNILS", 0.0103, false, true, ru_snils),
    scheme("UA RNOKPP", 0.09, true, false, ua_rnokpp),
    scheme("IL Teudat Zehut", 0.1, false, false, il_tz),
    scheme("BR CPF", 0.01, false, true, br_cpf),
    scheme("BR CNPJ", 0.01, true, true, br_cnpj),
    scheme("IN Aadhaar", 0.08, false, false, in_aadhaar),
    scheme("IN PAN", 0.3, true, true, in_pan),
    scheme("CN resident identity number", 0.003, false, true, cn_id),
    scheme("TW national identification", 0.08, false, true, tw_id),
    scheme("KR resident registration number", 0.045, false, true, kr_rrn),
    scheme("JP My Number", 0.1, false, false, jp_my_number),
    scheme("SG NRIC", 0.04, false, true, sg_nric),
    scheme("TH national ID", 0.09, false, true, th_id),
    scheme("ZA ID number", 0.01, false, false, za_id),
    scheme("AU TFN", 0.09, true, false, au_tfn),
    scheme("AU Medicare", 0.05, false, false, au_medicare),
    scheme("CA SIN", 0.1, false, true, ca_sin),
    scheme("MX CURP", 0.05, false, true, mx_curp),
    scheme("MX RFC", 0.3, true, true, mx_rfc),
    scheme("CL RUT", 0.09, false, true, cl_rut),
    scheme("AR CUIT/CUIL", 0.03, true, true, ar_cuit),
    scheme("CO NIT", 0.09, true, true, co_nit),
];

const fn scheme(
    name: &'static str,
    chance: f64,
    tax: bool,
    distinct_form: bool,
    check: fn(&str) -> Option<bool>,
) -> Scheme {
    Scheme { name, chance, tax, distinct_form, check }
}

/// Whether a text has a picture: `9` a digit, `A` an ASCII letter, `X` either, other characters themselves.
fn like(text: &str, picture: &str) -> bool {
    text.len() == picture.len()
        && text.bytes().zip(picture.bytes()).all(|(b, p)| match p {
            b'9' => b.is_ascii_digit(),
            b'A' => b.is_ascii_alphabetic(),
            b'X' => b.is_ascii_alphanumeric(),
            other => b == other,
        })
}

/// The digits of a text of one of the pictures.
fn pictured(text: &str, pictures: &[&str]) -> Option<Vec<u32>> {
    pictures.iter().any(|p| like(text, p)).then(|| digits(text))
}

/// A run of digits as a number; 0 beyond the end, so that a failed read fails its range check.
fn number(digits: &[u32], from: usize, len: usize) -> u32 {
    digits.get(from..from + len).map_or(0, |part| part.iter().fold(0, |acc, d| acc * 10 + d))
}

fn at(digits: &[u32], i: usize) -> u32 {
    digits.get(i).copied().unwrap_or(99)
}

fn day_month(day: u32, month: u32) -> bool {
    (1..=31).contains(&day) && (1..=12).contains(&month)
}

fn us_ssn(t: &str) -> Option<bool> {
    let d = pictured(t, &["999-99-9999"])?;
    let area = number(&d, 0, 3);
    Some(area != 0 && area != 666 && area < 900 && number(&d, 3, 2) != 0 && number(&d, 5, 4) != 0)
}

fn us_itin(t: &str) -> Option<bool> {
    let d = pictured(t, &["999-99-9999"])?;
    Some(at(&d, 0) == 9 && matches!(number(&d, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

fn gb_nino(t: &str) -> Option<bool> {
    let c: String = t.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    if !(like(&c, "AA999999A") || like(&c, "AA999999")) {
        return None;
    }
    let first = c.get(..1)?;
    let second = c.get(1..2)?;
    let suffix = c.get(8..9).is_none_or(|s| "ABCD".contains(s));
    let barred = ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&c.get(..2)?);
    Some(!"DFIQUV".contains(first) && !"DFIQUVO".contains(second) && suffix && !barred)
}

fn gb_nhs(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999", "999 999 9999", "999-999-9999"])?;
    let check = 11 - weighted(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    Some(if check == 11 { 0 } else { check } == at(&d, 9) && check != 10)
}

/// ISO 7064 mod 11,10 over the first digits, checked against the last.
fn iso_11_10(d: &[u32]) -> bool {
    let Some((last, body)) = d.split_last() else { return false };
    let product = body.iter().fold(10, |p, digit| {
        let sum = (digit + p) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *last
}

fn de_steuer(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999", "99 999 999 999"])?;
    let mut counts = [0u32; 10];
    for digit in &d[..10] {
        counts[*digit as usize] += 1;
    }
    let repeated = counts.iter().filter(|c| **c > 1).count();
    let most = counts.iter().max().copied().unwrap_or(0);
    Some(at(&d, 0) != 0 && repeated == 1 && (2..=3).contains(&most) && iso_11_10(&d))
}

fn de_rvnr(t: &str) -> Option<bool> {
    let c: String = t.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    if !like(&c, "99999999A999") {
        return None;
    }
    let letter = u32::from(c.as_bytes()[8] - b'A') + 1;
    let mut d = digits(c.get(..8)?);
    d.extend([letter / 10, letter % 10]);
    d.extend(digits(c.get(9..)?));
    let cross = |n: u32| n / 10 + n % 10;
    let sum: u32 = d.iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(x, w)| cross(x * w)).sum();
    let day = number(&d, 2, 2) % 50;
    Some(sum % 10 == at(&d, 12) && day_month(day, number(&d, 4, 2)))
}

fn fr_nir(t: &str) -> Option<bool> {
    let c: String = t.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    if !(like(&c, "999999999999999") || like(&c, "999999X99999999")) || !c.starts_with(['1', '2', '3', '4', '7', '8']) {
        return None;
    }
    // Corsica: 2A counts as 19, 2B as 18
    let plain = c.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let body: u64 = plain.get(..13)?.parse().ok()?;
    let key: u64 = plain.get(13..)?.parse().ok()?;
    Some(97 - body % 97 == key)
}

const DNI: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn es_dni(t: &str) -> Option<bool> {
    let c = t.replace(['-', ' ', '.'], "").to_ascii_uppercase();
    like(&c, "99999999A").then_some(())?;
    let n: usize = c.get(..8)?.parse().ok()?;
    Some(DNI.get(n % 23) == c.as_bytes().get(8))
}

fn es_nie(t: &str) -> Option<bool> {
    let c = t.replace(['-', ' '], "").to_ascii_uppercase();
    (like(&c, "A9999999A") && c.starts_with(['X', 'Y', 'Z'])).then_some(())?;
    let lead = usize::from(c.as_bytes()[0] - b'X');
    let n: usize = c.get(1..8)?.parse().ok()?;
    Some(DNI.get((lead * 10_000_000 + n) % 23) == c.as_bytes().get(8))
}

fn it_cf(t: &str) -> Option<bool> {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let c = t.to_ascii_uppercase();
    like(&c, "AAAAAAXXAXXAXXXA").then_some(())?;
    let index = |b: u8| if b.is_ascii_digit() { usize::from(b - b'0') } else { usize::from(b - b'A') };
    let sum: u32 =
        c.bytes().take(15).enumerate().map(|(i, b)| if i % 2 == 0 { ODD[index(b)] } else { index(b) as u32 }).sum();
    let month = c.as_bytes()[8];
    Some(b"ABCDEHLMPRST".contains(&month) && c.as_bytes()[15] == b'A' + (sum % 26) as u8)
}

fn nl_bsn(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999", "9999.99.999", "9999 99 999"])?;
    let sum = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    Some(sum > 0 && (sum + 11 - at(&d, 8) % 11).is_multiple_of(11))
}

fn be_nn(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999", "99.99.99-999.99", "999999-999-99"])?;
    let body = d[..9].iter().fold(0u64, |acc, x| acc * 10 + u64::from(*x));
    let key = u64::from(number(&d, 9, 2));
    let month = number(&d, 2, 2) % 20;
    Some((97 - body % 97 == key || 97 - (2_000_000_000 + body) % 97 == key) && month <= 12 && number(&d, 4, 2) <= 31)
}

fn pl_pesel(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999"])?;
    let sum = weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    Some(sum.is_multiple_of(10) && day_month(number(&d, 4, 2), number(&d, 2, 2) % 20))
}

fn pl_nip(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999", "999-999-99-99", "999-99-99-999"])?;
    Some(weighted(&d[..9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == at(&d, 9))
}

fn se_pnr(t: &str) -> Option<bool> {
    let d =
        pictured(t, &["999999-9999", "999999+9999", "9999999999", "99999999-9999", "199999999999", "209999999999"])?;
    let ten = &d[d.len() - 10..];
    // a coordination number adds 60 to the day
    Some(luhn(ten) && day_month(number(ten, 4, 2) % 60, number(ten, 2, 2)))
}

fn dk_cpr(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999-9999", "9999999999"])?;
    // numbers given since 2007 need not pass the mod-11 check, so the date is all that is left
    Some(day_month(number(&d, 0, 2), number(&d, 2, 2)))
}

fn no_fnr(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999", "999999 99999"])?;
    let one = weighted(&d, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11;
    let two = weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11;
    Some(one == 0 && two == 0 && day_month(number(&d, 0, 2) % 40, number(&d, 2, 2) % 40))
}

fn fi_hetu(t: &str) -> Option<bool> {
    const SIGNS: &[u8] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let c = t.to_ascii_uppercase();
    let form = c.len() == 11
        && c.is_ascii()
        && like(c.get(..6)?, "999999")
        && "+-ABCDEFYXWVU".contains(c.get(6..7)?)
        && like(c.get(7..)?, "999X");
    form.then_some(())?;
    let n: usize = format!("{}{}", c.get(..6)?, c.get(7..10)?).parse().ok()?;
    let d = digits(&c);
    Some(SIGNS.get(n % 31) == c.as_bytes().get(10) && day_month(number(&d, 0, 2), number(&d, 2, 2)))
}

fn cz_rc(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999/9999", "999999/999", "9999999999"])?;
    let n = d.iter().fold(0u64, |acc, x| acc * 10 + u64::from(*x));
    let month = number(&d, 2, 2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    // nine digits were given before 1954 and have no check
    Some((d.len() == 9 || n % 11 == 0 || (n / 10) % 11 == 10) && day_month(number(&d, 4, 2), month))
}

fn ch_ahv(t: &str) -> Option<bool> {
    let d = pictured(t, &["756.9999.9999.99", "7569999999999"])?;
    Some(super::check_digit::ean(&d))
}

fn at_svnr(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999", "9999 999999", "9999-999999"])?;
    let sum = weighted(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    Some(at(&d, 0) != 0 && sum % 11 == at(&d, 3) && day_month(number(&d, 4, 2), number(&d, 6, 2)))
}

fn pt_nif(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999", "999 999 999"])?;
    let rest = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest < 2 { 0 } else { 11 - rest };
    Some(check == at(&d, 8) && matches!(at(&d, 0), 1 | 2 | 3 | 5 | 6 | 7 | 8 | 9))
}

fn ie_pps(t: &str) -> Option<bool> {
    let c = t.to_ascii_uppercase();
    (like(&c, "9999999A") || like(&c, "9999999AA")).then_some(())?;
    let mut sum = weighted(&digits(&c), &[8, 7, 6, 5, 4, 3, 2]);
    if let Some(second) = c.as_bytes().get(8).filter(|b| **b != b'W') {
        sum += 9 * u32::from(second - b'A' + 1);
    }
    let letter = if sum.is_multiple_of(23) { b'W' } else { b'A' + (sum % 23) as u8 - 1 };
    Some(c.as_bytes()[7] == letter)
}

fn ro_cnp(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999999"])?;
    let rest = weighted(&d[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let check = if rest == 10 { 1 } else { rest };
    Some(check == at(&d, 12) && at(&d, 0) != 0 && day_month(number(&d, 5, 2), number(&d, 3, 2)))
}

fn bg_egn(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999"])?;
    let month = number(&d, 2, 2) % 20;
    let sum = weighted(&d[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]);
    Some(sum % 11 % 10 == at(&d, 9) && day_month(number(&d, 4, 2), month))
}

fn hr_oib(t: &str) -> Option<bool> {
    pictured(t, &["99999999999"]).map(|d| iso_11_10(&d))
}

fn ee_lt(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999"])?;
    let one = weighted(&d[..10], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let two = weighted(&d[..10], &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if one < 10 { one } else { two % 10 };
    Some(check == at(&d, 10) && (1..=8).contains(&at(&d, 0)) && day_month(number(&d, 5, 2), number(&d, 3, 2)))
}

fn lv_pk(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999-99999"])?;
    Some(number(&d, 0, 2) >= 32 || day_month(number(&d, 0, 2), number(&d, 2, 2)))
}

fn hu_taj(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999", "999 999 999", "999-999-999"])?;
    Some(weighted(&d[..8], &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == at(&d, 8))
}

fn gr_amka(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999"])?;
    Some(luhn(&d) && day_month(number(&d, 0, 2), number(&d, 2, 2)))
}

fn is_kt(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999-9999", "9999999999"])?;
    let sum = weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    Some(sum.is_multiple_of(11) && matches!(at(&d, 9), 8 | 9 | 0) && day_month(number(&d, 0, 2) % 40, number(&d, 2, 2)))
}

fn jmbg(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999999"])?;
    let rest = weighted(&d[..12], &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest < 2 { 0 } else { 11 - rest };
    Some(check == at(&d, 12) && day_month(number(&d, 0, 2), number(&d, 2, 2)))
}

fn tr_tckn(t: &str) -> Option<bool> {
    let d = pictured(t, &["99999999999"])?;
    let odd: u32 = d.iter().take(9).step_by(2).sum();
    let even: u32 = d.iter().skip(1).take(7).step_by(2).sum();
    let ten = (odd * 7 + 100 - even) % 10;
    let sum: u32 = d[..10].iter().sum();
    Some(at(&d, 0) != 0 && ten == at(&d, 9) && sum % 10 == at(&d, 10))
}

fn ru_inn(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999999", "9999999999"])?;
    if d.len() == 10 {
        return Some(weighted(&d, &[2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == at(&d, 9));
    }
    let one = weighted(&d, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let two = weighted(&d, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    Some(one == at(&d, 10) && two == at(&d, 11))
}

fn ru_snils(t: &str) -> Option<bool> {
    let d = pictured(t, &["999-999-999 99", "99999999999", "999-999-999-99"])?;
    let sum = weighted(&d[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let check = if sum < 100 { sum } else { sum % 101 % 100 };
    Some(check == number(&d, 9, 2))
}

fn ua_rnokpp(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999"])?;
    let sum = d.iter().zip([-1i64, 5, 7, 9, 4, 6, 10, 5, 7]).map(|(x, w)| i64::from(*x) * w).sum::<i64>();
    Some(sum.rem_euclid(11) % 10 == i64::from(at(&d, 9)))
}

fn il_tz(t: &str) -> Option<bool> {
    pictured(t, &["999999999", "99999999-9"]).map(|d| luhn(&d))
}

fn br_cpf(t: &str) -> Option<bool> {
    let d = pictured(t, &["999.999.999-99", "99999999999"])?;
    let check = |n: usize| {
        let sum: u32 = d.iter().take(n).enumerate().map(|(i, x)| x * (n as u32 + 1 - i as u32)).sum();
        sum * 10 % 11 % 10
    };
    let uniform = d.iter().all(|x| *x == d[0]);
    Some(!uniform && check(9) == at(&d, 9) && check(10) == at(&d, 10))
}

fn br_cnpj(t: &str) -> Option<bool> {
    let d = pictured(t, &["99.999.999/9999-99", "99999999999999"])?;
    let check = |n: usize| {
        let rest = d.iter().take(n).rev().enumerate().map(|(i, x)| x * (2 + (i as u32 % 8))).sum::<u32>() % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    Some(check(12) == at(&d, 12) && check(13) == at(&d, 13) && d.iter().any(|x| *x != d[0]))
}

fn in_aadhaar(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999999", "9999 9999 9999", "9999-9999-9999"])?;
    Some(at(&d, 0) >= 2 && verhoeff(&d))
}

fn in_pan(t: &str) -> Option<bool> {
    let c = t.to_ascii_uppercase();
    like(&c, "AAAAA9999A").then(|| c.get(3..4).is_some_and(|s| "ABCFGHJLPT".contains(s)))
}

fn cn_id(t: &str) -> Option<bool> {
    const CHECK: &[u8] = b"10X98765432";
    let c = t.to_ascii_uppercase();
    (like(&c, "99999999999999999X")).then_some(())?;
    let d = digits(c.get(..17)?);
    let sum = weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let born = (1900..=2100).contains(&number(&d, 6, 4)) && day_month(number(&d, 12, 2), number(&d, 10, 2));
    Some(born && CHECK.get((sum % 11) as usize) == c.as_bytes().get(17))
}

fn tw_id(t: &str) -> Option<bool> {
    const ORDER: &str = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    like(t, "A999999999").then_some(())?;
    let lead = ORDER.find(t.get(..1)?.to_ascii_uppercase().as_str())? as u32 + 10;
    let d = digits(t);
    let sum = lead / 10 + lead % 10 * 9 + weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    Some(sum.is_multiple_of(10) && matches!(at(&d, 0), 1 | 2 | 8 | 9))
}

fn kr_rrn(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999-9999999"])?;
    // numbers given since October 2020 have no check digit, so the date and the century digit are all that is left
    Some(day_month(number(&d, 4, 2), number(&d, 2, 2)) && matches!(at(&d, 6), 0..=9))
}

fn jp_my_number(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999999", "9999-9999-9999", "9999 9999 9999"])?;
    let rest =
        d[..11].iter().rev().enumerate().map(|(i, x)| x * if i < 6 { i as u32 + 2 } else { i as u32 - 4 }).sum::<u32>()
            % 11;
    Some(if rest <= 1 { 0 } else { 11 - rest } == at(&d, 11))
}

fn sg_nric(t: &str) -> Option<bool> {
    let c = t.to_ascii_uppercase();
    (like(&c, "A9999999A") && c.starts_with(['S', 'T', 'F', 'G', 'M'])).then_some(())?;
    let mut sum = weighted(&digits(&c), &[2, 7, 6, 5, 4, 3, 2]);
    let (table, add): (&[u8], u32) = match c.as_bytes()[0] {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        _ => (b"KLJNPQRTUWX", 3),
    };
    sum += add;
    Some(table.get((sum % 11) as usize) == c.as_bytes().get(8))
}

fn th_id(t: &str) -> Option<bool> {
    let d = pictured(t, &["9-9999-99999-99-9", "9999999999999"])?;
    let sum = weighted(&d[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    Some((11 - sum % 11) % 10 == at(&d, 12) && (1..=8).contains(&at(&d, 0)))
}

fn za_id(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999999"])?;
    Some(luhn(&d) && day_month(number(&d, 4, 2), number(&d, 2, 2)) && at(&d, 10) <= 2)
}

fn au_tfn(t: &str) -> Option<bool> {
    let d = pictured(t, &["999999999", "999 999 999"])?;
    Some(weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
}

fn au_medicare(t: &str) -> Option<bool> {
    let d = pictured(t, &["9999999999", "9999 99999 9", "99999999999"])?;
    Some((2..=6).contains(&at(&d, 0)) && weighted(&d[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == at(&d, 8))
}

fn ca_sin(t: &str) -> Option<bool> {
    let d = pictured(t, &["999 999 999", "999-999-999", "999999999"])?;
    Some(luhn(&d) && at(&d, 0) != 8)
}

fn mx_curp(t: &str) -> Option<bool> {
    const SIGNS: &str = "0123456789ABCDEFGHIJKLMN?OPQRSTUVWXYZ";
    let c = t.to_ascii_uppercase();
    (like(&c, "AAAA999999AAAAAAX9") && matches!(c.as_bytes()[10], b'H' | b'M' | b'X')).then_some(())?;
    let sum: usize = c.chars().take(17).enumerate().map(|(i, x)| SIGNS.find(x).unwrap_or(0) * (18 - i)).sum();
    let d = digits(c.get(4..10)?);
    let check = (10 - sum % 10) % 10;
    Some(day_month(number(&d, 4, 2), number(&d, 2, 2)) && c.get(17..).and_then(|s| s.parse().ok()) == Some(check))
}

fn mx_rfc(t: &str) -> Option<bool> {
    let c = t.to_ascii_uppercase();
    (like(&c, "AAAA999999XXX") || like(&c, "AAA999999XXX")).then_some(())?;
    let d = digits(c.get(c.len() - 9..c.len() - 3)?);
    Some(day_month(number(&d, 4, 2), number(&d, 2, 2)))
}

/// Chilean check: weights 2 to 7 from the right, mod 11, `K` for ten.
fn cl_rut(t: &str) -> Option<bool> {
    let c = t.replace('.', "").to_ascii_uppercase();
    let (body, check) = c.split_once('-')?;
    let form = (7..=8).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit()) && check.len() == 1;
    (form && check.bytes().all(|b| b.is_ascii_digit() || b == b'K')).then_some(())?;
    let sum: u32 = digits(body).iter().rev().enumerate().map(|(i, x)| x * (2 + i as u32 % 6)).sum();
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        n => char::from_digit(n, 10)?,
    };
    Some(check.starts_with(expected))
}

fn ar_cuit(t: &str) -> Option<bool> {
    let d = pictured(t, &["99-99999999-9", "99999999999"])?;
    let rest = weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest == 0 { 0 } else { 11 - rest };
    Some(matches!(number(&d, 0, 2), 20 | 23 | 24 | 27 | 30 | 33 | 34) && check == at(&d, 10))
}

fn co_nit(t: &str) -> Option<bool> {
    let c = t.replace('.', "");
    let d = pictured(&c, &["999999999-9", "9999999999-9"])?;
    let (last, body) = d.split_last()?;
    let weights = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43];
    let rest = body.iter().rev().zip(weights).map(|(x, w)| x * w).sum::<u32>() % 11;
    Some(if rest < 2 { rest } else { 11 - rest } == *last)
}

#[cfg(test)]
#[path = "national_tests.rs"]
mod tests;
