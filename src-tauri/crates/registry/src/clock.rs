//! Where times and random bits come from, so that a test can say what they are.

use std::time::{SystemTime, UNIX_EPOCH};

use proofmark_domain::Timestamp;
use uuid::Uuid;

/// The last time that an identifier can hold: 48 bits of milliseconds.
const LAST_MS: i64 = (1 << 48) - 1;

/// The time of day and fresh identifiers.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;

    /// A UUID of version 7 whose time part is `at`. Two calls never give the same one.
    fn fresh(&self, at: Timestamp) -> Uuid;
}

/// The clock and the random numbers of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn fresh(&self, at: Timestamp) -> Uuid {
        let random = Uuid::new_v4().into_bytes();
        let mut tail = [0u8; 10];
        tail.copy_from_slice(&random[..10]);
        // The fixed version bits of a v4 sit in byte 6; the spare random bytes at the end replace it.
        tail[6] = random[15];
        tail[8] = random[14];
        uuid::Builder::from_unix_timestamp_millis(at.ms().clamp(0, LAST_MS).unsigned_abs(), &tail).into_uuid()
    }
}
