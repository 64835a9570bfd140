//! One file, no script, nothing remote, readable on paper.
//!
//! The content security policy in the head allows nothing but the file's own style, so that a document can be opened without
//! trusting its maker.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::ReportError;
use super::sheet::Sheet;

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("templates/base.html")),
    ("dataset.html", include_str!("templates/dataset.html")),
    ("drift.html", include_str!("templates/drift.html")),
    ("monitor.html", include_str!("templates/monitor.html")),
    ("release.html", include_str!("templates/release.html")),
    ("style.css", include_str!("templates/style.css")),
];

pub(super) fn write(sheet: &Sheet) -> Result<String, ReportError> {
    let attempt = || {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment
            .set_auto_escape_callback(|name| if name.ends_with(".css") { AutoEscape::None } else { AutoEscape::Html });
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        environment.get_template(&format!("{}.html", sheet.kind.word()))?.render(Serde(&sheet.values))
    };
    attempt().map_err(|source| ReportError::Template { title: sheet.title.clone(), source })
}
