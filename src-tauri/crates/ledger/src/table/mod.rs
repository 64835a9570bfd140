//! One file per table: its rows, its reads and its writes.

pub(crate) mod decision;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod foreign;
pub(crate) mod job;
pub(crate) mod person;
pub(crate) mod project;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod run_edge;
pub(crate) mod run_fact;
pub(crate) mod run_list;
pub(crate) mod run_log;
pub(crate) mod setting;
pub(crate) mod version;
