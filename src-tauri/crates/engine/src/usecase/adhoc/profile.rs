//! The summary of a table in a file, of its parts, and of two of them side by side.

use std::path::{Path, PathBuf};

use proofmark_analysis::facade::{self, ReadOptions, Sketch, Table};
use proofmark_domain::Digest;
use proofmark_domain::profile::{Meaning, TableProfile};
use proofmark_domain::profile_pair::ProfilePair;
use proofmark_domain::sensitive::SensitiveGroup;
use proofmark_intake::files::hash_file;
use proofmark_intake::files::platform::stat_of;

use super::never;
use super::rules::{reading_at, rules_of};
use crate::trouble::{Answer, io_trouble};

/// What to do besides showing a profile, and how the file is laid out where finding out goes wrong.
#[derive(Debug, Clone, Default)]
pub struct ProfileWishes<'a> {
    /// Where to save what was gathered.
    pub save: Option<&'a Path>,
    /// How the file is laid out.
    pub reading: ReadOptions,
}

/// The profile of a table in a file. Texts of sensitive columns are masked, also in what is saved.
///
/// # Errors
/// If it cannot be read as a table, or not be saved.
pub fn profile(path: &Path, wishes: &ProfileWishes<'_>) -> Answer<TableProfile> {
    let table = Table::open_as(path, &wishes.reading.clone().or(&reading_at(path)))?;
    let look = facade::look(&table, &never)?;
    let found = look.sensitive(&table, &never)?;
    if let Some(to) = wishes.save {
        let mut sketch = look.sketch().clone();
        // A saved profile is passed on; texts of sensitive columns stay here.
        sketch.mask(&|name| found.columns.iter().any(|column| column.name == name && column.sensitive));
        sketch.save(to)?;
    }
    let mut profile = look.profile(&table)?;
    if let Err(trouble) = rules_of(path) {
        profile.reading.notes.push(trouble.0.message);
    }
    // Printed to the person who asked about their own file, and kept nowhere: distributions of numbers and of broad groups stay,
    // texts that name or protect a single person go.
    let broad = [SensitiveGroup::Quasi, SensitiveGroup::Location];
    let texts: Vec<String> = profile
        .columns
        .iter()
        .filter(|column| !matches!(column.meaning, Meaning::Number | Meaning::Boolean | Meaning::Date | Meaning::Time))
        .map(|column| column.name.clone())
        .collect();
    profile.mask(&|name| {
        let named = found.columns.iter().find(|column| column.name == name);
        texts.iter().any(|text| text == name)
            && named.is_some_and(|it| it.sensitive && it.group.is_none_or(|group| !broad.contains(&group)))
    });
    profile.path = path.to_string_lossy().into_owned();
    profile.digest = digest_of(path)?;
    Ok(profile)
}

/// Two tables side by side. Texts of sensitive columns are masked.
///
/// # Errors
/// If one of them cannot be read as a table.
pub fn side_by_side(before: &Path, after: &Path, reading: &ReadOptions) -> Answer<ProfilePair> {
    let of = |path: &Path| profile(path, &ProfileWishes { save: None, reading: reading.clone() });
    Ok(proofmark_domain::profile_pair::pair(&of(before)?, &of(after)?))
}

/// The profile of a table whose parts were profiled apart and saved.
///
/// # Errors
/// If a saved profile cannot be read, they are not of one table, or the result cannot be saved.
pub fn merge_profiles(parts: &[PathBuf], save: Option<&Path>) -> Answer<TableProfile> {
    let merged = Sketch::merged(parts)?;
    if let Some(to) = save {
        merged.save(to)?;
    }
    let mut profile = merged.finish();
    profile.path = parts.iter().map(|it| it.to_string_lossy().into_owned()).collect::<Vec<_>>().join(", ");
    Ok(profile)
}

pub(super) fn digest_of(path: &Path) -> Answer<Option<Digest>> {
    let facts = std::fs::metadata(path).map_err(|error| io_trouble("reading", path, &error))?;
    if !facts.is_file() {
        return Ok(None);
    }
    Ok(Some(hash_file(path, &stat_of(&facts), &never, &|_| ())?.digest))
}
