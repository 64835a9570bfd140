//! Names, free text, stand-ins and secrets.

use super::Scale;
use crate::sensitive::label::Label;
use crate::sensitive::sample::Kind;

pub(super) fn text(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    match label {
        Label::Name => {
            let known = f.name_known;
            if f.kind != Kind::Text || f.name_shaped < 0.5 || f.calendar >= 0.7 {
                s.needs(false, 8.0, "values have not the form of names");
                return;
            }
            // Iris is a flower and Paris a city before they are people: so few values for so many rows are categories.
            if s.hint < 3.0 && !s.reading.person && f.n <= 5 && f.present >= 30 {
                s.add(
                    "values",
                    -5.0,
                    format!("{} distinct values in {} rows", f.n, f.present),
                    "a handful of values for many rows are categories",
                );
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
                    } else if f.n >= 20 || known == 0.0 && s.hint < 3.0 && f.n >= 2 {
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
                } else if known >= 0.4 && f.name_shaped >= 0.9 && f.n >= 5 && !s.reading.known {
                    let value = format!("{known:.3} of distinct values");
                    s.add("dictionary", 2.0, value, "are known given or family names");
                    s.around(1.4, 2.0);
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
            if f.colour >= 0.25 && s.hint < 3.0 && f.name_full < 0.6 {
                s.form(-3.5, f.colour, "have the word of a colour");
            }
            if s.around.creatures && s.hint < 3.0 {
                s.against(3.0, "the table is about animals or plants");
            }
            if f.city + f.country >= 0.3 {
                s.form(-3.0, f.city + f.country, "are cities or countries");
            }
        }
        Label::FreeText => {
            if f.kind != Kind::Text
                || f.words < 5.0 && !f.unspaced
                || f.letters < 0.3
                || f.address >= 0.4
                || f.house >= 0.8
                || s.reading.weight(Label::Address) >= 3.0
                || f.name_full >= 0.8 && f.words < 6.0
            {
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
                && (f.uniqueness >= 0.5 || f.has_letter > 0.8)
                && !(f.numeric >= 0.9 && s.reading.plural)
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
                s.around(1.0, 2.0);
                s.named_otherwise(4.5);
            }
            if s.hint > 0.0 && f.n > 50 && f.uniqueness < 0.0005 {
                s.against(2.0, "few values for so many rows");
            }
            if s.hint > 0.0 && f.numeric >= 0.9 && f.range.1 < 30.0 && f.uniqueness < 0.5 {
                s.against(4.0, "a handful of small numbers for many rows count, and name nobody");
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
            if f.secret < 0.1 && f.password >= 0.6 && f.n >= 5 {
                s.form(
                    if f.password >= 0.8 { 5.0 } else { 3.5 },
                    f.password,
                    "mix cases, digits and signs as passwords do",
                );
            }
            let odd = matches!(f.kind, Kind::Float | Kind::Date | Kind::Time)
                || f.dates >= 0.5
                || f.words > 3.0
                || (f.kind == Kind::Integer && f.range.1 < 100.0);
            s.needs(!odd || f.secret >= 0.5, 8.0, "values are no credentials");
        }
    }
}
