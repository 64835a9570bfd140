//! Findings in the forms that CI servers and code hosts read.

use proofmark_contract::domain::check::{CheckReport, Finding, Severity};
use serde_json::json;

use crate::text::word;

/// Text within XML. Characters that XML 1.0 does not have become `?`.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

fn name(finding: &Finding) -> String {
    let kind = word(&finding.kind);
    if finding.columns.is_empty() { kind } else { format!("{kind}: {}", finding.columns.join(", ")) }
}

/// JUnit XML: each finding is a test; errors fail, the rest pass and say why they are there.
pub fn junit(report: &CheckReport) -> String {
    let failures = report.findings.iter().filter(|it| it.severity == Severity::Error).count();
    let tests = report.findings.len().max(1);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n",
        xml(&report.path)
    );
    if report.findings.is_empty() {
        out.push_str(&format!("<testcase classname=\"{}\" name=\"fit for training\"/>\n", xml(&report.path)));
    }
    for finding in &report.findings {
        out.push_str(&format!("<testcase classname=\"{}\" name=\"{}\">", xml(&report.path), xml(&name(finding))));
        let body = format!("{}\n{}", finding.message, finding.suggestion);
        if finding.severity == Severity::Error {
            out.push_str(&format!(
                "<failure type=\"{}\" message=\"{}\">{}</failure>",
                xml(&word(&finding.kind)),
                xml(&finding.message),
                xml(&body)
            ));
        } else {
            out.push_str(&format!("<system-out>{}: {}</system-out>", xml(&word(&finding.severity)), xml(&body)));
        }
        out.push_str("</testcase>\n");
    }
    out.push_str("</testsuite>\n</testsuites>\n");
    out
}

/// SARIF 2.1.0. A row of a text table is the line after it, since its header is line 1.
pub fn sarif(report: &CheckReport) -> String {
    let lines = [".csv", ".tsv"].iter().any(|ending| report.path.to_lowercase().ends_with(ending));
    let mut kinds: Vec<String> = report.findings.iter().map(|it| word(&it.kind).replace(' ', "_")).collect();
    kinds.sort();
    kinds.dedup();
    let rules: Vec<serde_json::Value> =
        kinds.iter().map(|kind| json!({"id": kind, "shortDescription": {"text": kind.replace('_', " ")}})).collect();
    let results: Vec<serde_json::Value> = report
        .findings
        .iter()
        .map(|it| {
            let level = match it.severity {
                Severity::Error => "error",
                Severity::Warn => "warning",
                Severity::Info => "note",
            };
            let mut location = json!({"artifactLocation": {"uri": report.path.replace('\\', "/")}});
            if let (true, Some(row)) = (lines, it.example_rows.first()) {
                location["region"] = json!({"startLine": row + 1});
            }
            json!({
                "ruleId": word(&it.kind).replace(' ', "_"),
                "level": level,
                "message": {"text": format!("{} {}", it.message, it.suggestion)},
                "locations": [{"physicalLocation": location}],
                "properties": {
                    "columns": it.columns, "confidence": it.confidence, "affectedRows": it.affected_rows, "exampleRows": it.example_rows,
                },
            })
        })
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Proofmark", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn report() -> CheckReport {
        serde_json::from_value(json!({
            "path": "data/a&b.csv", "reference": null, "rows": 10, "verdict": "fail",
            "findings": [{
                "kind": "sentinel", "columns": ["amount"], "severity": "error", "confidence": 0.9, "affected_rows": 2, "affected_ratio": 0.2,
                "example_rows": [3, 7], "message": "`amount` is -1 in 2 rows <of 10>.", "suggestion": "Look.", "measures": [],
            }],
        }))
        .unwrap()
    }

    #[test]
    fn an_error_is_a_failed_test_with_its_reason() {
        let text = junit(&report());
        assert!(text.contains("tests=\"1\" failures=\"1\"") && text.contains("data/a&amp;b.csv"), "{text}");
        assert!(
            text.contains("<failure type=\"sentinel\" message=\"`amount` is -1 in 2 rows &lt;of 10&gt;.\">"),
            "{text}"
        );
    }

    #[test]
    fn a_row_is_a_line_of_the_file() {
        let document: serde_json::Value = serde_json::from_str(&sarif(&report())).unwrap();
        let result = &document["runs"][0]["results"][0];
        assert_eq!(result["level"], "error");
        assert_eq!(result["ruleId"], "sentinel");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 4);
        assert_eq!(document["runs"][0]["tool"]["driver"]["rules"][0]["id"], "sentinel");
    }
}
