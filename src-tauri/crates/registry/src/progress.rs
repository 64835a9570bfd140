//! How long work tells how far it is, and is told to stop.

use crate::error::RegistryError;

/// How far long work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, as far as known when the work began.
    pub total: u64,
    /// The file at work.
    pub detail: &'a str,
}

/// Watches long work: receives its progress, and may end it.
#[derive(Default)]
pub struct Watch<'a> {
    report: Option<&'a mut dyn FnMut(Step<'_>)>,
    cancelled: Option<&'a dyn Fn() -> bool>,
    done: u64,
    total: u64,
}

impl<'a> Watch<'a> {
    /// Reports each step to `report`, and stops soon after `cancelled` says so. Both are called about once a mebibyte.
    pub fn new(report: &'a mut dyn FnMut(Step<'_>), cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { report: Some(report), cancelled: Some(cancelled), done: 0, total: 0 }
    }

    /// Tells nobody and never stops.
    pub fn silent() -> Self {
        Self::default()
    }

    pub(crate) fn expect(&mut self, bytes: u64) {
        self.total = self.total.saturating_add(bytes);
    }

    /// Counts `bytes` and asks whether to go on.
    pub(crate) fn advance(&mut self, bytes: u64, detail: &str) -> Result<(), RegistryError> {
        self.done = self.done.saturating_add(bytes);
        let (done, total) = (self.done, self.total.max(self.done));
        if let Some(report) = self.report.as_mut() {
            report(Step { done, total, detail });
        }
        if self.cancelled.is_some_and(|cancelled| cancelled()) { Err(RegistryError::Cancelled) } else { Ok(()) }
    }
}
