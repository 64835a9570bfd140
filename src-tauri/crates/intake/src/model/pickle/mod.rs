//! Pickles of every protocol and flavour, read and never loaded.

pub(crate) mod array;
pub(crate) mod disguise;
pub(crate) mod graph;
pub(crate) mod policy;
pub(crate) mod walk;
