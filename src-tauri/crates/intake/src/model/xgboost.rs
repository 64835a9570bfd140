//! XGBoost's JSON and UBJSON formats, which hold the same document.

use proofmark_domain::model::ModelFacts;
use serde_json::{Map, Value};

use super::Limits;
use super::facts::{blank, names};
use super::source::Fault;

/// Reads a whole model document.
pub(crate) fn read(document: &Value, format: &str) -> ModelFacts {
    let mut facts = blank(format);
    describe(document, &mut facts);
    if document.pointer("/learner/gradient_booster").is_none() {
        super::doubt(&mut facts, "there is no booster in it", "learner");
    }
    facts
}

/// Parses either spelling.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Fault> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
        && let Ok(value) = super::json::from_slice(bytes, limits)
    {
        return Ok(value);
    }
    let mut reader = Ubjson { bytes, at: 0, left: limits.values };
    let value = reader.value(limits.depth.min(64))?;
    if reader.at != bytes.len() {
        return Err(Fault::Malformed(reader.at as u64, "trailing bytes".to_owned()));
    }
    Ok(value)
}

/// Fills in what the document of a booster says.
pub(crate) fn describe(document: &Value, facts: &mut ModelFacts) {
    facts.framework = Some("xgboost".to_owned());
    facts.class.get_or_insert_with(|| "xgboost.core.Booster".to_owned());
    let version = document
        .get("version")
        .and_then(Value::as_array)
        .map(|parts| parts.iter().map(|part| part.to_string()).collect::<Vec<_>>().join("."));
    if let Some(version) = version {
        facts.environment.packages.insert("xgboost".to_owned(), version.clone());
        facts.framework_version = Some(version);
    }
    let Some(learner) = document.get("learner") else { return };
    if let Some(found) = learner.get("feature_names").and_then(Value::as_array).filter(|found| !found.is_empty()) {
        facts.features_in = Some(names(found));
    }
    if let Some(types) =
        learner.get("feature_types").filter(|types| types.as_array().is_some_and(|list| !list.is_empty()))
    {
        facts.training.insert("feature_types".to_owned(), types.clone());
    }
    let objective = learner.get("objective");
    if let Some(name) = objective.and_then(|objective| objective.get("name")) {
        facts.parameters.insert("objective".to_owned(), name.clone());
    }
    if let Some(parameters) = objective.and_then(Value::as_object) {
        for group in parameters.values().filter_map(Value::as_object) {
            for (key, value) in group {
                facts.parameters.insert(key.clone(), number(value));
            }
        }
    }
    if let Some(parameters) = learner.get("learner_model_param").and_then(Value::as_object) {
        for (key, value) in parameters {
            facts.training.insert(key.clone(), number(value));
        }
    }
    if let Some(attributes) = learner.get("attributes").and_then(Value::as_object) {
        for (key, value) in attributes {
            // The wrapper for scikit-learn keeps its own parameters as JSON in an attribute.
            let inner = value
                .as_str()
                .filter(|_| key == "scikit_learn")
                .and_then(|text| serde_json::from_str::<Value>(text).ok());
            facts.training.insert(key.clone(), inner.unwrap_or_else(|| number(value)));
        }
    }
    let booster = learner.get("gradient_booster");
    if let Some(name) = booster.and_then(|booster| booster.get("name")) {
        facts.parameters.insert("booster".to_owned(), name.clone());
    }
    let model = booster
        .and_then(|booster| booster.get("model").or_else(|| booster.get("gbtree").and_then(|tree| tree.get("model"))));
    if let Some(trees) =
        model.and_then(|model| model.get("gbtree_model_param")).and_then(|param| param.get("num_trees"))
    {
        facts.training.insert("trees".to_owned(), number(trees));
    }
}

/// XGBoost writes numbers as text.
fn number(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => return Value::from(number),
        _ => {}
    }
    // Since version 3.1 there is one base score for each target: `[5E-1]`.
    let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let numbers = list.map(|list| list.split(',').map(|part| number(&Value::from(part.trim()))).collect::<Vec<_>>());
    match numbers {
        Some(mut numbers) if numbers.iter().all(Value::is_number) => {
            if numbers.len() == 1 {
                numbers.remove(0)
            } else {
                Value::Array(numbers)
            }
        }
        _ => value.clone(),
    }
}

/// Universal Binary JSON, draft 12, with the optimised containers that XGBoost writes.
struct Ubjson<'b> {
    bytes: &'b [u8],
    at: usize,
    left: usize,
}

impl Ubjson<'_> {
    fn fault(&self, what: &str) -> Fault {
        Fault::Malformed(self.at as u64, what.to_owned())
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Fault> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(Fault::Truncated(self.at as u64, "a UBJSON value"))?;
        let found = &self.bytes[self.at..end];
        self.at = end;
        Ok(found)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn marker(&mut self) -> Result<u8, Fault> {
        loop {
            let marker = self.take(1)?[0];
            if marker != b'N' {
                return Ok(marker);
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: u32) -> Result<Value, Fault> {
        let marker = self.marker()?;
        self.typed(marker, depth)
    }

    fn typed(&mut self, marker: u8, depth: u32) -> Result<Value, Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::Limit(self.at as u64, "values"))?;
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'i' => Value::from(i8::from_be_bytes(self.fixed()?)),
            b'U' => Value::from(u8::from_be_bytes(self.fixed()?)),
            b'I' => Value::from(i16::from_be_bytes(self.fixed()?)),
            b'l' => Value::from(i32::from_be_bytes(self.fixed()?)),
            b'L' => Value::from(i64::from_be_bytes(self.fixed()?)),
            b'd' => super::pickle::array::number(f64::from(f32::from_be_bytes(self.fixed()?))),
            b'D' => super::pickle::array::number(f64::from_be_bytes(self.fixed()?)),
            b'C' => Value::from(char::from(self.fixed::<1>()?[0]).to_string()),
            b'S' | b'H' => Value::from(self.text()?),
            b'[' => self.array(depth.checked_sub(1).ok_or(Fault::Limit(self.at as u64, "depth"))?)?,
            b'{' => self.object(depth.checked_sub(1).ok_or(Fault::Limit(self.at as u64, "depth"))?)?,
            other => return Err(self.fault(&format!("0x{other:02x} is no UBJSON type"))),
        })
    }

    fn length(&mut self) -> Result<usize, Fault> {
        let marker = self.marker()?;
        if !matches!(marker, b'i' | b'U' | b'I' | b'l' | b'L') {
            return Err(self.fault("a length that is no integer"));
        }
        let value = self.typed(marker, 0)?;
        value.as_u64().and_then(|value| usize::try_from(value).ok()).ok_or_else(|| self.fault("a negative length"))
    }

    fn text(&mut self) -> Result<String, Fault> {
        let length = self.length()?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// The optional type and count of a container.
    fn header(&mut self) -> Result<(Option<u8>, Option<usize>), Fault> {
        let mut kind = None;
        if self.peek() == Some(b'$') {
            self.take(1)?;
            kind = Some(self.take(1)?[0]);
        }
        if self.peek() == Some(b'#') {
            self.take(1)?;
            return Ok((kind, Some(self.length()?)));
        }
        if kind.is_some() { Err(self.fault("a typed container without a count")) } else { Ok((None, None)) }
    }

    fn array(&mut self, depth: u32) -> Result<Value, Fault> {
        let (kind, count) = self.header()?;
        let width = match kind {
            Some(b'i' | b'U' | b'C') => Some(1),
            Some(b'I') => Some(2),
            Some(b'l' | b'd') => Some(4),
            Some(b'L' | b'D') => Some(8),
            _ => None,
        };
        if let (Some(width), Some(count)) = (width, count) {
            // The numbers of the trees: nobody asks for them, so only short arrays are decoded.
            if count > 4_096 {
                let bytes = count.checked_mul(width).ok_or_else(|| self.fault("an impossible length"))?;
                self.take(bytes)?;
                return Ok(Value::Array(Vec::new()));
            }
        }
        let mut items = Vec::new();
        match count {
            Some(count) => {
                for _ in 0..count {
                    items.push(match kind {
                        Some(kind) => self.typed(kind, depth)?,
                        None => self.value(depth)?,
                    });
                }
            }
            None => loop {
                let marker = self.marker()?;
                if marker == b']' {
                    break;
                }
                items.push(self.typed(marker, depth)?);
            },
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: u32) -> Result<Value, Fault> {
        let (kind, count) = self.header()?;
        let mut map = Map::new();
        let mut left = count;
        loop {
            match &mut left {
                Some(0) => break,
                Some(left) => *left -= 1,
                None if self.peek() == Some(b'}') => {
                    self.take(1)?;
                    break;
                }
                None => {}
            }
            let key = self.text()?;
            let value = match kind {
                Some(kind) => self.typed(kind, depth)?,
                None => self.value(depth)?,
            };
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
