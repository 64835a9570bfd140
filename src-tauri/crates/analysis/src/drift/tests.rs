#![allow(clippy::unwrap_used)]

use polars::prelude::{Column, DataFrame, DataType, NamedFrom, Series, TimeUnit};
use proofmark_domain::drift::{ColumnDrift, DriftChange, DriftReport, DriftVerdict};

use super::random::{Random, mix};
use super::*;

struct Draw(Random);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(Random::new(mix(seed)))
    }

    fn uniform(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    fn normals(&mut self, n: usize, mean: f64) -> Vec<f64> {
        (0..n).map(|_| mean + self.normal()).collect()
    }

    fn words(&mut self, n: usize, words: &[&str]) -> Vec<String> {
        (0..n).map(|_| words[self.0.below(words.len())].to_owned()).collect()
    }
}

fn num(name: &str, values: Vec<f64>) -> Column {
    Series::new(name.into(), values).into()
}

fn text(name: &str, values: Vec<String>) -> Column {
    Series::new(name.into(), values).into()
}

fn ints(name: &str, values: Vec<i64>) -> Column {
    Series::new(name.into(), values).into()
}

fn maybe(name: &str, values: Vec<Option<f64>>) -> Column {
    Series::new(name.into(), values).into()
}

fn table(columns: Vec<Column>) -> DataFrame {
    DataFrame::new_infer_height(columns).unwrap()
}

fn run(a: &DataFrame, b: &DataFrame, options: &DriftOptions) -> DriftReport {
    compare(a, b, options, &|| false, &|_, _| {}).unwrap()
}

fn columns_only() -> DriftOptions {
    DriftOptions { max_rows: 0, ..DriftOptions::default() }
}

fn find<'a>(report: &'a DriftReport, name: &str) -> &'a ColumnDrift {
    report.columns.iter().find(|c| c.name == name).unwrap()
}

fn alike(seed: u64, n: usize, width: usize, mean: f64) -> DataFrame {
    let mut draw = Draw::new(seed);
    let columns = (0..width).map(|i| match i % 4 {
        0 => num(&format!("x{i}"), draw.normals(n, mean)),
        1 => num(&format!("x{i}"), draw.normals(n, mean).into_iter().map(f64::exp).collect()),
        2 => text(&format!("x{i}"), draw.words(n, &["a", "b", "c", "d", "e", "f"])),
        _ => maybe(&format!("x{i}"), draw.normals(n, mean).into_iter().map(|v| (v < 1.3).then_some(v)).collect()),
    });
    table(columns.collect())
}

#[test]
fn without_drift_columns_raise_at_most_the_stated_share_of_alarms() {
    for (n, repetitions) in [(200, 300), (2000, 100)] {
        let alarms = (0..repetitions)
            .filter(|r| {
                let report = run(&alike(2 * r, n, 10, 0.0), &alike(2 * r + 1, n, 10, 0.0), &columns_only());
                report.verdict == DriftVerdict::Drift
            })
            .count();
        // 5 % and two standard errors of this many repetitions.
        let limit = 0.05 * repetitions as f64 + 2.0 * (0.05 * 0.95 * repetitions as f64).sqrt();
        assert!((alarms as f64) <= limit, "{alarms} alarms of {repetitions} at n = {n}");
    }
}

#[test]
fn without_drift_the_whole_comparison_raises_few_alarms_and_says_no_drift() {
    let (mut alarms, mut clear) = (0, 0);
    for r in 0..30 {
        let report =
            run(&alike(1000 + 2 * r, 500, 8, 0.0), &alike(1001 + 2 * r, 500, 8, 0.0), &DriftOptions::default());
        alarms += usize::from(report.verdict == DriftVerdict::Drift);
        clear += usize::from(report.verdict == DriftVerdict::NoDrift);
    }
    assert!(alarms <= 4, "{alarms} alarms of 30");
    assert!(clear >= 20, "only {clear} of 30 are clear");
}

#[test]
fn small_medium_and_large_shifts_are_found_at_their_sizes() {
    for (n, shift, least) in [(200, 0.8, 20), (1000, 0.5, 20), (1000, 0.3, 19), (10_000, 0.15, 19)] {
        let mut found = 0;
        for r in 0..20 {
            let (a, mut b) = (alike(5000 + r, n, 10, 0.0), alike(6000 + r, n, 10, 0.0));
            b.with_column(num("x0", Draw::new(7000 + r).normals(n, shift))).unwrap();
            let report = run(&a, &b, &columns_only());
            found += usize::from(find(&report, "x0").verdict == DriftVerdict::Drift);
        }
        assert!(found >= least, "{found} of 20 at n = {n}, shift {shift}");
    }
}

#[test]
fn a_difference_that_only_many_rows_make_significant_is_no_drift() {
    let n = 200_000;
    let (a, b) = (num("x", Draw::new(1).normals(n, 0.0)), num("x", Draw::new(2).normals(n, 0.02)));
    let report = run(&table(vec![a]), &table(vec![b]), &columns_only());
    let x = find(&report, "x");
    assert!(x.p_adjusted.unwrap() < 0.05, "{x:?}");
    assert_eq!(x.verdict, DriftVerdict::NoDrift, "{}", x.why);
}

#[test]
fn too_few_rows_is_a_verdict() {
    for n in [1, 2, 12] {
        let (a, b) = (alike(1, n, 4, 0.0), alike(2, n, 4, 0.0));
        let report = run(&a, &b, &DriftOptions::default());
        assert_eq!(report.verdict, DriftVerdict::CannotTell, "n = {n}: {}", report.why);
        assert!(report.joint.why.contains("too few") || report.joint.why.contains("no column"), "{}", report.joint.why);
    }
}

#[test]
fn a_change_of_correlation_alone_is_seen_by_the_classifier() {
    let n = 2000;
    let make = |seed: u64, sign: f64| {
        let mut draw = Draw::new(seed);
        let x = draw.normals(n, 0.0);
        let y: Vec<f64> = x.iter().map(|x| sign * 0.7 * x + 0.714 * draw.normal()).collect();
        table(vec![num("x", x), num("y", y), num("z", draw.normals(n, 0.0))])
    };
    let report = run(&make(1, 1.0), &make(2, -1.0), &DriftOptions::default());
    assert!(report.columns.iter().all(|c| c.verdict != DriftVerdict::Drift), "{}", report.why);
    assert_eq!(report.joint.verdict, DriftVerdict::Drift, "{}", report.joint.why);
    let drivers: Vec<&str> = report.joint.drivers.iter().take(2).map(|d| d.column.as_str()).collect();
    assert!(drivers.contains(&"x") && drivers.contains(&"y"), "{drivers:?}");
    assert!(report.joint.roc.len() <= 200 && report.joint.roc.len() > 2);
    let categories = |seed: u64, flip: bool| {
        let mut draw = Draw::new(seed);
        let x = draw.words(n, &["a", "b"]);
        let y = x.iter().map(|x| if (x == "a") == flip { "u" } else { "v" }.to_owned()).collect();
        table(vec![text("x", x), text("y", y)])
    };
    let report = run(&categories(3, true), &categories(4, false), &DriftOptions::default());
    assert_eq!(report.joint.verdict, DriftVerdict::Drift, "{}", report.joint.why);
}

#[test]
fn units_are_named() {
    let base = |seed| Draw::new(seed).normals(1500, 0.0);
    let weight = |seed| base(seed).into_iter().map(|v| 70.0 + 12.0 * v).collect::<Vec<f64>>();
    type Change = fn(f64) -> f64;
    let cases: [(Change, &str); 4] = [
        (|v| v * 2.204_622_6, "pounds"),
        (|v| v / 1000.0, "divided by 1,000"),
        (|v| v * 1.8 + 32.0, "Fahrenheit"),
        (|v| v * 100.0, "times 100"),
    ];
    for (change, words) in cases {
        let current = weight(2).into_iter().map(change).collect();
        let report = run(&table(vec![num("w", weight(1))]), &table(vec![num("w", current)]), &columns_only());
        let w = find(&report, "w");
        assert_eq!((w.verdict, w.change), (DriftVerdict::Drift, Some(DriftChange::Unit)), "{}", w.why);
        assert!(w.why.contains(words), "{}", w.why);
    }
    let shifted = weight(3).into_iter().map(|v| v + 40.0).collect();
    let report = run(&table(vec![num("w", weight(1))]), &table(vec![num("w", shifted)]), &columns_only());
    assert_eq!(find(&report, "w").change, Some(DriftChange::Distribution));
}

#[test]
fn encodings_new_categories_and_nulls_are_named() {
    let n = 1500;
    let mut draw = Draw::new(9);
    let mut skewed = |names: [&str; 3]| -> Vec<String> {
        (0..n)
            .map(|_| {
                match draw.uniform() {
                    u if u < 0.6 => names[0],
                    u if u < 0.9 => names[1],
                    _ => names[2],
                }
                .to_owned()
            })
            .collect()
    };
    let base = skewed(["red", "green", "blue"]);
    let check = |a: Vec<String>, b: Vec<String>, change, words: &str| {
        let report = run(&table(vec![text("c", a)]), &table(vec![text("c", b)]), &columns_only());
        let c = find(&report, "c");
        assert_eq!((c.verdict, c.change), (DriftVerdict::Drift, Some(change)), "{}", c.why);
        assert!(c.why.contains(words), "{}", c.why);
    };
    check(base.clone(), skewed(["Red", " GREEN", "blue "]), DriftChange::Encoding, "written otherwise");
    check(base.clone(), skewed(["1", "2", "3"]), DriftChange::Encoding, "other codes");
    check(base.clone(), skewed(["green", "red", "blue"]), DriftChange::Encoding, "other codes");
    let with_new =
        base.iter().enumerate().map(|(i, v)| if i % 12 == 0 { "purple".to_owned() } else { v.clone() }).collect();
    check(base.clone(), with_new, DriftChange::NewCategory, "purple");
    let holes = |share: f64, seed| {
        let mut draw = Draw::new(seed);
        maybe(
            "v",
            (0..n)
                .map(|_| {
                    let v = draw.normal();
                    (draw.uniform() > share).then_some(v)
                })
                .collect(),
        )
    };
    let report = run(&table(vec![holes(0.02, 1)]), &table(vec![holes(0.25, 2)]), &columns_only());
    assert_eq!(find(&report, "v").change, Some(DriftChange::Nulls), "{}", report.why);
}

#[test]
fn a_long_list_of_rare_values_is_not_news() {
    let make = |seed: u64| {
        let mut draw = Draw::new(seed);
        text("city", (0..3000).map(|_| format!("c{}", (draw.uniform().powf(-1.2) * 3.0) as u64)).collect())
    };
    let alarms = (0..40)
        .filter(|r| {
            run(&table(vec![make(2 * r)]), &table(vec![make(2 * r + 1)]), &columns_only()).verdict
                == DriftVerdict::Drift
        })
        .count();
    assert!(alarms <= 4, "{alarms} of 40");
}

#[test]
fn lost_decimals_are_a_change_of_precision_and_not_of_the_world() {
    let a = table(vec![num("x", Draw::new(1).normals(2000, 0.0)), num("y", Draw::new(2).normals(2000, 0.0))]);
    let rounded = Draw::new(3).normals(2000, 0.0).into_iter().map(|v| (v * 10.0).round() / 10.0).collect();
    let b = table(vec![num("x", rounded), num("y", Draw::new(4).normals(2000, 0.0))]);
    let report = run(&a, &b, &DriftOptions::default());
    let x = find(&report, "x");
    assert_eq!((x.verdict, x.change), (DriftVerdict::NoDrift, Some(DriftChange::Encoding)), "{}", x.why);
    assert!(x.why.contains("precision"), "{}", x.why);
    assert_ne!(report.joint.verdict, DriftVerdict::Drift, "{}", report.joint.why);
}

#[test]
fn identifiers_times_nested_and_lonely_columns_are_left_out_and_said_so() {
    let n = 200;
    let make = |from: i64, extra: &str| {
        let mut draw = Draw::new(from as u64);
        let dates = Series::new("day".into(), (0..n as i32).collect::<Vec<i32>>()).cast(&DataType::Date).unwrap();
        let stamps = Series::new("when".into(), (from..from + n as i64).collect::<Vec<i64>>());
        let stamps = stamps.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
        let nested =
            Series::new("list".into(), (0..n).map(|_| Series::new("".into(), [1i64, 2])).collect::<Vec<Series>>());
        table(vec![
            ints("customer_id", (from..from + n as i64).map(|i| (mix(i as u64) >> 20) as i64).collect()),
            ints("row", (from..from + n as i64).collect()),
            ints("ts", (0..n as i64).map(|i| 1_700_000_000 + from + i * 60).collect()),
            text("uuid", (0..n).map(|i| format!("{:x}", mix(i as u64 + from as u64))).collect()),
            text("iso", (0..n).map(|i| format!("2024-01-{:02}T00:00:00Z", i % 28 + 1)).collect()),
            dates.into(),
            stamps.into(),
            nested.into(),
            num("same", vec![4.0; n]),
            num(extra, draw.normals(n, 0.0)),
            num("x", draw.normals(n, 0.0)),
        ])
    };
    let report = run(&make(0, "old"), &make(100_000, "new"), &DriftOptions::default());
    let left: Vec<&str> = report.joint.left_out.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["customer_id", "row", "ts", "uuid", "iso", "day", "when", "list", "same", "old", "new"] {
        assert!(left.contains(&name), "{name} not in {left:?}");
    }
    assert!(!left.contains(&"x"));
    assert_ne!(report.verdict, DriftVerdict::Drift, "{}", report.why);
}

#[test]
fn odd_tables_give_a_verdict_and_no_panic() {
    let none = table(vec![num("x", Vec::new())]);
    let some = table(vec![num("x", vec![1.0, 2.0, 3.0])]);
    let other = table(vec![num("y", vec![1.0, 2.0])]);
    let empty = DataFrame::empty();
    for (a, b) in [(&none, &some), (&some, &none), (&none, &none), (&some, &other), (&empty, &some), (&empty, &empty)] {
        assert_eq!(run(a, b, &DriftOptions::default()).verdict, DriftVerdict::CannotTell);
    }
    let n = 400;
    let wild = |seed: u64| {
        let mut draw = Draw::new(seed);
        let odd: Vec<f64> = (0..n)
            .map(|i| match i % 5 {
                0 => f64::NAN,
                1 => f64::INFINITY,
                2 => f64::NEG_INFINITY,
                3 => f64::MAX,
                _ => draw.normal(),
            })
            .collect();
        table(vec![
            num("odd", odd),
            maybe("nothing", vec![None; n]),
            num("constant", vec![1.0; n]),
            num("nan", vec![f64::NAN; n]),
            num("huge", draw.normals(n, 0.0).into_iter().map(|v| v * 1e307).collect()),
            Series::new("flag".into(), (0..n).map(|i| i % 3 == 0).collect::<Vec<bool>>()).into(),
        ])
    };
    let report = run(&wild(1), &wild(2), &DriftOptions { target: Some("flag".to_owned()), ..DriftOptions::default() });
    assert_ne!(report.verdict, DriftVerdict::Drift, "{}", report.why);
    assert_eq!(find(&report, "nothing").verdict, DriftVerdict::CannotTell);
    assert!(find(&report, "odd").why.contains("infinite"));
    let json = serde_json::to_string(&report).unwrap();
    let back: DriftReport = serde_json::from_str(&json).unwrap();
    assert_eq!(back.columns.len(), report.columns.len());
    let gone = table(vec![maybe("x", vec![None; n])]);
    let full = table(vec![num("x", Draw::new(1).normals(n, 0.0))]);
    let report = run(&full, &gone, &DriftOptions::default());
    assert_eq!(find(&report, "x").change, Some(DriftChange::Nulls), "{}", report.why);
    let written = table(vec![text("x", Draw::new(2).normals(n, 0.0).iter().map(f64::to_string).collect())]);
    assert_ne!(run(&full, &written, &columns_only()).verdict, DriftVerdict::Drift);
}

#[test]
fn rows_of_both_tables_and_copies_are_no_drift() {
    let a = alike(1, 1000, 5, 0.0);
    let report = run(&a, &a, &DriftOptions::default());
    assert_eq!(report.verdict, DriftVerdict::NoDrift, "{}", report.why);
    assert!(report.joint.why.contains("stand in both"), "{}", report.joint.why);
    let half = alike(2, 500, 5, 0.0);
    let doubled = half.vstack(&half).unwrap();
    let report = run(&a, &doubled, &DriftOptions::default());
    assert_ne!(report.joint.verdict, DriftVerdict::Drift, "{}", report.joint.why);
    assert!(report.joint.why.contains("more than once"), "{}", report.joint.why);
}

#[test]
fn a_changed_relation_is_told_from_changed_features() {
    let n = 3000;
    let make = |seed: u64, slope: f64, mean: f64| {
        let mut draw = Draw::new(seed);
        let x = draw.normals(n, mean);
        let y: Vec<f64> = x.iter().map(|x| slope * x + 0.5 * draw.normal()).collect();
        table(vec![num("x", x), num("w", draw.normals(n, 0.0)), num("y", y)])
    };
    let options = DriftOptions { target: Some("y".to_owned()), ..DriftOptions::default() };
    let concept = |a: &DataFrame, b: &DataFrame| run(a, b, &options).concept.unwrap();
    let found = concept(&make(1, 1.0, 0.0), &make(2, -1.0, 0.0));
    assert_eq!(found.verdict, DriftVerdict::Drift, "{}", found.why);
    let holds = concept(&make(3, 1.0, 0.0), &make(4, 1.0, 0.0));
    assert_eq!(holds.verdict, DriftVerdict::NoDrift, "{}", holds.why);
    let moved = concept(&make(5, 1.0, 0.0), &make(6, 1.0, 0.7));
    assert_ne!(moved.verdict, DriftVerdict::Drift, "{}", moved.why);
    let apart = concept(&make(7, 1.0, 0.0), &make(8, 1.0, 12.0));
    assert_eq!(apart.verdict, DriftVerdict::CannotTell, "{}", apart.why);
}

#[test]
fn the_same_seed_gives_the_same_report_and_cancel_and_wrong_names_are_errors() {
    let (a, b) = (alike(1, 300, 5, 0.0), alike(2, 300, 5, 0.4));
    let options = DriftOptions::default();
    let written = |r: &DriftReport| serde_json::to_string(r).unwrap();
    assert_eq!(written(&run(&a, &b, &options)), written(&run(&a, &b, &options)));
    assert_eq!(compare(&a, &b, &options, &|| true, &|_, _| {}), Err(DriftError::Cancelled));
    let wrong = DriftOptions { target: Some("nowhere".to_owned()), ..options.clone() };
    assert!(matches!(
        compare(&a, &b, &wrong, &|| false, &|_, _| {}),
        Err(DriftError::UnknownColumn { role: "target", .. })
    ));
    let wrong = DriftOptions { effect_threshold: f64::NAN, ..options };
    assert!(matches!(compare(&a, &b, &wrong, &|| false, &|_, _| {}), Err(DriftError::BadOption { .. })));
}

/// Not a promise but a measurement: `cargo test --release -p proofmark-analysis -- --ignored --nocapture drift_speed`.
#[test]
#[ignore = "a measurement, for release builds"]
fn drift_speed() {
    for (n, width) in [(200_000, 50), (1_000_000, 30)] {
        let (a, b) = (alike(1, n, width, 0.0), alike(2, n, width, 0.0));
        let start = std::time::Instant::now();
        let columns = run(&a, &b, &columns_only());
        let first = start.elapsed();
        let report = run(&a, &b, &DriftOptions::default());
        eprintln!(
            "{n} x {width}: columns {first:?}, all {:?}; {} {}",
            start.elapsed() - first,
            report.why,
            columns.columns.len()
        );
    }
}

#[test]
fn no_drift_seldom_raises_an_alarm_and_a_medium_shift_is_found() {
    let alarms = (0..40)
        .filter(|r| {
            run(&alike(3_000 + 2 * r, 400, 9, 0.0), &alike(3_001 + 2 * r, 400, 9, 0.0), &DriftOptions::default())
                .verdict
                == DriftVerdict::Drift
        })
        .count();
    assert!(alarms <= 4, "{alarms} of 40 comparisons without any change");
    let found = (0..10)
        .filter(|r| {
            let mut current = alike(5_001 + 2 * r, 1_000, 9, 0.0);
            current.with_column(num("x0", Draw::new(7_000 + r).normals(1_000, 0.5))).unwrap();
            let report = run(&alike(5_000 + 2 * r, 1_000, 9, 0.0), &current, &DriftOptions::default());
            find(&report, "x0").verdict == DriftVerdict::Drift
        })
        .count();
    assert_eq!(found, 10, "half a standard deviation is always found");
}

#[test]
fn what_is_left_without_the_drifted_columns_and_the_rows_typical_of_now_are_told() {
    let mut draw = Draw::new(8);
    let reference = table(vec![num("a", draw.normals(2_000, 0.0)), num("b", draw.normals(2_000, 0.0))]);
    let moved = draw.normals(2_000, 0.8);
    let current = table(vec![num("a", moved.clone()), num("b", draw.normals(2_000, 0.0))]);
    let joint = run(&reference, &current, &DriftOptions::default()).joint;
    let without = joint.without.unwrap();
    assert_eq!(without.columns, ["a"]);
    assert!(without.auc.is_some_and(|it| it < 0.54), "{:?}", without.auc);
    assert_eq!(joint.typical.len(), 5);
    for it in &joint.typical {
        assert!(moved[it.row as usize - 1] > 1.0 && it.sure > 0.6, "{it:?}: {}", moved[it.row as usize - 1]);
    }
    assert!(joint.why.contains("without a the AUC is") && joint.why.contains("most typical"), "{}", joint.why);
    let same = table(vec![num("a", draw.normals(2_000, 0.0)), num("b", draw.normals(2_000, 0.0))]);
    let joint = run(&reference, &same, &DriftOptions::default()).joint;
    assert_eq!((joint.without, joint.typical), (None, Vec::new()));
}

#[test]
fn a_unit_is_named_also_where_its_values_were_rounded() {
    // Whole minutes and miles, as a timetable has them.
    let minutes = |seed| {
        Draw::new(seed).normals(3000, 0.0).into_iter().map(|v| (150.0 + 60.0 * v).abs().round()).collect::<Vec<f64>>()
    };
    let round = |v: f64, digits: i32| (v * 10f64.powi(digits)).round() / 10f64.powi(digits);
    for (factor, digits, words) in
        [(1.0 / 60.0, 4, "divided by 60"), (1.609_344, 3, "miles to kilometres"), (1.609_344, 0, "miles to kilometres")]
    {
        let current = minutes(2).into_iter().map(|v| round(v * factor, digits)).collect();
        let report = run(&table(vec![num("d", minutes(1))]), &table(vec![num("d", current)]), &columns_only());
        let d = find(&report, "d");
        assert_eq!((d.verdict, d.change), (DriftVerdict::Drift, Some(DriftChange::Unit)), "{}", d.why);
        assert!(d.why.contains(words), "{}", d.why);
    }
    let celsius =
        |seed| Draw::new(seed).normals(3000, 0.0).into_iter().map(|v| round(12.0 + 8.0 * v, 1)).collect::<Vec<f64>>();
    let fahrenheit = celsius(1).into_iter().map(|v| round(v * 1.8 + 32.0, 2)).collect();
    let report = run(&table(vec![num("t", fahrenheit)]), &table(vec![num("t", celsius(2))]), &columns_only());
    assert!(find(&report, "t").why.contains("Fahrenheit to Celsius"), "{}", find(&report, "t").why);
}

#[test]
fn what_stands_in_one_table_alone_is_told_beside_the_verdict() {
    let a = table(vec![num("x", Draw::new(1).normals(500, 0.0)), num("old", Draw::new(2).normals(500, 0.0))]);
    let b =
        table(vec![num("x", Draw::new(3).normals(500, 0.0)), num("new", vec![1.0; 500]), num("newer", vec![1.0; 500])]);
    let report = run(&a, &b, &DriftOptions::default());
    assert!(report.why.contains("old stands only in the reference and was not compared."), "{}", report.why);
    assert!(
        report.why.contains("new and newer stand only in the current table and were not compared."),
        "{}",
        report.why
    );
    let ids = table(vec![ints("order_no", (0..500).collect())]);
    let report = run(&ids, &ids, &DriftOptions::default());
    assert_eq!(report.verdict, DriftVerdict::CannotTell);
    assert!(report.why.contains("order_no is an identifier"), "{}", report.why);
}

#[test]
fn rows_that_are_equal_by_nature_explain_an_auc_below_one_half() {
    let codes: Vec<i64> = (0..2000).map(|it| (mix(it) % 40) as i64).collect();
    let delays: Vec<f64> = (0..2000).map(|it| (mix(it + 7) % 60) as f64).collect();
    let a = table(vec![ints("code", codes), num("delay", delays)]);
    let report = run(&a, &a, &DriftOptions::default());
    assert!(
        report.joint.auc.unwrap() < 0.5 && report.joint.why.contains("stand in both tables"),
        "{}",
        report.joint.why
    );
    assert!(
        !report.joint.why.contains('e') || !report.joint.why.contains("e0"),
        "no programmers' numbers: {}",
        report.joint.why
    );
}

fn booleans(name: &str, values: Vec<bool>) -> Column {
    Series::new(name.into(), values).into()
}

#[test]
fn yes_and_no_are_the_same_however_they_are_kept() {
    let draw = |seed: u64, share: f64| -> Vec<bool> {
        let mut draw = Draw::new(seed);
        (0..2_000).map(|_| draw.uniform() < share).collect()
    };
    let whole = |seed, share| ints("x", draw(seed, share).into_iter().map(i64::from).collect());
    let real = |seed, share| num("x", draw(seed, share).into_iter().map(|it| f64::from(u8::from(it))).collect());
    let words = |seed, share| {
        text("x", draw(seed, share).into_iter().map(|it| if it { "True" } else { "False" }.to_owned()).collect())
    };
    let kept = || table(vec![booleans("x", draw(1, 0.3))]);
    for (current, how) in [(whole(2, 0.3), "0 and 1"), (real(3, 0.3), "0 and 1"), (words(4, 0.3), "words")] {
        for (a, b) in [(kept(), table(vec![current.clone()])), (table(vec![current]), kept())] {
            let report = run(&a, &b, &DriftOptions::default());
            let x = find(&report, "x");
            assert_eq!((x.verdict, x.change), (DriftVerdict::NoDrift, Some(DriftChange::Encoding)), "{}", x.why);
            assert!(x.why.contains("written otherwise") && x.why.contains(how), "{}", x.why);
            assert_ne!(report.verdict, DriftVerdict::Drift, "{}", report.why);
        }
    }
    // A change of the world shows all the same.
    let report = run(&kept(), &table(vec![whole(5, 0.6)]), &DriftOptions::default());
    let x = find(&report, "x");
    assert_eq!((x.verdict, x.change), (DriftVerdict::Drift, Some(DriftChange::Distribution)), "{}", x.why);
    // What is no boolean is compared as the numbers that they are.
    let more = ints(
        "x",
        draw(6, 0.3).into_iter().enumerate().map(|(at, it)| i64::from(it) + i64::from(at % 9 == 0)).collect(),
    );
    let report = run(&kept(), &table(vec![more]), &DriftOptions::default());
    let x = find(&report, "x");
    assert_eq!(x.change, Some(DriftChange::Distribution), "{}", x.why);
    assert!(!x.why.contains("written otherwise"), "{}", x.why);
}

#[test]
fn another_stand_in_for_missing_values_is_named() {
    let make = |seed: u64, share: f64, stand_in: Option<f64>| {
        let mut draw = Draw::new(seed);
        let values = (0..3_000).map(|_| {
            let value = 50.0 + 10.0 * draw.normal();
            if draw.uniform() < share { stand_in } else { Some(value) }
        });
        table(vec![maybe("x", values.collect())])
    };
    for (before, after) in
        [(Some(-999.0), Some(-1.0)), (Some(9_999.0), None), (None, Some(-1.0)), (Some(-999.0), Some(9_999.0))]
    {
        for share in [0.012, 0.05, 0.3] {
            let report = run(&make(1, share, before), &make(2, share, after), &columns_only());
            let x = find(&report, "x");
            let told = (x.verdict, x.change);
            assert_eq!(
                told,
                (DriftVerdict::Drift, Some(DriftChange::Encoding)),
                "{before:?} {after:?} {share}: {}",
                x.why
            );
            assert!(x.why.contains("stands for a missing value changed"), "{}", x.why);
        }
    }
    for (before, after) in [(Some(-999.0), Some(-999.0)), (None, None)] {
        let report = run(&make(3, 0.05, before), &make(4, 0.05, after), &columns_only());
        assert_eq!(find(&report, "x").verdict, DriftVerdict::NoDrift, "{}", report.why);
    }
    // Values that are missing more often are missing more often.
    let report = run(&make(5, 0.0, None), &make(6, 0.1, None), &columns_only());
    assert_eq!(find(&report, "x").change, Some(DriftChange::Nulls), "{}", report.why);
}

#[test]
fn dates_that_are_written_otherwise_are_named() {
    let day = |it: i64| {
        let (year, month, day) = (2024, it / 28 % 12 + 1, it % 28 + 1);
        (year, month, day)
    };
    let written = |write: &dyn Fn((i64, i64, i64)) -> String| text("at", (0..600).map(|it| write(day(it))).collect());
    let iso = || written(&|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    let typed = || {
        let days: Vec<i32> = (0..600).map(|it| 19_723 + it).collect();
        Column::from(Series::new("at".into(), days).cast(&DataType::Date).unwrap())
    };
    let slash = || written(&|(y, m, d)| format!("{d:02}/{m:02}/{y}"));
    let epoch = |unit: i64| ints("at", (0..600).map(|it| (1_704_067_200 + it * 86_400) * unit).collect());
    let options = DriftOptions { max_rows: 0, time: Some("at".to_owned()), ..DriftOptions::default() };
    for options in [&columns_only(), &options] {
        for (a, b, words) in [
            (iso(), slash(), "like 2024-01-31 in the reference, like 31/01/2024 in the current table"),
            (slash(), iso(), "like 31/01/2024 in the reference"),
            (iso(), epoch(1), "as seconds since 1970 in the current table"),
            (typed(), epoch(1_000), "as milliseconds since 1970 in the current table"),
            (
                slash(),
                written(&|(y, m, d)| format!("{m:02}/{d:02}/{y}")),
                "like 01/31/2024 in the current table: day and month changed their places",
            ),
        ] {
            let report = run(&table(vec![a]), &table(vec![b]), options);
            let at = find(&report, "at");
            assert_eq!((at.verdict, at.change), (DriftVerdict::Drift, Some(DriftChange::Encoding)), "{}", at.why);
            assert!(at.why.contains(words), "{} instead of {words}", at.why);
        }
        for (a, b) in [(iso(), iso()), (iso(), typed()), (slash(), slash()), (epoch(1), epoch(1))] {
            let report = run(&table(vec![a]), &table(vec![b]), options);
            assert!(report.columns.is_empty(), "{:?}", report.columns);
        }
    }
}

#[test]
fn growth_is_no_change_of_unit() {
    // A series that grows evenly, cut in the middle: many a factor would make its halves alike.
    let series = |from: usize, to: usize| -> Vec<f64> {
        let mut draw = Draw::new(from as u64);
        (from..to).map(|it| 1_000.0 * (it as f64 / 125.0).exp() * (1.0 + 0.02 * draw.normal())).collect()
    };
    let report =
        run(&table(vec![num("gdp", series(0, 100))]), &table(vec![num("gdp", series(100, 200))]), &columns_only());
    let gdp = find(&report, "gdp");
    assert_eq!((gdp.verdict, gdp.change), (DriftVerdict::Drift, Some(DriftChange::Distribution)), "{}", gdp.why);
    // A unit that changes at the border of a season does so at once.
    let celsius = |from: usize| -> Vec<f64> {
        let mut draw = Draw::new(from as u64);
        (from..from + 365).map(|it| 10.0 - 10.0 * (it as f64 / 58.1).cos() + 2.0 * draw.normal()).collect()
    };
    let fahrenheit: Vec<f64> = celsius(365).into_iter().map(|it| it * 1.8 + 32.0).collect();
    let report = run(&table(vec![num("t", celsius(0))]), &table(vec![num("t", fahrenheit)]), &columns_only());
    assert_eq!(find(&report, "t").change, Some(DriftChange::Unit), "{}", report.why);
}

#[test]
fn a_few_values_with_more_decimals_are_no_change_of_precision() {
    let with = |seed: u64, finer: usize| -> Vec<f64> {
        let mut draw = Draw::new(seed);
        let mut values: Vec<f64> = (0..300).map(|_| (100.0 * draw.normal()).round() / 100.0).collect();
        values.iter_mut().take(finer).for_each(|it| *it += 0.001);
        values
    };
    let change = |finer: usize| {
        let report = run(&table(vec![num("x", with(1, 0))]), &table(vec![num("x", with(2, finer))]), &columns_only());
        find(&report, "x").change
    };
    assert_eq!((change(3), change(300)), (None, Some(DriftChange::Encoding)));
}

#[test]
fn few_columns_in_common_say_little() {
    let other = |seed: u64, names: [&str; 3]| {
        table(
            names
                .iter()
                .enumerate()
                .map(|(at, name)| num(name, Draw::new(seed + at as u64).normals(600, 0.0)))
                .collect(),
        )
    };
    let report = run(&other(1, ["x", "age", "income"]), &other(9, ["x", "alter", "einkommen"]), &columns_only());
    assert_eq!(report.verdict, DriftVerdict::CannotTell, "{}", report.why);
    assert!(report.why.contains("2 have no counterpart"), "{}", report.why);
    assert_ne!(
        run(&other(1, ["x", "age", "income"]), &other(9, ["x", "age", "einkommen"]), &columns_only()).verdict,
        DriftVerdict::CannotTell
    );
}

#[test]
fn a_target_that_is_the_same_everywhere_has_no_relation() {
    let make = |seed: u64, filled: bool| {
        let mut draw = Draw::new(seed);
        let x = draw.normals(1_500, 0.0);
        let y = x.iter().map(|it| i64::from(filled || it + draw.normal() > 0.0)).collect();
        table(vec![num("x", x), num("z", draw.normals(1_500, 0.0)), ints("y", y)])
    };
    let options = DriftOptions { target: Some("y".to_owned()), ..DriftOptions::default() };
    let report = run(&make(1, false), &make(2, true), &options);
    let concept = report.concept.unwrap();
    assert_eq!(concept.verdict, DriftVerdict::CannotTell, "{}", concept.why);
    assert!(concept.why.contains("same in every row of the current table"), "{}", concept.why);
}
