//! Documents on pages from outside: they open, they say what they must, and nothing that a file may hold breaks them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod sample;

use std::io::Read as _;

use proofmark_domain::check::FindingKind;
use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::profile::Meaning;
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_report::document::{DatasetDocument, Form};

/// A document as a reader finds it: its plain objects, and what its compressed streams hold.
struct Opened {
    objects: String,
    streams: String,
}

fn find(bytes: &[u8], word: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(word.len()).position(|it| it == word).map(|at| from + at)
}

fn open(bytes: &[u8]) -> Opened {
    assert!(bytes.starts_with(b"%PDF-1.7"), "the header of a PDF");
    assert!(bytes.trim_ascii_end().ends_with(b"%%EOF"), "the end of a PDF");
    assert!(proofmark_report::document::is_own(bytes, bytes), "a newer one may take its place");
    let (mut objects, mut streams) = (String::new(), String::new());
    let mut at = 0;
    while let Some(start) = find(bytes, b"stream\n", at) {
        objects.push_str(&String::from_utf8_lossy(&bytes[at..start]));
        let body = start + b"stream\n".len();
        let end = find(bytes, b"endstream", body).unwrap();
        let mut inflated = Vec::new();
        if flate2::read::ZlibDecoder::new(&bytes[body..end]).read_to_end(&mut inflated).is_err() {
            inflated = bytes[body..end].to_vec();
        }
        streams.push_str(&String::from_utf8_lossy(&inflated));
        at = end + b"endstream".len();
    }
    objects.push_str(&String::from_utf8_lossy(&bytes[at..]));
    Opened { objects, streams }
}

impl Opened {
    fn pages(&self) -> usize {
        self.objects.matches("/Type/Page\n").count() + self.objects.matches("/Type/Page/").count()
    }

    /// Whether a text stands in what a reader announces: bookmarks, headings, descriptions of figures.
    fn announces(&self, text: &str) -> bool {
        let wide: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        self.objects.contains(text) || self.objects.contains(&wide) || self.objects.contains(&wide.to_lowercase())
    }
}

/// The same after it was kept for a person to look at, if `PROOFMARK_KEEP_PDFS` names a folder.
fn kept(name: &str, bytes: &[u8]) -> Opened {
    if let Some(folder) = std::env::var_os("PROOFMARK_KEEP_PDFS") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.pdf")), bytes).unwrap();
    }
    open(bytes)
}

fn dataset(name: &str, document: &DatasetDocument<'_>) -> Opened {
    kept(name, &document.write(Form::Pdf).unwrap())
}

#[test]
fn a_document_opens_is_tagged_and_is_the_same_again() {
    let (table, check, sensitive, decisions) =
        (sample::profile(), sample::check(), sample::sensitive(), sample::decisions());
    let document = sample::dataset(&table, &check, &sensitive, &decisions);
    let bytes = document.write(Form::Pdf).unwrap();
    assert!(bytes == document.write(Form::Pdf).unwrap(), "the same values give the same bytes");
    let pdf = kept("dataset", &bytes);
    assert!((2..=8).contains(&pdf.pages()), "a table of eleven columns fits a few pages: {}", pdf.pages());
    for word in ["/StructTreeRoot", "/MarkInfo", "/Marked true", "/Lang", "/Outlines", "/S/Table", "/S/TH", "/S/Figure"]
    {
        assert!(pdf.objects.contains(word), "{word} is missing");
    }
    for text in ["Findings", "Sensitive columns", "How to read this", "Distribution of age"] {
        assert!(pdf.announces(text), "{text} is announced");
    }
    assert!(pdf.objects.contains("Proofmark") || pdf.streams.contains("Proofmark"), "it says who made it");
    assert!(!pdf.objects.contains("/JavaScript") && !pdf.objects.contains("/Launch"), "it runs nothing");
    assert!(!pdf.objects.contains("/Subtype/Image"), "figures are drawn, not painted");
}

#[test]
fn names_are_text_and_never_source() {
    let mut table = sample::profile();
    let names = [
        "#read(\"base.typ\")",
        "$x$ *bold* `raw` <label> @ref",
        "#import \"@preview/x:1.0.0\"",
        "שם משתמש",
        "имя",
        "收入",
        "",
    ];
    table.columns = names.iter().map(|name| sample::numeric(name, Meaning::Number, 0.0, 1.0, 0)).collect();
    table.columns.push(sample::numeric(sample::NASTY, Meaning::Number, 0.0, 1.0, 0));
    let (check, sensitive) = (sample::check(), sample::sensitive());
    let pdf = dataset("names", &sample::dataset(&table, &check, &sensitive, &[]));
    for name in ["#read", "$x$ *bold*", "#import"] {
        assert!(pdf.announces(&format!("Distribution of {name}")), "{name} stays as it is");
    }
    for letter in ['\u{5e9}', '\u{438}'] {
        let code = format!("{:04X}", u32::from(letter));
        assert!(pdf.streams.contains(&code), "{letter} can be read back from the page");
    }
}

#[test]
fn a_wide_table_is_a_short_document_and_says_so() {
    let mut table = sample::profile();
    table.columns = (0..2_000).map(|i| sample::numeric(&format!("column_{i}"), Meaning::Number, 0.0, 1.0, 0)).collect();
    let mut check = sample::check();
    let first = check.findings.remove(0);
    check.findings = (0..1_000)
        .map(|i| {
            let mut it = first.clone();
            it.kind = FindingKind::Sentinel;
            it.columns = vec![format!("column_{}", 1_999 - i)];
            it
        })
        .collect();
    let sensitive = sample::sensitive();
    let before = std::time::Instant::now();
    let pdf = dataset("wide", &sample::dataset(&table, &check, &sensitive, &[]));
    eprintln!("2,000 columns, 1,000 findings: {:?}, {} pages", before.elapsed(), pdf.pages());
    assert!(pdf.pages() < 60, "{} pages", pdf.pages());
    assert!(pdf.announces("Distribution of column_1000."), "a column with a finding has room");
    assert!(!pdf.announces("Distribution of column_0."), "before one without");
}

#[test]
fn a_comparison_and_an_empty_one_are_set() {
    let mut report = sample::drift();
    let pdf = kept("drift", &sample::drift_document(&report, &["city".to_owned()]).write(Form::Pdf).unwrap());
    assert!(pdf.announces("All columns together") && pdf.announces("ROC curve"), "all parts are there");
    assert!(!pdf.announces("Zürich") && !pdf.streams.contains("Zürich"), "values of a sensitive column are not");
    report.columns.clear();
    report.joint.roc.clear();
    report.joint.drivers.clear();
    report.joint.left_out.clear();
    report.joint.verdict = DriftVerdict::CannotTell;
    let empty = kept("drift-empty", &sample::drift_document(&report, &[]).write(Form::Pdf).unwrap());
    assert!(empty.pages() <= 2, "nothing to say takes little room");
}

#[test]
fn values_of_sensitive_columns_are_in_no_form() {
    let (table, check, sensitive) = (sample::profile(), sample::check(), sample::sensitive());
    let document = sample::dataset(&table, &check, &sensitive, &[]);
    let pdf = dataset("masked", &document);
    let json = String::from_utf8(document.write(Form::Json).unwrap()).unwrap();
    for value in ["anna@", "ben@", "2019-01-01"] {
        assert!(!pdf.announces(value) && !json.contains(value), "{value} belongs to a sensitive column");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "proofmark/dataset-report/1");
    assert_eq!(json["check"]["findings"].as_array().map(Vec::len), Some(3), "the findings are there");
}

#[test]
fn what_was_not_looked_at_takes_a_page_and_is_not_called_fine() {
    let mut table = sample::profile();
    table.columns.clear();
    table.rows = 0;
    let (check, sensitive) = (sample::check(), sample::sensitive());
    let mut document = sample::dataset(&table, &check, &sensitive, &[]);
    document.check = None;
    document.sensitive = None;
    assert!(dataset("unknown", &document).pages() <= 2, "an empty report is short");
    let none = SensitivityReport { columns: vec![], ..sample::sensitive() };
    document.sensitive = Some(&none);
    assert!(dataset("empty", &document).pages() <= 2, "a search that found none is, too");
}
