//! Columns that came, went, changed their name or their type.

use std::collections::HashMap;

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::profile::TableProfile;

use super::finding::{About, finding};
use super::reference::Reference;
use super::stats::{edits, ks, sorted};
use super::view::{View, ViewColumn};

/// How alike two columns are in content, 0..1.
pub fn likeness(a: &ViewColumn, b: &ViewColumn) -> f64 {
    if let (Some((x, _)), Some((y, _))) = (a.numbers(), b.numbers()) {
        let (x, y) = (sorted(x.iter().copied()), sorted(y.iter().copied()));
        return if x.is_empty() || y.is_empty() { 0.0 } else { 1.0 - ks(&x, &y) };
    }
    if let (Some(x), Some(y)) = (a.times(), b.times()) {
        let line = |v: &[i64]| sorted(v.iter().filter(|v| **v != i64::MIN).map(|v| *v as f64));
        let (x, y) = (line(x), line(y));
        return if x.is_empty() || y.is_empty() { 0.0 } else { 1.0 - 0.5 * ks(&x, &y) };
    }
    if let (Some((_, x, xc)), Some((_, y, yc))) = (a.texts(), b.texts()) {
        let (nx, ny) = (xc.iter().sum::<u64>().max(1) as f64, yc.iter().sum::<u64>().max(1) as f64);
        let known: HashMap<&str, f64> = y.iter().zip(yc).map(|(w, c)| (w.as_str(), *c as f64 / ny)).collect();
        let shared: f64 =
            x.iter().zip(xc).map(|(w, c)| known.get(w.as_str()).copied().unwrap_or(0.0).min(*c as f64 / nx)).sum();
        let unlike = x.len() as f64 > 0.5 * nx && y.len() as f64 > 0.5 * ny;
        let length = |w: &[String]| w.iter().map(|w| w.chars().count()).sum::<usize>() as f64 / w.len().max(1) as f64;
        let shape = 1.0 - ((length(x) - length(y)).abs() / length(x).max(length(y)).max(1.0));
        return if unlike { shared.max(0.8 * shape) } else { shared };
    }
    if matches!((&a.data, &b.data), (super::view::Data::Other, super::view::Data::Other)) && a.stored == b.stored {
        0.75
    } else {
        0.0
    }
}

fn name_likeness(a: &str, b: &str) -> f64 {
    let plain = |s: &str| s.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (a, b) = (plain(a), plain(b));
    if a == b {
        return 1.0;
    }
    let longest = a.chars().count().max(b.chars().count()).max(1);
    let near = edits(&a, &b, longest).map_or(0.0, |d| 1.0 - d as f64 / longest as f64);
    if !a.is_empty() && !b.is_empty() && (a.contains(&b) || b.contains(&a)) { near.max(0.7) } else { near }
}

fn family(stored: &str) -> &'static str {
    if stored.starts_with("int")
        || stored.starts_with("uint")
        || stored.starts_with("float")
        || stored.starts_with("decimal")
    {
        "number"
    } else if stored.starts_with("date") {
        "time"
    } else if stored == "bool" {
        "bool"
    } else {
        "text"
    }
}

/// Whether the values are true and false, or as good as that: 0 and 1, or the words.
fn says_yes_or_no(column: &ViewColumn) -> bool {
    if let Some((values, _)) = column.numbers() {
        return values.iter().all(|it| it.is_nan() || *it == 0.0 || *it == 1.0);
    }
    if let Some((_, words, _)) = column.texts() {
        return words.iter().all(|it| ["true", "false"].iter().any(|word| it.trim().eq_ignore_ascii_case(word)));
    }
    column.stored == "bool"
}

/// Compares the columns; returns the earlier name of each renamed one.
pub fn check(
    view: &View,
    profile: &TableProfile,
    reference: Option<&Reference<'_>>,
    findings: &mut Vec<Finding>,
) -> HashMap<String, String> {
    super::structure::constant(profile, reference.map(|r| r.profile), findings);
    let mut renamed = HashMap::new();
    let Some(reference) = reference else { return renamed };
    let mut added: Vec<&ViewColumn> =
        view.columns.iter().filter(|c| reference.view.column(&c.name).is_none()).collect();
    let mut dropped: Vec<&ViewColumn> =
        reference.view.columns.iter().filter(|c| view.column(&c.name).is_none()).collect();
    // Without a header, columns are known by their place.
    let headless = profile.reading.has_header == Some(false) && reference.profile.reading.has_header != Some(false);
    if headless && view.columns.len() == reference.view.columns.len() {
        return view
            .columns
            .iter()
            .zip(&reference.view.columns)
            .map(|(now, then)| (now.name.clone(), then.name.clone()))
            .collect();
    }
    let position = |columns: &[ViewColumn], name: &str| columns.iter().position(|c| c.name == name);
    let mut pairs: Vec<(f64, &ViewColumn, &ViewColumn)> = Vec::new();
    // With thousands of other names nothing was renamed: this is another table.
    let comparable = added.len() * dropped.len() <= 2_500;
    for now in added.iter().filter(|_| comparable) {
        for then in &dropped {
            let content = likeness(now, then);
            let name = name_likeness(&now.name, &then.name);
            let same_place = position(&view.columns, &now.name) == position(&reference.view.columns, &then.name);
            let score = 0.6 * content + 0.3 * name + if same_place { 0.15 } else { 0.0 };
            let alike = (content > 0.7 || name > 0.8 && content > 0.3) && score > 0.6;
            // The only one that came in the place of the only one that went, with values of the same kind and range.
            let only =
                added.len() == 1 && dropped.len() == 1 && same_place && family(&now.stored) == family(&then.stored);
            let named = name >= 0.7 && same_place && family(&now.stored) == family(&then.stored);
            if alike || (only || named) && content > 0.15 {
                pairs.push((score.max(0.6), now, then));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (score, now, then) in pairs {
        if !added.iter().any(|c| c.name == now.name) || !dropped.iter().any(|c| c.name == then.name) {
            continue;
        }
        added.retain(|c| c.name != now.name);
        dropped.retain(|c| c.name != then.name);
        renamed.insert(now.name.clone(), then.name.clone());
        let message = format!(
            "`{}` of the reference is gone, and `{}` with like content is new: probably renamed.",
            then.name, now.name
        );
        let advice =
            "Rename it back or change what reads it. A program that asks for the old name fails or uses a default.";
        findings.push(
            finding(
                FindingKind::ColumnRenamed,
                &[&now.name, &then.name],
                Severity::Error,
                score.min(0.98),
                message,
                advice,
            )
            .measure("likeness of content", likeness(now, then), Some(0.7)),
        );
    }
    for column in dropped {
        let message = format!("`{}` of the reference is missing.", column.name);
        let advice = "Bring it back, or retrain without it. A model that needs it fails or gets a default.";
        findings.push(finding(FindingKind::ColumnDropped, &[&column.name], Severity::Error, 1.0, message, advice));
    }
    for column in added {
        let message = format!("`{}` is new; the reference does not have it.", column.name);
        let advice = "Find out what it means and whether it may be used before a model is trained on it.";
        findings.push(finding(FindingKind::ColumnAdded, &[&column.name], Severity::Warn, 1.0, message, advice));
    }
    for column in &view.columns {
        let Some(then) = reference.view.column(renamed.get(&column.name).unwrap_or(&column.name)) else { continue };
        let (now_family, then_family) = (family(&column.stored), family(&then.stored));
        let values = column.hashes.iter().filter(|h| **h != 0).count();
        let values_then = then.hashes.iter().filter(|h| **h != 0).count();
        let integral = then.stored.starts_with("int")
            && column.stored.starts_with("float")
            && column.numbers().is_some_and(|(v, _)| v.iter().any(|v| v.is_finite() && v.fract() != 0.0));
        if values == 0 || values_then == 0 || (now_family == then_family && !integral) {
            continue;
        }
        let message = format!("`{}` is stored as {}; in the reference as {}.", column.name, column.stored, then.stored);
        if says_yes_or_no(column) && says_yes_or_no(then) {
            let message = format!("{message} The values are the same, yes and no.");
            let advice = "Nothing needs to be done where true counts as 1, as in most libraries.";
            findings.push(finding(FindingKind::TypeChange, &[&column.name], Severity::Info, 0.9, message, advice));
            continue;
        }
        let advice =
            "Convert it back at the source. The same code then sees categories where it saw quantities, or fails.";
        let severity = if now_family == then_family { Severity::Warn } else { Severity::Error };
        findings.push(finding(FindingKind::TypeChange, &[&column.name], severity, 0.9, message, advice));
    }
    renamed
}
