//! What Proofmark promises, tried from outside: by its command line, its files, and its source.

#![allow(missing_docs, reason = "tests are described by their names")]

mod bad_input;
mod code;
mod documents;
mod files;
mod imports;
mod kill;
mod line;
mod records;
mod lineage;
mod recovered;
mod monitor;
mod run;
mod trust;
mod sensitive;
mod tables;
