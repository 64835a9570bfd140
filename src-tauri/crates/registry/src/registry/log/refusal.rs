//! Statements that the rules leave out: which of them are somebody's fault, and which came too late.

use super::*;

/// What its author was allowed to say, and what something that they had not seen yet has made void: somebody who decides on
/// two machines, an approval of what was published meanwhile, an alias of what was withdrawn. That is nobody's fault.
pub(super) const fn is_overtaken(why: &ReleaseBlocked) -> bool {
    matches!(
        why,
        ReleaseBlocked::AlreadyDecided { .. }
            | ReleaseBlocked::WrongState { .. }
            | ReleaseBlocked::Version { .. }
            | ReleaseBlocked::Frozen { .. }
            | ReleaseBlocked::NothingPlanned { .. }
    )
}

pub(super) fn refusal(refused: &Refused, path: &str) -> Finding {
    let code = match &refused.why {
        ReleaseBlocked::KeyRevoked { .. } => "key_revoked",
        ReleaseBlocked::KeyExpired { .. } => "key_expired",
        ReleaseBlocked::OwnersMissing { .. } => "trust_unsigned",
        ReleaseBlocked::Superseded { .. } => "trust_superseded",
        ReleaseBlocked::TrustExpired { .. } => "trust_expired",
        ReleaseBlocked::TrustMissing { .. } => "trust_missing",
        ReleaseBlocked::Unknown { .. } => "signer_unknown",
        ReleaseBlocked::AuthorDecides { .. } => "author_decides",
        ReleaseBlocked::RoleMissing { .. } => "role_missing",
        ReleaseBlocked::OutOfPlace(_) => "statement_misplaced",
        ReleaseBlocked::OtherBytes { .. } => "other_bytes",
        ReleaseBlocked::NoCandidate { .. } | ReleaseBlocked::ManifestMissing { .. } => waits::WAITS,
        _ => "statement_refused",
    };
    let waits = matches!(code, waits::WAITS | "trust_missing");
    let message = format!("this statement is not accepted: {}", refused.why);
    if waits {
        finding(RegistryVerdict::Incomplete, code, path, message, WAIT)
    } else {
        void(code, path, message, VOID)
    }
}
