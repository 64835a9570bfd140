//! The graph as numbers, for questions that must be answered at once whatever its size.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Direction, Edge, Graph, NodeId};

/// Which edges leave each node, as one array with the place where each node's part begins.
#[derive(Debug, Clone, Default)]
struct Neighbours {
    starts: Vec<u32>,
    /// The other end and the number of the edge.
    ends: Vec<(u32, u32)>,
}

impl Neighbours {
    fn new(nodes: usize, pairs: &[(u32, u32)], from: impl Fn(&(u32, u32)) -> (u32, u32)) -> Self {
        let mut starts = vec![0u32; nodes + 1];
        for pair in pairs {
            starts[from(pair).0 as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut ends = vec![(0u32, 0u32); pairs.len()];
        for (number, pair) in (0u32..).zip(pairs) {
            let (near, far) = from(pair);
            ends[next[near as usize] as usize] = (far, number);
            next[near as usize] += 1;
        }
        Self { starts, ends }
    }

    fn of(&self, node: u32) -> &[(u32, u32)] {
        let (begin, end) = (self.starts[node as usize] as usize, self.starts[node as usize + 1] as usize);
        &self.ends[begin..end]
    }
}

/// Nodes and edges of a [`Graph`] by their position in it. Made once for a graph, in time linear in its edges; a closure then
/// touches each edge that it walks once and nothing else.
#[derive(Debug, Clone, Default)]
pub struct GraphIndex {
    places: HashMap<NodeId, u32>,
    up: Neighbours,
    down: Neighbours,
}

impl GraphIndex {
    /// Numbers the graph. An edge with an end that is no node of it is left out.
    pub fn new(graph: &Graph) -> Self {
        let places: HashMap<NodeId, u32> = (0u32..).zip(&graph.nodes).map(|(at, node)| (node.id.clone(), at)).collect();
        let pairs: Vec<(u32, u32)> = graph
            .edges
            .iter()
            .map(|edge| match (places.get(&edge.from), places.get(&edge.to)) {
                (Some(from), Some(to)) => (*from, *to),
                // Keeps the numbers of the edges; a loop on the first node is never walked to anywhere new.
                _ => (0, 0),
            })
            .collect();
        if graph.nodes.is_empty() {
            return Self::default();
        }
        let (up, down) = (
            Neighbours::new(graph.nodes.len(), &pairs, |pair| (pair.1, pair.0)),
            Neighbours::new(graph.nodes.len(), &pairs, |pair| (pair.0, pair.1)),
        );
        Self { places, up, down }
    }

    /// The position of a node.
    pub fn place(&self, id: &NodeId) -> Option<u32> {
        self.places.get(id).copied()
    }

    /// The nodes right above one, each with the number of the edge.
    pub(super) fn above(&self, node: u32) -> &[(u32, u32)] {
        if (node as usize) < self.places.len() { self.up.of(node) } else { &[] }
    }

    /// Positions of the nodes that are reached from `start`, it first, each once, nearest first.
    ///
    /// `depth` limits the number of edges walked; `None` walks to the end. Looking both ways means everything upstream and
    /// everything downstream, not the siblings that share a parent. A cycle, such as a file read and written by one run, ends.
    pub fn reached(&self, start: u32, direction: Direction, depth: Option<usize>) -> Vec<u32> {
        let count = self.places.len();
        if start as usize >= count {
            return Vec::new();
        }
        let mut reached = match direction {
            Direction::Up => self.walk(&self.up, start, depth),
            Direction::Down | Direction::Both => self.walk(&self.down, start, depth),
        };
        if direction == Direction::Both {
            let mut seen = vec![false; count];
            reached.iter().for_each(|at| seen[*at as usize] = true);
            reached.extend(self.walk(&self.up, start, depth).into_iter().filter(|at| !seen[*at as usize]));
        }
        reached
    }

    /// The least confidence on the surest way from a node to each node downstream of it, itself left out. `graph` is the one
    /// that was numbered.
    pub fn confidence_below<'g>(&self, graph: &'g Graph, from: &NodeId) -> BTreeMap<&'g NodeId, f64> {
        let Some(start) = self.place(from) else { return BTreeMap::new() };
        let mut best = vec![-1.0_f64; self.places.len()];
        best[start as usize] = 1.0;
        let mut queue = vec![start];
        while let Some(node) = queue.pop() {
            for (next, edge) in self.down.of(node) {
                let sure = graph.edges.get(*edge as usize).map_or(0.0, |edge| edge.confidence.get());
                let through = best[node as usize].min(sure);
                if through > best[*next as usize] {
                    best[*next as usize] = through;
                    queue.push(*next);
                }
            }
        }
        let reached = graph.nodes.iter().zip(best).enumerate();
        reached
            .filter(|(at, (_, sure))| *at != start as usize && *sure >= 0.0)
            .map(|(_, (node, sure))| (&node.id, sure))
            .collect()
    }

    fn walk(&self, way: &Neighbours, start: u32, depth: Option<usize>) -> Vec<u32> {
        let mut seen = vec![false; self.places.len()];
        seen[start as usize] = true;
        let mut order = vec![start];
        // `order` is its own queue: what was reached and not yet left stands behind `at`.
        let (mut at, mut level_end, mut walked) = (0usize, 1usize, 0usize);
        while at < order.len() {
            if depth.is_some_and(|limit| walked >= limit) {
                break;
            }
            while at < level_end {
                for (next, _) in way.of(order[at]) {
                    let known = &mut seen[*next as usize];
                    if !*known {
                        *known = true;
                        order.push(*next);
                    }
                }
                at += 1;
            }
            level_end = order.len();
            walked += 1;
        }
        order
    }

    /// The surest way from one node to another along the data's way, as positions of edges: the one whose weakest edge is
    /// strongest, and the shortest of those. Empty if both are the same; `None` if there is none.
    pub fn way(&self, edges: &[Edge], from: u32, to: u32) -> Option<Vec<u32>> {
        let count = self.places.len();
        if from as usize >= count || to as usize >= count {
            return None;
        }
        // The answer's weakest edge is one of few values, so each is tried, strongest first.
        let mut steps: Vec<f64> = edges.iter().map(|edge| edge.confidence.get()).collect();
        steps.sort_by(|a, b| b.total_cmp(a));
        steps.dedup();
        // Above so many different values a coarser order is enough: sixteen of them, evenly spread, and the last.
        let stride = steps.len().div_ceil(16).max(1);
        let last = steps.last().copied().unwrap_or(0.0);
        let tried = steps.into_iter().step_by(stride).chain([last]);
        tried.into_iter().find_map(|least| self.shortest(edges, from, to, least))
    }

    fn shortest(&self, edges: &[Edge], from: u32, to: u32, least: f64) -> Option<Vec<u32>> {
        let mut came: Vec<Option<(u32, u32)>> = vec![None; self.places.len()];
        let mut queue = VecDeque::from([from]);
        let mut found = from == to;
        while let Some(node) = queue.pop_front() {
            if node == to {
                found = true;
                break;
            }
            for (next, edge) in self.down.of(node) {
                let sure = edges.get(*edge as usize).is_some_and(|it| it.confidence.get() >= least);
                if sure && *next != from && came[*next as usize].is_none() {
                    came[*next as usize] = Some((node, *edge));
                    queue.push_back(*next);
                }
            }
        }
        if !found {
            return None;
        }
        let mut way = Vec::new();
        let mut at = to;
        while at != from {
            let (before, edge) = came[at as usize]?;
            way.push(edge);
            at = before;
        }
        way.reverse();
        Some(way)
    }
}

impl Graph {
    /// The nodes that are reached from `focus`, it included, and the edges between them. See [`GraphIndex::reached`].
    pub fn closure(&self, focus: &NodeId, direction: Direction, depth: Option<usize>) -> Self {
        self.closure_by(&GraphIndex::new(self), focus, direction, depth)
    }

    /// The same with an index that was made of this graph before.
    pub fn closure_by(&self, index: &GraphIndex, focus: &NodeId, direction: Direction, depth: Option<usize>) -> Self {
        let Some(start) = index.place(focus) else { return Self::default() };
        self.part(index, &index.reached(start, direction, depth))
    }

    /// The nodes at these positions in the order of the graph, and the edges between them.
    pub fn part(&self, index: &GraphIndex, places: &[u32]) -> Self {
        let mut kept = vec![false; self.nodes.len()];
        for at in places {
            if let Some(it) = kept.get_mut(*at as usize) {
                *it = true;
            }
        }
        let mut edges: Vec<u32> = places
            .iter()
            .filter(|at| (**at as usize) < self.nodes.len())
            .flat_map(|at| index.down.of(*at))
            .filter(|(to, _)| kept[*to as usize])
            .map(|(_, edge)| *edge)
            .collect();
        edges.sort_unstable();
        let is_here = |edge: &&Edge| index.place(&edge.from).is_some() && index.place(&edge.to).is_some();
        Self {
            nodes: self.nodes.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(node, _)| node.clone()).collect(),
            edges: edges.iter().filter_map(|edge| self.edges.get(*edge as usize)).filter(is_here).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{edge, line, node};
    use super::*;
    use crate::lineage::NodeKind;
    use crate::{Basis, Confidence};

    fn names(graph: &Graph) -> Vec<&str> {
        graph.nodes.iter().map(|node| node.id.0.as_str()).collect()
    }

    #[test]
    fn up_and_down_end_in_spite_of_a_cycle() {
        let graph = line();
        let model = NodeId("model".into());
        assert_eq!(names(&graph.closure(&model, Direction::Up, None)), ["raw", "prepare", "clean", "train", "model"]);
        assert_eq!(names(&graph.closure(&model, Direction::Up, Some(1))), ["train", "model"], "one edge only");
        assert_eq!(
            names(&graph.closure(&NodeId("clean".into()), Direction::Down, None)),
            ["clean", "train", "model", "sibling"]
        );
        assert!(graph.closure(&NodeId("nowhere".into()), Direction::Both, None).nodes.is_empty());
        let both = graph.closure(&NodeId("clean".into()), Direction::Both, None);
        assert_eq!(both.nodes.len(), graph.nodes.len());
        assert_eq!(both.edges.len(), graph.edges.len(), "the edges between what is kept are kept");
        assert_eq!(graph.closure(&model, Direction::Up, Some(0)).nodes.len(), 1, "no edge: the thing alone");
    }

    #[test]
    fn an_edge_to_nowhere_harms_nobody() {
        let mut graph = line();
        graph.edges.push(edge("raw", "nowhere"));
        let up = graph.closure(&NodeId("raw".into()), Direction::Down, None);
        assert!(up.edges.iter().all(|edge| edge.to.0 != "nowhere"), "{:?}", up.edges);
        assert!(Graph::default().closure(&NodeId("raw".into()), Direction::Up, None).nodes.is_empty());
    }

    #[test]
    fn the_way_between_two_things_is_the_surest_then_the_shortest() {
        let mut graph = line();
        graph.nodes.push(node("guess", NodeKind::Run));
        // A shorter way that is only guessed.
        for (from, to) in [("raw", "guess"), ("guess", "model")] {
            let guessed = Edge { confidence: Confidence::clamped(0.3), basis: Basis::Inferred, ..edge(from, to) };
            graph.edges.push(guessed);
        }
        let index = GraphIndex::new(&graph);
        let at = |id: &str| index.place(&NodeId(id.into())).unwrap_or(u32::MAX);
        let named = |way: Vec<u32>| -> Vec<String> {
            way.into_iter().map(|it| graph.edges[it as usize].to.0.clone()).collect()
        };
        let way = index.way(&graph.edges, at("raw"), at("model")).map(named);
        assert_eq!(way, Some(vec!["prepare".into(), "clean".into(), "train".into(), "model".into()]));
        assert_eq!(index.way(&graph.edges, at("model"), at("raw")), None, "data does not flow back");
        assert_eq!(index.way(&graph.edges, at("raw"), at("raw")), Some(vec![]));
        assert_eq!(index.way(&graph.edges, at("raw"), u32::MAX), None);
    }
}
