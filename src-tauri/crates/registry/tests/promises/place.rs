//! What a registry asks of its place, whichever that is.

use std::io::{ErrorKind, Read as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use proofmark_registry::layout::MARKER;
use proofmark_registry::store::EntryKind;

use crate::ground::Ground;
use crate::support::Outcome;

/// Larger than what any place takes at once.
const LARGE: usize = 40 * 1024 * 1024 + 7;

fn ground() -> Result<(tempfile::TempDir, Ground), Box<dyn std::error::Error>> {
    let room = tempfile::tempdir()?;
    let ground = Ground::new(room.path())?;
    ground.store()?.create_new(MARKER, b"{}")?;
    Ok((room, ground))
}

fn names(ground: &Ground, folder: &str) -> Result<Vec<(String, EntryKind)>, Box<dyn std::error::Error>> {
    Ok(ground.store()?.list(folder)?.into_iter().map(|it| (it.name, it.kind)).collect())
}

#[test]
fn of_many_who_create_a_name_one_does() -> Outcome {
    let (_room, ground) = ground()?;
    for number in 0..20 {
        let made = AtomicUsize::new(0);
        let path = format!("claims/m/{number}");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (ground, made, path) = (&ground, &made, &path);
                scope.spawn(move || {
                    let content = format!("writer {writer}");
                    let created = ground.store().and_then(|store| store.create_new(path, content.as_bytes()));
                    match created {
                        Ok(()) => made.fetch_add(1, Ordering::SeqCst),
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
                            0
                        }
                    }
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1, "one of eight");
        let (store, first) = (ground.store()?, ground.store()?.read(&path)?);
        assert_eq!(
            store.create_new(&path, &first).map_err(|it| it.kind()),
            Err(ErrorKind::AlreadyExists),
            "later ones too"
        );
        assert_eq!(store.read(&path)?, first, "and what was made stays");
    }
    Ok(())
}

#[test]
fn content_comes_back_as_it_was_given() -> Outcome {
    let (_room, ground) = ground()?;
    let store = ground.store()?;
    let large: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    for (name, content) in [("empty", &[][..]), ("small", b"abc"), ("large", &large)] {
        let (staged, path) = (format!(".staging/r/{name}"), format!("objects/{name} ü %2F#1"));
        assert_eq!(store.stage(&staged, &mut &*content)?, content.len() as u64, "{name}");
        assert_eq!(store.entry(&path)?, None, "{name}: nobody sees it yet");
        store.settle(&staged, &path)?;
        let entry = ground.store()?.entry(&path)?.ok_or("it is there")?;
        assert_eq!((entry.kind, entry.size), (EntryKind::File, content.len() as u64), "{name}");
        let mut read = Vec::new();
        ground.store()?.open(&path)?.read_to_end(&mut read)?;
        assert!(read == content, "{name}: every byte");
    }
    store.stage(".staging/r/again", &mut &b"def"[..])?;
    store.settle(".staging/r/again", "objects/small ü %2F#1")?;
    assert_eq!(store.read("objects/small ü %2F#1")?, b"def", "what is settled takes the place of what was there");
    store.discard(".staging/r")?;
    assert_eq!(names(&ground, ".staging")?, [], "nothing is left over");
    assert_eq!(store.read("objects/none").map_err(|it| it.kind()), Err(ErrorKind::NotFound));
    assert_eq!(store.open("objects/none").map(drop).map_err(|it| it.kind()), Err(ErrorKind::NotFound));
    Ok(())
}

#[test]
fn a_folder_is_placed_once_and_as_a_whole() -> Outcome {
    let (_room, ground) = ground()?;
    let store = ground.store()?;
    store.create_new("objects/o", b"shared")?;
    for room in ["a", "b"] {
        store.stage(&format!(".staging/{room}/v/meta.yaml"), &mut room.as_bytes())?;
        store.stage(&format!(".staging/{room}/v/deep/er/file"), &mut room.as_bytes())?;
        if !store.link_staged("objects/o", &format!(".staging/{room}/v/linked"))? {
            store.stage(&format!(".staging/{room}/v/linked"), &mut &b"shared"[..])?;
        }
    }
    assert!(!store.is_placed("models/m/version-1")?, "not yet");
    assert!(store.settle_folder(".staging/a/v", "models/m/version-1")?, "the first is placed");
    assert!(store.is_placed("models/m/version-1")?);
    assert!(!store.settle_folder(".staging/b/v", "models/m/version-1")?, "the second is not");
    let other = ground.store()?;
    assert_eq!(other.read("models/m/version-1/meta.yaml")?, b"a");
    assert_eq!(other.read("models/m/version-1/deep/er/file")?, b"a");
    assert_eq!(other.read("models/m/version-1/linked")?, b"shared");
    let (file, folder) = (EntryKind::File, EntryKind::Folder);
    let expected = [("deep", folder), ("linked", file), ("meta.yaml", file)].map(|it| (it.0.to_owned(), it.1));
    assert_eq!(names(&ground, "models/m/version-1")?, expected, "sorted, each of its kind");
    assert_eq!(names(&ground, "models")?, [("m".to_owned(), folder)]);
    assert_eq!(other.entry("models/m/version-1")?.map(|it| it.kind), Some(folder));
    assert_eq!(other.entry("models/m/version-2")?, None);
    store.discard(".staging/a")?;
    store.discard(".staging/b")?;

    store.stage(".staging/c/x", &mut &[][..])?;
    assert!(store.settle_folder("models/m/version-1", ".staging/c/version")?, "taken away");
    assert!(!ground.store()?.is_placed("models/m/version-1")?);
    store.settle("objects/o", ".staging/c/object")?;
    store.discard(".staging/c")?;
    assert_eq!(ground.store()?.entry("objects/o")?, None);
    assert_eq!(names(&ground, ".staging")?, [], "nothing is left over");
    Ok(())
}

#[test]
fn stamps_tell_files_and_states_of_a_file_apart() -> Outcome {
    let (_room, ground) = ground()?;
    let store = ground.store()?;
    store.create_new("log/a", b"one")?;
    store.create_new("log/b", b"one")?;
    let stamps = |ground: &Ground| -> Result<Vec<_>, Box<dyn std::error::Error>> {
        Ok(ground.store()?.list("log")?.into_iter().map(|it| it.stamp).collect())
    };
    let before = stamps(&ground)?;
    assert!(before.iter().all(Option::is_some) && before[0] != before[1], "the same content twice is two files");
    assert_eq!(stamps(&ground)?, before, "they stay while nothing changes");
    store.stage(".staging/r/x", &mut &b"two"[..])?;
    store.settle(".staging/r/x", "log/a")?;
    assert_ne!(stamps(&ground)?[0], before[0], "and another content is another state");
    Ok(())
}

#[test]
fn paths_that_leave_the_registry_are_refused() -> Outcome {
    let (_room, ground) = ground()?;
    let store = ground.store()?;
    for path in ["../x", "a/../../x", "a//b", "./a", "a\\b"] {
        assert_eq!(store.read(path).map_err(|it| it.kind()), Err(ErrorKind::InvalidInput), "{path}");
        assert_eq!(store.create_new(path, b"x").map_err(|it| it.kind()), Err(ErrorKind::InvalidInput), "{path}");
        assert!(store.stage(path, &mut &b"x"[..]).is_err(), "{path}");
    }
    assert!(store.discard("log").is_err() && store.discard(".stagingx/a").is_err(), "only staged things are removed");
    Ok(())
}

#[test]
fn a_place_says_what_it_can_promise() -> Outcome {
    let (_room, ground) = ground()?;
    let test = ground.store()?.self_test()?;
    assert!(test.can_publish(), "{test:?}");
    assert_eq!(test.notes, Vec::<String>::new());
    assert_eq!(names(&ground, ".staging")?, [], "nothing is left of it");
    Ok(())
}
