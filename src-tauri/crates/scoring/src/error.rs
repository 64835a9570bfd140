//! Why a model cannot be read or evaluated.

use thiserror::Error;

/// Why a model cannot be read or evaluated.
#[derive(Debug, Error)]
pub enum ScoringError {
    /// The file cannot be read.
    #[error("the model cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The bytes are no whole ONNX model.
    #[error("it is no whole ONNX model: {0}")]
    Damaged(String),
    /// It, or what it would need, is larger than allowed.
    #[error("{what} is larger than the {limit} that are allowed")]
    TooLarge {
        /// What is.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// Its weights lie in further files.
    #[error("its weights lie in a further file ({0}), which is not read")]
    ExternalData(String),
    /// An operator is not known here, or not in the form that the model uses.
    #[error("the operator {operator} cannot be evaluated here{why}")]
    Unsupported {
        /// Its name, with its domain where it is not that of ONNX itself.
        operator: String,
        /// Why, with a colon before it; empty where it is not known at all.
        why: String,
    },
    /// The graph holds together, but cannot be prepared.
    #[error("its graph cannot be prepared: {0}")]
    Unprepared(String),
    /// What was given does not fit the inputs.
    #[error("{0}")]
    Input(String),
    /// The evaluation failed.
    #[error("the model could not be evaluated: {0}")]
    Failed(String),
}

impl ScoringError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    pub(crate) fn unsupported(operator: impl Into<String>, why: &str) -> Self {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        Self::Unsupported { operator: operator.into(), why }
    }

    /// Whether what was given is at fault, not the model.
    pub const fn is_input(&self) -> bool {
        matches!(self, Self::Input(_))
    }
}
