//! Where sensitive data went, who did what, and where anything is.

use clap::{Args, Subcommand};
use proofmark_contract::view::{
    AuditPage, AuditQuery, AuditVerdict, GovernanceView, Nothing, Search as Query, SearchHits,
};

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, percent, safe, when};

/// Shows which sensitive columns of which data reached which models.
///
/// # Errors
/// If the ledger cannot be read.
pub fn show(context: &Context) -> Outcome {
    let view = context.engine()?.governance(Nothing {})?;
    context.answer("governance", &view, || text(&view))
}

fn text(view: &GovernanceView) -> String {
    let mut text = format!("{}\n", safe(&view.sentence));
    if view.waiting > 0 {
        text.push_str("  Look at it: proofmark scan --screen DIR\n");
    }
    let mut table = Table::new([
        ("Data set", Left),
        ("Sensitive", Left),
        ("Model", Left),
        ("Standing", Left),
        ("As feature", Left),
        ("Confidence", Right),
        ("Project", Left),
    ]);
    for row in &view.rows {
        let mut labels: Vec<String> = row.labels.iter().map(|it| it.label.replace('_', " ")).collect();
        labels.sort();
        labels.dedup();
        let labels = cut(&labels.join(", "), 50);
        if row.cells.is_empty() {
            table.row([
                row.path.clone(),
                labels,
                "none".into(),
                String::new(),
                String::new(),
                String::new(),
                row.project_name.clone(),
            ]);
            continue;
        }
        for cell in &row.cells {
            let model = usize::try_from(cell.model).ok().and_then(|at| view.models.get(at));
            table.row([
                row.path.clone(),
                labels.clone(),
                model.map(|it| it.path.clone()).unwrap_or_default(),
                model.map(|it| it.release.clone()).unwrap_or_default(),
                if cell.in_features { "yes" } else { "not named" }.to_owned(),
                percent(cell.confidence),
                row.project_name.clone(),
            ]);
        }
    }
    text.push_str(&table.text());
    text
}

/// Commands about the record of who did what.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Lists entries, newest first
    List {
        /// That contain this
        #[arg(long)]
        text: Option<String>,
        /// Entries to pass over
        #[arg(long, default_value_t = 0)]
        offset: u64,
        /// At most so many
        #[arg(long, default_value_t = 200)]
        limit: u64,
    },
    /// Re-computes the chain; exits with 1 if an entry does not follow from the one before
    Verify,
}

impl Audit {
    /// Does it.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        match self {
            Self::List { text, offset, limit } => {
                let page = engine.audit_list(AuditQuery { text, offset, limit: Some(limit) })?;
                context.answer("audit-list", &page, || list_text(&page))
            }
            Self::Verify => {
                let verdict = engine.audit_verify(Nothing {})?;
                let reply = context.answer("audit-verify", &verdict, || verdict_text(&verdict))?;
                Ok(reply.passed(verdict.intact))
            }
        }
    }
}

fn list_text(page: &AuditPage) -> String {
    let mut table = Table::new([("No.", Right), ("When", Left), ("Who", Left), ("What", Left), ("To what", Left)]);
    for entry in &page.entries {
        table.row([
            count(entry.seq),
            when(entry.at),
            entry.actor.clone(),
            entry.action.clone(),
            cut(&entry.object, 60),
        ]);
    }
    format!("{} of {}.\n{}", counted(page.entries.len() as u64, "entry", "entries"), count(page.total), table.text())
}

/// The verdict on the chain for people.
pub fn verdict_text(verdict: &AuditVerdict) -> String {
    let entries = counted(verdict.entries, "entry", "entries");
    match (verdict.intact, verdict.first_broken) {
        (true, _) => format!(
            "The record is whole: {entries}, each follows from the one before.\nThe last has the hash {}.\n",
            verdict.head
        ),
        (false, Some(at)) => {
            format!("THE RECORD WAS CHANGED: of {entries}, number {} does not follow from the one before.\n", count(at))
        }
        (false, None) => format!("THE RECORD WAS CHANGED: {entries} do not form a chain.\n"),
    }
}

/// What to look for.
#[derive(Debug, Args)]
pub struct Search {
    /// Part of a name, a path, a digest or a person's name
    text: String,
    /// At most so many
    #[arg(long, default_value_t = 30)]
    limit: u32,
}

impl Search {
    /// Does it.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn run(self, context: &Context) -> Outcome {
        let hits = context.engine()?.search(Query { text: self.text.clone(), limit: Some(self.limit) })?;
        context.answer("search", &hits, || hits_text(&self.text, &hits))
    }
}

fn hits_text(wanted: &str, hits: &SearchHits) -> String {
    if hits.hits.is_empty() {
        return format!("Nothing is known by `{}`.\n", safe(wanted));
    }
    let mut table = Table::new([("What", Left), ("Name", Left), ("Where", Left)]);
    for hit in &hits.hits {
        table.row([hit.kind.replace('_', " "), hit.label.clone(), cut(&hit.detail, 80)]);
    }
    format!("{}.\n{}", counted(hits.hits.len() as u64, "thing", "things"), table.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_record_is_never_called_whole() {
        let verdict = |intact, first_broken| AuditVerdict { entries: 12, intact, first_broken, head: "h".into() };
        assert!(verdict_text(&verdict(true, None)).starts_with("The record is whole: 12 entries"));
        assert!(verdict_text(&verdict(false, Some(7))).contains("number 7"));
        assert!(verdict_text(&verdict(false, None)).starts_with("THE RECORD WAS CHANGED"));
    }
}
