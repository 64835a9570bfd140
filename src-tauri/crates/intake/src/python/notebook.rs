//! Notebooks: cells, kernel, execution counts, and what the code in them does.

use proofmark_domain::artifact::RelPath;
use serde_json::Value;

use super::{ProjectModules, SourceFacts, facts_of};

/// A cell of a notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// `code`, `markdown` or `raw`.
    pub kind: String,
    /// Its text.
    pub source: String,
    /// The number that it got when it last ran, if it ran.
    pub execution_count: Option<u64>,
    /// Number of outputs that are stored.
    pub outputs: usize,
    /// The name and message of an exception that is stored as an output.
    pub error: Option<String>,
    /// The first line of this cell in [`Notebook::source`], from 1; `None` for cells that are not code.
    pub first_line: Option<u32>,
}

/// The kernel that a notebook names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kernel {
    /// Name, such as `python3`.
    pub name: Option<String>,
    /// Name for people.
    pub display_name: Option<String>,
    /// Language, such as `python`.
    pub language: Option<String>,
    /// Version of the language.
    pub language_version: Option<String>,
}

/// A notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    /// Its cells in order.
    pub cells: Vec<Cell>,
    /// Its kernel.
    pub kernel: Kernel,
    /// The code of all cells, in the order of the file, one after the other.
    pub source: String,
    /// Whether the execution counts rise from cell to cell without a gap, as they do after "run all". `None` when no
    /// cell ever ran.
    pub ran_in_order: Option<bool>,
    /// What the code does, if it is Python.
    pub facts: SourceFacts,
}

/// Why a notebook could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    /// It is not JSON.
    #[error("{path} is no notebook: {source}. Nothing was changed; open and save it in Jupyter, or restore it.")]
    Json {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It is JSON without cells.
    #[error("{path} is no notebook: it has no list of cells. Nothing was changed; check that it is the right file.")]
    NoCells {
        /// The file.
        path: String,
    },
}

/// Reads a notebook of format 3 or 4. Executes nothing.
///
/// # Errors
/// [`NotebookError`] when the text is not JSON or has no cells. Code that does not parse is no error: see
/// [`SourceFacts::parse_errors`].
pub fn read_notebook(json: &str, path: &RelPath, context: &ProjectModules) -> Result<Notebook, NotebookError> {
    let document: Value =
        serde_json::from_str(json).map_err(|source| NotebookError::Json { path: path.to_string(), source })?;
    let cells = document.get("cells").or_else(|| document.pointer("/worksheets/0/cells")).and_then(Value::as_array);
    let cells = cells.ok_or_else(|| NotebookError::NoCells { path: path.to_string() })?;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kernel = Kernel {
        name: text("/metadata/kernelspec/name"),
        display_name: text("/metadata/kernelspec/display_name"),
        language: text("/metadata/kernelspec/language").or_else(|| text("/metadata/language_info/name")),
        language_version: text("/metadata/language_info/version"),
    };
    let mut found = Vec::new();
    let (mut source, mut line, mut counts) = (String::new(), 1_u32, Vec::new());
    for cell in cells {
        let kind = cell.get("cell_type").and_then(Value::as_str).unwrap_or("raw").to_owned();
        let code = lines(cell.get("source").or_else(|| cell.get("input")));
        let execution_count = cell.get("execution_count").or_else(|| cell.get("prompt_number")).and_then(Value::as_u64);
        let outputs = cell.get("outputs").and_then(Value::as_array);
        let error = outputs
            .into_iter()
            .flatten()
            .find(|output| output.get("output_type").and_then(Value::as_str) == Some("error"));
        let error = error.map(|error| {
            let part = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
            format!("{}: {}", part("ename"), part("evalue"))
        });
        let mut first_line = None;
        if kind == "code" {
            first_line = Some(line);
            let runnable = runnable(&code);
            source.push_str(&runnable);
            source.push('\n');
            line += runnable.matches('\n').count() as u32 + 1;
            if !code.trim().is_empty() {
                counts.push(execution_count);
            }
        }
        let outputs = outputs.map_or(0, Vec::len);
        found.push(Cell { kind, source: code, execution_count, outputs, error, first_line });
    }
    let ran: Vec<u64> = counts.iter().flatten().copied().collect();
    let ran_in_order =
        (!ran.is_empty()).then(|| ran.len() == counts.len() && ran.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let is_python = kernel.language.as_deref().is_none_or(|language| language.to_lowercase().starts_with("python"));
    let facts = if is_python { facts_of(&source, path, context, true) } else { SourceFacts::default() };
    Ok(Notebook { cells: found, kernel, source, ran_in_order, facts })
}

fn lines(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// A cell whose first line is a cell magic: timing magics run the rest as Python, all others are another language.
fn runnable(code: &str) -> String {
    let Some(first) = code.trim_start().strip_prefix("%%") else { return code.to_owned() };
    let magic = first.split_whitespace().next().unwrap_or("");
    if ["time", "timeit", "capture", "prun"].contains(&magic) {
        let rest: String = code.replacen("%%", "#%", 1);
        return rest;
    }
    code.lines().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n")
}
