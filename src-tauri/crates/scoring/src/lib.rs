//! Evaluates ONNX models without the framework that made them.
//!
//! A model is read from its bytes, within limits, and prepared once: its graph is checked, what scikit-learn's exports need and the
//! runtime lacks is added (`ops`), and what cannot be evaluated as the standard says is refused by the name of its operator. A prepared
//! model evaluates rows of named inputs to named outputs and keeps nothing between two evaluations.
//!
//! ```no_run
//! # fn main() -> Result<(), proofmark_scoring::ScoringError> {
//! use proofmark_scoring::{Limits, Model, Tensor, Values};
//! let model = Model::from_file(std::path::Path::new("model.onnx"), &Limits::default())?;
//! let rows = Tensor::new(vec![1, 2], Values::F32(vec![0.5, 2.0]))?;
//! let answers = model.evaluate(vec![("X".to_owned(), rows)])?;
//! # Ok(()) }
//! ```

mod answer;
mod error;
pub mod explain;
mod graph;
mod kind;
mod limits;
mod model;
mod ops;
mod plan;
mod table;
mod values;

pub use answer::{Counted, ManyClasses};
pub use error::ScoringError;
pub use kind::Kind;
pub use limits::Limits;
pub use model::{Model, Port};
pub use table::{Cell, Columns};
pub use values::{Tensor, Values};
