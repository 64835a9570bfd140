//! What Proofmark promises, tried from outside: by its command line, its files, and its source.

#![allow(missing_docs, reason = "tests are described by their names")]

mod alerts;
mod bad_input;
mod code;
mod documents;
mod files;
mod gates;
mod gateway;
mod hold;
mod imports;
mod judging;
mod keys;
mod kill;
mod line;
mod lineage;
mod models;
mod monitor;
mod odd_tables;
mod records;
mod recovered;
mod reports;
mod run;
mod sensitive;
mod serve;
mod tables;
mod tail;
mod trust;
mod unnamed_inputs;
