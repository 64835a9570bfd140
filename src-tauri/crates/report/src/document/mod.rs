//! Documents that stand on their own, as HTML and as PDF; what they are made from also as JSON.
//!
//! Every document leads with its verdict in a sentence, then the evidence, then the detail. What it says is put together once,
//! as a [`sheet::Sheet`]; the two forms only set it.

mod data;
mod dataset;
mod drift;
mod html;
mod monitor;
mod own;
mod pdf;
mod release;
mod sheet;
mod words;

use serde::Serialize;
use thiserror::Error;

pub use dataset::{DatasetDocument, FindingDecision};
pub use drift::DriftDocument;
pub use monitor::MonitorDocument;
pub use own::is_own;
pub use release::{ReleaseDocument, SignedText};

use crate::figure::Figure;
use crate::text;

/// Full figures of one document; a table of 500 columns would otherwise be a file that nobody can open.
const MOST_FIGURES: usize = 100;

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One file for a browser, with everything in it.
    Html,
    /// Pages: tagged, with vector figures, the same bytes for the same values. Of a wide table it lists and draws a part, and says so.
    Pdf,
    /// What the document is made from, for programs.
    Json,
}

/// Why a document was not written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The template and its values do not fit together, which is our fault and not that of the data.
    #[error("The document \"{title}\" could not be put together: {source}. Nothing was written; please report this.")]
    Template {
        /// The document.
        title: String,
        /// What the template engine said.
        source: minijinja::Error,
    },
    /// The values have no JSON form, which is our fault, too.
    #[error("The values of \"{title}\" could not be written down: {source}. Nothing was written; please report this.")]
    Data {
        /// The document.
        title: String,
        /// What stood in the way.
        source: serde_json::Error,
    },
    /// The same for the form on pages.
    #[error("The document \"{title}\" could not be set on pages: {why}. Nothing was written; please report this.")]
    Typesetting {
        /// The document.
        title: String,
        /// What the typesetter said.
        why: String,
    },
}

/// A figure as a template takes it: markup that we made, and the width that it is drawn for.
#[derive(Debug, Serialize)]
struct Picture {
    svg: String,
    width: u32,
    title: String,
    description: String,
}

impl From<Figure> for Picture {
    fn from(figure: Figure) -> Self {
        Self { svg: figure.inline(), width: figure.width as u32, title: figure.title, description: figure.description }
    }
}

/// A state by shape and word; the class only adds colour.
#[derive(Debug, Clone, Copy, Serialize)]
struct State {
    class: &'static str,
    shape: &'static str,
    word: &'static str,
}

impl State {
    const fn pass(word: &'static str) -> Self {
        Self { class: "pass", shape: "●", word }
    }
    const fn attention(word: &'static str) -> Self {
        Self { class: "attention", shape: "▲", word }
    }
    const fn fail(word: &'static str) -> Self {
        Self { class: "fail", shape: "■", word }
    }
    const fn unknown(word: &'static str) -> Self {
        Self { class: "unknown", shape: "◇", word }
    }
}

/// A column's name, short enough for a heading.
fn heading(name: &str) -> String {
    text::fit(name, 12.0, 420.0)
}

/// A name and its value, both as text.
#[derive(Debug, Serialize)]
struct Fact {
    name: String,
    value: String,
}

impl Fact {
    fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

fn facts_of(pairs: &[(&str, &str)]) -> Vec<Fact> {
    pairs.iter().map(|(name, value)| Fact::new(name, *value)).collect()
}
