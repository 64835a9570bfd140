//! Lists of runs: filtered, sorted and cut into pages by SQLite. Belongs to [`super::run`].
//!
//! A page is found in indices alone; the rows themselves are read for that page only.

use proofmark_domain::id::ProjectId;
use proofmark_domain::run::{RunSource, RunStatus};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};

use super::run::VISIBLE;
use super::run_fact::{FactKind, known_name};
use crate::codec::{self, Page, to_word};
use crate::db::Fault;

/// A condition that fewer runs fulfil than this is asked first; otherwise runs are passed by in order and asked one by one.
const FEW: i64 = 20_000;

/// Runs whose names of facts are looked at.
const NEWEST: u32 = 5_000;

/// The order of a list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunSort {
    /// Last begun first; those without a time at the end.
    #[default]
    Newest,
    /// First begun first; those without a time at the end.
    Oldest,
    /// By name.
    Name,
    /// Longest first; those that did not end at the end.
    Longest,
    /// By a parameter or metric; runs without it come last.
    Fact {
        /// Which of the two.
        kind: FactKind,
        /// Its name.
        name: String,
        /// Smallest first.
        ascending: bool,
    },
}

/// How a fact is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Is the same.
    Equal,
    /// Is there and another.
    NotEqual,
    /// Is less.
    Less,
    /// Is less or the same.
    AtMost,
    /// Is greater.
    Greater,
    /// Is greater or the same.
    AtLeast,
    /// Contains this text, ASCII letters regardless of case.
    Contains,
}

/// What a fact is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number. Texts that read as numbers are compared as such.
    Number(f64),
    /// A text.
    Text(String),
}

/// A condition on a parameter or metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Which of the two.
    pub kind: FactKind,
    /// Its name.
    pub name: String,
    /// How it is compared.
    pub compare: Compare,
    /// With what.
    pub with: Operand,
}

/// How often a name of a parameter or metric is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactUse {
    /// Which of the two.
    pub kind: FactKind,
    /// Its name.
    pub name: String,
    /// Runs that have it, among the newest.
    pub runs: u64,
}

/// Which runs are wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFilter {
    /// Only of this project; otherwise of all that were not removed.
    pub project: Option<ProjectId>,
    /// Only from these sources; empty means all.
    pub sources: Vec<RunSource>,
    /// Only with these statuses; empty means all.
    pub statuses: Vec<RunStatus>,
    /// Only those whose name, command, id or foreign id contains this text, ASCII letters regardless of case.
    pub text: Option<String>,
    /// Only those that their tool holds for deleted, or only the others; `None` means both.
    pub deleted: Option<bool>,
    /// Only those whose facts fulfil all of these.
    pub conditions: Vec<Condition>,
    /// The order.
    pub sort: RunSort,
    /// At most so many rows; `None` means all.
    pub limit: Option<u64>,
    /// Rows to pass over.
    pub offset: u64,
}

/// A part of a `WHERE` with its values.
#[derive(Default)]
struct Where {
    parts: Vec<String>,
    values: Vec<Cell>,
}

impl Where {
    fn push(&mut self, part: impl Into<String>, values: impl IntoIterator<Item = Cell>) {
        self.parts.push(part.into());
        self.values.extend(values);
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() { "1".to_owned() } else { self.parts.join(" AND ") }
    }
}

/// The ids of a page, and how many runs there are on all pages.
pub(crate) fn page(conn: &Connection, filter: &RunFilter) -> Result<Page<String>, Fault> {
    let heads = heads(filter)?;
    let Some(facts) = facts(conn, filter)? else { return Ok(Page { rows: Vec::new(), total: 0 }) };
    if let RunSort::Fact { kind, name, ascending } = &filter.sort {
        return by_fact(conn, filter, &heads, &facts, (*kind, name, *ascending));
    }
    let order = match filter.sort {
        RunSort::Newest => "run.started DESC, run.id DESC",
        RunSort::Oldest => "run.started IS NULL, run.started, run.id",
        RunSort::Name => "run.name COLLATE NOCASE, run.id",
        RunSort::Longest | RunSort::Fact { .. } => "run.ended - run.started DESC NULLS LAST, run.id DESC",
    };
    let mut values = Vec::new();
    let (from, rest) = match facts.split_first() {
        Some((first, rest)) if is_selective(conn, first)? => {
            values.extend(first.values.clone());
            (
                format!(
                    "(SELECT it.run FROM run_fact AS it WHERE {}) AS hit CROSS JOIN run ON run.seq = hit.run",
                    first.sql()
                ),
                rest,
            )
        }
        _ => ("run".to_owned(), &facts[..]),
    };
    let mut conditions = vec![heads.sql()];
    values.extend(heads.values.clone());
    for fact in rest {
        conditions.push(fulfils(fact));
        values.extend(fact.values.clone());
    }
    let scope = format!("FROM {from} WHERE {}", conditions.join(" AND "));
    let total = count(conn, &scope, &values)?;
    let rows = ids(conn, &format!("SELECT run.id {scope} ORDER BY {order}"), &values, filter.limit, filter.offset)?;
    Ok(Page { rows, total })
}

/// Those that have the fact, in its order, and after them those that do not.
fn by_fact(
    conn: &Connection,
    filter: &RunFilter,
    heads: &Where,
    facts: &[Where],
    (kind, name, ascending): (FactKind, &str, bool),
) -> Result<Page<String>, Fault> {
    let name = known_name(conn, kind, name)?.unwrap_or(-1);
    let mut conditions = vec![heads.sql()];
    let mut values = heads.values.clone();
    for fact in facts {
        conditions.push(fulfils(fact));
        values.extend(fact.values.clone());
    }
    let conditions = conditions.join(" AND ");
    let direction = if ascending { "ASC" } else { "DESC" };
    let having = format!("FROM run_fact AS f CROSS JOIN run ON run.seq = f.run WHERE f.name = {name} AND {conditions}");
    let lacking = format!(
        "FROM run WHERE {conditions} AND NOT EXISTS (SELECT 1 FROM run_fact AS f WHERE f.run = run.seq AND f.name = {name})"
    );
    let have = count(conn, &having, &values)?;
    let total = have + count(conn, &lacking, &values)?;
    // Numbers before texts, whichever way: NULL stands first in an index and must be turned round for the ascending order.
    let order = if ascending {
        "f.number IS NULL, f.number ASC, f.text ASC".to_owned()
    } else {
        format!("f.number {direction}, f.text {direction}")
    };
    let mut rows =
        ids(conn, &format!("SELECT run.id {having} ORDER BY {order}, f.run"), &values, filter.limit, filter.offset)?;
    let wanted = filter.limit.map(|limit| limit.saturating_sub(rows.len() as u64));
    if wanted != Some(0) {
        let offset = filter.offset.saturating_sub(have);
        rows.extend(ids(
            conn,
            &format!("SELECT run.id {lacking} ORDER BY run.started DESC, run.id DESC"),
            &values,
            wanted,
            offset,
        )?);
    }
    Ok(Page { rows, total })
}

/// Asks one run for a fact.
fn fulfils(fact: &Where) -> String {
    format!("EXISTS (SELECT 1 FROM run_fact AS it WHERE it.run = run.seq AND {})", fact.sql())
}

fn count(conn: &Connection, scope: &str, values: &[Cell]) -> Result<u64, Fault> {
    let total: i64 = conn
        .prepare_cached(&format!("SELECT count(*) {scope}"))?
        .query_row(params_from_iter(values), |row| row.get(0))?;
    Ok(total.cast_unsigned())
}

fn ids(conn: &Connection, sql: &str, values: &[Cell], limit: Option<u64>, offset: u64) -> Result<Vec<String>, Fault> {
    if limit == Some(0) {
        return Ok(Vec::new());
    }
    let mut values = values.to_vec();
    values.extend([codec::limit(limit).into(), i64::try_from(offset).unwrap_or(i64::MAX).into()]);
    let mut statement = conn.prepare_cached(&format!("{sql} LIMIT ? OFFSET ?"))?;
    let rows = statement.query_map(params_from_iter(&values), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Conditions on the run itself.
fn heads(filter: &RunFilter) -> Result<Where, Fault> {
    let mut all = Where::default();
    match filter.project {
        Some(project) => all.push("run.project = ?", [project.to_string().into()]),
        None => all.push(format!("run.{VISIBLE}"), []),
    }
    match filter.deleted {
        Some(deleted) => all.push(format!("run.deleted = {}", u8::from(deleted)), []),
        // Named all the same, so that the index by project serves.
        None => all.push("run.deleted IN (0, 1)", []),
    }
    if !filter.sources.is_empty() {
        let values = filter.sources.iter().map(|it| to_word(it).map(Cell::from)).collect::<Result<Vec<_>, _>>()?;
        all.push(format!("run.source IN ({})", vec!["?"; values.len()].join(", ")), values);
    }
    if !filter.statuses.is_empty() {
        let values = filter.statuses.iter().map(|it| to_word(it).map(Cell::from)).collect::<Result<Vec<_>, _>>()?;
        all.push(format!("run.status IN ({})", vec!["?"; values.len()].join(", ")), values);
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        let like = ["name", "command", "id", "foreign_id"].map(|column| format!("run.{column} LIKE ? ESCAPE '\\'"));
        all.push(format!("({})", like.join(" OR ")), vec![Cell::from(codec::contains(text)); like.len()]);
    }
    Ok(all)
}

/// Conditions on facts, as parts of a query on `run_fact`. `None` if a name is used by no run, so that nothing fits.
fn facts(conn: &Connection, filter: &RunFilter) -> Result<Option<Vec<Where>>, Fault> {
    let mut all = Vec::new();
    for condition in &filter.conditions {
        let Some(name) = known_name(conn, condition.kind, &condition.name)? else { return Ok(None) };
        let mut part = Where::default();
        part.push(format!("it.name = {name}"), []);
        match (&condition.with, condition.compare) {
            (_, Compare::Contains) => {
                let text = match &condition.with {
                    Operand::Text(text) => text.clone(),
                    Operand::Number(number) => number.to_string(),
                };
                part.push(
                    "coalesce(it.text, CAST(it.number AS TEXT)) LIKE ? ESCAPE '\\'",
                    [codec::contains(&text).into()],
                );
            }
            (Operand::Number(number), Compare::NotEqual) => part.push("it.number IS NOT ?", [Cell::from(*number)]),
            (Operand::Text(text), Compare::NotEqual) => part.push("it.text IS NOT ?", [Cell::from(text.clone())]),
            (Operand::Number(number), compare) => {
                part.push(format!("it.number {} ?", sign(compare)), [Cell::from(*number)])
            }
            (Operand::Text(text), compare) => {
                part.push(format!("it.number IS NULL AND it.text {} ?", sign(compare)), [Cell::from(text.clone())]);
            }
        }
        all.push(part);
    }
    Ok(Some(all))
}

const fn sign(compare: Compare) -> &'static str {
    match compare {
        Compare::Less => "<",
        Compare::AtMost => "<=",
        Compare::Greater => ">",
        Compare::AtLeast => ">=",
        Compare::Equal | Compare::NotEqual | Compare::Contains => "=",
    }
}

fn is_selective(conn: &Connection, fact: &Where) -> Result<bool, Fault> {
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM run_fact AS it WHERE {} LIMIT {})", fact.sql(), FEW + 1);
    let found: i64 = conn.prepare_cached(&sql)?.query_row(params_from_iter(&fact.values), |row| row.get(0))?;
    Ok(found <= FEW)
}

/// How often names are used among the newest runs, which is quick however many there are.
pub(crate) fn names(conn: &Connection, project: Option<ProjectId>) -> Result<Vec<FactUse>, Fault> {
    let (scope, values) = match project {
        Some(project) => {
            ("run.project = ?1 AND run.deleted IN (0, 1)".to_owned(), vec![Cell::from(project.to_string())])
        }
        None => (format!("run.{VISIBLE}"), Vec::new()),
    };
    let sql = format!(
        "SELECT fact_name.kind, fact_name.name, count(*) AS used
           FROM (SELECT run.seq FROM run WHERE {scope} ORDER BY run.started DESC LIMIT {NEWEST}) AS newest
           CROSS JOIN run_fact ON run_fact.run = newest.seq JOIN fact_name ON fact_name.id = run_fact.name
          GROUP BY run_fact.name ORDER BY used DESC, fact_name.kind, fact_name.name LIMIT 2000"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&values), |row| {
        let is_metric = row.get_ref(0)?.as_str()? == FactKind::Metric.word();
        let kind = if is_metric { FactKind::Metric } else { FactKind::Parameter };
        Ok(FactUse { kind, name: row.get(1)?, runs: codec::uint(row, 2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
