//! Addresses, postcodes and places.

use super::Scale;
use crate::sensitive::label::Label;
use crate::sensitive::sample::Kind;

pub(super) fn place(label: Label, s: &mut Scale<'_>) {
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
            if s.hint <= 0.0 && (0.15..0.6).contains(&f.address) && f.house >= 0.8 && f.n >= 8 {
                s.form(2.5, f.house, "are words in capitals with a house number");
                s.around(1.5, 2.0);
            }
            s.needs(part || f.numeric < 0.5, 6.0, "values are plain numbers");
            s.needs(f.kind != Kind::Float || f.whole >= 0.99, 6.0, "values are decimals");
            s.needs(f.has_letter > 0.5 || f.length < 8.0 && part, 6.0, "values have no words");
            s.needs(f.length >= 4.0 || part && f.has_digit > 0.0, 4.0, "values are too short for addresses");
            let hex = f.has_digit > 0.9 && f.words < 1.2 && f.has_letter > 0.9 && !part;
            s.needs(!hex, 6.0, "values are codes, not addresses");
            if f.text_hits > 0 && f.words > 14.0 {
                s.against(3.0, "values are longer texts");
            }
            s.named_otherwise(4.0);
        }
        Label::Postcode => {
            let shaped = f.has_digit >= 0.6
                && (3.0..=10.5).contains(&f.length)
                && f.underscored < 0.1
                && !(f.kind == Kind::Float && f.whole < 0.99);
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
                            || h.words.contains("lng")
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
