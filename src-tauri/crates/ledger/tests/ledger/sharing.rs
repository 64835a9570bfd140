//! Several processes and threads have the ledger open at once.

use std::collections::BTreeSet;
use std::thread;

use proofmark_ledger::{AuditVerdict, Ledger, LedgerError, Tag};

use crate::{Outcome, Sandbox, entry, now, project};

#[test]
fn two_ledgers_write_at_once_and_lose_nothing() -> Outcome {
    const EACH: usize = 200;
    let sandbox = Sandbox::new()?;
    let other = Ledger::open(&sandbox.path, now())?;
    thread::scope(|scope| {
        let threads: Vec<_> = [("a", &sandbox.ledger), ("b", &other)]
            .into_iter()
            .map(|(name, ledger)| {
                scope.spawn(move || {
                    (0..EACH).try_for_each(|number| {
                        ledger.write(now(), entry(), |w| w.settings().set(&format!("{name}{number}"), &number))
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|it| it.join().map_err(|_| "a thread panicked")?.map_err(|why| why.to_string()))
    })?;
    assert_eq!(sandbox.ledger.read(|r| r.settings().all())?.len(), 2 * EACH, "every write is there");
    let report = other.audit_verify()?;
    assert_eq!((report.entries, report.verdict), (2 * EACH as u64, AuditVerdict::Ok), "with its entry, in one chain");
    Ok(())
}

#[test]
fn a_write_elsewhere_is_seen_with_what_it_made_stale() -> Outcome {
    let sandbox = Sandbox::new()?;
    let command_line = Ledger::open(&sandbox.path, now())?;
    let before = sandbox.ledger.latest_seq()?;
    command_line.write(now(), entry(), |w| {
        w.stale(Tag::Releases);
        w.projects().add(&project(1, "/data"))
    })?;
    let changes = sandbox.ledger.changes_since(before)?;
    assert_eq!(changes.len(), 1, "one write, one change");
    assert_eq!(changes[0].tags, BTreeSet::from([Tag::Projects, Tag::Releases, Tag::Audit]));
    assert_eq!(sandbox.ledger.changes_since(changes[0].seq)?, [], "nothing after it");
    Ok(())
}

#[test]
fn whoever_is_too_far_behind_is_told_that_all_is_stale() -> Outcome {
    let sandbox = Sandbox::new()?;
    for number in 0..3 {
        sandbox.write(|w| w.settings().set("n", &number))?;
    }
    sandbox.raw()?.execute("DELETE FROM change_log WHERE seq <= 2", [])?;
    let changes = sandbox.ledger.changes_since(0)?;
    assert_eq!(
        changes.first().map(|it| it.tags.len()),
        Some(Tag::ALL.len()),
        "the forgotten ones stand for everything"
    );
    assert_eq!(changes.last().map(|it| it.seq), Some(3), "and the kept one follows");
    Ok(())
}

#[test]
fn reads_go_on_while_a_write_is_open_and_see_one_moment() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write(|w| w.settings().set("n", &1))?;
    sandbox.write(|w| {
        w.settings().set("n", &2)?;
        let own: Option<i32> = w.read().settings().get("n")?;
        let outside: Option<i32> = sandbox.ledger.read(|r| r.settings().get("n"))?;
        assert_eq!((own, outside), (Some(2), Some(1)), "the write sees itself, readers see what was before");
        Ok(())
    })?;
    sandbox.ledger.read(|outer| {
        let first: Option<i32> = outer.settings().get("n")?;
        sandbox.write(|w| w.settings().set("n", &3))?;
        let second: Option<i32> = outer.settings().get("n")?;
        assert_eq!(first, second, "one read sees one moment");
        let inner: Option<i32> = sandbox.ledger.read(|r| r.settings().get("n"))?;
        assert_eq!(inner, Some(3), "a later one sees the later moment");
        Ok::<(), LedgerError>(())
    })?;
    Ok(())
}
