//! Patience: what happens in another process is waited for, and never slept for.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use crate::Outcome;

/// How long anything may take that a person would wait for.
pub const PATIENCE: Duration = Duration::from_secs(20);

const STEP: Duration = Duration::from_millis(50);

/// Asks until there is an answer.
///
/// # Errors
/// The first error, or that there was no answer in time.
pub fn until<T>(what: &str, ask: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    until_for(PATIENCE, what, ask)
}

pub(crate) fn until_for<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("{what} did not come within {} s", patience.as_secs());
        }
        std::thread::sleep(STEP);
    }
}

/// Asks until the answer is no error, and then answers it; else the last error.
///
/// # Errors
/// The last error, if there was no answer in time.
pub async fn eventually<T, F>(patience: Duration, what: impl Into<String>, mut ask: impl FnMut() -> F) -> Outcome<T>
where
    F: Future<Output = Outcome<T>>,
{
    let (what, end) = (what.into(), Instant::now() + patience);
    loop {
        match ask().await {
            Ok(found) => return Ok(found),
            Err(error) if Instant::now() > end => {
                return Err(anyhow!("{what} did not come within {} s: {error:#}", patience.as_secs()));
            }
            Err(_) => tokio::time::sleep(STEP).await,
        }
    }
}
