//! What a store can promise, found out by trying.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use object_store::path::Path;
use object_store::{Error, PutPayload};
use proofmark_registry::layout::STAGING;
use proofmark_registry::store::SelfTest;

use crate::remote::{Remote, is_refusal};

/// Attempts at one thing before the store counts as one that does not answer.
const ATTEMPTS: usize = 5;
/// Writers that ask for one name at the same moment.
const WRITERS: usize = 6;

/// Tries everything under names of its own below `.staging/`, and removes them.
pub(crate) fn run(remote: &Remote) -> SelfTest {
    let mut found = SelfTest::default();
    let room = format!("{STAGING}/self-test-{}", proofmark_registry::store::fresh_name());
    if let Err(error) = try_out(remote, &room, &mut found) {
        found.notes.push(if found.writable {
            format!("trying out what it can do was cut short: {error}")
        } else {
            format!("nothing can be written here: {error}")
        });
    }
    let removed = remote
        .key(&room)
        .and_then(|key| remote.below(&key))
        .and_then(|objects| objects.iter().try_for_each(|object| remote.delete(&object.location)));
    if let Err(error) = removed {
        found.notes.push(format!("{room} could not be removed: {error}"));
    }
    for (holds, note) in [
        (
            found.exclusive_create,
            "it does not honour conditional writes (If-None-Match: *), so two writers can both believe that they made the same object",
        ),
        (found.rename_over, "an object that was replaced is not read as it was written"),
    ] {
        if found.writable && !holds {
            found.notes.push(note.to_owned());
        }
    }
    found
}

fn try_out(remote: &Remote, room: &str, found: &mut SelfTest) -> io::Result<()> {
    let name = |name: &str| remote.key(&format!("{room}/{name}"));
    let one = name("a")?;
    // A store without conditional writes may refuse them; plain ones say whether it can be written at all.
    remote.put(&name("plain")?, PutPayload::from_static(b"plain"))?;
    found.writable = true;
    // Who got an answer was told that it is kept.
    found.flush = true;
    found.exclusive_create = is_exclusive(remote, &one)?;
    remote.put(&one, PutPayload::from_static(b"new"))?;
    found.rename_over = remote.get(&one, 16)? == b"new";
    found.hard_link = remote.copy(&one, &name("copy")?).is_ok() && remote.get(&name("copy")?, 16)? == b"new";
    // A folder is placed by writing its last object, once, and that is what was just tried.
    found.folder_rename = found.exclusive_create;
    found.folder_rename_refuses = found.exclusive_create;
    remote.put(&name("A")?, PutPayload::from_static(b"upper"))?;
    found.case_sensitive = remote.get(&one, 16)? == b"new";
    let composed = name("\u{e9}")?;
    remote.put(&composed, PutPayload::from_static(b"x"))?;
    let listed = remote.below(&remote.key(room)?)?;
    found.keeps_unicode = listed.iter().any(|it| it.location == composed);
    let long = name(&"n".repeat(255))?;
    found.long_names = remote.put(&long, PutPayload::from_static(b"x")).is_ok();
    if let Some(meta) = listed.iter().find(|it| it.location == composed) {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(0));
        let ahead = meta.last_modified.timestamp_millis() - now;
        // Times of objects are whole seconds, and the test itself takes some.
        found.clock_ahead_ms = if ahead.abs() > 5_000 { ahead } else { 0 };
    }
    Ok(())
}

/// Whether of several who make one object at the same moment one is told that it did, and one who comes later is not.
fn is_exclusive(remote: &Remote, key: &Path) -> io::Result<bool> {
    let attempts: Vec<io::Result<Result<(), Error>>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                scope.spawn(move || remote.put_new(key, PutPayload::from(format!("writer {number}").into_bytes())))
            })
            .collect();
        writers
            .into_iter()
            .map(|it| it.join().unwrap_or_else(|_| Err(io::Error::other("an attempt ended without an answer"))))
            .collect()
    });
    let (mut made, mut unsaid) = (Vec::new(), Vec::new());
    for (number, attempt) in attempts.into_iter().enumerate() {
        let mine = format!("writer {number}").into_bytes();
        match attempt? {
            Ok(()) => made.push(mine),
            Err(error) if is_taken(&error) || is_refusal(&error) => {}
            // Its answer was lost, so it may be the one.
            Err(_) => unsaid.push(mine),
        }
    }
    let there = match remote.get(key, 64) {
        Ok(there) => there,
        // Nobody could make it: conditional writes are refused altogether.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let one = match made.as_slice() {
        [] => unsaid.contains(&there),
        [winner] => *winner == there,
        _ => false,
    };
    Ok(one && refuses_late(remote, key)? && remote.get(key, 64)? == there)
}

fn is_taken(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. })
}

/// Whether one who comes later is told so.
fn refuses_late(remote: &Remote, key: &Path) -> io::Result<bool> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match remote.put_new(key, PutPayload::from_static(b"late"))? {
            Ok(()) => return Ok(false),
            Err(error) if is_taken(&error) => return Ok(true),
            Err(error) => last = Some(remote.said(&error)),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("the store does not answer")))
}
