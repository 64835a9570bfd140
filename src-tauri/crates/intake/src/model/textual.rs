//! Formats that are text, and UBJSON, which begins like one.

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::facts::blank;
use super::source::Source;
use super::{Limits, catboost, json, keras, lightgbm, pickled, pmml, xgboost};

/// Reads a file that has no magic number. `None` when it is no model.
pub(crate) fn read(source: &mut Source<'_>, head: &[u8], length: u64, limits: &Limits) -> Option<ModelFacts> {
    let trimmed = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if head.starts_with(b"tree\n") || head.starts_with(b"tree\r\n") {
        return Some(lightgbm::read(source, limits));
    }
    if trimmed.starts_with(b"<") && contains(head, b"<PMML") {
        let bytes = source.rest(limits.document_bytes);
        return match bytes {
            Ok(bytes) => Some(pmml::read(&String::from_utf8_lossy(&bytes))),
            Err(_) => unread("pmml", "pmml"),
        };
    }
    if trimmed.starts_with(b"{") {
        return json_or_ubjson(source, head, length, limits);
    }
    if pickled::starts_like_a_pickle(head) && looks_like_protocol_0(head) {
        // Nothing was consumed yet: the head was read from the file itself.
        return pickled::read(
            std::mem::replace(source, Source::stream(Box::new(std::io::empty()), limits, std::time::Instant::now())),
            limits,
            "pickle",
            None,
        );
    }
    None
}

fn unread(format: &str, framework: &str) -> Option<ModelFacts> {
    let mut facts = blank(format);
    facts.framework = Some(framework.to_owned());
    super::doubt(&mut facts, "larger than what is held in memory, so it was not read", "byte 0");
    Some(facts)
}

fn looks_like_protocol_0(head: &[u8]) -> bool {
    // An import stands near the start of every pickled object, as two lines of names after `c` or `i`.
    head.iter().enumerate().any(|(at, byte)| {
        matches!(byte, b'c' | b'i') && {
            let mut lines = head[at + 1..].splitn(3, |byte| *byte == b'\n');
            let word = |line: Option<&[u8]>| {
                line.is_some_and(|line| {
                    !line.is_empty()
                        && line.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
                })
            };
            word(lines.next()) && word(lines.next()) && lines.next().is_some()
        }
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn json_or_ubjson(source: &mut Source<'_>, head: &[u8], length: u64, limits: &Limits) -> Option<ModelFacts> {
    let second = head.get(1)?;
    let is_ubjson = head.first() == Some(&b'{') && matches!(second, b'L' | b'l' | b'i' | b'I' | b'U' | b'#' | b'$');
    let wanted: &[&[u8]] = &[b"learner", b"Config", b"Model"];
    if is_ubjson {
        if !wanted.iter().any(|word| contains(head, word)) {
            return None;
        }
    } else if json_format(head).is_none() {
        return None;
    }
    let format = if is_ubjson { "xgboost_ubjson" } else { json_format(head).unwrap_or("xgboost_json") };
    let parsed = if is_ubjson {
        if length > limits.document_bytes * 4 {
            return unread(format, "xgboost");
        }
        let bytes = source.rest(limits.document_bytes * 4).ok()?;
        xgboost::parse(&bytes, limits)
    } else {
        json::read(source, limits)
    };
    match parsed {
        Ok(document) => {
            let inner = document.get("Model").unwrap_or(&document);
            if inner.get("learner").is_some_and(Value::is_object) {
                return Some(xgboost::read(inner, format));
            }
            if catboost::is_json(&document) {
                return Some(catboost::read_json(&document));
            }
            if lightgbm::is_json(&document) {
                return Some(lightgbm::read_json(&document));
            }
            keras::configuration(&document)
        }
        Err(fault) => {
            // A configuration of something else may begin in the same way.
            let unmistakable = match format {
                "keras_json" => false,
                "xgboost_json" => contains(head, b"\"learner\""),
                _ => true,
            };
            if !is_ubjson && !unmistakable {
                return None;
            }
            let mut facts = blank(format);
            facts.framework = format.split('_').next().map(str::to_owned);
            super::doubt(&mut facts, &fault.what(), &format!("byte {}", fault.position()));
            Some(facts)
        }
    }
}

/// The format that the first keys of a JSON document suggest.
fn json_format(head: &[u8]) -> Option<&'static str> {
    const KEYS: [(&str, &[&str]); 5] = [
        ("xgboost_json", &["\"learner\""]),
        ("catboost_json", &["\"oblivious_trees\"", "\"features_info\"", "\"ctr_data\""]),
        ("lightgbm_json", &["\"tree_info\"", "\"max_feature_idx\""]),
        ("keras_json", &["\"class_name\""]),
        // The version stands before everything else in some documents of XGBoost, and in much that is no model.
        ("xgboost_json", &["\"version\""]),
    ];
    let has = |keys: &[&str]| keys.iter().any(|key| contains(head, key.as_bytes()));
    KEYS.iter().find(|(_, keys)| has(keys)).map(|(format, _)| *format)
}
