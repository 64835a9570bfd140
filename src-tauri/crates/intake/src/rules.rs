//! Rules for data that other tools wrote: Great Expectations suites (0.x and 1.x), Open Data Contracts (3.x), Frictionless schemas (Data Package 1
//! and 2). What has no counterpart here is listed, not dropped in silence.

use proofmark_domain::check::Rule;
use serde_json::Value;
use thiserror::Error;

/// Why rules could not be read.
#[derive(Debug, Error)]
pub enum RulesError {
    /// Neither JSON nor YAML.
    #[error("it is neither JSON nor YAML: {0}")]
    Syntax(String),
    /// None of the formats that are known.
    #[error("it is no Great Expectations suite, no Open Data Contract and no Frictionless schema")]
    Unknown,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ForeignRules {
    /// The format, such as `great_expectations`.
    pub format: &'static str,
    /// Rules of ours.
    pub rules: Vec<Rule>,
    /// What has no counterpart here, each with its reason.
    pub left_out: Vec<String>,
}

/// Reads rules from the text of a file.
///
/// # Errors
/// If the text is of none of the known formats.
pub fn read(text: &str) -> Result<ForeignRules, RulesError> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => serde_yaml_ng::from_str(text).map_err(|error| RulesError::Syntax(error.to_string()))?,
    };
    if value["expectations"].is_array() {
        return Ok(great_expectations(&value));
    }
    if value["kind"] == "DataContract" {
        return Ok(data_contract(&value));
    }
    if value["resources"].is_array() || value["fields"].is_array() || value["schema"]["fields"].is_array() {
        return Ok(frictionless(&value));
    }
    Err(RulesError::Unknown)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).filter_map(text).collect()
}

/// Whether an expression does without look-around and back-references, which ours does not know.
fn is_plain_expression(pattern: &str) -> bool {
    let back = pattern.as_bytes().windows(2).any(|it| matches!(it, [b'\\', b'1'..=b'9']));
    !back && !["(?=", "(?!", "(?<=", "(?<!", "(?P=", "(?>"].iter().any(|it| pattern.contains(it))
}

/// A pattern that stands for the whole text, as a pattern that may stand anywhere in it.
fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

fn great_expectations(suite: &Value) -> ForeignRules {
    let mut found = ForeignRules { format: "great_expectations", ..ForeignRules::default() };
    for item in list(&suite["expectations"]) {
        let kind = item["type"].as_str().or_else(|| item["expectation_type"].as_str()).unwrap_or_default();
        let arguments = &item["kwargs"];
        let column = arguments["column"].as_str().unwrap_or_default().to_owned();
        let mostly = arguments["mostly"].as_f64().unwrap_or(1.0).clamp(0.0, 1.0);
        let rule = match kind {
            _ if arguments["condition_parser"].is_string() || arguments["row_condition"].is_string() => None,
            "expect_column_to_exist" => Some(Rule::HasColumn { column: column.clone() }),
            "expect_column_values_to_not_be_null" => {
                // Nine decimals undo what subtracting from one adds.
                let at_most = ((1.0 - mostly) * 1e9).round() / 1e9;
                Some(Rule::NotNull { column: column.clone(), at_most })
            }
            "expect_column_values_to_be_unique" if mostly == 1.0 => {
                Some(Rule::Unique { columns: vec![column.clone()] })
            }
            "expect_compound_columns_to_be_unique" | "expect_multicolumn_values_to_be_unique" if mostly == 1.0 => {
                Some(Rule::Unique { columns: texts(&arguments["column_list"]) })
            }
            "expect_column_values_to_be_between"
                if mostly == 1.0 && arguments["strict_min"] != true && arguments["strict_max"] != true =>
            {
                let (min, max) = (arguments["min_value"].as_f64(), arguments["max_value"].as_f64());
                (min.is_some() || max.is_some()).then(|| Rule::InRange { column: column.clone(), min, max })
            }
            "expect_column_values_to_be_in_set" if mostly == 1.0 => {
                Some(Rule::OneOf { column: column.clone(), values: texts(&arguments["value_set"]) })
            }
            "expect_column_values_to_not_be_in_set" if mostly == 1.0 => {
                Some(Rule::NoneOf { column: column.clone(), values: texts(&arguments["value_set"]) })
            }
            "expect_column_values_to_match_regex" if mostly == 1.0 => arguments["regex"]
                .as_str()
                .filter(|it| is_plain_expression(it))
                .map(|pattern| Rule::Matches { column: column.clone(), pattern: pattern.to_owned() }),
            "expect_column_value_lengths_to_be_between" if mostly == 1.0 => {
                let (min, max) = (arguments["min_value"].as_u64(), arguments["max_value"].as_u64());
                (min.is_some() || max.is_some()).then(|| Rule::Length { column: column.clone(), min, max })
            }
            "expect_table_row_count_to_be_between" => {
                let (min, max) = (arguments["min_value"].as_u64(), arguments["max_value"].as_u64());
                (min.is_some() || max.is_some()).then_some(Rule::Rows { min, max })
            }
            _ => None,
        };
        let whole = match &rule {
            Some(rule) => rule.problem().is_none(),
            None => false,
        };
        match rule {
            Some(rule) if whole => found.rules.push(rule),
            _ => found.left_out.push(format!("{kind} of {}", if column.is_empty() { "the table" } else { &column })),
        }
    }
    found
}

fn data_contract(contract: &Value) -> ForeignRules {
    let mut found = ForeignRules { format: "data_contract", ..ForeignRules::default() };
    let tables: Vec<&Value> = list(&contract["schema"]).collect();
    if let [_, rest @ ..] = tables.as_slice() {
        let more = rest.iter().map(|it| format!("the table {}", it["name"].as_str().unwrap_or("without a name")));
        found.left_out.extend(more);
    }
    let Some(table) = tables.first() else { return found };
    let mut key = Vec::new();
    for property in list(&table["properties"]) {
        let Some(column) = property["name"].as_str().map(str::to_owned) else { continue };
        if property["required"] == true {
            found.rules.push(Rule::NotNull { column: column.clone(), at_most: 0.0 });
        } else {
            found.rules.push(Rule::HasColumn { column: column.clone() });
        }
        if property["unique"] == true {
            found.rules.push(Rule::Unique { columns: vec![column.clone()] });
        }
        if property["primaryKey"] == true {
            key.push((property["primaryKeyPosition"].as_i64().unwrap_or(i64::MAX), column.clone()));
        }
        let options = &property["logicalTypeOptions"];
        if let Some(pattern) = options["pattern"].as_str() {
            // The contract leaves open whether its pattern stands for the whole text; we take it as it is written.
            if is_plain_expression(pattern) {
                found.rules.push(Rule::Matches { column: column.clone(), pattern: pattern.to_owned() });
            } else {
                found.left_out.push(format!("pattern of {column}"));
            }
        }
        let (short, long) = (options["minLength"].as_u64(), options["maxLength"].as_u64());
        if short.is_some() || long.is_some() {
            found.rules.push(Rule::Length { column: column.clone(), min: short, max: long });
        }
        let (min, max) = (options["minimum"].as_f64(), options["maximum"].as_f64());
        if min.is_some() || max.is_some() {
            found.rules.push(Rule::InRange { column: column.clone(), min, max });
        }
        for quality in list(&property["quality"]) {
            let metric = quality["metric"].as_str().or_else(|| quality["rule"].as_str()).unwrap_or_default();
            let none_allowed = quality["mustBe"].as_f64() == Some(0.0);
            match metric {
                "invalidValues" if none_allowed && quality["arguments"]["validValues"].is_array() => {
                    let values = texts(&quality["arguments"]["validValues"]);
                    found.rules.push(Rule::OneOf { column: column.clone(), values });
                }
                "nullValues" if none_allowed => {
                    found.rules.push(Rule::NotNull { column: column.clone(), at_most: 0.0 });
                }
                "nullValues" if quality["unit"] == "percent" && quality["mustBeLessOrEqualTo"].is_number() => {
                    let at_most = quality["mustBeLessOrEqualTo"].as_f64().unwrap_or_default() / 100.0;
                    found.rules.push(Rule::NotNull { column: column.clone(), at_most });
                }
                "duplicateValues" if none_allowed => found.rules.push(Rule::Unique { columns: vec![column.clone()] }),
                other => {
                    found.left_out.push(format!("{} of {column}", if other.is_empty() { "a text" } else { other }))
                }
            }
        }
    }
    key.sort();
    if !key.is_empty() {
        found.rules.push(Rule::Unique { columns: key.into_iter().map(|(_, name)| name).collect() });
    }
    found
}

fn frictionless(package: &Value) -> ForeignRules {
    let mut found = ForeignRules { format: "frictionless", ..ForeignRules::default() };
    let resources: Vec<&Value> = list(&package["resources"]).collect();
    if let [_, rest @ ..] = resources.as_slice() {
        let more = rest.iter().map(|it| format!("the resource {}", it["name"].as_str().unwrap_or("without a name")));
        found.left_out.extend(more);
    }
    let schema = match resources.first() {
        Some(resource) => &resource["schema"],
        None if package["fields"].is_array() => package,
        None => &package["schema"],
    };
    for field in list(&schema["fields"]) {
        let Some(column) = field["name"].as_str().map(str::to_owned) else { continue };
        let Some(constraints) = field["constraints"].as_object() else {
            found.rules.push(Rule::HasColumn { column });
            continue;
        };
        let needed = constraints.get("required") == Some(&Value::Bool(true));
        found.rules.push(if needed {
            Rule::NotNull { column: column.clone(), at_most: 0.0 }
        } else {
            Rule::HasColumn { column: column.clone() }
        });
        if constraints.get("unique") == Some(&Value::Bool(true)) {
            found.rules.push(Rule::Unique { columns: vec![column.clone()] });
        }
        let number = |key: &str| constraints.get(key).and_then(Value::as_f64);
        let (min, max) = (number("minimum"), number("maximum"));
        if min.is_some() || max.is_some() {
            found.rules.push(Rule::InRange { column: column.clone(), min, max });
        }
        if let Some(values) = constraints.get("enum") {
            found.rules.push(Rule::OneOf { column: column.clone(), values: texts(values) });
        }
        let (short, long) = (
            constraints.get("minLength").and_then(Value::as_u64),
            constraints.get("maxLength").and_then(Value::as_u64),
        );
        if short.is_some() || long.is_some() {
            found.rules.push(Rule::Length { column: column.clone(), min: short, max: long });
        }
        match constraints.get("pattern").and_then(Value::as_str) {
            Some(pattern) if is_plain_expression(pattern) => {
                found.rules.push(Rule::Matches { column: column.clone(), pattern: anchored(pattern) });
            }
            Some(_) => found.left_out.push(format!("pattern of {column}")),
            None => {}
        }
        let known = ["required", "unique", "minimum", "maximum", "enum", "minLength", "maxLength", "pattern"];
        for key in constraints.keys().filter(|key| !known.contains(&key.as_str())) {
            found.left_out.push(format!("{key} of {column}"));
        }
    }
    let key = match &schema["primaryKey"] {
        Value::String(one) => vec![one.clone()],
        many => texts(many),
    };
    if !key.is_empty() {
        found.rules.push(Rule::Unique { columns: key });
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn suites_of_both_generations_are_read_and_the_rest_is_told() {
        let suite = r#"{"expectation_suite_name": "old", "expectations": [
            {"expectation_type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a", "mostly": 0.95}},
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "b", "min_value": 0, "max_value": 10}},
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "c", "value_set": ["x", 2]}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "d", "regex": "^a"}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "d", "regex": "^(?!a)"}},
            {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "e", "min_value": 0, "mostly": 0.9}}]}"#;
        let found = read(suite).unwrap();
        assert_eq!(
            found.rules,
            [
                Rule::NotNull { column: "a".into(), at_most: 0.05 },
                Rule::InRange { column: "b".into(), min: Some(0.0), max: Some(10.0) },
                Rule::OneOf { column: "c".into(), values: vec!["x".into(), "2".into()] },
                Rule::Matches { column: "d".into(), pattern: "^a".into() },
                Rule::Rows { min: Some(1), max: None },
            ]
        );
        assert_eq!(found.left_out.len(), 2, "what is weaker than our rule is left out: {:?}", found.left_out);
    }

    #[test]
    fn contracts_and_schemas_are_read() {
        let contract = "kind: DataContract\napiVersion: v3.2.0\nschema:\n- name: t\n  properties:\n  - name: id\n    required: true\n    unique: true\n  - name: age\n    logicalTypeOptions: {minimum: 0, maximum: 120}\n";
        assert_eq!(
            read(contract).unwrap().rules,
            [
                Rule::NotNull { column: "id".into(), at_most: 0.0 },
                Rule::Unique { columns: vec!["id".into()] },
                Rule::HasColumn { column: "age".into() },
                Rule::InRange { column: "age".into(), min: Some(0.0), max: Some(120.0) },
            ]
        );
        let schema =
            r#"{"fields": [{"name": "k", "constraints": {"required": true, "pattern": "x"}}], "primaryKey": "k"}"#;
        let found = read(schema).unwrap();
        assert_eq!(
            found.rules,
            [
                Rule::NotNull { column: "k".into(), at_most: 0.0 },
                Rule::Matches { column: "k".into(), pattern: "^(?:x)$".into() },
                Rule::Unique { columns: vec!["k".into()] },
            ]
        );
        assert!(found.left_out.is_empty());
        assert!(matches!(read("{\"a\": 1}"), Err(RulesError::Unknown)));
    }
}
