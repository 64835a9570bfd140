//! Reads what the observers inside a process wrote down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a process did with a file, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) path: PathBuf,
    pub(crate) kind: AccessKind,
    /// The process.
    pub(crate) pid: u32,
    /// Which observer saw it.
    pub(crate) by: Observer,
    /// Where in the code, if known.
    pub(crate) place: Option<Place>,
}

/// A line of Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Of a script.
    Script {
        /// The script.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
    },
    /// Of a cell of the notebook that is run.
    Cell {
        /// The number that the cell got when it ran, as in `In [3]`.
        count: u32,
        /// The line in the cell, from 1.
        line: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccessKind {
    Read,
    Write,
    /// Opened for both; only its bytes tell which it was.
    ReadWrite,
    MovedTo(PathBuf),
    /// Got a second name.
    LinkedTo(PathBuf),
    Deleted,
    /// Started as a program. `watched` unless it was given an environment without the observers.
    Started {
        watched: bool,
    },
    /// Was about to be opened for reading and was refused: it is held back.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Observer {
    /// The Python audit hook.
    AuditHook,
    /// The preloaded library.
    Preload,
}

/// `O_ACCMODE` and its values, which are the same on every platform that has them.
const ACCESS_MODE: u32 = 0o3;
const WRITE_ONLY: u32 = 0o1;
const READ_WRITE: u32 = 0o2;

fn kind_of(flags: u32) -> AccessKind {
    match flags & ACCESS_MODE {
        WRITE_ONLY => AccessKind::Write,
        READ_WRITE => AccessKind::ReadWrite,
        _ => AccessKind::Read,
    }
}

pub(crate) fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

/// Lines of the preloaded library: `what, pid, time, flags, path[, second path]`. A line that is cut off, as the last one of a
/// process that was killed may be, is passed over.
pub(crate) fn read_preload(text: &str) -> Vec<Access> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let (what, pid, flags, path) = (*fields.first()?, fields.get(1)?, fields.get(3)?, fields.get(4)?);
            let kind = match what {
                "o" => kind_of(flags.parse().ok()?),
                "m" => AccessKind::MovedTo(normal(&unescape(fields.get(5)?))),
                "l" => AccessKind::LinkedTo(normal(&unescape(fields.get(5)?))),
                "d" => AccessKind::Deleted,
                "x" => AccessKind::Started { watched: true },
                "c" => AccessKind::Started { watched: false },
                "h" => AccessKind::Refused,
                _ => return None,
            };
            Some(Access {
                path: normal(&unescape(path)),
                kind,
                pid: pid.parse().ok()?,
                by: Observer::Preload,
                place: None,
            })
        })
        .collect()
}

/// Lines of the audit hook: `what, pid, flags, path, second path, script, line, number of the cell or 0`.
pub(crate) fn read_python(text: &str) -> Vec<Access> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [what, pid, flags, path, second, script, line, cell] = fields[..] else { return None };
            let kind = match what {
                "o" => kind_of(flags.parse().ok()?),
                "m" => AccessKind::MovedTo(normal(&unescape(second))),
                "l" => AccessKind::LinkedTo(normal(&unescape(second))),
                "d" => AccessKind::Deleted,
                "h" => AccessKind::Refused,
                _ => return None,
            };
            let line: u32 = line.parse().ok()?;
            let place = match cell.parse().ok()? {
                _ if line == 0 => None,
                0 => Some(Place::Script { path: normal(&unescape(script)), line }),
                count => Some(Place::Cell { count, line }),
            };
            Some(Access { path: normal(&unescape(path)), kind, pid: pid.parse().ok()?, by: Observer::AuditHook, place })
        })
        .collect()
}

/// The path without `.` and `..`, as text: the file may be gone by now.
fn normal(path: &str) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// What became of one path over the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Story {
    /// Read before this run wrote to it, if it did.
    pub(crate) read: bool,
    /// Written.
    pub(crate) written: bool,
    /// Opened for both.
    pub(crate) either: bool,
    /// Gone at the end, by the run's own doing.
    pub(crate) gone: bool,
    pub(crate) pid: u32,
    pub(crate) seen_by: Vec<Observer>,
    pub(crate) place: Option<Place>,
}

/// Puts the accesses of both observers together, a story for each path.
///
/// Each observer's lines are in their own order, and the two have no common clock; within a path the order of either is enough.
pub(crate) fn stories(accesses: &[Access]) -> BTreeMap<PathBuf, Story> {
    let mut stories: BTreeMap<PathBuf, Story> = BTreeMap::new();
    for access in accesses {
        if matches!(access.kind, AccessKind::Started { .. } | AccessKind::Refused) {
            continue;
        }
        let path = source_of_compiled(&access.path);
        let story = stories.entry(path).or_default();
        story.pid = access.pid;
        if !story.seen_by.contains(&access.by) {
            story.seen_by.push(access.by);
        }
        if story.place.is_none() {
            story.place.clone_from(&access.place);
        }
        match &access.kind {
            AccessKind::Read => story.read |= !story.written,
            AccessKind::Write => {
                story.written = true;
                story.gone = false;
            }
            AccessKind::ReadWrite => {
                story.either = true;
                story.gone = false;
            }
            AccessKind::Deleted => story.gone = true,
            AccessKind::LinkedTo(target) => {
                let copy = Story { written: true, read: false, gone: false, ..story.clone() };
                story.read |= !story.written;
                stories.insert(target.clone(), copy);
            }
            AccessKind::Started { .. } | AccessKind::Refused => {}
            AccessKind::MovedTo(target) => {
                let moved = Story { written: true, read: false, gone: false, ..story.clone() };
                story.gone = true;
                let arrived = stories.entry(target.clone()).or_default();
                *arrived = Story { read: arrived.read, ..moved };
            }
        }
    }
    stories
}

/// Python reads `__pycache__/name.cpython-311.pyc` instead of `name.py`: the code that ran is the latter.
fn source_of_compiled(path: &Path) -> PathBuf {
    let compiled = path.extension().is_some_and(|ending| ending == "pyc");
    let folder = path.parent().filter(|folder| folder.ends_with("__pycache__"));
    match (compiled, folder.and_then(Path::parent), path.file_name().and_then(|name| name.to_str())) {
        (true, Some(folder), Some(name)) => match name.split('.').next() {
            Some(stem) => folder.join(format!("{stem}.py")),
            None => path.to_path_buf(),
        },
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atomic_save_is_one_written_file() {
        let text = "o\t7\t1\t524865\t/p/.out.tmp\nm\t7\t2\t0\t/p/.out.tmp\t/p/out.csv\n";
        let stories = stories(&read_preload(text));
        assert!(stories[Path::new("/p/out.csv")].written, "the name that it was moved to was written");
        assert!(stories[Path::new("/p/.out.tmp")].gone, "the temporary name is gone");
    }

    #[test]
    fn reading_back_what_was_written_is_no_input() {
        let text = "o\t7\t1\t524865\t/p/x\no\t7\t2\t524288\t/p/x\no\t7\t3\t524288\t/p/y\n";
        let stories = stories(&read_preload(text));
        assert!(!stories[Path::new("/p/x")].read, "the run made these bytes itself");
        assert!(stories[Path::new("/p/y")].read);
    }

    #[test]
    fn cut_lines_and_odd_names_do_no_harm() {
        let text = "o\t7\t1\t0\t/p/a\\nb\\tc\\\\d\no\t7\t1\ngarbage\n\n";
        let accesses = read_preload(text);
        assert_eq!(accesses.len(), 1, "half a line says nothing");
        assert_eq!(accesses[0].path, Path::new("/p/a\nb\tc\\d"), "what was escaped reads back");
        assert!(read_python("o\t1\t0\t/a\t\t/s.py\t3\t0\no\t1\t0\t/b\t\t/s.py\t3\nx\n").len() == 1);
        let compiled = stories(&read_python("o\t1\t0\t/p/__pycache__/util.cpython-311.pyc\t\t\t0\t0\n"));
        assert!(compiled.contains_key(Path::new("/p/util.py")), "compiled code counts as its source");
        let refused = read_preload("h\t7\t1\t0\t/p/held.csv\n");
        assert_eq!(refused[0].kind, AccessKind::Refused);
        assert!(super::stories(&refused).is_empty(), "what was refused was not read");
        let cell = &read_python("o\t1\t0\t/a\t\t\t2\t5\n")[0];
        assert_eq!(cell.place, Some(Place::Cell { count: 5, line: 2 }), "a cell is told from a script");
    }
}
