//! Answers beside those of onnxruntime and scikit-learn, and models that are no models.
//!
//! Tolerance: labels are the same. Numbers differ from onnxruntime's by at most 2e-6 of the larger of 1 and the number (single precision on both
//! sides, summed in another order), from scikit-learn's by at most 5e-6 of it (double precision there).

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_scoring::{Cell, Columns, Kind, Limits, Model, ScoringError, Tensor, Values};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/scoring")
}

fn model(name: &str) -> Model {
    Model::from_file(&folder().join(format!("{name}.onnx")), &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn record(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

/// Values and shape of nested lists; null is NaN.
fn flat(value: &Value, shape: &mut Vec<usize>, depth: usize, into: &mut Vec<Value>) {
    match value {
        Value::Array(items) => {
            if shape.len() == depth {
                shape.push(items.len());
            }
            items.iter().for_each(|it| flat(it, shape, depth + 1, into));
        }
        other => into.push(other.clone()),
    }
}

fn tensor(of: &Value) -> Tensor {
    let (mut shape, mut values) = (Vec::new(), Vec::new());
    flat(&of["values"], &mut shape, 0, &mut values);
    let number = |it: &Value| it.as_f64().unwrap_or(f64::NAN);
    let values = match of["type"].as_str().unwrap() {
        "tensor(float)" => Values::F32(values.iter().map(|it| number(it) as f32).collect()),
        "tensor(double)" => Values::F64(values.iter().map(number).collect()),
        "tensor(int64)" => Values::I64(values.iter().map(|it| it.as_i64().unwrap()).collect()),
        "tensor(string)" => Values::Text(values.iter().map(|it| it.as_str().unwrap().to_owned()).collect()),
        other => panic!("{other}"),
    };
    Tensor::new(shape, values).unwrap()
}

/// The largest difference, as a part of the larger of 1 and the number; endless where a text differs.
fn difference(ours: &Values, theirs: &Value) -> f64 {
    let mut values = Vec::new();
    flat(theirs, &mut Vec::new(), 0, &mut values);
    assert_eq!(ours.len(), values.len());
    let one = |(at, it): (usize, &Value)| match (ours, it.as_f64()) {
        (Values::Text(texts), _) => {
            if it == texts[at].as_str() {
                0.0
            } else {
                f64::INFINITY
            }
        }
        (_, Some(wanted)) => (ours.number(at).unwrap() - wanted).abs() / wanted.abs().max(1.0),
        (_, None) => {
            if ours.number(at).unwrap().is_nan() {
                0.0
            } else {
                f64::INFINITY
            }
        }
    };
    values.iter().enumerate().map(one).fold(0.0, |worst, it| if it > worst || it.is_nan() { it } else { worst })
}

fn first_rows(of: &Tensor, rows: usize) -> Tensor {
    let width: usize = of.shape()[1..].iter().product();
    let count = rows * width;
    let values = match of.values() {
        Values::F32(it) => Values::F32(it[..count].to_vec()),
        Values::F64(it) => Values::F64(it[..count].to_vec()),
        Values::I64(it) => Values::I64(it[..count].to_vec()),
        Values::Text(it) => Values::Text(it[..count].to_vec()),
        other => panic!("{other:?}"),
    };
    Tensor::new([&[rows], &of.shape()[1..]].concat(), values).unwrap()
}

const MODELS: &[&str] = &[
    "logistic",
    "logistic_three",
    "forest_classifier",
    "forest_binary",
    "tree",
    "forest_regressor",
    "boosted_classifier",
    "boosted_three",
    "boosted_regressor",
    "network",
    "network_tanh",
    "normalised",
    "binarised",
    "imputed",
    "missing_tracks",
    "double",
    "columns",
    "ordinal",
];

#[test]
fn answers_are_those_of_onnxruntime_and_scikit_learn() {
    for name in MODELS {
        let (model, record) = (model(name), record(name));
        let inputs: Vec<(String, Tensor)> =
            record["inputs"].as_object().unwrap().iter().map(|(key, it)| (key.clone(), tensor(it))).collect();
        let answers = model.evaluate(inputs.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut worst = 0.0f64;
        for ((output, answer), port) in answers.iter().zip(model.outputs()) {
            let off = difference(answer.values(), &record["outputs"][output]);
            worst = worst.max(off);
            assert!(off <= 2e-6, "{name}, {output}: {off} off onnxruntime");
            let shape = port.shape.as_ref().unwrap();
            assert_eq!((shape.len(), shape[0]), (answer.shape().len(), -1), "{name}, {output}: {shape:?}");
        }
        println!("{name}: {worst:e} off onnxruntime");
        let told = record["scikit_learn"].as_object().into_iter().flatten();
        for (what, wanted) in told {
            let answer = if what == "predict_proba" { &answers[1] } else { &answers[0] };
            let off = difference(answer.1.values(), wanted);
            assert!(off <= 5e-6, "{name}, {what}: {off} off scikit-learn");
        }
        // One row, and as many as never came before, are answered as all are.
        for rows in [1, 7] {
            let some = inputs.iter().map(|(key, it)| (key.clone(), first_rows(it, rows))).collect();
            for ((output, few), (_, all)) in model.evaluate(some).unwrap().iter().zip(&answers) {
                let same = (0..few.values().len()).all(|at| few.values().text(at) == all.values().text(at));
                let near = (0..few.values().len()).all(|at| match (few.values().number(at), all.values().number(at)) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * b.abs().max(1.0),
                    _ => false,
                });
                assert!(same || near, "{name}, {output}, {rows} rows");
            }
        }
    }
}

#[test]
fn inputs_and_outputs_are_told() {
    let table = model("columns");
    let told: Vec<(&str, Kind, &[i64])> =
        table.inputs().iter().map(|it| (it.name.as_str(), it.kind.unwrap(), it.shape.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("age", Kind::F32, &[-1, 1][..]),
            ("income", Kind::F32, &[-1, 1]),
            ("visits", Kind::I64, &[-1, 1]),
            ("region", Kind::Text, &[-1, 1])
        ]
    );
    let probability = &table.outputs()[1];
    assert_eq!(probability.classes.as_deref(), Some(&["0".to_owned(), "1".to_owned()][..]), "ZipMap's names are kept");
    assert_eq!((probability.kind, probability.shape.as_deref()), (Some(Kind::F32), Some(&[-1, 2][..])));
    assert_eq!(model("forest_classifier").outputs()[0].kind, Some(Kind::Text));
}

#[test]
fn columns_of_a_table_find_their_inputs() {
    let table = model("columns");
    let columns: Columns = vec![
        ("region".to_owned(), vec![Cell::Text("north".to_owned()), Cell::Text("elsewhere".to_owned())]),
        ("age".to_owned(), vec![Cell::Number(0.5), Cell::Missing]),
        ("income".to_owned(), vec![Cell::Integer(50), Cell::Number(47.5)]),
        ("visits".to_owned(), vec![Cell::Number(3.0), Cell::Integer(4)]),
        ("unused".to_owned(), vec![Cell::Missing, Cell::Missing]),
    ];
    let answers = table.evaluate_columns(&columns, None).unwrap();
    let share = answers[1].1.values();
    assert!((0..4).all(|at| (0.0..=1.0).contains(&share.number(at).unwrap())), "{share:?}");
    let without: Columns = columns.iter().filter(|it| it.0 != "visits").cloned().collect();
    assert!(table.evaluate_columns(&without, None).is_err_and(|it| it.to_string().contains("visits")));
    let matrix = model("logistic");
    let values = |it: f64| vec![Cell::Number(it)];
    let columns: Columns = ["a", "b", "c", "d"].iter().map(|it| ((*it).to_owned(), values(1.0))).collect();
    assert!(matrix.evaluate_columns(&columns, None).is_err_and(|it| it.is_input()), "nobody said their order");
    let order: Vec<String> = ["d", "c", "b", "a"].iter().map(|it| (*it).to_owned()).collect();
    matrix.evaluate_columns(&columns, Some(&order)).unwrap();
}

#[test]
fn what_does_not_fit_is_told() {
    let model = model("logistic");
    let row = |shape: &[usize]| Tensor::new(shape.to_vec(), Values::F32(vec![0.0; shape.iter().product()])).unwrap();
    let given = |name: &str, tensor| vec![(name.to_owned(), tensor)];
    for (inputs, told) in [
        (given("X", row(&[2, 3])), "shape"),
        (given("X", row(&[4])), "shape"),
        (given("Y", row(&[1, 4])), "X was not given"),
        (Vec::new(), "X was not given"),
        (given("X", row(&[0, 4])), "no row"),
        (vec![given("X", row(&[1, 4])).remove(0), given("Z", row(&[1, 4])).remove(0)], "no input Z"),
        (given("X", Tensor::new(vec![1, 4], Values::Text(vec![String::new(); 4])).unwrap()), "FP32"),
    ] {
        let error = model.evaluate(inputs).unwrap_err();
        assert!(error.is_input() && error.to_string().contains(told), "{error}");
    }
    let tight = Limits { elements: 100, ..Limits::default() };
    let model = Model::from_file(&folder().join("logistic.onnx"), &tight).unwrap();
    model.evaluate(given("X", row(&[20, 4]))).unwrap();
    assert!(matches!(model.evaluate(given("X", row(&[26, 4]))), Err(ScoringError::TooLarge { .. })));
}

#[test]
fn an_operator_that_is_not_known_is_named() {
    let refused = Model::from_file(&folder().join("unsupported.onnx"), &Limits::default()).unwrap_err();
    assert!(
        matches!(&refused, ScoringError::Unsupported { operator, .. } if operator == "ai.onnx.ml.SVMClassifier"),
        "{refused}"
    );
}

/// Small files that are told to make something huge end in an error before it is made, in every way to say it.
#[test]
fn what_would_grow_is_refused_before_it_does() {
    let mut seen = 0;
    for entry in fs::read_dir(folder().join("refused")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Err(refused) = Model::from_file(&path, &Limits::default()) else { panic!("{name} is a model") };
        println!("{name}: {refused}");
        seen += 1;
        let told = refused.to_string();
        match name.as_str() {
            huge if huge.starts_with("huge_") => {
                assert!(matches!(refused, ScoringError::TooLarge { .. }), "{name}: {told}")
            }
            "unclear_single_sum" => assert!(told.contains("1 sums for 2 classes"), "{told}"),
            "unclear_shares" => assert!(told.contains("shares"), "{told}"),
            "unclear_repeated" => assert!(told.contains("twice"), "{told}"),
            other => panic!("{other}: {told}"),
        }
    }
    assert_eq!(seen, 17);
}

#[test]
fn models_that_are_larger_than_allowed_are_refused() {
    let path = folder().join("forest_classifier.onnx");
    for limits in [
        Limits { file: 1_000, ..Limits::default() },
        Limits { parsed: 10_000, ..Limits::default() },
        Limits { nodes: 1, ..Limits::default() },
    ] {
        assert!(matches!(Model::from_file(&path, &limits), Err(ScoringError::TooLarge { .. })), "{limits:?}");
    }
}

#[test]
fn damaged_models_are_errors() {
    for name in MODELS {
        let whole = fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let step = (whole.len() / 60).max(1);
        // What is cut at the very end may be the version of a set of operators that is not used: that is still a model.
        for end in (0..whole.len() - 48).step_by(step) {
            assert!(Model::from_bytes(&whole[..end], &Limits::default()).is_err(), "{name} cut at {end}");
        }
        // A changed byte may leave a model; it must not end the process.
        for at in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            if let Ok(model) = Model::from_bytes(&changed, &Limits::default()) {
                let record = record(name);
                let inputs = record["inputs"].as_object().unwrap().iter().map(|(key, it)| (key.clone(), tensor(it)));
                drop(model.evaluate(inputs.collect()));
            }
        }
    }
}
