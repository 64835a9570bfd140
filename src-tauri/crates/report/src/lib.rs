//! Figures and documents, made from domain values only.
//!
//! [`figure`] draws SVG that is the same in the window, in a document and in a file; [`document`] writes self-contained
//! HTML; [`lineage`] writes lineage in the forms that other tools read. All are pure: the same values give the same bytes, and nothing here reads a file, a clock or the network.

#![deny(missing_docs)]

pub mod document;
pub mod figure;
pub mod interop;
pub mod lineage;
pub mod rules;
mod text;
