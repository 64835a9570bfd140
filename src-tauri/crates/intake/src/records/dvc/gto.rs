//! Releases of artifacts that GTO keeps as git tags: `model@v1.2.0`, `model#production#3`.

use std::collections::BTreeMap;
use std::path::Path;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignModelVersion, RecordProblem};
use proofmark_domain::run::RunSource;
use serde_yaml_ng::Value as Yaml;

use super::super::{ReadOptions, text, yaml};
use super::content::inside;
use super::stage::text_of;
use crate::files::label_of;
use crate::git::{Tag, tags};

/// What one tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Registered { artifact: String, version: String },
    Deregistered { artifact: String, version: String },
    Assigned { artifact: String, stage: String, counter: u64 },
    Unassigned { artifact: String, stage: String, counter: u64 },
    Deprecated { artifact: String },
}

/// Reads the name of a tag. `None` for a tag that is not GTO's.
pub fn parse(tag: &str) -> Option<Event> {
    if let Some((artifact, rest)) = tag.split_once('@') {
        let artifact = artifact_name(artifact)?;
        let rest = rest.split('#').next().unwrap_or(rest);
        if rest == "deprecated" {
            return Some(Event::Deprecated { artifact });
        }
        let (version, removed) = match rest.strip_suffix('!') {
            Some(version) => (version, true),
            None => (rest, false),
        };
        let numbers = version.strip_prefix('v')?;
        let is_version = numbers.split('.').count() == 3 && numbers.starts_with(|c: char| c.is_ascii_digit());
        return is_version.then(|| {
            let version = version.to_owned();
            if removed { Event::Deregistered { artifact, version } } else { Event::Registered { artifact, version } }
        });
    }
    let mut parts = tag.split('#');
    let artifact = artifact_name(parts.next()?)?;
    let stage = parts.next()?;
    let counter = parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let (stage, removed) = match stage.strip_suffix('!') {
        Some(stage) => (stage, true),
        None => (stage, false),
    };
    if stage.is_empty() || !stage.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '/')) {
        return None;
    }
    let stage = stage.to_owned();
    Some(if removed {
        Event::Unassigned { artifact, stage, counter }
    } else {
        Event::Assigned { artifact, stage, counter }
    })
}

/// A `:` between folder and name is written `=`, because git allows none in a tag.
fn artifact_name(text: &str) -> Option<String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_'))
    };
    (!text.is_empty() && text.split('=').all(fits)).then(|| text.replace('=', ":"))
}

/// The registered versions with the stages that stand at them now. Only of the repository's own folder.
pub fn versions(
    store: &RelPath,
    folder: &Path,
    options: &ReadOptions<'_>,
    problems: &mut Vec<RecordProblem>,
) -> Vec<ForeignModelVersion> {
    if folder.join(".git").symlink_metadata().is_err() {
        return Vec::new();
    }
    let found = match tags(folder) {
        Ok(found) => found,
        Err(why) => {
            problems.push(RecordProblem { path: store.clone(), message: format!("{why}.") });
            return Vec::new();
        }
    };
    fold(&found, store, &places(folder, options))
}

fn fold(tags: &[Tag], store: &RelPath, places: &BTreeMap<String, RelPath>) -> Vec<ForeignModelVersion> {
    let mut versions: BTreeMap<(String, String), (&Tag, Vec<String>)> = BTreeMap::new();
    let events: Vec<(&Tag, Event)> = tags.iter().filter_map(|tag| Some((tag, parse(&tag.name)?))).collect();
    for (tag, event) in &events {
        if let Event::Registered { artifact, version } = event {
            versions.insert((artifact.clone(), version.clone()), (tag, Vec::new()));
        }
    }
    for (_, event) in &events {
        match event {
            Event::Deregistered { artifact, version } => {
                versions.remove(&(artifact.clone(), version.clone()));
            }
            Event::Deprecated { artifact } => versions.retain(|(of, _), _| of != artifact),
            _ => {}
        }
    }
    // Of the assignments of one stage the last counts: by its running number, then by its time.
    let mut stages: BTreeMap<(String, String), (u64, &Tag, bool)> = BTreeMap::new();
    for (tag, event) in &events {
        let (artifact, stage, counter, stands) = match event {
            Event::Assigned { artifact, stage, counter } => (artifact, stage, *counter, true),
            Event::Unassigned { artifact, stage, counter } => (artifact, stage, *counter, false),
            _ => continue,
        };
        let newer = stages
            .get(&(artifact.clone(), stage.clone()))
            .is_none_or(|(last, old, _)| (*last, old.at) <= (counter, tag.at));
        if newer {
            stages.insert((artifact.clone(), stage.clone()), (counter, tag, stands));
        }
    }
    for ((artifact, stage), (_, tag, stands)) in stages {
        if !stands {
            continue;
        }
        // A stage belongs to a commit; the version is the one registered there.
        let version = versions.iter_mut().find(|((of, _), (at, _))| *of == artifact && at.commit == tag.commit);
        if let Some((_, (_, names))) = version {
            names.push(stage);
        }
    }
    versions
        .into_iter()
        .map(|((model, version), (tag, aliases))| ForeignModelVersion {
            source: RunSource::Dvc,
            store: store.clone(),
            found: places.get(&model).cloned(),
            model,
            version,
            aliases,
            run: None,
            created: tag.at,
            description: tag.message.clone().filter(|it| !it.is_empty()),
        })
        .collect()
}

/// Where artifacts lie, from `artifacts` of `dvc.yaml` and from `artifacts.yaml`.
fn places(folder: &Path, options: &ReadOptions<'_>) -> BTreeMap<String, RelPath> {
    let mut found = BTreeMap::new();
    for name in ["artifacts.yaml", "dvc.yaml"] {
        let Ok(text) = text::read_text(&folder.join(name), super::LARGEST) else { continue };
        let Ok(document) = yaml::read::<Yaml>(&text) else { continue };
        let artifacts = if name == "dvc.yaml" { document.get("artifacts") } else { Some(&document) };
        for (artifact, facts) in artifacts.and_then(Yaml::as_mapping).into_iter().flatten() {
            let path = facts.get("path").and_then(text_of);
            let place = path.and_then(|path| inside(options.root, &folder.join(path)));
            if let (Some(artifact), Some(place)) = (text_of(artifact), place)
                && place.exists()
                && let Ok(label) = label_of(options.root, &place)
            {
                found.insert(artifact, label);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proofmark_domain::Timestamp;

    use super::*;

    fn tag(name: &str, commit: &str, at: i64) -> Tag {
        Tag {
            name: name.to_owned(),
            commit: commit.to_owned(),
            at: Some(Timestamp::from_ms(at)),
            author: None,
            message: None,
        }
    }

    #[test]
    fn names_of_tags_are_told_apart() {
        assert_eq!(
            parse("churn@v1.2.0"),
            Some(Event::Registered { artifact: "churn".into(), version: "v1.2.0".into() })
        );
        assert_eq!(
            parse("a=b@v1.0.0!"),
            Some(Event::Deregistered { artifact: "a:b".into(), version: "v1.0.0".into() })
        );
        assert_eq!(
            parse("churn#prod#3"),
            Some(Event::Assigned { artifact: "churn".into(), stage: "prod".into(), counter: 3 })
        );
        assert_eq!(
            parse("churn#prod!#4"),
            Some(Event::Unassigned { artifact: "churn".into(), stage: "prod".into(), counter: 4 })
        );
        assert_eq!(parse("churn@deprecated"), Some(Event::Deprecated { artifact: "churn".into() }));
        for other in ["v1.2.3", "release-1", "x@latest", "@v1.0.0", "a#"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_last_assignment_of_a_stage_stands() {
        let tags = [
            tag("m@v1.0.0", "c1", 1),
            tag("m@v1.1.0", "c2", 2),
            tag("m#prod#1", "c1", 3),
            tag("m#prod#2", "c2", 4),
            tag("m#dev#3", "c1", 5),
            tag("m#dev!#4", "c1", 6),
            tag("other@v0.1.0", "c3", 1),
            tag("other@v0.1.0!", "c3", 2),
        ];
        let read = fold(&tags, &RelPath::from(""), &BTreeMap::new());
        let read: Vec<(&str, &str, Vec<&str>)> = read
            .iter()
            .map(|it| (it.model.as_str(), it.version.as_str(), it.aliases.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(read, [("m", "v1.0.0", vec![]), ("m", "v1.1.0", vec!["prod"])]);
    }
}
