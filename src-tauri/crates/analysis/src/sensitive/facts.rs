//! What the distinct values of one column look like, measured once.

use super::check_digit;
use super::form::{self, PhoneLook};
use super::national::{SCHEMES, Scheme};
use super::sample::{ColumnSample, Kind};
use super::words;

/// Distinct values that the costly recognisers see; at a share of one half its standard error is below 0.013.
const LOOKED: usize = 1_500;
/// Distinct texts searched for identifiers in them, which may be rare.
const TEXTS: usize = 2_000;

/// A check with how often it could be tried and how often it passed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tried {
    /// Share of distinct values that have the form.
    pub formed: f64,
    /// Values that have the form.
    pub n: usize,
    /// Of these, how many pass.
    pub passed: usize,
}

impl Tried {
    /// Log-likelihood ratio of "97 % pass" against "chance passes", 0 if the form is rare; at most four times the
    /// information of one value, so that a check that nearly everything passes never counts for much.
    pub fn evidence(&self, chance: f64) -> f64 {
        if self.n == 0 || self.formed < 0.5 {
            return 0.0;
        }
        let (hit, miss) = (self.passed as f64, (self.n - self.passed) as f64);
        let chance = chance.clamp(0.002, 0.96);
        let raw = hit * (0.97 / chance).ln() + miss * (0.03 / (1.0 - chance)).ln();
        raw.clamp(-3.0, (4.0 * (1.0 / chance).ln()).min(7.0))
    }

    /// Share of formed values that pass.
    pub fn rate(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.passed as f64 / self.n as f64 }
    }

    fn count(&mut self, result: Option<bool>) {
        if let Some(pass) = result {
            self.n += 1;
            self.passed += usize::from(pass);
        }
    }

    fn close(&mut self, total: usize) {
        self.formed = share(self.n, total);
    }
}

fn share(part: usize, total: usize) -> f64 {
    if total == 0 { 0.0 } else { part as f64 / total as f64 }
}

/// Shares are over distinct values, 0..1.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Facts {
    pub kind: Kind,
    pub n: usize,
    pub present: usize,
    pub uniqueness: f64,
    pub email: f64,
    pub phone_sure: f64,
    pub phone_grouped: f64,
    pub phone_digits: f64,
    /// The same picture of digits and separators in more than 95 % of the grouped values.
    pub one_picture: bool,
    pub ipv4: f64,
    /// IPv4 in which some part is above 40, which versions seldom have.
    pub ipv4_high: f64,
    pub ipv6: f64,
    pub mac: f64,
    pub digest: f64,
    pub secret: f64,
    pub tokenish: f64,
    pub crypto: f64,
    pub icd: f64,
    pub icd_dotted: f64,
    pub atc: f64,
    pub blood: f64,
    pub handle: f64,
    pub url: f64,
    pub plate: f64,
    pub plate_sure: f64,
    pub password: f64,
    pub phone_national: f64,
    pub house: f64,
    pub login: f64,
    pub postcode: f64,
    pub coordinates: f64,
    pub address: f64,
    pub dates: f64,
    pub timed: f64,
    pub years: (i32, i32),
    /// The year that half of the dates lie before.
    pub middle_year: i32,
    pub numeric: f64,
    pub whole: f64,
    pub range: (f64, f64),
    pub decimals: f64,
    pub digits_only: f64,
    pub has_digit: f64,
    pub has_letter: f64,
    /// Letters among all characters.
    pub letters: f64,
    pub underscored: f64,
    pub words: f64,
    pub length: f64,
    pub text_identifiers: f64,
    pub text_hits: usize,
    /// Long texts in a script without spaces.
    pub unspaced: bool,
    pub name_shaped: f64,
    pub name_known: f64,
    pub name_full: f64,
    pub company: f64,
    pub colour: f64,
    pub flag: bool,
    /// How many different first two characters there are.
    pub leads: usize,
    pub gender: f64,
    pub both_sexes: bool,
    pub single_letters: bool,
    pub honorific: f64,
    pub religion: f64,
    pub ethnicity: f64,
    pub politics: f64,
    pub sexuality: f64,
    pub union: f64,
    pub marital: f64,
    pub disease: f64,
    pub medicine: f64,
    pub calendar: f64,
    pub country: f64,
    pub city: f64,
    pub job: f64,
    pub iban: Tried,
    pub card: Tried,
    pub card_issuers: usize,
    pub vin: Tried,
    pub imei: Tried,
    pub aba: Tried,
    pub ean: Tried,
    pub isbn: f64,
    /// The national schemes that at least half of the values have the form of, best evidence first.
    pub schemes: Vec<(&'static Scheme, Tried)>,
}

/// Measures one column.
pub fn measure(sample: &ColumnSample) -> Facts {
    let values: Vec<&str> = sample.values.iter().take(LOOKED).map(|(v, _)| v.as_str()).collect();
    let n = values.len();
    let of = |test: &dyn Fn(&str) -> bool| share(values.iter().filter(|v| test(v)).count(), n);
    let text = sample.kind == Kind::Text;
    let only = |test: &dyn Fn(&str) -> bool| if text { of(test) } else { 0.0 };
    let normal: Vec<String> = if text { values.iter().map(|v| words::normal(v)).collect() } else { Vec::new() };
    let dict = |kind: &str| share(normal.iter().filter(|v| words::is(kind, v)).count(), n);
    let phones: Vec<PhoneLook> = values
        .iter()
        .map(|v| if matches!(sample.kind, Kind::Text | Kind::Integer) { form::phone(v) } else { PhoneLook::No })
        .collect();
    let phone = |look: PhoneLook| share(phones.iter().filter(|p| **p == look).count(), n);
    let looks: Vec<words::NameLook> =
        if text { values.iter().map(|v| words::name_look(v)).collect() } else { Vec::new() };
    let numbers: Vec<f64> = if matches!(sample.kind, Kind::Text | Kind::Integer | Kind::Float) {
        values.iter().filter_map(|v| v.parse::<f64>().ok()).filter(|x| x.is_finite()).collect()
    } else {
        Vec::new()
    };
    let dates: Vec<(i32, bool)> = if text || matches!(sample.kind, Kind::Date | Kind::Time) {
        values.iter().filter_map(|v| form::date(v)).collect()
    } else {
        Vec::new()
    };
    let fold_range = |a: (f64, f64), x: &f64| (a.0.min(*x), a.1.max(*x));
    let coded = matches!(sample.kind, Kind::Text | Kind::Integer);
    let mut facts = Facts {
        kind: sample.kind,
        n,
        present: sample.present,
        uniqueness: sample.uniqueness(),
        email: only(&form::email),
        phone_sure: phone(PhoneLook::Sure),
        phone_grouped: phone(PhoneLook::Grouped),
        phone_digits: phone(PhoneLook::Digits),
        one_picture: one_picture(&values),
        ipv4: only(&form::ipv4),
        ipv4_high: only(&|v| {
            form::ipv4(v) && v.split(['.', '/']).take(4).filter(|p| p.parse::<u16>().is_ok_and(|x| x > 40)).count() >= 2
        }),
        ipv6: only(&form::ipv6),
        mac: only(&form::mac),
        digest: only(&form::hex_digest),
        secret: only(&form::secret),
        tokenish: only(&form::tokenish),
        crypto: only(&form::crypto),
        icd: only(&form::icd),
        icd_dotted: only(&|v| v.contains('.') && form::icd(v)),
        atc: only(&form::atc),
        blood: only(&form::blood),
        handle: only(&form::handle),
        url: only(&form::url),
        plate: only(&form::plate),
        plate_sure: only(&form::plate_sure),
        password: only(&form::password),
        phone_national: if coded { of(&form::phone_national) } else { 0.0 },
        house: only(&form::house),
        login: only(&words::login),
        postcode: only(&form::postcode),
        coordinates: only(&form::coordinates),
        address: only(&form::address),
        dates: share(dates.len(), n),
        timed: share(dates.iter().filter(|d| d.1).count(), n),
        years: dates.iter().fold((i32::MAX, i32::MIN), |a, d| (a.0.min(d.0), a.1.max(d.0))),
        middle_year: middle(&dates),
        numeric: share(numbers.len(), n),
        whole: share(numbers.iter().filter(|x| x.fract() == 0.0).count(), n),
        range: numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), fold_range),
        decimals: of(&|v| {
            v.split_once('.').is_some_and(|(_, d)| d.len() >= 3 && d.bytes().all(|b| b.is_ascii_digit()))
        }),
        digits_only: of(&|v| v.bytes().all(|b| b.is_ascii_digit())),
        has_digit: of(&|v| v.chars().any(char::is_numeric)),
        has_letter: of(&|v| v.chars().any(char::is_alphabetic)),
        letters: {
            let all = values.iter().flat_map(|v| v.chars());
            share(all.clone().filter(|c| c.is_alphabetic()).count(), all.count())
        },
        underscored: of(&|v| v.contains('_')),
        words: values.iter().map(|v| v.split_whitespace().count()).sum::<usize>() as f64 / n.max(1) as f64,
        length: values.iter().map(|v| v.chars().count()).sum::<usize>() as f64 / n.max(1) as f64,
        text_identifiers: 0.0,
        text_hits: 0,
        unspaced: false,
        name_shaped: share(looks.iter().filter(|l| l.shaped).count(), n),
        name_known: share(looks.iter().filter(|l| l.known).count(), n),
        name_full: share(looks.iter().filter(|l| l.full).count(), n),
        company: share(
            normal
                .iter()
                .filter(|v| {
                    let mut parts = v.split(' ');
                    let ends = [parts.next(), parts.next_back()];
                    ends.into_iter().flatten().any(|w| words::is("company", w))
                        || [
                            " and ",
                            " und ",
                            " s r o",
                            " o s",
                            " a s",
                            " z s",
                            " k s",
                            " sp z o o",
                            " s a",
                            " s l",
                            " s p a",
                            " e hijos",
                            " et fils",
                        ]
                        .iter()
                        .any(|form| v.contains(form))
                })
                .count(),
            n,
        ),
        colour: share(normal.iter().filter(|v| v.split(' ').any(|w| words::is("colour", w))).count(), n),
        flag: flag(sample),
        leads: values.iter().filter_map(|v| v.get(..2)).collect::<std::collections::HashSet<_>>().len(),
        gender: share(normal.iter().filter(|v| gender(v)).count(), n),
        both_sexes: both_sexes(&normal),
        single_letters: n > 0 && normal.iter().all(|v| v.chars().count() == 1),
        honorific: dict("honorific"),
        religion: dict("religion"),
        ethnicity: dict("ethnicity"),
        politics: dict("politics"),
        sexuality: dict("sexuality"),
        union: dict("union"),
        marital: dict("marital"),
        disease: dict("disease"),
        medicine: dict("medicine"),
        calendar: dict("calendar"),
        country: dict("country"),
        city: share(normal.iter().filter(|v| words::city(v)).count(), n),
        job: share(normal.iter().filter(|v| words::job(v)).count(), n),
        iban: Tried::default(),
        card: Tried::default(),
        card_issuers: 0,
        vin: Tried::default(),
        imei: Tried::default(),
        aba: Tried::default(),
        ean: Tried::default(),
        isbn: if coded { of(&check_digit::isbn) } else { 0.0 },
        schemes: Vec::new(),
    };
    if coded {
        checks(&values, &mut facts);
    }
    // scripts without spaces have long texts of few words
    let unspaced = |v: &&&str| {
        v.chars().filter(|c| matches!(*c as u32, 0x3040..=0x30ff | 0x3400..=0x9fff | 0xe00..=0xe7f)).count() >= 6
    };
    facts.unspaced = facts.length >= 20.0 && values.iter().filter(unspaced).count() * 2 > n;
    if text && (facts.words >= 3.5 || facts.unspaced) {
        let texts: Vec<&str> = sample.values.iter().take(TEXTS).map(|(v, _)| v.as_str()).collect();
        facts.text_hits = texts
            .iter()
            .filter(|v| (facts.unspaced || v.split_whitespace().count() >= 3) && form::holds_identifier(v))
            .count();
        facts.text_identifiers = share(facts.text_hits, texts.len());
    }
    facts
}

fn checks(values: &[&str], facts: &mut Facts) {
    let n = values.len();
    let mut issuers = std::collections::BTreeSet::new();
    for value in values {
        facts.iban.count(check_digit::iban(value));
        let card = check_digit::card(value);
        if card == Some(true) {
            issuers.extend(value.get(..2).map(str::to_string));
        }
        facts.card.count(card);
        facts.vin.count(check_digit::vin(value));
        let digits = check_digit::digits(value);
        let bare = digits.len() == value.len() || value.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b' ');
        facts.imei.count((bare && digits.len() == 15).then(|| check_digit::luhn(&digits)));
        facts.aba.count((bare && digits.len() == 9).then(|| check_digit::aba(&digits)));
        facts.ean.count((bare && matches!(digits.len(), 8 | 12 | 13)).then(|| check_digit::ean(&digits)));
    }
    facts.card_issuers = issuers.len();
    for tried in [&mut facts.iban, &mut facts.card, &mut facts.vin, &mut facts.imei, &mut facts.aba, &mut facts.ean] {
        tried.close(n);
    }
    let coded: Vec<&str> = values.iter().copied().filter(|v| (8..=22).contains(&v.len())).collect();
    if coded.len() * 2 < n || n == 0 {
        return;
    }
    for scheme in SCHEMES {
        let mut tried = Tried::default();
        for value in &coded {
            tried.count((scheme.check)(value));
        }
        tried.close(n);
        if tried.formed >= 0.5 {
            facts.schemes.push((scheme, tried));
        }
    }
    facts.schemes.sort_by(|a, b| b.1.evidence(b.0.chance).total_cmp(&a.1.evidence(a.0.chance)));
}

fn middle(dates: &[(i32, bool)]) -> i32 {
    let mut years: Vec<i32> = dates.iter().map(|d| d.0).collect();
    years.sort_unstable();
    years.get(years.len() / 2).copied().unwrap_or(i32::MAX)
}

fn gender(v: &str) -> bool {
    matches!(v, "m" | "f" | "w" | "h" | "k" | "d")
        || ["gender_female", "gender_male", "gender_other"].iter().any(|k| words::is(k, v))
}

fn both_sexes(values: &[String]) -> bool {
    let female = values.iter().any(|v| matches!(v.as_str(), "f" | "w" | "k") || words::is("gender_female", v));
    let male = values.iter().any(|v| matches!(v.as_str(), "m" | "h") || words::is("gender_male", v));
    female && male && values.len() <= 12
}

fn flag(sample: &ColumnSample) -> bool {
    sample.kind == Kind::Boolean
        || (!sample.values.is_empty()
            && sample.values.len() <= 2
            && sample.values.iter().all(|(v, _)| {
                ["0", "1", "yes", "no", "y", "n", "true", "false", "0.0", "1.0", "ja", "nein", "oui", "non", "si", "sí"]
                    .iter()
                    .any(|f| v.eq_ignore_ascii_case(f))
            }))
}

fn one_picture(values: &[&str]) -> bool {
    let picture = |v: &str| -> String {
        v.chars()
            .map(|c| {
                if c.is_ascii_digit() {
                    '9'
                } else if c.is_alphabetic() {
                    'A'
                } else {
                    c
                }
            })
            .collect()
    };
    let Some(first) = values.first().map(|v| picture(v)) else { return false };
    values.iter().filter(|v| picture(v) == first).count() as f64 >= 0.95 * values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_at_chance_level_is_no_evidence() {
        let luhn_at_chance = Tried { formed: 1.0, n: 1000, passed: 100 };
        assert!(luhn_at_chance.evidence(0.1) < 0.0);
        let nearly_everything_passes = Tried { formed: 1.0, n: 1000, passed: 1000 };
        assert!(nearly_everything_passes.evidence(0.88) < 0.6);
        assert!(Tried { formed: 1.0, n: 60, passed: 60 }.evidence(0.1) > 5.0);
    }
}
