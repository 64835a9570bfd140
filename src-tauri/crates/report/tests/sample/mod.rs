//! Values as the analysis makes them, fixed so that the documents made from them are fixed too.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "shared by tests, each of which uses a part")]

use std::collections::BTreeMap;

use proofmark_domain::check::*;
use proofmark_domain::drift::*;
use proofmark_domain::profile::*;
use proofmark_domain::sensitive::*;
use proofmark_domain::{Digest, Timestamp};
use proofmark_report::document::*;

pub const NASTY: &str = "<b onmouseover=\"x('&')\">\u{202e}name\u{200f}\n</script>]]>";
pub const ROWS: u64 = 41_203;

pub fn column(name: &str, meaning: Meaning) -> ColumnProfile {
    ColumnProfile {
        name: name.to_owned(),
        stored_type: "float64".to_owned(),
        meaning,
        nulls: 0,
        distinct: 1200,
        distinct_is_estimate: false,
        min: None,
        max: None,
        mean: None,
        std: None,
        quantiles: BTreeMap::new(),
        top: Vec::new(),
        zeros: None,
        negatives: None,
        not_finite: None,
        lengths: None,
        histogram: None,
        patterns: Vec::new(),
        times: None,
        masked: false,
    }
}

fn bell(n: usize, center: f64, spread: f64) -> Vec<f64> {
    let raw: Vec<f64> = (0..n).map(|i| (-((i as f64 + 0.5) / n as f64 - center).powi(2) / spread).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|v| v / sum).collect()
}

pub fn numeric(name: &str, meaning: Meaning, low: f64, high: f64, nulls: u64) -> ColumnProfile {
    let mut c = column(name, meaning);
    let edges = (0..=30).map(|i| low + (high - low) * f64::from(i) / 30.0).collect();
    let counts = bell(30, 0.35, 0.03).into_iter().map(|s| (s * (ROWS - nulls) as f64) as u64).collect();
    c.histogram = Some(Histogram { edges, counts });
    c.nulls = nulls;
    c.distinct_is_estimate = true;
    c.min = Some(Scalar::Float(low));
    c.max = Some(Scalar::Float(high));
    c.mean = Some(low + (high - low) * 0.35);
    c.std = Some((high - low) / 8.0);
    c
}

pub fn category(name: &str, values: &[(&str, u64)], distinct: u64, nulls: u64) -> ColumnProfile {
    let mut c = column(name, Meaning::Category);
    c.stored_type = "string".to_owned();
    c.distinct = distinct;
    c.nulls = nulls;
    c.top = values.iter().map(|(v, n)| ValueCount { value: Scalar::Text((*v).to_owned()), count: *n }).collect();
    c.min = values.iter().map(|v| v.0).min().map(|v| Scalar::Text(v.to_owned()));
    c.max = values.iter().map(|v| v.0).max().map(|v| Scalar::Text(v.to_owned()));
    c
}

pub fn profile() -> TableProfile {
    let ms = |text: &str| text.parse::<Timestamp>().unwrap().ms() as f64;
    let long = format!("a_very_long_name_{}_that_ends_here", "x".repeat(270));
    let mut single = numeric("constant", Meaning::Number, 7.0, 7.0, 0);
    single.histogram = Some(Histogram { edges: vec![7.0, 7.0], counts: vec![ROWS] });
    TableProfile {
        path: "data/customers.csv".to_owned(),
        digest: None,
        rows: ROWS,
        reading: Reading {
            format: "csv".to_owned(),
            delimiter: Some(";".to_owned()),
            encoding: Some("windows-1252".to_owned()),
            has_header: Some(true),
            notes: vec!["3 rows had one field too many; the last was dropped.".to_owned()],
        },
        associations: Vec::new(),
        columns: vec![
            numeric("age", Meaning::Number, 18.0, 97.0, 1204),
            numeric("income", Meaning::Number, 0.0, 184_000.0, 0),
            numeric("signed_up", Meaning::Date, ms("2019-01-01T00:00:00Z"), ms("2024-06-30T00:00:00Z"), 12),
            category(
                "city",
                &[
                    ("Zürich", 14_200),
                    ("Genève", 8_120),
                    ("Basel", 5_010),
                    ("Bern", 4_400),
                    ("Lausanne", 2_900),
                    ("St. Gallen", 800),
                    ("東京都", 120),
                ],
                61,
                2_017,
            ),
            category("email", &[("anna@example.org", 3), ("ben@example.org", 2)], 41_000, 0),
            numeric("tiny", Meaning::Number, -2e-9, 3e-9, 0),
            numeric("huge", Meaning::Number, -1e300, 1e300, 0),
            single,
            category(NASTY, &[(NASTY, 30_000), (&long, 11_203)], 2, 0),
            category(&long, &[("yes", 41_203)], 1, 0),
            column("id", Meaning::Identifier),
        ],
    }
}

pub fn check() -> CheckReport {
    let finding = |kind, columns: &[&str], severity, rows: u64, message: &str| Finding {
        kind,
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        severity,
        confidence: 0.97,
        affected_rows: rows,
        affected_ratio: rows as f64 / ROWS as f64,
        example_rows: if rows > 0 { vec![12, 4_077, 31_990] } else { vec![] },
        message: message.to_owned(),
        suggestion: "Treat these values as missing before training; a model would learn them as a real level."
            .to_owned(),
        measures: vec![Measure { name: "share of rows at -999".to_owned(), value: 0.0292, limit: Some(0.001) }],
    };
    let findings = vec![
        finding(
            FindingKind::PlaceholderValues,
            &["email"],
            Severity::Info,
            3,
            "`email` holds `anna@example.org` 3 times.",
        ),
        finding(
            FindingKind::NullSurge,
            &["city"],
            Severity::Warn,
            2_017,
            "4.9 % of rows lack `city`; the reference has 0.2 %.",
        ),
        finding(
            FindingKind::Sentinel,
            &["age"],
            Severity::Error,
            1_204,
            "1,204 rows hold -999, far outside every other value.",
        ),
    ];
    CheckReport {
        path: "data/customers.csv".to_owned(),
        reference: Some("data/customers-2023.csv".to_owned()),
        rows: ROWS,
        verdict: CheckVerdict::of(&findings),
        findings,
        notes: Vec::new(),
    }
}

pub fn sensitive() -> SensitivityReport {
    let column = |name: &str, label: Option<(&str, SensitiveGroup)>| SensitiveColumn {
        name: name.to_owned(),
        sensitive: label.is_some(),
        group: label.map(|l| l.1),
        labels: label.map(|l| LabelScore { label: l.0.to_owned(), confidence: 0.998 }).into_iter().collect(),
        factors: vec![
            Factor {
                name: "format".into(),
                value: "0.998 of distinct values match".into(),
                weight: 5.2,
                why: "The form is rare by chance.".into(),
            },
            Factor {
                name: "cardinality".into(),
                value: "61 values".into(),
                weight: -0.4,
                why: "Few values speak against an identifier.".into(),
            },
        ],
    };
    SensitivityReport {
        path: "data/customers.csv".to_owned(),
        rows: ROWS,
        rows_read: ROWS,
        detector_version: 2,
        columns: vec![
            column("age", None),
            column("email", Some(("email", SensitiveGroup::Direct))),
            column("signed_up", Some(("date_of_birth", SensitiveGroup::Quasi))),
        ],
        k_anonymity: KAnonymity {
            columns: vec!["age".into(), "city".into()],
            k: Some(1),
            unique_rows: 412,
            small_groups: 1_020,
            rows: ROWS,
            combinations: vec![],
        },
        changed: None,
        proxies: None,
    }
}

pub fn decisions() -> Vec<FindingDecision> {
    vec![FindingDecision {
        kind: FindingKind::NullSurge,
        columns: vec!["city".into()],
        decision: "accepted".into(),
        reason: "The form no longer asks for it since May.".into(),
        by: "Ada <ada@example.org>".into(),
        at: Timestamp::from_ms(1_795_411_522_582),
    }]
}

pub fn dataset<'a>(
    profile: &'a TableProfile,
    check: &'a CheckReport,
    sensitive: &'a SensitivityReport,
    decisions: &'a [FindingDecision],
) -> DatasetDocument<'a> {
    DatasetDocument {
        title: "customers.csv",
        project: "churn",
        path: "data/customers.csv",
        digest: Some(Digest::from_bytes([7; 32])),
        generated_at: Timestamp::from_ms(1_795_411_522_582),
        profile,
        check: Some(check),
        sensitive: Some(sensitive),
        decisions,
    }
}

pub fn drift() -> DriftReport {
    let numeric = |low: f64, high: f64, shift: f64| {
        Some(DriftShape::Numeric {
            edges: (0..=30).map(|i| low + (high - low) * f64::from(i) / 30.0).collect(),
            reference: bell(30, 0.4, 0.03),
            current: bell(30, 0.4 + shift, 0.04),
        })
    };
    let categories = Some(DriftShape::Categories {
        names: ["Zürich", "Genève", "Basel", "Bern", "(other)"].map(str::to_owned).to_vec(),
        reference: vec![0.4, 0.25, 0.2, 0.15, 0.0],
        current: vec![0.31, 0.2, 0.14, 0.15, 0.2],
    });
    let column = |name: &str, verdict, effect: Option<f64>, shape| ColumnDrift {
        name: name.to_owned(),
        verdict,
        effect,
        interval: effect.map(|e| ((e - 0.02).max(0.0), e + 0.02)),
        p_value: Some(1e-9),
        p_adjusted: Some(0.0021),
        change: Some(DriftChange::Distribution),
        statistics: [("ks", 0.21), ("psi", 0.31), ("js", 0.17), ("wasserstein", 5.3), ("missing_current", 0.029)]
            .map(|(k, v)| (k.to_owned(), v))
            .into(),
        n: (39_000, 8_412),
        threshold: 0.1,
        why: format!("The effect of {name} is compared with the 0.1 that is tolerated."),
        shape,
    };
    let mut columns = vec![
        column("income", DriftVerdict::Drift, Some(0.42), numeric(0.0, 184_000.0, 0.2)),
        column("city", DriftVerdict::Drift, Some(0.2), categories),
        column(NASTY, DriftVerdict::NoDrift, Some(0.07), numeric(-1e300, 1e300, 0.03)),
        column("age", DriftVerdict::NoDrift, Some(0.012), numeric(18.0, 97.0, 0.0)),
        column("rare", DriftVerdict::CannotTell, None, None),
    ];
    columns.extend((0..8).map(|i| {
        column(
            &format!("feature_{i}"),
            if i == 3 { DriftVerdict::CannotTell } else { DriftVerdict::NoDrift },
            Some(0.05 - f64::from(i) * 0.005),
            numeric(0.0, 1.0, 0.01),
        )
    }));
    DriftReport {
        reference: "data/train-2023.parquet".to_owned(),
        current: "data/production-2024-06.parquet".to_owned(),
        verdict: DriftVerdict::Drift,
        rows: RowCounts { reference: 39_000, current: 8_412 },
        columns,
        joint: JointDrift {
            verdict: DriftVerdict::Drift,
            auc: Some(0.731),
            interval: Some((0.712, 0.750)),
            p_value: Some(1e-12),
            drivers: [("income", 0.61), ("city", 0.27), ("age", 0.02), (NASTY, 0.01)]
                .map(|(c, i)| Driver { column: c.to_owned(), importance: i })
                .to_vec(),
            left_out: vec![("id".into(), "It names rows; nearly every value is another one.".into())],
            roc: (0..=100).map(|i| (f64::from(i) / 100.0, (f64::from(i) / 100.0).powf(0.37))).collect(),
            n: (8_000, 8_000),
            without: None,
            typical: Vec::new(),
            why: "A classifier tells the tables apart better than chance.".to_owned(),
        },
        concept: Some(ConceptDrift {
            verdict: DriftVerdict::CannotTell,
            why: "The current table has no labels.".into(),
        }),
        why:
            "production-2024-06.parquet has drifted: 2 of 13 columns moved further than tolerated, most of all income."
                .to_owned(),
    }
}

pub fn drift_document<'a>(report: &'a DriftReport, sensitive: &'a [String]) -> DriftDocument<'a> {
    DriftDocument {
        title: "Production in June against training",
        project: "churn",
        generated_at: Timestamp::from_ms(1_795_411_522_582),
        report,
        sensitive,
    }
}
