//! Measures how long the records of a folder take to read: `cargo run --release -p proofmark-intake --example read_store -- DIR`.
//! The first look reads everything; the second finds that nothing changed.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use proofmark_domain::artifact::RelPath;
use proofmark_intake::files::{WalkOptions, walk};
use proofmark_intake::records::{ReadOptions, read_store, stores_in};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let root = Path::new(&folder).canonicalize()?;
    let begun = Instant::now();
    let found = walk(&root, &WalkOptions::default(), &|| false, &mut |_| ())?;
    println!("walk: {} files in {:?}", found.files.len(), begun.elapsed());
    let under = RelPath::from("");
    for store in stores_in(&root, &found) {
        let mut known: HashMap<String, String> = HashMap::new();
        for look in ["first", "second"] {
            let begun = Instant::now();
            let mut stamps = Vec::new();
            let options = ReadOptions { root: &root, known: &known, under: &under, cancel: &|| false };
            let read: Result<_, std::convert::Infallible> = read_store(&store, &options, &mut |run| {
                stamps.push((run.foreign_id, run.stamp));
                Ok(())
            });
            let Ok(read) = read;
            println!(
                "{look} look at {:?} {}: {} runs, {} of them read, {} problems, {:?}",
                store.kind,
                store.path,
                read.present.len(),
                stamps.len(),
                read.problems.len(),
                begun.elapsed()
            );
            known.extend(stamps);
        }
    }
    Ok(())
}
