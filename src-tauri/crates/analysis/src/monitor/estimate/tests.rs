//! Estimates beside those of NannyML on data sets that its package ships (`tests/fixtures/monitor/estimates.py` made the fixture).

#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::super::kept::{Kept, Task};
use super::Estimator;

fn fixture() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/monitor/estimates.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

fn kept(part: &Value) -> Kept {
    let scores: Vec<Vec<f64>> = part["scores"].as_array().unwrap().iter().map(numbers).collect();
    let predicted = numbers(&part["predicted"]);
    let label = part.get("label").map_or_else(|| vec![f64::NAN; predicted.len()], numbers);
    let mut kept = Kept::new(scores.len(), 0);
    for row in 0..predicted.len() {
        let scores: Vec<f32> = scores.iter().map(|it| it[row] as f32).collect();
        kept.push(row as u64, &scores, predicted[row], label[row], std::iter::empty());
    }
    kept
}

#[test]
fn estimates_are_those_of_nannyml() {
    for set in fixture()["sets"].as_array().unwrap() {
        let name = set["name"].as_str().unwrap();
        let classes = set["classes"].as_array().unwrap().len();
        let task = if classes == 1 {
            Task::Classes { names: vec!["0".to_owned(), "1".to_owned()], scores: vec![1] }
        } else {
            Task::Classes { names: (0..classes).map(|it| it.to_string()).collect(), scores: (0..classes).collect() }
        };
        let reference = kept(&set["reference"]);
        let estimator = Estimator::learn(&task, &reference, &[]).unwrap();
        let current = kept(&set["current"]);
        let chunk = set["chunk"].as_u64().unwrap() as usize;
        for (metric, expected) in set["expected"].as_object().unwrap() {
            for (place, wanted) in numbers(&expected["value"]).iter().enumerate() {
                // NannyML's last chunk takes the rest.
                let last = (place + 2) * chunk > current.len();
                let rows: Vec<usize> =
                    (place * chunk..if last { current.len() } else { (place + 1) * chunk }).collect();
                let part = current.only(&rows);
                let value = estimator.values(&task, &part)[metric];
                assert!((value - wanted).abs() < 0.01, "{name} {metric} of chunk {place}: {value} instead of {wanted}");
                let error = estimator.reference[metric].spread.at(rows.len());
                let theirs = expected["sampling_error"][place].as_f64().unwrap();
                // NannyML counts the chance among the positives only; DeLong's variance counts the negatives, too.
                let (low, high) = if metric == "roc_auc" { (0.9, 2.0) } else { (0.75, 1.25) };
                assert!(
                    (low..high).contains(&(error / theirs)),
                    "{name} {metric} of chunk {place}: sampling error {error} instead of {theirs}"
                );
            }
        }
    }
}
