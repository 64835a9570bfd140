//! Which programs the preloaded library does not enter.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::trace::{Access, AccessKind};

/// Bytes of a program that are looked at: its headers stand at the beginning.
const HEAD: u64 = 64 * 1024;

/// Sentences about the programs of a run whose files were not seen, each program once.
pub(crate) fn blind_spots(accesses: &[Access]) -> Vec<String> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for access in accesses {
        let AccessKind::Started { watched } = access.kind else { continue };
        let name = access.path.to_string_lossy();
        if !watched {
            told.insert(format!(
                "{name} was started with an environment of its own, without the observing library. What it opened is seen by comparing the folder before and after."
            ));
        } else if let Some(why) = cannot_be_entered(&access.path) {
            told.insert(format!("{name} {why}, so the observing library cannot enter it. What it opened is seen by comparing the folder before and after."));
        }
    }
    told.into_iter().collect()
}

/// Why the library does not get into a program; `None` if it does, or if nobody can tell.
fn cannot_be_entered(path: &Path) -> Option<&'static str> {
    let mut file = File::open(path).ok()?;
    if runs_with_other_rights(&file) {
        return Some("runs with other rights than the run");
    }
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).ok()?;
    is_static(&head).then_some("is linked statically")
}

#[cfg(unix)]
fn runs_with_other_rights(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|facts| facts.permissions().mode() & 0o6000 != 0)
}

#[cfg(not(unix))]
fn runs_with_other_rights(_: &File) -> bool {
    false
}

/// An ELF program without an interpreter: nothing loads libraries into it. Anything else, such as a script, is no such program.
fn is_static(head: &[u8]) -> bool {
    const INTERPRETER: u32 = 3;
    let is_elf_64 = head.starts_with(b"\x7fELF") && head.get(4) == Some(&2) && head.get(5) == Some(&1);
    if !is_elf_64 {
        return false;
    }
    let short = |at: usize| head.get(at..at + 2).map(|it| usize::from(u16::from_le_bytes([it[0], it[1]])));
    let offset = head.get(32..40).and_then(|it| <[u8; 8]>::try_from(it).ok()).map(u64::from_le_bytes);
    let (Some(offset), Some(size), Some(count)) =
        (offset.and_then(|it| usize::try_from(it).ok()), short(54), short(56))
    else {
        return false;
    };
    for number in 0..count {
        let Some(at) = number.checked_mul(size).and_then(|it| it.checked_add(offset)) else { return false };
        let Some(kind) = at.checked_add(4).and_then(|end| head.get(at..end)) else { return false };
        if kind == INTERPRETER.to_le_bytes() {
            return false;
        }
    }
    count > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0u8; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&(kinds.len() as u16).to_le_bytes());
        for kind in kinds {
            let mut header = vec![0u8; 56];
            header[..4].copy_from_slice(&kind.to_le_bytes());
            bytes.extend(header);
        }
        bytes
    }

    #[test]
    fn a_program_without_an_interpreter_is_static() {
        assert!(is_static(&program(&[1, 1, 2])));
        assert!(!is_static(&program(&[6, 3, 1])), "it has an interpreter");
        assert!(!is_static(b"#!/bin/sh\n") && !is_static(b"") && !is_static(b"\x7fELF\x02\x01"));
        let mut lying = program(&[1]);
        lying[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(!is_static(&lying), "headers that stand nowhere say nothing");
    }

    #[test]
    fn each_program_is_told_of_once() {
        let started = |watched| Access {
            path: "/nowhere/tool".into(),
            kind: AccessKind::Started { watched },
            pid: 1,
            by: super::super::trace::Observer::Preload,
            place: None,
        };
        assert_eq!(blind_spots(&[started(false), started(false), started(true)]).len(), 1);
    }
}
