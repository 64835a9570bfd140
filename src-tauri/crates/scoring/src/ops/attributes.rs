//! Attributes of an operator, each of its kind or none.

use tract_onnx::pb::{AttributeProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

/// Attributes of one operator.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(&'a NodeProto);

impl<'a> Attributes<'a> {
    pub(super) const fn of(node: &'a NodeProto) -> Self {
        Self(node)
    }

    fn find(self, name: &str) -> Option<&'a AttributeProto> {
        self.0.attribute.iter().find(|it| it.name == name)
    }

    pub(super) fn floats(self, name: &str) -> Option<&'a [f32]> {
        self.find(name).map(|it| it.floats.as_slice()).filter(|it| !it.is_empty())
    }

    pub(super) fn ints(self, name: &str) -> Option<&'a [i64]> {
        self.find(name).map(|it| it.ints.as_slice()).filter(|it| !it.is_empty())
    }

    pub(super) fn texts(self, name: &str) -> TractResult<Option<Vec<String>>> {
        let Some(found) = self.find(name).filter(|it| !it.strings.is_empty()) else { return Ok(None) };
        let texts = found.strings.iter().map(|it| Ok(std::str::from_utf8(it)?.to_owned()));
        texts.collect::<TractResult<Vec<_>>>().map(Some)
    }

    pub(super) fn int(self, name: &str) -> Option<i64> {
        self.find(name).map(|it| it.i)
    }

    pub(super) fn float(self, name: &str) -> Option<f32> {
        self.find(name).map(|it| it.f)
    }

    pub(super) fn text(self, name: &str) -> TractResult<Option<&'a str>> {
        self.find(name).map(|it| Ok(std::str::from_utf8(&it.s)?)).transpose()
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Fails for attributes that are not evaluated here.
    pub(super) fn refuse(self, names: &[&str]) -> TractResult<()> {
        match names.iter().find(|it| self.has(it)) {
            Some(name) => bail!("{}: its attribute {name} is not known here", self.0.op_type),
            None => Ok(()),
        }
    }

    /// Numbers with an index that is not negative.
    pub(super) fn indices(self, name: &str) -> TractResult<Vec<usize>> {
        let found = self.ints(name).unwrap_or_default();
        let index = |it: &i64| usize::try_from(*it).map_err(|_| format_err!("{}: {name} holds {it}", self.0.op_type));
        found.iter().map(index).collect()
    }
}

/// The value for a column: one for all, or one for each. `None` if there are neither one nor as many as columns.
pub(super) fn each<T: Copy>(values: &[T], columns: usize, at: usize) -> Option<T> {
    match values.len() {
        1 => values.first().copied(),
        all if all == columns => values.get(at).copied(),
        _ => None,
    }
}
