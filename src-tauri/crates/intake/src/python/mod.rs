//! Python sources and notebooks, understood without running them.

mod arguments;
mod calls;
mod combine;
mod decode;
mod eval;
mod expr;
mod facts;
mod frame;
mod imports;
mod io;
mod learn;
mod library;
mod load;
mod methods;
mod names;
mod notebook;
mod old;
mod pattern;
mod project;
mod query;
mod record;
mod reshape;
mod series;
mod shell;
mod spark;
mod sql;
mod sql_text;
mod syntax;
mod table_methods;
mod tables;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
mod tree;
mod values;

pub use decode::decode_source;
pub use facts::{ColumnFlow, FlowKind, ModelFit, PathUse, SourceFacts};
pub use load::{LoadedSource, SourceError, load_source};
pub use notebook::{Cell, Kernel, Notebook, NotebookError, read_notebook};
pub use project::ProjectModules;

use proofmark_domain::artifact::RelPath;

/// Reads what a source does. Never fails: what cannot be parsed is named in [`SourceFacts::parse_errors`].
pub fn read_source(text: &str, path: &RelPath, context: &ProjectModules) -> SourceFacts {
    facts_of(path, context, false, || syntax::parse(text))
}

/// Parses and follows a source on a stack of its own.
fn facts_of(
    path: &RelPath,
    context: &ProjectModules,
    notebook: bool,
    parse: impl FnOnce() -> syntax::Parsed + Send,
) -> SourceFacts {
    // Deep nesting costs stack, and running out of it cannot be caught: a thread with room for the longest source.
    let work = || {
        let parsed = parse();
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
