//! Tags of a repository, with who set them.

use std::path::Path;

use gix::bstr::ByteSlice as _;
use proofmark_domain::Timestamp;

use super::{GitError, open};

/// More tags than this are not read.
const MOST_TAGS: usize = 100_000;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name, without `refs/tags/`.
    pub name: String,
    /// The commit that it stands at.
    pub commit: String,
    /// When it was set: the time of an annotated tag, else that of its commit.
    pub at: Option<Timestamp>,
    /// Who set it, for an annotated tag, as `Name <address>`.
    pub author: Option<String>,
    /// The message of an annotated tag, without its signature.
    pub message: Option<String>,
}

/// The tags of the repository whose `.git` lies in `root`, by name. A tag that cannot be read is left out.
///
/// # Errors
///
/// [`GitError::Unreadable`] if the repository is damaged.
pub fn tags(root: &Path) -> Result<Vec<Tag>, GitError> {
    let failed = |why: String| GitError::Unreadable { root: root.to_owned(), why };
    let repository = open(root).map_err(|error| failed(error.to_string()))?;
    let references = repository.references().map_err(|error| failed(error.to_string()))?;
    let found = references.tags().map_err(|error| failed(error.to_string()))?;
    let mut tags: Vec<Tag> = found.flatten().take(MOST_TAGS).filter_map(read).collect();
    tags.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tags)
}

fn read(mut reference: gix::Reference<'_>) -> Option<Tag> {
    let name = reference.name().shorten().to_str_lossy().into_owned();
    let mut tag = Tag { name, commit: String::new(), at: None, author: None, message: None };
    let annotated = reference.try_id().and_then(|id| id.object().ok()).and_then(|object| object.try_into_tag().ok());
    if let Some(annotated) = annotated
        && let Ok(decoded) = annotated.decode()
    {
        tag.message = Some(decoded.message.to_str_lossy().trim().to_owned()).filter(|text| !text.is_empty());
        if let Ok(Some(tagger)) = decoded.tagger() {
            tag.author =
                Some(format!("{} <{}>", tagger.name.to_str_lossy().trim(), tagger.email.to_str_lossy().trim()));
            tag.at = tagger.time().ok().map(|time| Timestamp::from_ms(time.seconds.saturating_mul(1000)));
        }
    }
    let id = reference.peel_to_id().ok()?;
    tag.commit = id.to_string();
    if tag.at.is_none() {
        let commit = id.object().ok()?.try_into_commit().ok()?;
        tag.at = commit.time().ok().map(|time| Timestamp::from_ms(time.seconds.saturating_mul(1000)));
    }
    Some(tag)
}
