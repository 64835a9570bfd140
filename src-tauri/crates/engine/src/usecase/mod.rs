//! One file for each part of the contract; one method for each of its commands.

pub mod adhoc;
pub mod code;
mod data;
mod dossier;
mod drift;
mod environments;
mod figures;
mod files;
mod gates;
mod governance;
mod import;
mod lineage;
mod lineage_export;
mod models;
mod monitoring;
mod overview;
mod people;
mod projects;
mod proxies;
mod registry;
mod release;
mod review;
mod run_filter;
mod runs;
mod sample;
mod search;
mod settings;
mod submission;
mod trace;
mod trust;
mod wording;

pub use dossier::Dossier;
pub(crate) use import::is_own_record;
pub(crate) use projects::counted;
pub(crate) use search::Shelf;
