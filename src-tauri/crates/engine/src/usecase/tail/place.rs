//! Where reading of a growing file stopped, and whether what stands there now is still the same file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use proofmark_intake::files::platform::stat_of;
use sha2::{Digest as _, Sha256};

/// Bytes at the begin and before the place that must still be there.
const SEEN: u64 = 1 << 10;

/// The file as the system numbers it, and a digest of what was read of it: a file that was cut and written anew under its number is another
/// one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    number: (u64, u64),
    seen: [u8; 8],
    /// Bytes that were read.
    pub(super) at: u64,
}

impl Place {
    /// The place `at` in an open file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn of(file: &mut File, at: u64) -> io::Result<Self> {
        let stat = stat_of(&file.metadata()?);
        let mut hash = Sha256::new();
        for (from, to) in [(0, at.min(SEEN)), (at.saturating_sub(SEEN), at)] {
            let mut part = Vec::new();
            file.seek(SeekFrom::Start(from))?;
            Read::take(&mut *file, to - from).read_to_end(&mut part)?;
            hash.update(&part);
        }
        let digest = hash.finalize();
        let mut seen = [0; 8];
        seen.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Ok(Self { number: (stat.device, stat.inode), seen, at })
    }

    /// Whether an open file holds what was read before this place.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn is_in(&self, file: &mut File) -> io::Result<bool> {
        Ok(file.metadata()?.len() >= self.at && Self::of(file, self.at)? == *self)
    }

    /// In a word that a client hands back.
    pub(super) fn mark(&self) -> String {
        let (device, inode) = self.number;
        let seen: String = self.seen.iter().map(|it| format!("{it:02x}")).collect();
        format!("{device:x}.{inode:x}.{seen}")
    }
}
