//! Calls to a store: made from threads that wait, done by a runtime of its own.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_core::Stream;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{Error, GetResult, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::runtime::{Builder, Runtime};

use crate::rest::Rest;

/// Attempts at what can be repeated without harm and the client does not repeat by itself.
const ATTEMPTS: u64 = 5;
/// A store that is not reached is tried again within this only.
const SILENCE: Duration = Duration::from_secs(4);
/// How long nothing may be heard before an answer, and between two parts of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// One runtime for every bucket of the process: a registry is opened often.
static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
/// Names that are in the way of every listing, in words.
const STRANGE: &str = "a name in the bucket cannot be a path; remove it with the store's own tools";

fn runtime() -> io::Result<&'static Runtime> {
    let made = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("proofmark-bucket").enable_all();
        builder.build().map_err(|error| error.to_string())
    });
    made.as_ref().map_err(|why| io::Error::other(format!("no threads for the network: {why}")))
}

/// Work that was begun.
pub(crate) struct Begun<T>(Receiver<T>);

impl<T> Begun<T> {
    /// Waits for its end.
    pub fn end(self) -> io::Result<T> {
        self.0.recv().map_err(|_| io::Error::other("the work on the network ended without an answer"))
    }
}

/// Begins work. Not tied to the runtime of the caller, which may be none or a busy one.
pub(crate) fn begin<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<Begun<T>> {
    let (tell, hear) = sync_channel(1);
    runtime()?.spawn(async move {
        // Whoever waited for it has gone; the work is done all the same.
        let _ = tell.send(work.await);
    });
    Ok(Begun(hear))
}

fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    begin(work)?.end()
}

/// The status of the answer, where the client gives it in words only, as it does for listings and removals.
fn status_in_words(error: &Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// Whether the answer says that nothing was done, and that another attempt would not be done either.
pub(crate) fn is_refusal(error: &Error) -> bool {
    match error {
        Error::NotFound { .. }
        | Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::NotSupported { .. }
        | Error::NotImplemented { .. }
        | Error::InvalidPath { .. } => true,
        // Too many requests, and a request that took too long, are not meant for ever.
        Error::Generic { .. } => {
            status_in_words(error).is_some_and(|it| it == 501 || ((400..500).contains(&it) && it != 408 && it != 429))
        }
        _ => false,
    }
}

/// Whether another attempt may succeed: the answer was lost, or the store was not able to give one.
fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Generic { .. }) && !is_refusal(error)
}

/// That nothing was heard.
#[derive(Debug)]
struct Mute(Duration);

impl std::fmt::Display for Mute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nothing was heard for {} s", self.0.as_secs())
    }
}

impl std::error::Error for Mute {}

/// Waits no longer than a store may be silent.
pub(crate) async fn heard<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    heard_within(PATIENCE, work).await
}

async fn heard_within<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let silent = |_| Err(Error::Generic { store: "S3", source: Box::new(Mute(limit)) });
    tokio::time::timeout(limit, work).await.unwrap_or_else(silent)
}

/// The content of an answer that has begun.
pub(crate) async fn content(found: GetResult) -> Result<Vec<u8>, Error> {
    let mut stream = found.into_stream();
    let mut bytes = Vec::new();
    while let Some(part) = heard(next(&mut stream)).await? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

async fn next<T>(stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin)) -> Result<Option<T>, Error> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await.transpose()
}

/// Whether nothing was heard of the store at all.
pub(crate) fn is_silence(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(it) = cause {
        if it.is::<Mute>() {
            return true;
        }
        if let Some(http) = it.downcast_ref::<HttpError>() {
            return matches!(http.kind(), HttpErrorKind::Connect | HttpErrorKind::Timeout);
        }
        cause = it.source();
    }
    false
}

/// Tries several times, a little later each time.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(attempt: impl Fn() -> F) -> Result<T, Error> {
    let begun = Instant::now();
    let mut number = 1;
    loop {
        match attempt().await {
            Err(error)
                if is_passing(&error) && number < ATTEMPTS && !(is_silence(&error) && begun.elapsed() > SILENCE) =>
            {
                tokio::time::sleep(Duration::from_millis(100 * number * number)).await;
                number += 1;
            }
            done => return done,
        }
    }
}

/// The ways to one bucket, which differ in how often a request is repeated and how long it may be silent.
pub(crate) struct Clients {
    /// Repeats what can be repeated without harm, and waits as long as large content takes.
    pub steady: Arc<dyn ObjectStore>,
    /// Asks once: for what this crate repeats by itself, and where a lost answer must be seen as such.
    pub once: Arc<dyn ObjectStore>,
}

/// A bucket, and how to speak of it.
#[derive(Clone)]
pub(crate) struct Remote {
    clients: Arc<Clients>,
    /// What every name begins with, without a slash at its end.
    prefix: String,
    place: String,
    secrets: Arc<[String]>,
    rest: Arc<Rest>,
}

impl Remote {
    pub fn new(clients: Clients, prefix: String, place: String, secrets: Vec<String>) -> Self {
        Self { clients: clients.into(), prefix, place, secrets: secrets.into(), rest: Arc::default() }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// The name in the bucket of a path of the registry. Paths are made by the registry or checked by it; this is the last
    /// line of defence.
    pub fn key(&self, path: &str) -> io::Result<Path> {
        let leaves = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` leaves the registry"));
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
        if path.is_empty() {
            return Path::parse(&self.prefix).map_err(|_| leaves());
        }
        if !path.split('/').all(plain) {
            return Err(leaves());
        }
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        let key = format!("{}{slash}{path}", self.prefix);
        if key.len() > 1024 {
            let why = format!("`{path}` is longer than a bucket's names may be");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Path::parse(key).map_err(|_| leaves())
    }

    /// Refuses while the store is let alone because it was not reached.
    pub fn reachable(&self) -> io::Result<()> {
        self.rest.over()
    }

    /// For content that may take long.
    pub fn client(&self) -> io::Result<Arc<dyn ObjectStore>> {
        self.rest.over()?;
        Ok(Arc::clone(&self.clients.steady))
    }

    /// Begins to ask what can be asked again without harm.
    pub fn begin_asking<T: Send + 'static, F: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        question: impl Fn(Arc<dyn ObjectStore>) -> F + Send + Sync + 'static,
    ) -> io::Result<Begun<Result<T, Error>>> {
        self.rest.over()?;
        let (client, rest) = (Arc::clone(&self.clients.once), Arc::clone(&self.rest));
        begin(async move {
            let answer = patiently(|| question(Arc::clone(&client))).await;
            match &answer {
                Err(error) if is_silence(error) => rest.begin(&deepest(error)),
                _ => rest.end(),
            }
            answer
        })
    }

    fn asked<T: Send + 'static, F: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        question: impl Fn(Arc<dyn ObjectStore>) -> F + Send + Sync + 'static,
    ) -> io::Result<Result<T, Error>> {
        self.begin_asking(question)?.end()
    }

    /// What went wrong, in words that hold no key.
    pub fn said(&self, error: &Error) -> io::Error {
        let kind = kind_of(error);
        let full = error.to_string();
        let between = |open: &str, close: &str| Some(full.split_once(open)?.1.split_once(close)?.0.trim().to_owned());
        let mut text = match (between("<Code>", "</Code>"), between("<Message>", "</Message>")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code,
            _ => deepest(error),
        };
        if matches!(error, Error::InvalidPath { .. }) {
            text = format!("{STRANGE} ({text})");
        }
        for secret in self.secrets.iter().filter(|it| it.len() > 3) {
            text = text.replace(secret.as_str(), "…");
        }
        let text: String = text.chars().filter(|it| !it.is_control()).take(300).collect();
        io::Error::new(kind, format!("the store answered: {text}"))
    }

    /// Has the client do what may take long.
    fn steadily<T: Send + 'static, F: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<dyn ObjectStore>) -> F,
    ) -> io::Result<T> {
        let done = wait(work(self.client()?))?;
        if let Err(error) = &done
            && is_silence(error)
        {
            self.rest.begin(&deepest(error));
        }
        done.map_err(|error| self.said(&error))
    }

    pub fn head(&self, key: &Path) -> io::Result<Option<ObjectMeta>> {
        let key = key.clone();
        match self.asked(move |client| {
            let key = key.clone();
            async move { heard(client.head(&key)).await }
        })? {
            Ok(meta) => Ok(Some(meta)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.said(&error)),
        }
    }

    /// The whole of a small object; refuses one larger than `most` bytes before its content is asked for.
    pub fn get(&self, key: &Path, most: u64) -> io::Result<Vec<u8>> {
        let key = key.clone();
        let found = self.asked(move |client| {
            let key = key.clone();
            async move {
                let found = heard(client.get(&key)).await?;
                if found.meta.size > most {
                    return Ok(None);
                }
                content(found).await.map(Some)
            }
        })?;
        found.map_err(|error| self.said(&error))?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 MiB, which no record here is")
        })
    }

    pub fn put(&self, key: &Path, payload: PutPayload) -> io::Result<()> {
        let key = key.clone();
        self.steadily(|client| async move { client.put(&key, payload).await.map(drop) })
    }

    /// Tries once to make an object that must not be there yet.
    pub fn put_new(&self, key: &Path, payload: PutPayload) -> io::Result<Result<(), Error>> {
        self.rest.over()?;
        let (client, key) = (Arc::clone(&self.clients.once), key.clone());
        wait(async move { client.put_opts(&key, payload, PutMode::Create.into()).await.map(drop) })
    }

    pub fn delete(&self, key: &Path) -> io::Result<()> {
        let key = key.clone();
        match self.asked(move |client| {
            let key = key.clone();
            async move { heard(client.delete(&key)).await }
        })? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.said(&error)),
        }
    }

    pub fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (from.clone(), to.clone());
        self.steadily(|client| async move { client.copy(&from, &to).await })
    }

    /// One level of names.
    pub fn level(&self, key: &Path) -> io::Result<ListResult> {
        let key = key.clone();
        let found = self.asked(move |client| {
            let key = key.clone();
            let root = key.as_ref().is_empty();
            // One of ten thousand names is ten requests.
            async move { heard_within(5 * PATIENCE, client.list_with_delimiter((!root).then_some(&key))).await }
        })?;
        found.map_err(|error| self.said(&error))
    }

    /// Every object at or below a name, in one listing.
    pub fn flat(&self, key: &Path) -> io::Result<Vec<ObjectMeta>> {
        let key = key.clone();
        let found = self.asked(move |client| {
            let key = key.clone();
            let root = key.as_ref().is_empty();
            async move {
                let mut listing = client.list((!root).then_some(&key));
                let mut found = Vec::new();
                while let Some(meta) = heard(next(&mut listing)).await? {
                    found.push(meta);
                }
                Ok(found)
            }
        })?;
        found.map_err(|error| self.said(&error))
    }

    /// Every object below a name.
    pub fn below(&self, key: &Path) -> io::Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let mut open = VecDeque::from([key.clone()]);
        while let Some(folder) = open.pop_front() {
            let level = self.level(&folder)?;
            open.extend(level.common_prefixes.into_iter().filter(|it| *it != folder));
            found.extend(level.objects);
        }
        Ok(found)
    }
}

fn kind_of(error: &Error) -> io::ErrorKind {
    let text = || error.to_string();
    match error {
        // A missing bucket is no missing file: that would read as an empty registry.
        Error::NotFound { .. } if text().contains("NoSuchBucket") => io::ErrorKind::NotConnected,
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => io::ErrorKind::AlreadyExists,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => io::ErrorKind::Unsupported,
        Error::InvalidPath { .. } => io::ErrorKind::InvalidData,
        _ => match status_in_words(error) {
            Some(401 | 403) => io::ErrorKind::PermissionDenied,
            Some(404) => io::ErrorKind::NotConnected,
            Some(501) => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        },
    }
}

/// The innermost cause: the outer ones repeat addresses and counts of attempts.
fn deepest(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
