//! Rows of a table that must not be trained on, set aside with their reasons.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::check::Severity;
use proofmark_engine::adhoc::{self, CheckBeside, SetAside};
use proofmark_engine::{Clock, SystemClock};

use super::table::Layout;
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, safe, word};

/// Sets the offending rows of a table aside.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The table; it is only read
    file: PathBuf,
    /// The folder for the two files: the rows that stay, and the others with their reasons
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The table that it is compared with
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Sets aside what warnings concern, too
    #[arg(long)]
    warnings: bool,
    #[command(flatten)]
    layout: Layout,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If the file is no table, or the files are there already or cannot be written.
    pub fn run(self, context: &Context) -> Outcome {
        let (rules, muted) = match context.engine_if_any()? {
            Some(engine) => (engine.rules_in_force(&self.file)?, engine.findings_that_do_not_count(&self.file)?),
            None => (None, Vec::new()),
        };
        let beside = CheckBeside {
            reference: self.reference.as_deref(),
            reading: self.layout.reading()?,
            rules,
            ..CheckBeside::default()
        };
        let least = if self.warnings { Severity::Warn } else { Severity::Error };
        let counts = |finding: &proofmark_contract::domain::check::Finding| {
            !muted.iter().any(|(kind, columns)| *kind == finding.kind && *columns == finding.columns)
        };
        let done = adhoc::quarantine(&self.file, &beside, &self.to, least, &counts, SystemClock.now())?;
        context.answer("quarantine", &done, || text(&done))
    }
}

fn text(done: &SetAside) -> String {
    let mut text = match (&done.kept, &done.aside) {
        (Some(kept), Some(aside)) => format!(
            "{} set aside, {}. {} itself was not changed.\n  {}\n  {}\n",
            counted(done.rows_aside, "row was", "rows were"),
            counted(done.rows_kept, "row stays", "rows stay"),
            safe(&done.path),
            safe(kept),
            safe(aside)
        ),
        _ => format!("Nothing was set aside: no row of {} has to be.\n", safe(&done.path)),
    };
    for finding in &done.findings {
        text.push_str(&format!("\n{}  {}\n", word(&finding.kind), safe(&finding.message)));
        match &finding.stays {
            Some(why) => text.push_str(&format!("  Its rows stay: {}\n", safe(why))),
            None => text.push_str(&format!("  {} set aside.\n", counted(finding.rows, "row", "rows"))),
        }
    }
    text
}
