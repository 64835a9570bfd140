//! Findings of all data sets in one list, and what people say about them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::check::{Finding, FindingKind, Rule, Severity};
use proofmark_domain::id::ProjectId;
use proofmark_domain::standing::{FindingState, Said};
use proofmark_domain::{Digest, Timestamp};

/// Which findings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct FindingQuery {
    /// Those of one project; of all if absent.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Those of one data set.
    #[serde(default)]
    pub path: Option<String>,
    /// Those in one of these states; those that count if empty.
    #[serde(default)]
    pub states: Vec<FindingState>,
    /// Those of this severity.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Those of this kind.
    #[serde(default)]
    pub kind: Option<FindingKind>,
    /// Those that hold each of these words in path, columns, kind or message.
    #[serde(default)]
    pub text: Option<String>,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u64,
    /// How many at most; 200 if absent.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// A finding with where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FindingRow {
    /// Names it on the command line: the same data set, kind and columns have the same.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The data set.
    pub path: String,
    /// The bytes in which it was found.
    pub digest: Digest,
    /// What was found.
    pub finding: Finding,
    /// Where it stands.
    pub state: FindingState,
    /// Why it is open again, if it is.
    pub reopened: Option<String>,
    /// What a person said about it last.
    pub said: Option<Said>,
    /// When it was first found in the versions that are remembered.
    pub since: Timestamp,
    /// When the first check without it ended, if it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// The rule that would have caught it, if one can say it.
    pub rule: Option<Rule>,
    /// That rule in words.
    pub rule_sentence: Option<String>,
}

/// How many findings there are in each state, before the filter by state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingCounts {
    /// Nobody has said anything.
    pub open: u64,
    /// Seen, and real.
    pub acknowledged: u64,
    /// Accepted with a reason.
    pub expected: u64,
    /// Not to be heard of.
    pub muted: u64,
    /// Gone from the newest version.
    pub resolved: u64,
    /// Errors among those that count.
    pub errors: u64,
    /// Warnings among those that count.
    pub warnings: u64,
    /// Remarks among those that count.
    pub remarks: u64,
    /// Data sets with a finding that counts.
    pub datasets: u64,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FindingPage {
    /// The list in one sentence.
    pub sentence: String,
    /// Those that count first, then the worst first, then those that concern most rows.
    pub findings: Vec<FindingRow>,
    /// How many fit the query in all.
    pub total: u64,
    /// How many there are of each.
    pub counts: FindingCounts,
}

/// Names rows of a finding that a person wants to see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExampleQuery {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The bytes in which it was found; others would have other rows.
    pub digest: Digest,
    /// Rows as the file numbers them.
    pub rows: Vec<u64>,
    /// Columns that the finding is about; they are shown first.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExampleRow {
    /// Its number in the file.
    pub row: u64,
    /// Its values as text, in the order of the columns; `null` where there is none, and for all values of hidden columns.
    pub values: Vec<Option<String>>,
}

/// Rows as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExampleRows {
    /// The columns that are shown.
    pub columns: Vec<String>,
    /// Those of them whose values stay hidden, because they are sensitive.
    pub hidden: Vec<String>,
    /// Columns of the table that are left out.
    pub more_columns: u64,
    /// The rows, in the order of the file.
    pub rows: Vec<ExampleRow>,
    /// Why there are none, if there are none.
    pub problem: Option<String>,
}

/// Sets the rows of a table that must not be trained on aside, in a folder; the table itself is only read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RowsSetAside {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The folder for the two files: the rows that stay, and the others with their reasons.
    pub to: String,
    /// Sets aside what warnings concern, too.
    #[serde(default)]
    pub warnings: bool,
}

/// Says where a finding stands. The report itself stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FindingDecide {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The kind of finding.
    pub kind: FindingKind,
    /// Its columns.
    pub columns: Vec<String>,
    /// `open`, `acknowledged`, `expected` or `muted`; nobody but a new version of the table resolves it.
    pub state: FindingState,
    /// Why. Required for `expected` and `muted`.
    #[serde(default)]
    pub reason: String,
    /// Until when it is muted; for good if absent.
    #[serde(default)]
    pub until: Option<Timestamp>,
}
