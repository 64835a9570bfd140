//! Reading a large object piece by piece, the next piece on its way while one is read.

use std::io::{self, Read};

use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta};

use crate::remote::{Begun, Remote, content, heard};

/// Bytes asked for at once.
const PIECE: u64 = 8 * 1024 * 1024;

type Piece = Result<Vec<u8>, Error>;

/// An object, read once from its beginning. What is read is one state of it: if it is replaced meanwhile, reading fails.
pub(crate) struct Reading {
    remote: Remote,
    key: Path,
    size: u64,
    state: Option<String>,
    asked: u64,
    next: Option<Begun<Piece>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Reading {
    pub fn of(remote: &Remote, key: Path, meta: ObjectMeta) -> io::Result<Self> {
        let piece = io::Cursor::new(Vec::new());
        let (remote, size, state) = (remote.clone(), meta.size, meta.e_tag);
        let mut reading = Self { remote, key, size, state, asked: 0, next: None, piece };
        reading.ask()?;
        Ok(reading)
    }

    fn ask(&mut self) -> io::Result<()> {
        if self.asked >= self.size {
            return Ok(());
        }
        let range = self.asked..self.size.min(self.asked + PIECE);
        self.asked = range.end;
        let options =
            GetOptions { range: Some(GetRange::Bounded(range)), if_match: self.state.clone(), ..GetOptions::default() };
        let key = self.key.clone();
        let piece = self.remote.begin_asking(move |client| {
            let (key, options) = (key.clone(), options.clone());
            async move { content(heard(client.get_opts(&key, options)).await?).await }
        });
        self.next = Some(piece?);
        Ok(())
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(begun) = self.next.take() else { return Ok(0) };
            match begun.end()? {
                Ok(piece) if piece.is_empty() => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the store gave less than it had announced",
                    ));
                }
                Ok(piece) => self.piece = io::Cursor::new(piece),
                Err(Error::Precondition { .. }) => {
                    return Err(io::Error::other("it was replaced while it was read"));
                }
                Err(error) => return Err(self.remote.said(&error)),
            }
            self.ask()?;
        }
    }
}
