//! One file for each part of the contract; one method for each of its commands.

pub mod adhoc;
pub mod code;
mod data;
mod drift;
mod figures;
mod files;
mod gates;
mod governance;
mod import;
mod models;
mod overview;
mod people;
mod projects;
mod registry;
mod release;
mod runs;
mod sample;
mod search;
mod settings;
mod wording;

pub(crate) use import::is_own_record;
