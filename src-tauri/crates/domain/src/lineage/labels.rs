//! How a label of sensitive data travels: along columns where they are known, with the whole table where they are not.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{Edge, Graph};
use crate::sensitive::{CarriedLabel, SensitiveGroup};

/// A label with the column on which it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    label: String,
    group: SensitiveGroup,
    column: String,
    dataset: String,
}

/// How a label stands at a node: under which name, and whether every step to there is known column by column.
type Standing = (String, bool);

/// An edge below this is too weak a guess to say of anybody's data that it passed.
const LEAST: f64 = 0.25;

/// More names than this for one label at one node say no more than that it is everywhere.
const MOST_NAMES: usize = 64;

type Carried = BTreeMap<Origin, BTreeSet<Standing>>;

impl Graph {
    /// Carries the labels of data downstream to everything that was made from it.
    ///
    /// Where the columns of an edge are known to be complete, a label passes only with its column, and takes the name of the
    /// column that it became. Where they are not, it passes under its name or under that of the listed column, and is no
    /// longer exact: the column may have been left out.
    pub fn carry_labels(&mut self) {
        let places: HashMap<&super::NodeId, usize> =
            self.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
        let mut downstream: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.nodes.len()];
        for (number, edge) in self.edges.iter().enumerate() {
            if let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) {
                downstream[*from].push((*to, number));
            }
        }
        let mut carried: Vec<Carried> = self
            .nodes
            .iter()
            .map(|node| {
                let mut own = Carried::new();
                for it in &node.labels {
                    own.entry(origin(it)).or_default().insert((it.column.clone(), true));
                }
                own
            })
            .collect();
        let mut queue: VecDeque<usize> = (0..carried.len()).filter(|at| !carried[*at].is_empty()).collect();
        let mut queued: Vec<bool> = carried.iter().map(|it| !it.is_empty()).collect();
        while let Some(at) = queue.pop_front() {
            queued[at] = false;
            let here = carried[at].clone();
            for (to, number) in &downstream[at] {
                if pass(&here, &self.edges[*number], &mut carried[*to]) && !queued[*to] {
                    queued[*to] = true;
                    queue.push_back(*to);
                }
            }
        }
        for (node, carried) in self.nodes.iter_mut().zip(carried) {
            node.labels = carried.into_iter().map(|(origin, standings)| arrived(origin, &standings)).collect();
        }
    }
}

fn origin(it: &CarriedLabel) -> Origin {
    Origin { label: it.label.clone(), group: it.group, column: it.column.clone(), dataset: it.dataset.clone() }
}

fn arrived(origin: Origin, standings: &BTreeSet<Standing>) -> CarriedLabel {
    let exact = standings.iter().any(|(_, exact)| *exact);
    // What is known for sure makes the guesses beside it uninteresting.
    let names: BTreeSet<&String> = standings.iter().filter(|(_, sure)| *sure == exact).map(|(name, _)| name).collect();
    CarriedLabel {
        label: origin.label,
        group: origin.group,
        column: origin.column,
        dataset: origin.dataset,
        reached_as: names.into_iter().cloned().collect(),
        exact,
    }
}

/// Whether anything new arrived.
fn pass(here: &Carried, edge: &Edge, there: &mut Carried) -> bool {
    let sure = edge.confidence.get();
    if sure < LEAST {
        return false;
    }
    let exactly = edge.columns_known && sure > 0.5;
    let mut any = false;
    for (origin, standings) in here {
        let mut arriving: BTreeSet<Standing> = BTreeSet::new();
        for (name, exact) in standings {
            let mut listed = false;
            for column in edge.columns.iter().filter(|column| column.from == *name) {
                arriving.insert((column.to.clone(), *exact && exactly));
                listed = true;
            }
            if !listed && !edge.columns_known {
                arriving.insert((name.clone(), false));
            }
        }
        if arriving.is_empty() {
            continue;
        }
        let known = there.entry(origin.clone()).or_default();
        let before = known.len();
        for standing in arriving {
            if known.len() < MOST_NAMES {
                known.insert(standing);
            }
        }
        any |= known.len() > before;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;
    use crate::lineage::ColumnEdge;
    use crate::{Basis, Confidence};

    fn label(column: &str) -> CarriedLabel {
        CarriedLabel {
            label: "email".into(),
            group: SensitiveGroup::Direct,
            column: column.into(),
            dataset: "raw".into(),
            reached_as: vec![],
            exact: false,
        }
    }

    fn column(from: &str, to: &str) -> ColumnEdge {
        ColumnEdge {
            from: from.into(),
            to: to.into(),
            basis: Basis::Inferred,
            confidence: Confidence::CERTAIN,
            decides: false,
        }
    }

    fn at<'g>(graph: &'g Graph, id: &str) -> &'g [CarriedLabel] {
        graph.nodes.iter().find(|node| node.id.0 == id).map(|node| node.labels.as_slice()).unwrap_or_default()
    }

    #[test]
    fn a_label_reaches_every_model_made_from_its_column() {
        let mut graph = line();
        graph.nodes[0].labels = vec![label("mail"), label("backup_mail")];
        graph.edges[2].columns = vec![column("mail", "mail")];
        graph.edges[2].columns_known = true;
        graph.carry_labels();
        assert_eq!(at(&graph, "clean").len(), 2, "nothing is known about columns before the cleaning, so both travel");
        let [reached] = at(&graph, "model") else { panic!("{:?}", at(&graph, "model")) };
        assert_eq!(reached.column, "mail", "training is known to read `mail` only");
        assert!(!reached.exact, "the cleaning is known for the whole table only");
    }

    #[test]
    fn a_label_takes_the_name_of_what_its_column_became_and_a_dropped_column_ends() {
        let mut graph = line();
        graph.nodes[0].labels = vec![label("mail"), label("backup_mail")];
        for (edge, columns) in [
            (0, vec![column("mail", "mail"), column("backup_mail", "backup_mail")]),
            (1, vec![column("mail", "contact"), column("mail", "domain")]),
            (2, vec![column("contact", "contact")]),
            (3, vec![column("contact", "contact_length")]),
        ] {
            graph.edges[edge].columns = columns;
            graph.edges[edge].columns_known = true;
        }
        graph.edges.pop();
        graph.carry_labels();
        let [clean] = at(&graph, "clean") else { panic!("the dropped column travelled: {:?}", at(&graph, "clean")) };
        assert_eq!(clean.reached_as, ["contact", "domain"]);
        let [model] = at(&graph, "model") else { panic!("{:?}", at(&graph, "model")) };
        assert_eq!((model.column.as_str(), model.reached_as.as_slice()), ("mail", &["contact_length".to_owned()][..]));
        assert!(model.exact, "every step is known column by column");
        let [sibling] = at(&graph, "sibling") else { panic!("{:?}", at(&graph, "sibling")) };
        assert!(!sibling.exact, "which columns the sibling saw is not known");
    }

    #[test]
    fn known_to_pass_nothing_is_not_the_same_as_unknown() {
        let mut graph = line();
        graph.nodes[0].labels = vec![label("mail")];
        graph.edges[0].columns_known = true;
        graph.carry_labels();
        assert!(at(&graph, "clean").is_empty(), "no column of the raw table is used at all");
    }

    #[test]
    fn a_run_that_rewrites_its_own_input_under_ever_new_names_ends() {
        let mut graph = line();
        graph.nodes[0].labels = vec![label("a")];
        graph.edges[0].columns = vec![column("a", "b"), column("b", "c"), column("c", "a")];
        graph.edges[0].columns_known = true;
        graph.carry_labels();
        assert_eq!(at(&graph, "prepare").len(), 1);
    }
}
