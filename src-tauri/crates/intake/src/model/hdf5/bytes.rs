//! A checked walk over bytes, with the widths of addresses and lengths that the file uses.

use super::super::source::Fault;

/// A place in a block of bytes.
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
    offsets: u8,
    lengths: u8,
    /// Where the block stands in the file, for messages.
    origin: u64,
}

/// The address that means "nowhere".
pub(super) const NOWHERE: u64 = u64::MAX;

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize, offsets: u8, lengths: u8, origin: u64) -> Self {
        Self { bytes, at, offsets, lengths, origin }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn malformed(&self, what: &str) -> Fault {
        Fault::Malformed(self.origin.saturating_add(self.at as u64), what.to_owned())
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Fault> {
        let found = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end));
        let found = found.ok_or_else(|| self.malformed("a field that leaves its block"))?;
        self.at += count;
        Ok(found)
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), Fault> {
        self.take(count).map(|_| ())
    }

    /// An unsigned number of up to eight bytes.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, Fault> {
        let mut wide = [0; 8];
        let found = self.take(width)?;
        wide.get_mut(..width).ok_or_else(|| self.malformed("a number that is too wide"))?.copy_from_slice(found);
        Ok(u64::from_le_bytes(wide))
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    /// An address; [`NOWHERE`] if all its bits are set.
    pub(super) fn address(&mut self) -> Result<u64, Fault> {
        let width = usize::from(self.offsets);
        let found = self.number(width)?;
        let nowhere = if width == 8 { u64::MAX } else { (1_u64 << (8 * width)) - 1 };
        Ok(if found == nowhere { NOWHERE } else { found })
    }

    pub(super) fn length(&mut self) -> Result<u64, Fault> {
        self.number(usize::from(self.lengths))
    }

    /// Moves on to a multiple of eight, counted from `start`.
    pub(super) fn align(&mut self, start: usize) -> Result<(), Fault> {
        let past = (self.at - start) % 8;
        if past == 0 { Ok(()) } else { self.skip(8 - past) }
    }
}
