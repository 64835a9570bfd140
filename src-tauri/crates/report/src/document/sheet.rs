//! What a document says, before it is written in one form or another.

use proofmark_domain::Timestamp;
use serde_json::Value;

use super::{ReportError, html, pdf};
use crate::text;

/// Which document it is; it names the templates of both forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dataset,
    Drift,
    Monitor,
    Release,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Drift => "drift",
            Self::Monitor => "monitor",
            Self::Release => "release",
        }
    }
}

/// A file that goes with a document where the form can hold one.
#[derive(Debug, Clone)]
pub(super) struct Attachment {
    pub name: String,
    pub media_type: &'static str,
    pub says: String,
    pub bytes: Vec<u8>,
}

/// The facts of one document, as both of its forms take them.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub kind: Kind,
    pub title: String,
    pub at: Timestamp,
    pub values: Value,
    pub attachments: Vec<Attachment>,
}

impl Sheet {
    pub(super) fn new(kind: Kind, title: &str, at: Timestamp, mut values: Value) -> Self {
        legible(&mut values);
        Self { kind, title: text::legible(title), at, values, attachments: Vec::new() }
    }

    pub(super) fn html(self) -> Result<Vec<u8>, ReportError> {
        html::write(&self).map(String::into_bytes)
    }

    pub(super) fn pdf(self) -> Result<Vec<u8>, ReportError> {
        pdf::write(self)
    }
}

/// Makes every text legible but the markup that we drew ourselves: names, sentences and reasons quote files.
fn legible(value: &mut Value) {
    match value {
        Value::String(text) => *text = text::legible(text),
        Value::Array(items) => items.iter_mut().for_each(legible),
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| name.as_str() != "svg").for_each(|(_, value)| legible(value));
        }
        _ => {}
    }
}
