//! Reading the log: which statements hold, and what they add up to.

mod last;
mod reading;
mod refusal;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use proofmark_domain::id::{CandidateId, RegistryId, StatementId};
use proofmark_domain::registry::{RegistryProblem, RegistryVerdict};
use proofmark_domain::release::{
    BundleManifest, Claims, Fold, Manifests, ModelName, Placed, Refused, RegistryState, ReleaseBlocked, Statement,
    StatementBody, TrustList,
};
use proofmark_domain::{Digest, Timestamp};

use super::{Registry, waits};
use crate::error::RegistryError;
use crate::layout::{self, REGISTRY_LOG};

pub(super) use reading::Cache;

use last::Last;
use reading::Reading;

/// One thing that is wrong, how bad it is, and which version it touches.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub verdict: RegistryVerdict,
    pub problem: RegistryProblem,
    pub version: Option<(ModelName, u64)>,
    /// It is about something that counts for nothing, whoever reads it, and takes nothing from what counts. A log keeps such
    /// things for ever, so they must not stand in the way of a copy.
    pub void: bool,
}

/// What to do about something that counts for nothing.
pub(super) const VOID: &str = "it counts for nothing and may stay; ask its author, or an owner, how it came about";

/// A finding about something that counts for nothing.
fn void(code: &str, path: &str, message: String, mend: &str) -> Finding {
    Finding { void: true, ..finding(RegistryVerdict::Untrusted, code, path, message, mend) }
}

pub(super) fn finding(verdict: RegistryVerdict, code: &str, path: &str, message: String, mend: &str) -> Finding {
    let problem = RegistryProblem { code: code.to_owned(), path: path.to_owned(), message, mend: mend.to_owned() };
    Finding { verdict, problem, version: None, void: false }
}

/// A file or link that is there and cannot be read as a file.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> Finding {
    finding(RegistryVerdict::Damaged, "unreadable", path, format!("it cannot be read: {error}"), RESTORE)
}

/// What a claim file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    Statement(Digest),
    /// Its text is cut short, as while it arrives.
    Partial,
    /// Its text is something else.
    Unreadable,
}

/// Statements whose signature holds, by id, with their path.
pub(super) type Statements = BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>;

/// Claims by the number that they are for.
pub(super) type Numbered = BTreeMap<u64, Claim>;

/// Numbers of versions, with the statement that each claim names.
pub(super) type Claimed = Vec<((ModelName, u64), Digest)>;

/// Publications by the number that they are for.
pub(super) type Unclaimed = BTreeMap<(ModelName, u64), Vec<Arc<Placed>>>;

/// How much of what was read before is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Every byte.
    Bytes,
    /// Claims whose size or stamp is another: a synchroniser may have replaced one.
    Stamps,
    /// Only what has a new name, because all else was looked at when the work at hand began.
    Names,
}

impl Claim {
    /// The statement that holds the number, if the claim says.
    pub const fn holder(&self) -> Option<Digest> {
        match self {
            Self::Statement(digest) => Some(*digest),
            Self::Partial | Self::Unreadable => None,
        }
    }
}

/// Everything that reading the log gives. What is large is shared with the next reading, which adds to it.
#[derive(Clone)]
pub(super) struct Loaded {
    pub state: Arc<RegistryState>,
    pub findings: Vec<Finding>,
    pub ignored: Vec<String>,
    pub claims: Arc<BTreeMap<ModelName, Numbered>>,
    pub trust_claims: Numbered,
    pub statements: Arc<Statements>,
    /// The same by digest.
    pub by_digest: Arc<HashMap<Digest, StatementId>>,
    /// Publications that hold but for the claim of their number.
    pub unclaimed: Unclaimed,
    /// Statements that count for nothing.
    pub refused: Arc<BTreeSet<StatementId>>,
    /// Those of them that others were merely faster than, and why they count for nothing.
    pub overtaken: Arc<BTreeMap<StatementId, ReleaseBlocked>>,
    /// Newest time part of any accepted statement's id, in milliseconds.
    pub newest_ms: i64,
    /// The last statement by each key.
    pub heads: BTreeMap<String, (StatementId, Digest)>,
}

const WAIT: &str =
    "wait until the folder is synchronised; if it stays, restore the file from another copy of the registry";
const RESTORE: &str = "restore the file from another copy of the registry or from a backup";

impl Registry {
    /// Reads the log, the claims and the manifests, and goes on with what was read before.
    pub(super) fn load(&self, freshness: Freshness) -> Result<Loaded, RegistryError> {
        let fresh = freshness == Freshness::Bytes;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh {
            *cache = Cache::default();
        }
        if let Some(mut last) = cache.last.take()
            && last.go_on(Reading::new(self, fresh, &mut cache), freshness, self.clock.now())?
        {
            let loaded = last.loaded();
            cache.last = last.is_steady().then_some(last);
            return Ok(loaded);
        }
        let last = Last::read(Reading::new(self, fresh, &mut cache), self.id, self.clock.now())?;
        let loaded = last.loaded();
        cache.last = last.is_steady().then_some(last);
        Ok(loaded)
    }
}

/// The time part of a version 7 identifier, in milliseconds since 1970.
pub(super) fn time_of(id: &StatementId) -> i64 {
    let bytes = id.uuid().into_bytes();
    bytes.iter().take(6).fold(0i64, |ms, byte| (ms << 8) | i64::from(*byte))
}
