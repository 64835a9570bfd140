//! What a file system can promise, found out by trying.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use uuid::Uuid;

/// What a directory or a bucket can promise.
/// Nothing is promised until it was tried.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SelfTest {
    /// Files can be made and removed.
    pub writable: bool,
    /// A second exclusive creation of one name is refused. Without this nothing can be published.
    pub exclusive_create: bool,
    /// A finished file can be given its name in one step, refused if the name is taken; a bucket: an object can be copied
    /// within it.
    pub hard_link: bool,
    /// A file can be put in place of another in one step.
    pub rename_over: bool,
    /// A folder can be put in place as a whole; in a bucket, by what is written last.
    pub folder_rename: bool,
    /// A folder is not put in place of one that has content.
    pub folder_rename_refuses: bool,
    /// Files and folders can be flushed to the disk.
    pub flush: bool,
    /// `a` and `A` are two names.
    pub case_sensitive: bool,
    /// Names come back in the Unicode form in which they were given.
    pub keeps_unicode: bool,
    /// Names of 255 bytes are possible.
    pub long_names: bool,
    /// Milliseconds by which the place's clock is ahead of this machine's; negative if behind.
    pub clock_ahead_ms: i64,
    /// Why something above is not as it should be; empty if all is well.
    pub notes: Vec<String>,
}

impl SelfTest {
    /// Whether publishing is safe here.
    pub const fn can_publish(&self) -> bool {
        self.writable && self.exclusive_create && self.rename_over && self.folder_rename
    }
}

/// Tries everything in a folder of its own below `parent`, and removes it.
pub(crate) fn self_test(parent: &Path) -> SelfTest {
    let mut found = SelfTest::default();
    let room = parent.join(format!("self-test-{}", Uuid::new_v4()));
    if let Err(error) = fs::create_dir(&room) {
        found.notes.push(format!("nothing can be written here: {error}"));
        return found;
    }
    if let Err(error) = try_out(&room, &mut found) {
        found.notes.push(format!("a file could not be written: {error}"));
    }
    if let Err(error) = fs::remove_dir_all(&room) {
        found.notes.push(format!("{} could not be removed: {error}", room.display()));
    }
    for (holds, note) in [
        (found.exclusive_create, "two writers can both believe that they made the same file"),
        (found.rename_over, "a file cannot be replaced in one step"),
        (found.folder_rename, "a folder cannot be moved in one step"),
        (found.flush, "writes cannot be flushed, so a power cut may lose what was just published"),
    ] {
        if found.writable && !holds {
            found.notes.push(note.to_owned());
        }
    }
    found
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn try_out(room: &Path, found: &mut SelfTest) -> io::Result<()> {
    let before = SystemTime::now();
    let mut file = create(&room.join("a"))?;
    file.write_all(b"a")?;
    found.flush = file.sync_all().is_ok() && super::sync_folder(room).is_ok();
    found.writable = true;
    let modified = file.metadata()?.modified()?;
    drop(file);
    let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    found.clock_ahead_ms = match modified.duration_since(before) {
        // Up to two seconds are the coarse times of some file systems and the duration of the test itself.
        Ok(ahead) if ahead > Duration::from_secs(2) => ms(ahead),
        Err(behind) if behind.duration() > Duration::from_secs(2) => -ms(behind.duration()),
        _ => 0,
    };
    let taken = |result: io::Result<()>| result.is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
    found.exclusive_create = taken(create(&room.join("a")).map(drop));
    found.hard_link =
        fs::hard_link(room.join("a"), room.join("b")).is_ok() && taken(fs::hard_link(room.join("a"), room.join("b")));
    found.case_sensitive = create(&room.join("A")).is_ok();
    fs::write(room.join("over"), b"new")?;
    found.rename_over = fs::rename(room.join("over"), room.join("a")).is_ok()
        && fs::read(room.join("a")).is_ok_and(|content| content == b"new");
    fs::create_dir(room.join("folder"))?;
    fs::write(room.join("folder/x"), b"x")?;
    found.folder_rename = fs::rename(room.join("folder"), room.join("moved")).is_ok() && room.join("moved/x").is_file();
    fs::create_dir(room.join("other"))?;
    fs::write(room.join("other/y"), b"y")?;
    found.folder_rename_refuses = fs::rename(room.join("other"), room.join("moved")).is_err();
    // The composed form of é: systems that store the decomposed one list another name.
    let composed = "\u{e9}";
    found.keeps_unicode = create(&room.join(composed)).is_ok()
        && fs::read_dir(room)?.flatten().any(|entry| entry.file_name() == composed);
    found.long_names = create(&room.join("n".repeat(255))).is_ok();
    Ok(())
}
