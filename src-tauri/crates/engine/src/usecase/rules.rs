//! The rules of a data set in the project's own file: listed, tried, written.

use std::path::Path;

use proofmark_analysis::facade::{self, Table};
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::check::{Finding, Rule};
use proofmark_domain::counts::{counted, grouped};
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, Tag};

use crate::Engine;
use crate::config::{self, edit};
use crate::screen::{absolute, reading_of};
use crate::trouble::{Answer, Trouble};

/// Rules that are tried or written at once; more than this is no person's request.
const MOST: usize = 1_000;

impl Engine {
    /// The rules of a data set, where they come from, and what could be added.
    ///
    /// # Errors
    /// If there is no such data set.
    pub fn rule_list(&self, request: PathRef) -> Answer<RuleList> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let now = self.config_now(&project)?;
        let rules: Vec<RuleRow> = now
            .config
            .rules(path.as_str())
            .map(|(entry, index, rule)| RuleRow {
                entry: entry.to_owned(),
                index: index as u64,
                rule: rule.clone(),
                sentence: rule.sentence(),
            })
            .collect();
        let reference = self.reference_of(&project, &facts, &now.config)?;
        let own = self.stored_profile(&facts.digest)?;
        let columns = own.iter().flat_map(|it| &it.columns).map(|it| it.name.clone()).collect();
        let from = match &reference {
            Some(reference) => self
                .stored_profile(&reference.facts.digest)?
                .map(|profile| (profile, reference.facts.path.as_str().to_owned())),
            None => None,
        };
        let from = from.or_else(|| own.map(|profile| (profile, path.as_str().to_owned())));
        let (suggested, suggested_from) = match from {
            Some((profile, name)) => {
                let new = proofmark_domain::rules::suggest(&profile)
                    .into_iter()
                    .filter(|rule| !rules.iter().any(|it| same_subject(&it.rule, rule)))
                    .map(|rule| SuggestedRule { sentence: rule.sentence(), rule })
                    .collect();
                (new, Some(name))
            }
            None => (Vec::new(), None),
        };
        Ok(RuleList {
            file: Path::new(&project.root).join(config::FILE).to_string_lossy().into_owned(),
            from: now.from,
            problem: now.problem.map(|(problem, trouble)| ConfigProblem { message: trouble.0.message, ..problem }),
            rules,
            columns,
            suggested,
            suggested_from,
        })
    }

    /// What rules would say of the version that lies there now. Nothing is recorded.
    ///
    /// # Errors
    /// If a rule cannot be meant as it is, or the file cannot be read as a table.
    pub fn rule_try(&self, request: RuleTry) -> Answer<RuleTrialView> {
        meant(&request.rules)?;
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let config = self.config_now(&project)?.config;
        let table = Table::open_as(&absolute(&project, &path)?, &reading_of(&config, path.as_str()))?;
        let profile = self.stored_profile(&facts.digest)?.filter(|it| it.rows == table.rows());
        let found = facade::try_rules(&table, profile.as_ref(), &request.rules, &|| self.is_closing())?;
        let tried = request.rules.iter().zip(found).map(|(rule, finding)| RuleTried {
            sentence: rule.sentence(),
            outcome: outcome(finding.as_ref(), table.rows()),
            finding,
        });
        Ok(RuleTrialView { rows: table.rows(), tried: tried.collect() })
    }

    /// Writes rules into the project's own file and checks the data set under them.
    ///
    /// # Errors
    /// If a rule cannot be meant as it is, the file cannot be understood or written, or somebody changed it meanwhile.
    pub fn rule_write(&self, request: RuleWrite) -> Answer<RuleList> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path.clone());
        self.file(&project, &path)?;
        self.write_rules(&project, path.as_str(), &request.change)?;
        self.screen_start(ScreenStart { project: project.id, path: Some(request.path.clone()) })?;
        self.rule_list(PathRef { project: project.id, path: request.path })
    }

    /// Writes rules for a data set, or for a pattern of data sets, without checking anything.
    ///
    /// # Errors
    /// As [`Engine::rule_write`].
    pub fn write_rules(&self, project: &Project, entry: &str, change: &RuleChange) -> Answer<()> {
        match change {
            RuleChange::Add { rules } => meant(rules)?,
            RuleChange::Replace { rule, .. } => meant(std::slice::from_ref(rule))?,
            RuleChange::Remove { .. } => {}
        }
        let root = Path::new(&project.root);
        let before = config::text(&root.join(config::FILE))?;
        let change = match change {
            // What stands there already is not written twice.
            RuleChange::Add { rules } => {
                let now = self.config_now(project)?.config;
                let known: Vec<Rule> =
                    now.rules(entry).filter(|(name, ..)| *name == entry).map(|(.., rule)| rule.clone()).collect();
                let new: Vec<Rule> = rules.iter().filter(|rule| !known.contains(rule)).cloned().collect();
                if new.is_empty() {
                    return Ok(());
                }
                RuleChange::Add { rules: new }
            }
            other => other.clone(),
        };
        let after = edit::changed(before.as_deref().unwrap_or_default(), entry, &change)?;
        edit::write(root, before.as_deref(), &after)?;
        let audit = AuditEntry::new(self.actor(), "rules.write", entry.to_owned());
        self.ledger().write(self.now(), audit, |write| -> Answer<()> {
            write.note("change", serde_json::to_value(&change).unwrap_or_default());
            write.stale(Tag::Settings);
            write.stale(Tag::Files);
            Ok(())
        })?;
        self.keep_config(project)
    }
}

/// Whether two rules say something of the same kind about the same columns.
fn same_subject(a: &Rule, b: &Rule) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && a.columns() == b.columns()
}

fn meant(rules: &[Rule]) -> Answer<()> {
    if rules.is_empty() || rules.len() > MOST {
        let message = format!("Name at least one rule and at most {MOST}.");
        return Err(Trouble::new(ErrorCode::InvalidRequest, message));
    }
    for rule in rules {
        if let Some(why) = rule.problem() {
            let message = format!("This rule cannot be meant as it is: {why}.");
            return Err(Trouble::new(ErrorCode::InvalidRequest, message));
        }
    }
    Ok(())
}

/// What a rule would have done, as a sentence.
pub(super) fn outcome(finding: Option<&Finding>, rows: u64) -> String {
    match finding {
        None => format!("Kept: all of {} would pass.", counted(rows, "row", "rows")),
        Some(finding) if finding.affected_rows > 0 => {
            format!("{} of {} would fail.", grouped(finding.affected_rows), counted(rows, "row", "rows"))
        }
        Some(finding) => finding.message.clone(),
    }
}
