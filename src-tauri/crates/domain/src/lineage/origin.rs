//! Where a column came from, step by step up to the tables that nobody here made.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Graph, GraphIndex, NodeId, NodeKind};
use crate::Confidence;

/// A column of data further up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnSource {
    /// The data set's node.
    pub node: NodeId,
    /// Its path.
    pub dataset: String,
    /// The column in it.
    pub column: String,
    /// Whether every step is known column by column.
    pub exact: bool,
    /// The confidence of the weakest step.
    pub confidence: Confidence,
}

/// A column or feature with what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnOrigin {
    /// The column or feature.
    pub column: String,
    /// Labels of sensitive data that reached it, without repetition.
    pub labels: Vec<String>,
    /// What it was made from, surest first; empty where that is not known.
    pub sources: Vec<ColumnSource>,
}

/// More steps than this mean that names go round in circles.
const MOST_STEPS: usize = 20_000;

impl Graph {
    /// What a column of a node was made from: columns of tables that no known run made, or at which the trail ends.
    ///
    /// `has` tells whether a node has a column of a name, if its columns are known.
    pub fn column_sources(
        &self,
        index: &GraphIndex,
        node: &NodeId,
        column: &str,
        has: &dyn Fn(&NodeId, &str) -> Option<bool>,
    ) -> Vec<ColumnSource> {
        let Some(start) = index.place(node) else { return Vec::new() };
        let mut best: BTreeMap<(u32, String), (bool, f64)> = BTreeMap::new();
        let mut sources: BTreeMap<(u32, String), (bool, f64)> = BTreeMap::new();
        // Each with the table at which the trail ends if nothing further up is known.
        let mut queue = VecDeque::from([(start, column.to_owned(), true, 1.0f64, None)]);
        let mut steps = 0;
        while let Some((at, name, exact, sure, last)) = queue.pop_front() {
            steps += 1;
            if steps > MOST_STEPS {
                break;
            }
            match best.get(&(at, name.clone())) {
                Some(known) if *known >= (exact, sure) => continue,
                _ => best.insert((at, name.clone()), (exact, sure)),
            };
            let is_data = self
                .nodes
                .get(at as usize)
                .is_some_and(|node| matches!(node.kind, NodeKind::Dataset | NodeKind::PredictionLog));
            let last: Option<(u32, String)> = if is_data && at != start { Some((at, name.clone())) } else { last };
            let mut went_on = false;
            for (above, number) in index.above(at) {
                let Some(edge) = self.edges.get(*number as usize) else { continue };
                // A file that a run rewrites in place is its own source: further up stands only itself.
                if is_data && index.above(*above).iter().any(|(read, _)| *read == at) {
                    continue;
                }
                let sure = sure.min(edge.confidence.get());
                let listed: Vec<_> = edge.columns.iter().filter(|it| it.to == name).collect();
                for it in &listed {
                    let exact = exact && edge.columns_known;
                    queue.push_back((*above, it.from.clone(), exact, sure.min(it.confidence.get()), last.clone()));
                    went_on = true;
                }
                if listed.is_empty() && !edge.columns_known {
                    let there = self.nodes.get(*above as usize);
                    let passes = there.is_some_and(|node| match node.kind {
                        NodeKind::Run => true,
                        NodeKind::Dataset | NodeKind::PredictionLog => has(&node.id, &name).unwrap_or(false),
                        _ => false,
                    });
                    if passes {
                        queue.push_back((*above, name.clone(), false, sure, last.clone()));
                        went_on = true;
                    }
                }
            }
            if !went_on && let Some(end) = last {
                let known = sources.entry(end).or_insert((exact, sure));
                *known = if *known >= (exact, sure) { *known } else { (exact, sure) };
            }
        }
        let mut found: Vec<ColumnSource> = sources
            .into_iter()
            .filter_map(|((at, column), (exact, sure))| {
                let node = self.nodes.get(at as usize)?;
                let confidence = Confidence::clamped(sure);
                Some(ColumnSource { node: node.id.clone(), dataset: node.label.clone(), column, exact, confidence })
            })
            .collect();
        found.sort_by(|a, b| {
            (b.exact, b.confidence.get())
                .partial_cmp(&(a.exact, a.confidence.get()))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;
    use crate::Basis;
    use crate::lineage::ColumnEdge;

    fn column(from: &str, to: &str) -> ColumnEdge {
        ColumnEdge {
            from: from.into(),
            to: to.into(),
            basis: Basis::Inferred,
            confidence: Confidence::clamped(0.9),
            decides: false,
        }
    }

    #[test]
    fn a_feature_is_followed_to_the_raw_columns_through_every_new_name() {
        let mut graph = line();
        graph.edges.pop();
        for (edge, columns) in [
            (0, vec![column("born", "born"), column("seen", "seen")]),
            (1, vec![column("born", "age"), column("seen", "age")]),
            (2, vec![column("age", "age")]),
            (3, vec![column("age", "num__age")]),
        ] {
            graph.edges[edge].columns = columns;
            graph.edges[edge].columns_known = true;
        }
        let index = GraphIndex::new(&graph);
        let found = graph.column_sources(&index, &NodeId("model".into()), "num__age", &|_, _| None);
        let names: Vec<(&str, &str, bool)> =
            found.iter().map(|it| (it.dataset.as_str(), it.column.as_str(), it.exact)).collect();
        assert_eq!(names, [("raw", "born", true), ("raw", "seen", true)]);
        assert!(graph.column_sources(&index, &NodeId("model".into()), "other", &|_, _| None).is_empty());
    }

    #[test]
    fn where_a_step_is_not_known_the_name_is_followed_and_said_to_be_a_guess() {
        let graph = line();
        let index = GraphIndex::new(&graph);
        let has = |node: &NodeId, name: &str| Some(name == "age" && (node.0 == "raw" || node.0 == "clean"));
        let found = graph.column_sources(&index, &NodeId("model".into()), "age", &has);
        assert!(found.iter().any(|it| it.dataset == "raw" && !it.exact), "{found:?}");
        assert!(graph.column_sources(&index, &NodeId("model".into()), "income", &has).is_empty());
    }
}
