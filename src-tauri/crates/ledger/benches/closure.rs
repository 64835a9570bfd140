//! Upstream closure over 100,000 artifacts and 1,000,000 edges, beside a recursive query of SQLite over the same graph.
//!
//! `cargo bench -p proofmark-ledger --bench closure`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use proofmark_domain::lineage::{Direction, Edge, Graph, GraphIndex, Node, NodeId, NodeKind};
use proofmark_domain::{Basis, Confidence};
use rusqlite::Connection;

const ARTIFACTS: u32 = 100_000;
const EDGES_EACH: u32 = 10;

/// A fixed sequence of numbers, so that every run measures the same graph.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::from(limit.max(1))) as u32
    }
}

/// Each artifact is made from ten earlier ones, most of them near, as stages of pipelines are.
fn pairs() -> Vec<(u32, u32)> {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut pairs = Vec::with_capacity((ARTIFACTS * EDGES_EACH) as usize);
    for to in 1..ARTIFACTS {
        for _ in 0..EDGES_EACH {
            let back = if numbers.below(10) == 0 { numbers.below(to) } else { numbers.below(to.min(500)) };
            pairs.push((to - 1 - back, to));
        }
    }
    pairs
}

fn graph(pairs: &[(u32, u32)]) -> Graph {
    let id = |number: u32| NodeId(format!("art_{number:064x}"));
    let node = |number: u32| Node {
        id: id(number),
        kind: NodeKind::Dataset,
        label: format!("data/{number}.csv"),
        digest: None,
        paths: Vec::new(),
        labels: Vec::new(),
        present: true,
    };
    let edge = |(from, to): &(u32, u32)| Edge {
        from: id(*from),
        to: id(*to),
        run: None,
        basis: Basis::Observed,
        confidence: Confidence::CERTAIN,
        evidence: String::new(),
        reasons: Vec::new(),
        columns: Vec::new(),
        columns_known: false,
    };
    Graph { nodes: (0..ARTIFACTS).map(node).collect(), edges: pairs.iter().map(edge).collect() }
}

fn database(pairs: &[(u32, u32)]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE edge (up INTEGER NOT NULL, down INTEGER NOT NULL);").unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut insert = transaction.prepare("INSERT INTO edge VALUES (?1, ?2)").unwrap();
        for (up, down) in pairs {
            insert.execute((up, down)).unwrap();
        }
    }
    transaction.commit().unwrap();
    connection.execute_batch("CREATE INDEX edge_by_down ON edge (down, up); ANALYZE;").unwrap();
    connection
}

/// The least and the middle of the times that it took, after one time that is not counted.
fn time(name: &str, times: u32, mut work: impl FnMut()) -> Duration {
    work();
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    took.sort();
    let (least, middle) = (took[0], took[took.len() / 2]);
    println!("{name:<52} least {least:>10.3?}  median {middle:>10.3?}  of {times}");
    middle
}

fn main() {
    let pairs = pairs();
    let graph = graph(&pairs);
    let index = GraphIndex::new(&graph);
    let last = index.place(&graph.nodes[ARTIFACTS as usize - 1].id).unwrap();
    let reached = index.reached(last, Direction::Up, None).len();
    let database = database(&pairs);
    let mut query = database
        .prepare(
            "WITH RECURSIVE above (id) AS (SELECT ?1 UNION SELECT edge.up FROM edge JOIN above ON edge.down = above.id)
             SELECT count(*) FROM above",
        )
        .unwrap();
    let by_query: usize = query.query_row([last], |row| row.get::<_, i64>(0)).unwrap() as usize;
    assert_eq!(reached, by_query, "both reach the same");
    println!("{ARTIFACTS} artifacts, {} edges, {reached} reached", pairs.len());
    let ours = time("upstream closure, proofmark", 51, || {
        black_box(index.reached(black_box(last), Direction::Up, None));
    });
    let theirs = time("upstream closure, recursive query in SQLite, in memory", 7, || {
        black_box(query.query_row([black_box(last)], |row| row.get::<_, i64>(0)).unwrap());
    });
    time("making the index, once for each state of the ledger", 5, || {
        black_box(GraphIndex::new(black_box(&graph)));
    });
    println!("{:.0} times as fast", theirs.as_secs_f64() / ours.as_secs_f64());
}
