//! The registry as people read it in a terminal.

use proofmark_contract::domain::registry::{RegistryReport, RegistryVerdict};
use proofmark_contract::view::{ConsumerList, RegistryModel, RegistryPerson, RegistryView, TrustView};

use crate::text::Side::{Left, Right};
use crate::text::{Table, counted, joined, safe, when, when_known, word, words};

pub(super) fn show_text(view: &RegistryView) -> String {
    let mut text = String::new();
    if let (Some(name), Some(path)) = (&view.name, &view.path) {
        text.push_str(&format!("{} in {}\n", safe(name), safe(path)));
    }
    text.push_str(&format!("{}\n", safe(&view.sentence)));
    if let Some(problem) = &view.problem {
        text.push_str(&format!("{}\n", safe(problem)));
    }
    if view.attached {
        text.push_str(&format!("Last verified: {}.\n", when_known(view.verified_at)));
    }
    let mut table = Table::new([
        ("Model", Left),
        ("Version", Right),
        ("Aliases", Left),
        ("Published", Left),
        ("By", Left),
        ("Approved by", Left),
    ]);
    for model in &view.models {
        for version in &model.versions {
            let approvers: Vec<String> = version.approvals.iter().map(|it| it.name.clone()).collect();
            let aliases = match (&version.withdrawn, version.destroyed, version.replacement) {
                (_, true, _) => "destroyed".to_owned(),
                (Some(_), false, Some(other)) => format!("withdrawn; use {other}"),
                (Some(_), false, None) => "withdrawn".to_owned(),
                (None, ..) => version.aliases.join(", "),
            };
            table.row([
                model.name.clone(),
                version.version.to_string(),
                aliases,
                when(version.published_at),
                version.published_by.clone(),
                approvers.join(", "),
            ]);
        }
    }
    text.push_str(&table.text());
    for model in &view.models {
        text.push_str(&planned_text(model));
    }
    text.push_str(&people_text(&view.people));
    if let Some(freeze) = &view.frozen {
        text.push_str(&format!("\nFrozen by {}: {}\n", safe(&freeze.name), safe(&freeze.reason)));
    }
    if let Some(trust) = &view.trust {
        text.push_str(&trust_text(trust));
    }
    text
}

/// Promotions that wait for their time.
fn planned_text(model: &RegistryModel) -> String {
    let mut text = String::new();
    for it in model.planned.iter().filter(|it| it.ended.is_none()) {
        let (alias, name, by) = (safe(&it.alias), safe(&model.name), safe(&it.by));
        let reason = if it.reason.is_empty() { String::new() } else { format!(": {}", safe(&it.reason)) };
        text.push_str(&format!(
            "{alias} of {name} points to version {} from {} on ({by}{reason}).\n",
            it.version,
            when(it.from)
        ));
    }
    text
}

/// People with every key that was ever theirs: whoever is to revoke one must be able to name it.
fn people_text(people: &[RegistryPerson]) -> String {
    let mut table = Table::new([("Person", Left), ("Roles", Left), ("Fingerprint", Left), ("", Left)]);
    for person in people {
        let roles = person.roles.iter().map(words).collect::<Vec<_>>().join(", ");
        let roles = if roles.is_empty() { "none".to_owned() } else { roles };
        let mut lines: Vec<(String, String)> = person
            .keys
            .iter()
            .map(|key| {
                let note = match (&key.revoked, key.expires, person.is_local && key.key_id == person.card.key_id) {
                    (Some(reason), ..) => format!("revoked: {reason}"),
                    (None, Some(end), _) => format!("ends {}", when(end)),
                    (None, None, true) => "on this machine".to_owned(),
                    (None, None, false) => String::new(),
                };
                (key.fingerprint.clone(), note)
            })
            .collect();
        if lines.is_empty() {
            lines.push((person.fingerprint.clone(), String::new()));
        }
        for (at, (fingerprint, note)) in lines.into_iter().enumerate() {
            let (name, roles) = if at == 0 { (person.card.name.clone(), roles.clone()) } else { Default::default() };
            table.row([name, roles, fingerprint, note]);
        }
    }
    table.text()
}

/// Who changes the trust list, and what waits for them.
fn trust_text(trust: &TrustView) -> String {
    let end = trust.expires.map_or_else(String::new, |it| format!(" It ends {}.", when(it)));
    let mut text = format!(
        "\nTrust list version {}, begun by the key {}; a change needs {}.{end}\n",
        trust.version,
        trust.root_fingerprint,
        counted(trust.owners_needed, "owner", "owners")
    );
    for proposal in &trust.proposals {
        text.push_str(&format!(
            "\nVersion {} waits for owners: {} of {} have signed it ({}).\n",
            proposal.version,
            proposal.signed.len(),
            proposal.required,
            safe(&proposal.signed.join(", "))
        ));
        if !proposal.reason.is_empty() {
            text.push_str(&format!("  Why: {}\n", safe(&proposal.reason)));
        }
        for change in &proposal.changes {
            text.push_str(&format!("  - {}\n", safe(change)));
        }
        text.push_str(&if proposal.may_endorse.allowed {
            format!("  If that is right, sign it: proofmark registry endorse {}\n", proposal.list)
        } else {
            let why = proposal.may_endorse.why.as_deref().unwrap_or("You cannot sign it.");
            format!("  {} It is {}\n", safe(why), proposal.list)
        });
    }
    for request in &trust.requests {
        let note =
            if request.note.is_empty() { String::new() } else { format!(" \u{201c}{}\u{201d}", safe(&request.note)) };
        text.push_str(&format!(
            "\n{} asks to be admitted.{note} Have them read their fingerprint to you, as proofmark key list shows it. If it is this one, admit them:\n  proofmark registry admit '{}' --role ROLE\n",
            safe(&request.card.name),
            request.fingerprint
        ));
    }
    text
}

pub fn consumers_text(list: &ConsumerList) -> String {
    let mut text = format!("{}\n", safe(&list.sentence));
    if list.consumers.is_empty() {
        return text;
    }
    let mut table =
        Table::new([("Who", Left), ("Known from", Left), ("Where", Left), ("Number", Right), ("Last", Left)]);
    for it in &list.consumers {
        table.row([it.name.clone(), word(&it.kind), it.place.clone(), it.count.to_string(), when_known(it.last)]);
    }
    text.push_str(&table.text());
    text
}

pub(super) fn report_text(report: &RegistryReport) -> String {
    let place = safe(&report.registry);
    let versions = counted(report.versions.len() as u64, "version", "versions");
    let mut text = match report.verdict {
        RegistryVerdict::Ok => format!("{place}: every byte and signature of {versions} is as it was published.\n"),
        RegistryVerdict::Incomplete => format!("{place}: {}\n", safe(&report.sentence)),
        RegistryVerdict::Untrusted => format!("{place}: UNTRUSTED. {}\n", safe(&report.sentence)),
        RegistryVerdict::Damaged => format!("{place}: DAMAGED. {}\n", safe(&report.sentence)),
    };
    let mut table = Table::new([
        ("Model", Left),
        ("Version", Right),
        ("Verdict", Left),
        ("Signed by", Left),
        ("Approved by", Left),
        ("Aliases", Left),
    ]);
    for version in &report.versions {
        let approvers: Vec<String> = version.approvals.iter().map(|it| it.name.clone()).collect();
        let mut aliases = version.aliases.clone();
        if version.withdrawn {
            aliases.push("withdrawn".to_owned());
        }
        table.row([
            version.model.to_string(),
            version.version.to_string(),
            word(&version.verdict),
            version.signers.join(", "),
            approvers.join(", "),
            aliases.join(", "),
        ]);
    }
    text.push_str(&table.text());
    for problem in &report.problems {
        text.push_str(&format!("\n{}  {}\n  {}\n", safe(&problem.code), safe(&problem.path), safe(&problem.message)));
        if !problem.mend.is_empty() {
            text.push_str(&format!("  {}\n", safe(&problem.mend)));
        }
    }
    if !report.ignored.is_empty() {
        let names: Vec<String> = report.ignored.iter().map(|it| safe(it)).collect();
        text.push_str(&format!("\nPassed over, because it does not belong here: {}.\n", joined(&names)));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_registry_that_is_not_as_published_says_so_first() {
        let report: RegistryReport = serde_json::from_value(serde_json::json!({
            "registry": "/shared", "verdict": "damaged", "versions": [],
            "problems": [{"code": "file_changed", "path": "models/credit/version-1/model.pkl", "message": "The bytes differ.", "mend": "Fetch it from a copy."}],
            "ignored": ["a (conflicted copy)"]
        }))
        .unwrap();
        let text = report_text(&report);
        assert!(text.starts_with("/shared: DAMAGED."), "{text}");
        assert!(
            text.contains(
                "file_changed  models/credit/version-1/model.pkl\n  The bytes differ.\n  Fetch it from a copy.\n"
            ),
            "{text}"
        );
    }
}
