//! Bringing content into a bucket: small content in one request, large content in parts. Either way nobody sees half of it.

use std::collections::VecDeque;
use std::io::{self, Read};

use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt as _, PutPayload};

use crate::reading::Reading;
use crate::remote::{Begun, Remote, begin};

/// Bytes of a part; all parts but the last have this size, as some stores ask for. A store takes 10,000 parts.
const PART: usize = 16 * 1024 * 1024;
/// Parts on their way at once.
const AT_ONCE: usize = 4;
/// Stores copy no larger objects by themselves.
const LARGEST_COPY: u64 = 5 * 1024 * 1024 * 1024;

/// Content that was taken from a source.
pub(crate) enum Taken {
    /// All of it, because it is small.
    Small(Vec<u8>),
    /// It was brought into the bucket under the name that was given; its size in bytes.
    Brought(u64),
}

/// Reads until the buffer of a part is full or the source ends.
fn part(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(PART as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes content, and brings it into the bucket as `key` if it is not small.
pub(crate) fn take(remote: &Remote, key: &Path, source: &mut dyn Read) -> io::Result<Taken> {
    let first = part(source)?;
    if first.len() < PART {
        return Ok(Taken::Small(first));
    }
    let (client, name) = (remote.client()?, key.clone());
    let upload = begin(async move { client.put_multipart(&name).await })?.end()?;
    let upload = upload.map_err(|error| remote.said(&error))?;
    bring(remote, key, upload, first, source).map(Taken::Brought)
}

fn bring(
    remote: &Remote,
    key: &Path,
    mut upload: Box<dyn MultipartUpload>,
    first: Vec<u8>,
    source: &mut dyn Read,
) -> io::Result<u64> {
    match parts(remote, upload.as_mut(), first, source) {
        Ok(size) => {
            let (upload, done) = begin(async move {
                let done = upload.complete().await;
                (upload, done)
            })?
            .end()?;
            match done {
                Ok(_) => Ok(size),
                // The answer may be lost and the object be there: its name is ours alone.
                Err(error) => match remote.head(key) {
                    Ok(Some(meta)) if meta.size == size => Ok(size),
                    _ => {
                        give_up(upload);
                        Err(remote.said(&error))
                    }
                },
            }
        }
        Err(error) => {
            give_up(upload);
            Err(error)
        }
    }
}

/// Tells the store that the parts are not needed. If it does not hear it, a rule of the bucket against unfinished uploads
/// removes them, as the format document says.
fn give_up(mut upload: Box<dyn MultipartUpload>) {
    let _ = begin(async move { upload.abort().await }).and_then(Begun::end);
}

fn parts(remote: &Remote, upload: &mut dyn MultipartUpload, first: Vec<u8>, source: &mut dyn Read) -> io::Result<u64> {
    let mut size = 0u64;
    let mut next = first;
    let mut under_way: VecDeque<Begun<Result<(), Error>>> = VecDeque::new();
    while !next.is_empty() {
        size += next.len() as u64;
        under_way.push_back(begin(upload.put_part(PutPayload::from(next)))?);
        if under_way.len() >= AT_ONCE
            && let Some(oldest) = under_way.pop_front()
        {
            oldest.end()?.map_err(|error| remote.said(&error))?;
        }
        next = part(source)?;
    }
    for part in under_way {
        part.end()?.map_err(|error| remote.said(&error))?;
    }
    Ok(size)
}

/// Copies an object within the bucket.
pub(crate) fn copy(remote: &Remote, from: &Path, to: &Path) -> io::Result<()> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{from} is not there"));
    let meta = remote.head(from)?.ok_or_else(missing)?;
    let size = meta.size;
    if size < LARGEST_COPY {
        remote.copy(from, to)?;
    } else {
        let mut source = Reading::of(remote, from.clone(), meta)?;
        if let Taken::Small(_) = take(remote, to, &mut source)? {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the store gave less than it had announced"));
        }
    }
    // Some stores answer a failed copy with success.
    match remote.head(to)? {
        Some(copied) if copied.size == size => Ok(()),
        _ => Err(io::Error::other(format!("the store did not copy all of {from}"))),
    }
}
