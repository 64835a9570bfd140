//! Operators that make no tensor larger than allowed.
//!
//! The runtime computes what hangs on constants alone while it prepares a graph, and a file of a few bytes can make such a constant as large
//! as it likes: by what it writes down, by arithmetic on it, or by putting constants together again and again. So the shape of every answer
//! is looked at between the inference of shapes and the evaluation, for every operator and in graphs within graphs.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{Factoid, InferenceFact, InferenceModelPatch, InferenceNode};
use tract_onnx::tract_hir::internal::*;

use super::kernel::values;

/// Under which name the template of a graph says how many numbers a tensor may have.
const ELEMENTS: &str = "proofmark.elements";
/// Operators that make nothing but what the file holds, and that the runtime looks for by their type.
const AS_THEY_ARE: &[&str] = &["Constant"];

/// Inputs that say how large what is made is to be. The runtime reads them in two widths, so that what its inference of shapes sees of a
/// number is not always what its evaluation does.
const SIZES: &[(&str, &[usize])] = &[
    ("BlackmanWindow", &[0]),
    ("ConstantOfShape", &[0]),
    ("Expand", &[1]),
    ("HammingWindow", &[0]),
    ("HannWindow", &[0]),
    ("MelWeightMatrix", &[0, 1]),
    ("OneHot", &[1]),
    ("Pad", &[1]),
    ("Resize", &[1, 2, 3]),
    ("Tile", &[1]),
];

/// A tensor would have more numbers than allowed.
#[derive(Debug)]
pub(crate) struct Grown {
    operator: String,
}

impl fmt::Display for Grown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what {} is told to make", self.operator)
    }
}

impl std::error::Error for Grown {}

/// What graphs begin with, so that their operators know the limit.
pub(crate) fn template(elements: u64) -> InferenceModel {
    let mut model = InferenceModel::default();
    let most = i64::try_from(elements).unwrap_or(i64::MAX);
    model.properties.insert(ELEMENTS.to_owned(), rctensor0(most));
    model
}

/// Puts all operators of a runtime under the limit.
pub(super) fn all(onnx: &mut Onnx) {
    for (name, builder) in &mut onnx.op_register.0 {
        if !AS_THEY_ARE.contains(&name.as_str()) {
            *builder = build;
        }
    }
}

fn build(context: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    static PLAIN: OnceLock<Onnx> = OnceLock::new();
    let plain = PLAIN.get_or_init(super::plain).op_register.0.get(&node.op_type);
    let (op, closures) = plain.ok_or_else(|| format_err!("{} is not known", node.op_type))?(context, node)?;
    let said = context.template.properties.get(ELEMENTS);
    let most = said.ok_or_else(|| format_err!("the graph has no limit"))?.cast_to_scalar::<i64>()?;
    Ok((Box::new(Bounded { op, operator: node.op_type.clone(), most: most.unsigned_abs() }), closures))
}

#[derive(Debug, Clone)]
struct Bounded {
    op: Box<dyn InferenceOp>,
    operator: String,
    most: u64,
}

impl PartialEq for Bounded {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Bounded {}

impl Bounded {
    fn grown(&self) -> TractError {
        Grown { operator: self.operator.clone() }.into()
    }

    /// Whether all shapes are known.
    fn fits(&self, outputs: &[InferenceFact]) -> TractResult<bool> {
        let mut is_known = true;
        for output in outputs {
            let Some(shape) = output.shape.concretize() else {
                is_known = false;
                continue;
            };
            // What is open is at least one; how large it makes the rest is looked at when rows come.
            let sizes = shape.iter().filter_map(|it| it.to_i64().ok()).map(|it| u64::try_from(it).unwrap_or(0));
            let all = sizes.filter(|it| *it > 0).try_fold(1u64, u64::checked_mul);
            if all.is_none_or(|it| it > self.most) {
                return Err(self.grown());
            }
        }
        Ok(is_known)
    }

    /// Refuses sizes that are larger than all that may be made, whatever they are sizes of.
    fn sizes(&self, inputs: &[&InferenceFact]) -> TractResult<()> {
        let places = SIZES.iter().find(|it| it.0 == self.operator).map_or(&[][..], |it| it.1);
        for value in places.iter().filter_map(|at| inputs.get(*at)?.value.concretize()) {
            if !value.datum_type().is_integer() {
                continue;
            }
            let sizes = values::<i64>(&value)?;
            ensure!(
                self.operator != "Pad" || sizes.iter().all(|it| *it >= 0),
                "a Pad that takes away is not known here"
            );
            if sizes.iter().any(|it| u64::try_from(*it).is_ok_and(|it| it > self.most)) {
                return Err(self.grown());
            }
        }
        Ok(())
    }

    /// The runtime counts the numbers of a `Range` in whole ones and upwards only.
    fn range(&self, inputs: &[&InferenceFact]) -> TractResult<()> {
        let ends: Vec<f64> = inputs
            .iter()
            .map_while(|it| it.value.concretize())
            .map_while(|it| it.cast_to_scalar::<f64>().ok())
            .collect();
        let [from, to, step] = ends[..] else { return Ok(()) };
        let count = (to - from) / step;
        ensure!(step != 0.0 && count.is_finite(), "a Range does not end");
        if count > self.most as f64 {
            return Err(self.grown());
        }
        ensure!(step.fract() == 0.0, "a Range whose steps are no whole numbers is not known here");
        Ok(())
    }
}

impl Op for Bounded {
    fn name(&self) -> StaticName {
        self.op.name()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        self.op.info()
    }

    fn validation(&self) -> Validation {
        self.op.validation()
    }

    not_a_typed_op!();
}

impl EvalOp for Bounded {
    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.op.eval(context, inputs)
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.op.eval_out_of_plan(inputs)
    }

    fn state(&self, context: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        self.op.state(context)
    }
}

type Facts = (TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>);

impl InferenceOp for Bounded {
    fn infer(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        self.sizes(&inputs)?;
        if self.operator == "Range" {
            self.range(&inputs)?;
        }
        let facts = self.infer_facts(inputs.clone(), outputs.clone(), observed.clone())?;
        // What cannot be told before it is made is not made here: it is left to the evaluation.
        if self.fits(&facts.1)? { self.op.infer(inputs, outputs, observed) } else { Ok(facts) }
    }

    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        self.op.infer_facts(inputs, outputs, observed)
    }

    fn observe_outlets(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Vec<OutletId>> {
        self.op.observe_outlets(model, node)
    }

    fn incorporate(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Option<InferenceModelPatch>> {
        self.op.incorporate(model, node)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.op.nboutputs()
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        if self.operator == "Range" {
            // Its length would be a number of a request.
            for input in &node.inputs {
                let known = mapping.get(input).map(|it| target.outlet_fact(*it)).transpose()?;
                ensure!(known.is_some_and(|it| it.konst.is_some()), "the ends of a Range come from the rows");
            }
        }
        self.op.to_typed(source, node, target, mapping)
    }

    as_op!();
}
