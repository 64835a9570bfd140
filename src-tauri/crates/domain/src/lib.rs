//! The words of Proofmark and the rules that bind them.
//!
//! Everything here is a value or a pure decision. There is no IO, no clock and no randomness: times, ids and
//! digests come in as arguments, so that every rule can be tested without a machine around it.
//!
//! The serialised form of these types is the one that the command line prints with `--json`, that the window
//! receives and that reports are made from. Names are snake_case throughout, and a missing fact is `null`.

#![deny(missing_docs)]

pub mod artifact;
pub mod attention;
pub mod basis;
pub mod check;
pub mod counts;
pub mod digest;
pub mod drift;
pub mod environment;
pub mod evaluation;
pub mod foreign;
pub mod gate;
pub mod hold;
pub mod id;
pub mod inference;
pub mod job;
pub mod lineage;
pub mod masking;
pub mod model;
pub mod monitor;
pub mod path_pattern;
pub mod person;
pub mod prediction;
pub mod profile;
pub mod profile_pair;
pub mod project;
pub mod proxy;
pub mod registry;
pub mod release;
pub mod retention;
pub mod rules;
pub mod run;
pub mod sensitive;
pub mod series;
pub mod standing;
pub mod time;

pub use basis::{Basis, Confidence};
pub use digest::Digest;
pub use time::Timestamp;
