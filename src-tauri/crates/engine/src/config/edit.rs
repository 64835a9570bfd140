//! Writes rules into `proofmark.toml`, keeping its comments, order and everything else in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::RuleChange;
use proofmark_domain::check::Rule;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::ProjectConfig;
use crate::trouble::{Answer, Trouble, io_trouble};

/// The text with a change made to the rules of a data set.
///
/// # Errors
/// If the text cannot be understood, is written in a form that cannot be edited, or the rule that is to be changed is not there any more.
pub(crate) fn changed(text: &str, path: &str, change: &RuleChange) -> Answer<String> {
    let bom = text.starts_with('\u{feff}');
    let mut document: DocumentMut =
        text.trim_start_matches('\u{feff}').parse().map_err(|error: toml_edit::TomlError| {
            unwritable(&format!("it cannot be understood: {}", error.message().trim()))
        })?;
    match change {
        RuleChange::Add { rules } => {
            let entry = entry_for(&mut document, path)?;
            for rule in rules {
                add(entry, rule)?;
            }
        }
        RuleChange::Replace { entry, index, was, rule } => {
            let found = entry_named(&mut document, entry)?;
            replace(found, place(found, entry, *index, was)?, rule)?;
        }
        RuleChange::Remove { entry, index, was } => {
            let found = entry_named(&mut document, entry)?;
            remove(found, place(found, entry, *index, was)?)?;
        }
    }
    let mut out = document.to_string();
    if text.contains("\r\n") {
        out = out.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if bom {
        out.insert(0, '\u{feff}');
    }
    // What was written has to say what was meant, whatever form the file is written in.
    ProjectConfig::parse(&out).map_err(|problem| unwritable(&problem.message))?;
    Ok(out)
}

fn unwritable(why: &str) -> Trouble {
    Trouble::new(ErrorCode::Unreadable, format!("The rules were not written into {}: {why}.", super::FILE))
        .hint("Nothing was changed. Mend the file by hand, then try again.")
}

fn entries(document: &mut DocumentMut) -> Answer<&mut ArrayOfTables> {
    document
        .entry("dataset")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| unwritable("`dataset` is not written as `[[dataset]]`"))
}

fn is_for(table: &Table, path: &str) -> bool {
    table.get("path").and_then(Item::as_str) == Some(path)
}

/// The entry of a path; a new one at the end if there is none.
fn entry_for<'d>(document: &'d mut DocumentMut, path: &str) -> Answer<&'d mut Table> {
    let empty = document.is_empty();
    let entries = entries(document)?;
    let known = entries.iter().position(|table| is_for(table, path));
    let at = match known {
        Some(at) => at,
        None => {
            let mut table = Table::new();
            if !empty {
                table.decor_mut().set_prefix("\n");
            }
            table.insert("path", value(path));
            entries.push(table);
            entries.len() - 1
        }
    };
    entries.get_mut(at).ok_or_else(|| unwritable("its entry is gone"))
}

fn entry_named<'d>(document: &'d mut DocumentMut, path: &str) -> Answer<&'d mut Table> {
    entries(document)?.iter_mut().find(|table| is_for(table, path)).ok_or_else(|| moved(path))
}

fn moved(path: &str) -> Trouble {
    Trouble::new(
        ErrorCode::Busy,
        format!("The rule for {path} is not in {} any more as it was shown; nothing was written.", super::FILE),
    )
    .hint("Look at the rules as they are now, and try again.")
}

/// The place of a rule, after a look whether it is still the one that was shown.
fn place(table: &Table, entry: &str, index: u64, was: &Rule) -> Answer<usize> {
    let at = usize::try_from(index).map_err(|_| moved(entry))?;
    let text = match table.get("check") {
        Some(Item::ArrayOfTables(rules)) => rules.get(at).map(ToString::to_string),
        Some(Item::Value(Value::Array(rules))) => {
            rules.get(at).and_then(Value::as_inline_table).map(|it| it.clone().into_table().to_string())
        }
        _ => None,
    };
    let there: Option<Rule> = text.and_then(|it| toml::from_str(&it).ok());
    if there.as_ref() == Some(was) { Ok(at) } else { Err(moved(entry)) }
}

fn add(entry: &mut Table, rule: &Rule) -> Answer<()> {
    match entry.entry("check").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new())) {
        Item::ArrayOfTables(rules) => {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            fill(&mut table, rule);
            rules.push(table);
        }
        Item::Value(Value::Array(rules)) => rules.push(inline(rule)),
        _ => return Err(unwritable("`check` is neither a list nor written as `[[dataset.check]]`")),
    }
    Ok(())
}

fn replace(entry: &mut Table, at: usize, rule: &Rule) -> Answer<()> {
    match entry.get_mut("check") {
        Some(Item::ArrayOfTables(rules)) => {
            let table = rules.get_mut(at).ok_or_else(|| unwritable("the rule is gone"))?;
            fill(table, rule);
        }
        Some(Item::Value(Value::Array(rules))) => {
            let decor = rules.get(at).map(|it| it.decor().clone());
            let mut new = Value::InlineTable(inline(rule));
            if let Some(decor) = decor {
                *new.decor_mut() = decor;
            }
            rules.replace_formatted(at, new);
        }
        _ => return Err(unwritable("the rule is gone")),
    }
    Ok(())
}

fn remove(entry: &mut Table, at: usize) -> Answer<()> {
    let left = match entry.get_mut("check") {
        Some(Item::ArrayOfTables(rules)) if at < rules.len() => {
            rules.remove(at);
            rules.len()
        }
        Some(Item::Value(Value::Array(rules))) if at < rules.len() => {
            rules.remove(at);
            rules.len()
        }
        _ => return Err(unwritable("the rule is gone")),
    };
    if left == 0 {
        entry.remove("check");
    }
    Ok(())
}

/// Puts a rule into a table. What is written there under the same keys keeps its comments; what belongs to another rule goes.
fn fill(table: &mut Table, rule: &Rule) {
    let fields = fields(rule);
    let known = ["rule", "column", "columns", "at_most", "min", "max", "values", "pattern"];
    for key in known.iter().filter(|key| !fields.iter().any(|(name, _)| name == *key)) {
        table.remove(key);
    }
    for (key, mut new) in fields {
        if let Some(old) = table.get(key).and_then(Item::as_value) {
            *new.decor_mut() = old.decor().clone();
        }
        match table.get_mut(key) {
            Some(item) => *item = Item::Value(new),
            None => {
                table.insert(key, Item::Value(new));
            }
        }
    }
}

fn inline(rule: &Rule) -> InlineTable {
    fields(rule).into_iter().collect()
}

/// The keys of a rule in the order in which people read them.
fn fields(rule: &Rule) -> Vec<(&'static str, Value)> {
    let mut fields: Vec<(&'static str, Value)> = Vec::new();
    let list = |values: &[String]| Value::Array(values.iter().collect::<Array>());
    let whole = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
    match rule {
        Rule::HasColumn { column } => {
            fields.extend([("rule", "has_column".into()), ("column", column.into())]);
        }
        Rule::NotNull { column, at_most } => {
            fields.extend([("rule", "not_null".into()), ("column", column.into())]);
            if *at_most > 0.0 {
                fields.push(("at_most", number(*at_most)));
            }
        }
        Rule::Unique { columns } => fields.extend([("rule", "unique".into()), ("columns", list(columns))]),
        Rule::InRange { column, min, max } => {
            fields.extend([("rule", "in_range".into()), ("column", column.into())]);
            fields.extend(min.map(|it| ("min", number(it))));
            fields.extend(max.map(|it| ("max", number(it))));
        }
        Rule::OneOf { column, values } => {
            fields.extend([("rule", "one_of".into()), ("column", column.into()), ("values", list(values))]);
        }
        Rule::NoneOf { column, values } => {
            fields.extend([("rule", "none_of".into()), ("column", column.into()), ("values", list(values))]);
        }
        Rule::Matches { column, pattern } => {
            fields.extend([("rule", "matches".into()), ("column", column.into()), ("pattern", pattern.into())]);
        }
        Rule::Length { column, min, max } => {
            fields.extend([("rule", "length".into()), ("column", column.into())]);
            fields.extend(min.map(|it| ("min", whole(it))));
            fields.extend(max.map(|it| ("max", whole(it))));
        }
        Rule::Rows { min, max } => {
            fields.push(("rule", "rows".into()));
            fields.extend(min.map(|it| ("min", whole(it))));
            fields.extend(max.map(|it| ("max", whole(it))));
        }
    }
    fields
}

/// A number as a person writes it: whole ones without a fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

/// Rules as the file holds them, for a person to put there.
pub(crate) fn written(path: &str, rules: &[Rule]) -> Answer<String> {
    changed("", path, &RuleChange::Add { rules: rules.to_vec() })
}

/// Writes the file in one step, so that whoever reads it sees the old or the new text. `before` is what the change was made to.
///
/// # Errors
/// If somebody wrote it meanwhile, or it cannot be written.
pub(crate) fn write(root: &Path, before: Option<&str>, after: &str) -> Answer<()> {
    let named = root.join(super::FILE);
    // A linked file is written where it lies, so that the link stays one.
    let path: PathBuf = fs::canonicalize(&named).unwrap_or_else(|_| named.clone());
    if super::text(&path)?.as_deref() != before {
        return Err(moved("a data set"));
    }
    let failed = |error: &std::io::Error| io_trouble("writing", &named, error);
    let folder = path.parent().unwrap_or(root);
    let temporary = folder.join(format!(".{}.{}", super::FILE, std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(after.as_bytes())?;
        if let Ok(facts) = fs::metadata(&path) {
            file.set_permissions(facts.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&temporary, &path)
    })();
    written.map_err(|error| {
        // The half-written copy is ours; the file itself was not touched.
        let _ = fs::remove_file(&temporary);
        failed(&error)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &str = "# Ours.\n\n[[dataset]]\npath = \"a.csv\" # the main one\nowner = \"Ada\"\n\n# Never below nought.\n[[dataset.check]]\nrule = \"in_range\"\ncolumn = \"x\"\nmin = 0 # since 2024\n\n[[dataset]]\npath = \"b.csv\"\n\n[[gate]]\nname = \"g\"\nrequired = true\nrule = \"data_quality\"\n# The end.\n";

    fn range(min: f64, max: Option<f64>) -> Rule {
        Rule::InRange { column: "x".into(), min: Some(min), max }
    }

    #[test]
    fn a_rule_is_added_where_it_belongs_and_nothing_else_changes() {
        let rule = Rule::OneOf { column: "colour".into(), values: vec!["re\"d".into(), "b\\lue".into()] };
        let out = changed(FILE, "a.csv", &RuleChange::Add { rules: vec![rule.clone()] }).unwrap();
        for line in FILE.lines() {
            assert!(out.contains(line), "{line} is gone: {out}");
        }
        assert!(out.find("re\\\"d").or(out.find("re\"d")).unwrap() < out.find("b.csv").unwrap(), "{out}");
        let config = ProjectConfig::parse(&out).unwrap();
        assert_eq!(config.rules_for("a.csv"), [range(0.0, None), rule]);
        assert!(config.rules_for("b.csv").is_empty());
    }

    #[test]
    fn a_data_set_without_an_entry_gets_one_and_an_empty_file_begins() {
        let rules = vec![Rule::Rows { min: Some(10), max: None }, Rule::NotNull { column: "x".into(), at_most: 0.25 }];
        let out = changed(FILE, "new.csv", &RuleChange::Add { rules: rules.clone() }).unwrap();
        assert_eq!(ProjectConfig::parse(&out).unwrap().rules_for("new.csv"), rules);
        assert_eq!(ProjectConfig::parse(&out).unwrap().gate.len(), 1, "{out}");
        let begun = written("d/*.csv", &rules).unwrap();
        assert_eq!(ProjectConfig::parse(&begun).unwrap().rules_for("d/7.csv"), rules);
        let windows = changed("[[dataset]]\r\npath = \"a\"\r\n", "a", &RuleChange::Add { rules }).unwrap();
        assert!(!windows.replace("\r\n", "").contains('\n'), "{windows:?}");
    }

    #[test]
    fn a_rule_is_changed_and_taken_away_only_as_it_was_shown() {
        let was = range(0.0, None);
        let change =
            |was: Rule| RuleChange::Replace { entry: "a.csv".into(), index: 0, was, rule: range(1.5, Some(9.0)) };
        let out = changed(FILE, "a.csv", &change(was.clone())).unwrap();
        assert!(out.contains("min = 1.5 # since 2024") && out.contains("# Never below nought."), "{out}");
        assert_eq!(ProjectConfig::parse(&out).unwrap().rules_for("a.csv"), [range(1.5, Some(9.0))]);
        assert_eq!(changed(FILE, "a.csv", &change(range(3.0, None))).unwrap_err().0.code, ErrorCode::Busy);
        let gone = changed(FILE, "a.csv", &RuleChange::Remove { entry: "a.csv".into(), index: 0, was }).unwrap();
        assert!(ProjectConfig::parse(&gone).unwrap().rules_for("a.csv").is_empty());
        assert!(gone.contains("owner = \"Ada\"") && gone.contains("# The end."), "{gone}");
    }

    #[test]
    fn a_list_in_one_line_stays_one() {
        let text = "[[dataset]]\npath = \"a\"\ncheck = [{ rule = \"has_column\", column = \"x\" }] # short\n";
        let out = changed(text, "a", &RuleChange::Add { rules: vec![range(0.0, None)] }).unwrap();
        assert!(out.contains("# short"), "{out}");
        assert_eq!(ProjectConfig::parse(&out).unwrap().rules_for("a").len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_column() {
        let broken =
            ProjectConfig::parse("[[dataset]]\npath = \"a\"\n\n[[dataset.check]]\nrule = \"in_range\ncolumn = 3\n")
                .unwrap_err();
        assert_eq!(broken.line, Some(5), "{broken:?}");
        let unmeant = ProjectConfig::parse(
            "[[dataset]]\npath = \"a\"\n\n[[dataset.check]]\nrule = \"in_range\"\ncolumn = \"x\"\nmin = 3\nmax = 1\n",
        )
        .unwrap_err();
        assert_eq!((unmeant.line, unmeant.column), (Some(4), Some(1)), "{unmeant:?}");
        let unknown =
            ProjectConfig::parse("[[dataset]]\npath = \"a\"\n[[dataset.check]]\nrule = \"guess\"\n").unwrap_err();
        assert!(unknown.line.is_some() && unknown.message.contains("guess"), "{unknown:?}");
    }
}
