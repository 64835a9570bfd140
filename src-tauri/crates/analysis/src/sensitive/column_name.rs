//! What the name of a column says, in many languages.

use super::dictionary::{MEDIUM, Role, STRONG, WORDS, look_up, parts, shortened, singular};
use super::fold::{fold, tokens};
use super::label::Label;
use proofmark_domain::sensitive::SensitiveGroup;

/// A label that the name suggests.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The label.
    pub label: Label,
    /// Log-odds.
    pub weight: f64,
    /// The words that say so.
    pub words: String,
    /// Why, for people.
    pub why: &'static str,
}

/// What a name says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Labels suggested, strongest first.
    pub hints: Vec<Hint>,
    /// It names whose data it is.
    pub person: bool,
    /// It names something that is no person.
    pub thing: bool,
    /// It is a figure or a flag about something.
    pub stat: bool,
    /// It is a rate over many people, such as a prevalence, so that also a special category is nobody's.
    pub rate: bool,
    /// It has an identifier word.
    pub id: bool,
    /// It names persons in the plural, as counts do (`drivers`).
    pub plural: bool,
    /// Some word or phrase of the dictionary was found at all.
    pub known: bool,
}

impl Reading {
    /// The weight for a label, 0 if it was not suggested.
    pub fn weight(&self, label: Label) -> f64 {
        self.hints.iter().find(|h| h.label == label).map_or(0.0, |h| h.weight)
    }

    /// The strongest suggestion.
    pub fn best(&self) -> Option<&Hint> {
        self.hints.first()
    }
}

/// Words of figures about many people.
const RATES: &[&str] = &[
    "rate",
    "prevalence",
    "incidence",
    "mortality",
    "expectancy",
    "pct",
    "percent",
    "percentage",
    "share",
    "deaths",
    "cases",
    "per capita",
    "avg",
    "average",
    "mean",
    "median",
];

/// Characters of a name that are read: a longer one is no name but a line of data that was taken for one.
const LONGEST: usize = 200;

/// Reads a column name or path.
pub fn read(name: &str) -> Reading {
    let name = name.char_indices().nth(LONGEST).map_or(name, |(end, _)| name.get(..end).unwrap_or(name));
    let Some((parents, leaf)) = name.rsplit_once('.') else { return read_words(&tokens(name)) };
    let mut reading = read_words(&tokens(leaf));
    if reading.hints.is_empty() && !reading.stat && !reading.thing {
        // `user.address.line` is told by its parents, `user.id` by both together
        return read_words(&tokens(name));
    }
    let owner = read_words(&tokens(parents));
    if owner.person && !reading.person && !reading.thing && !reading.stat {
        reading.person = true;
        for hint in reading.hints.iter_mut().filter(|h| h.weight > 0.0 && h.weight < MEDIUM) {
            hint.weight += 2.5;
            hint.why = "the column's name says so and its parent names a person";
        }
    }
    reading
}

/// Words that stand for any column, so that they say nothing about it.
const PLACEHOLDERS: &[&str] = &[
    "field",
    "column",
    "col",
    "var",
    "variable",
    "feature",
    "feat",
    "attribute",
    "attr",
    "value",
    "val",
    "data",
    "spalte",
    "feld",
    "colonne",
    "champ",
    "columna",
    "campo",
    "colonna",
    "coluna",
    "kolom",
    "kolumna",
    "kolumn",
    "kolonne",
    "unnamed",
];

fn placeholder(word: &str) -> bool {
    PLACEHOLDERS.contains(&word) || word.len() == 1 || word.bytes().all(|b| b.is_ascii_digit())
}

fn read_words(words: &[String]) -> Reading {
    if words.iter().all(|w| placeholder(w)) {
        return Reading::default();
    }
    let mut found: Vec<(String, Vec<Role>, usize)> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let longest = (1..=5.min(words.len() - i)).rev().find_map(|n| {
            let phrase = words.get(i..i + n)?.join(" ");
            let roles = if n == 1 { look_up(&phrase) } else { WORDS.get(&phrase).or_else(|| singular(&phrase)) }?;
            Some((phrase, roles.clone(), n))
        });
        let tells = |roles: &[Role]| roles.iter().any(|r| matches!(r, Role::Label(..) | Role::Nothing));
        let longest = match longest {
            Some(exact) if exact.2 > 1 || tells(&exact.1) => Some(exact),
            exact => shortened(words, i).or(exact),
        };
        match longest {
            Some((phrase, roles, n)) => {
                found.push((phrase, roles, i));
                i += n;
            }
            None => {
                if let Some(word) = words.get(i) {
                    found.extend(parts(word).into_iter().map(|(w, r)| (w, r, i)));
                }
                i += 1;
            }
        }
    }
    weigh(words, &found)
}

fn weigh(words: &[String], found: &[(String, Vec<Role>, usize)]) -> Reading {
    let mut reading = Reading { known: !found.is_empty(), ..Reading::default() };
    let mut hashed = false;
    for (phrase, roles, at) in found {
        let labelled = roles.iter().any(|r| matches!(r, Role::Label(_, w) if *w >= MEDIUM));
        hashed |= matches!(phrase.as_str(), "hash" | "hashed" | "pseudo" | "pseudonym" | "sha" | "md");
        for role in roles {
            match role {
                Role::Label(label, weight) => reading.hints.push(Hint {
                    label: *label,
                    weight: *weight,
                    words: phrase.clone(),
                    why: "the column's name says so",
                }),
                Role::Person => {
                    reading.person = true;
                    reading.plural |= words.get(*at).is_some_and(|w| w.ends_with('s') && !WORDS.contains_key(w));
                }
                Role::Thing if !labelled => reading.thing = true,
                Role::Stat if !labelled => {
                    reading.rate |= RATES.contains(&phrase.as_str());
                    let first = *at == 0;
                    let last = at + 1 == words.len();
                    reading.stat |= match phrase.as_str() {
                        "n" | "nb" | "is" | "has" | "num of" | "number of" => first && words.len() > 1,
                        "at" | "ok" => last && words.len() > 1,
                        _ => true,
                    };
                }
                // `num_x` counts, `x_num` identifies
                Role::Id if *at == 0 && words.len() > 1 && matches!(phrase.as_str(), "num") => reading.stat = true,
                Role::Id => reading.id = true,
                _ => {}
            }
        }
    }
    if reading.person && reading.id && !reading.hints.iter().any(|h| h.weight >= MEDIUM) && !reading.stat {
        reading.hints.push(Hint {
            label: Label::Pseudonym,
            weight: STRONG,
            words: words.join(" "),
            why: "an identifier of a person",
        });
    }
    for hint in &mut reading.hints {
        let special = hint.label.group() == SensitiveGroup::Special;
        if reading.person
            && !reading.id
            && hint.weight < MEDIUM
            && found.len() > 1
            && !matches!(hint.label, Label::FreeText | Label::Secret)
        {
            hint.weight += 2.5;
            hint.why = "the column's name says so and names a person";
        }
        if reading.stat && !special || reading.rate {
            hint.weight -= 7.0;
            hint.why = "the name speaks of a figure or flag about it, not of the thing itself";
        } else if reading.thing && !reading.person {
            // a shop has a telephone and an address too; a shop's age or income is nobody's
            let contact = matches!(
                hint.label.group(),
                SensitiveGroup::Direct | SensitiveGroup::Secret | SensitiveGroup::Pseudonym
            ) || matches!(hint.label, Label::Iban | Label::Card | Label::Account);
            hint.weight -= if hint.weight >= STRONG && contact { 1.5 } else { 4.0 };
            hint.why = "the name speaks of something that is no person";
        }
    }
    if hashed
        && !reading.hints.iter().any(|h| h.label == Label::Secret)
        && let Some(best) =
            reading.hints.iter().map(|h| h.weight).reduce(f64::max).filter(|w| *w > 0.0 || reading.person)
    {
        let words = words.join(" ");
        for hint in &mut reading.hints {
            hint.weight = hint.weight.min(0.0);
        }
        let weight = best.max(MEDIUM);
        reading.hints.push(Hint { label: Label::Pseudonym, weight, words, why: "a hash of an identifier" });
    }
    reading.hints.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut seen = Vec::new();
    reading.hints.retain(|h| {
        let new = !seen.contains(&h.label);
        seen.push(h.label);
        new
    });
    reading
}

/// What a table name says about its rows: +1 people, -1 things, 0 nothing.
pub fn table(name: &str) -> i32 {
    let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = stem.split('.').next().unwrap_or(stem);
    let mut score = 0i32;
    for word in tokens(&fold(stem)) {
        if matches!(
            word.as_str(),
            "orders"
                | "logs"
                | "log"
                | "metrics"
                | "inventory"
                | "penguins"
                | "cars"
                | "earthquakes"
                | "quakes"
                | "movies"
                | "catalog"
                | "stocks"
                | "prices"
        ) {
            score -= 1;
        } else if let Some(roles) = look_up(&word) {
            if roles.contains(&Role::Person) {
                score += 1;
            } else if roles.contains(&Role::Thing) {
                score -= 1;
            }
        }
    }
    score.signum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(name: &str) -> Option<Label> {
        read(name).best().filter(|h| h.weight >= 3.0).map(|h| h.label)
    }

    #[test]
    fn ten_languages_are_read() {
        for (name, label) in [
            ("fname", Label::Name),
            ("custLastName", Label::Name),
            ("cust_nm", Label::Name),
            ("Vorname", Label::Name),
            ("prénom", Label::Name),
            ("apellidos", Label::Name),
            ("codice_fiscale", Label::TaxId),
            ("sobrenome", Label::Name),
            ("achternaam", Label::Name),
            ("nazwisko", Label::Name),
            ("efternamn", Label::Name),
            ("sukunimi", Label::Name),
            ("příjmení", Label::Name),
            ("soyadı", Label::Name),
            ("фамилия", Label::Name),
            ("氏名", Label::Name),
            ("手机号码", Label::Phone),
            ("客户手机号", Label::Phone),
            ("dob", Label::BirthDate),
            ("Geburtsdatum", Label::BirthDate),
            ("msisdn", Label::Phone),
            ("homeTel", Label::Phone),
            ("kundenemail", Label::Email),
            ("user_id", Label::Pseudonym),
            ("PatientID", Label::Pseudonym),
            ("email_hash", Label::Pseudonym),
            ("password_hash", Label::Secret),
            ("client_ip", Label::Ip),
            ("has_diabetes", Label::Health),
            ("user.address.street", Label::Address),
        ] {
            assert_eq!(best(name), Some(label), "{name}: {:?}", read(name));
        }
    }

    #[test]
    fn figures_flags_and_things_are_not() {
        for name in [
            "file_name",
            "product_name",
            "column_name",
            "hostName",
            "model_name",
            "company_name",
            "ip_rights",
            "mem_address",
            "email_count",
            "is_email_valid",
            "n_phones",
            "phone_type",
            "product_id",
            "order_id",
            "request_id",
            "name_length",
            "num_customers",
            "conversion_rate",
            "email_sent_at",
            "firstSeen",
            "score",
            "house_age",
        ] {
            assert_eq!(best(name), None, "{name}: {:?}", read(name));
        }
    }

    #[test]
    fn tables_name_people_or_things() {
        assert_eq!(table("data/customers.csv"), 1);
        assert_eq!(table("products.parquet"), -1);
        assert_eq!(table("x1"), 0);
    }
}
