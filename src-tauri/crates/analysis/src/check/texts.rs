//! What is wrong with texts: words for nothing, variants of one word, damaged characters, mixtures.

use std::collections::{BTreeMap, HashMap};

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::stats::edits;
use super::view::{View, ViewColumn, null_like, placeholder};
use crate::table::{Odd, Structure, lenient_number};

const AS_MISSING: &str =
    "Read these as missing values. As text they become a category of their own, or turn the whole column into text.";

/// All checks of one column for texts in it.
pub fn check(
    view: &View,
    column: &ViewColumn,
    earlier: Option<&ViewColumn>,
    structure: Option<&Structure>,
    has_reference: bool,
    findings: &mut Vec<Finding>,
) {
    spellings(view, column, structure, earlier, has_reference, findings);
    strays(view, column, earlier, findings);
    let Some((_, words, counts)) = column.texts() else { return };
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return;
    }
    let known: std::collections::HashSet<&str> = earlier
        .and_then(ViewColumn::texts)
        .map(|(_, words, _)| words.iter().map(String::as_str).collect())
        .unwrap_or_default();
    missing_words(view, column, words, counts, total, &known, findings);
    damaged(view, column, words, &known, findings);
    variants(view, column, words, counts, total, &known, findings);
    minority_numbers(view, column, words, counts, total, findings);
}

/// Words that the reader took as missing: fine if the whole file writes it so, odd if one column does and the rest do otherwise.
fn spellings(
    view: &View,
    column: &ViewColumn,
    structure: Option<&Structure>,
    earlier: Option<&ViewColumn>,
    has_reference: bool,
    findings: &mut Vec<Finding>,
) {
    let Some(structure) = structure else { return };
    let Some(at) = view.columns.iter().position(|c| c.name == column.name) else { return };
    let Some(text) = structure.columns.get(at) else { return };
    if text.nulls.is_empty() {
        return;
    }
    let elsewhere_empty: u64 = structure.columns.iter().map(|c| c.empty).sum();
    let mut in_columns: BTreeMap<&str, usize> = BTreeMap::new();
    for other in &structure.columns {
        for word in other.nulls.keys() {
            *in_columns.entry(word).or_default() += 1;
        }
    }
    let mut odd = Odd::default();
    let mut listed = Vec::new();
    for (word, seen) in &text.nulls {
        if text.na_is_code() && word == "NA" {
            continue;
        }
        let convention = matches!(word.as_str(), "NA" | "NaN" | "\\N") && elsewhere_empty == 0 && in_columns.len() == 1;
        let widespread = in_columns.get(word.as_str()).copied().unwrap_or(0) * 2 > structure.columns.len();
        let lone = matches!(word.as_str(), "NA" | "NaN") && in_columns.len() == 1 && text.empty == 0 && !has_reference;
        if convention && !has_reference || widespread || lone || seen.count * 10 > view.total_rows * 9 {
            continue;
        }
        // The reference may write its missing values the same way: then nothing is new.
        if earlier.is_some_and(|e| e.hashes.iter().filter(|h| **h == 0).count() as f64 >= 0.5 * seen.count as f64) {
            continue;
        }
        odd.count += seen.count;
        odd.rows.extend(seen.rows.iter().copied());
        listed.push(format!("\"{word}\""));
    }
    if odd.count == 0 {
        return;
    }
    odd.rows.sort_unstable();
    let message = format!(
        "`{}` holds {} in {} rows ({}): words for a missing value.",
        column.name,
        listed.join(", "),
        grouped(odd.count),
        share(&odd, view)
    );
    findings.push(
        finding(FindingKind::NullLikeStrings, &[&column.name], Severity::Warn, 0.9, message, AS_MISSING)
            .counted(&odd, view.total_rows),
    );
}

fn share(odd: &Odd, view: &View) -> String {
    percent(odd.count as f64 / view.total_rows.max(1) as f64)
}

/// Texts among numbers or dates.
fn strays(view: &View, column: &ViewColumn, earlier: Option<&ViewColumn>, findings: &mut Vec<Finding>) {
    let merged = |wanted: &dyn Fn(&str) -> bool| {
        let mut all = Odd::default();
        let mut words = Vec::new();
        for (word, odd) in &column.strays {
            if wanted(word) {
                all.count += odd.count;
                all.rows.extend(odd.rows.iter().copied());
                words.push(format!("\"{}\"", word.chars().take(20).collect::<String>()));
            }
        }
        all.rows.sort_unstable();
        (all, words)
    };
    let what = if column.times().is_some() { "dates" } else { "numbers" };
    for (kind, nulls) in [(FindingKind::NullLikeStrings, true), (FindingKind::PlaceholderValues, false)] {
        let (odd, words) = merged(&|w| {
            // A single letter among whole numbers is one of their codes.
            let letter = w.trim().chars().count() == 1 && w.trim().chars().all(char::is_alphabetic);
            if nulls { null_like(w) } else { placeholder(w) && !null_like(w) && !letter }
        });
        if odd.count > 0 {
            let message = format!(
                "`{}` holds {what}, and {} in {} rows ({}).",
                column.name,
                words.join(", "),
                grouped(odd.count),
                share(&odd, view)
            );
            findings.push(
                finding(kind, &[&column.name], Severity::Warn, 0.95, message, AS_MISSING)
                    .counted(&odd, view.total_rows),
            );
        }
    }
    // Codes such as `c266` among codes such as `117` belong together.
    let code = |w: &str| {
        column.numbers().is_some_and(|(_, whole)| whole)
            && !w.contains(' ')
            && w.bytes().any(|b| b.is_ascii_digit())
            && w.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/'))
    };
    let coded = column.strays.keys().filter(|w| code(w)).count();
    if coded > 0 && coded == column.strays.len() {
        return;
    }
    let (odd, words) = merged(&|w| !null_like(w) && !placeholder(w));
    if odd.count > 0 && !(words.is_empty()) && earlier.is_none_or(|e| e.strays.is_empty()) {
        let message = format!(
            "`{}` holds {what}, but {} rows ({}) hold other text.",
            column.name,
            grouped(odd.count),
            share(&odd, view)
        );
        let advice = "Correct these rows or split the column. One text makes most readers take the whole column as text, and a model then sees categories.";
        findings.push(
            finding(FindingKind::MixedTypes, &[&column.name], Severity::Error, 0.95, message, advice)
                .counted(&odd, view.total_rows)
                .measure("different texts", words.len() as f64, Some(0.0)),
        );
    }
    if column.odd_numbers.count > 0 && odd.count == 0 && column.numbers().is_some() {
        let total = column.hashes.iter().filter(|h| **h != 0).count() as u64;
        let mixed = column.odd_numbers.count * 100 < total * 99;
        if mixed {
            let message = format!(
                "`{}` writes its numbers in more than one way: {} of {} differ from the rest (decimal comma, marks between thousands, currency or unit).",
                column.name,
                grouped(column.odd_numbers.count),
                grouped(total)
            );
            let advice = "Bring them to one form. Read as they are, `1.234` and `1,234` are a thousand times apart, or the column becomes text.";
            findings.push(
                finding(FindingKind::MixedNumberFormats, &[&column.name], Severity::Error, 0.95, message, advice)
                    .counted(&column.odd_numbers, view.total_rows),
            );
        }
    }
}

fn missing_words(
    view: &View,
    column: &ViewColumn,
    words: &[String],
    counts: &[u64],
    total: u64,
    known: &std::collections::HashSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let capitals = words.iter().filter(|w| w.len() == 2 && w.bytes().all(|b| b.is_ascii_uppercase())).count();
    let codes = capitals * 10 >= words.len() * 9 && words.len() > 5;
    let short = words.iter().filter(|w| w.chars().count() <= 2).count() * 2 > words.len();
    for (kind, nulls) in [(FindingKind::NullLikeStrings, true), (FindingKind::PlaceholderValues, false)] {
        let hit = |word: &str| {
            let is =
                if nulls { null_like(word) && !(codes && word == "NA") } else { placeholder(word) && !null_like(word) };
            // A single letter or mark among single letters and marks is a code.
            is && !known.contains(word)
                && !(short && word.trim().chars().count() <= 2 && word.trim().chars().all(char::is_alphanumeric))
                && !(nulls && word.trim().eq_ignore_ascii_case("none"))
        };
        let found: Vec<usize> = words.iter().enumerate().filter(|(_, w)| hit(w)).map(|(i, _)| i).collect();
        let count: u64 = found.iter().filter_map(|i| counts.get(*i)).sum();
        // Where it is half of all values it is what the column says.
        // One such word among words that never repeat is a name, as `UNK` is an airport.
        let lone_name = count == 1 && words.len() as u64 * 10 > total * 9 && !nulls;
        if count == 0 || lone_name || count * 2 > total || words.len() < 3 {
            continue;
        }
        let listed: Vec<String> =
            found.iter().filter_map(|i| words.get(*i)).take(5).map(|w| format!("\"{w}\"")).collect();
        let message = format!(
            "`{}` holds {} in {} rows ({}).",
            column.name,
            listed.join(", "),
            grouped(count),
            percent(count as f64 / total as f64)
        );
        let rows = column.rows_with(|code| found.contains(&(code as usize)));
        findings.push(finding(kind, &[&column.name], Severity::Warn, 0.85, message, AS_MISSING).rows(view, rows));
    }
}

/// Whether the text reads as UTF-8 once its characters are put back to the bytes of windows-1252.
fn is_mojibake(text: &str) -> bool {
    if text.is_ascii()
        || !text.contains(['Ã', 'Â', 'â', 'Ð', 'Ñ', 'Å', 'Ä', 'Î', 'Ï', 'ã', 'å', 'æ', 'ç', 'è', 'é', 'ð'])
    {
        return false;
    }
    // Look at runs, since only a part of the text may be damaged.
    let mut bytes = Vec::new();
    for c in text.chars() {
        match crate::table::windows_1252_byte(c) {
            Some(byte) => bytes.push(byte),
            None => return false,
        }
    }
    match String::from_utf8(bytes) {
        Ok(fixed) => !fixed.is_ascii() && fixed.chars().count() < text.chars().count(),
        Err(_) => false,
    }
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}')
        || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn damaged(
    view: &View,
    column: &ViewColumn,
    words: &[String],
    known: &std::collections::HashSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let pick = |test: &dyn Fn(&str) -> bool| -> Vec<bool> {
        words.iter().map(|w| !known.contains(w.as_str()) && test(w)).collect()
    };
    let report = |hits: Vec<bool>, kind, severity, what: &str, advice: &str, findings: &mut Vec<Finding>| {
        if !hits.contains(&true) {
            return;
        }
        let rows = column.rows_with(|code| hits.get(code as usize) == Some(&true));
        let message = format!("`{}` holds {what} in {} rows.", column.name, grouped(rows.len()));
        findings.push(finding(kind, &[&column.name], severity, 0.95, message, advice).rows(view, rows));
    };
    report(
        pick(&is_mojibake),
        FindingKind::Mojibake,
        Severity::Error,
        "text in the wrong encoding (UTF-8 that was read as windows-1252, such as `Ã©` for `é`)",
        "Read the source as UTF-8 again. The damaged and the sound spelling are two categories to a model.",
        findings,
    );
    let any_marks = words.iter().any(|w| w.contains("???"));
    let broken = |w: &str| {
        // A question mark within a word stands for a letter that the encoding did not have.
        let chars: Vec<char> = w.chars().collect();
        let inside = chars.windows(3).any(|t| matches!(t, [a, '?', b] if a.is_alphabetic() && b.is_lowercase()));
        w.contains('\u{fffd}') || (inside && !w.contains("://")) || (any_marks && w.len() > 3 && w.contains("???"))
    };
    report(
        pick(&broken),
        FindingKind::LossyEncoding,
        Severity::Error,
        "characters that were lost in a conversion (`\u{fffd}` or `?` in place of a letter)",
        "Export again in UTF-8; the lost letters cannot be brought back from this file. Different names may have become one.",
        findings,
    );
    // A no-break space is ordinary in French numbers and in text from web pages; it matters where values are compared.
    let usual = words.iter().filter(|w| w.chars().any(invisible)).count() * 2 > words.len() && words.len() > 1;
    if !usual {
        report(
            pick(&|w| w.chars().any(invisible)),
            FindingKind::InvisibleCharacters,
            Severity::Warn,
            "invisible characters (zero-width or no-break spaces, direction marks, control characters)",
            "Strip them. Values that look the same are different to joins and to a model.",
            findings,
        );
    }
}

fn variants(
    view: &View,
    column: &ViewColumn,
    words: &[String],
    counts: &[u64],
    total: u64,
    known: &std::collections::HashSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let has_space = |w: &str| w != w.trim() || w.contains("  ");
    let spaced: Vec<bool> = words.iter().map(|w| has_space(w) && !w.trim().is_empty()).collect();
    let spaced_rows: u64 = spaced.iter().zip(counts).filter(|(s, _)| **s).map(|(_, c)| c).sum();
    let collapse = |w: &str| w.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: std::collections::HashSet<&str> = words.iter().filter(|w| !has_space(w)).map(String::as_str).collect();
    let same_without = words.iter().zip(&spaced).filter(|(w, s)| **s && plain.contains(collapse(w).as_str())).count();
    // A file that pads all its values does so by design; single ones are slips.
    let repeated = (words.len() as u64) * 2 <= total;
    let single_spaced =
        spaced_rows > 0 && spaced_rows * 5 < total && words.iter().zip(&spaced).any(|(w, s)| *s && *w != w.trim());
    if same_without > 0 || (single_spaced && repeated) {
        let rows = column.rows_with(|code| spaced.get(code as usize) == Some(&true));
        let message = format!(
            "`{}` holds values with stray spaces in {} rows; {} of them also exist without.",
            column.name,
            grouped(rows.len()),
            grouped(same_without)
        );
        let advice = "Trim the values. To a model `x` and `x ` are two categories, and rows do not join.";
        findings.push(
            finding(FindingKind::WhitespaceVariants, &[&column.name], Severity::Warn, 0.95, message, advice)
                .rows(view, rows),
        );
    }
    // Variants of a category only mean something where values come back.
    if words.len() > 5000 || (words.len() as u64) * 3 > total && known.is_empty() {
        return;
    }
    let mut folded: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, word) in words.iter().enumerate() {
        folded.entry(collapse(word).to_lowercase()).or_default().push(i);
    }
    let mut minor = vec![false; words.len()];
    let mut groups = 0usize;
    for members in folded.values() {
        let mut cased: BTreeMap<String, u64> = BTreeMap::new();
        for i in members {
            if let (Some(word), Some(count)) = (words.get(*i), counts.get(*i)) {
                *cased.entry(collapse(word)).or_default() += count;
            }
        }
        if cased.len() < 2 {
            continue;
        }
        let Some(major) = cased.iter().max_by_key(|(_, c)| **c).map(|(w, _)| w.clone()) else { continue };
        groups += 1;
        for i in members {
            if let (Some(word), Some(flag)) = (words.get(*i), minor.get_mut(*i)) {
                *flag = collapse(word) != major;
            }
        }
    }
    // `a` and `A` among single letters are different codes.
    let letters = words.iter().all(|w| w.trim().chars().count() <= 1);
    let many = groups * 3 > folded.len() && folded.len() > 3 && total < 3 * words.len() as u64;
    if groups > 0 && !letters && !many {
        let rows = column.rows_with(|code| minor.get(code as usize) == Some(&true));
        let message = format!(
            "`{}` spells {} of its values in upper and lower case both; {} rows have the rarer spelling.",
            column.name,
            grouped(groups),
            grouped(rows.len())
        );
        let advice = "Bring them to one spelling. To a model they are different categories, each with less data.";
        findings.push(
            finding(FindingKind::CasingVariants, &[&column.name], Severity::Warn, 0.95, message, advice)
                .rows(view, rows),
        );
    }
    typos(view, column, words, counts, total, known, &minor, findings);
}

/// Rare words one slip away from frequent ones.
#[allow(clippy::too_many_arguments, reason = "the facts of one column, all of them needed")]
fn typos(
    view: &View,
    column: &ViewColumn,
    words: &[String],
    counts: &[u64],
    total: u64,
    known: &std::collections::HashSet<&str>,
    minor: &[bool],
    findings: &mut Vec<Finding>,
) {
    let alphabetic =
        |w: &str| w.chars().filter(|c| c.is_alphabetic()).count() >= 4 && !w.chars().any(|c| c.is_ascii_digit());
    let frequent: Vec<(&String, u64)> = words
        .iter()
        .zip(counts)
        .filter(|(w, c)| **c >= 10.max(total / 200) && alphabetic(w))
        .map(|(w, c)| (w, *c))
        .collect();
    if frequent.is_empty() || words.len() > 500 || words.len() as u64 * 5 > total {
        return;
    }
    let mut hits = vec![false; words.len()];
    let mut pairs = Vec::new();
    for (i, (word, count)) in words.iter().zip(counts).enumerate() {
        if known.contains(word.as_str())
            || minor.get(i) == Some(&true)
            || !alphabetic(word)
            || word.chars().any(invisible)
            || is_mojibake(word)
        {
            continue;
        }
        let lower = word.trim().to_lowercase();
        let limit = if lower.chars().count() >= 9 { 2 } else { 1 };
        let near = frequent.iter().find(|(other, often)| {
            let target = other.trim().to_lowercase();
            *often >= 20 * *count
                && target != lower
                && edits(&lower, &target, limit).is_some()
                && (target.chars().count() >= 5 || *often >= 50 * *count)
                && !derived(&lower, &target)
        });
        if let Some((other, _)) = near {
            if let Some(flag) = hits.get_mut(i) {
                *flag = true;
            }
            pairs.push(format!("\"{word}\" for \"{other}\""));
        }
    }
    // Many near pairs mean that the words are like that (species, product lines), unless the reference knows better.
    if pairs.is_empty() || known.is_empty() && pairs.len() * 3 > words.len() && words.len() > 6 {
        return;
    }
    let rows = column.rows_with(|code| hits.get(code as usize) == Some(&true));
    let message = format!(
        "`{}` holds likely misspellings in {} rows, such as {}.",
        column.name,
        grouped(rows.len()),
        pairs.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
    );
    let advice = "Correct them. A misspelt category is a new one to a model, and its rows are lost to the right one.";
    findings.push(
        finding(FindingKind::CategoryTypos, &[&column.name], Severity::Warn, 0.8, message, advice).rows(view, rows),
    );
}

/// Pairs that differ by meaning, not by a slip: plural, male and female, un-, a letter or number at the end.
fn derived(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if let Some(rest) = long.strip_prefix(short) {
        return matches!(rest, "s" | "es" | "e" | "a" | "d" | "r" | "+" | "-") || rest.starts_with(' ');
    }
    if long.strip_suffix(short).is_some_and(|rest| matches!(rest, "un" | "in" | "fe" | "re" | "de" | "a")) {
        return true;
    }
    // `type a` and `type b`, `grade i` and `grade ii`
    let (last_a, last_b) =
        (a.rsplit([' ', '_', '-']).next().unwrap_or(a), b.rsplit([' ', '_', '-']).next().unwrap_or(b));
    last_a != a && last_a.chars().count() <= 2 && last_b.chars().count() <= 2
}

/// A few plain numbers in a column of words.
fn minority_numbers(
    view: &View,
    column: &ViewColumn,
    words: &[String],
    counts: &[u64],
    total: u64,
    findings: &mut Vec<Finding>,
) {
    if total < 50 || words.len() > 10_000 {
        return;
    }
    let numeric: Vec<bool> = words
        .iter()
        .map(|w| w.trim().parse::<f64>().is_ok() && lenient_number(w).is_some() && !w.trim().starts_with('0'))
        .collect();
    let count: u64 = numeric.iter().zip(counts).filter(|(n, _)| **n).map(|(_, c)| c).sum();
    let alphabetic =
        words.iter().zip(counts).filter(|(w, _)| !w.chars().any(|c| c.is_ascii_digit())).map(|(_, c)| c).sum::<u64>();
    // A column of words only, with under 5 % numbers. Codes such as `A12` and `3` belong together.
    if count > 0 && count * 20 < total && (alphabetic + count) * 100 >= total * 99 {
        let rows = column.rows_with(|code| numeric.get(code as usize) == Some(&true));
        let message = format!("`{}` holds words, but {} rows hold plain numbers.", column.name, grouped(count));
        let advice =
            "Check whether these rows are shifted or coded otherwise. To a model each number is a new category.";
        findings.push(
            finding(FindingKind::MixedTypes, &[&column.name], Severity::Warn, 0.85, message, advice).rows(view, rows),
        );
    }
}
