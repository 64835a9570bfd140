//! A graph prepared for evaluation.
//!
//! Where only the number of rows is open, the graph is prepared once, with a symbol for it. Where the runtime cannot do that, or more is open,
//! it is prepared for the shapes that come, and the last few are kept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{SimplePlan, Symbol, SymbolValues, TDim, ToDim, format_err};

use crate::error::ScoringError;
use crate::graph::{Declared, Graph};
use crate::kind::Kind;
use crate::limits::Limits;
use crate::ops;

/// Preparations for single shapes that are kept.
const KEPT: usize = 4;

/// What an output is, as far as it is known before an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputFact {
    pub(crate) kind: Option<Kind>,
    /// -1 where it is open.
    pub(crate) shape: Vec<i64>,
}

#[derive(Debug)]
struct Prepared {
    plan: Arc<TypedRunnableModel>,
    /// The symbol of the number of rows, if that is open.
    rows: Option<Symbol>,
    /// Shapes of every tensor that is computed on the way, by the number of rows.
    sizes: Vec<TVec<TDim>>,
}

impl Prepared {
    /// Prepares a graph for inputs of these shapes; an open dimension is the number of rows.
    fn of(
        proto: &ModelProto,
        inputs: &[(String, Kind, Vec<Option<usize>>)],
        limits: &Limits,
    ) -> Result<Self, ScoringError> {
        let make = || -> TractResult<Self> {
            let template = ops::template(limits.elements);
            let mut model = ops::runtime().model_for_proto_model_with_model_template(proto, template)?;
            let rows = inputs.iter().any(|it| it.2.contains(&None)).then(|| model.symbols.sym("rows"));
            let outlets = model.input_outlets()?.to_vec();
            for (at, outlet) in outlets.iter().enumerate() {
                let name = model.node(outlet.node).name.clone();
                let (_, kind, shape) = inputs
                    .iter()
                    .find(|it| it.0 == name)
                    .ok_or_else(|| format_err!("the graph has an input {name} that the file does not declare"))?;
                let shape: TVec<TDim> = shape
                    .iter()
                    .map(|it| match (it, &rows) {
                        (Some(size), _) => size.to_dim(),
                        (None, Some(rows)) => rows.clone().into(),
                        (None, None) => 1.to_dim(),
                    })
                    .collect();
                model.set_input_fact(at, InferenceFact::dt_shape(kind.datum(), shape))?;
            }
            let model = model.into_optimized()?;
            let mut sizes: Vec<TVec<TDim>> = Vec::new();
            for node in model.nodes() {
                for output in &node.outputs {
                    let size = output.fact.shape.to_tvec();
                    if !sizes.contains(&size) {
                        sizes.push(size);
                    }
                }
            }
            Ok(Self { plan: SimplePlan::new(model)?, rows, sizes })
        };
        guarded(make)?.map_err(|error| match error.root_cause().downcast_ref::<ops::Grown>() {
            Some(grown) => ScoringError::TooLarge { what: grown.to_string(), limit: numbers(limits) },
            None => ScoringError::Unprepared(chain(&error)),
        })
    }

    /// Whether everything that it computes for so many rows stays within the limit.
    fn fits(&self, rows: usize, limits: &Limits) -> Result<(), ScoringError> {
        let mut values = SymbolValues::default();
        if let Some(symbol) = &self.rows {
            values.set(symbol, rows as i64);
        }
        let too_large = |shape: &TVec<TDim>| {
            // What cannot be told before is told by the runtime.
            let sizes = shape.iter().map(|it| it.eval(&values).to_i64().ok().map(|it| u64::try_from(it).unwrap_or(0)));
            let Some(sizes) = sizes.collect::<Option<Vec<u64>>>() else { return false };
            // Dimension by dimension, because their product need not be a number.
            sizes.iter().all(|it| *it > 0)
                && sizes.iter().try_fold(1u64, |all, it| all.checked_mul(*it)).is_none_or(|it| it > limits.elements)
        };
        if self.sizes.iter().any(too_large) {
            return Err(ScoringError::TooLarge {
                what: format!("what {rows} rows make on their way through the model"),
                limit: numbers(limits),
            });
        }
        Ok(())
    }

    fn facts(&self) -> Result<Vec<OutputFact>, ScoringError> {
        let model = self.plan.model();
        let fact = |at: usize| -> TractResult<OutputFact> {
            let fact = model.output_fact(at)?;
            let shape = fact.shape.iter().map(|it| it.to_i64().unwrap_or(-1)).collect();
            Ok(OutputFact { kind: Kind::of(fact.datum_type), shape })
        };
        let count = model.output_outlets().map_err(|error| ScoringError::Unprepared(chain(&error)))?.len();
        (0..count).map(fact).collect::<TractResult<_>>().map_err(|error| ScoringError::Unprepared(chain(&error)))
    }
}

fn numbers(limits: &Limits) -> String {
    format!("{} numbers in one tensor", limits.elements)
}

/// Shapes of the inputs, and what was prepared for them.
type Single = (Vec<Vec<usize>>, Arc<Prepared>);

/// Everything that is prepared of a model.
#[derive(Debug)]
pub(crate) struct Plans {
    proto: ModelProto,
    /// For every number of rows.
    general: Option<Prepared>,
    /// For shapes that came, the last one at the end.
    single: Mutex<Vec<Single>>,
    pub(crate) outputs: Vec<OutputFact>,
}

impl Plans {
    /// Prepares a graph as far as that can be done before inputs come.
    pub(crate) fn of(graph: Graph, limits: &Limits) -> Result<Self, ScoringError> {
        let inputs = graph.inputs.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        let only_rows = inputs.iter().all(|(_, _, shape)| {
            shape.as_ref().is_some_and(|it| it.iter().enumerate().all(|(at, size)| at == 0 || size.is_some()))
        });
        let mut general = None;
        let mut outputs = Vec::new();
        let mut single = Vec::new();
        if only_rows {
            let open: Vec<_> = inputs
                .iter()
                .map(|(name, kind, shape)| (name.clone(), *kind, shape.clone().unwrap_or_default()))
                .collect();
            match Prepared::of(&graph.proto, &open, limits) {
                Ok(prepared) => {
                    outputs = prepared.facts()?;
                    general = Some(prepared);
                }
                // With a number for the rows more can be said, so this decides whether the model can be evaluated at all.
                Err(_) => {
                    let one: Vec<_> = open
                        .into_iter()
                        .map(|(name, kind, shape)| (name, kind, shape.into_iter().map(|it| it.or(Some(1))).collect()))
                        .collect();
                    let prepared = Prepared::of(&graph.proto, &one, limits)?;
                    outputs = prepared.facts()?;
                    let shapes =
                        one.into_iter().map(|it: (_, _, Vec<Option<usize>>)| it.2.into_iter().flatten().collect());
                    single.push((shapes.collect(), Arc::new(prepared)));
                    for output in &mut outputs {
                        if let Some(first) = output.shape.first_mut() {
                            *first = -1;
                        }
                    }
                }
            }
        }
        Ok(Self { proto: graph.proto, general, single: Mutex::new(single), outputs })
    }

    /// Evaluates. Inputs are in the order of the declared ones, and of their kinds.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Kind, Tensor)>,
        rows: usize,
        limits: &Limits,
    ) -> Result<Vec<Tensor>, ScoringError> {
        let single;
        let prepared = match &self.general {
            Some(prepared) => prepared,
            None => {
                single = self.for_shapes(&inputs, limits)?;
                &*single
            }
        };
        prepared.fits(rows, limits)?;
        let plan = &prepared.plan;
        let run = || -> TractResult<Vec<Tensor>> {
            let mut given: Vec<Option<Tensor>> = Vec::new();
            let mut names: Vec<String> = Vec::new();
            for (name, _, tensor) in inputs {
                names.push(name);
                given.push(Some(tensor));
            }
            let model = plan.model();
            let mut ordered = tvec!();
            for outlet in model.input_outlets()? {
                let name = &model.node(outlet.node).name;
                let tensor = names.iter().position(|it| it == name).and_then(|at| given.get_mut(at)?.take());
                ordered.push(tensor.ok_or_else(|| format_err!("the input {name} was not given"))?.into_tvalue());
            }
            Ok(plan.run(ordered)?.into_iter().map(TValue::into_tensor).collect())
        };
        guarded(run)?.map_err(|error| ScoringError::Failed(chain(&error)))
    }

    fn for_shapes(&self, inputs: &[(String, Kind, Tensor)], limits: &Limits) -> Result<Arc<Prepared>, ScoringError> {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|it| it.2.shape().to_vec()).collect();
        let mut kept = self.single.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|it| it.0 == shapes) {
            let found = kept.remove(at);
            let prepared = Arc::clone(&found.1);
            kept.push(found);
            return Ok(prepared);
        }
        let wanted: Vec<_> = inputs
            .iter()
            .map(|(name, kind, tensor)| (name.clone(), *kind, tensor.shape().iter().map(|it| Some(*it)).collect()))
            .collect();
        let prepared = Arc::new(Prepared::of(&self.proto, &wanted, limits)?);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((shapes, Arc::clone(&prepared)));
        Ok(prepared)
    }
}

type Wanted = (String, Kind, Option<Vec<Option<usize>>>);

fn wanted(input: &Declared) -> Result<Wanted, ScoringError> {
    let kind = input.kind.ok_or_else(|| {
        ScoringError::unsupported("its input", &format!("{:?} is no tensor of numbers or texts", input.name))
    })?;
    Ok((input.name.clone(), kind, input.shape.clone()))
}

/// The runtime panics on some graphs that are none. That is an error of the model, not the end of this process.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ScoringError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        ScoringError::Failed(format!("the runtime gave up: {}", said.unwrap_or("it did not say why")))
    })
}

/// An error with its causes, on one line of bounded length.
fn chain(error: &TractError) -> String {
    const LONGEST: usize = 600;
    let whole: String = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    match whole.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &whole[..at]),
        None => whole,
    }
}
