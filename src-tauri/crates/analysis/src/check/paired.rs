//! Columns that contradict each other, or took each other's place.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::reference::Reference;
use super::schema::likeness;
use super::stats::{quantile, sorted};
use super::view::{View, ViewColumn};

/// Words for what comes first, and those for what comes after it. A word stands for those that begin with it if it is marked by `~`.
const ORDER: [(&[&str], &[&str]); 19] = [
    (&["start~", "begin~", "began"], &["end", "ended", "ends", "ending", "finish~", "stop~", "complet~"]),
    (&["from"], &["to", "until", "till"]),
    (&["creat~"], &["updat~", "modif~", "clos~", "resolv~", "complet~", "delet~", "deliver~", "shipp~", "finish~"]),
    (&["open", "opened", "opening"], &["close", "closed", "closing"]),
    (&["birth", "born", "dob", "birthday", "birthdate"], &["death", "died", "dod", "deathdate"]),
    (
        &["birth", "born", "dob", "birthday", "birthdate"],
        &["hir~", "admission", "admitted", "enrol~", "registration", "signup", "join~"],
    ),
    (&["pickup", "picked"], &["dropoff", "delivery", "dropped"]),
    (
        &["order~", "purchase", "purchased"],
        &["ship", "shipped", "shipping", "delivery", "delivered", "return", "returned", "paid"],
    ),
    (&["ship", "shipped"], &["delivery", "delivered", "arrival", "received"]),
    (&["admission", "admit", "admitted"], &["discharge", "discharged"]),
    (&["checkin"], &["checkout"]),
    (&["depart~", "left"], &["arriv~"]),
    (&["hire", "hired", "join", "joined"], &["terminat~", "leave", "left", "exit", "resign~"]),
    (&["loss", "incident", "accident", "event", "occurrence"], &["report", "reported", "reporting", "notified"]),
    (&["issue", "issued", "invoice"], &["due", "expir~", "maturity", "paid", "payment"]),
    (&["application", "applied", "submitted", "submission"], &["approv~", "decision", "decided", "granted", "reject~"]),
    (&["first"], &["last"]),
    (&["min", "minimum", "low", "lower"], &["max", "maximum", "high", "upper"]),
    (&["signup", "subscribed", "registration", "registered"], &["cancel~", "churn~", "unsubscrib~"]),
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

fn one_of(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| {
        list.iter().any(|wanted| match wanted.strip_suffix('~') {
            Some(stem) => word.starts_with(stem),
            None => word == wanted,
        })
    })
}

/// Whether the names say that `a` comes before `b`, as `start_date` and `end_date` do. Apart from these words, they must not speak of
/// different things: `min_age` and `max_price` are no pair.
fn named_as_pair(a: &str, b: &str) -> bool {
    let (a, b) = (words_of(a), words_of(b));
    let topic = |words: &[String], list: &[&str]| -> Vec<String> {
        words.iter().filter(|w| !one_of(std::slice::from_ref(w), list)).cloned().collect()
    };
    const TIMES: [&str; 9] = ["date", "time", "datetime", "at", "on", "timestamp", "ts", "day", "dt"];
    ORDER.iter().any(|(first, second)| {
        if !one_of(&a, first) || !one_of(&b, second) {
            return false;
        }
        let plain = |words: Vec<String>| words.into_iter().filter(|w| !TIMES.contains(&w.as_str())).collect::<Vec<_>>();
        let (x, y) = (plain(topic(&a, first)), plain(topic(&b, second)));
        x.is_empty() || y.is_empty() || x.iter().any(|word| y.contains(word))
    })
}

/// Whether rows show that one moment follows another: it all but always does, and soon in comparison with the span of the table.
fn shown_as_pair(a: &[f64], b: &[f64]) -> bool {
    let steps = sorted(a.iter().zip(b).map(|(x, y)| y - x));
    let begin = sorted(a.iter().copied());
    if steps.len() < 50 {
        return false;
    }
    let kept = steps.len() - steps.partition_point(|step| *step < 0.0);
    let positive = quantile(&steps, 0.5) > 0.0;
    let near =
        quantile(&steps, 0.75) - quantile(&steps, 0.25) < 0.2 * (quantile(&begin, 0.75) - quantile(&begin, 0.25));
    positive && near && kept * 100 >= steps.len() * 97 && quantile(&steps, 0.05) >= 0.0
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
    // Named pairs among all columns; pairs that only their rows show among times.
    let lines: Vec<&ViewColumn> =
        view.columns.iter().filter(|c| c.times().is_some() || c.numbers().is_some()).take(400).collect();
    let times = lines.iter().filter(|c| c.times().is_some()).count();
    for first in &lines {
        for second in &lines {
            if first.name == second.name || first.times().is_some() != second.times().is_some() {
                continue;
            }
            let named = named_as_pair(&first.name, &second.name);
            if !named && (first.times().is_none() || times > 12) {
                continue;
            }
            let (Some(a), Some(b)) = (line(first), line(second)) else { continue };
            let both = a.iter().zip(&b).filter(|(x, y)| x.is_finite() && y.is_finite()).count();
            let rows: Vec<usize> =
                a.iter().zip(&b).enumerate().filter(|(_, (x, y))| y < x).map(|(row, _)| row).collect();
            if !named && !shown_as_pair(&a, &b) {
                continue;
            }
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
                grouped(rows.len()),
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
    let Some(then) = reference.map(|r| r.view) else { return false };
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
