//! What the times of files say, and whether they say anything.

use super::scene::SceneFile;
use crate::Timestamp;

/// Files that are written within so many milliseconds of each other have the same time, as far as order goes.
const TOGETHER_MS: i64 = 2_000;

/// A share of the files with one time from which on all times are those of a copy.
const COPIED: f64 = 0.8;

/// Later by less than this says nothing about what came first: a script is saved while its output is being looked at.
const LATER_MS: i64 = 60_000;

/// Whether the times of a project's files tell their order. After `git clone`, `unzip` or `cp -r` all of them are that of the copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    told: bool,
}

impl Times {
    pub(super) fn new(files: &[SceneFile]) -> Self {
        let mut all: Vec<i64> = files.iter().map(|file| file.modified.ms()).collect();
        all.sort_unstable();
        // The most files within one short span.
        let mut most = 0;
        let mut begin = 0;
        for end in 0..all.len() {
            while all[end] - all[begin] > TOGETHER_MS {
                begin += 1;
            }
            most = most.max(end + 1 - begin);
        }
        Self { told: !all.is_empty() && (most as f64) < COPIED * all.len() as f64 }
    }

    /// Whether they tell anything at all.
    pub(super) const fn told(self) -> bool {
        self.told
    }

    /// Whether `a` was surely written after `b`.
    pub(super) fn is_later(self, a: Timestamp, b: Timestamp) -> bool {
        self.told && a.ms() > b.ms().saturating_add(LATER_MS)
    }

    /// Whether `a` was written before `b`, or at the same moment.
    pub(super) fn is_in_order(self, a: Timestamp, b: Timestamp) -> bool {
        self.told && a.ms() <= b.ms()
    }

    /// Whether both were written in one go.
    pub(super) fn is_together(self, a: Timestamp, b: Timestamp) -> bool {
        self.told && (a.ms() - b.ms()).abs() <= LATER_MS
    }
}
