//! Which columns of what a run read reached which columns of what it wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::ColumnEdge;
use crate::artifact::ArtifactKind;
use crate::inference::{ScriptFlow, ScriptUse, Source, can_mean};
use crate::run::{Run, RunEdge};
use crate::{Basis, Confidence, Digest};

/// The columns of one edge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EdgeColumns {
    /// What passes.
    pub columns: Vec<ColumnEdge>,
    /// Whether nothing else passes.
    pub known: bool,
}

/// The columns of every edge of a run, in the order of its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunColumns {
    /// From each input into the run.
    pub inputs: Vec<EdgeColumns>,
    /// From the run into each output.
    pub outputs: Vec<EdgeColumns>,
}

/// What is known of the ends of a run's edges.
pub struct Ends<'e> {
    /// The columns of a table, in its order.
    pub table: &'e dyn Fn(&Digest) -> Option<Vec<String>>,
    /// The features that a model names.
    pub features: &'e dyn Fn(&Digest) -> Option<Vec<String>>,
}

/// Column names that are equal on both sides are likely the same column: more than one half, less than what code says.
const SAME_NAME: f64 = 0.6;

/// Features that the model itself names, and that are columns of what was read.
const FEATURE: f64 = 0.9;

/// A column of an input, by the input's number.
type Column = (usize, String);

/// How surely each column of an input reaches each column of one output, and whether that is all that reaches it.
type Reached = (BTreeMap<(Column, String), Way>, bool);

/// Puts together what the code says, what the model says, and what the names say.
pub fn columns_of(run: &Run, source: Option<&Source>, ends: &Ends<'_>) -> RunColumns {
    let tables: Vec<Option<Vec<String>>> =
        run.inputs.iter().map(|edge| edge.digest.as_ref().and_then(|digest| (ends.table)(digest))).collect();
    // From each column of an input to each column of each output.
    let mut reached: Vec<Reached> = Vec::new();
    for output in &run.outputs {
        let names = output.digest.as_ref().and_then(|digest| (ends.features)(digest).or_else(|| (ends.table)(digest)));
        let is_model = output.digest.as_ref().is_some_and(|digest| (ends.features)(digest).is_some());
        let by_code = source.and_then(|source| by_code(run, source, output, &tables, names.as_deref()));
        reached.push(by_code.unwrap_or_else(|| {
            let named = by_names(&tables, names.as_deref(), is_model);
            match source {
                Some(source) if output.kind == ArtifactKind::Model && !source.fitted.is_empty() => {
                    by_fit(run, source, &tables, names.as_deref(), named)
                }
                _ => named,
            }
        }));
    }
    let all_known = !reached.is_empty() && reached.iter().all(|(_, known)| *known);
    let names = names_in_run(&reached);
    let mut inputs: Vec<EdgeColumns> = run
        .inputs
        .iter()
        .enumerate()
        .map(|(number, edge)| EdgeColumns {
            columns: Vec::new(),
            // Code and settings have no columns that could be left out.
            known: all_known && (tables[number].is_some() || !edge.columns.is_empty()),
        })
        .collect();
    for ((number, name), in_run) in &names {
        let sure = reached
            .iter()
            .flat_map(|(flows, _)| flows.iter())
            .filter(|(((input, from), _), _)| input == number && from == name)
            .map(|(_, way)| way.sure)
            .fold(0.0, f64::max);
        inputs[*number].columns.push(edge(name, in_run, Way::value(sure)));
    }
    let outputs = reached
        .into_iter()
        .map(|(flows, known)| {
            let mut columns: BTreeMap<(String, String), Way> = BTreeMap::new();
            for ((column, to), way) in flows {
                let from = names.get(&column).cloned().unwrap_or(column.1);
                columns.entry((from, to)).and_modify(|known| *known = known.or(way)).or_insert(way);
            }
            EdgeColumns { columns: columns.iter().map(|((from, to), way)| edge(from, to, *way)).collect(), known }
        })
        .collect();
    RunColumns { inputs, outputs }
}

/// How a column reaches another.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Way {
    sure: f64,
    decides: bool,
}

impl Way {
    const fn value(sure: f64) -> Self {
        Self { sure, decides: false }
    }

    /// Both together: what is a value by one of them is a value.
    fn or(self, other: Self) -> Self {
        Self { sure: self.sure.max(other.sure), decides: self.decides && other.decides }
    }
}

fn edge(from: &str, to: &str, way: Way) -> ColumnEdge {
    ColumnEdge {
        from: from.to_owned(),
        to: to.to_owned(),
        basis: Basis::Inferred,
        confidence: Confidence::clamped(way.sure),
        decides: way.decides,
    }
}

/// A column keeps its name inside the run, unless another input has one of this name that goes elsewhere.
fn names_in_run(reached: &[Reached]) -> BTreeMap<Column, String> {
    let mut goes: BTreeMap<&Column, BTreeSet<(usize, &String)>> = BTreeMap::new();
    for (output, (flows, _)) in reached.iter().enumerate() {
        for (column, to) in flows.keys() {
            goes.entry(column).or_default().insert((output, to));
        }
    }
    goes.iter()
        .map(|(column, there)| {
            let differs =
                goes.iter().any(|(other, elsewhere)| other.1 == column.1 && other.0 != column.0 && elsewhere != there);
            let name = if differs { format!("{}:{}", column.0 + 1, column.1) } else { column.1.clone() };
            ((*column).clone(), name)
        })
        .collect()
}

/// What the code says about one output; `None` if it says nothing.
fn by_code(
    run: &Run,
    source: &Source,
    output: &RunEdge,
    tables: &[Option<Vec<String>>],
    names: Option<&[String]>,
) -> Option<Reached> {
    let script = source.path.as_str();
    let writes: Vec<&ScriptUse> = source
        .writes
        .iter()
        .filter(|used| !used.flows.is_empty() && can_mean(script, &used.pattern, output.path.as_str()))
        .collect();
    if writes.is_empty() {
        return None;
    }
    Some(by_flows(run, source, writes.iter().flat_map(|used| &used.flows), tables, names))
}

/// What a model is made of whose file the code does not name. Its own features outdo what the code says of them, and name no
/// target, which the code does.
fn by_fit(
    run: &Run,
    source: &Source,
    tables: &[Option<Vec<String>>],
    names: Option<&[String]>,
    (mut flows, known): Reached,
) -> Reached {
    let (fitted, all) = by_flows(run, source, source.fitted.iter(), tables, names);
    if !known {
        return (fitted, all);
    }
    let is_feature = |name: &String| names.is_some_and(|names| names.contains(name));
    flows.extend(fitted.into_iter().filter(|((_, to), _)| !is_feature(to)));
    (flows, known)
}

fn by_flows<'f>(
    run: &Run,
    source: &Source,
    said: impl Iterator<Item = &'f ScriptFlow>,
    tables: &[Option<Vec<String>>],
    names: Option<&[String]>,
) -> Reached {
    let script = source.path.as_str();
    let mut flows = BTreeMap::new();
    let mut known = true;
    for flow in said {
        let Some(read) = source.reads.get(flow.read) else {
            known = false;
            continue;
        };
        let inputs: Vec<usize> = (0..run.inputs.len())
            .filter(|number| run.inputs[*number].path != source.path)
            .filter(|number| can_mean(script, &read.pattern, run.inputs[*number].path.as_str()))
            .collect();
        for number in inputs {
            known &= follow(flow, number, tables.get(number).and_then(Option::as_deref), names, &mut flows);
        }
    }
    (flows, known)
}

/// Adds one flow, with its wildcards filled in from the data. Whether that could be done.
fn follow(
    flow: &ScriptFlow,
    number: usize,
    table: Option<&[String]>,
    names: Option<&[String]>,
    flows: &mut BTreeMap<(Column, String), Way>,
) -> bool {
    let way = Way { sure: flow.confidence, decides: flow.decides };
    let mut add = |from: &str, to: &str| {
        flows
            .entry(((number, from.to_owned()), to.to_owned()))
            .and_modify(|known| *known = known.or(way))
            .or_insert(way);
    };
    if flow.from != "*" {
        // A column that the table does not have was meant for another one.
        if table.is_some_and(|columns| !columns.contains(&flow.from)) {
            return true;
        }
        for to in targets(&flow.from, &flow.to, names) {
            add(&flow.from, &to);
        }
        return true;
    }
    let Some(columns) = table else { return false };
    for column in columns.iter().filter(|column| !flow.except.contains(column)) {
        if flow.to == "*" {
            match names {
                Some(names) => {
                    let same = |name: &&String| *name == column || crate::inference::bare_feature(name) == column;
                    let made =
                        |name: &&String| name.strip_prefix(column.as_str()).is_some_and(|rest| rest.starts_with('_'));
                    let found: Vec<&String> = names.iter().filter(same).collect();
                    let found = if found.is_empty() { names.iter().filter(made).collect() } else { found };
                    found.into_iter().for_each(|to| add(column, to));
                }
                None => add(column, column),
            }
        } else {
            targets(column, &flow.to, names).iter().for_each(|to| add(column, to));
        }
    }
    true
}

/// The columns that a name with unknown parts means, as far as the output names its columns.
fn targets(from: &str, to: &str, names: Option<&[String]>) -> Vec<String> {
    if !to.contains('*') {
        return vec![to.to_owned()];
    }
    let pattern = if to == "*" { format!("{from}*") } else { to.to_owned() };
    let found: Vec<String> = names
        .unwrap_or_default()
        .iter()
        .filter(|name| {
            crate::inference::is_like(&pattern, name)
                || crate::inference::is_like(&pattern, crate::inference::bare_feature(name))
        })
        .cloned()
        .collect();
    if found.is_empty() { vec![if to == "*" { from.to_owned() } else { to.to_owned() }] } else { found }
}

/// Equal names, where nothing better is known. Complete only if the output is a model that names features, each of which is a
/// column of what was read: then the model itself says what it saw.
fn by_names(
    tables: &[Option<Vec<String>>],
    names: Option<&[String]>,
    is_model: bool,
) -> (BTreeMap<(Column, String), Way>, bool) {
    let mut flows = BTreeMap::new();
    let Some(names) = names else { return (flows, false) };
    let mut explained = 0;
    for name in names {
        let mut found = false;
        for (number, columns) in tables.iter().enumerate() {
            let bare = crate::inference::bare_feature(name);
            let column = columns.iter().flatten().find(|column| *column == name || is_model && *column == bare);
            if let Some(column) = column {
                let way = Way::value(if is_model { FEATURE } else { SAME_NAME });
                flows.insert(((number, column.clone()), name.clone()), way);
                found = true;
            }
        }
        explained += usize::from(found);
    }
    let known = is_model && !names.is_empty() && explained == names.len();
    (flows, known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::artifact::RelPath;
    use crate::id::{ProjectId, RunId};
    use crate::run::{EdgeRole, RunSource, RunStatus};

    fn digest(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    fn run_edge(path: &str, number: u8, kind: ArtifactKind) -> RunEdge {
        RunEdge {
            path: path.into(),
            digest: Some(digest(number)),
            kind,
            role: EdgeRole::of(kind),
            basis: Basis::Observed,
            confidence: Confidence::CERTAIN,
            columns: vec![],
            evidence: String::new(),
            reasons: vec![],
        }
    }

    fn run() -> Run {
        let nil = uuid::Uuid::nil();
        Run {
            inputs: vec![
                run_edge("train.py", 9, ArtifactKind::Code),
                run_edge("a.csv", 1, ArtifactKind::Dataset),
                run_edge("b.csv", 2, ArtifactKind::Dataset),
            ],
            outputs: vec![run_edge("out.csv", 3, ArtifactKind::Dataset), run_edge("m.pkl", 4, ArtifactKind::Model)],
            ..Run::bare(RunId::from_uuid(nil), ProjectId::from_uuid(nil), RunSource::Recorded, RunStatus::Finished)
        }
    }

    fn table(digest: &Digest) -> Option<Vec<String>> {
        let names: &[&str] = match digest.as_bytes()[0] {
            1 => &["id", "age", "email"],
            2 => &["id", "city", "email"],
            3 => &["id", "age", "city_rome", "city_oslo", "contact"],
            _ => return None,
        };
        Some(names.iter().map(|it| (*it).to_owned()).collect())
    }

    fn source(flows: Vec<ScriptFlow>) -> Source {
        let used = |pattern: &str| ScriptUse { pattern: pattern.into(), confidence: 0.9, ..ScriptUse::default() };
        Source {
            path: RelPath::from("train.py"),
            digest: digest(9),
            kind: ArtifactKind::Code,
            modified: Timestamp::from_ms(0),
            executed: None,
            runs_itself: true,
            reads: vec![used("a.csv"), used("b.csv")],
            writes: vec![ScriptUse { flows, ..used("out.csv") }],
            fitted: Vec::new(),
            imports: BTreeSet::new(),
            packages: BTreeSet::new(),
            classes: BTreeSet::new(),
        }
    }

    fn flow(read: usize, from: &str, to: &str, except: &[&str]) -> ScriptFlow {
        let except = except.iter().map(|it| (*it).to_owned()).collect();
        ScriptFlow { read, from: from.into(), to: to.into(), except, confidence: 0.9, decides: false }
    }

    fn pairs(columns: &EdgeColumns) -> Vec<(&str, &str)> {
        columns.columns.iter().map(|it| (it.from.as_str(), it.to.as_str())).collect()
    }

    #[test]
    fn code_says_what_passes_and_what_does_not() {
        let source = source(vec![
            flow(0, "*", "*", &["email"]),
            flow(1, "city", "city_*", &[]),
            flow(1, "email", "contact", &[]),
        ]);
        let ends = Ends { table: &table, features: &|_| None };
        let mut run = run();
        run.outputs.pop();
        let columns = columns_of(&run, Some(&source), &ends);
        assert!(columns.outputs[0].known);
        assert_eq!(
            pairs(&columns.outputs[0]),
            [("age", "age"), ("city", "city_oslo"), ("city", "city_rome"), ("email", "contact"), ("id", "id")]
        );
        assert_eq!(pairs(&columns.inputs[1]), [("age", "age"), ("id", "id")], "the dropped column does not enter");
        assert!(columns.inputs[1].known && columns.inputs[2].known);
        assert_eq!(pairs(&columns.inputs[2]), [("city", "city"), ("email", "email")]);
    }

    #[test]
    fn two_columns_of_one_name_that_part_are_told_apart() {
        let source = source(vec![flow(0, "email", "contact", &[]), flow(1, "email", "id", &[])]);
        let ends = Ends { table: &table, features: &|_| None };
        let mut run = run();
        run.outputs.pop();
        let columns = columns_of(&run, Some(&source), &ends);
        assert_eq!(pairs(&columns.inputs[1]), [("email", "2:email")]);
        assert_eq!(pairs(&columns.outputs[0]), [("2:email", "contact"), ("3:email", "id")]);
    }

    #[test]
    fn a_model_that_names_columns_says_itself_what_it_saw() {
        let features =
            |digest: &Digest| (digest.as_bytes()[0] == 4).then(|| vec!["age".to_owned(), "num__city".to_owned()]);
        let ends = Ends { table: &table, features: &features };
        let columns = columns_of(&run(), None, &ends);
        assert!(columns.outputs[1].known);
        assert_eq!(pairs(&columns.outputs[1]), [("age", "age"), ("city", "num__city")]);
        assert!(!columns.outputs[0].known, "equal names are no proof that nothing else passed");
        assert_eq!(columns.outputs[0].columns[0].confidence.get(), SAME_NAME);
        assert!(!columns.inputs[1].known, "the other output may have seen more");
    }

    #[test]
    fn the_target_of_a_model_that_is_saved_somewhere_reaches_it_too() {
        let fitted = vec![flow(0, "*", "*", &["email", "age"]), flow(0, "age", "age", &[])];
        let source = Source { writes: Vec::new(), fitted, ..source(Vec::new()) };
        let features = |digest: &Digest| (digest.as_bytes()[0] == 4).then(|| vec!["id".to_owned()]);
        let columns = columns_of(&run(), Some(&source), &Ends { table: &table, features: &features });
        assert!(columns.outputs[1].known);
        assert_eq!(pairs(&columns.outputs[1]), [("age", "age"), ("id", "id")]);
        let silent = columns_of(&run(), Some(&source), &Ends { table: &table, features: &|_| None });
        let expected = [("2:id", "id"), ("age", "age")];
        assert_eq!(pairs(&silent.outputs[1]), expected, "the code says it where the model is silent");
        let table_only = columns_of(&run(), Some(&source), &Ends { table: &|_| None, features: &|_| None });
        assert!(!table_only.outputs[1].known, "what the wildcard stands for is not known");
    }

    #[test]
    fn a_wildcard_that_cannot_be_filled_in_is_not_complete() {
        let source = source(vec![flow(0, "*", "*", &[])]);
        let ends = Ends { table: &|_| None, features: &|_| None };
        let mut run = run();
        run.outputs.pop();
        assert!(!columns_of(&run, Some(&source), &ends).outputs[0].known);
    }
}
