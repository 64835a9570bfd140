//! Reads every script and notebook below a folder, as a project, and prints for each one line of JSON with what it does and
//! how long that took: `cargo run -p proofmark-intake --example read_sources -- DIR`. Nothing is executed.

use std::path::Path;
use std::time::Instant;

use proofmark_domain::artifact::RelPath;
use proofmark_intake::files::{WalkOptions, walk};
use proofmark_intake::python::{ColumnFlow, PathUse, ProjectModules, decode_source, read_notebook, read_source};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let root = Path::new(&folder).canonicalize()?;
    let found = walk(&root, &WalkOptions::default(), &|| false, &mut |_| ())?;
    let mut texts = Vec::new();
    for file in &found.files {
        let name = file.path.as_str().rsplit('/').next().unwrap_or("");
        let helps =
            ["py", "ipynb", "yaml", "yml", "toml", "json", "sh", "mk"].contains(&file.path.extension().as_str());
        if helps || matches!(name, "Makefile" | "MLproject") {
            let bytes = std::fs::read(root.join(file.path.as_str()))?;
            texts.push((file.path.clone(), decode_source(&bytes).into_owned()));
        }
    }
    let begun = Instant::now();
    let project = ProjectModules::new(
        texts.iter().filter(|(path, _)| path.extension() != "ipynb").map(|(path, text)| (path.clone(), text.as_str())),
    );
    println!("{}", json!({"project": root, "files": texts.len(), "ms": begun.elapsed().as_millis() as u64}));
    for (path, text) in &texts {
        println!("{}", read(path, text, &project).unwrap_or(Value::Null));
    }
    Ok(())
}

fn read(path: &RelPath, text: &str, project: &ProjectModules) -> Option<Value> {
    let begun = Instant::now();
    let facts = match path.extension().as_str() {
        "py" => read_source(text, path, project),
        "ipynb" => match read_notebook(text, path, project) {
            Ok(notebook) => notebook.facts,
            Err(error) => return Some(json!({"path": path.as_str(), "error": error.to_string()})),
        },
        _ => return None,
    };
    let ms = begun.elapsed().as_millis() as u64;
    let flows = |flows: &[ColumnFlow]| -> Vec<Value> {
        let flow =
            |it: &ColumnFlow| json!([facts.reads[it.read].pattern, it.from, it.to, it.kind.word(), it.confidence]);
        flows.iter().map(flow).collect()
    };
    let uses = |uses: &[PathUse]| -> Vec<Value> {
        let one = |it: &PathUse| {
            json!({"path": it.pattern, "line": it.line, "call": it.call, "when_run": it.when_run, "place": it.place,
                   "confidence": it.confidence, "columns": it.columns, "flows": flows(&it.flows)})
        };
        uses.iter().map(one).collect()
    };
    let fits: Vec<Value> = facts
        .fits
        .iter()
        .map(|fit| {
            json!({"line": fit.line, "call": fit.call, "class": fit.class, "features": fit.features, "target": fit.target,
                   "flows": flows(&fit.flows), "saved": fit.saved, "when_run": fit.when_run})
        })
        .collect();
    Some(json!({
        "path": path.as_str(), "ms": ms, "entry": facts.is_entry(), "reads": uses(&facts.reads), "writes": uses(&facts.writes),
        "used": facts.columns_used, "created": facts.columns_created, "dropped": facts.columns_dropped,
        "renamed": facts.renames, "target": facts.target, "fits": fits, "imports": facts.imports,
        "parse_errors": facts.parse_errors,
    }))
}
