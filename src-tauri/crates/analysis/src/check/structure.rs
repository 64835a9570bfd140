//! What is wrong with the file itself, and with whole columns.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;
use proofmark_domain::profile::{Meaning, TableProfile};

use super::finding::{About, finding, percent};
use crate::table::{Odd, TableSource};

/// Checks that need no values, only what was seen while reading.
pub fn check(
    source: &TableSource,
    profile: &TableProfile,
    reference: Option<(&TableSource, &TableProfile)>,
    findings: &mut Vec<Finding>,
) {
    if source.rows() == 0 {
        let message =
            format!("{} has {} columns and not a single row.", source.path().display(), source.column_names().len());
        let advice = "Check the query or filter that made it. Training on it fails, or silently uses older data.";
        findings.push(finding(FindingKind::EmptyTable, &[], Severity::Error, 1.0, message, advice));
        return;
    }
    if let Some((earlier, _)) = reference {
        let (now, then) = (&source.reading().delimiter, &earlier.reading().delimiter);
        if let (Some(now), Some(then)) = (now, then)
            && now != then
        {
            let message = format!("The fields are separated by {now:?}; in the reference by {then:?}.");
            let advice =
                "Tell the reader, or bring it back: a program that expects the old mark reads one single column.";
            findings.push(finding(FindingKind::DelimiterChange, &[], Severity::Warn, 1.0, message, advice));
        }
        let (now, then) = (&source.reading().encoding, &earlier.reading().encoding);
        if let (Some(now), Some(then)) = (now, then) {
            let plain = |name: &str| name.starts_with("utf-8");
            if now != then && !(plain(now) && plain(then)) {
                let message = format!("The file is encoded in {now}; the reference in {then}.");
                let advice = "Read it with its own encoding; with the old one, letters beyond ASCII are damaged.";
                findings.push(finding(FindingKind::EncodingChange, &[], Severity::Warn, 0.9, message, advice));
            }
        }
    }
    let Some(seen) = source.structure() else { return };
    let rows = source.rows();
    let mut ragged = Odd { count: seen.short_rows.count + seen.long_rows.count, rows: Vec::new() };
    ragged.rows.extend(seen.short_rows.rows.iter().chain(&seen.long_rows.rows).copied());
    ragged.rows.sort_unstable();
    if ragged.count > 0 {
        let message = format!(
            "{} more or fewer fields than the header ({}).",
            told(ragged.count, "row has", "rows have"),
            percent(ragged.count as f64 / rows as f64)
        );
        let advice = "Look for marks and quotes within values that were not protected. Values of these rows stand in wrong columns.";
        findings
            .push(finding(FindingKind::RaggedRows, &[], Severity::Error, 1.0, message, advice).counted(&ragged, rows));
    }
    if seen.open_quotes.count > 0 {
        let message = format!("{} a quote that never closes.", told(seen.open_quotes.count, "row opens", "rows open"));
        let advice =
            "Protect quotes within values. Many readers swallow everything up to the end of the file as one value.";
        findings.push(
            finding(FindingKind::RaggedRows, &[], Severity::Error, 0.9, message, advice)
                .counted(&seen.open_quotes, rows),
        );
    }
    if seen.cut_rows.count > 0 {
        let message = format!(
            "{} longer than 64 MiB; what lies beyond was left out.",
            told(seen.cut_rows.count, "row is", "rows are")
        );
        let advice = "Look for a line end or a quote that is missing. What was left out was not checked.";
        findings.push(
            finding(FindingKind::RaggedRows, &[], Severity::Error, 0.95, message, advice).counted(&seen.cut_rows, rows),
        );
    }
    if seen.repeated_header.count > 0 {
        let message = format!(
            "The header stands again in {}; files were probably joined.",
            told(seen.repeated_header.count, "row", "rows")
        );
        let advice = "Remove these rows. They turn every column into text.";
        findings.push(
            finding(FindingKind::RepeatedHeaderRow, &[], Severity::Error, 1.0, message, advice)
                .counted(&seen.repeated_header, rows),
        );
    }
    if let Some(row) = seen.footer {
        let message = format!("The last row ({row}) is a total of the others.");
        let advice = "Remove it. A model would take the sum as one enormous case.";
        let odd = Odd { count: 1, rows: vec![row] };
        findings.push(
            finding(FindingKind::FooterTotalRow, &[], Severity::Error, 0.95, message, advice).counted(&odd, rows),
        );
    }
    if seen.truncated.is_some() || seen.truncated_compression {
        let message = match seen.truncated {
            Some(row) => format!("The file ends in the middle of row {row}."),
            None => "The compressed file breaks off before its end.".to_owned(),
        };
        let odd = Odd { count: 1, rows: seen.truncated.into_iter().collect() };
        let advice = "Copy the file again. What is missing may be a whole group of cases.";
        findings
            .push(finding(FindingKind::TruncatedFile, &[], Severity::Error, 0.95, message, advice).counted(&odd, rows));
    }
    if seen.bad_lines.count > 0 {
        let last = seen.bad_lines.count == 1 && seen.bad_lines.rows.first() == Some(&rows);
        let kind = if last { FindingKind::TruncatedFile } else { FindingKind::RaggedRows };
        let message = if last {
            "The last line breaks off.".to_owned()
        } else {
            format!("{} not JSON.", told(seen.bad_lines.count, "line is", "lines are"))
        };
        let advice = "Write the file again. These records are missing from the table.";
        findings.push(finding(kind, &[], Severity::Error, 0.95, message, advice).counted(&seen.bad_lines, rows));
    }
    if !seen.duplicate_names.is_empty() {
        let names: Vec<&str> = seen.duplicate_names.iter().map(String::as_str).collect();
        let message = format!("The header names {} more than once.", names.join(", "));
        let advice = "Give every column its own name. Programs keep one of them, and not always the same.";
        findings.push(finding(FindingKind::DuplicateColumnName, &names, Severity::Error, 1.0, message, advice));
    }
    if source.reading().has_header == Some(false) {
        let message = "The first row holds values, not names.".to_owned();
        let advice = "Add a header. Otherwise most programs take the first row as names and lose it, and columns are told apart by position only.";
        findings.push(finding(FindingKind::MissingHeader, &[], Severity::Warn, 0.85, message, advice));
    }
    if seen.bad_encoding.count > 0 {
        let message = format!(
            "{} not valid UTF-8, while others hold letters in UTF-8: two encodings are mixed.",
            told(seen.bad_encoding.count, "row is", "rows are")
        );
        let advice = "Export all parts in UTF-8. Letters beyond ASCII differ from row to row.";
        findings.push(
            finding(FindingKind::LossyEncoding, &[], Severity::Error, 0.9, message, advice)
                .counted(&seen.bad_encoding, rows),
        );
    }
    if seen.nul_bytes.count > 0 {
        let message = format!("{} NUL bytes.", told(seen.nul_bytes.count, "row holds", "rows hold"));
        let advice = "The file was damaged or written in parts; write it again. Some readers stop at such a byte.";
        findings.push(
            finding(FindingKind::InvisibleCharacters, &[], Severity::Error, 0.9, message, advice)
                .counted(&seen.nul_bytes, rows),
        );
    }
    let _ = profile;
}

/// `1 row has`, `7 rows have`.
fn told(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Columns that hold nothing, or always the same.
pub fn constant(profile: &TableProfile, reference: Option<&TableProfile>, findings: &mut Vec<Finding>) {
    if profile.rows < 10 {
        return;
    }
    for column in &profile.columns {
        let earlier = reference.and_then(|r| r.column(&column.name));
        let name = column.name.as_str();
        if column.nulls >= profile.rows {
            if earlier.is_some_and(|e| e.meaning == Meaning::Empty) {
                continue;
            }
            let message = format!("`{name}` holds no value at all.");
            let advice = "Drop the column, or repair its source. A model cannot use it, and imputing it invents data.";
            let mut found = finding(FindingKind::AllNull, &[name], Severity::Error, 1.0, message, advice);
            (found.affected_rows, found.affected_ratio) = (profile.rows, 1.0);
            findings.push(found);
            continue;
        }
        let values = profile.rows - column.nulls;
        if column.distinct == 1 && values >= 10 {
            if earlier.is_some_and(|e| e.distinct == 1) {
                continue;
            }
            let message = format!("`{name}` has the same value in all of its {} rows.", grouped(values));
            let advice = "Drop it, or check the export. It tells a model nothing; if it varied before, a filter or a default crept in.";
            // A region or a year of which all rows are is how extracts are made; a quantity that never moves is not.
            let described =
                earlier.is_none() && (column.stored_type == "string" || name.to_lowercase().contains("year"));
            let severity = if described { Severity::Info } else { Severity::Warn };
            let mut found = finding(FindingKind::ConstantColumn, &[name], severity, 1.0, message, advice);
            (found.affected_rows, found.affected_ratio) = (values, values as f64 / profile.rows as f64);
            findings.push(found);
            continue;
        }
        let Some(top) = column.top.first() else { continue };
        let share = top.count as f64 / values as f64;
        let before = earlier.and_then(|e| {
            Some(e.top.iter().find(|t| t.value == top.value)?.count as f64 / profile_values(e, reference?.rows))
        });
        // A rare flag is a fact; only next to nothing is suspicious, or what used to vary.
        let new = earlier.is_some() && share > 0.97 && before.unwrap_or(0.0) < 0.8;
        // Of amounts most may be zero; of measured values nothing else is the same nearly everywhere.
        let zero = column.zeros == Some(top.count);
        let measured =
            column.meaning == Meaning::Number && !zero && column.distinct > 2 && share >= 0.99 && values >= 200;
        let nearly = earlier.is_none()
            && (share >= 0.998 && values >= 1000 || measured)
            && column.distinct > 1
            && column.meaning != Meaning::Boolean;
        if new || nearly {
            let message = format!("`{name}` has one value in {} of its rows.", percent(share));
            let advice = "Check whether a default crept in. It tells a model next to nothing, and the few other rows weigh too much.";
            let severity = if new || measured { Severity::Warn } else { Severity::Info };
            let mut found = finding(FindingKind::AlmostConstant, &[name], severity, 0.85, message, advice).measure(
                "share of the most frequent value",
                share,
                before,
            );
            (found.affected_rows, found.affected_ratio) = (top.count, top.count as f64 / profile.rows as f64);
            findings.push(found);
        }
    }
}

fn profile_values(column: &proofmark_domain::profile::ColumnProfile, rows: u64) -> f64 {
    rows.saturating_sub(column.nulls).max(1) as f64
}
