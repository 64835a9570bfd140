//! A model that is ready to be evaluated.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

use crate::error::ScoringError;
use crate::graph;
use crate::kind::Kind;
use crate::limits::Limits;
use crate::plan::Plans;
use crate::values::Tensor;

/// An input or an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// What it holds; `None` where that is known only after an evaluation.
    pub kind: Option<Kind>,
    /// Its dimensions, -1 where they are open; `None` where not even their number is known.
    pub shape: Option<Vec<i64>>,
    /// Of an output whose columns stand for classes: their names.
    pub classes: Option<Vec<String>>,
}

/// A model that is ready to be evaluated. It can be used by several threads at once.
#[derive(Debug)]
pub struct Model {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    metadata: Vec<(String, String)>,
    plans: Plans,
    limits: Limits,
}

impl Model {
    /// Reads and prepares a model.
    ///
    /// # Errors
    /// If it is damaged, larger than allowed, keeps weights in further files, or has operators that are not known here.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self, ScoringError> {
        let graph = graph::read(bytes, limits)?;
        let open = |shape: &Vec<Option<usize>>| -> Vec<i64> {
            shape.iter().map(|it| it.and_then(|it| i64::try_from(it).ok()).unwrap_or(-1)).collect()
        };
        let port = |it: &graph::Declared| Port {
            name: it.name.clone(),
            kind: it.kind,
            shape: it.shape.as_ref().map(open),
            classes: it.classes.clone(),
        };
        let inputs: Vec<Port> = graph.inputs.iter().map(port).collect();
        let mut outputs: Vec<Port> = graph.outputs.iter().map(port).collect();
        let metadata = graph.metadata.clone();
        let plans = Plans::of(graph, limits)?;
        // What the graph computes is what comes; what the file declares of its outputs may be less, or a dictionary.
        for (output, fact) in outputs.iter_mut().zip(&plans.outputs) {
            output.kind = fact.kind.or(output.kind);
            output.shape = Some(fact.shape.clone());
        }
        Ok(Self { inputs, outputs, metadata, plans, limits: *limits })
    }

    /// Reads and prepares the model in a file.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], and if the file cannot be read.
    pub fn from_file(path: &Path, limits: &Limits) -> Result<Self, ScoringError> {
        let mut bytes = Vec::new();
        // One byte beyond the limit is enough to tell that there is more.
        File::open(path)?.take(limits.file.saturating_add(1)).read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes, limits)
    }

    /// Its inputs, in the order of the file.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// Its outputs, in the order of the file.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// What its maker wrote into it by names.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    /// Evaluates rows of named inputs to all outputs, in their order.
    ///
    /// # Errors
    /// If an input is missing, unknown, or of another kind or shape; if it would take more than allowed; if the evaluation fails.
    pub fn evaluate(&self, mut given: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>, ScoringError> {
        let mut ready = Vec::with_capacity(self.inputs.len());
        let mut rows: Option<(usize, &str)> = None;
        for input in &self.inputs {
            let at = given.iter().position(|it| it.0 == input.name).ok_or_else(|| {
                let all: Vec<&str> = self.inputs.iter().map(|it| it.name.as_str()).collect();
                ScoringError::Input(format!(
                    "the input {} was not given; the model takes {}",
                    input.name,
                    all.join(", ")
                ))
            })?;
            let (name, tensor) = given.swap_remove(at);
            self.fits(input, &tensor)?;
            if let (Some(shape), Some(count)) = (&input.shape, tensor.shape().first())
                && shape.first() == Some(&-1)
            {
                match rows {
                    Some((other, named)) if other != *count => {
                        return Err(ScoringError::Input(format!("{named} has {other} rows, and {name} has {count}")));
                    }
                    _ => rows = Some((*count, &input.name)),
                }
            }
            let kind = input.kind.ok_or_else(|| ScoringError::Failed(format!("the kind of {name} is not known")))?;
            let inner = tensor.into_inner(&name, kind)?;
            ready.push((name, kind, inner));
        }
        if let Some((name, _)) = given.first() {
            return Err(ScoringError::Input(format!("the model has no input {name}, or it was given twice")));
        }
        let rows = rows.map_or(1, |it| it.0);
        if rows == 0 {
            return Err(ScoringError::Input("no row was given".to_owned()));
        }
        let answers = self.plans.run(ready, rows, &self.limits)?;
        if answers.len() != self.outputs.len() {
            return Err(ScoringError::Failed("it answered other outputs than it declares".to_owned()));
        }
        self.outputs
            .iter()
            .zip(&answers)
            .map(|(port, answer)| Ok((port.name.clone(), Tensor::from_inner(answer)?)))
            .collect()
    }

    fn fits(&self, input: &Port, tensor: &Tensor) -> Result<(), ScoringError> {
        let count = tensor.values().len() as u64;
        if count > self.limits.elements {
            return Err(ScoringError::TooLarge {
                what: format!("the input {}", input.name),
                limit: format!("{} numbers", self.limits.elements),
            });
        }
        let Some(wanted) = &input.shape else { return Ok(()) };
        let given = tensor.shape();
        let is_same = wanted.len() == given.len()
            && wanted.iter().zip(given).all(|(wanted, given)| *wanted == -1 || usize::try_from(*wanted) == Ok(*given));
        if is_same {
            return Ok(());
        }
        Err(ScoringError::Input(format!(
            "the input {} has the shape {wanted:?} (-1 is open), not {given:?}",
            input.name
        )))
    }
}
