//! What a pickle sets on an object, and the arrays that joblib puts behind or beside one.

use std::collections::HashMap;

use super::array;
use super::disguise;
use super::graph::{Blob, Global, Id, Node};
use super::walk::{Companion, Walk};
use crate::model::source::Fault;

/// Companion files of one pickle.
const COMPANIONS: usize = 10_000;

/// Attributes that the unpickler or Python itself looks up on an object and calls.
fn is_reserved(name: &str) -> bool {
    name.starts_with("__")
        && name.ends_with("__")
        && !matches!(name, "__doc__" | "__name__" | "__module__" | "__qualname__")
        || matches!(name, "append" | "extend" | "add")
}

impl Walk<'_, '_> {
    pub(super) fn build(&mut self, at: u64) -> Result<(), Fault> {
        let state = self.pop(at)?;
        let target = self.top(at)?;
        if self.graph.state_names(state).any(is_reserved) {
            self.unverified("sets an attribute that Python calls by itself", at);
        }
        match self.graph.get_mut(target) {
            Some(Node::Object(object)) => object.states.push(state),
            Some(Node::Global(_)) => self.unverified("sets attributes of a class or function", at),
            _ => return Err(Fault::Malformed(at, "sets the state of something that has none".to_owned())),
        }
        let class = self.graph.class(target).map(Global::path);
        match class.as_deref() {
            Some("joblib.numpy_pickle.NumpyArrayWrapper") if self.arrays => self.read_array(target, at),
            Some(
                "joblib.numpy_pickle.NDArrayWrapper"
                | "joblib.numpy_pickle.ZNDArrayWrapper"
                | "joblib.numpy_pickle_compat.NDArrayWrapper"
                | "joblib.numpy_pickle_compat.ZNDArrayWrapper",
            ) => {
                self.trail.joblib = true;
                let file = self.graph.attribute(target, "filename").and_then(|id| self.graph.text(id));
                let file = file.unwrap_or_default().to_owned();
                let compressed = class.is_some_and(|class| class.ends_with(".ZNDArrayWrapper"));
                if self.trail.companions.len() >= COMPANIONS {
                    return Err(Fault::Limit(at, "companion files"));
                }
                self.trail.companions.push(Companion { wrapper: target, file, compressed, at });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads the array that follows a `NumpyArrayWrapper` in a joblib file: for objects a nested pickle, else an
    /// optional padding with its length before it, and the raw elements.
    fn read_array(&mut self, wrapper: Id, at: u64) -> Result<(), Fault> {
        self.trail.joblib = true;
        let layout = array::Layout::of_wrapper(self.graph, wrapper)
            .ok_or_else(|| Fault::Malformed(at, "an array whose type or shape cannot be read".to_owned()))?;
        if layout.has_objects {
            if self.depth >= self.limits.depth {
                return Err(Fault::Limit(at, "nested pickles"));
            }
            let nested = Walk {
                source: self.source,
                graph: self.graph,
                trail: self.trail,
                limits: self.limits,
                member: self.member,
                arrays: false,
                depth: self.depth + 1,
                stack: Vec::new(),
                marks: Vec::new(),
                memo: HashMap::new(),
                places: HashMap::new(),
            };
            let value = nested.run()?;
            if let Some(Node::Object(object)) = self.graph.get_mut(wrapper) {
                object.nested = Some(value);
            }
            return Ok(());
        }
        if layout.padded {
            let padding = self.source.byte("padding")?;
            let padding = self.source.blob(u64::from(padding), u64::from(padding), "padding")?;
            if padding.iter().any(|byte| *byte != 0xff) {
                self.unverified("padding before an array that joblib does not write", at);
            }
        }
        let bytes = layout.bytes().ok_or_else(|| Fault::Malformed(at, "an array of impossible size".to_owned()))?;
        let start = self.source.position();
        let data = self.array_data(bytes, start)?;
        if let Some(Node::Object(object)) = self.graph.get_mut(wrapper) {
            object.data = Some(data);
        }
        Ok(())
    }

    /// The raw elements of an array. All of them are looked through for what `pickle.load` would take for an import.
    fn array_data(&mut self, length: u64, start: u64) -> Result<Blob, Fault> {
        let keep = self.limits.blob_bytes.min(self.limits.retained_bytes.saturating_sub(self.trail.retained));
        let mut search = disguise::Search::default();
        let looked_at = length.min(disguise::LOOKED_AT);
        let head = self.source.each(looked_at, keep, "array data", |block| search.feed(block))?;
        self.source.skip(length - looked_at, "array data")?;
        if looked_at < length {
            self.unverified("an array that is too large to be looked through", start);
        }
        if search.found() {
            self.unverified("array data that reads as an import when loaded with pickle instead of joblib", start);
        }
        self.trail.retained += head.len() as u64;
        Ok(Blob { head: head.into_boxed_slice(), length })
    }
}
