//! Python sources and notebooks, understood without running them.

mod calls;
mod columns;
mod eval;
mod io;
mod library;
mod methods;
mod notebook;
mod pattern;
mod project;
mod syntax;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
mod values;

pub use notebook::{Cell, Kernel, Notebook, NotebookError, read_notebook};
pub use project::ProjectModules;

use std::collections::BTreeMap;

use proofmark_domain::artifact::RelPath;

/// A file that the code reads or writes.
#[derive(Debug, Clone, PartialEq)]
pub struct PathUse {
    /// The path, relative to the project unless absolute; each part that cannot be known is `*`.
    pub pattern: String,
    /// The line on which it happens, from 1. In a notebook, the line in [`Notebook::source`].
    pub line: u32,
    /// The call that does it, such as `pandas.read_csv`.
    pub call: String,
    /// Columns that the call names, or that the code takes from the table it returned.
    pub columns: Vec<String>,
    /// How sure this is, 0..1. 0.9 for a path that is written out, less for each part that had to be concluded.
    pub confidence: f64,
}

/// What a source does with files and columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceFacts {
    /// What it reads, in order, each once.
    pub reads: Vec<PathUse>,
    /// What it writes, in order, each once.
    pub writes: Vec<PathUse>,
    /// Columns that it uses.
    pub columns_used: Vec<String>,
    /// Columns that it makes.
    pub columns_created: Vec<String>,
    /// Columns that it drops.
    pub columns_dropped: Vec<String>,
    /// Columns that it renames: old name to new name.
    pub renames: BTreeMap<String, String>,
    /// The column that is to be predicted.
    pub target: Option<String>,
    /// Classes of models and transformers that it makes, such as `sklearn.linear_model.LogisticRegression`.
    pub model_classes: Vec<String>,
    /// Files of the project that it imports.
    pub imports: Vec<String>,
    /// What could not be parsed, with its line. The rest was read.
    pub parse_errors: Vec<String>,
}

/// Reads what a source does. Never fails: what cannot be parsed is named in [`SourceFacts::parse_errors`].
pub fn read_source(text: &str, path: &RelPath, context: &ProjectModules) -> SourceFacts {
    facts_of(text, path, context, false)
}

fn facts_of(text: &str, path: &RelPath, context: &ProjectModules, notebook: bool) -> SourceFacts {
    // Deep nesting costs stack, and running out of it cannot be caught: a thread with room for the longest source.
    let work = || {
        let parsed = syntax::parse(text, notebook);
        let mut facts = eval::Analysis::new(context, path.as_str(), notebook).run(&parsed.body);
        facts.parse_errors = parsed.errors.iter().map(|(line, error)| format!("line {line}: {error}")).collect();
        facts
    };
    with_room(work).unwrap_or_else(|| SourceFacts {
        parse_errors: vec!["line 1: could not be analysed within the memory that was left".to_owned()],
        ..SourceFacts::default()
    })
}

/// Runs something on a large stack. `None` when there is no room for one, or when it failed.
fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    const STACK: usize = 512 << 20;
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?.join().ok()
    })
}
