//! The audit trail is written with every change, and tampering shows.

use proofmark_ledger::{AuditEntry, AuditVerdict, LedgerError};
use serde_json::json;

use crate::{Outcome, Sandbox, entry, now, project};

/// A ledger with five audit entries, tampered with by `sql`, and the first position that is found broken.
fn tampered(sql: &str) -> Result<(AuditVerdict, Option<i64>), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::new()?;
    for number in 0..5 {
        sandbox.write(|w| w.settings().set("theme", &number))?;
    }
    assert_eq!(sandbox.ledger.audit_verify()?.verdict, AuditVerdict::Ok, "untouched, it is whole");
    let raw = sandbox.raw()?;
    assert!(raw.execute_batch(sql).is_err(), "the triggers refuse even a raw connection");
    raw.execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;")?;
    raw.execute_batch(sql)?;
    let report = sandbox.ledger.audit_verify()?;
    Ok((report.verdict, report.first_broken))
}

#[test]
fn an_edited_entry_shows() -> Outcome {
    assert_eq!(tampered("UPDATE audit SET actor = 'eve' WHERE seq = 3")?, (AuditVerdict::Broken, Some(3)));
    assert_eq!(tampered("UPDATE audit SET detail = '{}' WHERE seq = 1")?, (AuditVerdict::Broken, Some(1)));
    assert_eq!(tampered("UPDATE audit SET at = at + 1 WHERE seq = 5")?, (AuditVerdict::Broken, Some(5)));
    Ok(())
}

#[test]
fn a_removed_entry_shows_also_at_the_end() -> Outcome {
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 2")?, (AuditVerdict::Broken, Some(2)));
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 1")?, (AuditVerdict::Broken, Some(1)));
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 5")?, (AuditVerdict::Broken, Some(5)));
    Ok(())
}

#[test]
fn entries_that_changed_places_show() -> Outcome {
    let swap = "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
                UPDATE audit SET seq = 3 WHERE seq = 100;";
    assert_eq!(tampered(swap)?, (AuditVerdict::Broken, Some(2)));
    Ok(())
}

#[test]
fn each_write_leaves_one_entry_with_its_notes() -> Outcome {
    let sandbox = Sandbox::new()?;
    let audit = AuditEntry::new("ada", "project.scan", "?").with_detail(json!({"by": "window"}));
    sandbox.ledger.write(now(), audit, |w| {
        w.note("changed", 12);
        w.name_object("prj_1");
        Ok::<_, LedgerError>(())
    })?;
    let records = sandbox.ledger.read(|r| r.audit().latest(Some("prj_1"), 10))?;
    assert_eq!(records.len(), 1, "one write, one entry");
    assert_eq!(records[0].entry.detail, json!({"by": "window", "changed": 12}), "notes join the detail");
    let report = sandbox.ledger.audit_verify()?;
    assert_eq!((report.entries, report.head), (1, Some(records[0].hash)), "the head is the last entry");
    let position = sandbox.ledger.read(|r| r.audit().position_of(&records[0].hash))?;
    assert_eq!(position, Some(1), "a head pinned elsewhere is found again");
    Ok(())
}

#[test]
fn a_failed_write_leaves_nothing() -> Outcome {
    let (sandbox, _) = Sandbox::with_project()?;
    let before = (sandbox.ledger.latest_seq()?, sandbox.ledger.audit_verify()?);
    let failed: Result<(), Box<dyn std::error::Error>> = sandbox.ledger.write(now(), entry(), |w| {
        w.projects().add(&project(2, "/data/other"))?;
        w.settings().set("theme", &"dark")?;
        Err("changed my mind".into())
    });
    assert_eq!(failed.err().map(|it| it.to_string()).as_deref(), Some("changed my mind"), "its own error comes back");
    assert_eq!(sandbox.ledger.read(|r| r.projects().list())?.len(), 1, "the project is not there");
    assert_eq!(sandbox.ledger.read(|r| r.settings().get::<String>("theme"))?, None, "nor the setting");
    let after = (sandbox.ledger.latest_seq()?, sandbox.ledger.audit_verify()?);
    assert_eq!(after, before, "nor an audit entry or a change");
    Ok(())
}

#[test]
fn a_panic_in_a_write_leaves_nothing_and_the_ledger_usable() -> Outcome {
    let sandbox = Sandbox::new()?;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sandbox.write(|w| {
            w.settings().set("theme", &"dark")?;
            if w.at() == now() {
                std::panic::resume_unwind(Box::new("a fault of ours"));
            }
            Ok(())
        })
    }));
    assert!(panicked.is_err(), "the panic passes through");
    assert_eq!(sandbox.ledger.audit_verify()?.entries, 0, "nothing stays");
    sandbox.write(|w| w.settings().set("theme", &"light"))?;
    assert_eq!(
        sandbox.ledger.read(|r| r.settings().get::<String>("theme"))?.as_deref(),
        Some("light"),
        "and it goes on"
    );
    Ok(())
}
