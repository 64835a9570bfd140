//! Figures and documents from outside: nothing that a file may hold breaks them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod sample;

use proofmark_domain::drift::*;
use proofmark_domain::profile::*;
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_report::document::{DatasetDocument, DriftDocument, Form, ReportError};
use proofmark_report::figure::{self, Figure, Size, TableNames};

fn dataset_report(document: &DatasetDocument<'_>) -> Result<String, ReportError> {
    document.write(Form::Html).map(|it| String::from_utf8(it).unwrap())
}

fn drift_report(document: &DriftDocument<'_>) -> Result<String, ReportError> {
    document.write(Form::Html).map(|it| String::from_utf8(it).unwrap())
}

/// Every element is closed in order; void elements of HTML and self-closing ones need no end.
fn assert_balanced(markup: &str, what: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = markup;
    while let Some((_, after)) = rest.split_once('<') {
        let end = after.find('>').unwrap_or_else(|| panic!("{what}: a tag is not ended"));
        let (tag, next) = after.split_at(end);
        rest = &next[1..];
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{what}: {tag} closes something else");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{what}: quotes of <{tag}>");
        if name == "style" {
            rest = rest.split_once("</style>").unwrap().1;
        } else if !matches!(name.as_str(), "meta" | "br" | "link" | "img") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{what}: {open:?} stay open");
}

fn assert_sound(figure: &Figure, what: &str) {
    assert_balanced(&figure.svg, what);
    for word in ["<script", "style=", "NaN", "inf\"", "onmouseover=\""] {
        assert!(!figure.svg.contains(word), "{what} holds {word}");
    }
    assert!(
        figure.svg.contains("role=\"img\"") && figure.svg.contains("<title>") && figure.svg.contains("<desc>"),
        "{what} is named"
    );
    assert!(figure.svg.chars().all(|c| !c.is_control() || c == '\n'), "{what} is XML");
    for line in figure.svg.lines().skip(1).filter(|line| !line.starts_with("</")) {
        assert_eq!(line.matches("class=\"fig-").count(), 1, "{what}: one class of colour in {line}");
        assert!(line.contains("fill=\"") && line.contains("stroke=\""), "{what}: both paints are stated in {line}");
    }
    assert!(!figure.marks.is_empty(), "{what} has numbers");
    for mark in &figure.marks {
        assert!(mark.width >= 6.0 && mark.height >= 6.0, "{what}: {mark:?} can be hit");
        assert!(mark.x >= 0.0 && mark.y >= 0.0, "{what}: {mark:?} begins inside");
        assert!(mark.x + mark.width <= figure.width + 1e-6, "{what}: {mark:?} ends inside {}", figure.width);
        assert!(mark.y + mark.height <= figure.height + 1e-6, "{what}: {mark:?} ends inside {}", figure.height);
    }
}

#[test]
fn figures_of_ordinary_columns_are_sound_and_repeat() {
    let table = sample::profile();
    let mut drawn = 0;
    for column in &table.columns {
        for size in [Size::Small, Size::Full] {
            let figure = figure::column(column, table.rows, size);
            assert_eq!(figure, figure::column(column, table.rows, size), "the same values give the same bytes");
            if let Some(figure) = figure {
                assert_sound(&figure, &format!("{} {size:?}", column.name));
                drawn += 1;
            }
        }
    }
    assert_eq!(drawn, 20, "all columns but the identifier have both figures");
    let drift = sample::drift();
    let names = TableNames { reference: sample::NASTY, current: &drift.current };
    for column in &drift.columns {
        for size in [Size::Small, Size::Full] {
            match figure::drift_column(column, names, size) {
                Some(figure) => assert_sound(&figure, &column.name),
                None => assert!(column.shape.is_none(), "a shape is drawn"),
            }
        }
    }
    assert_sound(&figure::drift_effects(&drift.columns).unwrap(), "effects");
    assert_sound(&figure::roc(&drift.joint).unwrap(), "roc");
    assert_sound(&figure::importance(&drift.joint.drivers).unwrap(), "importance");
}

#[test]
fn a_figure_is_what_it_was() {
    let mut column = sample::numeric("age", Meaning::Number, 18.0, 97.0, 1204);
    column.histogram =
        Some(Histogram { edges: vec![18.0, 40.0, 60.0, 80.0, 97.0], counts: vec![9_999, 20_000, 10_000, 0] });
    let figure = figure::column(&column, sample::ROWS, Size::Full).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/histogram.svg"), &figure.svg).unwrap();
    }
    assert_eq!(figure.svg, include_str!("golden/histogram.svg"), "run with UPDATE_GOLDEN=1 and look at the difference");
    let marks: Vec<_> = figure.marks.iter().map(|mark| (mark.label.as_str(), mark.value.as_str())).collect();
    assert_eq!(marks[1], ("40 to 60", "48.5\u{a0}% (20,000 rows)"), "a bar says its range, share and count");
}

#[test]
fn no_degenerate_distribution_breaks_a_figure() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let edges: [Vec<f64>; 12] = [
        vec![],
        vec![1.0],
        vec![1.0, 1.0],
        vec![0.0, 0.0, 0.0],
        vec![2.0, 1.0, 0.0],
        vec![nan, 1.0, 2.0],
        vec![-inf, 0.0, inf],
        vec![f64::MIN, 0.0, f64::MAX],
        vec![-5e-324, 0.0, 5e-324],
        vec![1e300, 1.1e300, 1.2e300],
        vec![1.0, 1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON],
        (0..=1000).map(f64::from).collect(),
    ];
    let names = TableNames { reference: "", current: sample::NASTY };
    let mut drawn = 0;
    for edges in edges {
        for count in [0, 1, u64::MAX] {
            for meaning in [Meaning::Number, Meaning::Date, Meaning::Time] {
                let mut column = sample::column("", meaning);
                column.histogram =
                    Some(Histogram { edges: edges.clone(), counts: vec![count; edges.len().saturating_sub(1)] });
                for (rows, size) in [(0, Size::Full), (1, Size::Small), (u64::MAX, Size::Full)] {
                    for masked in [false, true] {
                        column.masked = masked;
                        if let Some(figure) = figure::column(&column, rows, size) {
                            assert_sound(&figure, &format!("{edges:?} {count}").chars().take(60).collect::<String>());
                            drawn += 1;
                        }
                    }
                }
            }
        }
        for share in [0.0, 1.0, nan, inf, -1.0, 1e-12] {
            let shares = vec![share; edges.len().saturating_sub(1)];
            let mut drift = sample::drift().columns.remove(0);
            drift.threshold = share;
            drift.effect = Some(share);
            drift.interval = Some((share, nan));
            drift.shape =
                Some(DriftShape::Numeric { edges: edges.clone(), reference: shares.clone(), current: shares.clone() });
            for size in [Size::Small, Size::Full] {
                if let Some(figure) = figure::drift_column(&drift, names, size) {
                    assert_sound(&figure, "drift");
                    drawn += 1;
                }
            }
            drift.shape = Some(DriftShape::Categories {
                names: (0..shares.len()).map(|i| sample::NASTY.repeat(i % 40)).collect(),
                reference: shares.clone(),
                current: shares,
            });
            for size in [Size::Small, Size::Full] {
                if let Some(figure) = figure::drift_column(&drift, names, size) {
                    assert_sound(&figure, "categories");
                }
            }
            let mut report = sample::drift();
            report.joint.roc = vec![(share, share), (0.0, 1.0), (share, nan)];
            report.joint.auc = Some(share);
            report.joint.drivers = vec![Driver { column: String::new(), importance: share }];
            report.columns = vec![drift; 40];
            for figure in [
                figure::drift_effects(&report.columns),
                figure::roc(&report.joint),
                figure::importance(&report.joint.drivers),
            ] {
                figure.iter().for_each(|figure| assert_sound(figure, "joint"));
            }
            assert_balanced(
                &drift_report(&sample::drift_document(&report, &[])).unwrap(),
                "document of degenerate values",
            );
        }
    }
    assert!(drawn > 50, "the drawable ones are drawn: {drawn}");
}

#[test]
fn nothing_to_draw_is_no_figure() {
    for meaning in
        [Meaning::Identifier, Meaning::Text, Meaning::Nested, Meaning::Empty, Meaning::Number, Meaning::Category]
    {
        assert_eq!(figure::column(&sample::column("c", meaning), 10, Size::Full), None, "{meaning:?} without values");
    }
}

#[test]
fn names_cannot_leave_their_place() {
    let table = sample::profile();
    let column = table.columns.iter().find(|c| c.name == sample::NASTY).unwrap();
    let figure = figure::column(column, table.rows, Size::Full).unwrap();
    assert!(figure.svg.contains("&lt;b onmouseover=&quot;"), "markup is text");
    assert!(!figure.svg.contains('\u{202e}') && !figure.title.contains('\u{202e}'), "nothing turns the text around");
    let long = table.columns.iter().find(|c| c.name.len() > 250).unwrap();
    let figure = figure::column(long, table.rows, Size::Full).unwrap();
    assert!(figure.title.contains(&long.name), "the title has the full name");
}

#[test]
fn documents_are_self_contained_and_repeat() {
    let (table, check, sensitive, decisions) =
        (sample::profile(), sample::check(), sample::sensitive(), sample::decisions());
    let document = sample::dataset(&table, &check, &sensitive, &decisions);
    let drift = sample::drift();
    let hidden = ["city".to_owned()];
    for make in
        [&|| dataset_report(&document) as Result<String, _>, &|| drift_report(&sample::drift_document(&drift, &hidden))]
            as [&dyn Fn() -> Result<String, ReportError>; 2]
    {
        let html = make().unwrap();
        assert_eq!(html, make().unwrap(), "the same values give the same bytes");
        assert_balanced(&html, "document");
        for word in
            ["<script", "http:", "https:", "//", "url(", "<link", "<img", "style=\"", " onmouseover=\"x", "\u{202e}"]
        {
            let html = html.replace("<meta http-equiv", "");
            assert!(!html.contains(word), "a document holds {word}");
        }
        assert!(html.contains("default-src 'none'") && html.contains("<html lang=\"en\">"), "policy and language");
        assert_eq!(html.matches("<h1").count(), 1, "one title");
        assert_eq!(
            html.matches("<th").count() - html.matches("<thead").count(),
            html.matches("<th scope=").count(),
            "scoped headings"
        );
    }
}

#[test]
fn values_of_sensitive_columns_are_nowhere() {
    let (table, check, sensitive) = (sample::profile(), sample::check(), sample::sensitive());
    let html = dataset_report(&sample::dataset(&table, &check, &sensitive, &[])).unwrap();
    for value in ["anna@", "ben@", "2019-01-01", "2024-06"] {
        assert!(!html.contains(value), "{value} belongs to a sensitive column");
    }
    let drift = sample::drift();
    let html = drift_report(&sample::drift_document(&drift, &["city".to_owned()])).unwrap();
    assert!(
        !html.contains("Zürich") && html.contains("value 1"),
        "categories of a sensitive column are counted, not named"
    );
}

#[test]
fn what_was_not_looked_at_is_not_called_fine() {
    let table = sample::profile();
    let (check, sensitive) = (sample::check(), sample::sensitive());
    let mut document = sample::dataset(&table, &check, &sensitive, &[]);
    document.check = None;
    document.sensitive = None;
    let html = dataset_report(&document).unwrap();
    assert!(html.contains("cannot be told") && html.contains("was not searched"), "silence is not a pass");
    let none = SensitivityReport { columns: vec![], ..sample::sensitive() };
    document.sensitive = Some(&none);
    assert!(
        dataset_report(&document).unwrap().contains("No sensitive column was found"),
        "a search that found none says so"
    );
}

#[test]
fn a_wide_table_is_drawn_in_part_and_says_so() {
    let mut table = sample::profile();
    table.columns = (0..500).map(|i| sample::numeric(&format!("c{i}"), Meaning::Number, 0.0, 1.0, 0)).collect();
    let mut check = sample::check();
    check.findings[0].columns = vec!["c499".to_owned()];
    let sensitive = sample::sensitive();
    let html = dataset_report(&sample::dataset(&table, &check, &sensitive, &[])).unwrap();
    assert!(html.contains("400 columns are listed without"), "what is missing is said");
    assert_eq!(html.matches("<svg").count(), 200, "a small and a full figure for each of a hundred");
    assert!(
        html.contains("Distribution of c499") && !html.contains("Distribution of c450"),
        "columns with findings come first"
    );
}
