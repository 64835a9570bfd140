//! Errors in a table that nobody wrote a rule for, and the rules that people did write.
//!
//! Each check is told apart from what honest data does: heavy tails, counts full of zeros, codes, years, seasons. One root cause is one
//! finding: [`settle`] removes what another finding explains.

mod copies;
mod finding;
mod labels;
mod numbers;
mod order_flip;
mod paired;
mod ranges;
mod reference;
mod relations;
mod rows;
mod rules;
mod schema;
mod settle;
mod shifted;
mod split;
mod stats;
mod structure;
mod target;
mod texts;
mod times;
mod units;
mod view;

use proofmark_domain::Timestamp;
use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, Rule};
use proofmark_domain::profile::TableProfile;
use rayon::prelude::*;

use crate::profile::Gathering;
use crate::table::{TableError, TableSource};
pub use finding::of_read_error;
use view::View;

/// Columns that are looked at between two questions whether to stop.
const AT_ONCE: usize = 32;

/// What a table is checked against.
#[derive(Clone, Copy)]
pub struct CheckOptions<'a> {
    /// The table that a model trained on this one is tested with.
    pub test: Option<&'a TableSource>,
    /// Other tables of the same folder or project, which columns of this one may point to; by the name of their file without ending.
    pub related: &'a [(&'a str, &'a TableSource)],
    /// Rules of the project.
    pub rules: &'a [Rule],
    /// The present, to tell what lies in the future.
    pub now: Timestamp,
    /// Whether findings list every row that they concern, as far as it is known, instead of ten examples.
    pub every_row: bool,
    /// Columns that together name a row, if known.
    pub key: &'a [String],
    /// The column that a model predicts, if known.
    pub target: Option<&'a str>,
}

impl CheckOptions<'_> {
    /// Nothing to compare with, and no rules.
    pub fn at(now: Timestamp) -> Self {
        Self { test: None, related: &[], rules: &[], now, every_row: false, key: &[], target: None }
    }
}

/// A table that was gone through once, for its profile and for its values.
pub struct Loaded<'a> {
    source: &'a TableSource,
    /// Its profile.
    pub profile: TableProfile,
    view: View,
}

impl<'a> Loaded<'a> {
    /// Goes through a table.
    ///
    /// # Errors
    /// When the file cannot be read to its end, or `cancel` says so.
    pub fn of(source: &'a TableSource, cancel: &dyn Fn() -> bool) -> Result<Self, TableError> {
        let mut gathering = Gathering::default();
        let view = View::load_with(source, cancel, &mut |frame| gathering.add(source, frame))?;
        Ok(Self { source, profile: gathering.finish(source)?.finish(), view })
    }
}

/// Looks for everything that is wrong with a table.
///
/// Values of tables with more than 40 million cells are looked at in a part of the batches spread over the file;
/// counts of nulls, rows and structure are always of the whole.
///
/// # Errors
/// When a file can no longer be read, or `cancel` says so.
pub fn check(
    own: Loaded<'_>,
    reference: Option<Loaded<'_>>,
    options: CheckOptions<'_>,
    cancel: &dyn Fn() -> bool,
) -> Result<CheckReport, TableError> {
    let mut findings = Vec::new();
    let Loaded { source: current, profile, mut view } = own;
    if options.every_row {
        view.listed = usize::MAX;
    }
    let current_profile = &profile;
    let beside = reference.as_ref().map(|it| (it.source, &it.profile));
    structure::check(current, current_profile, beside, &mut findings);
    let reference =
        reference.as_ref().map(|it| reference::Reference { view: &it.view, source: it.source, profile: &it.profile });
    if current.rows() > 0 {
        let renamed = schema::check(&view, current_profile, reference.as_ref(), &mut findings);
        let stop = || if cancel() { Err(TableError::Cancelled) } else { Ok(()) };
        for columns in view.columns.chunks(AT_ONCE) {
            stop()?;
            let found: Vec<Vec<_>> = columns
                .par_iter()
                .map(|column| {
                    let mut found = Vec::new();
                    let earlier = reference
                        .as_ref()
                        .and_then(|r| r.view.column(renamed.get(&column.name).unwrap_or(&column.name)));
                    numbers::check(&view, column, earlier, &mut found);
                    texts::check(&view, column, earlier, current.structure(), reference.is_some(), &mut found);
                    times::check(&view, column, earlier, options.now, &mut found);
                    found
                })
                .collect();
            findings.extend(found.into_iter().flatten());
        }
        order_flip::check(current, &view, beside.zip(reference.as_ref()), &mut findings);
        stop()?;
        let among = |look: &(dyn Fn(&mut Vec<Finding>) + Sync)| {
            let mut found = Vec::new();
            look(&mut found);
            found
        };
        let ((columns, shifted), (copies, rows)) = rayon::join(
            || {
                (
                    among(&|found| paired::check(&view, reference.as_ref(), found)),
                    among(&|found| shifted::check(&view, found)),
                )
            },
            || {
                (
                    among(&|found| copies::check(&view, reference.as_ref(), found)),
                    among(&|found| rows::check(&view, current_profile, reference.as_ref(), &options, found)),
                )
            },
        );
        findings.extend([columns, shifted, copies, rows].into_iter().flatten());
        stop()?;
        let target = options.target.and_then(|name| view.column(name)).or_else(|| target::likely(&view));
        if let Some(target) = target {
            labels::check(&view, target, options.key, reference.as_ref(), cancel, &mut findings)?;
        }
        for (name, source) in options.related {
            stop()?;
            // A neighbour that cannot be read says so when it is looked at itself; this table is none the worse for it.
            let loaded = View::load(source, cancel);
            stop()?;
            if let Ok(loaded) = loaded {
                let related = relations::Related { name: (*name).to_owned(), view: loaded };
                relations::check(&view, &[related], &mut findings);
            }
        }
        if let Some(earlier) = &reference {
            reference::check(&view, current_profile, earlier, &renamed, &mut findings);
        }
        split::check(&view, target, &options, cancel, &mut findings)?;
        rules::check(&view, current_profile, options.rules, &mut findings);
    }
    settle::settle(&mut findings);
    if !options.every_row {
        findings.iter_mut().for_each(|finding| finding.example_rows.truncate(view::LISTED));
    }
    Ok(CheckReport {
        path: current.path().display().to_string(),
        reference: beside.map(|(source, _)| source.path().display().to_string()),
        rows: current.rows(),
        verdict: CheckVerdict::of(&findings),
        findings,
        notes: Vec::new(),
    })
}

/// Holds a table against rules, and nothing else.
///
/// # Errors
/// When the file can no longer be read, or `cancel` says so.
pub fn broken_rules(
    source: &TableSource,
    profile: &TableProfile,
    rules: &[Rule],
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<proofmark_domain::check::Finding>, TableError> {
    let mut findings = Vec::new();
    rules::check(&View::load(source, cancel)?, profile, rules, &mut findings);
    Ok(findings)
}

/// What each of the rules finds, in their order. `profile` may be one that was made of the same bytes before.
///
/// # Errors
/// When the file can no longer be read, or `cancel` says so.
pub fn each_rule(
    source: &TableSource,
    profile: &TableProfile,
    rules: &[Rule],
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<Option<proofmark_domain::check::Finding>>, TableError> {
    let view = View::load(source, cancel)?;
    Ok(rules.iter().map(|rule| rules::one(&view, profile, rule)).collect())
}

#[cfg(test)]
mod bench;
