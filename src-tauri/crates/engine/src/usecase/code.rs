//! What a script or notebook does with files, columns and models, without running it.

use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_intake::python::{ColumnFlow, LoadedSource, ModelFit, Notebook, PathUse, load_source};
use serde::Serialize;

use crate::trouble::{Answer, Trouble, sentence};

/// What a script or notebook does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeReport {
    /// `python` or `notebook`.
    pub format: &'static str,
    /// The folder that paths are relative to.
    pub root: String,
    /// Whether it reads, writes or trains when it is run; otherwise it is a library or does nothing with files.
    pub runs: bool,
    /// What it reads.
    pub reads: Vec<CodeUse>,
    /// What it writes.
    pub writes: Vec<CodeUse>,
    /// The models that it trains.
    pub fits: Vec<CodeFit>,
    /// What it does with columns.
    pub columns: CodeColumns,
    /// Classes of models and transformers that it makes.
    pub classes: Vec<String>,
    /// Files of the project that it imports.
    pub imports: Vec<String>,
    /// What could not be parsed; the rest was read.
    pub parse_errors: Vec<String>,
}

/// A file that a source reads or writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeUse {
    /// The path; each part that cannot be known is `*`.
    pub path: String,
    /// A table of a database, a sheet of a workbook, a key of a store.
    pub part: Option<String>,
    /// The line, from 1; in a notebook, within its cell.
    pub line: u32,
    /// The cell of a notebook, from 1, markdown cells counted.
    pub cell: Option<usize>,
    /// The call.
    pub call: String,
    /// The file and line of the call, when it stands in another file.
    pub place: Option<String>,
    /// Whether it happens when the source is run with its defaults.
    pub when_run: bool,
    /// How sure, 0..1.
    pub confidence: f64,
    /// Columns that are named, or known.
    pub columns: Vec<String>,
    /// From which columns of what is read it is made.
    pub flows: Vec<CodeFlow>,
}

/// A column on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeFlow {
    /// The file that it is read from.
    pub read: String,
    /// The column there; `*` for all that the code does not name.
    pub from: String,
    /// The column or feature that it reaches.
    pub to: String,
    /// `identity`, `transformation`, `aggregation`, `join`, `group_by`, `filter` or `sort`.
    pub kind: &'static str,
    /// Columns that do not take part.
    pub except: Vec<String>,
    /// How sure, 0..1.
    pub confidence: f64,
}

/// A model that is trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeFit {
    /// The line, from 1; in a notebook, within its cell.
    pub line: u32,
    /// The cell of a notebook, from 1.
    pub cell: Option<usize>,
    /// The call.
    pub call: String,
    /// The class, if known.
    pub class: Option<String>,
    /// The features that are named; `*` stands for others.
    pub features: Vec<String>,
    /// What is to be predicted.
    pub target: Option<String>,
    /// The files that it is saved to.
    pub saved: Vec<String>,
    /// Whether it happens when the source is run with its defaults.
    pub when_run: bool,
    /// From which columns its features are made.
    pub flows: Vec<CodeFlow>,
}

/// What a source does with columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeColumns {
    /// Columns of what it reads that it names.
    pub used: Vec<String>,
    /// Columns that it makes.
    pub created: Vec<String>,
    /// Columns that it drops.
    pub dropped: Vec<String>,
    /// Old names to new names.
    pub renamed: std::collections::BTreeMap<String, String>,
    /// What is to be predicted.
    pub target: Option<String>,
}

/// Whether a file is a script or notebook by its name.
pub fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["py", "pyw", "ipynb"].iter().any(|code| ending.eq_ignore_ascii_case(code)))
}

/// What a script or notebook does, read with the project around it.
///
/// # Errors
/// If it cannot be read, or is a notebook that cannot be understood.
pub fn code(path: &Path) -> Answer<CodeReport> {
    let loaded =
        load_source(path).map_err(|error| Trouble::new(ErrorCode::Unreadable, sentence(&error.to_string())))?;
    Ok(report(&loaded))
}

fn report(loaded: &LoadedSource) -> CodeReport {
    let facts = &loaded.facts;
    let notebook = loaded.notebook.as_ref();
    let flows = |flows: &[ColumnFlow]| flows.iter().map(|it| flow(it, &facts.reads)).collect();
    let uses = |uses: &[PathUse]| {
        let one = |it: &PathUse| {
            let (cell, line) = placed(notebook, it.line);
            CodeUse {
                path: it.pattern.clone(),
                part: it.part.clone(),
                line,
                cell,
                call: it.call.clone(),
                place: it.place.as_ref().map(|(file, line)| format!("{file}:{line}")),
                when_run: it.when_run,
                confidence: it.confidence,
                columns: it.columns.clone(),
                flows: flows(&it.flows),
            }
        };
        uses.iter().map(one).collect()
    };
    let fit = |fit: &ModelFit| {
        let (cell, line) = placed(notebook, fit.line);
        let saved = fit.saved.iter().filter_map(|at| facts.writes.get(*at));
        CodeFit {
            line,
            cell,
            call: fit.call.clone(),
            class: fit.class.clone(),
            features: fit.features.clone(),
            target: fit.target.clone(),
            saved: saved.map(|write| write.pattern.clone()).collect(),
            when_run: fit.when_run,
            flows: flows(&fit.flows),
        }
    };
    CodeReport {
        format: if notebook.is_some() { "notebook" } else { "python" },
        root: loaded.root.to_string_lossy().into_owned(),
        runs: facts.is_entry(),
        reads: uses(&facts.reads),
        writes: uses(&facts.writes),
        fits: facts.fits.iter().map(fit).collect(),
        columns: CodeColumns {
            used: facts.columns_used.clone(),
            created: facts.columns_created.clone(),
            dropped: facts.columns_dropped.clone(),
            renamed: facts.renames.clone(),
            target: facts.target.clone(),
        },
        classes: facts.model_classes.clone(),
        imports: facts.imports.clone(),
        parse_errors: facts.parse_errors.clone(),
    }
}

fn flow(flow: &ColumnFlow, reads: &[PathUse]) -> CodeFlow {
    CodeFlow {
        read: reads.get(flow.read).map(|read| read.pattern.clone()).unwrap_or_default(),
        from: flow.from.clone(),
        to: flow.to.clone(),
        kind: flow.kind.word(),
        except: flow.except.clone(),
        confidence: flow.confidence,
    }
}

/// The cell of a notebook and the line in it; of a script, the line.
fn placed(notebook: Option<&Notebook>, line: u32) -> (Option<usize>, u32) {
    let Some(notebook) = notebook else { return (None, line) };
    let cell = notebook
        .cells
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, cell)| Some((at, cell.first_line.filter(|first| *first <= line)?)));
    cell.map_or((None, line), |(at, first)| (Some(at + 1), line - first + 1))
}
