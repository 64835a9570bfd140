//! Time and identifiers, so that tests can fix both.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use proofmark_domain::Timestamp;
use uuid::Uuid;

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// A new identifier that sorts by time.
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock for tests: it stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Stands at `ms` milliseconds since the epoch.
    pub const fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Moves on.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Milliseconds since this process began, for measuring the start of the window.
pub fn since_process_start_ms() -> u128 {
    static FALLBACK: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let fallback = *FALLBACK.get_or_init(Instant::now);
    crate::platform::process_age_ms().unwrap_or_else(|| fallback.elapsed().as_millis())
}
