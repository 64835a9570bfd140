//! Formats that are text, and those binary ones of which only a part can be read.

use proofmark_domain::model::ModelFacts;
use serde_json::{Value, json};

use super::facts::blank;
use super::source::Source;
use super::verdict::Findings;
use super::{Limits, archive, lightgbm, pickled, xgboost};

/// How much of a binary file is searched for its configuration, in bytes.
const SEARCHED: u64 = 16 << 20;

/// Reads a file that has no magic number. `None` when it is no model.
pub(crate) fn read(source: &mut Source<'_>, head: &[u8], length: u64, limits: &Limits) -> Option<ModelFacts> {
    let trimmed = head.trim_ascii_start();
    if head.starts_with(b"tree\n") || head.starts_with(b"tree\r\n") {
        if length > 4 * limits.document_bytes {
            return unread("lightgbm_text", "lightgbm");
        }
        let bytes = source.rest(4 * limits.document_bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        return Some(lightgbm::read(&text.replace("\r\n", "\n")));
    }
    if trimmed.starts_with(b"<") && contains(head, b"<PMML") {
        let bytes = source.rest(limits.document_bytes);
        return match bytes {
            Ok(bytes) => Some(pmml(&String::from_utf8_lossy(&bytes))),
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
    } else if !(contains(head, b"\"learner\"")
        || contains(head, b"\"version\"")
        || contains(head, b"\"class_name\"")
        || contains(head, b"oblivious_trees")
        || contains(head, b"\"features_info\""))
    {
        return None;
    }
    let format = if is_ubjson { "xgboost_ubjson" } else { "xgboost_json" };
    if length > limits.document_bytes * if is_ubjson { 4 } else { 1 } {
        return unread(format, "xgboost");
    }
    let bytes = source.rest(limits.document_bytes * 4).ok()?;
    match xgboost::parse(&bytes, limits) {
        Ok(document) => {
            let inner = document.get("Model").unwrap_or(&document);
            if inner.get("learner").is_some_and(Value::is_object) {
                return Some(xgboost::read(inner, format));
            }
            if document.get("oblivious_trees").is_some()
                || document.get("model_info").is_some() && document.get("features_info").is_some()
            {
                return Some(catboost_json(&document));
            }
            let is_keras = document.get("class_name").is_some() && document.pointer("/config/layers").is_some();
            is_keras.then(|| {
                let mut facts = blank("keras_json");
                let mut findings = Findings::default();
                facts.framework = Some("keras".to_owned());
                facts.framework_version = document.get("keras_version").and_then(Value::as_str).map(str::to_owned);
                archive::keras_config(&document, &mut facts, &mut findings, "config");
                facts.safety = findings.into_safety();
                facts
            })
        }
        Err(fault) => {
            // Damaged: only what is unmistakable is called a model.
            if !(is_ubjson || contains(head, b"\"learner\"")) {
                return None;
            }
            let mut facts = blank(format);
            facts.framework = Some("xgboost".to_owned());
            super::doubt(&mut facts, &fault.what(), &format!("byte {}", fault.position()));
            Some(facts)
        }
    }
}

fn catboost_json(document: &Value) -> ModelFacts {
    let mut facts = blank("catboost_json");
    facts.framework = Some("catboost".to_owned());
    let mut names: Vec<(i64, String)> = Vec::new();
    for group in ["float_features", "categorical_features"] {
        for feature in
            document.pointer(&format!("/features_info/{group}")).and_then(Value::as_array).into_iter().flatten()
        {
            let at = feature.get("flat_feature_index").and_then(Value::as_i64);
            let name = feature.get("feature_name").or_else(|| feature.get("feature_id")).and_then(Value::as_str);
            if let (Some(at), Some(name)) = (at, name) {
                names.push((at, name.to_owned()));
            }
        }
    }
    names.sort();
    if !names.is_empty() {
        facts.features_in = Some(names.into_iter().map(|(_, name)| name).collect());
    }
    if let Some(info) = document.get("model_info").and_then(Value::as_object) {
        catboost_info(info.iter().map(|(key, value)| (key.clone(), value.clone())), &mut facts);
    }
    facts
}

fn catboost_info(entries: impl Iterator<Item = (String, Value)>, facts: &mut ModelFacts) {
    for (key, value) in entries {
        let value = value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(value);
        match key.as_str() {
            "params" => {
                let flat = value.get("flat_params").and_then(Value::as_object);
                facts.parameters.extend(flat.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
            }
            "class_params" => {
                facts.classes = value.get("class_names").and_then(Value::as_array).cloned();
            }
            "catboost_version_info" => {
                facts.training.insert(key, value);
            }
            "train_finish_time" | "model_guid" => {
                facts.training.insert(key, value);
            }
            _ => {}
        }
    }
}

/// Reads a binary file of which only a part is understood: CatBoost and HDF5. Never called safe.
pub(crate) fn binary(source: &mut Source<'_>, head: &[u8], limits: &Limits) -> Option<ModelFacts> {
    let keep = SEARCHED.min(limits.document_bytes);
    let mut bytes = Vec::new();
    let mut block = [0_u8; 16 * 1024];
    while (bytes.len() as u64) < keep {
        match source.read_some(&mut block) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&block[..read]),
            Err(_) => break,
        }
    }
    let mut findings = Findings::default();
    let mut facts;
    if head.starts_with(b"CBM1") {
        facts = blank("catboost");
        facts.framework = Some("catboost".to_owned());
        for (key, marker) in [
            ("params", &b"{\"flat_params\""[..]),
            ("params", b"{\"detected"),
            ("class_params", b"{\"class_label_type\""),
            ("class_params", b"{\"class_names\""),
        ] {
            if let Some(value) = embedded_json(&bytes, marker) {
                catboost_info(std::iter::once((key.to_owned(), value)), &mut facts);
            }
        }
        findings.unverified("only the metadata of this format are read", "byte 4");
    } else {
        let config = embedded_json(&bytes, b"{\"class_name\"").or_else(|| embedded_json(&bytes, b"{\"module\""));
        facts = blank("hdf5");
        match config {
            Some(config) => {
                facts.format = "keras_h5".to_owned();
                facts.framework = Some("keras".to_owned());
                archive::keras_config(&config, &mut facts, &mut findings, "model_config");
            }
            // Data are kept in HDF5 as well.
            None if !contains(&bytes, b"keras_version") && !contains(&bytes, b"layer_names") => return None,
            None => facts.framework = Some("keras".to_owned()),
        }
        findings.unverified("only the configuration of this format is read", "byte 8");
    }
    facts.safety = findings.into_safety();
    Some(facts)
}

/// The JSON object that starts with `marker` somewhere in the bytes.
fn embedded_json(bytes: &[u8], marker: &[u8]) -> Option<Value> {
    let at = bytes.windows(marker.len()).position(|window| window == marker)?;
    serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<Value>().next()?.ok()
}

/// Reads the header of a PMML document with a scan over its tags. Entities are not expanded.
fn pmml(text: &str) -> ModelFacts {
    let mut facts = blank("pmml");
    facts.framework = Some("pmml".to_owned());
    let mut findings = Findings::default();
    if text.contains("<!DOCTYPE") || text.contains("<!ENTITY") {
        findings.unverified("declares a document type, which may name entities", "DOCTYPE");
    }
    if !text.trim_end().ends_with("</PMML>") {
        findings.unverified("the document ends before </PMML>", "end of file");
    }
    let (mut inputs, mut targets, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let mut schemas = 0;
    for tag in text.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or(tag);
        let name = inside.split_ascii_whitespace().next().unwrap_or("").trim_end_matches('/');
        match name {
            "PMML" => facts.framework_version = attribute(inside, "version"),
            "Application" => {
                if let (Some(name), Some(version)) = (attribute(inside, "name"), attribute(inside, "version")) {
                    facts.environment.packages.insert(name, version);
                }
            }
            "MiningSchema" => schemas += 1,
            "MiningField" if schemas == 1 => {
                let Some(field) = attribute(inside, "name") else { continue };
                match attribute(inside, "usageType").as_deref() {
                    None | Some("active") => inputs.push(field),
                    Some("target" | "predicted") => targets.push(field),
                    _ => {}
                }
            }
            "DataField" => {
                fields.push(json!({"name": attribute(inside, "name"), "type": attribute(inside, "dataType")}));
            }
            model if model.ends_with("Model") && facts.class.is_none() && !model.starts_with('/') => {
                facts.class = Some(model.to_owned());
            }
            _ => {}
        }
    }
    if !inputs.is_empty() {
        facts.features_in = Some(inputs);
    }
    if !targets.is_empty() {
        facts.outputs = Some(targets);
    }
    facts.signature = Some(json!({ "fields": fields }));
    facts.safety = findings.into_safety();
    facts
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        rest = &rest[at + name.len()..];
        let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
        if let Some(value) = value.filter(|_| before.is_some_and(char::is_whitespace)) {
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let text = value[1..].split(quote).next()?;
            let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
            return Some(plain.replace("&amp;", "&"));
        }
    }
}
