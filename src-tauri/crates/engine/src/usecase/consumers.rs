//! Who is known to use a released version: from what was taken out on this machine, and from the logs of predictions that were read.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::counts::counted;
use proofmark_domain::monitor::ModelMonitor;
use proofmark_domain::release::ModelName;
use proofmark_ledger::{AuditEntry, ReportKind, Tag};
use proofmark_registry::registry::Fetched;

use crate::Engine;
use crate::trouble::{Answer, Trouble, sentence};

/// What is written into the audit when a version is taken out.
const FETCHED: &str = "registry.fetch";
/// Entries of the audit about one version that are looked at.
const ENTRIES: u64 = 1_000;
impl Engine {
    /// Who is known to use a version. Only what this machine has seen can be known: reading a registry leaves no trace in it.
    ///
    /// # Errors
    /// If the name is none, or the ledger cannot be read.
    pub fn version_consumers(&self, request: VersionRef) -> Answer<ConsumerList> {
        let model = ModelName::new(&request.model)
            .map_err(|error| Trouble::new(ErrorCode::InvalidRequest, sentence(&error.to_string())))?;
        let mut consumers = self.who_fetched(&model, request.version)?;
        consumers.extend(self.who_asked(&model, request.version)?);
        consumers.sort_by_key(|it| std::cmp::Reverse((it.last, it.count)));
        let sentence = describe(&consumers, request.version);
        Ok(ConsumerList { consumers, sentence })
    }

    /// Notes that a version was taken out, and where to.
    pub(crate) fn note_fetch(&self, fetched: &Fetched) -> Answer<()> {
        let entry = AuditEntry::new(self.actor(), FETCHED, format!("{}/{}", fetched.model, fetched.version));
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("folder", std::path::absolute(&fetched.folder).unwrap_or_default().to_string_lossy());
            write.stale(Tag::Releases);
            Ok(())
        })
    }

    fn who_fetched(&self, model: &ModelName, version: u64) -> Answer<Vec<Consumer>> {
        let object = format!("{model}/{version}");
        let entries = self.ledger().read::<_, Trouble>(|read| Ok(read.audit().latest(Some(&object), ENTRIES)?))?;
        let mut found: BTreeMap<(String, String), Consumer> = BTreeMap::new();
        for record in entries.into_iter().filter(|it| it.entry.action == FETCHED) {
            let place = record.entry.detail.get("folder").and_then(|it| it.as_str()).unwrap_or("an unknown folder");
            let key = (record.entry.actor.clone(), place.to_owned());
            // Newest first, so the first one of each is the last time.
            let consumer = found.entry(key).or_insert_with(|| Consumer {
                kind: ConsumerKind::Fetched,
                name: record.entry.actor.clone(),
                place: place.to_owned(),
                count: 0,
                last: Some(record.at),
            });
            consumer.count += 1;
        }
        Ok(found.into_values().collect())
    }

    fn who_asked(&self, model: &ModelName, version: u64) -> Answer<Vec<Consumer>> {
        let mut consumers = Vec::new();
        for project in self.projects()? {
            let read = self
                .ledger()
                .read::<_, Trouble>(|read| Ok(read.reports().of_project(project.id, ReportKind::Monitor, None)?))?;
            let paths: BTreeSet<RelPath> = read.into_iter().filter_map(|it| it.path).collect();
            for path in paths {
                // What another version of Proofmark kept, or what could not be read, says nothing here.
                let Some(report) = self.answered_reading(&project, &path)?.and_then(|it| it.report) else { continue };
                let place = format!("{} in {}", path.as_str(), project.name);
                for logged in std::iter::once(&report.main).chain(&report.others) {
                    consumers.extend(callers(logged, model, version, &place));
                }
            }
        }
        Ok(consumers)
    }
}

/// Whether a log means this version: `3`, `v3`, `version-3`, `churn/3`.
fn is_version(text: &str, model: &ModelName, version: u64) -> bool {
    let text = text.trim().to_lowercase();
    let rest = text
        .strip_prefix(model.as_str())
        .map_or(text.as_str(), |rest| rest.trim_start_matches(['/', ':', '@', '-', ' ']));
    let rest = ["version", "ver", "v"].into_iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    rest.trim_start_matches(['-', '_', '.', ' ']) == version.to_string()
}

/// Those who asked in windows in which this version answered.
fn callers(logged: &ModelMonitor, model: &ModelName, version: u64, place: &str) -> Vec<Consumer> {
    // A log that names no model says nothing of this one.
    if !logged.model.as_deref().is_some_and(|it| it.trim().eq_ignore_ascii_case(model.as_str())) {
        return Vec::new();
    }
    let consumer = |name: &str| Consumer {
        kind: ConsumerKind::Logged,
        name: name.to_owned(),
        place: place.to_owned(),
        count: 0,
        last: None,
    };
    let mut found: BTreeMap<String, Consumer> = BTreeMap::new();
    for window in &logged.windows {
        let answered = window.usage.versions.iter().find(|it| is_version(&it.name, model, version));
        let Some(answered) = answered else { continue };
        let alone = window.usage.versions.len() == 1;
        for caller in &window.usage.callers {
            let entry = found.entry(caller.name.clone()).or_insert_with(|| consumer(&caller.name));
            // Where another version answered too, no more than it answered itself can be its own.
            entry.count += if alone { caller.rows } else { caller.rows.min(answered.rows) };
            entry.last = entry.last.max(window.end);
        }
        if window.usage.callers.is_empty() {
            let entry = found.entry(String::new()).or_insert_with(|| consumer("callers that the log does not name"));
            entry.count += answered.rows;
            entry.last = entry.last.max(window.end);
        }
    }
    found.into_values().collect()
}

fn describe(consumers: &[Consumer], version: u64) -> String {
    const ELSEWHERE: &str = "Whoever took it out on another machine is not known here.";
    if consumers.is_empty() {
        return format!("Nobody is known on this machine to use version {version}. {ELSEWHERE}");
    }
    let number = |kind| consumers.iter().filter(|it| it.kind == kind).count() as u64;
    let parts: Vec<String> = [
        (number(ConsumerKind::Fetched), "copy was taken out", "copies were taken out"),
        (number(ConsumerKind::Logged), "caller stands in logs of predictions", "callers stand in logs of predictions"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    format!("Of version {version}, {} on this machine. {ELSEWHERE}", parts.join(" and "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_log_means_a_version_however_it_writes_it() {
        let model = ModelName::new("churn").unwrap();
        for text in ["3", "v3", "V3", "version-3", "version 3", "churn/3", "churn:v3", " 3 "] {
            assert!(is_version(text, &model, 3), "{text}");
        }
        for text in ["33", "1.3", "v30", "3.1", "", "churn", "credit/3"] {
            assert!(!is_version(text, &model, 3), "{text}");
        }
    }
}
