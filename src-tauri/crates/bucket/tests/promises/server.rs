//! A small server that speaks as much of S3 as a registry asks for, with the faults of real ones.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// Nothing.
    Proper,
    /// Conditional writes are done like any other.
    IgnoresConditions,
    /// Every third change is made, and its answer is lost.
    LosesAnswers,
    /// Nobody may do anything, and the answer repeats who asked.
    Refuses,
}

struct Shop {
    temper: Temper,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    uploads: Mutex<BTreeMap<String, BTreeMap<usize, Vec<u8>>>>,
    changes: AtomicUsize,
    listings: AtomicUsize,
}

/// A server that lives as long as the process.
pub struct Server {
    pub endpoint: String,
    shop: Arc<Shop>,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
        if byte == b'%' {
            let (high, low) = (rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0'));
            bytes.push(hex(high) * 16 + hex(low));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Tells states of an object apart.
fn tag(content: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hash = DefaultHasher::new();
    content.hash(&mut hash);
    format!("\"{:016x}\"", hash.finish())
}

const WHEN: &str = "2026-11-30T12:00:00.000Z";
const WHEN_LONG: &str = "Mon, 30 Nov 2026 12:00:00 GMT";

impl Server {
    pub fn start(temper: Temper) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let shop = Arc::new(Shop {
            temper,
            objects: Mutex::default(),
            uploads: Mutex::default(),
            changes: AtomicUsize::new(0),
            listings: AtomicUsize::new(0),
        });
        let own = Arc::clone(&shop);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shop = Arc::clone(&own);
                std::thread::spawn(move || shop.serve(stream));
            }
        });
        Ok(Self { endpoint, shop })
    }

    /// Names that are there now.
    pub fn names(&self) -> Vec<String> {
        lock(&self.shop.objects).keys().cloned().collect()
    }

    /// How many listings were asked for.
    pub fn listings(&self) -> usize {
        self.shop.listings.load(Ordering::SeqCst)
    }

    /// How many changes were asked for.
    pub fn changes(&self) -> usize {
        self.shop.changes.load(Ordering::SeqCst)
    }
}

impl Shop {
    /// Answers requests until the other side is gone. What cannot be read or sent ends the connection, as it would on a network.
    fn serve(&self, stream: TcpStream) {
        let Ok(mut out) = stream.try_clone() else { return };
        let mut input = BufReader::new(stream);
        while let Ok(Some(request)) = read(&mut input) {
            let changes = request.method == "PUT" || request.method == "POST";
            let count = if changes { self.changes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
            let answer = self.answer(&request);
            if self.temper == Temper::LosesAnswers && changes && count % 3 == 0 {
                return;
            }
            if write(&mut out, &request.method, &answer).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let plain = |status| Answer { status, headers: Vec::new(), body: Vec::new() };
        if self.temper == Temper::Refuses {
            let asked = request.headers.get("authorization").cloned().unwrap_or_default();
            let body = format!(
                "<Error><Code>InvalidAccessKeyId</Code><Message>The key in {} is not known.</Message></Error>",
                escape(&asked)
            );
            return Answer { status: 403, headers: Vec::new(), body: body.into_bytes() };
        }
        let Some(path) = request.path.strip_prefix("/models") else {
            let body = "<Error><Code>NoSuchBucket</Code><Message>There is no such bucket</Message></Error>";
            return Answer { status: 404, headers: Vec::new(), body: body.into() };
        };
        let key = path.trim_start_matches('/').to_owned();
        let mut objects = lock(&self.objects);
        match request.method.as_str() {
            "GET" if request.query.contains_key("list-type") => {
                self.listings.fetch_add(1, Ordering::SeqCst);
                list(&objects, &request.query)
            }
            "GET" | "HEAD" => match objects.get(&key) {
                None => plain(404),
                Some(content) => get(content, request),
            },
            "PUT" if request.query.contains_key("uploadId") => {
                let upload = request.query.get("uploadId").cloned().unwrap_or_default();
                let number = request.query.get("partNumber").and_then(|it| it.parse().ok()).unwrap_or(0);
                lock(&self.uploads).entry(upload).or_default().insert(number, request.body.clone());
                Answer { status: 200, headers: vec![("ETag", tag(&request.body))], body: Vec::new() }
            }
            "PUT" => {
                let content = match request.headers.get("x-amz-copy-source") {
                    None => request.body.clone(),
                    Some(from) => {
                        let from = unescape(from);
                        let from = from.trim_start_matches('/').trim_start_matches("models/");
                        match objects.get(from) {
                            Some(content) => content.clone(),
                            None => return plain(404),
                        }
                    }
                };
                let conditional = request.headers.get("if-none-match").is_some_and(|it| it == "*");
                if conditional && self.temper != Temper::IgnoresConditions && objects.contains_key(&key) {
                    let body = "<Error><Code>PreconditionFailed</Code></Error>";
                    return Answer { status: 412, headers: Vec::new(), body: body.into() };
                }
                let etag = tag(&content);
                objects.insert(key, content);
                let body = format!("<CopyObjectResult><ETag>{etag}</ETag></CopyObjectResult>");
                Answer { status: 200, headers: vec![("ETag", etag)], body: body.into_bytes() }
            }
            "POST" if request.query.contains_key("delete") => {
                let text = String::from_utf8_lossy(&request.body).into_owned();
                let mut body = String::from("<DeleteResult>");
                for name in text.split("<Key>").skip(1).filter_map(|it| it.split("</Key>").next()) {
                    objects.remove(&name.replace("&amp;", "&"));
                    let _ = write!(body, "<Deleted><Key>{name}</Key></Deleted>");
                }
                body.push_str("</DeleteResult>");
                Answer { status: 200, headers: Vec::new(), body: body.into_bytes() }
            }
            "POST" if request.query.contains_key("uploads") => {
                let id = format!("upload-{}", self.changes.load(Ordering::SeqCst));
                lock(&self.uploads).insert(id.clone(), BTreeMap::new());
                let body =
                    format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
                Answer { status: 200, headers: Vec::new(), body: body.into_bytes() }
            }
            "POST" => {
                let upload = request.query.get("uploadId").cloned().unwrap_or_default();
                let Some(parts) = lock(&self.uploads).remove(&upload) else { return plain(404) };
                let content = parts.into_values().flatten().collect::<Vec<u8>>();
                let etag = tag(&content);
                objects.insert(key, content);
                let body =
                    format!("<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>");
                Answer { status: 200, headers: Vec::new(), body: body.into_bytes() }
            }
            "DELETE" => plain(204),
            _ => plain(400),
        }
    }
}

fn get(content: &[u8], request: &Request) -> Answer {
    let etag = tag(content);
    if request.headers.get("if-match").is_some_and(|it| *it != etag) {
        return Answer { status: 412, headers: Vec::new(), body: Vec::new() };
    }
    let headers = vec![("ETag", etag), ("Last-Modified", WHEN_LONG.to_owned())];
    let range = request.headers.get("range").and_then(|it| it.strip_prefix("bytes="));
    let span = range.and_then(|it| it.split_once('-')).and_then(|(from, to)| {
        let from: usize = from.parse().ok()?;
        let to = to.parse::<usize>().map_or(content.len(), |it| (it + 1).min(content.len()));
        Some((from, to))
    });
    let Some((from, to)) = span else { return Answer { status: 200, headers, body: content.to_vec() } };
    let mut headers = headers;
    headers.push(("Content-Range", format!("bytes {from}-{}/{}", to - 1, content.len())));
    Answer { status: 206, headers, body: content.get(from..to).unwrap_or_default().to_vec() }
}

fn list(objects: &BTreeMap<String, Vec<u8>>, query: &BTreeMap<String, String>) -> Answer {
    let prefix = query.get("prefix").map_or("", String::as_str);
    let mut folders = std::collections::BTreeSet::new();
    let mut body = String::from("<ListBucketResult>");
    for (name, content) in objects.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix)) {
        let rest = name.get(prefix.len()..).unwrap_or_default();
        match rest.split_once('/').filter(|_| query.contains_key("delimiter")) {
            Some((folder, _)) => {
                folders.insert(format!("{prefix}{folder}/"));
            }
            None => {
                let _ = write!(
                    body,
                    "<Contents><Key>{}</Key><LastModified>{WHEN}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                    escape(name),
                    tag(content),
                    content.len()
                );
            }
        }
    }
    for folder in folders {
        let _ = write!(body, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escape(&folder));
    }
    body.push_str("</ListBucketResult>");
    Answer { status: 200, headers: Vec::new(), body: body.into_bytes() }
}

fn read(input: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0u64);
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter(|it| !it.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(name), unescape(value))
    });
    Ok(Some(Request { method, path: unescape(path), query: query.collect(), headers, body }))
}

fn write(out: &mut TcpStream, method: &str, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    out.write_all(head.as_bytes())?;
    if method != "HEAD" {
        out.write_all(&answer.body)?;
    }
    out.flush()
}
