//! A queue before the numbers of a model, which saves work and decides nothing.
//!
//! Whoever loses the race for a number leaves a statement behind that everybody reads for ever. So those who notice that others are at it
//! take turns: an empty file in `.staging` says that somebody is about to claim a number. What it says may be wrong in either way; who has
//! the number is decided by the claim alone.

use std::time::{Duration, Instant};

use proofmark_domain::release::ModelName;
use uuid::Uuid;

use super::Registry;
use crate::layout::STAGING;
use crate::store::Store;

/// After so long without a change, whoever was at it is taken for gone. Signing and claiming take a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nobody waits for longer, whatever the others do.
const LONGEST: Duration = Duration::from_secs(60);
/// Longest pause between two looks, in milliseconds, at first and in the end.
const FIRST_PAUSE_MS: u64 = 4;
const LAST_PAUSE_MS: u64 = 64;

/// A turn, given back when this is dropped.
pub(super) struct Turn<'r> {
    store: &'r dyn Store,
    path: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // If it cannot be given back, the others wait until their patience ends.
        let _ = self.store.discard(&self.path);
    }
}

impl Registry {
    /// Waits for a turn if others are at it, or if the caller just `lost` to somebody. `None` where there is nobody to wait for, or no
    /// way to tell.
    pub(super) fn queue(&self, model: &ModelName, lost: bool) -> Option<Turn<'_>> {
        let path = format!("{STAGING}/next-{model}");
        let begin = Instant::now();
        let (mut holder, mut since) = (None, begin);
        let mut most = FIRST_PAUSE_MS;
        if !lost && self.store.entry(&path).ok()?.is_none() {
            return None;
        }
        while begin.elapsed() < LONGEST {
            match self.store.entry(&path).ok()? {
                None => {
                    if self.store.mark(&path).ok()?? {
                        return Some(Turn { store: self.store.as_ref(), path });
                    }
                }
                Some(entry) if holder != entry.stamp => (holder, since) = (entry.stamp, Instant::now()),
                // It was left behind. Another may take it away at the same moment, with the turn of a third: that costs a lost race.
                Some(_) if since.elapsed() > PATIENCE => self.store.discard(&path).ok()?,
                Some(_) => {}
            }
            std::thread::sleep(Duration::from_millis(1 + Uuid::new_v4().as_u64_pair().0 % most));
            most = (2 * most).min(LAST_PAUSE_MS);
        }
        None
    }
}
