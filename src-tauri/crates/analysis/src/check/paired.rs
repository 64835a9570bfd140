//! Columns that contradict each other, or took each other's place.

use proofmark_domain::check::{Finding, FindingKind, Severity};

use super::finding::{About, finding, percent};
use super::reference::Reference;
use super::schema::likeness;
use super::view::{View, ViewColumn};

const BEFORE: [&str; 14] = [
    "start",
    "begin",
    "from",
    "created",
    "open",
    "opened",
    "birth",
    "dob",
    "pickup",
    "order",
    "admission",
    "checkin",
    "min",
    "departure",
];
const AFTER: [&str; 15] = [
    "end",
    "finish",
    "to",
    "updated",
    "close",
    "closed",
    "death",
    "dod",
    "dropoff",
    "ship",
    "discharge",
    "checkout",
    "max",
    "arrival",
    "delivered",
];

pub fn words_of(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            out.push(String::new());
        }
        lower_before = c.is_lowercase();
        if c.is_alphanumeric()
            && let Some(word) = out.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

/// Whether the names say that `a` comes before `b`, as `start_date` and `end_date` do.
fn named_as_pair(a: &str, b: &str) -> bool {
    let (a, b) = (words_of(a), words_of(b));
    BEFORE.iter().zip(AFTER).any(|(first, second)| {
        let has = |words: &[String], wanted: &str| {
            words.iter().any(|w| w == wanted || (wanted.len() > 4 && w.starts_with(wanted)))
        };
        has(&a, first) && (has(&b, second) || (*first == "order" && has(&b, "delivery")))
    })
}

fn line(column: &ViewColumn) -> Option<Vec<f64>> {
    match (column.numbers(), column.times()) {
        (Some((values, _)), _) => Some(values.to_vec()),
        (_, Some(ms)) => Some(ms.iter().map(|v| if *v == i64::MIN { f64::NAN } else { *v as f64 }).collect()),
        _ => None,
    }
}

/// All checks of pairs of columns.
pub fn check(view: &View, reference: Option<&Reference<'_>>, findings: &mut Vec<Finding>) {
    order(view, reference, findings);
    if let Some(reference) = reference {
        swapped(view, reference, findings);
    }
}

fn order(view: &View, reference: Option<&Reference<'_>>, findings: &mut Vec<Finding>) {
    let with = |list: &[&str]| -> Vec<&ViewColumn> {
        let fits = |name: &str| {
            words_of(name)
                .iter()
                .any(|w| w == "delivery" || list.iter().any(|l| w == l || (l.len() > 4 && w.starts_with(l))))
        };
        view.columns.iter().filter(|c| fits(&c.name)).take(200).collect()
    };
    let (firsts, seconds) = (with(&BEFORE), with(&AFTER));
    for first in &firsts {
        for second in &seconds {
            if first.name == second.name
                || !named_as_pair(&first.name, &second.name)
                || first.times().is_some() != second.times().is_some()
            {
                continue;
            }
            let (Some(a), Some(b)) = (line(first), line(second)) else { continue };
            let both = a.iter().zip(&b).filter(|(x, y)| x.is_finite() && y.is_finite()).count();
            let rows: Vec<usize> =
                a.iter().zip(&b).enumerate().filter(|(_, (x, y))| y < x).map(|(row, _)| row).collect();
            if rows.len() * 2 > both && both >= 20 && in_order(reference, first, second) {
                let message = format!(
                    "`{}` comes before `{}` in {} of the rows; in the reference it never does. The two took each other's place.",
                    second.name,
                    first.name,
                    percent(rows.len() as f64 / both as f64)
                );
                let advice = "Swap them back. Durations computed from them are negative.";
                findings.push(
                    finding(
                        FindingKind::SwappedColumns,
                        &[&first.name, &second.name],
                        Severity::Error,
                        0.93,
                        message,
                        advice,
                    )
                    .rows(view, rows),
                );
                continue;
            }
            // An order that a tenth of the rows breaks is no rule of this table.
            if rows.is_empty() || rows.len() * 10 > both || both < 20 {
                continue;
            }
            let message = format!(
                "`{}` comes before `{}` in {} rows ({}).",
                second.name,
                first.name,
                rows.len(),
                percent(rows.len() as f64 / both as f64)
            );
            let advice = "Correct or leave out these rows. Durations computed from them are negative.";
            findings.push(
                finding(
                    FindingKind::ImpossibleOrder,
                    &[&first.name, &second.name],
                    Severity::Error,
                    0.9,
                    message,
                    advice,
                )
                .rows(view, rows),
            );
        }
    }
}

/// Whether the reference keeps the order of two columns in all but a hundredth of its rows.
fn in_order(reference: Option<&Reference<'_>>, first: &ViewColumn, second: &ViewColumn) -> bool {
    let Some(then) = reference.map(|r| &r.view) else { return false };
    let (Some(a), Some(b)) = (then.column(&first.name).and_then(line), then.column(&second.name).and_then(line)) else {
        return false;
    };
    let both = a.iter().zip(&b).filter(|(x, y)| x.is_finite() && y.is_finite()).count();
    let broken = a.iter().zip(&b).filter(|(x, y)| y < x).count();
    both >= 20 && broken * 100 <= both
}

/// Two columns that are each like the other one of the reference, and not like their own.
fn swapped(view: &View, reference: &Reference<'_>, findings: &mut Vec<Finding>) {
    let both: Vec<(&ViewColumn, &ViewColumn)> =
        view.columns.iter().filter_map(|c| Some((c, reference.view.column(&c.name)?))).take(300).collect();
    let odd: Vec<(&ViewColumn, &ViewColumn, f64)> =
        both.iter().map(|(now, then)| (*now, *then, likeness(now, then))).filter(|(.., own)| *own < 0.72).collect();
    let better = |cross: f64, own: f64| cross > 0.8 && cross - own > 0.25;
    let mut used = std::collections::HashSet::new();
    for (i, (now_a, then_a, own_a)) in odd.iter().enumerate() {
        for (now_b, then_b, own_b) in odd.iter().skip(i + 1) {
            if better(likeness(now_a, then_b), *own_a)
                && better(likeness(now_b, then_a), *own_b)
                && !used.contains(now_a.name.as_str())
                && !used.contains(now_b.name.as_str())
            {
                used.insert(now_a.name.as_str());
                used.insert(now_b.name.as_str());
                let message = format!(
                    "`{}` holds what `{}` held in the reference, and the other way round.",
                    now_a.name, now_b.name
                );
                let advice = "Swap them back. A model reads each as the other, without an error.";
                findings.push(
                    finding(
                        FindingKind::SwappedColumns,
                        &[&now_a.name, &now_b.name],
                        Severity::Error,
                        0.93,
                        message,
                        advice,
                    )
                    .rows(view, 0..view.rows),
                );
            }
        }
    }
    // A chain of three and more: each holds what its neighbour held.
    let place = |name: &str| reference.view.columns.iter().position(|c| c.name == name);
    for step in [-1i64, 1] {
        let chain: Vec<&str> = odd
            .iter()
            .filter(|(now, _, own)| {
                let Some(at) = place(&now.name) else { return false };
                let Ok(neighbour) = usize::try_from(at as i64 + step) else { return false };
                reference.view.columns.get(neighbour).is_some_and(|then| better(likeness(now, then), *own))
                    && !used.contains(now.name.as_str())
            })
            .map(|(now, ..)| now.name.as_str())
            .collect();
        if chain.len() >= 2 {
            let message = format!(
                "The values of {} columns stand one column further {}: {}.",
                chain.len(),
                if step < 0 { "right" } else { "left" },
                chain.join(", ")
            );
            let advice = "Look for a column that was added or lost without its name. A model reads every one of them as another.";
            findings.push(
                finding(FindingKind::ShiftedColumns, &chain, Severity::Error, 0.9, message, advice)
                    .rows(view, 0..view.rows),
            );
        }
    }
}
