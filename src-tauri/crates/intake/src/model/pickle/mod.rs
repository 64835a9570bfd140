//! Pickles of every protocol and flavour, read and never loaded.

pub(crate) mod array;
mod calls;
pub(crate) mod disguise;
pub(crate) mod graph;
pub(crate) mod policy;
mod state;
pub(crate) mod walk;
