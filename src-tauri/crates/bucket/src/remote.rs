//! Calls to a store: made from threads that wait, done by a runtime of its own.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use object_store::path::Path;
use object_store::{Error, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::runtime::{Builder, Runtime};

/// Attempts at what can be repeated without harm and the client does not repeat by itself.
const ATTEMPTS: u64 = 4;

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

/// Tries several times, a little later each time.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, Error>>>(attempt: impl Fn() -> F) -> Result<T, Error> {
    let mut number = 1;
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) && number < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(100 * number * number)).await;
                number += 1;
            }
            done => return done,
        }
    }
}

/// A bucket, and how to speak of it.
#[derive(Clone)]
pub(crate) struct Remote {
    /// Repeats what can be repeated without harm.
    steady: Arc<dyn ObjectStore>,
    /// Asks once, so that a lost answer is seen as such.
    once: Arc<dyn ObjectStore>,
    /// What every name begins with, without a slash at its end.
    prefix: String,
    place: String,
    secrets: Arc<[String]>,
}

impl Remote {
    pub fn new(
        steady: Arc<dyn ObjectStore>,
        once: Arc<dyn ObjectStore>,
        prefix: String,
        place: String,
        secrets: Vec<String>,
    ) -> Self {
        Self { steady, once, prefix, place, secrets: secrets.into() }
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

    pub fn client(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.steady)
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

    fn ask<T: Send + 'static>(&self, work: impl Future<Output = Result<T, Error>> + Send + 'static) -> io::Result<T> {
        wait(work)?.map_err(|error| self.said(&error))
    }

    pub fn head(&self, key: &Path) -> io::Result<Option<ObjectMeta>> {
        let (client, key) = (self.client(), key.clone());
        match wait(async move { client.head(&key).await })? {
            Ok(meta) => Ok(Some(meta)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.said(&error)),
        }
    }

    /// The whole of a small object; refuses one larger than `most` bytes before its content is asked for.
    pub fn get(&self, key: &Path, most: u64) -> io::Result<Vec<u8>> {
        let (client, key) = (self.client(), key.clone());
        // The client repeats what fails before the content begins, and this what fails within it.
        let work = async move {
            patiently(|| async {
                let found = client.get(&key).await?;
                if found.meta.size > most {
                    return Ok(None);
                }
                found.bytes().await.map(|bytes| Some(bytes.to_vec()))
            })
            .await
        };
        self.ask(work)?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 MiB, which no record here is")
        })
    }

    pub fn put(&self, key: &Path, payload: PutPayload) -> io::Result<()> {
        let (client, key) = (self.client(), key.clone());
        self.ask(async move { client.put(&key, payload).await.map(drop) })
    }

    /// Tries once to make an object that must not be there yet.
    pub fn put_new(&self, key: &Path, payload: PutPayload) -> io::Result<Result<(), Error>> {
        let (client, key) = (Arc::clone(&self.once), key.clone());
        wait(async move { client.put_opts(&key, payload, PutMode::Create.into()).await.map(drop) })
    }

    pub fn delete(&self, key: &Path) -> io::Result<()> {
        let (client, key) = (self.client(), key.clone());
        match wait(async move { patiently(|| client.delete(&key)).await })? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.said(&error)),
        }
    }

    pub fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (client, from, to) = (self.client(), from.clone(), to.clone());
        self.ask(async move { client.copy(&from, &to).await })
    }

    /// One level of names.
    pub fn level(&self, key: &Path) -> io::Result<ListResult> {
        let (client, key) = (self.client(), key.clone());
        let root = key.as_ref().is_empty();
        self.ask(async move { client.list_with_delimiter((!root).then_some(&key)).await })
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
