//! A look through a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use proofmark_contract::domain::artifact::{ArtifactKind, FileFacts, Skipped};
use proofmark_contract::domain::id::ProjectId;
use proofmark_contract::view::ScreenStart;
use serde::Serialize;

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, bytes, count, counted, safe, seconds, words};

/// More files left out than this are counted, not listed.
const MOST_LISTED: usize = 20;

/// What to scan.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder
    dir: PathBuf,
    /// Also profiles and checks the data that nobody has looked at yet
    #[arg(long)]
    screen: bool,
}

/// The document of a scan.
#[derive(Debug, Serialize)]
struct Scan<'a> {
    project: ProjectId,
    name: &'a str,
    root: &'a str,
    artifacts: Vec<&'a FileFacts>,
    skipped: &'a [Skipped],
    duration_s: f64,
    bytes_hashed: u64,
    files_hashed: u64,
    changes: Changes,
}

/// How many paths are other than at the last scan.
#[derive(Debug, Serialize)]
struct Changes {
    added: usize,
    changed: usize,
    moved: usize,
    deleted: usize,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If the folder cannot be listed, or the ledger not be written.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let began = Instant::now();
        let title = format!("Scanning {}", self.dir.display());
        let show =
            |done: u64, total: Option<u64>, detail: &str| context.progress().show(&title, done, total, "files", detail);
        let (project, summary, files) = engine.scan_folder(&self.dir, &show)?;
        let duration_s = began.elapsed().as_secs_f64();
        context.progress().clear();
        if self.screen {
            context.finish(engine.screen_start(ScreenStart { project: project.id, path: None })?)?;
        }
        let scan = Scan {
            project: project.id,
            name: &project.name,
            root: &project.root,
            artifacts: files.iter().map(|state| &state.facts).collect(),
            skipped: &summary.skipped,
            duration_s,
            bytes_hashed: summary.bytes_hashed,
            files_hashed: summary.hashed,
            changes: Changes {
                added: summary.added.len(),
                changed: summary.changed.len(),
                moved: summary.moved.len(),
                deleted: summary.deleted.len(),
            },
        };
        let is_table = |kind| matches!(kind, ArtifactKind::Dataset | ArtifactKind::PredictionLog);
        let waits = !self.screen
            && scan.changes.added + scan.changes.changed > 0
            && files.iter().any(|state| is_table(state.facts.kind));
        context.answer("scan", &scan, || {
            let mut text = text(&scan);
            if waits {
                text.push_str("\nWhether its data is fit and sensitive: proofmark scan --screen DIR\n");
            }
            text
        })
    }
}

fn text(scan: &Scan<'_>) -> String {
    let mut text = format!(
        "{} holds {}. {} read in {}.\n",
        safe(scan.name),
        counted(scan.artifacts.len() as u64, "file", "files"),
        if scan.bytes_hashed == 0 {
            "Nothing had to be".to_owned()
        } else {
            format!("{} had to be", bytes(scan.bytes_hashed))
        },
        seconds(scan.duration_s)
    );
    let changes = [
        (scan.changes.added, "new"),
        (scan.changes.changed, "changed"),
        (scan.changes.moved, "moved"),
        (scan.changes.deleted, "deleted"),
    ];
    let changes: Vec<String> = changes
        .into_iter()
        .filter(|it| it.0 > 0)
        .map(|(number, what)| format!("{} {what}", count(number as u64)))
        .collect();
    let changes = if changes.is_empty() {
        "Nothing changed since the last scan.".to_owned()
    } else {
        format!("{}.", changes.join(", "))
    };
    text.push_str(&changes);
    text.push('\n');
    let mut kinds: BTreeMap<ArtifactKind, (u64, u64)> = BTreeMap::new();
    for facts in &scan.artifacts {
        let entry = kinds.entry(facts.kind).or_default();
        *entry = (entry.0 + 1, entry.1 + facts.size);
    }
    let mut table = Table::new([("Kind", Left), ("Files", Right), ("Size", Right)]);
    for (kind, (number, size)) in kinds {
        table.row([words(&kind), count(number), bytes(size)]);
    }
    text.push_str(&table.text());
    if !scan.skipped.is_empty() {
        text.push_str(&format!("\n{} left out:\n", counted(scan.skipped.len() as u64, "path was", "paths were")));
        for skipped in scan.skipped.iter().take(MOST_LISTED) {
            text.push_str(&format!("  {}: {}\n", safe(skipped.path.as_str()), safe(&skipped.reason)));
        }
        if scan.skipped.len() > MOST_LISTED {
            text.push_str(&format!(
                "  and {} more; --json lists all.\n",
                count((scan.skipped.len() - MOST_LISTED) as u64)
            ));
        }
    }
    text
}
