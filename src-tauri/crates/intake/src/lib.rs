//! Reads what others wrote: files, model formats, other tools' records, notebooks, source code, environments.
//!
//! Nothing that is read is ever executed, and nothing of a watched folder is ever written.

pub mod classify;
pub mod environment;
pub mod files;
pub mod git;
pub mod model;
pub mod python;
pub mod records;
pub mod rules;
