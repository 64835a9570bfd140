//! The model server behind the gateway.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use proofmark_contract::ErrorCode;
use tokio::net::TcpStream;

use super::wire::{Fault, Framing, Request, Response, Wire, lists};
use crate::trouble::{Answer, Trouble};

/// Connections that are kept open.
const MOST_IDLE: usize = 128;
const CONNECT: Duration = Duration::from_secs(3);

/// Where the model server is.
#[derive(Debug)]
pub(super) struct Upstream {
    /// `host:port`.
    address: String,
    /// What stands before every path; empty or without a slash at its end.
    prefix: String,
    idle: Mutex<Vec<Wire>>,
}

/// Headers that are of one connection, not of the message (RFC 9110, 7.6.1), and those that the gateway sets itself.
const OURS: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "content-length",
    "host",
    // The body is written down, so it has to come in plain form.
    "accept-encoding",
    super::ID_HEADER,
];

impl Upstream {
    /// Of `http://HOST[:PORT][/PREFIX]`.
    ///
    /// # Errors
    /// If it is no such address.
    pub(super) fn of(url: &str) -> Answer<Self> {
        let wrong = |why: &str| {
            Trouble::new(ErrorCode::InvalidRequest, format!("`{url}` is no address of a model server: {why}."))
                .hint("Write it as http://HOST:PORT, such as --upstream http://127.0.0.1:8080.")
        };
        if url.starts_with("https://") {
            return Err(wrong("the gateway speaks plain HTTP, and belongs on the machine of the server"));
        }
        let rest = url.strip_prefix("http://").ok_or_else(|| wrong("it does not begin with http://"))?;
        let (authority, prefix) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.is_empty() || authority.contains('@') || authority.contains(char::is_whitespace) {
            return Err(wrong("it names no host"));
        }
        let has_port = authority.rsplit(':').next().is_some_and(|it| it.parse::<u16>().is_ok())
            && authority.contains(':')
            && !authority.ends_with(']');
        let address = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { address, prefix: prefix.trim_end_matches('/').to_owned(), idle: Mutex::default() })
    }

    fn idle_one(&self) -> Option<Wire> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while let Some(wire) = idle.pop() {
            if wire.is_idle() {
                return Some(wire);
            }
        }
        None
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn keep(&self, wire: Wire) {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(wire);
        }
    }

    async fn connect(&self) -> Result<Wire, Fault> {
        match tokio::time::timeout(CONNECT, TcpStream::connect(&self.address)).await {
            Ok(stream) => Ok(Wire::new(stream?)),
            Err(_) => Err(Fault::Gone(io::Error::new(io::ErrorKind::TimedOut, "it took no connection in time"))),
        }
    }

    fn head(&self, request: &Request, length: usize, id: &str) -> Vec<u8> {
        let mut head =
            format!("{} {}{} HTTP/1.1\r\nhost: {}\r\n", request.method, self.prefix, request.target, self.address)
                .into_bytes();
        for (name, value) in &request.headers {
            if OURS.iter().any(|it| it.eq_ignore_ascii_case(name)) || lists(&request.headers, "connection", name) {
                continue;
            }
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(format!("{}: {id}\r\n", super::ID_HEADER).as_bytes());
        let has_body = length > 0
            || request.framing != Framing::Length(0)
            || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
        if has_body {
            head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Sends a request and reads the head of its answer. A kept connection that the server closed meanwhile is replaced once.
    pub(super) async fn ask(&self, request: &Request, body: &[u8], id: &str) -> Result<(Response, Wire), Fault> {
        let mut message = self.head(request, body.len(), id);
        message.extend_from_slice(body);
        if let Some(mut wire) = self.idle_one() {
            let answered = async {
                wire.send(&message).await?;
                // Closed before a byte of an answer: the request was not taken.
                if !wire.begins().await? {
                    return Err(Fault::Gone(io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(())
            };
            match answered.await {
                Ok(()) => return Ok((wire.response(&request.method).await?, wire)),
                Err(Fault::Gone(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let mut wire = self.connect().await?;
        wire.send(&message).await?;
        Ok((wire.response(&request.method).await?, wire))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_are_plain_http() {
        let of = |url: &str| Upstream::of(url).map(|it| (it.address, it.prefix));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(of("http://127.0.0.1:8080").unwrap(), pair("127.0.0.1:8080", ""));
        assert_eq!(of("http://models/serve/").unwrap(), pair("models:80", "/serve"));
        assert_eq!(of("http://[::1]").unwrap(), pair("[::1]:80", ""));
        assert_eq!(of("http://[::1]:9").unwrap(), pair("[::1]:9", ""));
        for wrong in ["https://x", "x:80", "http://", "http:///v2", "http://a b"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
