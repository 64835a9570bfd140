//! What the values say for or against each label, in log-odds.
//!
//! Weights were set by hand from the likelihood ratio each sign was judged to have and then checked on the tuning half of
//! the committed tables; the prior is -3 (one column in twenty), so +3 alone is an even chance.

use super::column_name::Reading;
use super::facts::Facts;
use super::label::Label;
use super::sample::Kind;
use proofmark_domain::sensitive::Factor;

/// What the rest of the table says about whose data it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surroundings {
    /// The rows are people (+1), things (-1) or it cannot be told (0).
    pub rows: i32,
    /// The rows are animals, plants or other living things with a sex and an age.
    pub creatures: bool,
    /// The year of today, for plausible ages.
    pub year: i32,
}

/// Collects the factors of one label.
pub struct Scale<'a> {
    reading: &'a Reading,
    facts: &'a Facts,
    around: Surroundings,
    hint: f64,
    factors: Vec<Factor>,
}

impl Scale<'_> {
    fn add(&mut self, name: &str, weight: f64, value: String, why: &str) {
        if weight != 0.0 {
            self.factors.push(Factor { name: name.into(), value, weight, why: why.into() });
        }
    }

    fn form(&mut self, weight: f64, share: f64, why: &str) {
        self.add("format", weight, format!("{share:.3} of distinct values"), why);
    }

    fn against(&mut self, weight: f64, why: &str) {
        self.add("values", -weight, format!("{} distinct values looked at", self.facts.n), why);
    }

    /// Steps of a share: the weight of the first threshold reached.
    fn steps(&mut self, share: f64, steps: &[(f64, f64)], why: &str) -> bool {
        match steps.iter().find(|(least, _)| share >= *least) {
            Some((_, weight)) => {
                self.form(*weight, share, why);
                true
            }
            None => false,
        }
    }

    fn needs(&mut self, holds: bool, weight: f64, why: &str) {
        if !holds && self.hint > 0.0 && self.facts.n > 0 {
            self.against(weight, why);
        }
    }

    fn around(&mut self, person: f64, thing: f64) {
        match self.around.rows {
            1 => self.add("table", person, "other columns describe people".into(), "the rows of this table are people"),
            -1 => self.add(
                "table",
                -thing,
                "other columns or the table's name describe things".into(),
                "the rows of this table are no people",
            ),
            _ => {}
        }
    }

    /// A name that says something else outweighs values that only look alike.
    fn named_otherwise(&mut self, weight: f64) {
        if self.hint > 0.0 {
            return;
        }
        let other = self.reading.best().filter(|h| h.weight >= 1.0);
        if let Some(other) = other {
            let why = format!("the name says {} instead", other.label.as_str());
            self.add("column_name", -weight, "another meaning".into(), &why);
        } else if self.reading.known && !self.reading.person || self.reading.stat || self.reading.thing {
            self.add(
                "column_name",
                -weight,
                "a known word that is not personal".into(),
                "the name says that it is something else",
            );
        }
    }
}

/// Every factor for one label of one column, the prior excluded.
pub fn factors(label: Label, reading: &Reading, facts: &Facts, around: Surroundings) -> Vec<Factor> {
    let hint = reading.weight(label);
    let mut s = Scale { reading, facts, around, hint, factors: Vec::new() };
    if let Some(h) = reading.hints.iter().find(|h| h.label == label) {
        s.add("column_name", h.weight, format!("`{}`", h.words), h.why);
    }
    let f = facts;
    if f.n == 0 {
        return s.factors;
    }
    if f.flag
        && !matches!(label.group(), proofmark_domain::sensitive::SensitiveGroup::Special)
        && !matches!(label, Label::Gender | Label::MaritalStatus | Label::Occupation)
    {
        s.needs(false, 8.0, "only yes and no");
    }
    match label {
        Label::Email | Label::Phone | Label::Ip | Label::Mac | Label::Device | Label::UserHandle => {
            contact(label, &mut s)
        }
        Label::Name | Label::FreeText | Label::Pseudonym | Label::Secret => text(label, &mut s),
        Label::Address | Label::Postcode | Label::Location => place(label, &mut s),
        Label::NationalId | Label::TaxId | Label::Passport | Label::DrivingLicence | Label::Vehicle => {
            official(label, &mut s)
        }
        Label::Iban | Label::Card | Label::Account | Label::Financial => money(label, &mut s),
        _ => person(label, &mut s),
    }
    s.factors
}

fn contact(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    match label {
        Label::Email => {
            s.steps(f.email, &[(0.8, 7.0), (0.3, 4.5), (0.05, 1.0)], "have the form of an e-mail address");
            s.needs(f.email > 0.05, 6.5, "hardly any value has the form of an e-mail address");
        }
        Label::Phone => {
            let grouped = f.phone_sure + f.phone_grouped;
            let any = grouped + f.phone_digits;
            let sure = if f.isbn >= 0.5
                || f.schemes.first().is_some_and(|x| x.0.distinct_form && x.1.rate() > 0.9) && f.phone_sure < 0.5
            {
                0.0
            } else {
                f.phone_sure
            };
            if !s.steps(
                sure,
                &[(0.6, 5.0), (0.3, 4.0), (0.1, 2.5)],
                "have an international prefix, an area code in parentheses or an extension",
            ) && grouped >= 0.8
                && !f.one_picture
                && f.isbn < 0.5
                && f.uniqueness > 0.3
            {
                s.form(1.5, grouped, "are digits in groups of varying shape");
                if s.hint <= 0.0 {
                    s.around(1.2, 1.0);
                }
            }
            if s.hint > 0.0 && any >= 0.6 {
                s.form(1.5, any, "can be telephone numbers");
            }
            s.needs(any >= 0.3, 7.0, "hardly any value can be a telephone number");
            s.named_otherwise(if f.phone_sure >= 0.3 { 2.5 } else { 4.0 });
        }
        Label::Ip => {
            if f.ipv4 >= 0.8 {
                let weight = if f.ipv4_high >= 0.4 {
                    5.0
                } else if f.ipv4_high < 0.15 {
                    0.5
                } else {
                    2.5
                };
                s.form(weight, f.ipv4, "have the form of IPv4; small numbers in every part are rather versions");
            }
            s.steps(f.ipv6, &[(0.5, 6.0), (0.2, 3.0)], "have the form of IPv6");
            s.needs(f.ipv4 + f.ipv6 >= 0.3, 7.0, "hardly any value has the form of an IP address");
            s.named_otherwise(4.5);
        }
        Label::Mac => {
            s.steps(f.mac, &[(0.8, 6.5), (0.4, 4.0)], "have the form of a hardware address");
            s.needs(f.mac >= 0.3, 7.0, "hardly any value has the form of a hardware address");
        }
        Label::Device => {
            let weight = f.imei.evidence(0.1);
            s.add(
                "check_digit",
                weight,
                rate(f.imei.rate(), f.imei.n),
                "15 digits with a Luhn check, as an IMEI; one random number in ten passes",
            );
            s.named_otherwise(4.5);
            s.needs(f.has_digit >= 0.5 && f.uniqueness > 0.001, 5.0, "values are no identifiers");
            if s.hint > 0.0 && f.words > 1.5 {
                s.against(5.0, "values are words, not identifiers");
            }
        }
        _ => {
            s.steps(f.handle, &[(0.7, 5.0)], "have the form of a handle or profile address");
            s.needs(
                f.kind == Kind::Text && f.words < 2.0 && f.has_letter > 0.5,
                5.0,
                "values have spaces or no letters",
            );
        }
    }
}

fn text(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    match label {
        Label::Name => {
            let known = f.name_known;
            if f.kind != Kind::Text || f.name_shaped < 0.5 {
                s.needs(false, 8.0, "values have not the form of names");
                return;
            }
            if s.hint >= 1.0 {
                s.add(
                    "dictionary",
                    if known >= 0.6 {
                        4.5
                    } else if known >= 0.35 {
                        3.0
                    } else if known >= 0.15 {
                        1.0
                    } else if f.n >= 20 {
                        -2.0
                    } else {
                        0.0
                    },
                    format!("{known:.3} of distinct values"),
                    "hold a known given or family name, or a family-name ending",
                );
                if s.hint < 3.0 {
                    s.around(2.5, 3.0);
                }
            } else {
                if f.name_full >= 0.3 && known >= 0.5 {
                    s.add(
                        "dictionary",
                        if f.name_full >= 0.5 { 5.0 } else { 3.8 },
                        format!("{:.3} of distinct values", f.name_full),
                        "are a known given name with another name",
                    );
                } else if known >= 0.65 && f.n >= 5 {
                    s.add(
                        "dictionary",
                        if known >= 0.8 { 4.0 } else { 3.0 },
                        format!("{known:.3} of distinct values"),
                        "are known given or family names",
                    );
                    s.around(1.0, 2.0);
                }
                s.named_otherwise(5.0);
            }
            if f.company >= 0.12 {
                s.form(
                    if s.hint >= 5.0 { -1.0 } else { -4.0 },
                    f.company,
                    "have a legal form or join names as companies do",
                );
            }
            if s.around.creatures && s.hint < 3.0 {
                s.against(3.0, "the table is about animals or plants");
            }
            if f.city + f.country >= 0.3 {
                s.form(-3.0, f.city + f.country, "are cities or countries");
            }
        }
        Label::FreeText => {
            if f.kind != Kind::Text || f.words < 5.0 || f.address >= 0.4 || f.name_full >= 0.8 && f.words < 6.0 {
                s.needs(false, 3.0, "values are no sentences");
                return;
            }
            let enough = f.text_hits >= 2;
            let value = format!("{:.4} of distinct texts", f.text_identifiers);
            if enough && f.text_identifiers >= 0.02 {
                s.add(
                    "content",
                    if f.text_identifiers >= 0.1 { 5.5 } else { 4.2 },
                    value,
                    "hold an e-mail address, telephone number, identifier or name of a person",
                );
            } else if enough {
                s.add("content", 2.2, value, "hold an identifier, though seldom");
            }
            s.named_otherwise(2.0);
        }
        Label::Pseudonym => {
            if f.kind == Kind::Float && f.whole < 0.99 || f.words > 2.5 || matches!(f.kind, Kind::Date | Kind::Time) {
                s.needs(false, 8.0, "values are no identifiers");
                return;
            }
            let coded = f.has_digit >= 0.9
                && f.decimals < 0.1
                && f.n > 20
                && f.dates < 0.5
                && f.phone_sure < 0.3
                && f.email < 0.3;
            if s.hint <= 0.0
                && s.reading.person
                && !s.reading.stat
                && coded
                && f.name_shaped < 0.3
                && (f.range.1 >= 1000.0 || f.has_letter > 0.8)
                && s.reading.best().is_none_or(|h| h.label == Label::Name)
            {
                s.add(
                    "column_name",
                    4.3,
                    "names a person".into(),
                    "the name is of a person and the values are numbers or codes",
                );
            }
            if f.digest >= 0.9 && s.hint <= 0.0 {
                s.form(1.5, f.digest, "are hexadecimal digests of one length");
                s.around(3.0, 2.0);
                s.named_otherwise(4.5);
            }
            if s.hint > 0.0 && f.n > 50 && f.uniqueness < 0.0005 {
                s.against(2.0, "few values for so many rows");
            }
            if s.hint > 0.0 && f.email >= 0.5 {
                s.against(6.0, "values are e-mail addresses in clear");
            }
        }
        _ => {
            s.steps(
                f.secret,
                &[(0.5, 7.5), (0.1, 4.5)],
                "have the form of a known kind of key, token or password hash",
            );
            if s.hint > 0.0 && f.tokenish >= 0.6 && f.secret < 0.1 {
                s.form(3.0, f.tokenish, "are long and random");
            }
            let odd = matches!(f.kind, Kind::Float | Kind::Date | Kind::Time)
                || f.dates >= 0.5
                || f.words > 3.0
                || (f.kind == Kind::Integer && f.range.1 < 100.0);
            s.needs(!odd || f.secret >= 0.5, 8.0, "values are no credentials");
        }
    }
}

fn place(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    match label {
        Label::Address => {
            let machine = f.url.max(f.email).max(f.mac).max(f.ipv4).max(f.ipv6).max(f.crypto).max(f.digest);
            if machine >= 0.3 {
                s.form(-8.0, machine, "are addresses of machines, pages or mailboxes");
                return;
            }
            let part = s.reading.hints.iter().any(|h| h.label == Label::Address && h.weight >= 5.0);
            s.steps(
                f.address,
                &[(0.6, if s.hint > 0.0 { 3.0 } else { 5.0 }), (0.4, 3.0), (0.2, 1.0)],
                "have a street word and a number",
            );
            s.needs(part || f.numeric < 0.5, 6.0, "values are plain numbers");
            s.needs(f.has_letter > 0.5 || f.length < 8.0 && part, 6.0, "values have no words");
            let hex = f.has_digit > 0.9 && f.words < 1.2 && f.has_letter > 0.9 && !part;
            s.needs(!hex, 6.0, "values are codes, not addresses");
            if f.text_hits > 0 && f.words > 14.0 {
                s.against(3.0, "values are longer texts");
            }
            s.named_otherwise(4.0);
        }
        Label::Postcode => {
            let shaped =
                f.has_digit >= 0.6 && (3.0..=10.5).contains(&f.length) && !(f.kind == Kind::Float && f.whole < 0.99);
            if s.hint > 0.0 && shaped {
                s.form(if s.hint < 3.0 { 0.5 } else { 1.0 }, f.has_digit, "can be postcodes");
            }
            s.needs(shaped, 7.0, "values cannot be postcodes");
            if f.postcode >= 0.8 && f.n >= 5 {
                s.form(1.5, f.postcode, "have the form of postcodes with letters or separators");
                s.around(2.5, 2.0);
                s.named_otherwise(5.0);
            } else if s.hint > 0.0 && s.hint < 3.0 {
                s.around(2.0, 2.0);
            }
        }
        _ => {
            let numeric = f.numeric >= 0.9;
            if f.coordinates >= 0.8 {
                s.form(3.0, f.coordinates, "are pairs of latitude and longitude");
                s.around(2.0, 2.5);
            } else if s.hint >= 1.0 && numeric {
                let fits = f.range.0 >= -180.0 && f.range.1 <= 180.0 && f.decimals >= 0.5;
                let named = s.reading.hints.iter().any(|h| {
                    h.label == Label::Location
                        && (h.words.contains("lat")
                            || h.words.contains("lon")
                            || h.words == "lng"
                            || !h.words.is_ascii()
                            || h.words.contains("grad"))
                });
                s.needs(fits && named, 5.0, "values are no coordinates");
                if fits && named {
                    s.form(1.0, f.decimals, "lie within the range of coordinates and have three decimals or more");
                    s.around(2.5, 3.0);
                }
            } else if s.hint >= 1.0 {
                s.steps(f.city, &[(0.1, 1.0)], "are known cities");
                if f.kind != Kind::Text || f.has_letter < 0.8 || f.words > 6.0 {
                    s.against(5.0, "values are no places");
                }
                if s.hint < 3.0 {
                    s.around(2.5, 3.0);
                }
            } else if f.city >= 0.35 && f.n >= 5 && f.kind == Kind::Text {
                s.form(2.0, f.city, "are known cities");
                s.around(2.5, 2.0);
                s.named_otherwise(4.0);
            }
        }
    }
}

fn official(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    if f.kind == Kind::Float && f.whole < 0.99 || f.dates >= 0.5 || matches!(f.kind, Kind::Date | Kind::Time) {
        s.needs(false, 8.0, "values are decimals or dates");
        return;
    }
    s.needs(f.has_digit >= 0.5, 7.0, "values have no digits");
    match label {
        Label::NationalId | Label::TaxId => {
            let goods =
                f.ean.evidence(0.1) >= 3.0 && f.schemes.first().is_none_or(|x| x.0.name != "CH AHV") || f.isbn >= 0.5;
            let best = f
                .schemes
                .iter()
                .filter(|(x, _)| x.tax == (label == Label::TaxId) || s.hint > 0.0)
                .max_by(|a, b| a.1.evidence(a.0.chance).total_cmp(&b.1.evidence(b.0.chance)));
            let overall = f.schemes.first().map_or(0.0, |x| x.1.evidence(x.0.chance));
            if let Some((scheme, tried)) = best {
                let raw = tried.evidence(scheme.chance);
                // a plainer reading of the same digits by another scheme is the likelier one
                if s.hint > 0.0 || raw + 0.01 >= overall {
                    let weight = if s.hint > 0.0 {
                        raw.max(-0.5)
                    } else if scheme.distinct_form {
                        raw
                    } else {
                        raw.min(5.0)
                    };
                    s.add(
                        "check_digit",
                        weight,
                        format!(
                            "{}: {}, {:.3} expected by chance",
                            scheme.name,
                            rate(tried.rate(), tried.n),
                            scheme.chance
                        ),
                        "share of distinct values of this form whose check holds",
                    );
                    if scheme.distinct_form
                        && s.hint <= 0.0
                        && tried.formed >= 0.9
                        && tried.rate() >= 0.97
                        && scheme.chance >= 0.1
                    {
                        s.form(1.0, tried.formed, "have the separators of this scheme");
                        s.around(2.0, 1.0);
                    }
                    if s.hint <= 0.0 && f.digits_only >= 0.9 && f.leads < 5 && f.n >= 10 {
                        s.against(7.0, "all values start alike, as running numbers do");
                    }
                }
            }
            if s.hint <= 0.0 && goods {
                s.against(6.0, "the values are article or book numbers");
            }
            s.named_otherwise(5.0);
            if s.hint > 0.0 && f.length < 4.0 {
                s.against(4.0, "values are too short");
            }
        }
        Label::Vehicle => {
            if f.vin.formed >= 0.8 {
                s.form(3.5, f.vin.formed, "are 17 letters and digits without I, O and Q, as a VIN");
                s.add(
                    "check_digit",
                    f.vin.evidence(0.09).max(-0.5),
                    rate(f.vin.rate(), f.vin.n),
                    "VIN check digit; one random text in eleven passes",
                );
            }
            if s.hint > 0.0 {
                s.steps(f.plate, &[(0.6, 1.0)], "can be licence plates");
            }
            s.named_otherwise(5.0);
        }
        _ => {
            let shaped = (4.0..=30.0).contains(&f.length) && f.words < 4.0;
            s.needs(shaped, 5.0, "values have not the length of document numbers");
        }
    }
}

fn money(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    let decimal = f.kind == Kind::Float && f.whole < 0.99;
    match label {
        Label::Iban => {
            s.add(
                "check_digit",
                if s.hint > 0.0 { f.iban.evidence(1.0 / 97.0).max(-0.5) } else { f.iban.evidence(1.0 / 97.0) },
                rate(f.iban.rate(), f.iban.n),
                "country, length and remainder by 97; one random number in 97 passes",
            );
            s.needs(
                f.iban.formed >= 0.2 || f.has_letter > 0.8 && f.has_digit > 0.8,
                6.0,
                "values have not the form of an IBAN",
            );
        }
        Label::Card => {
            let weight = f.card.evidence(0.1);
            s.add(
                "check_digit",
                if s.hint > 0.0 { weight.max(-0.5) } else { weight },
                rate(f.card.rate(), f.card.n),
                "length and issuer of a payment card and Luhn; one random number in ten passes Luhn",
            );
            s.needs(!decimal && f.has_digit >= 0.7, 8.0, "values are no card data");
            s.named_otherwise(7.0);
        }
        Label::Account => {
            if decimal || f.dates >= 0.5 {
                s.needs(false, 8.0, "decimals and dates are no account numbers");
                return;
            }
            s.steps(f.crypto, &[(0.8, 6.5), (0.5, 4.0)], "have the form of wallet addresses");
            let aba = f.aba.evidence(0.03).min(4.0);
            s.add(
                "check_digit",
                aba,
                rate(f.aba.rate(), f.aba.n),
                "routing number: prefix in use and weights 3 7 1; three random numbers in a hundred pass",
            );
            s.named_otherwise(if f.crypto >= 0.8 { 2.0 } else { 5.0 });
            s.needs(
                f.words < 3.0 && (f.has_digit >= 0.5 || (8.0..=11.0).contains(&f.length)),
                6.0,
                "values are no account numbers",
            );
            if s.hint > 0.0 && f.n <= 6 && f.present > 50 {
                s.against(4.0, "a handful of values for many rows");
            }
        }
        _ => {
            s.needs(f.has_digit >= 0.3 || f.words < 4.0, 3.0, "values are no amounts or bands");
            if s.hint > 0.0 {
                s.around(1.5, 4.0);
            }
        }
    }
}

fn person(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    let dictionary = |s: &mut Scale<'_>, share: f64, least: f64, alone: f64| {
        if share >= least && f.n >= 2 {
            s.add("dictionary", alone, format!("{share:.3} of distinct values"), "are words of this category");
        } else if s.hint > 0.0 && share >= 0.2 {
            s.add("dictionary", 1.5, format!("{share:.3} of distinct values"), "are words of this category");
        }
    };
    match label {
        Label::Gender => {
            let numbers = f.numeric >= 0.9;
            if s.hint > 0.0 && (f.gender.max(f.honorific) >= 0.7 || numbers && f.n <= 4) {
                s.form(1.5, f.gender, "are words or codes of sexes");
            }
            s.needs(f.n <= 80 && f.words < 3.0 && !(numbers && (f.n > 10)), 6.0, "too many different values");
            if s.hint > 0.0 && s.hint < 3.0 {
                dictionary(s, f.honorific.max(f.gender), 0.7, 4.5);
            }
            if s.hint <= 0.0 && f.both_sexes && f.gender >= 0.9 {
                if f.single_letters && f.n >= 2 {
                    s.form(1.0, f.gender, "are single letters for both sexes");
                    s.around(2.5, 2.0);
                    s.named_otherwise(4.0);
                } else {
                    s.form(5.5, f.gender, "are words for both sexes");
                }
            }
            if s.around.creatures {
                s.against(8.0, "the table is about animals or plants");
            }
        }
        Label::Age => {
            if f.numeric >= 0.9 {
                let fits = f.range.0 >= 0.0 && f.range.1 <= 125.0;
                if s.hint > 0.0 && fits {
                    s.form(0.5, f.numeric, "lie between 0 and 125");
                }
                let person = s.around.rows == 1;
                s.needs(fits || person, 4.0, "values are no ages of people");
                s.needs(f.whole >= 0.5 || person, 3.5, "ages with fractions and no person in the table");
            } else {
                s.needs(f.n <= 150 && f.words < 5.0, 5.0, "values are no ages");
            }
            if s.hint > 0.0 {
                s.around(1.0, 3.0);
            }
            if s.hint > 0.0 && s.around.creatures {
                s.against(6.0, "the table is about animals or plants");
            }
        }
        Label::BirthDate => {
            let dated = f.dates >= 0.8 && f.timed < 0.2;
            let plausible = f.years.0 >= 1880 && f.years.1 <= s.around.year;
            if s.hint > 0.0 && dated && plausible {
                s.form(1.5, f.dates, "are dates on which living people can be born");
            }
            let year = f.numeric >= 0.9 && f.range.0 >= 1850.0 && f.range.1 <= f64::from(s.around.year);
            s.needs(
                f.dates >= 0.3 || year || f.kind == Kind::Text || f.numeric >= 0.9 && f.range.0 > 10_000.0,
                5.0,
                "values are no dates, years or places",
            );
            let span = f.years.1.saturating_sub(f.years.0);
            if s.hint <= 0.0
                && dated
                && plausible
                && !s.reading.known
                && span >= 25
                && f.years.1 <= s.around.year - 5
                && f.n >= 10
            {
                s.form(1.2, f.dates, "are days spread over decades and end years ago, as births do");
                s.around(2.6, 2.0);
            }
        }
        Label::Health => {
            if f.n >= 3 {
                s.steps(f.icd_dotted, &[(0.4, 4.5)], "have the form of ICD-10 codes with a point");
                if f.icd >= 0.8 && f.icd_dotted < 0.4 {
                    s.form(1.5, f.icd, "have the form of ICD-10 categories");
                    s.named_otherwise(3.0);
                }
                if f.atc >= 0.8 {
                    s.form(4.5, f.atc, "have the form of ATC codes");
                }
                if f.blood >= 0.8 {
                    s.form(6.0, f.blood, "are blood groups");
                }
            }
            dictionary(s, f.disease, 0.4, 5.0);
            if s.hint > 0.0 || f.n >= 4 {
                dictionary(s, f.medicine, 0.4, 4.5);
            }
            if s.hint > 0.0 {
                s.around(if s.hint < 3.0 { 0.5 } else { 1.0 }, 4.0);
            }
            if s.hint > 0.0 && f.icd < 0.5 && f.dates >= 0.8 {
                s.against(3.0, "values are dates");
            }
        }
        Label::Religion => dictionary(s, f.religion, 0.6, 5.5),
        Label::Ethnicity => {
            dictionary(s, f.ethnicity, 0.6, if f.n >= 3 { 4.5 } else { 1.0 });
            s.named_otherwise(2.5);
            s.needs(f.n <= 400 && !(f.numeric >= 0.9 && f.n > 30), 6.0, "too many different values");
        }
        Label::Politics => {
            dictionary(s, f.politics, 0.6, if f.n >= 3 { 4.5 } else { 2.0 });
            s.named_otherwise(3.0);
        }
        Label::Sexuality => dictionary(s, f.sexuality, 0.5, 5.5),
        Label::Union => {
            dictionary(s, f.union, 0.6, if f.n >= 4 { 4.0 } else { 1.0 });
            s.named_otherwise(3.0);
        }
        Label::MaritalStatus => dictionary(s, f.marital, 0.6, if f.n >= 3 { 5.0 } else { 2.0 }),
        Label::Occupation => {
            dictionary(s, f.job, 0.5, if s.hint > 0.0 { 1.5 } else { 2.0 });
            if s.hint <= 0.0 && f.job >= 0.5 {
                s.around(2.5, 2.0);
                s.named_otherwise(4.0);
            }
            if s.hint > 0.0 && s.hint < 3.0 {
                s.around(2.5, 2.0);
            }
            s.needs(!(f.numeric >= 0.9 && f.n > 60) && f.words < 8.0, 5.0, "values are no jobs");
        }
        Label::Nationality => s.needs(f.numeric < 0.9 || f.n < 300, 5.0, "values are no nations"),
        _ => {}
    }
    if s.hint > 0.0
        && matches!(label.group(), proofmark_domain::sensitive::SensitiveGroup::Special)
        && label != Label::Health
    {
        s.around(0.5, 2.0);
    }
}

fn rate(rate: f64, n: usize) -> String {
    format!("{rate:.3} of {n} distinct values pass")
}
