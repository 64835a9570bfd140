//! How much a model and an evaluation may take.

/// How much a model and an evaluation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the model's file, at most.
    pub file: u64,
    /// Bytes that the parsed file may take in memory, at most. A small file can describe a large number of empty things.
    pub parsed: u64,
    /// Nodes of its graph, at most.
    pub nodes: usize,
    /// Numbers in any one tensor of an evaluation, at most.
    pub elements: u64,
}

impl Default for Limits {
    /// 512 MiB of file, 2 GiB parsed, 100,000 nodes, 2^27 numbers in one tensor.
    fn default() -> Self {
        Self { file: 512 << 20, parsed: 2 << 30, nodes: 100_000, elements: 1 << 27 }
    }
}
