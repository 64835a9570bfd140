//! The newest predictions of a log, as they are written.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use proofmark_contract::view::{LogTail, LogTailQuery, TailLine};
use proofmark_domain::artifact::RelPath;
use serde_json::Value;

use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, io_trouble};

/// Bytes that one look reads at most.
const MOST_BYTES: u64 = 1 << 20;
/// Lines that one look returns at most.
const MOST_LINES: usize = 500;
/// Letters of a line that are shown.
const LONGEST: usize = 400;

impl Engine {
    /// The newest lines of a log, or those since the last look.
    ///
    /// # Errors
    /// If there is no such log, it is no text, or cannot be read.
    pub fn log_tail(&self, request: LogTailQuery) -> Answer<LogTail> {
        let project = self.project(request.project)?;
        let facts = self.file(&project, &RelPath::new(request.path))?.facts;
        tail(&absolute(&project, &facts.path)?, request.after, request.most.map_or(100, |it| it as usize))
    }
}

/// The last `most` lines of a file of lines, or those that came after a position. A line that is still being written is left for the next
/// look; a file that became shorter was rotated, and is read from its begin.
///
/// # Errors
/// If it cannot be read, or is no text.
pub(crate) fn tail(path: &Path, after: Option<u64>, most: usize) -> Answer<LogTail> {
    let trouble = |error: &std::io::Error| io_trouble("reading", path, error);
    // Opening a pipe that nobody writes to would wait for ever.
    if !std::fs::metadata(path).map_err(|error| trouble(&error))?.is_file() {
        let message = format!("{} is a folder, a device or a pipe; the end of a file is shown.", path.display());
        return Err(Trouble::new(proofmark_contract::ErrorCode::Unreadable, message));
    }
    let mut file = File::open(path).map_err(|error| trouble(&error))?;
    let length = file.metadata().map_err(|error| trouble(&error))?.len();
    let rotated = after.is_some_and(|it| it > length);
    let after = after.filter(|_| !rotated).or(rotated.then_some(0));
    // Without a last position only the end is of interest; after one, what was too much for this look is skipped, and said to be.
    let from = after.unwrap_or(0).max(length.saturating_sub(MOST_BYTES));
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from)).map_err(|error| trouble(&error))?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| trouble(&error))?;
    if bytes.starts_with(b"PAR1") || bytes.contains(&0) {
        let message = format!("{} is no file of lines, so its end cannot be shown as it grows.", path.display());
        return Err(Trouble::new(proofmark_contract::ErrorCode::Unreadable, message)
            .hint("proofmark monitor reads it as a whole."));
    }
    let is_cut = from > 0 && after != Some(from);
    let begin = if is_cut { bytes.iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| it + 1) } else { 0 };
    let end = bytes.iter().rposition(|it| *it == b'\n').map_or(begin, |it| it + 1).max(begin);
    let text = String::from_utf8_lossy(&bytes[begin..end]);
    let all: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    let shown = all.len().saturating_sub(most.clamp(1, MOST_LINES));
    Ok(LogTail {
        lines: all[shown..].iter().map(|it| line(it)).collect(),
        next: from + end as u64,
        skipped: if after.is_some() { shown as u64 } else { 0 },
        rotated,
    })
}

fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(*name)).filter(|it| !it.is_null())
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What was answered, from the documented form or from the body of an answer.
fn prediction(record: &Value) -> Option<String> {
    let places =
        ["/outputs/prediction", "/prediction", "/response/outputs/0/data/0", "/response/predictions/0", "/response/0"];
    places.iter().find_map(|place| record.pointer(place)).filter(|it| !it.is_null()).map(|it| cut(&word(it)))
}

fn cut(text: &str) -> String {
    let mut kept: String = text.chars().take(LONGEST).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

fn line(text: &str) -> TailLine {
    let record: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let named = |names: &[&str]| field(&record, names).map(word);
    let number = |names: &[&str]| field(&record, names).and_then(Value::as_f64).filter(|it| it.is_finite());
    TailLine {
        request_id: named(&["request_id", "id", "inference_id", "databricks_request_id", "uuid"]),
        time: named(&["time", "timestamp", "ts", "timestamp_ms"]),
        model: named(&["model", "model_name"]),
        version: named(&["version", "model_version"]),
        caller: named(&["caller", "requester", "client"]),
        status: number(&["status", "status_code"]).map(|it| it as u32),
        latency_ms: number(&["latency_ms", "execution_time_ms"]),
        error: named(&["error", "error_message"]).map(|it| cut(&it)),
        prediction: prediction(&record),
        text: cut(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_new_is_told_once_and_a_cut_line_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut file = File::create(&path).unwrap();
        write!(file, "{{\"request_id\":\"a\",\"status\":200,\"outputs\":{{\"prediction\":\"good\"}}}}\n{{\"requ")
            .unwrap();
        let first = tail(&path, None, 10).unwrap();
        assert_eq!((first.lines.len(), first.lines[0].prediction.as_deref()), (1, Some("good")));
        assert!(tail(&path, Some(first.next), 10).unwrap().lines.is_empty());
        writeln!(file, "est_id\":\"b\",\"status\":503,\"error\":\"busy\"}}").unwrap();
        let second = tail(&path, Some(first.next), 10).unwrap();
        assert_eq!((second.lines.len(), second.lines[0].status), (1, Some(503)));
        std::fs::write(&path, "{\"id\":\"c\"}\n").unwrap();
        let third = tail(&path, Some(second.next), 10).unwrap();
        assert!(third.rotated && third.lines[0].request_id.as_deref() == Some("c"));
        assert!(tail(folder.path(), None, 10).is_err(), "a folder has no end");
        std::fs::write(&path, b"PAR1\0\0").unwrap();
        assert!(tail(&path, None, 10).is_err());
    }
}
