//! Ways to reach a person or a device.

use super::{Scale, rate};
use crate::sensitive::label::Label;
use crate::sensitive::sample::Kind;

pub(super) fn contact(label: Label, s: &mut Scale<'_>) {
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
            if sure < 0.1
                && s.hint <= 0.0
                && f.phone_national >= 0.95
                && f.n >= 10
                && f.isbn < 0.5
                && f.uniqueness > 0.3
            {
                let checked = f.schemes.first().is_some_and(|x| x.1.evidence(x.0.chance) >= 3.0);
                if !checked && f.leads >= 3 {
                    s.form(2.4, f.phone_national, "begin as a numbering plan has it");
                    s.around(2.0, 1.5);
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
            if f.handle < 0.7 && f.login >= 0.35 && f.n >= 8 && f.words <= 1.05 {
                s.add(
                    "dictionary",
                    if s.hint > 0.0 {
                        1.5
                    } else if f.login >= 0.6 {
                        3.4
                    } else {
                        2.6
                    },
                    format!("{:.3} of distinct values", f.login),
                    "are a known name with an initial, a number or another name, as logins are",
                );
                if s.hint <= 0.0 {
                    s.around(2.0, 2.0);
                }
            }
            s.named_otherwise(4.0);
            s.needs(
                f.kind == Kind::Text && f.words < 2.0 && f.has_letter > 0.5,
                5.0,
                "values have spaces or no letters",
            );
        }
    }
}
