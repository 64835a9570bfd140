//! What a script or notebook does with files, columns and models, without running it.

use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{CodeColumns, CodeFit, CodeFlow, CodeReport, CodeUse, PathRef};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::counts::counted;
use proofmark_intake::python::{ColumnFlow, LoadedSource, ModelFit, Notebook, PathUse, SourceFacts, load_source};

use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, sentence};

impl Engine {
    /// What a script or notebook of a project does.
    ///
    /// # Errors
    /// If there is no such file, or it is neither, or a notebook that cannot be understood.
    pub fn code_show(&self, request: PathRef) -> Answer<CodeReport> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let absolute = absolute(&project, &path)?;
        if !is_code(&absolute) {
            let message = format!("{path} is no script and no notebook of Python.");
            return Err(Trouble::new(ErrorCode::InvalidRequest, message));
        }
        code(&absolute)
    }
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
        sentence: what_it_does(facts),
        format: if notebook.is_some() { "notebook" } else { "python" }.to_owned(),
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

/// What happens when it is run; what only its functions do is no deed of its own.
fn what_it_does(facts: &SourceFacts) -> String {
    if !facts.is_entry() {
        return "It does nothing with files when it is run; its functions may.".to_owned();
    }
    let at_once = |uses: &[PathUse]| uses.iter().filter(|it| it.when_run).count() as u64;
    let fits = facts.fits.iter().filter(|it| it.when_run).count() as u64;
    format!(
        "When it is run it reads {}, writes {} and trains {}.",
        counted(at_once(&facts.reads), "file", "files"),
        counted(at_once(&facts.writes), "file", "files"),
        counted(fits, "model", "models")
    )
}

fn flow(flow: &ColumnFlow, reads: &[PathUse]) -> CodeFlow {
    CodeFlow {
        read: reads.get(flow.read).map(|read| read.pattern.clone()).unwrap_or_default(),
        from: flow.from.clone(),
        to: flow.to.clone(),
        kind: flow.kind.word().to_owned(),
        except: flow.except.clone(),
        confidence: flow.confidence,
    }
}

/// The cell of a notebook and the line in it; of a script, the line.
fn placed(notebook: Option<&Notebook>, line: u32) -> (Option<u32>, u32) {
    let Some(notebook) = notebook else { return (None, line) };
    let cell = notebook
        .cells
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, cell)| Some((at, cell.first_line.filter(|first| *first <= line)?)));
    cell.map_or((None, line), |(at, first)| (u32::try_from(at + 1).ok(), line - first + 1))
}
