//! The sensitive columns of a table in a file, and what gives them away.

use std::path::Path;

use proofmark_analysis::facade::{self, Table};
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::SensitivityReport;

use super::never;
use super::rules::reading_at;
use crate::trouble::Answer;

pub use proofmark_analysis::facade::ProxyRequest;

/// The sensitive columns of a table, and whether the others give them away where that is asked. `decided` puts in what people decided.
///
/// # Errors
/// If it cannot be read as a table, or has no column of a name asked for.
pub fn sensitive(
    path: &Path,
    proxies: Option<&ProxyRequest>,
    decided: &dyn Fn(SensitivityReport) -> Answer<SensitivityReport>,
) -> Answer<SensitivityReport> {
    let table = Table::open_as(path, &reading_at(path))?;
    let mut report = facade::sensitive(&table, &never)?;
    report.path = path.to_string_lossy().into_owned();
    let mut report = decided(report)?;
    report.proxies = proxies.map(|request| facade::proxies(&table, &report, request, &never)).transpose()?;
    Ok(report)
}

/// Whether the other columns of a table give its sensitive ones away.
///
/// # Errors
/// If it cannot be read as a table, or has no column of a name asked for.
pub fn proxies(path: &Path, request: &ProxyRequest) -> Answer<ProxyReport> {
    let table = Table::open_as(path, &reading_at(path))?;
    let mut found = facade::sensitive(&table, &never)?;
    found.path = path.to_string_lossy().into_owned();
    Ok(facade::proxies(&table, &found, request, &never)?)
}
