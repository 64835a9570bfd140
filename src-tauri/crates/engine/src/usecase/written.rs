//! Documents as files: a person's own file is never written over, and each is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;

use crate::trouble::{Answer, Trouble, io_trouble};

/// Bytes at each end of a file by which one of ours is told from others.
const END: u64 = 2 * 1024 * 1024;

/// Refuses a place where something lies that `is_own` does not know by its first and last bytes. A new document goes to a new name, or
/// replaces one of ours.
///
/// # Errors
/// If another file is there, or what is there cannot be read.
pub(crate) fn refuse_other_file(path: &Path, is_own: impl Fn(&[u8], &[u8]) -> bool) -> Answer<()> {
    let facts = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_trouble("looking at", path, &error)),
        Ok(facts) => facts,
    };
    // Reading from a pipe or a terminal would wait for ever.
    let own = facts.is_file() && {
        let (head, tail) = ends(path).map_err(|error| io_trouble("reading", path, &error))?;
        is_own(&head, &tail)
    };
    if own {
        return Ok(());
    }
    Err(Trouble::new(
        ErrorCode::AlreadyExists,
        format!("{} is there already and is no report of Proofmark. It was left as it is.", path.display()),
    )
    .hint("Choose another name."))
}

fn ends(path: &Path) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    (&mut file).take(END).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    file.take(END).read_to_end(&mut tail)?;
    Ok((head, tail))
}

/// Puts a file in its place in one step, so that whoever reads it sees the earlier or the new one.
///
/// # Errors
/// If it cannot be written; then what was there is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Answer<()> {
    // A linked file is written where it lies, so that the link stays one.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.part", proofmark_registry::store::fresh_name()));
    let part = target.with_file_name(name);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.write_all(bytes)?;
        if let Ok(facts) = fs::metadata(&target) {
            file.set_permissions(facts.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&part, &target)
    })();
    written.map_err(|error| {
        // What is left of the attempt is of no use; if it cannot be removed, the error that follows says enough.
        let _ = fs::remove_file(&part);
        io_trouble("writing", path, &error)
    })
}

/// Writes a file under a name that we choose: `name.ending`, or with a number if that is taken.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_new(folder: &Path, name: &str, ending: &str, bytes: &[u8]) -> Answer<PathBuf> {
    let mut path = folder.join(format!("{name}.{ending}"));
    let mut count = 2;
    let mut file = loop {
        match File::create_new(&path) {
            Ok(file) => break file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                path = folder.join(format!("{name}-{count}.{ending}"));
                count += 1;
            }
            Err(error) => return Err(io_trouble("writing", &path, &error)),
        }
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half of a report is of no use; if it cannot be removed, the error that follows says enough.
        let _ = fs::remove_file(&path);
        io_trouble("writing", &path, &error)
    })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_of_somebody_else_stays_and_ours_is_replaced_as_a_whole() {
        let room = std::env::temp_dir().join(format!("proofmark-written-{}", std::process::id()));
        fs::create_dir_all(&room).unwrap();
        let path = room.join("a.txt");
        let own = |head: &[u8], tail: &[u8]| head.starts_with(b"ours") && tail.ends_with(b"end");
        refuse_other_file(&path, own).unwrap();
        fs::write(&path, format!("ours{}end", "x".repeat(5_000_000))).unwrap();
        refuse_other_file(&path, own).unwrap();
        replace(&path, b"ours, new end").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ours, new end");
        fs::write(&path, "notes").unwrap();
        assert_eq!(refuse_other_file(&path, own).unwrap_err().0.code, ErrorCode::AlreadyExists);
        assert!(refuse_other_file(&room, own).is_err(), "a folder is nothing to replace");
        assert_eq!(write_new(&room, "a", "txt", b"x").unwrap(), room.join("a-2.txt"));
        assert_eq!(write_new(&room, "a", "txt", b"x").unwrap(), room.join("a-3.txt"));
        let names: Vec<_> = fs::read_dir(&room).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "nothing is left beside them: {names:?}");
        fs::remove_dir_all(&room).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_file_is_written_where_it_lies() {
        let room = std::env::temp_dir().join(format!("proofmark-linked-{}", std::process::id()));
        fs::create_dir_all(&room).unwrap();
        let (file, link) = (room.join("file"), room.join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        fs::remove_dir_all(&room).unwrap();
    }
}
