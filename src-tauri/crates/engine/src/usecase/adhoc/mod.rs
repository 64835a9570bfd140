//! Questions about a file that need no project: for the command line and for other programs.

mod check;
mod drift;
mod log;
mod model;
mod profile;
mod quarantine;
mod rules;
mod sensitive;

use std::path::Path;

use proofmark_domain::artifact::RelPath;
use proofmark_intake::files::label_of;

pub use super::tail::Follower;
pub use crate::config::reading::{Said, read_options};
pub use check::{CheckBeside, check};
pub use drift::{DriftWishes, drift};
pub use log::{MonitorFiles, MonitorWishes, monitor, tail, write_monitor};
pub use model::{ModelVerdict, VerifyOptions, inspect, verify_model};
pub use profile::{ProfileWishes, merge_profiles, profile, side_by_side};
pub use proofmark_analysis::facade::ReadOptions;
pub(crate) use quarantine::quarantine_until;
pub use quarantine::{AsideFinding, SetAside, quarantine};
pub use rules::{
    ForeignRules, RuleFormat, RuleTrial, RulesInForce, export_rules, import_rules, rules_text, suggest_rules, try_rules,
};
pub use sensitive::{ProxyRequest, proxies, sensitive};

/// Never stops: a command that a person stops ends as a process.
pub(super) fn never() -> bool {
    false
}

/// A file's label inside a folder, for documents that name both.
pub fn label(root: &Path, path: &Path) -> RelPath {
    label_of(root, path).unwrap_or_else(|_| RelPath::new(path.to_string_lossy()))
}
