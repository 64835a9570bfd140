//! A counted, capped way to read bytes whose origin cannot be trusted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::time::Instant;

use super::Limits;

/// Why reading stopped early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The bytes ended inside something.
    #[error("ends at byte {0} inside {1}")]
    Truncated(u64, &'static str),
    /// The bytes are not what the format allows.
    #[error("byte {0}: {1}")]
    Malformed(u64, String),
    /// A limit on size, depth, memo, expansion or time was reached.
    #[error("byte {0}: more than the limit of {1}")]
    Limit(u64, &'static str),
    /// The operating system or a decoder refused.
    #[error("byte {0}: {1}")]
    Io(u64, io::Error),
}

impl Fault {
    /// Where it happened, in bytes from the start.
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::Truncated(at, _) | Self::Malformed(at, _) | Self::Limit(at, _) | Self::Io(at, _) => *at,
        }
    }

    /// What happened, without the position.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Truncated(_, what) => format!("the file ends inside {what}"),
            Self::Malformed(_, what) => what.clone(),
            Self::Limit(_, what) => format!("more than the limit of {what}"),
            Self::Io(_, error) => format!("could not be read: {error}"),
        }
    }
}

enum Inner<'a> {
    File { reader: BufReader<File>, left: u64 },
    Stream(Box<dyn BufRead + 'a>),
}

/// Bytes with a position. Nothing is allocated on the word of a length field: data is taken in blocks as it arrives.
pub(crate) struct Source<'a> {
    inner: Inner<'a>,
    position: u64,
    left_to_expand: u64,
    deadline: Instant,
    ticks: u32,
}

/// The largest piece that is reserved before its bytes were seen.
const BLOCK: usize = 64 * 1024;

impl<'a> Source<'a> {
    /// Reads a file from its start. Skipping costs nothing, so the size of the file is no limit.
    pub(crate) fn file(mut file: File, limits: &Limits, deadline: Instant) -> Result<Self, Fault> {
        let left = file.metadata().map_err(|error| Fault::Io(0, error))?.len();
        file.seek(SeekFrom::Start(0)).map_err(|error| Fault::Io(0, error))?;
        Ok(Self {
            inner: Inner::File { reader: BufReader::with_capacity(BLOCK, file), left },
            position: 0,
            left_to_expand: limits.expanded_bytes.max(left),
            deadline,
            ticks: 0,
        })
    }

    /// Reads what a decoder gives, up to the limit on expansion.
    pub(crate) fn stream(reader: Box<dyn Read + 'a>, limits: &Limits, deadline: Instant) -> Self {
        let reader: Box<dyn BufRead + 'a> = Box::new(BufReader::with_capacity(BLOCK, reader));
        Self { inner: Inner::Stream(reader), position: 0, left_to_expand: limits.expanded_bytes, deadline, ticks: 0 }
    }

    /// The number of bytes read and skipped so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// When time is up.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Fails once the time is used up. Looks at the clock only now and then.
    pub(crate) fn tick(&mut self) -> Result<(), Fault> {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(1024) { self.check_time() } else { Ok(()) }
    }

    /// Fails once the time is used up.
    pub(crate) fn check_time(&self) -> Result<(), Fault> {
        if Instant::now() > self.deadline { Err(Fault::Limit(self.position, "time")) } else { Ok(()) }
    }

    fn take(&mut self, count: u64) -> Result<(), Fault> {
        if count > self.left_to_expand {
            return Err(Fault::Limit(self.position, "expanded bytes"));
        }
        self.left_to_expand -= count;
        self.position += count;
        Ok(())
    }

    /// Fills the whole buffer.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), Fault> {
        let at = self.position;
        let wanted = buffer.len() as u64;
        let result = match &mut self.inner {
            Inner::File { reader, left } => {
                let result = reader.read_exact(buffer);
                *left = left.saturating_sub(wanted);
                result
            }
            Inner::Stream(reader) => reader.read_exact(buffer),
        };
        match result {
            Ok(()) => self.take(wanted),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Fault::Truncated(at, what)),
            Err(error) => Err(Fault::Io(at, error)),
        }
    }

    /// One byte.
    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, Fault> {
        let mut one = [0];
        self.read_exact(&mut one, what)?;
        Ok(one[0])
    }

    /// A number in the base-128 form of protocol buffers.
    pub(crate) fn varint(&mut self, what: &'static str) -> Result<u64, Fault> {
        let at = self.position;
        let mut value = 0_u64;
        for shift in 0..10 {
            let byte = self.byte(what)?;
            value |= u64::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed(at, "a number longer than ten bytes".to_owned()))
    }

    /// A fixed number of bytes.
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes, what)?;
        Ok(bytes)
    }

    /// Reads `count` bytes, shows all of them to `look` block by block, and keeps the first `keep`.
    pub(crate) fn each(
        &mut self,
        count: u64,
        keep: u64,
        what: &'static str,
        mut look: impl FnMut(&[u8]),
    ) -> Result<Vec<u8>, Fault> {
        if let Inner::File { left, .. } = &self.inner
            && count > *left
        {
            return Err(Fault::Truncated(self.position, what));
        }
        let mut kept = Vec::with_capacity((count.min(keep) as usize).min(BLOCK));
        let mut block = [0_u8; 16 * 1024];
        let mut left = count;
        while left > 0 {
            let step = (left.min(block.len() as u64)) as usize;
            self.read_exact(&mut block[..step], what)?;
            look(&block[..step]);
            let room = usize::try_from(keep).unwrap_or(usize::MAX).saturating_sub(kept.len());
            kept.extend_from_slice(&block[..step.min(room)]);
            left -= step as u64;
            if left % (1 << 20) < step as u64 {
                self.check_time()?;
            }
        }
        Ok(kept)
    }

    /// Reads `count` bytes and keeps the first `keep` of them.
    pub(crate) fn blob(&mut self, count: u64, keep: u64, what: &'static str) -> Result<Vec<u8>, Fault> {
        let wanted = count.min(keep);
        if let Inner::File { left, .. } = &self.inner
            && count > *left
        {
            return Err(Fault::Truncated(self.position, what));
        }
        let mut kept = Vec::with_capacity((wanted as usize).min(BLOCK));
        let mut block = [0_u8; 8 * 1024];
        let mut left = wanted;
        while left > 0 {
            let step = (left as usize).min(block.len());
            self.read_exact(&mut block[..step], what)?;
            kept.extend_from_slice(&block[..step]);
            left -= step as u64;
            self.tick()?;
        }
        self.skip(count - wanted, what)?;
        Ok(kept)
    }

    /// Passes over `count` bytes.
    pub(crate) fn skip(&mut self, count: u64, what: &'static str) -> Result<(), Fault> {
        if let Inner::File { reader, left } = &mut self.inner {
            if count > *left {
                return Err(Fault::Truncated(self.position, what));
            }
            let step = i64::try_from(count).map_err(|_| Fault::Truncated(self.position, what))?;
            reader.seek_relative(step).map_err(|error| Fault::Io(self.position, error))?;
            *left -= count;
            return self.take(count);
        }
        let mut left = count;
        let mut block = [0_u8; 16 * 1024];
        while left > 0 {
            let step = (left.min(block.len() as u64)) as usize;
            self.read_exact(&mut block[..step], what)?;
            left -= step as u64;
            if left % (1 << 20) < step as u64 {
                self.check_time()?;
            }
        }
        Ok(())
    }

    /// The bytes up to a line feed, without it.
    pub(crate) fn line(&mut self, limit: usize, what: &'static str) -> Result<Vec<u8>, Fault> {
        let at = self.position;
        let mut line = Vec::new();
        self.line_into(&mut line, limit)?;
        if line.pop() != Some(b'\n') {
            return Err(Fault::Truncated(at, what));
        }
        Ok(line)
    }

    /// Puts the bytes up to a line feed, and with it, in place of what is in `line`. Without a line feed the file ends there; without
    /// a byte it has ended.
    pub(crate) fn line_into(&mut self, line: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        let at = self.position;
        line.clear();
        let reader: &mut dyn BufRead = match &mut self.inner {
            Inner::File { reader, .. } => reader,
            Inner::Stream(reader) => reader,
        };
        let mut limited = reader.take(limit as u64 + 1);
        let read = limited.read_until(b'\n', line).map_err(|error| Fault::Io(at, error))?;
        if let Inner::File { left, .. } = &mut self.inner {
            *left = left.saturating_sub(read as u64);
        }
        self.take(read as u64)?;
        if read > limit && line.last() != Some(&b'\n') { Err(Fault::Limit(at, "line length")) } else { Ok(()) }
    }

    /// Whether there is nothing left to read.
    pub(crate) fn at_end(&mut self) -> Result<bool, Fault> {
        let at = self.position;
        let reader: &mut dyn BufRead = match &mut self.inner {
            Inner::File { reader, .. } => reader,
            Inner::Stream(reader) => reader,
        };
        Ok(reader.fill_buf().map_err(|error| Fault::Io(at, error))?.is_empty())
    }

    /// Some of what is left, in the manner of [`Read::read`].
    pub(crate) fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::File { reader, left } => {
                let read = reader.read(buffer)?;
                *left = left.saturating_sub(read as u64);
                read
            }
            Inner::Stream(reader) => reader.read(buffer)?,
        };
        self.take(read as u64).map_err(io::Error::other)?;
        Ok(read)
    }

    /// Passes over everything that is left.
    pub(crate) fn drain(&mut self) -> Result<(), Fault> {
        let mut block = [0_u8; 16 * 1024];
        loop {
            let at = self.position;
            self.check_time()?;
            if self.read_some(&mut block).map_err(|error| Fault::Io(at, error))? == 0 {
                return Ok(());
            }
        }
    }

    /// Everything that is left, refused when it is more than `limit` bytes.
    pub(crate) fn rest(&mut self, limit: u64) -> Result<Vec<u8>, Fault> {
        let mut kept = Vec::new();
        let mut block = [0_u8; 16 * 1024];
        loop {
            let at = self.position;
            let read = match &mut self.inner {
                Inner::File { reader, .. } => reader.read(&mut block),
                Inner::Stream(reader) => reader.read(&mut block),
            }
            .map_err(|error| Fault::Io(at, error))?;
            if read == 0 {
                return Ok(kept);
            }
            if kept.len() as u64 + read as u64 > limit {
                return Err(Fault::Limit(at, "bytes held in memory"));
            }
            self.take(read as u64)?;
            kept.extend_from_slice(&block[..read]);
            self.tick()?;
        }
    }
}
