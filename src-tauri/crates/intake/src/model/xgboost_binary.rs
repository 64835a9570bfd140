//! The binary format that XGBoost gave up in version 2: only its head is read, which says what it is.
//!
//! It is the memory of a C structure of 34 words, then the names of the objective and of the booster, each with its length before it.

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::facts::blank;
use super::pickle::array::number;

/// Bytes of the structure.
const STRUCTURE: usize = 136;

struct Head {
    base_score: f32,
    features: u32,
    classes: i32,
    version: Option<(u32, u32)>,
    objective: String,
    booster: String,
}

fn parse(bytes: &[u8]) -> Option<Head> {
    let bytes = bytes.strip_prefix(b"binf").unwrap_or(bytes);
    let word = |at: usize| -> Option<[u8; 4]> { bytes.get(4 * at..4 * at + 4)?.try_into().ok() };
    let mut rest = bytes.get(STRUCTURE..)?;
    let mut name = || -> Option<String> {
        let length = usize::try_from(u64::from_le_bytes(rest.get(..8)?.try_into().ok()?)).ok()?;
        let name = rest.get(8..8_usize.checked_add(length.min(65))?)?;
        let fits = (3..=64).contains(&length)
            && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":_-".contains(byte));
        rest = rest.get(8_usize.checked_add(length)?..)?;
        fits.then(|| String::from_utf8_lossy(name).into_owned())
    };
    let (objective, booster) = (name()?, name()?);
    if !matches!(booster.as_str(), "gbtree" | "gblinear" | "dart") {
        return None;
    }
    let (major, minor) = (u32::from_le_bytes(word(5)?), u32::from_le_bytes(word(6)?));
    Some(Head {
        base_score: f32::from_le_bytes(word(0)?),
        features: u32::from_le_bytes(word(1)?),
        classes: i32::from_le_bytes(word(2)?),
        version: Some((major, minor)).filter(|(major, minor)| (1..10).contains(major) && *minor < 100),
        objective,
        booster,
    })
}

/// Whether the first bytes of a file are those of this format.
pub(crate) fn sniff(head: &[u8]) -> bool {
    parse(head).is_some()
}

/// Reads the head of a file.
pub(crate) fn read(head: &[u8]) -> ModelFacts {
    let mut facts = blank("xgboost_binary");
    describe(head, &mut facts);
    super::doubt(
        &mut facts,
        "of the binary format that XGBoost gave up only the head was read; save the model again as JSON or UBJSON",
        "byte 0",
    );
    facts
}

/// Fills in what the head says. A pickled booster has a mark and the place of its settings before it.
pub(crate) fn describe(bytes: &[u8], facts: &mut ModelFacts) {
    let bytes = bytes.strip_prefix(b"CONFIG-offset:").map_or(bytes, |rest| rest.get(8..).unwrap_or_default());
    facts.framework = Some("xgboost".to_owned());
    facts.class.get_or_insert_with(|| "xgboost.core.Booster".to_owned());
    let Some(head) = parse(bytes) else { return };
    facts.parameters.insert("objective".to_owned(), Value::from(head.objective));
    facts.parameters.insert("booster".to_owned(), Value::from(head.booster));
    facts.training.insert("base_score".to_owned(), number(f64::from(head.base_score)));
    facts.training.insert("num_feature".to_owned(), Value::from(head.features));
    facts.training.insert("num_class".to_owned(), Value::from(head.classes));
    if let Some((major, minor)) = head.version {
        // The third number of the version is not written.
        facts.framework_version = Some(format!("{major}.{minor}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_overflows_is_no_head() {
        let mut bytes = vec![0; STRUCTURE];
        bytes.extend([0xff; 8]);
        bytes.extend([b'a'; 80]);
        assert!(!sniff(&bytes));
    }
}
