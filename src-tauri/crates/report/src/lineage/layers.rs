//! Where nodes stand in a drawing: in layers from left to right, ordered so that few lines cross.

use std::collections::{BTreeMap, HashMap, VecDeque};

use proofmark_domain::lineage::{Graph, NodeId};

/// Passes over the layers that put a node at the middle of its neighbours. More change little.
const PASSES: usize = 8;

/// Layer and place within it, of each node of the graph in its order.
pub(super) fn layers(graph: &Graph) -> Vec<(usize, usize)> {
    let places: HashMap<&NodeId, usize> = graph.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
    let mut down: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut up = down.clone();
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to))
            && from != to
        {
            down[*from].push(*to);
            up[*to].push(*from);
        }
    }
    let mut layer = longest(&down, &up);
    // What nothing leads to stands right before what it leads to, not at the far left.
    for at in (0..layer.len()).filter(|at| up[*at].is_empty()) {
        layer[at] = down[at].iter().map(|to| layer[*to]).min().unwrap_or(1).saturating_sub(1);
    }
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, layer) in layer.iter().enumerate() {
        rows.entry(*layer).or_default().push(at);
    }
    let mut place = vec![0usize; graph.nodes.len()];
    for row in rows.values() {
        for (order, at) in row.iter().enumerate() {
            place[*at] = order;
        }
    }
    for pass in 0..PASSES {
        let neighbours = if pass % 2 == 0 { &up } else { &down };
        let order: Vec<usize> =
            if pass % 2 == 0 { rows.keys().copied().collect() } else { rows.keys().rev().copied().collect() };
        for layer in order {
            let Some(row) = rows.get_mut(&layer) else { continue };
            let middle = |at: usize| {
                let beside = &neighbours[at];
                if beside.is_empty() {
                    place[at] as f64
                } else {
                    beside.iter().map(|it| place[*it] as f64).sum::<f64>() / beside.len() as f64
                }
            };
            let mut keyed: Vec<(f64, usize)> = row.iter().map(|at| (middle(*at), *at)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = keyed.into_iter().map(|(_, at)| at).collect();
            for (order, at) in row.iter().enumerate() {
                place[*at] = order;
            }
        }
    }
    layer.into_iter().zip(place).collect()
}

/// The longest way from a beginning to each node. In a cycle, the edge that closes it is not counted.
fn longest(down: &[Vec<usize>], up: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = up.iter().map(Vec::len).collect();
    let mut layer = vec![0usize; down.len()];
    let mut done = vec![false; down.len()];
    let mut ready: VecDeque<usize> = (0..down.len()).filter(|at| waits[*at] == 0).collect();
    let mut left = down.len();
    let mut next = 0;
    while left > 0 {
        let at = match ready.pop_front() {
            Some(at) if done[at] => continue,
            Some(at) => at,
            None => {
                // Only cycles are left: the first of them begins.
                while done.get(next).copied().unwrap_or(true) {
                    next += 1;
                }
                next
            }
        };
        done[at] = true;
        left -= 1;
        for to in &down[at] {
            if done[*to] {
                continue;
            }
            layer[*to] = layer[*to].max(layer[at] + 1);
            waits[*to] = waits[*to].saturating_sub(1);
            if waits[*to] == 0 {
                ready.push_back(*to);
            }
        }
    }
    layer
}
