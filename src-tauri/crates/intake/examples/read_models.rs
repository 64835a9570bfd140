//! Reads model files and prints for each its verdict, how long that took and, on Linux, the most memory that the process had
//! until then: `cargo run --release -p proofmark-intake --example read_models -- FILE…`. Nothing is loaded.

use std::path::Path;
use std::time::Instant;

use proofmark_intake::model::{Limits, read_model};

fn main() {
    for file in std::env::args().skip(1) {
        let begun = Instant::now();
        let read = read_model(Path::new(&file), &Limits::default());
        let took = begun.elapsed();
        let memory = memory().unwrap_or_else(|| "unknown".to_owned());
        match read {
            Ok(facts) => {
                let first = facts.safety.reasons.first();
                let reason = first.map(|it| format!(": {}, {}", it.what, it.place)).unwrap_or_default();
                println!("{file}: {} {:?}{reason}; {took:.2?}, {memory}", facts.format, facts.safety.verdict);
            }
            Err(error) => println!("{error} {took:.2?}, {memory}"),
        }
    }
}

/// The most memory that this process ever had resident, as Linux tells it.
fn memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
}
