//! Models in Protocol Buffers, which have no mark: the numbers and kinds of their first fields must fit.

use proofmark_domain::artifact::ArtifactKind::Model;

use super::{Classified, Source};

/// One field at the top level.
struct Field {
    number: u64,
    /// The value of a number field, or the length of a field of bytes.
    value: u64,
    is_bytes: bool,
    /// Where the field ends in the file.
    end: u64,
}

/// Recognises ONNX and TensorFlow's SavedModel.
pub fn recognise(source: &Source<'_, '_>) -> Option<Classified> {
    let fields = fields(source.head, source.size)?;
    let first = fields.first()?;
    let number = |wanted: u64| fields.iter().find(|field| field.number == wanted);
    // onnx.proto3, message ModelProto: ir_version = 1 comes first, graph = 7 is there, and no field beyond 26.
    let versioned = first.number == 1 && !first.is_bytes && (1..=64).contains(&first.value);
    if versioned && number(7).is_some_and(|graph| graph.is_bytes && graph.value > 0) {
        let fits = fields.iter().all(|field| match field.number {
            1 | 5 => !field.is_bytes,
            2 | 3 | 4 | 6 | 7 | 8 | 14 | 20 | 25 | 26 => field.is_bytes,
            _ => false,
        });
        if fits {
            return Some(Classified::new(Model, "application/vnd.onnx"));
        }
    }
    // saved_model.proto: saved_model_schema_version = 1, then meta_graphs = 2 up to the end.
    let only_graphs = fields.iter().skip(1).all(|field| field.number == 2 && field.is_bytes && field.value > 16);
    let reaches_end = fields.len() > 1 && fields.last().is_some_and(|field| field.end == source.size);
    if versioned && first.value == 1 && only_graphs && reaches_end {
        return Some(Classified::new(Model, "application/vnd.tensorflow.savedmodel"));
    }
    None
}

/// The fields whose beginnings the head holds; `None` if the bytes cannot be such a message.
fn fields(head: &[u8], size: u64) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0usize;
    while at < head.len() && fields.len() < 4_096 {
        let Some((key, after)) = varint(head, at) else { break };
        let Some((value, after)) = varint(head, after) else { break };
        let (number, kind) = (key >> 3, key & 7);
        let end = match kind {
            0 => after as u64,
            2 => (after as u64).checked_add(value)?,
            _ => return None,
        };
        if number == 0 || end > size {
            return None;
        }
        fields.push(Field { number, value, is_bytes: kind == 2, end });
        match usize::try_from(end) {
            Ok(next) => at = next,
            Err(_) => break,
        }
    }
    Some(fields)
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}
