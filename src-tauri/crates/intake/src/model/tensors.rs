//! Files that hold only tensors with a header: safetensors and GGUF.

use proofmark_domain::model::{ModelFacts, Tensor};
use serde_json::{Map, Value, json};

use super::Limits;
use super::facts::{LISTED_TENSORS, blank};
use super::source::{Fault, Source};

/// The format allows 100 MB of header; more than this is not held in memory.
const HEADER: u64 = 32 << 20;
/// How many entries of the header are listed.
const LISTED: usize = 4_096;

/// Whether this is a safetensors file: a length and then a JSON object.
pub(crate) fn is_safetensors(head: &[u8], file_length: u64) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    rest.first() == Some(&b'{') && (2..=100_000_000).contains(&length) && length <= file_length.saturating_mul(64)
}

/// Reads the header of a safetensors file and checks that its tensors fill the file exactly.
pub(crate) fn safetensors(source: &mut Source<'_>, file_length: u64, facts: &mut ModelFacts) -> Result<(), Fault> {
    let length = u64::from_le_bytes(source.array("the length of the header")?);
    if length > HEADER {
        return Err(Fault::Limit(0, "bytes of header"));
    }
    let header = source.blob(length, length, "the header")?;
    let header: Map<String, Value> = serde_json::from_slice(&header)
        .map_err(|error| Fault::Malformed(8, format!("the header is no JSON: {error}")))?;
    let mut tensors = Vec::new();
    let (mut parameters, mut spans) = (0_u64, Vec::new());
    for (name, tensor) in &header {
        if name == "__metadata__" {
            facts.training.insert("metadata".to_owned(), tensor.clone());
            if let Some(format) = tensor.get("format").and_then(Value::as_str) {
                facts.framework = Some(if format == "pt" { "pytorch" } else { format }.to_owned());
            }
            continue;
        }
        let bad = || Fault::Malformed(8, format!("tensor {name} is not described"));
        let dtype = tensor.get("dtype").and_then(Value::as_str).ok_or_else(bad)?;
        let shape = tensor.get("shape").and_then(Value::as_array).ok_or_else(bad)?;
        let sides: Option<Vec<u64>> = shape.iter().map(Value::as_u64).collect();
        let count = sides
            .as_ref()
            .and_then(|sides| sides.iter().try_fold(1_u64, |product, side| product.checked_mul(*side)))
            .ok_or_else(bad)?;
        let offsets = tensor.get("data_offsets").and_then(Value::as_array).ok_or_else(bad)?;
        let (Some(start), Some(end)) =
            (offsets.first().and_then(Value::as_u64), offsets.get(1).and_then(Value::as_u64))
        else {
            return Err(bad());
        };
        if let Some(bits) = bits(dtype)
            && count.checked_mul(bits).map(|bits| bits.div_ceil(8)) != end.checked_sub(start)
        {
            return Err(Fault::Malformed(8, format!("tensor {name} has another size than its shape")));
        }
        spans.push((start, end));
        parameters = parameters.saturating_add(count);
        if tensors.len() < LISTED_TENSORS {
            let sides = sides.unwrap_or_default();
            let shape = sides.iter().map(|side| i64::try_from(*side).unwrap_or(i64::MAX)).collect();
            tensors.push(Tensor { name: name.clone(), dtype: dtype.to_owned(), shape });
        }
    }
    spans.sort_unstable();
    let mut expected = 0;
    for (start, end) in spans {
        if start != expected || end < start {
            return Err(Fault::Malformed(8, "tensors that overlap or leave gaps".to_owned()));
        }
        expected = end;
    }
    let there = file_length - (8 + length).min(file_length);
    if expected > there {
        return Err(Fault::Truncated(file_length, "the tensors"));
    }
    if expected < there {
        return Err(Fault::Malformed(8 + length + expected, "trailing bytes".to_owned()));
    }
    facts.training.insert(
        "tensor_count".to_owned(),
        Value::from(header.len() - usize::from(header.contains_key("__metadata__"))),
    );
    facts.training.insert("parameter_count".to_owned(), Value::from(parameters));
    facts.tensors = Some(tensors);
    Ok(())
}

fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

/// Reads the header of a GGUF file.
pub(crate) fn gguf(source: &mut Source<'_>, limits: &Limits, file_length: u64) -> (ModelFacts, Option<Fault>) {
    let mut facts = blank("gguf");
    facts.framework = Some("ggml".to_owned());
    let fault = gguf_header(source, limits, file_length, &mut facts).err();
    (facts, fault)
}

fn gguf_header(
    source: &mut Source<'_>,
    limits: &Limits,
    file_length: u64,
    facts: &mut ModelFacts,
) -> Result<(), Fault> {
    source.skip(4, "the header")?;
    let version = u32::from_le_bytes(source.array("the header")?);
    if !(2..=3).contains(&version) {
        return Err(Fault::Malformed(4, format!("GGUF version {version} is not known")));
    }
    facts.training.insert("format_version".to_owned(), Value::from(version));
    let tensors = u64::from_le_bytes(source.array("the header")?);
    let entries = u64::from_le_bytes(source.array("the header")?);
    if tensors > limits.values as u64 || entries > limits.values as u64 {
        return Err(Fault::Limit(8, "entries"));
    }
    for _ in 0..entries {
        let key = gguf_text(source, 65_535)?;
        let kind = u32::from_le_bytes(source.array("a value")?);
        let value = gguf_value(source, kind, 4)?;
        if key == "general.architecture"
            && let Some(name) = value.as_str()
        {
            facts.class = Some(name.to_owned());
        }
        if facts.parameters.len() < LISTED {
            facts.parameters.insert(key, value);
        }
    }
    let (mut listed, mut parameters, mut ends) = (Vec::new(), 0_u64, 0_u64);
    for _ in 0..tensors {
        source.tick()?;
        let at = source.position();
        let name = gguf_text(source, 65_535)?;
        let sides = u32::from_le_bytes(source.array("a tensor")?);
        if sides > 8 {
            return Err(Fault::Malformed(at, "a tensor of more than eight dimensions".to_owned()));
        }
        let mut shape = Vec::new();
        for _ in 0..sides {
            shape.push(u64::from_le_bytes(source.array("a tensor")?));
        }
        let kind = u32::from_le_bytes(source.array("a tensor")?);
        let offset = u64::from_le_bytes(source.array("a tensor")?);
        if offset >= file_length {
            return Err(Fault::Truncated(file_length, "the tensors"));
        }
        let count = shape.iter().fold(1_u64, |product, side| product.saturating_mul(*side));
        parameters = parameters.saturating_add(count);
        let Some((_, dtype, values, bytes)) = GGML_TYPES.iter().find(|(number, ..)| *number == kind) else {
            return Err(Fault::Malformed(at, format!("tensor type {kind} is not known")));
        };
        ends = ends.max(offset.saturating_add(count.div_ceil(*values).saturating_mul(*bytes)));
        if listed.len() < LISTED_TENSORS {
            let shape = shape.iter().map(|side| i64::try_from(*side).unwrap_or(i64::MAX)).collect();
            listed.push(Tensor { name, dtype: (*dtype).to_owned(), shape });
        }
    }
    let alignment =
        facts.parameters.get("general.alignment").and_then(Value::as_u64).filter(|sides| *sides > 0).unwrap_or(32);
    let start = source.position().checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
    let end = if tensors > 0 { start.saturating_add(ends) } else { source.position() };
    if end > file_length {
        return Err(Fault::Truncated(file_length, "the tensors"));
    }
    facts.training.insert("tensor_count".to_owned(), Value::from(tensors));
    facts.training.insert("parameter_count".to_owned(), Value::from(parameters));
    facts.tensors = Some(listed);
    // The last tensor may be filled up to the alignment.
    if end != file_length && end.checked_next_multiple_of(alignment) != Some(file_length) {
        return Err(Fault::Malformed(end, "another number of bytes than the tensors need".to_owned()));
    }
    Ok(())
}

/// Tensor types of the format: number, name, values in one block, bytes of one block.
const GGML_TYPES: [(u32, &str, u64, u64); 34] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 40),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
    (41, "Q1_0", 128, 18),
];

fn gguf_text(source: &mut Source<'_>, keep: u64) -> Result<String, Fault> {
    let length = u64::from_le_bytes(source.array("a text")?);
    let bytes = source.blob(length, keep, "a text")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn gguf_value(source: &mut Source<'_>, kind: u32, depth: u8) -> Result<Value, Fault> {
    source.tick()?;
    let at = source.position();
    Ok(match kind {
        0 => Value::from(source.byte("a value")?),
        1 => Value::from(source.byte("a value")? as i8),
        2 => Value::from(u16::from_le_bytes(source.array("a value")?)),
        3 => Value::from(i16::from_le_bytes(source.array("a value")?)),
        4 => Value::from(u32::from_le_bytes(source.array("a value")?)),
        5 => Value::from(i32::from_le_bytes(source.array("a value")?)),
        6 => super::pickle::array::number(f64::from(f32::from_le_bytes(source.array("a value")?))),
        7 => Value::from(source.byte("a value")? != 0),
        8 => Value::from(gguf_text(source, 16_384)?),
        9 => {
            let depth = depth.checked_sub(1).ok_or(Fault::Limit(at, "depth"))?;
            let inner = u32::from_le_bytes(source.array("a value")?);
            let count = u64::from_le_bytes(source.array("a value")?);
            let width = match inner {
                0 | 1 | 7 => Some(1),
                2 | 3 => Some(2),
                4..=6 => Some(4),
                10..=12 => Some(8),
                _ => None,
            };
            match width {
                Some(width) if count > 64 => {
                    let bytes = count
                        .checked_mul(width)
                        .ok_or_else(|| Fault::Malformed(at, "an impossible length".to_owned()))?;
                    source.skip(bytes, "a value")?;
                    json!({"length": count})
                }
                _ => {
                    let mut items = Vec::new();
                    for _ in 0..count {
                        let item = gguf_value(source, inner, depth)?;
                        if items.len() < 64 {
                            items.push(item);
                        }
                    }
                    if count > 64 { json!({"length": count}) } else { Value::Array(items) }
                }
            }
        }
        10 => Value::from(u64::from_le_bytes(source.array("a value")?)),
        11 => Value::from(i64::from_le_bytes(source.array("a value")?)),
        12 => super::pickle::array::number(f64::from_le_bytes(source.array("a value")?)),
        other => return Err(Fault::Malformed(at, format!("value type {other} is not known"))),
    })
}
