#![allow(clippy::unwrap_used)]

use super::*;
use polars::prelude::*;

type Fallible = Result<(), Box<dyn std::error::Error>>;

fn report(columns: Vec<Column>, context: &Context) -> Result<SensitivityReport, Box<dyn std::error::Error>> {
    let height = columns.first().map_or(0, Column::len);
    Ok(detect(&DataFrame::new(height, columns)?, context, &AtomicBool::new(false))?)
}

fn labels(report: &SensitivityReport, column: &str) -> Vec<String> {
    let found = report.columns.iter().find(|c| c.name == column);
    found.map(|c| c.labels.iter().map(|l| l.label.clone()).collect()).unwrap_or_default()
}

fn mails() -> Vec<String> {
    (0..40).map(|i| format!("person{i}@example.org")).collect()
}

#[test]
fn no_raw_value_leaves() -> Fallible {
    let secret: Vec<String> = (0..40).map(|i| format!("Zanzibarowicz{i}@example.org")).collect();
    let report = report(vec![Column::new("c".into(), secret)], &Context::default())?;
    assert_eq!(labels(&report, "c"), ["email"]);
    assert!(!serde_json::to_string(&report)?.contains("Zanzibarowicz"));
    Ok(())
}

#[test]
fn nested_fields_are_named_by_path() -> Fallible {
    let city = Series::new("city".into(), ["Paris", "Lyon", "Lille"]);
    let address = StructChunked::from_series("address".into(), 3, [city].iter())?.into_series();
    let email = Series::new("email".into(), ["a@example.org", "b@example.org", "c@example.org"]);
    let user = StructChunked::from_series("user".into(), 3, [address, email].iter())?.into_series();
    let report = report(vec![user.into_column()], &Context::default())?;
    assert_eq!(labels(&report, "user.address.city"), ["location"]);
    assert_eq!(labels(&report, "user.email"), ["email"]);
    assert_eq!(report.k_anonymity.columns, ["user.address.city"]);
    assert_eq!(
        (report.k_anonymity.k, report.k_anonymity.unique_rows, report.k_anonymity.small_groups),
        (Some(1), 3, 3)
    );
    Ok(())
}

#[test]
fn a_person_has_the_last_word() -> Fallible {
    let mut context = Context::default();
    context.decisions.insert("email".into(), Decision::NotSensitive);
    context.decisions.insert("n".into(), Decision::Sensitive(vec![super::Label::Health]));
    let report = report(
        vec![Column::new("email".into(), mails()), Column::new("n".into(), (0..40i64).collect::<Vec<_>>())],
        &context,
    )?;
    assert!(!report.columns[0].sensitive && report.columns[0].factors.iter().any(|f| f.name == "decision"));
    assert_eq!(labels(&report, "n"), ["health"]);
    Ok(())
}

#[test]
fn empty_odd_and_wide_tables_are_survived() -> Fallible {
    let empty = report(vec![], &Context::default())?;
    assert!(empty.columns.is_empty());
    let nulls = Column::new_empty("email".into(), &DataType::String);
    assert_eq!(report(vec![nulls], &Context::default())?.columns.len(), 1);
    let all_null = Column::full_null("ssn".into(), 5, &DataType::Null);
    report(vec![all_null], &Context::default())?;
    let odd = Column::new("日本".into(), ["\u{0}", "\u{feff}é", "🙂🙂🙂🙂🙂🙂🙂🙂🙂", "½", "ﬁ٣٤٥٦٧٨٩٠١"]);
    report(vec![odd], &Context::default())?;
    Ok(())
}

#[test]
fn cancelling_is_heard() -> Fallible {
    let frame = DataFrame::new(40, vec![Column::new("email".into(), mails())])?;
    let got = detect(&frame, &Context::default(), &AtomicBool::new(true));
    assert!(matches!(got, Err(SensitiveError::Cancelled)));
    Ok(())
}

#[test]
fn plain_numbers_are_never_accounts_or_cards() -> Fallible {
    let mut state = 7u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 11
    };
    for digits in 6..=16u32 {
        let whole: Vec<i64> = (0..3000)
            .map(|_| {
                (next() % 9 * 10u64.pow(digits - 1) + 10u64.pow(digits - 1) + next() % 10u64.pow(digits - 1)) as i64
            })
            .collect();
        let decimal: Vec<f64> = whole.iter().map(|x| *x as f64 / 100.0).collect();
        let text: Vec<String> = whole.iter().map(|x| x.to_string()).collect();
        let report = report(
            vec![Column::new("a".into(), whole), Column::new("b".into(), decimal), Column::new("c".into(), text)],
            &Context::default(),
        )?;
        for column in &report.columns {
            assert!(!column.sensitive, "{digits} digits: {column:?}");
        }
    }
    Ok(())
}

#[test]
fn timestamps_running_numbers_and_part_numbers_stay_clean() -> Fallible {
    let n = 2000i64;
    let columns = vec![
        Column::new("created".into(), (0..n).map(|i| 1_700_000_000_000 + i * 7_919_123).collect::<Vec<_>>()),
        Column::new("epoch".into(), (0..n).map(|i| 1_609_459_200 + i * 977).collect::<Vec<_>>()),
        Column::new(
            "x".into(),
            (0..n)
                .map(|i| format!("{:03}-{:02}-{:04}", 100 + i * 7 % 799, 1 + i % 99, 1 + i * 31 % 9998))
                .collect::<Vec<_>>(),
        ),
        Column::new(
            "v".into(),
            (0..n).map(|i| format!("{}.{}.{}.{}", i % 9, i % 17, i % 5, i % 40)).collect::<Vec<_>>(),
        ),
        Column::new("year".into(), (0..n).map(|i| format!("{}/{}", 2010 + i % 10, 2011 + i % 10)).collect::<Vec<_>>()),
        Column::new("zip_file".into(), (0..n).map(|i| format!("{:05}", i * 37 % 99999)).collect::<Vec<_>>()),
    ];
    let report = report(columns, &Context { table_name: "readings".into(), ..Context::default() })?;
    for column in &report.columns {
        assert!(!column.sensitive, "{column:?}");
    }
    Ok(())
}

#[test]
fn every_label_has_a_group_and_a_sentence() {
    for info in all_labels() {
        assert_eq!(label_group(info.label), Some(info.group));
        assert!(info.description.ends_with('.'));
    }
    assert_eq!(label_group("nonsense"), None);
}
