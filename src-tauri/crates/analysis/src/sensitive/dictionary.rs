//! The dictionary of column names: words and phrases with the part that each plays.

use super::abbreviation::{shortens_alone, shortens_phrase};
use super::fold::tokens;
use super::label::Label;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The part a word plays in a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    Label(Label, f64),
    Person,
    Thing,
    Stat,
    Id,
    Nothing,
}

/// Names the thing by itself: 0.92 when nothing else is known, since the prior is -3.
pub const STRONG: f64 = 5.5;
pub const MEDIUM: f64 = 3.6;
pub const WEAK: f64 = 1.5;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| parse(include_str!("data/column_words.txt")));
pub static WORDS: LazyLock<&'static HashMap<String, Vec<Role>>> = LazyLock::new(|| &DICTIONARY.phrases);

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
const WHOLE: &[&str] =
    &["nation", "social", "person", "post", "gene", "code", "mail", "comp", "cont", "national", "credits", "credit"];

/// What the words from a place on are short for, with less weight than the whole words have; none if several things are possible.
pub fn shortened(words: &[String], at: usize) -> Option<(String, Vec<Role>, usize)> {
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

/// Phrases in scripts written without spaces, longest first.
static UNSPACED: LazyLock<Vec<(String, Vec<Role>)>> = LazyLock::new(|| {
    let mut phrases: Vec<_> =
        WORDS.iter().filter(|(k, _)| k.chars().any(unspaced)).map(|(k, v)| (k.clone(), v.clone())).collect();
    phrases.sort_by(|a, b| b.0.chars().count().cmp(&a.0.chars().count()).then_with(|| a.0.cmp(&b.0)));
    phrases
});

pub fn unspaced(c: char) -> bool {
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
pub fn look_up(word: &str) -> Option<&'static Vec<Role>> {
    WORDS
        .get(word)
        .or_else(|| word.strip_suffix('s').filter(|w| w.len() >= 4).and_then(|w| WORDS.get(w)))
        // the Arabic article
        .or_else(|| word.strip_prefix("ال").and_then(|w| WORDS.get(w)))
}

pub fn singular(phrase: &str) -> Option<&'static Vec<Role>> {
    phrase.strip_suffix('s').filter(|p| p.len() >= 6).and_then(|p| WORDS.get(p))
}

/// The known parts of one unknown word: a compound (`kundenemail`, `customerphone`), or a text written without spaces.
pub fn parts(word: &str) -> Vec<(String, Vec<Role>)> {
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
