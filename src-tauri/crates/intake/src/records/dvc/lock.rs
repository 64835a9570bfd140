//! What ran: `dvc.lock`, and `.dvc` files with a command or a source.

use std::collections::BTreeMap;

use serde_yaml_ng::Value as Yaml;

use super::stage::{Out, Stage, commands, text_of};

/// A file or folder as DVC recorded it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Relative to the working directory of the stage.
    pub path: String,
    /// `md5`, `etag` or `checksum`, with its value. A folder's ends with `.dir`.
    pub hash: Option<(&'static str, String)>,
    /// Whether texts were hashed with Unix line ends, as DVC 2 did.
    pub is_legacy: bool,
    /// Bytes.
    pub size: Option<u64>,
    /// Files of a folder.
    pub files: Option<u64>,
    /// The repository that it was imported from, with the commit.
    pub repository: Option<String>,
}

impl Entry {
    /// Of a stage that was never run.
    pub fn unlocked(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }
}

/// A stage as it ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Locked {
    pub command: Option<String>,
    pub deps: Vec<Entry>,
    pub outs: Vec<Entry>,
    /// By file, in the order of their names.
    pub params: BTreeMap<String, Yaml>,
}

/// The stages of a lock file by name. Before version 2.0 they stood at the top.
pub fn stages(document: &Yaml) -> BTreeMap<String, Locked> {
    let stages = match document.get("stages") {
        Some(stages) => stages,
        None if document.get("schema").is_none() => document,
        None => return BTreeMap::new(),
    };
    let Some(stages) = stages.as_mapping() else { return BTreeMap::new() };
    stages.iter().filter_map(|(name, stage)| Some((text_of(name)?, locked(stage)?))).collect()
}

fn locked(stage: &Yaml) -> Option<Locked> {
    stage.as_mapping()?;
    let list = |part: &str| {
        stage.get(part).and_then(Yaml::as_sequence).into_iter().flatten().filter_map(entry).collect::<Vec<_>>()
    };
    let params = stage.get("params").and_then(Yaml::as_mapping);
    Some(Locked {
        command: stage.get("cmd").and_then(commands),
        deps: list("deps"),
        outs: list("outs"),
        params: params
            .into_iter()
            .flatten()
            .filter_map(|(file, values)| Some((text_of(file)?, values.clone())))
            .collect(),
    })
}

fn entry(value: &Yaml) -> Option<Entry> {
    let text = |key: &str| value.get(key).and_then(text_of);
    let number = |key: &str| value.get(key).and_then(Yaml::as_u64);
    let hash = ["md5", "etag", "checksum"].into_iter().find_map(|kind| Some((kind, text(kind)?)));
    let repository = value.get("repo").and_then(|repo| {
        let url = repo.get("url").and_then(text_of)?;
        let revision = repo.get("rev_lock").or_else(|| repo.get("rev")).and_then(text_of);
        Some(revision.map_or_else(|| url.clone(), |revision| format!("{url}@{revision}")))
    });
    Some(Entry {
        path: text("path")?,
        is_legacy: hash.as_ref().is_some_and(|(kind, _)| *kind == "md5") && text("hash").is_none(),
        hash,
        size: number("size"),
        files: number("nfiles"),
        repository,
    })
}

/// A `.dvc` file that records where data came from: an import, or a command in the manner of DVC before 1.0.
pub fn single(document: &Yaml, name: &str) -> Option<(Stage, Locked)> {
    let locked = locked(document)?;
    let imports =
        locked.deps.iter().any(|dep| dep.repository.is_some() || dep.path.contains("://")) || !locked.deps.is_empty();
    if locked.command.is_none() && !imports {
        return None;
    }
    let outs = document.get("outs").and_then(Yaml::as_sequence);
    let outs = outs.into_iter().flatten().filter_map(|out| {
        let is_metrics = out.get("metric").is_some_and(|it| it.as_bool() != Some(false) && !it.is_null());
        Some(Out { path: out.get("path").and_then(text_of)?, is_metrics })
    });
    let stage = Stage {
        name: name.to_owned(),
        wdir: document.get("wdir").and_then(text_of),
        outs: outs.collect(),
        description: document.get("desc").and_then(text_of),
        ..Stage::default()
    };
    Some((stage, locked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_lock_and_both_kinds_of_md5_are_read() -> Result<(), serde_yaml_ng::Error> {
        let new: Yaml = serde_yaml_ng::from_str(
            "schema: '2.0'\nstages:\n  a@1:\n    cmd: [x, y]\n    deps:\n    - {path: d, hash: md5, md5: 01.dir, size: 3, nfiles: 2}\n    params:\n      params.yaml: {lr: 0.1}\n",
        )?;
        let read = stages(&new);
        let stage = &read["a@1"];
        assert_eq!(stage.command.as_deref(), Some("x && y"));
        assert!(!stage.deps[0].is_legacy);
        assert_eq!((stage.deps[0].size, stage.deps[0].files), (Some(3), Some(2)));
        let old: Yaml = serde_yaml_ng::from_str("a:\n  cmd: x\n  outs:\n  - {path: o, md5: 0e1}\n")?;
        let out = &stages(&old)["a"].outs[0];
        assert!(out.is_legacy && out.hash.is_some());
        let tracked: Yaml = serde_yaml_ng::from_str("outs:\n- {path: data.csv, md5: ab}\n")?;
        assert!(single(&tracked, "data.csv.dvc").is_none(), "data that is only tracked was made by no run");
        let imported: Yaml = serde_yaml_ng::from_str(
            "deps:\n- path: x.csv\n  repo: {url: https://h/r, rev_lock: abc}\nouts:\n- {path: x.csv, md5: ab}\n",
        )?;
        let read = single(&imported, "x.csv.dvc").map(|(_, locked)| locked.deps[0].repository.clone());
        assert_eq!(read, Some(Some("https://h/r@abc".to_owned())));
        Ok(())
    }
}
