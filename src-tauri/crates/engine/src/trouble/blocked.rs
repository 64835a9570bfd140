//! What a person does about a rule, or a place, that forbids something.

use std::io::ErrorKind;

use proofmark_domain::release::ReleaseBlocked;

/// The next step, a sentence or two.
pub(super) const fn next_step(why: &ReleaseBlocked) -> &'static str {
    match why {
        ReleaseBlocked::ApprovalsMissing { .. } => {
            "Ask for the approvals that are missing: proofmark release approve CANDIDATE --reason TEXT, each by another person than its author."
        }
        ReleaseBlocked::AuthorDecides { .. } => {
            "Ask an approver or governance reviewer; proofmark registry show lists them."
        }
        ReleaseBlocked::AlreadyDecided { .. } => {
            "Nothing is left to do for them. Whoever approved may still reject it, with a reason, until it is published."
        }
        ReleaseBlocked::RoleMissing { .. } => {
            "Ask somebody who has it (proofmark registry show), or an owner to give it: proofmark registry admit FINGERPRINT --role ROLE, with every role that the person is to have."
        }
        ReleaseBlocked::Unknown { .. } => {
            "Ask to be admitted: proofmark registry join. After making a new key, have an owner admit that too (proofmark key card)."
        }
        ReleaseBlocked::WrongState { .. } => {
            "See proofmark release list for what is open. What was rejected is submitted anew once it was mended."
        }
        ReleaseBlocked::Gate { .. } => {
            "Mend what the gate names and submit again; or, where its definition lets somebody, let it go for a time: proofmark release waive CANDIDATE GATE --reason TEXT."
        }
        ReleaseBlocked::OtherBytes { .. } => "Look at what it is now (proofmark release show), then decide on that.",
        ReleaseBlocked::Version { .. } => "See proofmark registry show for the versions, and choose another.",
        ReleaseBlocked::NothingPlanned { .. } => "See proofmark registry show for what is planned.",
        ReleaseBlocked::KeyRevoked { .. } => {
            "Make a new key (proofmark key rotate), and have an owner admit its card. A revoked key stays so."
        }
        ReleaseBlocked::KeyExpired { .. } => {
            "An owner lets it last longer: proofmark registry admit FINGERPRINT --role ROLE --until DAY. Or make a new key (proofmark key rotate) and have its card admitted."
        }
        ReleaseBlocked::NoCandidate { .. } | ReleaseBlocked::ManifestMissing { .. } => {
            "Wait until the folder is synchronised, then try again; if it stays, have it submitted again."
        }
        ReleaseBlocked::GovernanceMissing => {
            "Ask a governance reviewer other than its author to approve it; proofmark registry show lists them."
        }
        ReleaseBlocked::NoAlias(_) => "See which aliases there are: proofmark registry show.",
        ReleaseBlocked::BadAlias(_) | ReleaseBlocked::OutOfPlace(_) => "Change what the message names, and try again.",
        ReleaseBlocked::LastOwner => {
            "Make somebody else an owner first, or ask for fewer owners: proofmark registry policy --owners N."
        }
        ReleaseBlocked::Superseded { .. } => {
            "Look at the list that holds now and at what waits (proofmark registry show). If the change is still wanted, make it again."
        }
        ReleaseBlocked::OwnersMissing { .. } => "Another owner signs it: proofmark registry endorse LIST.",
        ReleaseBlocked::TrustExpired { .. } => {
            "An owner gives it a later end: proofmark registry policy --expires DAY --reason TEXT."
        }
        ReleaseBlocked::TrustMissing { .. } => {
            "Wait until the folder is synchronised; if it stays, something is withheld: compare with another copy."
        }
        ReleaseBlocked::Frozen { .. } => {
            "An owner lets it go on: proofmark registry thaw --reason TEXT. Rolling back and withdrawing stay possible meanwhile."
        }
        ReleaseBlocked::NotWaivable { .. } => {
            "Name an end that fits, mend what the gate names and submit again, or ask somebody whom its definition lets."
        }
        ReleaseBlocked::ReasonMissing => "Say why, in words that others will read: --reason TEXT.",
    }
}

/// The next step where the place of a registry refuses; `None` where nothing better than the general one is known.
pub(super) const fn of_place(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Free space where the registry lies, then do the same again: it goes on from there. What is written in part counts for nothing."
        }
        ErrorKind::PermissionDenied => "Ask whoever manages the folder for the right to it, then try again.",
        ErrorKind::ReadOnlyFilesystem => {
            "Have the share connected for writing, then try again. Reading and verifying stay possible."
        }
        _ => return None,
    })
}
