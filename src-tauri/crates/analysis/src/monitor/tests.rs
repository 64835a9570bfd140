//! Logs made on the spot, and what is said of them.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use proofmark_domain::drift::{DriftChange, DriftVerdict};
use proofmark_domain::monitor::{AlertKind, Assumption, HealthState, MonitorReport, SeasonState, WindowKind};

use super::*;
use crate::drift::Random;

struct Draw(Random);

impl Draw {
    fn uniform(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

const NOW: i64 = 1_790_000_000_000;

fn read(
    log: PathBuf,
    reference: Option<PathBuf>,
    labels: Option<PathBuf>,
    window: Option<WindowKind>,
) -> MonitorReport {
    let input = MonitorInput { log, reference, labels, window, columns: Vec::new(), now: NOW };
    monitor(&input, &|| false, &|_, _| ()).unwrap()
}

/// Months of a temperature that swings with the year; `warm` adds to the last month.
fn seasons(months: i64, warm: f64) -> String {
    let mut draw = Draw(Random::new(3));
    let mut text = "request_id,timestamp,temperature,noise,prediction\n".to_owned();
    for month in 0..months {
        for row in 0..300 {
            let ms = clock::start_of(WindowKind::Month, 2021 * 12 + month) + row * 7_000_000;
            let swing = -12.0 * (std::f64::consts::TAU * (month % 12) as f64 / 12.0).cos();
            let extra = if month + 1 == months { warm } else { 0.0 };
            let (temperature, noise) = (10.0 + swing + extra + 3.0 * draw.normal(), draw.normal());
            text.push_str(&format!(
                "r{month}-{row},{},{temperature:.3},{noise:.3},{:.3}\n",
                clock::stamp(ms),
                noise * 2.0
            ));
        }
    }
    text
}

#[test]
fn december_is_no_fault() {
    let place = Place::new();
    let found = read(place.write("log.csv", &seasons(48, 0.0)), None, None, Some(WindowKind::Month));
    let last = found.main.windows.last().unwrap();
    let column = last.drift.as_ref().unwrap().columns.iter().find(|it| it.name == "temperature").unwrap();
    let season = column.season.as_ref().unwrap();
    assert_eq!((season.state, season.known), (SeasonState::Expected, 3), "{}", season.sentence);
    assert_eq!(last.drift.as_ref().unwrap().verdict, DriftVerdict::NoDrift, "{}", last.drift.as_ref().unwrap().why);

    let found = read(place.write("warm.csv", &seasons(48, 9.0)), None, None, Some(WindowKind::Month));
    let last = found.main.windows.last().unwrap();
    assert_eq!(last.drift.as_ref().unwrap().verdict, DriftVerdict::Drift, "a December nine degrees too warm is one");

    let found = read(place.write("short.csv", &seasons(9, 0.0)), None, None, Some(WindowKind::Month));
    let column = found.main.windows[6]
        .drift
        .as_ref()
        .unwrap()
        .columns
        .iter()
        .find(|it| it.name == "temperature")
        .unwrap()
        .clone();
    assert!(column.season.unwrap().sentence.starts_with("less than one cycle known"));
}

/// Three years with a December unlike the other months, and a step in the middle of the last one; the reference is the first
/// year as a whole, so that every month differs from it a little.
#[test]
fn a_reference_that_mixes_the_seasons_makes_no_ordinary_month_a_lasting_change() {
    let place = Place::new();
    let mut draw = Draw(Random::new(21));
    let mut log = "request_id,timestamp,amount,prediction\n".to_owned();
    let mut reference = "amount,prediction\n".to_owned();
    for month in 0..36 {
        for row in 0..2_500 {
            let december = if month % 12 == 11 { 40.0 } else { 0.0 };
            let step = if month >= 30 { 15.0 } else { 0.0 };
            let amount = 100.0 + december + step + 30.0 * draw.normal();
            let ms = clock::start_of(WindowKind::Month, 2021 * 12 + month) + row * 900_000;
            log.push_str(&format!("r{month}-{row},{},{amount:.2},1\n", clock::stamp(ms)));
            if month < 12 {
                reference.push_str(&format!("{amount:.2},1\n"));
            }
        }
    }
    let reference = place.write("reference.csv", &reference);
    let found = read(place.write("log.csv", &log), Some(reference), None, Some(WindowKind::Month));
    let verdict = |at: usize| found.main.windows[at].drift.as_ref().unwrap().verdict;
    let alarmed: Vec<usize> = (0..36).filter(|at| verdict(*at) == DriftVerdict::Drift).collect();
    assert!(alarmed.iter().all(|at| *at < 12 || *at >= 30), "alarmed in {alarmed:?}");
    assert!((30..35).all(|at| alarmed.contains(&at)), "the step is no season: {alarmed:?}");
}

/// Mondays that are all like the reference say nothing for a Monday that is not, however small the step.
#[test]
fn a_small_step_is_no_season_when_earlier_ones_were_like_the_reference() {
    let place = Place::new();
    let mut draw = Draw(Random::new(8));
    let mut log = "request_id,timestamp,amount,prediction\n".to_owned();
    let mut reference = "amount,prediction\n".to_owned();
    for day in 0..29 {
        for row in 0..4_000 {
            let step = if day == 28 { 0.2 } else { 0.0 };
            let ms = 1_767_571_200_000 + day * 86_400_000 + row * 21_000;
            log.push_str(&format!("r{day}-{row},{},{:.3},1\n", clock::stamp(ms), step + draw.normal()));
            reference.push_str(&format!("{:.3},1\n", draw.normal()));
        }
    }
    let reference = place.write("reference.csv", &reference);
    let found = read(place.write("log.csv", &log), Some(reference), None, Some(WindowKind::Day));
    let last = found.main.windows.last().unwrap().drift.as_ref().unwrap();
    let season = last.columns.iter().find(|it| it.name == "amount").unwrap().season.as_ref().unwrap();
    assert_eq!((season.state, season.known), (SeasonState::Unexpected, 4), "{}", season.sentence);
    assert_eq!(last.verdict, DriftVerdict::Drift, "{}", last.why);
}

/// A regression whose error grows with `x`; the log has larger `x` in its second half.
fn regression(rows: usize, with_truth: bool, later: f64, seed: u64) -> String {
    let mut draw = Draw(Random::new(seed));
    let mut text = format!("request_id,timestamp,x,z,prediction{}\n", if with_truth { ",actual" } else { "" });
    for row in 0..rows {
        // What is known is in no order; the log has larger ones in its second half.
        let top = if with_truth && row % 2 == 0 || !with_truth && row >= rows / 2 { later } else { 0.5 };
        let (x, z) = (draw.uniform() * top, draw.normal());
        let truth = 10.0 * x + z + (0.2 + 3.0 * x) * draw.normal();
        let prediction = 10.0 * x + z;
        text.push_str(&format!(
            "{row},{},{x:.4},{z:.4},{prediction:.4}",
            clock::stamp(1_700_000_000_000 + row as i64 * 600_000)
        ));
        text.push_str(&if with_truth { format!(",{truth:.4}\n") } else { "\n".to_owned() });
    }
    text
}

#[test]
fn the_error_of_numbers_is_estimated() {
    let place = Place::new();
    // The reference knows all of `x`, but mostly small ones.
    let reference = place.write("reference.csv", &regression(12_000, true, 1.0, 1));
    let log = place.write("log.csv", &regression(6_000, false, 1.0, 2));
    let found = read(log, Some(reference), None, Some(WindowKind::Rows(3_000)));
    let of = |at: usize| found.main.windows[at].performance.estimated["mae"].clone();
    // E|N(0, s)| = s sqrt(2/pi), s = 0.2 + 3x: 0.758 for x in 0..0.5, 1.356 for x in 0..1.
    for (at, wanted) in [(0, 0.758), (1, 1.356)] {
        let it = of(at);
        assert!((it.value.unwrap() - wanted).abs() < 0.08, "{at}: {it:?}");
        assert_eq!(it.assumptions["overlap"], Assumption::Holds);
    }
}

#[test]
fn a_relation_that_changed_ends_the_estimates() {
    let place = Place::new();
    let mut draw = Draw(Random::new(9));
    let table = |rows: usize, turned: bool, draw: &mut Draw| -> (String, String) {
        let (mut text, mut labels) = ("id,timestamp,x,score,prediction,label\n".to_owned(), "id,label\n".to_owned());
        for row in 0..rows {
            let p = draw.uniform();
            let right = if turned && row >= rows / 3 { 1.0 - p } else { p };
            let truth = u8::from(draw.uniform() < right);
            let line = format!(
                "{row},{},{p:.4},{p:.4},{}",
                clock::stamp(1_700_000_000_000 + row as i64 * 60_000),
                u8::from(p >= 0.5)
            );
            text.push_str(&if turned { format!("{line},\n") } else { format!("{line},{truth}\n") });
            if row < rows * 2 / 3 {
                labels.push_str(&format!("{row},{truth}\n"));
            }
        }
        (text, labels)
    };
    let reference = place.write("reference.csv", &table(5_000, false, &mut draw).0);
    let (log, labels) = table(9_000, true, &mut draw);
    let found = read(
        place.write("log.csv", &log),
        Some(reference),
        Some(place.write("labels.csv", &labels)),
        Some(WindowKind::Rows(3_000)),
    );
    let windows = &found.main.windows;
    let estimate = |at: usize| &windows[at].performance.estimated["accuracy"];
    assert_eq!(estimate(0).assumptions["stable_relation"], Assumption::Holds, "{}", estimate(0).why);
    assert!(estimate(0).value.is_some());
    assert!(estimate(1).value.is_none(), "labels show that it changed");
    assert!(estimate(2).value.is_none(), "without labels, nothing says that it is as it was again");
    assert_eq!(found.main.health.state, HealthState::Bad, "{}", found.main.health.why);
    assert_eq!(found.labels.unwrap().joined, 6_000);
}

/// A prediction every `minutes` from the begin of 2021 on.
fn steady(rows: i64, minutes: i64) -> String {
    let begin = clock::start_of(WindowKind::Month, 2021 * 12);
    let mut text = "request_id,timestamp,x,prediction\n".to_owned();
    for row in 0..rows {
        text.push_str(&format!("r{row},{},{}.5,{}\n", clock::stamp(begin + row * minutes * 60_000), row % 7, row % 2));
    }
    text
}

#[test]
fn one_block_can_span_years_without_losing_a_prediction() {
    let place = Place::new();
    let log = place.write("log.csv", &steady(20_000, 60));
    for window in [None, Some(WindowKind::Hour), Some(WindowKind::Rows(2))] {
        let found = read(log.clone(), None, None, window);
        assert_eq!(found.main.windows.iter().map(|it| it.rows).sum::<u64>(), 20_000, "{window:?}");
        let told = found.log.problems.iter().find(|it| it.code == "too_many_windows");
        assert_eq!(told.is_some(), window.is_some(), "{window:?}: {told:?}");
    }
    assert_eq!(read(log.clone(), None, None, None).window, WindowKind::Month, "two years and a quarter");
    let hours = read(log, None, None, Some(WindowKind::Hour));
    assert_eq!(hours.window, WindowKind::Day, "the next larger size");
    let words = &hours.log.problems.iter().find(|it| it.code == "too_many_windows").unwrap().message;
    assert!(words.contains("an hour") && words.contains("a day"), "{words}");
}

#[test]
fn weeks_of_a_year_and_a_half_are_weeks() {
    let place = Place::new();
    let found = read(place.write("log.csv", &steady(13_000, 60)), None, None, None);
    assert_eq!(found.window, WindowKind::Week, "540 days");
}

#[test]
fn windows_have_enough_rows_to_say_something() {
    let place = Place::new();
    let sparse = read(place.write("sparse.csv", &steady(400, 180)), None, None, None);
    assert_eq!(sparse.window, WindowKind::Week, "eight predictions a day say nothing");
    let chosen = read(place.write("sparse.csv", &steady(400, 180)), None, None, Some(WindowKind::Day));
    assert_eq!((chosen.window, chosen.main.windows.len()), (WindowKind::Day, 50), "unless they are asked for");
    let dense = read(place.write("dense.csv", &steady(4_000, 18)), None, None, None);
    assert_eq!(dense.window, WindowKind::Day);
}

#[test]
fn a_broken_clock_costs_its_own_rows_only() {
    let place = Place::new();
    let mut text = steady(3_000, 60);
    for (row, time) in ["2199-01-01T00:00:00Z", "1971-01-01T00:00:00Z", "yesterday", ""].iter().enumerate() {
        text.push_str(&format!("b{row},{time},1.5,0\n"));
    }
    let found = read(place.write("log.csv", &text), None, None, None);
    assert_eq!(found.window, WindowKind::Week, "four months, not two centuries");
    assert!(found.main.windows.len() < 25, "{}", found.main.windows.len());
    let told: Vec<&str> = found.log.problems.iter().map(|it| it.code.as_str()).collect();
    assert!(told.contains(&"bad_times") && told.contains(&"future_times"), "{told:?}");
    let silences: Vec<&str> = found.main.alerts.iter().map(|it| it.sentence.as_str()).collect();
    assert!(!silences.iter().any(|it| it.contains("Nobody asked")), "{silences:?}");
}

#[test]
fn what_always_fails_is_not_good() {
    let place = Place::new();
    let mut text = "request_id,timestamp,x,status\n".to_owned();
    for row in 0..2_000 {
        text.push_str(&format!("r{row},{},{}.5,500\n", clock::stamp(1_700_000_000_000 + row * 60_000), row % 7));
    }
    let found = read(place.write("log.csv", &text), None, None, None);
    assert_eq!(found.main.health.state, HealthState::Bad, "{}", found.main.health.why);
    assert!(found.main.health.why.contains("requests failed (100.0 %)."), "{}", found.main.health.why);
}

#[test]
fn one_prediction_is_neither_good_nor_bad() {
    let place = Place::new();
    let log = place.write("log.csv", "request_id,timestamp,x,prediction,label\nr,2024-01-01,1.5,0,1\n");
    let found = read(log, None, None, None);
    assert_eq!(found.main.health.state, HealthState::Unknown, "{}", found.main.health.why);
    assert!(found.main.health.why.contains("1 prediction."), "{}", found.main.health.why);
}

/// A reference with one score, and a log with one for each class; `wrong` of ten labels are the other class.
fn two_classes(place: &Place, wrong: u64) -> (PathBuf, PathBuf) {
    let mut draw = Draw(Random::new(8));
    let mut reference = "x,prediction,score_yes,label\n".to_owned();
    let mut log = String::new();
    for row in 0..3_000 {
        let p = draw.uniform();
        let said = if p > 0.5 { "yes" } else { "no" };
        let is = if draw.uniform() < p { "yes" } else { "no" };
        reference.push_str(&format!("{:.3},{said},{p:.3},{is}\n", draw.normal()));
        let label = if row % 10 < wrong { if said == "yes" { "no" } else { "yes" } } else { said };
        log.push_str(&format!(
            "{{\"request_id\":\"r{row}\",\"time\":\"{}\",\"inputs\":{{\"x\":{:.3}}},\"outputs\":{{\"prediction\":\"{said}\",\"scores\":{{\"yes\":{p:.3},\"no\":{:.3}}}}},\"label\":\"{label}\"}}\n",
            clock::stamp(1_700_000_000_000 + row as i64 * 300_000),
            draw.normal(),
            1.0 - p
        ));
    }
    (place.write("log.jsonl", &log), place.write("reference.csv", &reference))
}

#[test]
fn the_score_of_one_of_two_classes_is_enough_in_the_reference() {
    let place = Place::new();
    let (log, reference) = two_classes(&place, 2);
    let unlabelled: String = std::fs::read_to_string(log)
        .unwrap()
        .lines()
        .map(|it| it.split(",\"label\"").next().unwrap().to_owned() + "}\n")
        .collect();
    let found = read(place.write("unlabelled.jsonl", &unlabelled), Some(reference), None, None);
    let estimated =
        found.main.windows.iter().filter_map(|it| it.performance.estimated.get("accuracy")?.value).next_back();
    let estimated = estimated.unwrap_or_else(|| panic!("{}", found.main.windows[1].performance.why));
    assert!((estimated - 0.75).abs() < 0.05, "{estimated}");
}

#[test]
fn a_log_that_was_always_worse_than_the_reference_is_bad() {
    let place = Place::new();
    let (log, reference) = two_classes(&place, 6);
    let found = read(log, Some(reference), None, None);
    assert_eq!(found.main.health.state, HealthState::Bad, "{}", found.main.health.why);
    let base = found.main.windows[0].performance.reference["accuracy"];
    assert!((base - 0.75).abs() < 0.03, "of the reference itself, not of the log: {base}");
}

#[test]
fn a_reference_that_is_a_part_of_the_log_is_told() {
    let place = Place::new();
    let mut draw = Draw(Random::new(9));
    let (mut log, mut reference) = ("request_id,timestamp,x,y,prediction\n".to_owned(), "x,y\n".to_owned());
    for row in 0..2_000 {
        let (x, y) = (draw.normal(), draw.normal());
        log.push_str(&format!("r{row},{},{x:.6},{y:.6},1\n", clock::stamp(1_700_000_000_000 + row * 60_000)));
        if row % 2 == 0 {
            reference.push_str(&format!("{x:.6},{y:.6}\n"));
        }
    }
    let log = place.write("log.csv", &log);
    let told = |reference: PathBuf| {
        let found = read(log.clone(), Some(reference), None, None);
        found.log.problems.into_iter().find(|it| it.code == "shared_rows").map(|it| it.count)
    };
    assert_eq!(told(place.write("part.csv", &reference)), Some(1_000));
    // A third of these rows are alike by nature.
    let (mut alike, mut people) = ("request_id,timestamp,x,y,prediction\n".to_owned(), "x,y\n".to_owned());
    for row in 0..1_000 {
        let mut person =
            || if draw.uniform() < 0.2 { (0.5, (draw.uniform() * 50.0).floor()) } else { (draw.normal(), 0.5) };
        let ((x, y), (u, v)) = (person(), person());
        alike.push_str(&format!("r{row},{},{x:.6},{y:.6},1\n", clock::stamp(1_700_000_000_000 + row * 60_000)));
        people.push_str(&format!("{u:.6},{v:.6}\n"));
    }
    let found = read(place.write("alike.csv", &alike), Some(place.write("people.csv", &people)), None, None);
    assert!(!found.log.problems.iter().any(|it| it.code == "shared_rows"), "{:?}", found.log.problems);
    let other: String = "x,y\n".to_owned() + &(0..500).map(|it| format!("{it}.5,{it}.25\n")).collect::<String>();
    assert_eq!(told(place.write("other.csv", &other)), None);
}

#[test]
fn inputs_without_names_are_compared_by_their_place() {
    let place = Place::new();
    let mut draw = Draw(Random::new(10));
    let (mut log, mut reference) = (String::new(), "age,income,outcome\n".to_owned());
    for row in 0..2_000 {
        reference.push_str(&format!("{:.4},{:.4},{}\n", draw.normal(), 100.0 + draw.normal(), row % 2));
        log.push_str(&format!(
            "{{\"request_id\":\"r{row}\",\"time\":\"{}\",\"request\":{{\"instances\":[[{:.4},{:.4}]]}},\"response\":{{\"predictions\":[1]}}}}\n",
            clock::stamp(1_700_000_000_000 + row * 60_000),
            draw.normal(),
            100.0 + draw.normal()
        ));
    }
    let found = read(place.write("log.jsonl", &log), Some(place.write("reference.csv", &reference)), None, None);
    assert!(found.log.problems.iter().any(|it| it.code == "inputs_by_place"), "{:?}", found.log.problems);
    let compared = &found.main.windows[0].drift.as_ref().unwrap().columns;
    let mut names: Vec<&str> = compared.iter().filter(|it| it.role == "input").map(|it| it.name.as_str()).collect();
    names.sort();
    assert_eq!(names, ["age", "income"]);
    assert!(compared.iter().all(|it| it.verdict != DriftVerdict::Drift));
}

#[test]
fn a_reference_with_nothing_in_common_does_not_make_a_model_bad() {
    let place = Place::new();
    let log = place.write("log.csv", &steady(3_000, 10));
    let found = read(log, Some(place.write("other.csv", "a,b\n1,2\n3,4\n5,6\n")), None, None);
    assert_ne!(found.main.health.state, HealthState::Bad, "{}", found.main.health.why);
    assert_ne!(found.main.health.state, HealthState::Good, "{}", found.main.health.why);
    assert!(found.log.problems.iter().any(|it| it.code == "schema_mismatch"));
}

/// A log of a month with a score that is `shown` of the chance, and a reference with the chance itself.
fn scored(place: &Place, shown: fn(f64) -> f64) -> MonitorReport {
    let mut draw = Draw(Random::new(17));
    let mut reference = "x,prediction,score\n".to_owned();
    let mut log = "request_id,timestamp,x,prediction,score\n".to_owned();
    for row in 0..3_000i64 {
        let x = draw.normal();
        let p = 1.0 / (1.0 + (-x).exp());
        reference.push_str(&format!("{x:.3},{},{p:.4}\n", u8::from(p >= 0.5)));
        if row < 1_500 {
            let x = draw.normal();
            let p = 1.0 / (1.0 + (-x).exp());
            let at = clock::stamp(1_772_323_200_000 + row * 20 * 86_400);
            log.push_str(&format!("r{row},{at},{x:.3},{},{:.4}\n", u8::from(p >= 0.5), shown(p)));
        }
    }
    read(place.write("log.csv", &log), Some(place.write("reference.csv", &reference)), None, Some(WindowKind::Day))
}

#[test]
fn a_lone_score_is_compared_with_that_of_its_class() {
    let place = Place::new();
    let mut draw = Draw(Random::new(29));
    let (mut lone, mut both) = ("x,prediction,score\n".to_owned(), "x,prediction,proba_no,proba_yes\n".to_owned());
    for _ in 0..900 {
        let x = draw.normal();
        let p = 1.0 / (1.0 + (-x).exp());
        let class = if p >= 0.5 { "yes" } else { "no" };
        lone.push_str(&format!("{x:.3},{class},{p:.4}\n"));
        both.push_str(&format!("{x:.3},{class},{:.4},{p:.4}\n", 1.0 - p));
    }
    let (lone, both) = (place.write("lone.csv", &lone), place.write("both.csv", &both));
    for (log, reference, shown) in [(&both, &lone, "score of yes"), (&lone, &both, "score")] {
        let found = read(log.clone(), Some(reference.clone()), None, Some(WindowKind::Rows(900)));
        let columns: Vec<_> =
            found.main.windows.iter().flat_map(|it| it.drift.iter().flat_map(|it| &it.columns)).collect();
        let score = columns.iter().find(|it| it.name == shown);
        assert!(score.is_some_and(|it| it.verdict == DriftVerdict::NoDrift), "{shown}: {columns:?}");
    }
}

#[test]
fn scores_that_turn_into_nan_open_an_alert() {
    let place = Place::new();
    let log: String = (0..1_500i64)
        .map(|row| {
            let at = clock::stamp(1_772_323_200_000 + row * 20 * 86_400);
            let score = if row > 750 && row % 3 == 0 { "NaN" } else { "0.75" };
            format!(
                "{{\"request_id\":\"r{row}\",\"time\":\"{at}\",\"inputs\":{{\"x\":{}}},\"outputs\":{{\"prediction\":1,\"scores\":{{\"1\":{score}}}}}}}\n",
                row % 50
            )
        })
        .collect();
    let found = read(place.write("log.jsonl", &log), None, None, Some(WindowKind::Day));
    let alert = found.main.alerts.iter().find(|it| it.kind == AlertKind::Scores).unwrap();
    assert!(alert.is_open && alert.sentence.starts_with("33."), "{}", alert.sentence);
    assert_ne!(found.main.health.state, HealthState::Good, "{}", found.main.health.why);
}

#[test]
fn scores_that_are_no_probabilities_are_not_good() {
    let place = Place::new();
    let fine = scored(&place, |p| p);
    assert!(!fine.main.alerts.iter().any(|it| it.kind == AlertKind::Scores), "{:?}", fine.main.alerts);
    let found = scored(&place, |p| (p / (1.0 - p)).ln().min(1.5));
    let alert = found.main.alerts.iter().find(|it| it.kind == AlertKind::Scores).unwrap();
    assert!(alert.is_open && alert.sentence.contains("no probabilities"), "{}", alert.sentence);
    assert_eq!(found.main.health.state, HealthState::Watch, "{}", found.main.health.why);
    // They were so from the first day, which no weekday explains.
    let seasonal = found.main.windows.iter().flat_map(|it| it.drift.iter().flat_map(|it| &it.columns));
    let seasonal: Vec<&str> =
        seasonal.filter(|it| it.change == Some(DriftChange::Season)).map(|it| it.why.as_str()).collect();
    assert!(seasonal.is_empty(), "{seasonal:?}");
}
