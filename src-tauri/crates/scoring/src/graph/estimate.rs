//! What a file would take in memory once it is parsed, before it is parsed.
//!
//! Protocol buffers describe an empty message in two bytes, and its parsed form takes hundreds. So the messages are counted first, without
//! keeping any of them, and a file that would grow beyond the limit is refused.

use super::too_large;
use crate::error::ScoringError;
use crate::limits::Limits;

/// What a parsed message takes at most, without what it holds: the largest of ONNX's, rounded up.
const MESSAGE: u64 = 512;
/// What a parsed text takes, without its bytes.
const TEXT: u64 = 32;
/// What a single number may take beside its bytes, as lists grow by doubling.
const NUMBER: u64 = 16;
/// Graphs within graphs, at most.
const DEPTH: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    /// Any other message: its parts are counted as if all of them were messages.
    Other,
    /// Bytes or text.
    Leaf,
}

const fn child(of: Message, field: u64) -> Message {
    match (of, field) {
        (Message::Model, 7) | (Message::Attribute, 6 | 11) => Message::Graph,
        (Message::Graph, 1) => Message::Node,
        (Message::Node, 5) => Message::Attribute,
        (Message::Graph, 5) | (Message::Attribute, 5 | 10) => Message::Tensor,
        (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Message::SparseTensor,
        (Message::SparseTensor, 1 | 2) => Message::Tensor,
        (Message::Model, 8 | 14 | 20 | 25)
        | (Message::Graph, 11..=14)
        | (Message::Attribute, 14 | 15)
        | (Message::Tensor, 3 | 13)
        | (Message::Other, _) => Message::Other,
        _ => Message::Leaf,
    }
}

/// Whether a field is a list of numbers written without gaps.
const fn is_packed(of: Message, field: u64) -> bool {
    matches!((of, field), (Message::Attribute, 7 | 8) | (Message::Tensor, 1 | 4 | 5 | 7 | 10 | 11))
}

/// Refuses what would take too much.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), ScoringError> {
    let mut total = 0;
    walk(bytes, Message::Model, DEPTH, &mut total, limits.parsed)
}

fn walk(mut rest: &[u8], of: Message, depth: usize, total: &mut u64, most: u64) -> Result<(), ScoringError> {
    let damaged = || ScoringError::damaged("it ends inside a field, or a field is longer than what holds it");
    if depth == 0 {
        return Err(ScoringError::damaged("its parts lie too deep within each other"));
    }
    while !rest.is_empty() {
        let key = number(&mut rest).ok_or_else(damaged)?;
        let field = key >> 3;
        let cost = match key & 7 {
            0 => {
                number(&mut rest).ok_or_else(damaged)?;
                NUMBER
            }
            1 => {
                rest = rest.get(8..).ok_or_else(damaged)?;
                NUMBER
            }
            5 => {
                rest = rest.get(4..).ok_or_else(damaged)?;
                NUMBER
            }
            2 => {
                let length = number(&mut rest).and_then(|it| usize::try_from(it).ok()).ok_or_else(damaged)?;
                if length > rest.len() {
                    return Err(damaged());
                }
                let (inside, after) = rest.split_at(length);
                rest = after;
                match child(of, field) {
                    Message::Leaf if is_packed(of, field) => 8 * inside.len() as u64,
                    Message::Leaf => TEXT + inside.len() as u64,
                    // Counted as a flat sequence: what it is made of is smaller than what it is counted as.
                    Message::Other => MESSAGE + 8 * inside.len() as u64 * (MESSAGE / 64),
                    message => {
                        walk(inside, message, depth - 1, total, most)?;
                        MESSAGE
                    }
                }
            }
            _ => return Err(ScoringError::damaged("a field is of no known form")),
        };
        *total = total.saturating_add(cost);
        if *total > most {
            return Err(too_large("what the file describes", most));
        }
    }
    Ok(())
}

/// A number of variable length.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (at, byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            *rest = &rest[at + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_that_grows_is_refused_before_it_is_parsed() {
        // A graph of 200,000 empty nodes takes 400 kB of file and a hundred times as much in memory.
        let nodes = [0x0a, 0x00].repeat(200_000);
        let mut file = vec![0x3a];
        let mut length = nodes.len();
        while length > 0x7f {
            file.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        file.push(length as u8);
        file.extend_from_slice(&nodes);
        let limits = Limits { parsed: 32 << 20, ..Limits::default() };
        assert!(matches!(check(&file, &limits), Err(ScoringError::TooLarge { .. })));
        assert!(check(&file, &Limits::default()).is_ok());
        assert!(matches!(check(&file[..file.len() - 1], &Limits::default()), Err(ScoringError::Damaged(_))));
    }

    #[test]
    fn graphs_within_graphs_end_somewhere() {
        let mut file: Vec<u8> = Vec::new();
        for _ in 0..20 {
            for key in [0x32, 0x2a, 0x0a] {
                // A body of one byte length is enough for this depth only as long as it stays below 128 bytes.
                let mut outer = vec![key, file.len() as u8];
                outer.extend_from_slice(&file);
                file = outer;
                if file.len() > 120 {
                    break;
                }
            }
        }
        let mut whole = vec![0x3a, file.len() as u8];
        whole.extend_from_slice(&file);
        assert!(check(&whole, &Limits::default()).is_err());
    }
}
