//! Settings, jobs, and where things lie.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::job::Job;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Whether new data set versions are looked at by themselves.
    pub screen_automatically: bool,
    /// Data sets larger than this are looked at only when asked, in bytes.
    pub screen_size_limit: u64,
    /// Bytes of a run's log that are kept.
    pub log_limit: u64,
    /// Whether the desktop notifies of what failed while the window is not in front.
    pub notifications: bool,
}

/// Settings and where things lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SettingsView {
    /// What a person chose.
    pub settings: Settings,
    /// The folder of ledger, keys and logs.
    pub home: String,
    /// The ledger.
    pub ledger_path: String,
    /// Its bytes.
    pub ledger_size: u64,
    /// The folder of logs.
    pub logs_path: String,
    /// Version of the application.
    pub version: String,
    /// What this machine is.
    pub system: String,
}

/// Changes one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "key", content = "value", rename_all = "snake_case")]
pub enum SettingSet {
    /// Light or dark.
    Theme(Theme),
    /// Whether new data set versions are looked at by themselves.
    ScreenAutomatically(bool),
    /// In bytes.
    ScreenSizeLimit(u64),
    /// In bytes.
    LogLimit(u64),
    /// Whether the desktop notifies of what failed while the window is not in front.
    Notifications(bool),
}

/// Jobs, running ones first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<Job>,
}
