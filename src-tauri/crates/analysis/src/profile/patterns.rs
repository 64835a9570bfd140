//! How texts are written: `AA999` for two capitals and three digits.

use std::collections::BTreeMap;

use proofmark_domain::profile::TextPattern;
use serde::{Deserialize, Serialize};

/// Ways of writing that are told apart; beyond, runs of a kind count as one way, and beyond that the rest is not told apart.
const MOST: usize = 64;

/// Longer texts are prose, of which a pattern says nothing.
const LONGEST: usize = 48;

/// Patterns that a profile shows, and the least share that is worth showing.
const SHOWN: usize = 10;
const LEAST: f64 = 0.001;

/// Counts ways of writing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patterns {
    counts: BTreeMap<String, u64>,
    /// Whether runs of a kind count as one.
    short: bool,
    looked_at: u64,
}

fn kind(c: char) -> char {
    if c.is_numeric() {
        '9'
    } else if c.is_uppercase() {
        'A'
    } else if c.is_alphabetic() {
        'a'
    } else if c.is_control() {
        '?'
    } else {
        c
    }
}

fn pattern(text: &str) -> String {
    text.chars().map(kind).collect()
}

/// `Aaaa 99` as `Aa+ 9+`.
fn shortened(pattern: &str) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    while let Some(c) = letters.next() {
        out.push(c);
        if matches!(c, 'A' | 'a' | '9') && letters.peek() == Some(&c) {
            out.push('+');
            while letters.next_if_eq(&c).is_some() {}
        }
    }
    out
}

impl Patterns {
    /// Counts a text.
    pub fn add(&mut self, text: &str) {
        self.looked_at += 1;
        if text.chars().nth(LONGEST).is_some() {
            return;
        }
        let mut way = pattern(text);
        if self.short {
            way = shortened(&way);
        }
        self.count(way, 1);
    }

    fn count(&mut self, way: String, times: u64) {
        if let Some(count) = self.counts.get_mut(&way) {
            *count += times;
        } else if self.counts.len() < MOST {
            self.counts.insert(way, times);
        } else if !self.short {
            self.shorten();
            self.count(shortened(&way), times);
        }
    }

    fn shorten(&mut self) {
        self.short = true;
        for (way, count) in std::mem::take(&mut self.counts) {
            *self.counts.entry(shortened(&way)).or_default() += count;
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, mut other: Self) {
        self.looked_at += other.looked_at;
        if self.short != other.short {
            if self.short { other.shorten() } else { self.shorten() }
        }
        for (way, count) in other.counts {
            let way = if self.short { shortened(&way) } else { way };
            self.count(way, count);
        }
    }

    /// The most frequent ways.
    pub fn top(&self) -> Vec<TextPattern> {
        let of = self.looked_at.max(1) as f64;
        let mut ways: Vec<(&String, u64)> = self.counts.iter().map(|(way, count)| (way, *count)).collect();
        ways.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        ways.into_iter()
            .map(|(way, count)| TextPattern { pattern: way.clone(), share: count as f64 / of })
            .filter(|it| it.share >= LEAST)
            .take(SHOWN)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Patterns {
        let mut patterns = Patterns::default();
        texts.iter().for_each(|text| patterns.add(text));
        patterns
    }

    #[test]
    fn codes_have_their_form_and_prose_has_none() {
        let top = of(&["AB123", "XY987", "AB12", "B-7 \u{fc}"]).top();
        assert_eq!((top[0].pattern.as_str(), top[0].share), ("AA999", 0.5));
        assert!(top.iter().any(|it| it.pattern == "A-9 a"));
        assert!(of(&["a".repeat(100).as_str()]).top().is_empty());
        assert_eq!(shortened("Aaaa 99-9"), "Aa+ 9+-9");
    }

    #[test]
    fn many_ways_become_few_and_parts_merge_to_the_whole() {
        let words: Vec<String> =
            (1..=20).flat_map(|n| (1..=9).map(move |m| format!("{}{}", "x".repeat(n), "7".repeat(m)))).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let whole = of(&words);
        assert!(whole.short && whole.top()[0].pattern == "a+9+", "{:?}", whole.top());
        let (left, right) = words.split_at(30);
        let mut merged = of(left);
        merged.merge(of(right));
        assert_eq!(merged, whole);
    }
}
