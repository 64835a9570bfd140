//! Numbers from tables: what is in them, what is wrong with them, what is sensitive in them, how two of them differ.
//!
//! The only crate that knows polars and linfa. It reads files and returns domain values; it keeps nothing.

pub mod check;
pub mod drift;
pub mod evaluate;
pub mod facade;
pub mod monitor;
pub mod profile;
pub mod proxy;
mod quarantine;
pub mod sensitive;
pub mod table;
