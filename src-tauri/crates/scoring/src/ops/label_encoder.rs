//! `LabelEncoder`: values for values, by a table.

use std::collections::HashMap;
use std::hash::Hash;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, shape, tensor, values};

#[derive(Debug)]
struct LabelEncoder {
    keys: Keys,
    to: Table,
}

#[derive(Debug)]
enum Keys {
    Texts(HashMap<String, usize>),
    Ints(HashMap<i64, usize>),
    /// By their bits; all that are no number are one.
    Floats(HashMap<u32, usize>),
}

/// Values, and the one for keys that are not there.
#[derive(Debug)]
enum Table {
    Texts(Vec<String>, String),
    Ints(Vec<i64>, i64),
    Floats(Vec<f32>, f32),
}

fn bits(value: f32) -> u32 {
    // Both zeros are one key, and so is everything that is no number.
    if value.is_nan() { f32::NAN.to_bits() } else { (value + 0.0).to_bits() }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    let of_tensor = |name: &str| -> TractResult<Option<Tensor>> {
        let found: Option<&TensorProto> = node.attribute.iter().find(|it| it.name == name).and_then(|it| it.t.as_ref());
        found.map(|it| context.load_tensor(it)).transpose()
    };
    let (keys, to) = if let Some(classes) = attributes.texts("classes_strings")? {
        // The first form of the operator: texts to their places.
        let places = (0..classes.len() as i64).collect();
        (keys_of_texts(classes), Table::Ints(places, attributes.int("default_int64").unwrap_or(-1)))
    } else {
        let keys = match of_tensor("keys_tensor")? {
            Some(tensor) => keys_of_tensor(&tensor)?,
            None => {
                if let Some(texts) = attributes.texts("keys_strings")? {
                    keys_of_texts(texts)
                } else if let Some(ints) = attributes.ints("keys_int64s") {
                    keys_of_ints(ints.to_vec())
                } else if let Some(floats) = attributes.floats("keys_floats") {
                    keys_of_floats(floats.to_vec())
                } else {
                    bail!("LabelEncoder has no keys");
                }
            }
        };
        let to = match of_tensor("values_tensor")? {
            Some(tensor) => table_of_tensor(&tensor, of_tensor("default_tensor")?.as_ref())?,
            None => {
                if let Some(texts) = attributes.texts("values_strings")? {
                    Table::Texts(texts, attributes.text("default_string")?.unwrap_or("_Unused").to_owned())
                } else if let Some(ints) = attributes.ints("values_int64s") {
                    Table::Ints(ints.to_vec(), attributes.int("default_int64").unwrap_or(-1))
                } else if let Some(floats) = attributes.floats("values_floats") {
                    Table::Floats(floats.to_vec(), attributes.float("default_float").unwrap_or(-0.0))
                } else {
                    bail!("LabelEncoder has no values");
                }
            }
        };
        (keys, to)
    };
    let values = match &to {
        Table::Texts(it, _) => it.len(),
        Table::Ints(it, _) => it.len(),
        Table::Floats(it, _) => it.len(),
    };
    let last = match &keys {
        Keys::Texts(it) => it.values().max(),
        Keys::Ints(it) => it.values().max(),
        Keys::Floats(it) => it.values().max(),
    };
    ensure!(last.is_some_and(|it| *it < values), "LabelEncoder has {values} values for more keys");
    built(LabelEncoder { keys, to })
}

fn keys_of_texts(keys: Vec<String>) -> Keys {
    Keys::Texts(places(keys.into_iter()))
}

fn keys_of_ints(keys: Vec<i64>) -> Keys {
    Keys::Ints(places(keys.into_iter()))
}

fn keys_of_floats(keys: Vec<f32>) -> Keys {
    Keys::Floats(places(keys.into_iter().map(bits)))
}

/// Where the values of keys are; of a key that is there twice, the first, as in other runtimes.
fn places<T: Eq + Hash>(keys: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut places = HashMap::new();
    for (at, key) in keys.enumerate() {
        places.entry(key).or_insert(at);
    }
    places
}

fn keys_of_tensor(keys: &Tensor) -> TractResult<Keys> {
    Ok(match keys.datum_type() {
        DatumType::String => keys_of_texts(values(keys)?),
        DatumType::I64 => keys_of_ints(values(keys)?),
        DatumType::F32 => keys_of_floats(values(keys)?),
        other => bail!("LabelEncoder has keys of the kind {other:?}"),
    })
}

fn table_of_tensor(to: &Tensor, otherwise: Option<&Tensor>) -> TractResult<Table> {
    fn first<T: Datum>(of: Option<&Tensor>) -> TractResult<Option<T>> {
        Ok(of.map(values::<T>).transpose()?.and_then(|it| it.into_iter().next()))
    }
    Ok(match to.datum_type() {
        DatumType::String => Table::Texts(values(to)?, first(otherwise)?.unwrap_or_else(|| "_Unused".to_owned())),
        DatumType::I64 => Table::Ints(values(to)?, first(otherwise)?.unwrap_or(-1)),
        DatumType::F32 => Table::Floats(values(to)?, first(otherwise)?.unwrap_or(-0.0)),
        other => bail!("LabelEncoder has values of the kind {other:?}"),
    })
}

fn taken<T: Datum>(shape: &[usize], places: &[Option<usize>], from: &[T], otherwise: &T) -> TractResult<Tensor> {
    let one = |place: &Option<usize>| place.and_then(|it| from.get(it)).unwrap_or(otherwise).clone();
    tensor(shape, places.iter().map(one).collect())
}

impl Kernel for LabelEncoder {
    fn name(&self) -> &'static str {
        "LabelEncoder"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(match self.to {
            Table::Texts(..) => DatumType::String,
            Table::Ints(..) => DatumType::I64,
            Table::Floats(..) => DatumType::F32,
        })
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        Ok(tvec!(shape(inputs, 0, self.name())?.clone()))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        let is_text = given.datum_type() == DatumType::String;
        ensure!(is_text == matches!(self.keys, Keys::Texts(_)), "LabelEncoder was given values of another kind");
        let places: Vec<Option<usize>> = match &self.keys {
            Keys::Texts(keys) => values::<String>(given)?.iter().map(|it| keys.get(it).copied()).collect(),
            Keys::Ints(keys) => values::<i64>(given)?.iter().map(|it| keys.get(it).copied()).collect(),
            Keys::Floats(keys) => values::<f32>(given)?.iter().map(|it| keys.get(&bits(*it)).copied()).collect(),
        };
        Ok(tvec!(match &self.to {
            Table::Texts(to, otherwise) => taken(given.shape(), &places, to, otherwise)?,
            Table::Ints(to, otherwise) => taken(given.shape(), &places, to, otherwise)?,
            Table::Floats(to, otherwise) => taken(given.shape(), &places, to, otherwise)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_that_is_there_twice_the_first_counts() {
        let Keys::Ints(keys) = keys_of_ints(vec![1, 2, 1]) else { panic!("other keys") };
        assert_eq!((keys.get(&1), keys.get(&2)), (Some(&0), Some(&1)));
    }
}
