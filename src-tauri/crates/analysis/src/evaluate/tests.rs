#![allow(clippy::unwrap_used)]

use proofmark_domain::evaluation::{EvaluationMetric as M, PairedTest};
use serde_json::Value;

use super::*;
use crate::facade::Table;

fn fixture() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/statistics/evaluate.json"));
    serde_json::from_str(text).unwrap()
}

/// The rows of a case as a file that the reader opens, as a person's would be.
fn predictions(case: &Value, model: &str) -> Predictions {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("rows.csv");
    let model = &case[model];
    let column =
        |of: &Value| of.as_array().map(|it| it.iter().map(|it| it.to_string().replace('"', "")).collect::<Vec<_>>());
    let named = [
        ("label", column(&case["label"])),
        ("prediction", column(&model["prediction"])),
        ("score", column(&model["score"])),
    ];
    let columns: Vec<(&str, Vec<String>)> = named.into_iter().filter_map(|(name, of)| Some((name, of?))).collect();
    let mut text = columns.iter().map(|it| it.0).collect::<Vec<_>>().join(",") + "\n";
    for at in 0..columns[0].1.len() {
        text += &(columns.iter().map(|it| it.1[at].as_str()).collect::<Vec<_>>().join(",") + "\n");
    }
    std::fs::write(&path, text).unwrap();
    let has = |name: &str| columns.iter().any(|it| it.0 == name).then(|| name.to_owned());
    let wanted = EvaluationColumns {
        label: "label".to_owned(),
        prediction: has("prediction"),
        score: has("score"),
        ..EvaluationColumns::default()
    };
    read(&Table::open(&path).unwrap(), &wanted, &str::to_owned).unwrap()
}

#[track_caller]
fn same(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs() + 1e-12, "{what}: {ours:e} is not {theirs:e}");
}

fn metric(name: &str) -> M {
    serde_json::from_value(Value::String(name.to_owned())).unwrap()
}

#[test]
fn metrics_equal_scikit_learn() {
    for case in fixture()["cases"].as_array().unwrap() {
        for model in ["first", "second"] {
            let predictions = predictions(case, model);
            for (name, theirs) in case[model]["metrics"].as_object().unwrap() {
                let what = format!("{} {model} {name}", case["name"]);
                let ours = measure(&predictions, metric(name), 0.05).unwrap();
                same(ours.value, theirs, &what);
                assert!(ours.interval.0 <= ours.value && ours.value <= ours.interval.1, "{what}: {ours:?}");
            }
        }
    }
}

#[test]
fn paired_tests_equal_scipy_and_the_published_formulas() {
    for case in fixture()["cases"].as_array().unwrap() {
        let pairing = pair(&predictions(case, "first"), &predictions(case, "second")).unwrap();
        for (name, theirs) in case["tests"].as_object().unwrap() {
            let what = format!("{} {name}", case["name"]);
            let test: PairedTest = serde_json::from_value(theirs["test"].clone()).unwrap();
            let ours = compare(&pairing, metric(theirs["metric"].as_str().unwrap()), test, 0.05).unwrap();
            same(ours.better_by.value, &theirs["difference"], &what);
            let (low, high) = (theirs["interval"][0].as_f64().unwrap(), theirs["interval"][1].as_f64().unwrap());
            if test == PairedTest::Bootstrap {
                // Other random numbers: the ends of the interval are themselves known to a few hundredths of its width.
                let width = high - low;
                let (ours_low, ours_high) = ours.better_by.interval;
                assert!(
                    (ours_low - low).abs() < 0.1 * width && (ours_high - high).abs() < 0.1 * width,
                    "{what}: {ours:?} is not {low}..{high}"
                );
                let theirs_p = theirs["p_value"].as_f64().unwrap();
                assert!(
                    (ours.p_value - theirs_p).abs() < 0.02 + 0.1 * theirs_p,
                    "{what}: {} is not {theirs_p}",
                    ours.p_value
                );
            } else {
                same(ours.p_value, &theirs["p_value"], &what);
                same(ours.better_by.interval.0, &theirs["interval"][0], &what);
                same(ours.better_by.interval.1, &theirs["interval"][1], &what);
            }
        }
    }
}

#[test]
fn calibration_equals_scikit_learn() {
    let mut seen = 0;
    for case in fixture()["cases"].as_array().unwrap() {
        for model in ["first", "second"] {
            let Some(theirs) = case[model].get("calibration") else { continue };
            let ours = calibration(&predictions(case, model), 10, 0.05).unwrap();
            same(ours.ece.value, &theirs["ece"], "ece");
            same(ours.brier.value, &theirs["brier"], "brier");
            let (low, high) = ours.brier.interval;
            let (low_theirs, high_theirs) =
                (theirs["brier_interval"][0].as_f64().unwrap(), theirs["brier_interval"][1].as_f64().unwrap());
            let width = high_theirs - low_theirs;
            assert!((low - low_theirs).abs() < 0.1 * width && (high - high_theirs).abs() < 0.1 * width);
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

fn small(labels: &[f64], scores: &[f64], rows: &[&str]) -> Predictions {
    Predictions {
        task: Task::Classes { names: vec!["no".to_owned(), "yes".to_owned()], positive: Some(1) },
        label: labels.to_vec(),
        prediction: scores.iter().map(|it| f64::from(u8::from(*it >= 0.5))).collect(),
        score: scores.to_vec(),
        row: rows.iter().map(|it| (*it).to_owned()).collect(),
        named: true,
        parts: Vec::new(),
        left_out: 0,
    }
}

#[test]
fn rows_that_are_not_the_same_are_refused() {
    let one = small(&[0.0, 1.0, 1.0], &[0.1, 0.9, 0.8], &["a", "b", "c"]);
    let shuffled = small(&[1.0, 0.0, 1.0], &[0.7, 0.2, 0.6], &["c", "a", "b"]);
    let pairing = pair(&one, &shuffled).unwrap();
    assert_eq!(pairing.second.score, [0.2, 0.6, 0.7], "joined by name, whatever the order");
    let relabelled = small(&[0.0, 0.0, 1.0], &[0.1, 0.9, 0.8], &["a", "b", "c"]);
    assert!(pair(&one, &relabelled).is_err(), "a label differs");
    let others = small(&[0.0, 1.0, 1.0], &[0.1, 0.9, 0.8], &["x", "y", "z"]);
    assert!(pair(&one, &others).is_err(), "no row is common");
    let twice = small(&[0.0, 1.0, 1.0], &[0.1, 0.9, 0.8], &["a", "a", "c"]);
    assert!(pair(&one, &twice).is_err() && pair(&twice, &one).is_err(), "a name stands twice");
}

#[test]
fn what_is_kept_reads_back_as_the_same_rows() {
    let case = &fixture()["cases"][0];
    let first = predictions(case, "first");
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("kept.csv");
    std::fs::write(&path, first.to_csv(usize::MAX)).unwrap();
    let columns = EvaluationColumns {
        label: "label".into(),
        prediction: Some("prediction".into()),
        score: Some("score".into()),
        row: Some("row".into()),
        ..EvaluationColumns::default()
    };
    let mut back = read(&Table::open(&path).unwrap(), &columns, &str::to_owned).unwrap();
    back.named = first.named;
    let compared = compare(&pair(&first, &back).unwrap(), M::RocAuc, PairedTest::Delong, 0.05).unwrap();
    assert_eq!((compared.better_by.value, compared.p_value), (0.0, 1.0));
    assert!(first.to_csv(10).iter().filter(|it| **it == b'\n').count() <= 11, "thinned evenly");
}
