//! Upstream closure over 100,000 artifacts and 1,000,000 edges, beside a recursive query of SQLite over the same graph.
//!
//! `cargo bench -p proofmark-ledger --bench closure`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
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

fn closure(criterion: &mut Criterion) {
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

    let mut group = criterion.benchmark_group("upstream closure, 100,000 artifacts, 1,000,000 edges");
    group.sample_size(20);
    group.bench_function("proofmark", |bencher| {
        bencher.iter(|| black_box(index.reached(black_box(last), Direction::Up, None)).len());
    });
    group.bench_function("recursive query in SQLite, in memory", |bencher| {
        bencher.iter(|| query.query_row([black_box(last)], |row| row.get::<_, i64>(0)).unwrap());
    });
    group.bench_function("making the index, once for each state of the ledger", |bencher| {
        bencher.iter(|| black_box(GraphIndex::new(black_box(&graph))));
    });
    group.finish();
}

criterion_group!(benches, closure);
criterion_main!(benches);
