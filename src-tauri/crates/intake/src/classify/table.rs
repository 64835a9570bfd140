//! Tables in text: a separator that gives every line the same number of cells.

use super::{names, prediction};

/// Records that are looked at.
const MOST_RECORDS: usize = 500;

/// A text that is a table.
pub struct Table {
    /// Its media type.
    pub media_type: &'static str,
    /// Whether its fields are those of a log of predictions.
    pub is_prediction_log: bool,
    /// Whether its content alone, whatever its name, leaves no doubt.
    pub is_strict: bool,
}

/// Finds the separator of a table. `None` if the text is none.
pub fn recognise(text: &str, ending: &str, is_whole: bool) -> Option<Table> {
    let promised = names::is_table(ending);
    let mut best: Option<(usize, f64, char, Vec<Vec<String>>)> = None;
    for separator in [',', '\t', ';', '|'] {
        let records = records(text, separator, is_whole);
        let Some((columns, share)) = regularity(&records) else { continue };
        if columns < 2 {
            continue;
        }
        let better = best.as_ref().is_none_or(|(most, most_share, ..)| {
            share > most_share + 0.05 || (share >= most_share - 0.05 && columns > *most)
        });
        if better {
            best = Some((columns, share, separator, records));
        }
    }
    if let Some((columns, share, separator, records)) = best {
        let strict = is_strict(&records, columns, share, separator, text);
        // Half of the lines in agreement: a ragged table is still a table, and its check will say so.
        if strict || (promised && share >= 0.5 && !is_markup(text)) {
            return Some(Table {
                media_type: if separator == '\t' { "text/tab-separated-values" } else { "text/csv" },
                is_prediction_log: is_prediction_log(&records),
                is_strict: strict,
            });
        }
    }
    numbers_in_columns(text, ending, is_whole)
}

/// Splits a text into records and cells, minding quotes. The last line of a cut text is left out.
fn records(text: &str, separator: char, is_whole: bool) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                cell.push('"');
                characters.next();
            }
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            '\n' | '\r' if !quoted => {
                if character == '\r' && characters.peek() == Some(&'\n') {
                    characters.next();
                }
                if !record.is_empty() || !cell.trim().is_empty() {
                    record.push(std::mem::take(&mut cell));
                    records.push(std::mem::take(&mut record));
                }
                cell.clear();
                if records.len() >= MOST_RECORDS {
                    return records;
                }
            }
            other if other == separator && !quoted => record.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    let cut = !is_whole && !records.is_empty();
    if !cut && (!record.is_empty() || !cell.trim().is_empty()) {
        record.push(cell);
        records.push(record);
    }
    records
}

/// The most frequent number of cells, and the share of the records that have it.
fn regularity(records: &[Vec<String>]) -> Option<(usize, f64)> {
    let mut counts = std::collections::BTreeMap::new();
    for record in records {
        *counts.entry(record.len()).or_insert(0usize) += 1;
    }
    let (columns, count) = counts.into_iter().max_by_key(|(columns, count)| (*count, *columns))?;
    Some((columns, count as f64 / records.len() as f64))
}

/// Signs that hold without a name: regular, several records, and a header or a column of numbers or dates; no prose.
fn is_strict(records: &[Vec<String>], columns: usize, share: f64, separator: char, text: &str) -> bool {
    if records.len() < 3 || share < 0.95 || is_markup(text) {
        return false;
    }
    let Some((header, body)) = records.split_first() else { return false };
    let cells = || body.iter().flatten();
    let total = cells().count().max(1);
    let words: usize = cells().map(|cell| cell.split_whitespace().count()).sum();
    let is_prose = words as f64 / total as f64 > 4.0;
    let like_values = (0..columns).any(|column| {
        let typed = body.iter().filter(|record| record.get(column).is_some_and(|cell| is_value(cell))).count();
        typed * 10 >= body.len() * 8
    });
    let code_like = text.lines().take(100).filter(|line| line.trim_end().ends_with([';', '{', '}', '(', ':'])).count();
    let is_code = separator != ';' && code_like * 4 > records.len();
    let named = header.iter().all(|cell| is_column_name(cell));
    // Two columns parted by commas are what a log or a list of sentences has; both signs must agree then.
    let enough = if columns == 2 && separator == ',' {
        named && (like_values || records.len() >= 5)
    } else {
        named || like_values
    };
    enough && !is_prose && !is_code
}

fn is_column_name(cell: &str) -> bool {
    let cell = cell.trim();
    let words = cell.split_whitespace().count();
    (1..=4).contains(&words)
        && cell.len() <= 80
        && !is_value(cell)
        && cell.chars().any(char::is_alphabetic)
        && !cell.ends_with(['.', ':', '{', '(', ')'])
}

/// A number, a date or a time.
fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    if cell.is_empty() {
        return false;
    }
    if cell.parse::<f64>().is_ok() || cell.replace(',', ".").parse::<f64>().is_ok() {
        return true;
    }
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    digits >= 4
        && cell.bytes().all(|byte| byte.is_ascii_digit() || b"-/:.TZ+ ".contains(&byte))
        && cell.split(' ').count() <= 2
}

/// Markdown: tables with a row of dashes, headings, fences.
fn is_markup(text: &str) -> bool {
    text.lines().take(200).any(|line| {
        let line = line.trim();
        let rule =
            line.contains("--") && line.contains('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
        rule || line.starts_with("```") || line.starts_with("## ")
    })
}

fn is_prediction_log(records: &[Vec<String>]) -> bool {
    let Some((header, body)) = records.split_first() else { return false };
    if !prediction::names_are_of_a_log(header.iter().map(|name| name.trim())) {
        return false;
    }
    header.iter().enumerate().filter(|(_, name)| prediction::is_identifier(name.trim())).any(|(column, _)| {
        let ids: Vec<&String> = body.iter().filter_map(|record| record.get(column)).collect();
        let unique = ids.iter().filter(|id| prediction::is_unique_id(id)).count();
        !ids.is_empty() && unique * 10 >= ids.len() * 8
    })
}

/// Numbers parted by blanks, and the sparse form `label index:value …` of LIBSVM.
fn numbers_in_columns(text: &str, ending: &str, is_whole: bool) -> Option<Table> {
    let could_be = names::is_data(ending) || matches!(ending, "" | "txt" | "svm");
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MOST_RECORDS).collect();
    if !is_whole && lines.len() > 1 {
        lines.pop();
    }
    if !could_be || lines.len() < 3 {
        return None;
    }
    let number = |cell: &str| cell.parse::<f64>().is_ok();
    let pair =
        |cell: &str| cell.split_once(':').is_some_and(|(index, value)| index.parse::<u64>().is_ok() && number(value));
    let sparse = lines.iter().all(|line| {
        let mut cells = line.split('#').next().unwrap_or_default().split_whitespace();
        cells.next().is_some_and(number) && cells.all(|cell| pair(cell) || cell.starts_with("qid:"))
    }) && lines.iter().any(|line| line.contains(':'));
    if sparse {
        return Some(Table { media_type: "text/x-libsvm", is_prediction_log: false, is_strict: true });
    }
    let columns = lines.get(1)?.split_whitespace().count();
    let body = lines.get(1..)?;
    let dense = columns >= 2
        && body.iter().all(|line| line.split_whitespace().count() == columns && line.split_whitespace().all(number));
    dense.then_some(Table { media_type: "text/x-whitespace-separated", is_prediction_log: false, is_strict: true })
}

/// Whether a text whose name promises a table can be a table of one column: short lines, none of them a sentence.
pub fn is_one_column(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(MOST_RECORDS).collect();
    !is_markup(text) && lines.iter().all(|line| line.len() <= 200 && line.split_whitespace().count() <= 8)
}

/// Whether most of the lines `key: value` have numbers for values.
pub fn number_leaves(text: &str) -> bool {
    let pairs: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once([':', '=']).map(|(_, value)| value.trim()))
        .filter(|value| !value.is_empty())
        .collect();
    let numbers = pairs.iter().filter(|value| value.parse::<f64>().is_ok()).count();
    !pairs.is_empty() && numbers * 2 >= pairs.len()
}
