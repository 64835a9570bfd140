//! A unified diff of what was committed and what lies there, as git writes it.

use std::fmt::Write as _;

use gix::bstr::ByteSlice as _;
use gix::diff::blob::{Algorithm, Diff, Hunk, InternedInput};

use super::worktree::Change;

/// Unchanged lines around a change.
const CONTEXT: u32 = 3;
/// Files above this size are named in the diff, not shown.
pub const LARGEST_SHOWN: usize = 1024 * 1024;
/// git takes a file for binary if one of its first bytes is zero.
const BINARY_PROBE: usize = 8_000;

/// A text that stops growing at a limit.
#[derive(Debug)]
pub struct Limited {
    text: String,
    limit: usize,
    cut: bool,
}

impl Limited {
    /// An empty text that will hold at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { text: String::new(), limit, cut: false }
    }

    /// Whether something did not fit.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, part: &str) {
        if self.cut {
            return;
        }
        let room = self.limit - self.text.len();
        if part.len() <= room {
            self.text.push_str(part);
        } else {
            self.text.push_str(part.get(..part.floor_char_boundary(room)).unwrap_or_default());
            self.cut = true;
        }
    }
}

/// Appends the difference of one file.
pub fn write(change: &Change, text: &mut Limited) {
    if text.is_cut() {
        return;
    }
    let path = change.path.to_str_lossy();
    let mut header = format!("diff --git a/{path} b/{path}\n");
    let (mut from, mut to) = (format!("a/{path}"), format!("b/{path}"));
    if change.before.is_none() {
        header.push_str("new file\n");
        from = "/dev/null".to_owned();
    }
    if change.after.is_none() {
        header.push_str("deleted file\n");
        to = "/dev/null".to_owned();
    }
    text.push(&header);
    if change.not_shown {
        text.push("Files differ; too large or of a kind that is not shown\n");
        return;
    }
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    if is_binary(before) || is_binary(after) {
        text.push(&format!("Binary files {from} and {to} differ\n"));
        return;
    }
    text.push(&format!("--- {from}\n+++ {to}\n"));
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let lines =
        |tokens: &[gix::diff::blob::Token]| tokens.iter().map(|token| input.interner[*token]).collect::<Vec<_>>();
    let (before, after) = (lines(&input.before), lines(&input.after));
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        if group.last().is_some_and(|last| hunk.before.start > last.before.end + 2 * CONTEXT) {
            write_group(&group, &before, &after, text);
            group.clear();
        }
        group.push(hunk);
    }
    write_group(&group, &before, &after, text);
}

fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(BINARY_PROBE).any(|byte| *byte == 0)
}

/// Changes that share their context, with the line numbers from which they can be applied.
fn write_group(group: &[Hunk], before: &[&[u8]], after: &[&[u8]], text: &mut Limited) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let lead = CONTEXT.min(first.before.start);
    let trail = CONTEXT.min((before.len() as u32).saturating_sub(last.before.end));
    let (from, to) = (first.before.start - lead, last.before.end + trail);
    let (new_from, new_to) = (first.after.start.saturating_sub(lead), last.after.end + trail);
    // A range without lines is numbered by the line before it.
    let range = |start: u32, end: u32| format!("{},{}", if start == end { start } else { start + 1 }, end - start);
    text.push(&format!("@@ -{} +{} @@\n", range(from, to), range(new_from, new_to)));
    let mut at = from;
    for hunk in group {
        write_lines(' ', before, at, hunk.before.start, text);
        write_lines('-', before, hunk.before.start, hunk.before.end, text);
        write_lines('+', after, hunk.after.start, hunk.after.end, text);
        at = hunk.before.end;
    }
    write_lines(' ', before, at, to, text);
}

fn write_lines(mark: char, lines: &[&[u8]], from: u32, to: u32, text: &mut Limited) {
    for line in lines.get(from as usize..to as usize).unwrap_or_default() {
        let mut out = String::with_capacity(line.len() + 2);
        // Writing to a String cannot fail.
        let _ = write!(out, "{mark}{}", line.to_str_lossy());
        if !line.ends_with(b"\n") {
            out.push_str("\n\\ No newline at end of file\n");
        }
        text.push(&out);
    }
}
