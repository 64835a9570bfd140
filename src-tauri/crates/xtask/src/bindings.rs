//! `cargo xtask bindings`: writes the TypeScript of the contract anew.

use crate::steps::{self, Outcome};

pub fn write() -> Outcome {
    steps::run(
        steps::cargo()
            .args(["test", "--quiet", "--workspace", "--lib", "the_committed_typescript"])
            .env("PROOFMARK_WRITE_BINDINGS", "1"),
    )
}
