//! What a version of the trust list changes, for an owner who is to sign it: everything, so that nobody signs what they were not told.

use proofmark_domain::Timestamp;
use proofmark_domain::gate::Gate;
use proofmark_domain::release::{Policy, Requirement, TrustList, TrustedKey, TrustedPerson};
use proofmark_registry::keys::fingerprint;

use crate::usecase::projects::joined;
use crate::usecase::wording::role_words;

/// One sentence for each change.
pub(super) fn changes(before: &TrustList, after: &TrustList) -> Vec<String> {
    let mut all = Vec::new();
    for (id, person) in &after.people {
        match before.people.get(id) {
            None => all.push(admitted(person)),
            Some(old) => of_person(old, person, &mut all),
        }
    }
    if before.name != after.name {
        all.push(format!("The registry is called {}; before: {}.", after.name, before.name));
    }
    if before.owners_needed != after.owners_needed {
        all.push(format!("{} owners must sign a change; before: {}.", after.threshold(), before.threshold()));
    }
    if before.expires != after.expires {
        all.push(format!("The list ends: {}; before: {}.", end(after.expires), end(before.expires)));
    }
    of_policy(&before.policy, &after.policy, &mut all);
    all
}

fn admitted(person: &TrustedPerson) -> String {
    let keys: Vec<String> = person.keys.iter().map(|(key_id, key)| lasting(key_id, key)).collect();
    let keys = format!("{} {}", if keys.len() == 1 { "key" } else { "keys" }, joined(&keys));
    format!(
        "{} is admitted with the {keys} and the roles: {}. Compare the fingerprint with them by voice.",
        person.name,
        role_words(&person.roles)
    )
}

fn of_person(old: &TrustedPerson, person: &TrustedPerson, all: &mut Vec<String>) {
    let name = &person.name;
    if old.name != *name {
        all.push(format!("{} is called {name} from now on.", old.name));
    }
    if old.contact != person.contact {
        let contact = person.contact.as_deref().unwrap_or("none");
        all.push(format!("{name} is reached at: {contact}; before: {}.", old.contact.as_deref().unwrap_or("none")));
    }
    if old.roles != person.roles {
        all.push(format!("{name} has the roles: {}; before: {}.", role_words(&person.roles), role_words(&old.roles)));
    }
    for (key_id, key) in &person.keys {
        match old.keys.get(key_id) {
            None => all.push(format!(
                "{name} has a further key, {}. Compare the fingerprint with them by voice.",
                lasting(key_id, key)
            )),
            Some(was) => of_key(name, key_id, was, key, all),
        }
    }
}

fn of_key(name: &str, key_id: &str, was: &TrustedKey, key: &TrustedKey, all: &mut Vec<String>) {
    let print = fingerprint(key_id);
    if was.expires != key.expires {
        all.push(format!("The key {print} of {name} ends: {}; before: {}.", end(key.expires), end(was.expires)));
    }
    let last = |key: &TrustedKey| key.revoked.as_ref().map(|it| it.last);
    if let (Some(revoked), false) = (&key.revoked, last(was) == last(key)) {
        let counts = match revoked.last {
            Some(_) => "What it signed before still counts.",
            None => "Nothing that it ever signed counts.",
        };
        let why = revoked.reason.trim_end_matches('.');
        all.push(format!("The key {print} of {name} is revoked: {why}. {counts}"));
    }
}

fn of_policy(before: &Policy, after: &Policy, all: &mut Vec<String>) {
    let mut line = |what: &str, now: String, was: String| {
        if now != was {
            all.push(format!("{what}: {now}; before: {was}."));
        }
    };
    line("A release needs", needed(requirement(after)), needed(requirement(before)));
    line("Where sensitive columns reach a model it needs", needed(after.sensitive), needed(before.sensitive));
    let groups = |policy: &Policy| {
        let words: Vec<String> = policy.governance_groups.iter().map(|it| format!("{it:?}").to_lowercase()).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    line("Groups of sensitive columns that ask for a governance reviewer", groups(after), groups(before));
    let names = before.by_model.keys().chain(after.by_model.keys()).collect::<std::collections::BTreeSet<_>>();
    for model in names {
        let of = |policy: &Policy| {
            policy.by_model.get(model).map_or_else(|| "nothing of its own".to_owned(), |it| needed(*it))
        };
        line(&format!("The model {model} needs"), of(after), of(before));
    }
    let classes = before.by_risk.keys().chain(after.by_risk.keys()).collect::<std::collections::BTreeSet<_>>();
    for class in classes {
        let of = |policy: &Policy| {
            policy.by_risk.get(class).map_or_else(|| "nothing of its own".to_owned(), |it| needed(*it))
        };
        line(&format!("The risk class {class} needs"), of(after), of(before));
    }
    of_gates(&before.gates, &after.gates, all);
}

fn of_gates(before: &[Gate], after: &[Gate], all: &mut Vec<String>) {
    let named = |gates: &[Gate], name: &str| gates.iter().find(|it| it.name == name).cloned();
    for gate in after {
        match named(before, &gate.name) {
            None => all.push(format!("The gate {} is asked of every candidate.", gate.name)),
            Some(was) if was != *gate => {
                all.push(format!("The gate {} asks for something else than before.", gate.name))
            }
            Some(_) => {}
        }
    }
    for gate in before.iter().filter(|it| named(after, &it.name).is_none()) {
        all.push(format!("The gate {} is no longer asked of anybody.", gate.name));
    }
}

fn requirement(policy: &Policy) -> Requirement {
    Requirement { approvals: policy.approvals, governance: false }
}

/// `2 approvals, one of them a governance reviewer's`.
fn needed(it: Requirement) -> String {
    let number = it.approvals.max(1);
    let approvals = if number == 1 { "1 approval".to_owned() } else { format!("{number} approvals") };
    match it.governance {
        true if number == 1 => format!("{approvals}, a governance reviewer's"),
        true => format!("{approvals}, one of them a governance reviewer's"),
        false => approvals,
    }
}

/// A new key, with its end if it has one.
fn lasting(key_id: &str, key: &TrustedKey) -> String {
    let until = key.expires.map_or_else(String::new, |it| format!(" (until {it})"));
    format!("{}{until}", fingerprint(key_id))
}

fn end(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |it| it.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use proofmark_domain::id::PersonId;
    use proofmark_domain::person::{PersonCard, Role};

    use super::*;

    fn card(name: &str, key: char) -> PersonCard {
        PersonCard {
            id: PersonId::from_uuid(uuid::Uuid::from_u128(key as u128)),
            name: name.to_owned(),
            contact: None,
            public_key: String::new(),
            key_id: key.to_string().repeat(64),
        }
    }

    #[test]
    fn whoever_signs_is_told_everything() {
        let at = Timestamp::from_ms(0);
        let before = TrustList::first("Models", &card("Ada", 'a'), Policy::default(), at);
        let told = |change: &dyn Fn(&mut TrustList)| {
            let mut after = before.clone();
            change(&mut after);
            changes(&before, &after).join(" ")
        };
        assert_eq!(told(&|_| ()), "");
        let admitted = told(&|list| list.admit(&card("Eve", 'e'), &BTreeSet::from([Role::Approver]), at));
        assert!(admitted.contains("eeee eeee") && admitted.contains("approver"), "{admitted}");
        let lasting = told(&|list| {
            list.admit(&card("Eve", 'e'), &BTreeSet::from([Role::Approver]), at);
            let keys = list.people.values_mut().flat_map(|it| it.keys.values_mut());
            keys.for_each(|it| it.expires = Some(at));
        });
        assert!(lasting.contains("(until 1970-01-01T00:00:00.000Z)"), "{lasting}");
        let renamed = told(&|list| list.admit(&card("Olga", 'a'), &BTreeSet::from([Role::Owner]), at));
        assert!(renamed.contains("Ada is called Olga"), "{renamed}");
        let revoked = told(&|list| list.revoke(&"a".repeat(64), None, "stolen.", at).unwrap());
        assert!(revoked.contains("is revoked: stolen. Nothing that it ever signed counts."), "{revoked}");
        let fewer = told(&|list| list.policy.governance_groups.clear());
        assert!(fewer.contains("governance reviewer: none; before: "), "{fewer}");
        let classes = told(&|list| {
            list.policy.by_risk.insert("high".to_owned(), Requirement { approvals: 2, governance: true });
        });
        assert!(
            classes.contains("The risk class high needs: 2 approvals, one of them a governance reviewer's"),
            "{classes}"
        );
        let ends = told(&|list| {
            list.people.values_mut().next().unwrap().keys.values_mut().for_each(|it| it.expires = Some(at))
        });
        assert!(ends.contains("ends: 1970-01-01T00:00:00.000Z; before: never."), "{ends}");
    }
}
