//! Every way in which the file can be wrong has its own error, and none of them changes the file.

use std::fs;
use std::time::Duration;

use proofmark_ledger::{APPLICATION_ID, KNOWN_VERSION, Ledger, LedgerError, Options};

use crate::{Outcome, Sandbox, now};

/// What opening a file with these bytes says; fails if that changed the file.
fn opening(bytes: &[u8]) -> Result<LedgerError, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    fs::write(&path, bytes)?;
    let error = Ledger::open(&path, now()).err().ok_or("it opened")?;
    assert_eq!(fs::read(&path)?, bytes, "the file is left as it was");
    assert!(error.to_string().contains("ledger.db"), "the message names the file: {error}");
    Ok(error)
}

/// The bytes of a whole, closed ledger with some content.
fn whole() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let sandbox = Sandbox::new()?;
    sandbox.write(|w| w.settings().set("long", &"x".repeat(100_000)))?;
    sandbox.ledger.close()?;
    Ok(fs::read(&sandbox.path)?)
}

#[test]
fn a_new_ledger_is_marked_private_and_whole() -> Outcome {
    let sandbox = Sandbox::new()?;
    let id: i32 = sandbox.raw()?.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    assert_eq!(id, APPLICATION_ID, "the header says whose file it is");
    assert!(sandbox.ledger.integrity_check()?.ok, "every page is sound");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| fs::metadata(path).map(|it| it.permissions().mode() & 0o777);
        assert_eq!(mode(sandbox.path.parent().ok_or("no folder")?)?, 0o700, "only the user enters the folder");
        assert_eq!(mode(&sandbox.path)?, 0o600, "only the user reads the file");
    }
    let mut names: Vec<_> = fs::read_dir(sandbox.path.parent().ok_or("no folder")?)?
        .map(|it| it.map(|it| it.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names.first().map(String::as_str), Some("ledger.db"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains(".new-")), "no draft is left: {names:?}");
    Ok(())
}

#[test]
fn closing_folds_the_log_in_and_the_facts_are_there_again() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write(|w| w.settings().set("theme", &"dark"))?;
    sandbox.ledger.close()?;
    assert!(!sandbox.path.with_file_name("ledger.db-wal").exists(), "one file stands on its own");
    let again = Ledger::open(&sandbox.path, now())?;
    assert_eq!(again.read(|r| r.settings().get::<String>("theme"))?.as_deref(), Some("dark"));
    Ok(())
}

#[test]
fn empty_garbage_and_truncated_files_are_damaged() -> Outcome {
    let whole = whole()?;
    let header: Vec<u8> = whole.iter().take(60).copied().collect();
    let half: Vec<u8> = whole.iter().take(whole.len() / 2).copied().collect();
    for (what, bytes) in [("empty", vec![]), ("garbage", vec![0xA5; 8192]), ("header", header), ("half", half)] {
        let error = opening(&bytes)?;
        assert!(matches!(error, LedgerError::Damaged { .. }), "{what}: {error:?}");
    }
    Ok(())
}

#[test]
fn damage_left_by_an_unclean_end_is_found_at_opening() -> Outcome {
    let mut bytes = whole()?;
    let sandbox = Sandbox::new()?;
    sandbox.write(|w| w.settings().set("theme", &"dark"))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    // A log that was left behind, beside a file with a page overwritten.
    fs::copy(sandbox.path.with_file_name("ledger.db-wal"), folder.path().join("ledger.db-wal"))?;
    for byte in bytes.iter_mut().skip(4096 * 3).take(4096 * 6) {
        *byte = 0x5A;
    }
    fs::write(&path, &bytes)?;
    let error = Ledger::open(&path, now()).err().ok_or("it opened")?;
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error:?}");
    Ok(())
}

#[test]
fn a_folder_in_its_place_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    fs::create_dir(&path)?;
    let error = Ledger::open(&path, now()).err().ok_or("it opened")?;
    assert!(matches!(error, LedgerError::NotAFile { found: "a folder", .. }), "{error:?}");
    Ok(())
}

#[test]
fn a_database_of_another_application_is_left_alone() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path)?.execute_batch("CREATE TABLE runs (id); PRAGMA application_id = 7;")?;
    let error = opening(&fs::read(&path)?)?;
    assert!(matches!(error, LedgerError::NotALedger { found: 7, .. }), "{error:?}");
    Ok(())
}

#[test]
fn a_newer_ledger_is_refused_with_both_versions() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.raw()?.pragma_update(None, "user_version", KNOWN_VERSION + 7)?;
    sandbox.ledger.close()?;
    let error = Ledger::open(&sandbox.path, now()).err().ok_or("it opened")?;
    let LedgerError::NewerVersion { found, known, .. } = error else { return Err(format!("{error:?}").into()) };
    assert_eq!((found, known), (KNOWN_VERSION + 7, KNOWN_VERSION));
    Ok(())
}

#[test]
fn an_older_ledger_is_copied_before_it_is_migrated() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    let raw = rusqlite::Connection::open(&path)?;
    raw.pragma_update(None, "application_id", APPLICATION_ID)?;
    // Format 0: marked as ours, with none of the steps taken.
    raw.execute_batch("CREATE TABLE relic (fact TEXT); INSERT INTO relic VALUES ('kept')")?;
    raw.close().map_err(|(_, why)| why)?;
    let ledger = Ledger::open(&path, now())?;
    ledger.write(now(), crate::entry(), |w| w.settings().set("theme", &"dark"))?;
    let copy = folder.path().join(format!("ledger.db.format-0-{}", now().ms()));
    let kept: String = rusqlite::Connection::open(copy)?.query_row("SELECT fact FROM relic", [], |row| row.get(0))?;
    assert_eq!(kept, "kept", "the copy holds what the older ledger held");
    Ok(())
}

#[test]
fn a_lock_of_another_connection_is_waited_for_and_then_named() -> Outcome {
    let sandbox = Sandbox::new()?;
    let options = Options { busy_timeout: Duration::from_millis(50), ..Options::default() };
    let impatient = Ledger::open_with(&sandbox.path, now(), options)?;
    let raw = sandbox.raw()?;
    raw.execute_batch("BEGIN EXCLUSIVE; INSERT INTO setting VALUES ('a', '1', 0);")?;
    let error = impatient.write(now(), crate::entry(), |w| w.settings().set("b", &1)).err().ok_or("it wrote")?;
    assert!(matches!(error, LedgerError::Busy { .. }), "{error:?}");
    assert_eq!(impatient.read(|r| r.settings().get::<i32>("a"))?, None, "readers go on and see what was before");
    raw.execute_batch("ROLLBACK")?;
    impatient.write(now(), crate::entry(), |w| w.settings().set("b", &1))?;
    Ok(())
}

#[test]
fn a_ledger_that_another_process_keeps_to_itself_is_busy() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.ledger.close()?;
    let raw = rusqlite::Connection::open(&sandbox.path)?;
    raw.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")?;
    let options = Options { busy_timeout: Duration::from_millis(50), ..Options::default() };
    let error = Ledger::open_with(&sandbox.path, now(), options).err().ok_or("it opened")?;
    assert!(matches!(error, LedgerError::Busy { .. }), "{error:?}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_folder_without_the_right_to_write_is_refused() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    fs::create_dir(&home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o500))?;
    // The superuser may write everywhere; then there is nothing to refuse.
    let may_write_anyway = fs::write(home.join("probe"), "").is_ok();
    let outcome = Ledger::open(&home.join("ledger.db"), now());
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    match outcome {
        Ok(_) => assert!(may_write_anyway, "it must not open where nothing can be written"),
        Err(error) => assert!(matches!(error, LedgerError::PermissionDenied { .. }), "{error:?}"),
    }
    Ok(())
}

#[test]
fn a_backup_stands_on_its_own_and_overwrites_nothing() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    let dest = sandbox.folder.path().join("backup.db");
    let report = sandbox.ledger.backup(&dest)?;
    assert_eq!(report.bytes, fs::metadata(&dest)?.len());
    let again = sandbox.ledger.backup(&dest);
    assert!(matches!(again, Err(LedgerError::Exists { .. })), "an older backup is not overwritten");
    let copy = Ledger::open(&dest, now())?;
    assert!(copy.read(|r| r.projects().by_id(id))?.is_some(), "it opens as a ledger with the same facts");
    assert_eq!(copy.audit_verify()?, sandbox.ledger.audit_verify()?, "and the same trail");
    Ok(())
}
