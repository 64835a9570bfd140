#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use polars::prelude::*;
use proofmark_domain::proxy::ProxyVerdict;

use super::*;
use crate::sensitive::{Context, detect};

type Fallible = Result<(), Box<dyn std::error::Error>>;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/proxies").join(name)
}

fn people() -> Result<(DataFrame, SensitivityReport), Box<dyn std::error::Error>> {
    let frame = CsvReadOptions::default().try_into_reader_with_file_path(Some(fixture("people.csv")))?.finish()?;
    let found =
        detect(&frame, &Context { table_name: "people".into(), ..Context::default() }, &AtomicBool::new(false))?;
    Ok((frame, found))
}

const FEATURES: [&str; 7] = ["height_cm", "shoe_size", "area", "education_years", "weekly_hours", "visits", "noise"];

fn asked() -> ProxyRequest {
    ProxyRequest {
        targets: ["gender", "ethnicity", "income", "union_member"].map(String::from).to_vec(),
        features: FEATURES.map(String::from).to_vec(),
    }
}

/// The search over the fixture, made once for all tests: it takes a while without optimisation.
fn report() -> &'static ProxyReport {
    static REPORT: std::sync::OnceLock<ProxyReport> = std::sync::OnceLock::new();
    REPORT.get_or_init(|| {
        let (frame, found) = people().unwrap();
        proxies(&frame, &found, &asked(), &|| false).unwrap()
    })
}

#[test]
fn areas_are_those_of_scikit_learn() -> Fallible {
    #[derive(serde::Deserialize)]
    struct Reference {
        auc: f64,
        alone: BTreeMap<String, f64>,
    }
    let reference: BTreeMap<String, Reference> = serde_json::from_slice(&std::fs::read(fixture("reference.json"))?)?;
    let report = report();
    assert_eq!(report.targets.len(), 4);
    for target in &report.targets {
        let expected = &reference[&target.column];
        let auc = target.auc.unwrap();
        // Folds and forests differ by their seeds; the standard error of an area here is about 0.02.
        assert!((auc - expected.auc).abs() < 0.04, "{}: {auc} and {}", target.column, expected.auc);
        for feature in &target.features {
            let alone = expected.alone[&feature.column];
            assert!(
                (feature.alone - alone).abs() < 0.05,
                "{} by {}: {} and {alone}",
                target.column,
                feature.column,
                feature.alone
            );
        }
    }
    Ok(())
}

#[test]
fn known_proxies_are_named_and_chance_is_called_chance() -> Fallible {
    let report = report();
    let of = |name: &str| report.targets.iter().find(|t| t.column == name).unwrap();
    assert_eq!(of("gender").verdict, ProxyVerdict::Strong);
    assert_eq!(of("gender").features[0].column, "shoe_size");
    assert_eq!(of("ethnicity").verdict, ProxyVerdict::Strong);
    assert_eq!(of("ethnicity").features[0].column, "area");
    assert_eq!(of("income").predicted, "above_median");
    assert_eq!(of("union_member").verdict, ProxyVerdict::None);
    assert!(of("union_member").features.is_empty());
    let text = serde_json::to_string(report)?;
    assert!(!text.contains("\"N1\""), "values of columns are not reported");
    Ok(())
}

#[test]
fn without_a_request_sensitive_columns_are_the_targets_and_identifiers_no_features() -> Fallible {
    let (frame, _) = people()?;
    let mut frame = frame.head(Some(200));
    let mails: Vec<String> = (0..frame.height()).map(|i| format!("p{i}@example.org")).collect();
    frame.with_column(Column::new("email".into(), mails))?;
    let found =
        detect(&frame, &Context { table_name: "people".into(), ..Context::default() }, &AtomicBool::new(false))?;
    let report = proxies(&frame, &found, &ProxyRequest::default(), &|| false)?;
    assert!(report.targets.iter().any(|t| t.column == "gender"));
    assert!(report.left_out.iter().any(|(c, _)| c == "email"));
    Ok(())
}

#[test]
fn too_little_to_learn_from_is_said() -> Fallible {
    let (frame, found) = people()?;
    let few = frame.head(Some(25));
    let report = proxies(&few, &found, &asked(), &|| false)?;
    assert!(report.targets.iter().all(|t| t.verdict == ProxyVerdict::CannotTell && t.why.ends_with('.')));
    let unknown = ProxyRequest { targets: vec!["nobody".into()], features: vec![] };
    assert!(matches!(proxies(&frame, &found, &unknown, &|| false), Err(ProxyError::NoColumn { .. })));
    assert!(matches!(proxies(&frame, &found, &asked(), &|| true), Err(ProxyError::Cancelled)));
    Ok(())
}
