//! Changes as they happen.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::Args;
use proofmark_contract::domain::id::ProjectId;
use proofmark_contract::view::{ChangeQuery, ChangeRow, Nothing, ProjectAdd, ProjectRef};
use proofmark_contract::{EngineEvent, ErrorBody, ErrorCode, Tag};
use proofmark_engine::Engine;
use serde::Serialize;

use crate::context::Context;
use crate::reply::{Outcome, Reply, write};
use crate::text::{counted, safe, words};

/// Between two looks whether a person stopped it.
const TICK: Duration = Duration::from_millis(200);

/// What to watch.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders; one that is no project yet becomes one. All projects if none is named
    dirs: Vec<PathBuf>,
    /// Prints one JSON object per change, as it happens
    #[arg(long, conflicts_with = "json")]
    json_lines: bool,
    /// Ends by itself after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// The document that is printed at the end.
#[derive(Debug, Serialize)]
struct Watched {
    projects: Vec<ProjectId>,
    duration_s: f64,
    changes: Vec<ChangeRow>,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If a folder cannot become a project, or the ledger cannot be read.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let began = Instant::now();
        let end = self.seconds.map(Duration::from_secs);
        let (send, events) = mpsc::channel();
        engine.subscribe(Box::new(move |event| {
            // Whoever listens ends before the engine does; then there is nobody to tell.
            let _ = send.send(event.clone());
        }));
        let mut news = News::begin(engine)?;
        let named = self.dirs.iter().map(|dir| known_or_added(engine, dir)).collect::<Result<Vec<_>, ErrorBody>>()?;
        engine.start_watching();
        let mut projects = named.clone();
        for view in engine.project_list(Nothing {})?.projects {
            if named.is_empty() && !view.project.paused {
                projects.push(view.project.id);
            }
            if projects.contains(&view.project.id) {
                let how = view.problem.unwrap_or_else(|| format!("Watching {}.", view.project.root));
                context.progress().say(&how);
            }
        }
        if projects.is_empty() {
            return Err(ErrorBody::new(ErrorCode::NotFound, "There is no project to watch.")
                .hint("Name a folder: proofmark watch DIR"));
        }
        let mut watched = Watched { projects, duration_s: 0.0, changes: Vec::new() };
        while !context.is_stopped() && end.is_none_or(|end| began.elapsed() < end) {
            let event = match events.recv_timeout(TICK) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match event {
                EngineEvent::Stale { tags } if tags.contains(&Tag::Files) => {
                    let fresh =
                        news.since_last(engine)?.into_iter().filter(|row| watched.projects.contains(&row.project));
                    let fresh: Vec<ChangeRow> = fresh.collect();
                    context.progress().clear();
                    if context.json() {
                        watched.changes.extend(fresh);
                    } else if !self.tell(&fresh)? {
                        break;
                    }
                }
                EngineEvent::Notice { notice } => context.progress().say(&notice.text),
                _ => {}
            }
        }
        watched.duration_s = began.elapsed().as_secs_f64();
        if self.json_lines {
            return Ok(Reply::silent());
        }
        context.answer("watch", &watched, String::new)
    }

    /// Prints changes now. `false` if nobody reads any more.
    fn tell(&self, changes: &[ChangeRow]) -> Result<bool, ErrorBody> {
        let mut text = String::new();
        if self.json_lines {
            for row in changes {
                let line = serde_json::to_string(row).map_err(|error| {
                    ErrorBody::new(ErrorCode::Internal, format!("A change could not be written down: {error}."))
                })?;
                text.push_str(&line);
                text.push('\n');
            }
        } else {
            text = lines(changes);
        }
        let mut output = PipeAware { inner: io::stdout().lock(), broken: false };
        write(&mut output, &text).map_err(|error| {
            ErrorBody::new(ErrorCode::Storage, format!("Changes can no longer be printed: {error}."))
        })?;
        Ok(!output.broken)
    }
}

/// The project of a folder, which becomes one if it is none.
fn known_or_added(engine: &Engine, dir: &PathBuf) -> Result<ProjectId, ErrorBody> {
    match engine.project_add(ProjectAdd { path: dir.to_string_lossy().into_owned(), name: None }) {
        Ok(view) => Ok(view.project.id),
        Err(trouble) if trouble.0.code == ErrorCode::AlreadyExists => {
            let project = engine.project_at(dir)?;
            Ok(engine.project_show(ProjectRef { project: project.id })?.project.id)
        }
        Err(trouble) => Err(trouble.into()),
    }
}

/// What was not told yet.
struct News {
    /// The newest changes that were told, all of one moment.
    told: Vec<ChangeRow>,
}

impl News {
    fn begin(engine: &Engine) -> Result<Self, ErrorBody> {
        let newest = engine.change_list(ChangeQuery { project: None, limit: Some(1) })?.changes;
        let mut news = Self { told: newest };
        news.since_last(engine)?;
        Ok(news)
    }

    /// Oldest first.
    fn since_last(&mut self, engine: &Engine) -> Result<Vec<ChangeRow>, ErrorBody> {
        let last = self.told.first().map(|row| row.change.seen_at);
        let is_new = |row: &ChangeRow| {
            last.is_none_or(|last| {
                row.change.seen_at > last || (row.change.seen_at == last && !self.told.contains(row))
            })
        };
        let is_past = |row: &ChangeRow| last.is_some_and(|last| row.change.seen_at < last);
        let mut limit = 500;
        let rows = loop {
            let rows = engine.change_list(ChangeQuery { project: None, limit: Some(limit) })?.changes;
            // Read far enough if something old is among them, or if there is nothing more.
            if (rows.len() as u64) < limit || rows.iter().any(is_past) {
                break rows;
            }
            limit *= 4;
        };
        let mut fresh: Vec<ChangeRow> = rows.iter().filter(|row| is_new(row)).cloned().collect();
        if let Some(newest) = rows.iter().map(|row| row.change.seen_at).max() {
            self.told = rows.into_iter().filter(|row| row.change.seen_at == newest).collect();
        }
        fresh.sort_by_key(|row| row.change.seen_at);
        Ok(fresh)
    }
}

/// More changes of one moment than this become one line.
const MOST_LINES: usize = 50;

fn lines(changes: &[ChangeRow]) -> String {
    let mut text = String::new();
    for group in changes.chunk_by(|a, b| a.change.seen_at == b.change.seen_at && a.project == b.project) {
        for row in group.iter().take(MOST_LINES) {
            let change = &row.change;
            let from =
                change.moved_from.as_ref().map_or_else(String::new, |from| format!(" (from {})", safe(from.as_str())));
            let time = change.seen_at.to_string().get(11..19).unwrap_or_default().to_owned();
            let line = format!(
                "{time}  {:<7}  {}{from}  {} · {}\n",
                words(&change.change),
                safe(change.path.as_str()),
                words(&change.kind),
                safe(&row.project_name)
            );
            text.push_str(&line);
        }
        if group.len() > MOST_LINES {
            text.push_str(&format!(
                "          and {} more at the same time\n",
                counted((group.len() - MOST_LINES) as u64, "change", "changes")
            ));
        }
    }
    text
}

/// Remembers that the reader went away.
struct PipeAware<W> {
    inner: W,
    broken: bool,
}

impl<W: io::Write> PipeAware<W> {
    fn noted<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &written {
            self.broken = error.kind() == io::ErrorKind::BrokenPipe;
        }
        written
    }
}

impl<W: io::Write> io::Write for PipeAware<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.noted(flushed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_change_is_one_line_and_a_flood_is_cut() {
        let row = |path: &str| -> ChangeRow {
            serde_json::from_value(serde_json::json!({
                "project": "prj_00000000-0000-0000-0000-000000000000",
                "project_name": "credit",
                "change": {
                    "path": path, "change": "moved", "moved_from": "old.csv", "digest": format!("sha256:{}", "0".repeat(64)),
                    "kind": "prediction_log", "seen_at": "2026-01-31T12:00:05.000Z"
                }
            }))
            .unwrap()
        };
        assert_eq!(lines(&[row("a\nb.csv")]), "12:00:05  moved    a\\nb.csv (from old.csv)  prediction log · credit\n");
        let many: Vec<ChangeRow> = (0..60).map(|at| row(&at.to_string())).collect();
        let text = lines(&many);
        assert_eq!(text.lines().count(), 51);
        assert!(text.ends_with("and 10 changes more at the same time\n"), "{text}");
    }
}
