//! HTTP/1 on a socket: heads and bodies, each within limits.
//!
//! Heads are parsed by `httparse`; this file knows framing only (RFC 9112). What two readers could understand differently (two lengths, a
//! length beside chunks) is refused, so that nothing can be smuggled past the log.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest head.
const MOST_HEAD: usize = 64 << 10;
/// Most headers.
const MOST_HEADERS: usize = 100;
/// Read at once.
const PIECE: usize = 64 << 10;

/// Why a message could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The other side went away, or the socket failed.
    Gone(io::Error),
    /// No whole message came in time.
    Late,
    /// It is no HTTP/1, or can be understood in two ways.
    Garbage(&'static str),
    /// It is larger than allowed.
    TooLarge,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone(error) => write!(f, "the connection broke: {error}"),
            Self::Late => f.write_str("nothing came in time"),
            Self::Garbage(what) => write!(f, "what came is no HTTP/1 message: {what}"),
            Self::TooLarge => f.write_str("the message is larger than allowed"),
        }
    }
}

/// Headers in their order.
pub(super) type Headers = Vec<(String, Vec<u8>)>;

/// The first header of a name.
pub(super) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}

/// The first header of a name, as text.
pub(super) fn text<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    header(headers, name).and_then(|it| std::str::from_utf8(it).ok()).map(str::trim)
}

/// Whether a header that lists words, such as `Connection`, has one.
pub(super) fn lists(headers: &Headers, name: &str, word: &str) -> bool {
    headers
        .iter()
        .filter(|(it, _)| it.eq_ignore_ascii_case(name))
        .any(|(_, value)| String::from_utf8_lossy(value).split(',').any(|it| it.trim().eq_ignore_ascii_case(word)))
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Pieces, each with its length.
    Chunked,
    /// Everything until the other side closes.
    UntilClose,
}

/// Framing that the headers say; `otherwise` where they say nothing.
fn framing(headers: &Headers, otherwise: Framing) -> Result<Framing, Fault> {
    let mut lengths = headers.iter().filter(|(it, _)| it.eq_ignore_ascii_case("content-length"));
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Fault::Garbage("it has two lengths"));
    }
    let encoded = headers.iter().any(|(it, _)| it.eq_ignore_ascii_case("transfer-encoding"));
    match (length, encoded) {
        (Some(_), true) => Err(Fault::Garbage("it has a length and is in chunks")),
        (None, true) => match text(headers, "transfer-encoding") {
            Some(it) if it.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            _ => Err(Fault::Garbage("its transfer encoding is not known")),
        },
        (Some((_, value)), false) => std::str::from_utf8(value)
            .ok()
            .map(str::trim)
            .filter(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|it| it.parse().ok())
            .map(Framing::Length)
            .ok_or(Fault::Garbage("its length is no number")),
        (None, false) => Ok(otherwise),
    }
}

/// The head of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    /// Whether the client wants to send more on the same connection.
    pub(super) keeps: bool,
    /// Whether the client knows chunks.
    pub(super) knows_chunks: bool,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    pub(super) keeps: bool,
}

/// A socket with what was read too far.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    from: usize,
}

fn owned(headers: &[httparse::Header<'_>]) -> Headers {
    headers.iter().map(|it| (it.name.to_owned(), it.value.to_vec())).collect()
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Without this a small answer waits for the acknowledgement of the one before it. Where it cannot be set it is only slower.
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: Vec::new(), from: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.from..).unwrap_or_default()
    }

    /// Whether bytes wait that were read already.
    pub(super) fn has_more(&self) -> bool {
        !self.rest().is_empty()
    }

    fn take(&mut self, count: usize) {
        self.from += count;
        if self.from >= self.buffer.len() {
            self.buffer.clear();
            self.from = 0;
        }
    }

    /// Reads on. `false` at the end.
    async fn fill(&mut self) -> Result<bool, Fault> {
        if self.from > 0 {
            self.buffer.drain(..self.from);
            self.from = 0;
        }
        self.buffer.reserve(PIECE);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// Waits for the first byte of a message. `false` if the other side closed instead.
    pub(super) async fn begins(&mut self) -> Result<bool, Fault> {
        if self.has_more() { Ok(true) } else { self.fill().await }
    }

    /// Whether an idle connection still stands: nothing may have come on it.
    pub(super) fn is_idle(&self) -> bool {
        let mut one = [0u8; 1];
        !self.has_more()
            && matches!(self.stream.try_read(&mut one), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads the head of a request.
    pub(super) async fn request(&mut self) -> Result<Request, Fault> {
        loop {
            let mut space = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut head = httparse::Request::new(&mut space);
            match head.parse(self.rest()) {
                Ok(httparse::Status::Complete(length)) => {
                    let headers = owned(head.headers);
                    let method = head.method.unwrap_or_default().to_owned();
                    let target =
                        path_of(head.path.unwrap_or_default()).ok_or(Fault::Garbage("its target is no path"))?;
                    let new = head.version == Some(1);
                    let framing = framing(&headers, Framing::Length(0))?;
                    if !new && framing == Framing::Chunked {
                        return Err(Fault::Garbage("HTTP/1.0 has no chunks"));
                    }
                    let keeps = if new {
                        !lists(&headers, "connection", "close")
                    } else {
                        lists(&headers, "connection", "keep-alive")
                    };
                    self.take(length);
                    return Ok(Request { method, target, headers, framing, keeps, knows_chunks: new });
                }
                Ok(httparse::Status::Partial) => self.more_head().await?,
                Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooLarge),
                Err(_) => return Err(Fault::Garbage("its head cannot be parsed")),
            }
        }
    }

    /// Reads the head of an answer to a request of this method; what is only interim is passed over.
    pub(super) async fn response(&mut self, method: &str) -> Result<Response, Fault> {
        loop {
            let mut space = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut head = httparse::Response::new(&mut space);
            match head.parse(self.rest()) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = head.code.unwrap_or_default();
                    let headers = owned(head.headers);
                    let new = head.version == Some(1);
                    self.take(length);
                    if status == 101 {
                        return Err(Fault::Garbage("it changes the protocol"));
                    }
                    if (100..200).contains(&status) {
                        continue;
                    }
                    let empty = method == "HEAD" || status == 204 || status == 304;
                    let said = framing(&headers, Framing::UntilClose)?;
                    let framing = if empty { Framing::Length(0) } else { said };
                    let keeps = framing != Framing::UntilClose
                        && if new {
                            !lists(&headers, "connection", "close")
                        } else {
                            lists(&headers, "connection", "keep-alive")
                        };
                    return Ok(Response { status, headers, framing, keeps });
                }
                Ok(httparse::Status::Partial) => self.more_head().await?,
                Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooLarge),
                Err(_) => return Err(Fault::Garbage("its head cannot be parsed")),
            }
        }
    }

    async fn more_head(&mut self) -> Result<(), Fault> {
        if self.rest().len() > MOST_HEAD {
            return Err(Fault::TooLarge);
        }
        if self.fill().await? {
            return Ok(());
        }
        Err(Fault::Gone(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended inside a message")))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Closes in good order: says that nothing more comes, and reads a little of what the other side still sends, so that it reads the
    /// answer instead of an error.
    pub(super) async fn part(mut self, patience: Duration) {
        const MOST: usize = 8 << 20;
        let ended = async {
            self.stream.shutdown().await?;
            let mut read = 0;
            while read < MOST {
                self.buffer.clear();
                self.buffer.reserve(PIECE);
                match self.stream.read_buf(&mut self.buffer).await? {
                    0 => break,
                    count => read += count,
                }
            }
            io::Result::Ok(())
        };
        // The other side may be gone, which is where this leads anyway.
        let _ = tokio::time::timeout(patience, ended).await;
    }
}

/// Path and query of a request's target, which proxies may be sent as a whole address.
fn path_of(target: &str) -> Option<String> {
    if target.starts_with('/') {
        return Some(target.to_owned());
    }
    let rest = target.strip_prefix("http://")?;
    Some(rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned()))
}

/// Reads a body piece by piece.
#[derive(Debug)]
pub(super) struct Body {
    state: State,
}

#[derive(Debug)]
enum State {
    Left(u64),
    /// Bytes left of the chunk; `None` before a size line. The flag says whether a chunk went before, whose line end is still to be read.
    Chunk(Option<u64>, bool),
    UntilClose,
    Done,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            state: match framing {
                Framing::Length(0) => State::Done,
                Framing::Length(length) => State::Left(length),
                Framing::Chunked => State::Chunk(None, false),
                Framing::UntilClose => State::UntilClose,
            },
        }
    }

    /// Appends the next piece to `into`. `false` when there is none.
    pub(super) async fn piece(&mut self, wire: &mut Wire, into: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            match self.state {
                State::Done => return Ok(false),
                State::UntilClose => {
                    if !wire.begins().await? {
                        self.state = State::Done;
                        return Ok(false);
                    }
                    into.extend_from_slice(wire.rest());
                    wire.take(wire.rest().len());
                    return Ok(true);
                }
                State::Left(left) => {
                    let count = some_of(wire, left, into).await?;
                    self.state = if count == left { State::Done } else { State::Left(left - count) };
                    return Ok(true);
                }
                State::Chunk(Some(0), _) => {
                    trailers(wire).await?;
                    self.state = State::Done;
                }
                State::Chunk(Some(left), after) => {
                    let count = some_of(wire, left, into).await?;
                    self.state =
                        if count == left { State::Chunk(None, true) } else { State::Chunk(Some(left - count), after) };
                    return Ok(true);
                }
                State::Chunk(None, after) => {
                    if after {
                        let end = line(wire).await?;
                        if !end.is_empty() {
                            return Err(Fault::Garbage("a chunk does not end where it says"));
                        }
                    }
                    let size = line(wire).await?;
                    let size = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                    let size = std::str::from_utf8(size)
                        .ok()
                        .filter(|it| !it.is_empty() && it.len() <= 15 && it.bytes().all(|it| it.is_ascii_hexdigit()))
                        .and_then(|it| u64::from_str_radix(it, 16).ok())
                        .ok_or(Fault::Garbage("the size of a chunk is no number"))?;
                    self.state = State::Chunk(Some(size), true);
                }
            }
        }
    }

    /// The rest of the body as a whole, up to a limit.
    pub(super) async fn whole(&mut self, wire: &mut Wire, limit: usize) -> Result<Vec<u8>, Fault> {
        if matches!(self.state, State::Left(left) if left > limit as u64) {
            return Err(Fault::TooLarge);
        }
        let mut body = Vec::new();
        while self.piece(wire, &mut body).await? {
            if body.len() > limit {
                return Err(Fault::TooLarge);
            }
        }
        Ok(body)
    }

    /// Whether everything was read.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

async fn some_of(wire: &mut Wire, left: u64, into: &mut Vec<u8>) -> Result<u64, Fault> {
    if !wire.begins().await? {
        return Err(Fault::Gone(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended inside a body")));
    }
    let count = (wire.rest().len() as u64).min(left);
    into.extend_from_slice(&wire.rest()[..count as usize]);
    wire.take(count as usize);
    Ok(count)
}

/// A line without its end.
async fn line(wire: &mut Wire) -> Result<Vec<u8>, Fault> {
    const LONGEST: usize = 4 << 10;
    loop {
        if let Some(end) = wire.rest().iter().position(|byte| *byte == b'\n') {
            let mut found = wire.rest()[..end].to_vec();
            if found.last() == Some(&b'\r') {
                found.pop();
            }
            wire.take(end + 1);
            return Ok(found);
        }
        if wire.rest().len() > LONGEST {
            return Err(Fault::Garbage("a line of a chunk has no end"));
        }
        if !wire.fill().await? {
            return Err(Fault::Gone(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended inside a chunk")));
        }
    }
}

async fn trailers(wire: &mut Wire) -> Result<(), Fault> {
    for _ in 0..MOST_HEADERS {
        if line(wire).await?.is_empty() {
            return Ok(());
        }
    }
    Err(Fault::TooLarge)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(list: &[(&str, &str)]) -> Headers {
        list.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_can_be_understood_in_two_ways_is_refused() {
        let of = |list: &[(&str, &str)]| framing(&headers(list), Framing::Length(0));
        assert_eq!(of(&[("Content-Length", "12")]).unwrap(), Framing::Length(12));
        assert_eq!(of(&[("transfer-encoding", "Chunked")]).unwrap(), Framing::Chunked);
        assert_eq!(of(&[]).unwrap(), Framing::Length(0));
        assert!(of(&[("Content-Length", "1"), ("Content-Length", "1")]).is_err());
        assert!(of(&[("Content-Length", "1"), ("Transfer-Encoding", "chunked")]).is_err());
        assert!(of(&[("Content-Length", "+1")]).is_err() && of(&[("Content-Length", "-1")]).is_err());
        assert!(of(&[("Transfer-Encoding", "gzip, chunked")]).is_err());
    }

    #[test]
    fn targets_are_paths() {
        assert_eq!(path_of("/v2/x?y").unwrap(), "/v2/x?y");
        assert_eq!(path_of("http://host:1/a").unwrap(), "/a");
        assert_eq!(path_of("http://host").unwrap(), "/");
        assert!(path_of("*").is_none() && path_of("host:443").is_none());
    }
}
