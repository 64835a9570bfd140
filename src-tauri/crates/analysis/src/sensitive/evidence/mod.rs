//! What the values say for or against each label, in log-odds.
//!
//! Weights were set by hand from the likelihood ratio each sign was judged to have and then checked on the tuning half of
//! the committed tables; the prior is -3 (one column in twenty), so +3 alone is an even chance.

mod contact;
mod number;
mod person;
mod place;
mod text;

use super::column_name::Reading;
use super::facts::Facts;
use super::label::Label;
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
            contact::contact(label, &mut s)
        }
        Label::Name | Label::FreeText | Label::Pseudonym | Label::Secret => text::text(label, &mut s),
        Label::Address | Label::Postcode | Label::Location => place::place(label, &mut s),
        Label::NationalId | Label::TaxId | Label::Passport | Label::DrivingLicence | Label::Vehicle => {
            number::official(label, &mut s)
        }
        Label::Iban | Label::Card | Label::Account | Label::Financial => number::money(label, &mut s),
        _ => person::person(label, &mut s),
    }
    s.factors
}

fn rate(rate: f64, n: usize) -> String {
    format!("{rate:.3} of {n} distinct values pass")
}
