//! What the runtime wants to know of an operator, for all of ours.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

/// An operator of ours: of inputs to outputs, without a state.
pub(super) trait Kernel: std::fmt::Debug + Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Kinds of its outputs.
    fn kinds(&self) -> TVec<DatumType>;

    /// Shapes of its outputs, of those of its inputs.
    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>>;

    /// Its outputs.
    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>>;
}

/// An operator as the runtime reads it from a file.
pub(super) type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Hands a kernel to the runtime.
pub(super) fn built(kernel: impl Kernel) -> Built {
    Ok((expand(Own(Arc::new(kernel))), Vec::new()))
}

/// Two are the same if they are one.
#[derive(Debug, Clone)]
struct Own(Arc<dyn Kernel>);

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Own {}

impl Expansion for Own {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.0.kinds().len())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let kinds = self.0.kinds();
        ensure!(outputs.len() == kinds.len(), "{} has {} outputs", self.0.name(), kinds.len());
        for (output, kind) in outputs.iter().zip(kinds) {
            solver.equals(&output.datum_type, kind)?;
        }
        solver.given_all(inputs.iter().map(|it| &it.shape), move |solver, shapes: Vec<TVec<TDim>>| {
            for (output, shape) in outputs.iter().zip(self.0.shapes(&shapes)?) {
                solver.equals(&output.shape, shape)?;
            }
            Ok(())
        })
    }
}

impl Op for Own {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    op_as_typed_op!();
}

impl EvalOp for Own {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(self.0.run(&inputs)?.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for Own {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shapes: Vec<TVec<TDim>> = inputs.iter().map(|it| it.shape.to_tvec()).collect();
        let outputs = self.0.shapes(&shapes)?;
        Ok(self.0.kinds().into_iter().zip(outputs).map(|(kind, shape)| kind.fact(shape)).collect())
    }

    as_op!();
}

/// The input at a place.
pub(super) fn input<'a>(inputs: &'a [TValue], at: usize, name: &str) -> TractResult<&'a Tensor> {
    inputs.get(at).map(|it| &**it).ok_or_else(|| format_err!("{name} lacks its input {at}"))
}

/// The shape of the input at a place.
pub(super) fn shape<'a>(inputs: &'a [TVec<TDim>], at: usize, name: &str) -> TractResult<&'a TVec<TDim>> {
    inputs.get(at).ok_or_else(|| format_err!("{name} lacks its input {at}"))
}

/// The numbers of a tensor, in double precision, which holds those of single precision exactly.
pub(super) fn numbers(tensor: &Tensor) -> TractResult<Vec<f64>> {
    let cast = tensor.cast_to::<f64>()?;
    Ok(cast.to_plain_array_view::<f64>()?.iter().copied().collect())
}

/// The values of a tensor of this kind.
pub(super) fn values<T: Datum>(tensor: &Tensor) -> TractResult<Vec<T>> {
    let cast = tensor.cast_to::<T>()?;
    Ok(cast.to_plain_array_view::<T>()?.iter().cloned().collect())
}

/// A tensor of a shape.
pub(super) fn tensor<T: Datum>(shape: &[usize], values: Vec<T>) -> TractResult<Tensor> {
    Ok(Tensor::from(tract_ndarray::ArrayD::from_shape_vec(shape.to_vec(), values)?))
}

/// Rows and columns of a matrix; a list is one row.
pub(super) fn rows(tensor: &Tensor, name: &str) -> TractResult<(usize, usize)> {
    match tensor.shape() {
        [columns] => Ok((1, *columns)),
        [rows, columns] => Ok((*rows, *columns)),
        other => bail!("{name} takes a matrix, and was given the shape {other:?}"),
    }
}

/// Number of rows of a matrix of this shape; a list is one row.
pub(super) fn row_count(shape: &[TDim], name: &str) -> TractResult<TDim> {
    match shape {
        [_] => Ok(1.to_dim()),
        [rows, _] => Ok(rows.clone()),
        other => bail!("{name} takes a matrix, and was given {} dimensions", other.len()),
    }
}
