//! What is to run: the stages of `dvc.yaml`, with `foreach`, `matrix` and `${…}` written out.

use std::path::Path;

use serde_yaml_ng::{Mapping, Value as Yaml};

use super::template::{Context, resolve};

/// More stages than this are not written out.
const MOST_STAGES: usize = 10_000;

/// What a stage writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Out {
    pub path: String,
    pub is_metrics: bool,
}

/// A stage, written out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    pub name: String,
    pub command: Option<String>,
    pub wdir: Option<String>,
    pub deps: Vec<String>,
    pub outs: Vec<Out>,
    /// By file, with the keys that are used; none means all of them.
    pub params: Vec<(String, Vec<String>)>,
    pub description: Option<String>,
    /// Files of metrics inside of a folder that it writes.
    pub inner_metrics: Vec<String>,
}

/// The text of a scalar.
pub fn text_of(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(it) => Some(it.to_string()),
        _ => None,
    }
}

/// One command, or several that run one after the other.
pub fn commands(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Sequence(list) => {
            let list: Vec<String> = list.iter().filter_map(text_of).collect();
            (!list.is_empty()).then(|| list.join(" && "))
        }
        other => text_of(other),
    }
}

/// The stages of a pipeline, and what could not be understood.
pub fn stages(document: &Yaml, folder: &Path) -> (Vec<Stage>, Vec<String>) {
    let mut problems = Vec::new();
    let mut context = Context::of(document, folder, &mut problems);
    let mut found = Vec::new();
    let Some(stages) = document.get("stages").and_then(Yaml::as_mapping) else {
        if document.get("stages").is_some_and(|it| !it.is_null()) {
            problems.push("`stages` is no list of named stages; none was read.".to_owned());
        }
        return (found, problems);
    };
    let measured: Vec<String> = paths(document.get("metrics"));
    for (name, definition) in stages {
        let Some(name) = text_of(name) else { continue };
        for (name, definition, extra) in written_out(&name, definition, &context, &mut problems) {
            if found.len() == MOST_STAGES {
                problems.push(format!("More than {MOST_STAGES} stages are not read."));
                return (found, problems);
            }
            context.enter(extra);
            let mut stage = stage(&name, &definition, &context, folder, &mut problems);
            context.leave();
            for out in &mut stage.outs {
                out.is_metrics |= measured.contains(&out.path);
            }
            let inside = |path: &&String| {
                stage.outs.iter().any(|out| path.strip_prefix(&out.path).is_some_and(|rest| rest.starts_with('/')))
            };
            stage.inner_metrics = measured.iter().filter(inside).cloned().collect();
            found.push(stage);
        }
    }
    (found, problems)
}

/// One definition as the stages that it stands for, each with the names that hold in it.
fn written_out(
    name: &str,
    definition: &Yaml,
    context: &Context,
    problems: &mut Vec<String>,
) -> Vec<(String, Yaml, Mapping)> {
    if let Some(items) = definition.get("foreach") {
        let body = definition.get("do").cloned().unwrap_or(Yaml::Null);
        let items = context.whole(items);
        return match &items {
            Yaml::Sequence(list) => list
                .iter()
                .enumerate()
                .take(MOST_STAGES)
                .map(|(index, item)| {
                    // An item that is no scalar is called by its number.
                    let key = text_of(item).unwrap_or_else(|| index.to_string());
                    (format!("{name}@{key}"), body.clone(), names(&[("item", item.clone())]))
                })
                .collect(),
            Yaml::Mapping(map) => map
                .iter()
                .take(MOST_STAGES)
                .filter_map(|(key, item)| {
                    let key = text_of(key)?;
                    let scope = names(&[("item", item.clone()), ("key", Yaml::String(key.clone()))]);
                    Some((format!("{name}@{key}"), body.clone(), scope))
                })
                .collect(),
            _ => {
                problems
                    .push(format!("`foreach` of stage {name} is neither a list nor a map; the stage was not read."));
                Vec::new()
            }
        };
    }
    if let Some(matrix) = definition.get("matrix").and_then(Yaml::as_mapping) {
        let mut combinations: Vec<(Vec<String>, Mapping)> = vec![(Vec::new(), Mapping::new())];
        for (axis, values) in matrix {
            let Some(axis) = text_of(axis) else { continue };
            let Yaml::Sequence(values) = context.whole(values) else {
                problems.push(format!("`matrix` of stage {name} has no list for {axis}; the stage was not read."));
                return Vec::new();
            };
            let mut longer = Vec::new();
            for (keys, scope) in &combinations {
                for (index, value) in values.iter().enumerate() {
                    if longer.len() == MOST_STAGES {
                        break;
                    }
                    let mut keys = keys.clone();
                    keys.push(text_of(value).unwrap_or_else(|| format!("{axis}{index}")));
                    let mut scope = scope.clone();
                    scope.insert(Yaml::String(axis.clone()), value.clone());
                    longer.push((keys, scope));
                }
            }
            combinations = longer;
        }
        let mut body = definition.clone();
        if let Some(body) = body.as_mapping_mut() {
            body.remove("matrix");
        }
        return combinations
            .into_iter()
            .map(|(keys, scope)| {
                let key = keys.join("-");
                let scope = names(&[("item", Yaml::Mapping(scope)), ("key", Yaml::String(key.clone()))]);
                (format!("{name}@{key}"), body.clone(), scope)
            })
            .collect();
    }
    vec![(name.to_owned(), definition.clone(), Mapping::new())]
}

fn names(pairs: &[(&str, Yaml)]) -> Mapping {
    pairs.iter().map(|(name, value)| (Yaml::String((*name).to_owned()), value.clone())).collect()
}

fn stage(name: &str, definition: &Yaml, context: &Context, folder: &Path, problems: &mut Vec<String>) -> Stage {
    let mut context = context.clone();
    context.add_vars(definition.get("vars"), folder, problems);
    let resolved = resolve(definition, &context);
    let get = |part: &str| resolved.get(part);
    let mut outs = Vec::new();
    for (part, is_metrics) in [("outs", false), ("metrics", true), ("plots", false)] {
        outs.extend(paths(get(part)).into_iter().map(|path| Out { path, is_metrics }));
    }
    Stage {
        name: name.to_owned(),
        command: get("cmd").and_then(commands),
        wdir: get("wdir").and_then(text_of),
        deps: paths(get("deps")),
        outs,
        params: params(get("params")),
        description: get("desc").and_then(text_of),
        inner_metrics: Vec::new(),
    }
}

/// Paths of a list whose members are texts, or maps from a path to its settings.
fn paths(list: Option<&Yaml>) -> Vec<String> {
    let mut found = Vec::new();
    for member in list.and_then(Yaml::as_sequence).into_iter().flatten() {
        match member {
            Yaml::Mapping(map) => found.extend(map.keys().filter_map(text_of)),
            other => found.extend(text_of(other)),
        }
    }
    found
}

/// Keys of `params.yaml`, or a file with its keys.
fn params(list: Option<&Yaml>) -> Vec<(String, Vec<String>)> {
    let mut default = Vec::new();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for member in list.and_then(Yaml::as_sequence).into_iter().flatten() {
        match member {
            Yaml::Mapping(map) => {
                for (file, keys) in map {
                    let Some(file) = text_of(file) else { continue };
                    let keys = keys.as_sequence().into_iter().flatten().filter_map(text_of).collect();
                    found.push((file, keys));
                }
            }
            other => default.extend(text_of(other)),
        }
    }
    if !default.is_empty() {
        found.insert(0, ("params.yaml".to_owned(), default));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreach_and_matrix_are_written_out() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        std::fs::write(
            folder.path().join("params.yaml"),
            "models: [rf, lr]\ndata: {us: {thresh: 10}, de: {thresh: 20}}\nout: built\n",
        )?;
        let yaml: Yaml = serde_yaml_ng::from_str(
            r"
vars:
  - suffix: v1
stages:
  clean:
    foreach: ${data}
    do:
      cmd: python clean.py ${key} ${item.thresh} ${suffix}
      deps: ['raw/${key}.csv']
      outs: ['${out}/${key}.csv']
  fit:
    matrix:
      model: ${models}
      size: [1, 2]
    cmd: fit ${item.model} ${item.size}
    metrics:
      - m-${item.model}-${item.size}.json:
          cache: false
    params: [seed, other.yaml: [a.b]]
",
        )?;
        let (stages, problems) = stages(&yaml, folder.path());
        assert!(problems.is_empty(), "{problems:?}");
        let names: Vec<&str> = stages.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["clean@us", "clean@de", "fit@rf-1", "fit@rf-2", "fit@lr-1", "fit@lr-2"]);
        assert_eq!(stages[1].command.as_deref(), Some("python clean.py de 20 v1"));
        assert_eq!((stages[1].deps[0].as_str(), stages[1].outs[0].path.as_str()), ("raw/de.csv", "built/de.csv"));
        assert_eq!(stages[4].outs, [Out { path: "m-lr-1.json".into(), is_metrics: true }]);
        assert_eq!(stages[4].params[0], ("params.yaml".to_owned(), vec!["seed".to_owned()]));
        Ok(())
    }
}
