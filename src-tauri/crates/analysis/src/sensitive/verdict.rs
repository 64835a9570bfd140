//! From evidence to verdict: first each column alone, then again in the light of its neighbours.

use super::column_name::{self, Reading};
use super::evidence::{Surroundings, factors};
use super::facts::Facts;
use super::label::Label;
use super::{Context, Decision};
use proofmark_domain::sensitive::{Factor, LabelScore, SensitiveColumn, SensitiveGroup};

/// Log-odds before any evidence: about one column in twenty carries a given label.
const PRIOR: f64 = -3.0;
/// A label counts above this probability.
const THRESHOLD: f64 = 0.5;

struct Scored {
    label: Label,
    odds: f64,
    factors: Vec<Factor>,
}

/// Verdicts for all columns of a table, in order.
pub fn judge(names: &[&str], facts: &[Facts], context: &Context) -> Vec<SensitiveColumn> {
    let readings: Vec<Reading> = names.iter().map(|n| column_name::read(n)).collect();
    let year = context.year.unwrap_or_else(this_year);
    let creatures = creatures(names);
    let alone = Surroundings { rows: 0, creatures, year };
    let first: Vec<Option<(Label, f64)>> = readings
        .iter()
        .zip(facts)
        .map(|(r, f)| score(r, f, alone).into_iter().next().map(|s| (s.label, probability(s.odds))))
        .collect();
    let table = column_name::table(&context.table_name);
    let people: f64 = first
        .iter()
        .zip(&readings)
        .zip(facts)
        .filter_map(|((first, reading), facts)| {
            first.filter(|(_, p)| *p >= 0.6).map(|(label, _)| (label, reading, facts))
        })
        .map(|(label, reading, facts)| match label {
            // A column that is just called `name` in a table of airports holds people's names too, in part.
            Label::Name if reading.weight(Label::Name) < 3.0 && facts.name_full < 0.3 => 0.5,
            label => tells_person(label),
        })
        .sum::<f64>()
        + if table > 0 { 1.0 } else { 0.5 * f64::from(table) };
    let things = readings.iter().filter(|r| r.thing && !r.person).count();
    let rows = if people >= 1.0 {
        1
    } else if people < 0.5 && (table < 0 || things >= 2) {
        -1
    } else {
        0
    };
    let around = Surroundings { rows, creatures, year };
    names.iter().zip(&readings).zip(facts).map(|((name, r), f)| column(name, score(r, f, around), context)).collect()
}

fn column(name: &str, scored: Vec<Scored>, context: &Context) -> SensitiveColumn {
    let mut factors: Vec<Factor> = Vec::new();
    let mut labels: Vec<LabelScore> = Vec::new();
    for s in &scored {
        let p = probability(s.odds);
        // of what stays below the threshold only the leading candidate is worth showing
        if p > THRESHOLD || labels.is_empty() && factors.is_empty() && p > 0.05 {
            factors.extend(s.factors.iter().cloned().map(|mut f| {
                f.value = format!("{}: {}", s.label.as_str(), f.value);
                f
            }));
        }
        if p > THRESHOLD {
            labels.push(LabelScore { label: s.label.as_str().into(), confidence: p });
        }
    }
    if let Some(decision) = context.decisions.get(name) {
        let (value, weight) = match decision {
            Decision::NotSensitive => ("not sensitive", -20.0),
            Decision::Sensitive(_) => ("sensitive", 20.0),
        };
        labels = match decision {
            Decision::NotSensitive => Vec::new(),
            Decision::Sensitive(chosen) => {
                chosen.iter().map(|l| LabelScore { label: l.as_str().into(), confidence: 1.0 }).collect()
            }
        };
        factors.push(Factor {
            name: "decision".into(),
            value: value.into(),
            weight,
            why: "a person decided it".into(),
        });
    }
    let sensitive = !labels.is_empty() || matches!(context.decisions.get(name), Some(Decision::Sensitive(_)));
    let group = labels.first().and_then(|l| super::label_group(&l.label));
    SensitiveColumn { name: name.into(), sensitive, group, labels, factors }
}

/// Every label with any evidence, likeliest first.
fn score(reading: &Reading, facts: &Facts, around: Surroundings) -> Vec<Scored> {
    let mut all: Vec<Scored> = Label::ALL
        .iter()
        .map(|label| {
            let factors = factors(*label, reading, facts, around);
            Scored { label: *label, odds: PRIOR + factors.iter().map(|f| f.weight).sum::<f64>(), factors }
        })
        .filter(|s| !s.factors.is_empty())
        .collect();
    all.sort_by(|a, b| b.odds.total_cmp(&a.odds));
    if let Some(best) = all.first().map(|s| s.odds) {
        // a much weaker second reading of the same column is noise
        all.retain(|s| s.odds >= best - 2.5 || s.odds < 0.0);
    }
    all
}

fn probability(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// How much a column with this label says that rows are people.
fn tells_person(label: Label) -> f64 {
    match label {
        Label::Ip
        | Label::Mac
        | Label::Device
        | Label::Vehicle
        | Label::Age
        | Label::Financial
        | Label::Postcode
        | Label::Occupation
        | Label::Account
        | Label::TaxId
        | Label::FreeText => 0.5,
        Label::Location | Label::Secret => 0.0,
        _ if label.group() == SensitiveGroup::Special => 0.5,
        _ => 1.0,
    }
}

/// Whether columns tell of animals or plants, whose sex and age are nobody's.
fn creatures(names: &[&str]) -> bool {
    let all: Vec<String> = names.iter().flat_map(|n| super::fold::tokens(n)).collect();
    [
        "species", "breed", "flipper", "petal", "sepal", "rings", "cultivar", "genus", "wingspan", "beak", "bill",
        "litter",
    ]
    .iter()
    .any(|w| all.iter().any(|t| t == w) && (*w != "bill" || all.iter().any(|t| t == "flipper")))
}

fn this_year() -> i32 {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    // mean Gregorian year; off by a day at most around New Year
    1970 + (seconds as f64 / 31_556_952.0) as i32
}
