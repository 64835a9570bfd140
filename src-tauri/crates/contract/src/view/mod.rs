//! Requests and answers, a file for each part of the window.

mod code;
mod common;
mod data;
mod environments;
mod files;
mod findings;
mod governance;
mod holds;
mod lineage;
mod models;
mod monitoring;
mod overview;
mod projects;
mod registry;
mod release;
mod rules;
mod runs;
mod settings;

pub use code::*;
pub use common::*;
pub use data::*;
pub use environments::*;
pub use files::*;
pub use findings::*;
pub use governance::*;
pub use holds::*;
pub use lineage::*;
pub use models::*;
pub use monitoring::*;
pub use overview::*;
pub use projects::*;
pub use registry::*;
pub use release::*;
pub use rules::*;
pub use runs::*;
pub use settings::*;
