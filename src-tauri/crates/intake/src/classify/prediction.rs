//! Whether a table is a log of predictions: an identifier each, what was predicted, and when.

/// The words of a name in lower case: `requestId`, `request-id` and `REQUEST_ID` are the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let starts_word = character.is_uppercase() && was_lower;
        if (starts_word || !character.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether the field can hold the identifier of one prediction.
pub fn is_identifier(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["uuid"]
            | ["guid"]
            | [
                ..,
                "request" | "prediction" | "inference" | "event" | "correlation" | "trace" | "call" | "log",
                "id" | "uuid"
            ]
    ) || matches!(words.as_slice(), ["requestid" | "predictionid" | "inferenceid" | "eventid"])
}

fn is_output(name: &str) -> bool {
    let words = words(name);
    let ids = words.iter().any(|word| matches!(word.as_str(), "id" | "uuid" | "time" | "timestamp" | "at"));
    !ids && words.iter().any(|word| {
        matches!(
            word.as_str(),
            "prediction"
                | "predictions"
                | "predicted"
                | "pred"
                | "preds"
                | "ypred"
                | "yhat"
                | "yhats"
                | "score"
                | "scores"
                | "proba"
                | "probability"
                | "probabilities"
                | "output"
                | "outputs"
                | "decision"
                | "response"
        )
    }) || (words.len() == 2 && words[0] == "y" && matches!(words[1].as_str(), "hat" | "prob"))
}

fn is_time(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| {
        matches!(word.as_str(), "timestamp" | "time" | "ts" | "datetime" | "date" | "at" | "created" | "logged")
    })
}

/// Whether the fields together are those of a log of predictions.
pub fn names_are_of_a_log<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let (mut identifier, mut output, mut time) = (false, false, false);
    for name in names {
        if is_identifier(name) {
            identifier = true;
        } else if is_output(name) {
            output = true;
        } else if is_time(name) {
            time = true;
        }
    }
    identifier && output && time
}

/// Whether a value is a UUID (with or without hyphens and braces) or a ULID.
pub fn is_unique_id(value: &str) -> bool {
    let value = value.trim().trim_start_matches("urn:uuid:").trim_matches(|c| matches!(c, '{' | '}' | '"'));
    let digits = value.chars().filter(char::is_ascii_hexdigit).count();
    let hyphens: Vec<usize> = value.match_indices('-').map(|(at, _)| at).collect();
    let uuid = digits == 32
        && ((value.len() == 36 && hyphens == [8, 13, 18, 23]) || (value.len() == 32 && hyphens.is_empty()));
    let ulid = value.len() == 26
        && value.starts_with(|c: char| c.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    uuid || ulid
}
