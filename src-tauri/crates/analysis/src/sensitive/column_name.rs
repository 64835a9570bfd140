//! What the name of a column says, in many languages.

use super::abbreviation::{shortens_alone, shortens_phrase};
use super::fold::{fold, tokens};
use super::label::Label;
use proofmark_domain::sensitive::SensitiveGroup;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The part a word plays in a name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Label(Label, f64),
    Person,
    Thing,
    Stat,
    Id,
    Nothing,
}

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

/// Names the thing by itself: 0.92 when nothing else is known, since the prior is -3.
const STRONG: f64 = 5.5;
const MEDIUM: f64 = 3.6;
const WEAK: f64 = 1.5;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| parse(include_str!("data/column_words.txt")));
static WORDS: LazyLock<&'static HashMap<String, Vec<Role>>> = LazyLock::new(|| &DICTIONARY.phrases);

/// The phrases with their roles, and which of them were written as several words and are only joined here.
struct Dictionary {
    phrases: HashMap<String, Vec<Role>>,
    joined: HashSet<String>,
}

/// What a shortened word loses against the whole one.
const SHORTENED: f64 = 1.2;
const SHORTENED_ALONE: f64 = 3.5;

/// Phrases that name a label by themselves, by number of words and first letter, for shortened names.
static BY_LETTER: LazyLock<HashMap<(usize, char), Vec<Phrase>>> = LazyLock::new(|| {
    let mut map: HashMap<(usize, char), Vec<Phrase>> = HashMap::new();
    for (phrase, roles) in WORDS.iter() {
        let words: Vec<&'static str> = phrase.split(' ').collect();
        let labelled = roles.iter().any(|r| matches!(r, Role::Label(_, w) if *w >= MEDIUM));
        if let Some(letter) =
            phrase.chars().next().filter(|c| labelled && !unspaced(*c) && !DICTIONARY.joined.contains(phrase))
        {
            map.entry((words.len(), letter)).or_default().push((words, roles));
        }
    }
    map.values_mut().for_each(|all| all.sort_by(|a, b| a.0.cmp(&b.0)));
    map
});

/// Its words and what they mean.
type Phrase = (Vec<&'static str>, &'static Vec<Role>);

/// Words that begin like another word and yet are whole.
const WHOLE: &[&str] = &["nation", "social", "person", "post", "gene", "code", "mail", "comp", "cont", "national", "credits", "credit"];

/// Phrases that are no words of a column name at all and no label, but begin in the same way.
fn shortened(words: &[String], at: usize) -> Option<(String, Vec<Role>, usize)> {
    let letter = words.get(at)?.chars().next()?;
    let weaker = |roles: &[Role], less: f64| -> Vec<Role> {
        roles.iter().map(|r| if let Role::Label(l, w) = r { Role::Label(*l, w - less) } else { *r }).collect()
    };
    for n in (2..=4.min(words.len() - at)).rev() {
        let window = words.get(at..at + n)?;
        let found = BY_LETTER.get(&(n, letter)).into_iter().flatten().find(|(p, _)| shortens_phrase(window, p));
        if let Some((phrase, roles)) = found {
            return Some((phrase.join(" "), weaker(roles, SHORTENED), n));
        }
    }
    let word = words.get(at)?;
    if look_up(word).is_some() || WHOLE.contains(&word.as_str()) {
        return None;
    }
    let all: Vec<&Phrase> =
        BY_LETTER.get(&(1, letter)).into_iter().flatten().filter(|(p, _)| shortens_alone(word, p[0])).collect();
    let label = |roles: &[Role]| roles.iter().find_map(|r| if let Role::Label(l, _) = r { Some(*l) } else { None });
    let (first, roles) = all.first()?;
    // one that could stand for several things stands for nothing
    all.iter().all(|(_, r)| label(r) == label(roles)).then(|| (first.join(" "), weaker(roles, SHORTENED_ALONE), 1))
}

/// Words of figures about many people.
const RATES: &[&str] = &[
    "rate", "prevalence", "incidence", "mortality", "expectancy", "pct", "percent", "percentage", "share", "deaths", "cases",
    "per capita", "avg", "average", "mean", "median",
];

/// Phrases in scripts written without spaces, longest first.
static UNSPACED: LazyLock<Vec<(String, Vec<Role>)>> = LazyLock::new(|| {
    let mut phrases: Vec<_> =
        WORDS.iter().filter(|(k, _)| k.chars().any(unspaced)).map(|(k, v)| (k.clone(), v.clone())).collect();
    phrases.sort_by(|a, b| b.0.chars().count().cmp(&a.0.chars().count()).then_with(|| a.0.cmp(&b.0)));
    phrases
});

fn unspaced(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xe00..=0xe7f)
}

fn parse(text: &str) -> Dictionary {
    let mut map: HashMap<String, Vec<Role>> = HashMap::new();
    let (mut joins, mut written) = (HashSet::new(), HashSet::new());
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let Some((head, phrases)) = line.split_once(": ") else { continue };
        let mut head = head.split_whitespace();
        let role = match (head.next(), head.next()) {
            (Some("person"), _) => Role::Person,
            (Some("thing"), _) => Role::Thing,
            (Some("stat"), _) => Role::Stat,
            (Some("id"), _) => Role::Id,
            (Some("none"), _) => Role::Nothing,
            (Some(word), strength) => match Label::parse(word) {
                Some(label) => Role::Label(
                    label,
                    match strength {
                        Some("s") => STRONG,
                        Some("m") => MEDIUM,
                        _ => WEAK,
                    },
                ),
                None => continue,
            },
            _ => continue,
        };
        for phrase in phrases.split(',') {
            let words = tokens(phrase);
            let spaced = words.join(" ");
            let joined = words.concat();
            if words.len() > 1 && joined.chars().count() >= 6 {
                joins.insert(joined.clone());
                push(&mut map, joined, role);
            }
            written.insert(spaced.clone());
            push(&mut map, spaced, role);
        }
    }
    joins.retain(|word| !written.contains(word));
    Dictionary { phrases: map, joined: joins }
}

fn push(map: &mut HashMap<String, Vec<Role>>, phrase: String, role: Role) {
    let roles = map.entry(phrase).or_default();
    if !roles.contains(&role) {
        roles.push(role);
    }
}

/// Roles of one token, with a plural `s` or an inflected ending taken off if need be.
fn look_up(word: &str) -> Option<&'static Vec<Role>> {
    WORDS
        .get(word)
        .or_else(|| word.strip_suffix('s').filter(|w| w.len() >= 4).and_then(|w| WORDS.get(w)))
        // the Arabic article
        .or_else(|| word.strip_prefix("ال").and_then(|w| WORDS.get(w)))
}

/// Reads a column name or path.
pub fn read(name: &str) -> Reading {
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

fn singular(phrase: &str) -> Option<&'static Vec<Role>> {
    phrase.strip_suffix('s').filter(|p| p.len() >= 6).and_then(|p| WORDS.get(p))
}

/// The known parts of one unknown word: a compound (`kundenemail`, `customerphone`), or a text written without spaces.
fn parts(word: &str) -> Vec<(String, Vec<Role>)> {
    if word.chars().any(unspaced) {
        let mut rest = word.to_string();
        let mut out = Vec::new();
        for (phrase, roles) in UNSPACED.iter() {
            // a single ideograph inside a longer unknown word says nothing
            if (phrase.chars().count() > 1 || rest.chars().count() <= 1) && rest.contains(phrase.as_str()) {
                rest = rest.replacen(phrase.as_str(), " ", 1);
                out.push((phrase.clone(), roles.clone()));
            }
        }
        return out;
    }
    let count = word.chars().count();
    if count < 6 {
        return Vec::new();
    }
    for (at, _) in word.char_indices().skip(2) {
        let (left, right) = word.split_at(at);
        if right.chars().count() < 3 {
            break;
        }
        let Some(right_roles) = WORDS.get(right) else { continue };
        let stems = [Some(left), left.strip_suffix('s'), left.strip_suffix('n'), left.strip_suffix("en")];
        let left_roles = stems.into_iter().flatten().filter(|s| s.chars().count() >= 3).find_map(|s| WORDS.get(s));
        if let Some(left_roles) = left_roles {
            return vec![(left.to_string(), left_roles.clone()), (right.to_string(), right_roles.clone())];
        }
        let labelled = right_roles.iter().any(|r| matches!(r, Role::Label(_, w) if *w >= MEDIUM));
        if labelled && right.chars().count() >= 6 {
            return vec![(right.to_string(), right_roles.clone())];
        }
    }
    Vec::new()
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
