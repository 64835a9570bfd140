//! A store that did not answer is let alone for a while: whoever asks meanwhile is told so at once, instead of waiting in vain again.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a store that was not reached is not asked.
const LENGTH: Duration = Duration::from_secs(15);

/// The rest that a store is given, if any: until when, and why.
#[derive(Default)]
pub(crate) struct Rest(Mutex<Option<(Instant, String)>>);

impl Rest {
    /// Begins one, because the store was not reached.
    pub fn begin(&self, why: &str) {
        let until = Instant::now() + LENGTH;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, why.to_owned()));
    }

    /// The store was heard.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Refuses to ask during one.
    pub fn over(&self) -> io::Result<()> {
        let mut rest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((until, why)) = rest.as_ref() else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            *rest = None;
            return Ok(());
        }
        let why =
            format!("the store was not reached a moment ago ({why}); it is asked again in {} s", left.as_secs() + 1);
        Err(io::Error::new(io::ErrorKind::HostUnreachable, why))
    }
}
