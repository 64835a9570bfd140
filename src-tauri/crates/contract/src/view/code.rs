//! What a script or notebook does, as its code tells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a script or notebook does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CodeReport {
    /// What it does, in one sentence.
    pub sentence: String,
    /// `python` or `notebook`.
    pub format: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CodeUse {
    /// The path; each part that cannot be known is `*`.
    pub path: String,
    /// A table of a database, a sheet of a workbook, a key of a store.
    pub part: Option<String>,
    /// The line, from 1; in a notebook, within its cell.
    pub line: u32,
    /// The cell of a notebook, from 1, markdown cells counted.
    pub cell: Option<u32>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CodeFlow {
    /// The file that it is read from.
    pub read: String,
    /// The column there; `*` for all that the code does not name.
    pub from: String,
    /// The column or feature that it reaches.
    pub to: String,
    /// `identity`, `transformation`, `aggregation`, `conditional`, `join`, `group_by`, `filter` or `sort`.
    pub kind: String,
    /// Columns that do not take part.
    pub except: Vec<String>,
    /// How sure, 0..1.
    pub confidence: f64,
}

/// A model that is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CodeFit {
    /// The line, from 1; in a notebook, within its cell.
    pub line: u32,
    /// The cell of a notebook, from 1.
    pub cell: Option<u32>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CodeColumns {
    /// Columns of what it reads that it names.
    pub used: Vec<String>,
    /// Columns that it makes.
    pub created: Vec<String>,
    /// Columns that it drops.
    pub dropped: Vec<String>,
    /// Old names to new names.
    pub renamed: BTreeMap<String, String>,
    /// What is to be predicted.
    pub target: Option<String>,
}
