//! Rules for data in the formats of other tools: Great Expectations 1.x, Open Data Contract Standard 3.2, Data Package 2 (Frictionless).

use std::collections::BTreeMap;

use proofmark_domain::check::Rule;
use serde_json::{Map, Value, json};

/// A Great Expectations 1.x suite.
pub fn great_expectations(name: &str, rules: &[Rule]) -> Value {
    let expectations: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let (kind, arguments) = match rule {
                Rule::HasColumn { column } => ("expect_column_to_exist", json!({"column": column})),
                Rule::NotNull { column, at_most } if *at_most > 0.0 => {
                    ("expect_column_values_to_not_be_null", json!({"column": column, "mostly": 1.0 - at_most}))
                }
                Rule::NotNull { column, .. } => ("expect_column_values_to_not_be_null", json!({"column": column})),
                Rule::Unique { columns } => match columns.as_slice() {
                    [column] => ("expect_column_values_to_be_unique", json!({"column": column})),
                    many => ("expect_compound_columns_to_be_unique", json!({"column_list": many})),
                },
                Rule::InRange { column, min, max } => (
                    "expect_column_values_to_be_between",
                    json!({"column": column, "min_value": min, "max_value": max}),
                ),
                Rule::OneOf { column, values } => {
                    ("expect_column_values_to_be_in_set", json!({"column": column, "value_set": values}))
                }
                Rule::NoneOf { column, values } => {
                    ("expect_column_values_to_not_be_in_set", json!({"column": column, "value_set": values}))
                }
                Rule::Matches { column, pattern } => {
                    ("expect_column_values_to_match_regex", json!({"column": column, "regex": pattern}))
                }
                Rule::Length { column, min, max } => (
                    "expect_column_value_lengths_to_be_between",
                    json!({"column": column, "min_value": min, "max_value": max}),
                ),
                Rule::Rows { min, max } => {
                    ("expect_table_row_count_to_be_between", json!({"min_value": min, "max_value": max}))
                }
            };
            json!({"type": kind, "kwargs": arguments, "meta": {}, "severity": "critical"})
        })
        .collect();
    json!({
        "name": name,
        "expectations": expectations,
        "meta": {"great_expectations_version": "1.0.0"},
        "notes": Value::Null,
        "suite_parameters": {},
    })
}

/// A column with the rules about it.
type ColumnRules<'a> = (&'a str, Vec<&'a Rule>);

/// Rules by the column that they are about, in the order of the columns' first rules; keys of several columns apart.
fn by_column(rules: &[Rule]) -> (Vec<ColumnRules<'_>>, Vec<&[String]>) {
    let mut order: Vec<&str> = Vec::new();
    let mut found: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    let mut keys = Vec::new();
    for rule in rules {
        let column = match rule {
            Rule::HasColumn { column }
            | Rule::NotNull { column, .. }
            | Rule::InRange { column, .. }
            | Rule::OneOf { column, .. }
            | Rule::NoneOf { column, .. }
            | Rule::Matches { column, .. }
            | Rule::Length { column, .. } => column,
            Rule::Rows { .. } => continue,
            Rule::Unique { columns } => match columns.as_slice() {
                [column] => column,
                many => {
                    keys.push(many);
                    continue;
                }
            },
        };
        if !found.contains_key(column.as_str()) {
            order.push(column);
        }
        found.entry(column).or_default().push(rule);
    }
    (order.into_iter().map(|name| (name, found.remove(name).unwrap_or_default())).collect(), keys)
}

/// A pattern of a schema stands for the whole text; ours may stand anywhere in it.
fn whole_text(pattern: &str) -> String {
    let begin = if pattern.starts_with('^') { "" } else { ".*" };
    let end = if pattern.ends_with('$') && !pattern.ends_with("\\$") { "" } else { ".*" };
    let core = pattern.strip_prefix('^').unwrap_or(pattern);
    let core = if end.is_empty() { core.strip_suffix('$').unwrap_or(core) } else { core };
    format!("{begin}{core}{end}")
}

fn insert_option(property: &mut Map<String, Value>, key: &str, value: Value) {
    let options = property.entry("logicalTypeOptions").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(options) = options {
        options.insert(key.into(), value);
    }
}

/// An Open Data Contract of version 3.2.
pub fn data_contract(name: &str, rules: &[Rule]) -> Value {
    let (columns, keys) = by_column(rules);
    let properties: Vec<Value> = columns
        .into_iter()
        .map(|(column, rules)| {
            let mut property = Map::new();
            property.insert("name".into(), json!(column));
            let mut quality = Vec::new();
            for rule in rules {
                match rule {
                    Rule::HasColumn { .. } => {}
                    Rule::NotNull { at_most, .. } if *at_most > 0.0 => quality.push(json!({
                        "type": "library", "metric": "nullValues", "unit": "percent", "mustBeLessOrEqualTo": at_most * 100.0,
                    })),
                    Rule::NotNull { .. } => {
                        property.insert("required".into(), json!(true));
                    }
                    Rule::Unique { .. } => {
                        property.insert("unique".into(), json!(true));
                    }
                    Rule::InRange { min, max, .. } => {
                        let mut options = Map::new();
                        for (key, limit) in [("minimum", min), ("maximum", max)] {
                            if let Some(limit) = limit {
                                options.insert(key.into(), json!(limit));
                            }
                        }
                        property.insert("logicalType".into(), json!("number"));
                        property.insert("logicalTypeOptions".into(), Value::Object(options));
                    }
                    Rule::OneOf { values, .. } => quality.push(json!({
                        "type": "library", "metric": "invalidValues", "arguments": {"validValues": values}, "mustBe": 0,
                    })),
                    Rule::Matches { pattern, .. } => {
                        property.insert("logicalType".into(), json!("string"));
                        insert_option(&mut property, "pattern", json!(pattern));
                    }
                    Rule::Length { min, max, .. } => {
                        property.insert("logicalType".into(), json!("string"));
                        for (key, limit) in [("minLength", min), ("maxLength", max)] {
                            if let Some(limit) = limit {
                                insert_option(&mut property, key, json!(limit));
                            }
                        }
                    }
                    // The contract has no word for forbidden values but a text for people.
                    Rule::NoneOf { .. } | Rule::Rows { .. } => {
                        quality.push(json!({"type": "text", "description": rule.sentence()}));
                    }
                }
            }
            for (position, _) in keys.first().into_iter().flat_map(|key| key.iter().enumerate().filter(|(_, name)| *name == column)) {
                property.insert("primaryKey".into(), json!(true));
                property.insert("primaryKeyPosition".into(), json!(position + 1));
            }
            if !quality.is_empty() {
                property.insert("quality".into(), Value::Array(quality));
            }
            Value::Object(property)
        })
        .collect();
    json!({
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": name,
        "version": "1.0.0",
        "status": "draft",
        "schema": [{"name": name, "logicalType": "object", "properties": properties}],
    })
}

/// A Data Package 2 with one resource.
pub fn frictionless(name: &str, path: &str, rules: &[Rule]) -> Value {
    let (columns, keys) = by_column(rules);
    let fields: Vec<Value> = columns
        .into_iter()
        .map(|(column, rules)| {
            let mut constraints = Map::new();
            let mut kind = "any";
            for rule in rules {
                match rule {
                    // A share of missing values has no word there: such a column is not required.
                    Rule::HasColumn { .. } => {}
                    Rule::NotNull { at_most, .. } => {
                        constraints.insert("required".into(), json!(*at_most == 0.0));
                    }
                    Rule::Unique { .. } => {
                        constraints.insert("unique".into(), json!(true));
                    }
                    Rule::InRange { min, max, .. } => {
                        kind = "number";
                        for (key, limit) in [("minimum", min), ("maximum", max)] {
                            if let Some(limit) = limit {
                                constraints.insert(key.into(), json!(limit));
                            }
                        }
                    }
                    Rule::OneOf { values, .. } => {
                        kind = "string";
                        constraints.insert("enum".into(), json!(values));
                    }
                    Rule::Matches { pattern, .. } => {
                        kind = "string";
                        constraints.insert("pattern".into(), json!(whole_text(pattern)));
                    }
                    Rule::Length { min, max, .. } => {
                        kind = "string";
                        for (key, limit) in [("minLength", min), ("maxLength", max)] {
                            if let Some(limit) = limit {
                                constraints.insert(key.into(), json!(limit));
                            }
                        }
                    }
                    // A schema has no word for what is forbidden, and none for the table as a whole.
                    Rule::NoneOf { .. } | Rule::Rows { .. } => {}
                }
            }
            let mut field = Map::new();
            field.insert("name".into(), json!(column));
            field.insert("type".into(), json!(kind));
            if !constraints.is_empty() {
                field.insert("constraints".into(), Value::Object(constraints));
            }
            Value::Object(field)
        })
        .collect();
    let mut schema = Map::new();
    schema.insert("fields".into(), Value::Array(fields));
    if let Some(key) = keys.first() {
        schema.insert("primaryKey".into(), json!(key));
    }
    json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name,
        "resources": [{"name": name, "path": path, "schema": Value::Object(schema)}],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn rules() -> Vec<Rule> {
        vec![
            Rule::NotNull { column: "id".into(), at_most: 0.0 },
            Rule::Unique { columns: vec!["id".into()] },
            Rule::NotNull { column: "age".into(), at_most: 0.05 },
            Rule::InRange { column: "age".into(), min: Some(0.0), max: Some(120.0) },
            Rule::OneOf { column: "sex".into(), values: vec!["f".into(), "m".into()] },
        ]
    }

    #[test]
    fn each_rule_has_its_word_in_each_format() {
        let suite = great_expectations("people", &rules());
        assert_eq!(suite["expectations"][2]["kwargs"], json!({"column": "age", "mostly": 0.95}));
        assert_eq!(suite["expectations"][1]["type"], "expect_column_values_to_be_unique");
        let contract = data_contract("people", &rules());
        let age = &contract["schema"][0]["properties"][1];
        assert_eq!(age["logicalTypeOptions"], json!({"minimum": 0.0, "maximum": 120.0}));
        assert_eq!(age["quality"][0]["mustBeLessOrEqualTo"], 5.0);
        let package = frictionless("people", "people.csv", &rules());
        assert_eq!(
            package["resources"][0]["schema"]["fields"][0]["constraints"],
            json!({"required": true, "unique": true})
        );
        assert_eq!(package["resources"][0]["schema"]["fields"][2]["constraints"]["enum"], json!(["f", "m"]));
    }
}
