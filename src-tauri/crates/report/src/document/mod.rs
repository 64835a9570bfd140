//! Self-contained HTML: one file, no script, nothing remote, readable on paper.
//!
//! Every document leads with its verdict in a sentence, then the evidence, then the detail. The content security policy
//! in the head allows nothing but the file's own style, so that a document can be opened without trusting its maker.

mod dataset;
mod drift;
mod monitor;
mod release;
mod words;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

pub use dataset::{DatasetDocument, FindingDecision, dataset_report};
pub use drift::{DriftDocument, drift_report};
pub use monitor::{MonitorDocument, monitor_report};
pub use release::{ReleaseDocument, SignedText, release_report};

use crate::figure::Figure;
use crate::text;

/// Full figures of one document; a table of 500 columns would otherwise be a file that nobody can open.
const MOST_FIGURES: usize = 100;

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
}

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("templates/base.html")),
    ("dataset.html", include_str!("templates/dataset.html")),
    ("drift.html", include_str!("templates/drift.html")),
    ("monitor.html", include_str!("templates/monitor.html")),
    ("release.html", include_str!("templates/release.html")),
    ("style.css", include_str!("templates/style.css")),
];

/// Makes every text legible but the markup that we drew ourselves: names, sentences and reasons quote files.
fn legible(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = text::legible(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(legible),
        serde_json::Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| name.as_str() != "svg").for_each(|(_, value)| legible(value));
        }
        _ => {}
    }
}

fn render(template: &str, title: &str, mut values: serde_json::Value) -> Result<String, ReportError> {
    legible(&mut values);
    let attempt = || {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment
            .set_auto_escape_callback(|name| if name.ends_with(".css") { AutoEscape::None } else { AutoEscape::Html });
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        environment.get_template(template)?.render(Serde(&values))
    };
    attempt().map_err(|source| ReportError::Template { title: title.to_owned(), source })
}

/// A figure as a template takes it: markup that we made, and the width that it is drawn for.
#[derive(Debug, Serialize)]
struct Picture {
    svg: String,
    width: u32,
    description: String,
}

impl From<Figure> for Picture {
    fn from(figure: Figure) -> Self {
        Self { svg: figure.inline(), width: figure.width as u32, description: figure.description }
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
