//! The rules of a data set in the project's own file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::check::{Finding, Rule};
use proofmark_domain::id::ProjectId;

/// What is wrong with the project's own file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigProblem {
    /// What and where, in one sentence.
    pub message: String,
    /// The line, from 1; absent if the file could not be read at all.
    pub line: Option<u64>,
    /// The column in characters, from 1.
    pub column: Option<u64>,
}

/// Where rules that are in force come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RulesFrom {
    /// From the file as it is.
    File,
    /// From the file as it was when it was last understood.
    LastGood,
    /// There is no file.
    NoFile,
}

/// One rule of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleRow {
    /// The data set or pattern of data sets that the file names it for.
    pub entry: String,
    /// Its place among the rules of that entry, from 0.
    pub index: u64,
    /// The rule.
    pub rule: Rule,
    /// The same in words.
    pub sentence: String,
}

/// The rules of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleList {
    /// The file that holds them, whether it exists or not.
    pub file: String,
    /// Where the rules below come from.
    pub from: RulesFrom,
    /// What is wrong with the file.
    pub problem: Option<ConfigProblem>,
    /// In the order of the file.
    pub rules: Vec<RuleRow>,
    /// Columns of the table, for a person to choose from.
    pub columns: Vec<String>,
    /// Rules that the table or its reference keeps and that are not there yet.
    pub suggested: Vec<SuggestedRule>,
    /// The table that they are suggested from.
    pub suggested_from: Option<String>,
}

/// A rule that could be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SuggestedRule {
    /// The rule.
    pub rule: Rule,
    /// The same in words.
    pub sentence: String,
}

/// Tries rules on the version of a data set that lies there now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleTry {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleTried {
    /// The rule in words.
    pub sentence: String,
    /// The outcome in words, such as `12 of 3,000 rows would fail.`
    pub outcome: String,
    /// What it finds; nothing if the table keeps it.
    pub finding: Option<Finding>,
}

/// What rules say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleTrialView {
    /// Rows of the table.
    pub rows: u64,
    /// In the order of the request.
    pub tried: Vec<RuleTried>,
}

/// What to do with the rules of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum RuleChange {
    /// Adds rules.
    Add {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Puts a rule in the place of another.
    Replace {
        /// The data set or pattern that the file names it for.
        entry: String,
        /// Its place there, from 0.
        index: u64,
        /// The rule that stands there; another one was written meanwhile if it does not.
        was: Rule,
        /// The new rule.
        rule: Rule,
    },
    /// Takes a rule away.
    Remove {
        /// The data set or pattern that the file names it for.
        entry: String,
        /// Its place there, from 0.
        index: u64,
        /// The rule that stands there; another one was written meanwhile if it does not.
        was: Rule,
    },
}

/// Writes rules into the project's own file, keeping its comments and order, and checks the data set again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleWrite {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// What to do.
    pub change: RuleChange,
}
