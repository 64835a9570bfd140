//! What a source does with files, columns and models, as facts that a reader can check line by line.

use std::collections::BTreeMap;

/// A file that the code reads or writes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PathUse {
    /// The path, relative to the project unless absolute; each part that cannot be known is `*`.
    pub pattern: String,
    /// The line on which it happens, from 1, in the source that was read; for a call in another file of the project the
    /// line that leads there. In a notebook, the line in [`Notebook::source`](super::Notebook::source).
    pub line: u32,
    /// The call that does it, such as `pandas.read_csv`.
    pub call: String,
    /// Columns that the call names, or that the code takes from the table it returned; of a write, the columns that the
    /// table is known to have.
    pub columns: Vec<String>,
    /// The part of the file: a table of a database, a sheet of a workbook, a key of an HDF store.
    pub part: Option<String>,
    /// Whether it happens when the source is run with its defaults; otherwise only when somebody calls the function in
    /// which it stands.
    pub when_run: bool,
    /// The file and line of the call itself, when it stands in another file of the project.
    pub place: Option<(String, u32)>,
    /// Of a write: from which columns of what was read its columns are made. Empty when nothing is known.
    pub flows: Vec<ColumnFlow>,
    /// How sure this is, 0..1. 0.9 for a path that is written out, less for each part that had to be concluded.
    pub confidence: f64,
}

/// How a column reaches another, in the words of OpenLineage's column lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// The same values.
    Identity,
    /// Values made from those of the same row.
    Transformation,
    /// Values made from those of many rows.
    Aggregation,
    /// Indirect: decides which of several values a row gets, and is none of them: a mask, the test of a condition.
    Conditional,
    /// Indirect: decides which rows of two tables belong together.
    Join,
    /// Indirect: decides which rows are aggregated together.
    GroupBy,
    /// Indirect: decides which rows are kept.
    Filter,
    /// Indirect: decides the order of rows.
    Sort,
}

impl FlowKind {
    /// Whether values flow, and not only a decision about rows.
    pub fn is_direct(self) -> bool {
        self <= Self::Aggregation
    }

    /// Whether it has to do with the values of one column, and not only with the rows of the whole table.
    pub fn reaches_a_column(self) -> bool {
        self <= Self::Conditional
    }

    /// The word for it: `identity`, `transformation`, `aggregation`, `conditional`, `join`, `group_by`, `filter`, `sort`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Transformation => "transformation",
            Self::Aggregation => "aggregation",
            Self::Conditional => "conditional",
            Self::Join => "join",
            Self::GroupBy => "group_by",
            Self::Filter => "filter",
            Self::Sort => "sort",
        }
    }
}

/// A column of a file that was read, on its way into a column of a file that is written or into a feature of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFlow {
    /// The read that it comes from: a place in [`SourceFacts::reads`].
    pub read: usize,
    /// The column there. `*` stands for every column that the code does not name, less those in [`except`](Self::except).
    pub from: String,
    /// The column or feature that it reaches. `*` beside `from: "*"` means: under its own name. `*` beside a named column
    /// means: the whole table, for indirect kinds, or columns whose names only the data tells. Other names may contain `*`
    /// where the data decides, as `city_*` after `get_dummies`.
    pub to: String,
    /// How.
    pub kind: FlowKind,
    /// Columns that do not take part, when [`from`](Self::from) is `*`.
    pub except: Vec<String>,
    /// How sure this is, 0..1. 0.5 when it may as well be the column of another table.
    pub confidence: f64,
}

/// A model that is trained.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelFit {
    /// The line on which it happens, as in [`PathUse::line`].
    pub line: u32,
    /// The call, such as `fit` or `lightgbm.train`.
    pub call: String,
    /// The class that is trained, such as `sklearn.linear_model.LogisticRegression`, if known; of a pipeline, its last step.
    pub class: Option<String>,
    /// The features, as far as the code names them; `*` stands for the columns that it does not name.
    pub features: Vec<String>,
    /// What is to be predicted.
    pub target: Option<String>,
    /// From which columns of what was read the features and the target are made.
    pub flows: Vec<ColumnFlow>,
    /// Writes that save this model: places in [`SourceFacts::writes`].
    pub saved: Vec<usize>,
    /// Whether it happens when the source is run with its defaults.
    pub when_run: bool,
}

/// What a source does with files and columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceFacts {
    /// What it reads, in order, each once.
    pub reads: Vec<PathUse>,
    /// What it writes, in order, each once.
    pub writes: Vec<PathUse>,
    /// Columns of what it reads that it names.
    pub columns_used: Vec<String>,
    /// Columns that it makes.
    pub columns_created: Vec<String>,
    /// Columns that it drops.
    pub columns_dropped: Vec<String>,
    /// Columns that it renames: old name to new name.
    pub renames: BTreeMap<String, String>,
    /// The column that is to be predicted.
    pub target: Option<String>,
    /// The models that it trains, in order.
    pub fits: Vec<ModelFit>,
    /// Classes of models and transformers that it makes, such as `sklearn.linear_model.LogisticRegression`.
    pub model_classes: Vec<String>,
    /// Files of the project that it imports.
    pub imports: Vec<String>,
    /// What could not be parsed, with its line. The rest was read.
    pub parse_errors: Vec<String>,
}

impl SourceFacts {
    /// Whether it reads or writes anything, or trains a model, when it is run; otherwise it is a library or does nothing with
    /// files.
    pub fn is_entry(&self) -> bool {
        self.reads.iter().chain(&self.writes).any(|found| found.when_run) || self.fits.iter().any(|fit| fit.when_run)
    }
}
