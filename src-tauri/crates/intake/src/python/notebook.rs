//! Notebooks: cells, kernel, execution counts, and what the code in them does.

use proofmark_domain::artifact::RelPath;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{ProjectModules, SourceFacts, facts_of, syntax};

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

/// What is kept of the file: everything but what cells gave out, which may be many megabytes of images.
#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    metadata: Value,
    cells: Option<Vec<FileCell>>,
    worksheets: Vec<Worksheet>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Worksheet {
    cells: Option<Vec<FileCell>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FileCell {
    cell_type: Loose<String>,
    source: Option<Lines>,
    input: Option<Lines>,
    execution_count: Loose<u64>,
    prompt_number: Loose<u64>,
    outputs: Loose<Vec<Output>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Output {
    output_type: Loose<String>,
    ename: Loose<String>,
    evalue: Loose<String>,
}

/// A value of this type, or one of another type that is passed over.
struct Loose<T>(Option<T>);

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Fits(T),
            Other(IgnoredAny),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Fits(value) => Self(Some(value)),
            Either::Other(_) => Self(None),
        })
    }
}

/// Text, in one piece or by lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<Loose<String>>),
    Other(IgnoredAny),
}

impl Lines {
    fn text(self) -> String {
        match self {
            Self::One(text) => text,
            Self::Many(lines) => lines.into_iter().filter_map(|line| line.0).collect(),
            Self::Other(_) => String::new(),
        }
    }
}

/// Reads a notebook of format 3 or 4. Executes nothing.
///
/// # Errors
/// [`NotebookError`] when the text is not JSON or has no cells. Code that does not parse is no error: see
/// [`SourceFacts::parse_errors`].
pub fn read_notebook(json: &str, path: &RelPath, context: &ProjectModules) -> Result<Notebook, NotebookError> {
    let json = json.trim_start_matches('\u{feff}');
    let file: File =
        serde_json::from_str(json).map_err(|source| NotebookError::Json { path: path.to_string(), source })?;
    let sheets = file.worksheets.into_iter().filter_map(|sheet| sheet.cells).flatten().collect::<Vec<_>>();
    let cells = file.cells.or_else(|| (!sheets.is_empty()).then_some(sheets));
    let cells = cells.ok_or_else(|| NotebookError::NoCells { path: path.to_string() })?;
    let text = |pointer: &str| file.metadata.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kernel = Kernel {
        name: text("/kernelspec/name"),
        display_name: text("/kernelspec/display_name"),
        language: text("/kernelspec/language").or_else(|| text("/language_info/name")),
        language_version: text("/language_info/version"),
    };
    let mut found = Vec::new();
    let (mut source, mut line, mut counts, mut places) = (String::new(), 1_u32, Vec::new(), Vec::new());
    for cell in cells {
        let kind = cell.cell_type.0.unwrap_or_else(|| "raw".to_owned());
        let code = cell.source.or(cell.input).map(Lines::text).unwrap_or_default();
        let execution_count = cell.execution_count.0.or(cell.prompt_number.0);
        let outputs = cell.outputs.0.unwrap_or_default();
        let error = outputs.iter().find(|output| output.output_type.0.as_deref() == Some("error"));
        let error = error.map(|error| {
            let part = |part: &Loose<String>| part.0.clone().unwrap_or_default();
            format!("{}: {}", part(&error.ename), part(&error.evalue))
        });
        let mut first_line = None;
        if kind == "code" {
            first_line = Some(line);
            let runnable = runnable(&code);
            let start = source.len();
            source.push_str(&runnable);
            source.push('\n');
            places.push((line, start..source.len()));
            line += runnable.matches('\n').count() as u32 + 1;
            if !code.trim().is_empty() {
                counts.push(execution_count);
            }
        }
        found.push(Cell { kind, source: code, execution_count, outputs: outputs.len(), error, first_line });
    }
    let ran: Vec<u64> = counts.iter().flatten().copied().collect();
    let ran_in_order =
        (!ran.is_empty()).then(|| ran.len() == counts.len() && ran.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let is_python = kernel.language.as_deref().is_none_or(|language| language.to_lowercase().starts_with("python"));
    let facts = if is_python {
        let cells = places.iter().map(|(line, range)| (*line, &source[range.clone()]));
        facts_of(path, context, true, || syntax::parse_cells(cells))
    } else {
        SourceFacts::default()
    };
    Ok(Notebook { cells: found, kernel, source, ran_in_order, facts })
}

/// A cell whose first line is a cell magic: timing magics run the rest as Python, those of the shell, of SQL and of files are
/// kept as one magic, all others are another language.
fn runnable(code: &str) -> String {
    let Some(first) = code.trim_start().strip_prefix("%%") else { return code.to_owned() };
    let magic = first.split_whitespace().next().unwrap_or("");
    if ["time", "timeit", "capture", "prun", "memit", "heat"].contains(&magic) {
        return code.replacen("%%", "#%", 1);
    }
    let (head, rest) = first.split_once('\n').unwrap_or((first, ""));
    let kept: Vec<String> = match magic {
        "writefile" | "file" => vec![format!("%{head}")],
        "sql" => vec![format!("%sql {}", rest.replace('\n', " "))],
        "bash" | "sh" | "script" => {
            let lines = rest.lines().filter(|line| !line.trim_start().starts_with('#')).map(str::trim_end);
            let joined = lines.collect::<Vec<_>>().join("; ").replace("\\; ", " ");
            vec![format!("!{joined}")]
        }
        _ => Vec::new(),
    };
    let lead = code.len() - code.trim_start().len();
    let before = code[..lead].matches('\n').count();
    // The lines stay where they were.
    let mut lines: Vec<String> = vec![String::new(); before];
    lines.extend(kept);
    let all = code.lines().count();
    let skip = lines.len();
    lines.extend(code.lines().skip(skip).map(|line| format!("# {line}")));
    lines.truncate(all.max(1));
    lines.join("\n")
}
