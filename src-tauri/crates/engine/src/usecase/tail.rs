//! The newest predictions of a log, as they are written.

mod follower;
mod place;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use proofmark_contract::view::{LogTail, LogTailQuery, TailLine};
use proofmark_domain::artifact::RelPath;
use serde_json::Value;

use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, io_trouble};

pub use self::follower::Follower;
use self::place::Place;

/// Bytes that one look reads at most.
const MOST_BYTES: u64 = 1 << 20;
/// Bytes that are read at most to find as many of the newest lines as were asked for.
const MOST_BYTES_BACK: u64 = 64 << 20;
/// Lines that a look of the window returns at most.
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
        let after = request.after.map(|at| (at, request.mark.as_deref()));
        tail(&absolute(&project, &facts.path)?, after, request.most.map_or(100, |it| it as usize).min(MOST_LINES))
    }
}

/// Opens a file of lines. Opening a pipe that nobody writes to would wait for ever.
fn open(path: &Path) -> Answer<File> {
    let trouble = |error: &std::io::Error| io_trouble("reading", path, error);
    if !std::fs::metadata(path).map_err(|error| trouble(&error))?.is_file() {
        let message = format!("{} is a folder, a device or a pipe; the end of a file is shown.", path.display());
        return Err(Trouble::new(proofmark_contract::ErrorCode::Unreadable, message)
            .hint("Name a file of lines, such as the log of a gateway."));
    }
    File::open(path).map_err(|error| trouble(&error))
}

/// The last `most` lines of a file of lines, or those that came after a position with its mark. A line that is still being written is left for
/// the next look; a file that no longer holds what was read before the position took the place of the one that was read, and is read from
/// its begin.
///
/// # Errors
/// If it cannot be read, or is no text.
pub(crate) fn tail(path: &Path, after: Option<(u64, Option<&str>)>, most: usize) -> Answer<LogTail> {
    let trouble = |error: std::io::Error| io_trouble("reading", path, &error);
    let mut file = open(path)?;
    let length = file.metadata().map_err(trouble)?.len();
    let mut rotated = false;
    if let Some((at, mark)) = after {
        rotated = at > length;
        if let Some(mark) = mark.filter(|_| !rotated) {
            rotated = Place::of(&mut file, at).map_err(trouble)?.mark() != mark;
        }
    }
    let after = after.map(|it| if rotated { 0 } else { it.0 });
    // Without a last position only the end is of interest; after one, what was too much for this look is skipped, and said to be.
    let mut span = MOST_BYTES;
    let (from, bytes, begin, end) = loop {
        let from = after.unwrap_or(0).max(length.saturating_sub(span));
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(trouble)?;
        Read::take(&mut file, span).read_to_end(&mut bytes).map_err(trouble)?;
        if bytes.starts_with(b"PAR1") || bytes.contains(&0) {
            let message = format!("{} is no file of lines, so its end cannot be shown as it grows.", path.display());
            return Err(Trouble::new(proofmark_contract::ErrorCode::Unreadable, message)
                .hint("proofmark monitor reads it as a whole."));
        }
        let is_cut = from > 0 && after != Some(from);
        let begin = if is_cut { bytes.iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| it + 1) } else { 0 };
        let end = bytes.iter().rposition(|it| *it == b'\n').map_or(begin, |it| it + 1).max(begin);
        let found = bytes.get(begin..end).map_or(0, |it| it.iter().filter(|it| **it == b'\n').count());
        if after.is_some() || !is_cut || found >= most || span >= MOST_BYTES_BACK {
            break (from, bytes, begin, end);
        }
        span *= 4;
    };
    let text = String::from_utf8_lossy(bytes.get(begin..end).unwrap_or_default());
    let all: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    let shown = all.len().saturating_sub(most.max(1));
    let next = from + end as u64;
    Ok(LogTail {
        lines: all[shown..].iter().map(|it| line(it)).collect(),
        next,
        mark: Place::of(&mut file, next).map_err(trouble)?.mark(),
        skipped: if after.is_some() { shown as u64 } else { 0 },
        skipped_bytes: after.map_or(0, |after| from + begin as u64 - after),
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
