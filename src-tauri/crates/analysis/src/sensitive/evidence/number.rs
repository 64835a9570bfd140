//! Numbers that offices and banks give.

use super::{Scale, rate};
use crate::sensitive::label::Label;
use crate::sensitive::sample::Kind;

/// Incomes that only a person has.
const PERSONAL: &[&str] = &["salary", "wage", "payroll", "gehalt", "lohn", "salaire", "salario", "stipendio"];

pub(super) fn official(label: Label, s: &mut Scale<'_>) {
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
                let plate = s.reading.hints.iter().any(|h| h.label == Label::Vehicle && h.words == "plate");
                s.needs(!plate || f.plate.max(f.vin.formed) >= 0.2, 4.0, "hardly any value can be a licence plate");
            } else if f.plate_sure >= 0.8 && f.n >= 8 && f.postcode < 0.5 {
                s.form(2.6, f.plate_sure, "have the picture of licence plates");
                s.around(1.5, 1.5);
            }
            s.named_otherwise(5.0);
        }
        _ => {
            let shaped = (4.0..=30.0).contains(&f.length) && f.words < 4.0;
            s.needs(shaped, 5.0, "values have not the length of document numbers");
        }
    }
}

pub(super) fn money(label: Label, s: &mut Scale<'_>) {
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
                // Nothing but a person has a salary, whatever else the table is about.
                let own =
                    s.reading.hints.iter().any(|h| h.label == Label::Financial && PERSONAL.contains(&h.words.as_str()));
                s.around(if s.hint < 3.0 { 2.5 } else { 1.5 }, if own { 2.0 } else { 4.0 });
            }
        }
    }
}
