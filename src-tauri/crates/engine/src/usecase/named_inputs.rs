//! Names for inputs that a log knows by their place alone, as servers that take a matrix write them.

use std::path::Path;

use proofmark_analysis::monitor::trace as logs;
use proofmark_domain::lineage::NodeKind;
use proofmark_domain::prediction::{NamedInputs, Trace};
use proofmark_scoring::{Limits, Model};

use super::adhoc;
use super::trace::never;
use crate::Engine;
use crate::config::ProjectConfig;
use crate::trouble::Answer;
use proofmark_domain::counts::counted;

/// An order of columns that is known from somewhere.
struct Known {
    by: &'static str,
    /// Whose columns they are, in words.
    whose: String,
    names: Vec<String>,
    /// What more there is to say about the order.
    but: String,
}

impl Engine {
    /// Names the inputs in the order of the columns that the model takes, as the model says itself, else the project, else the table that it
    /// was trained on. Where none of them has exactly as many, nothing is named, and why is told.
    pub(super) fn name_inputs(&self, trace: &mut Trace, table: Option<&Path>) -> Answer<()> {
        let Some(places) = logs::places(&trace.logged) else { return Ok(()) };
        let mut known = self.columns_of_model(trace)?;
        known.extend(self.columns_of_project(trace));
        known.extend(self.columns_of_table(trace, table, places.len()));
        if known.iter().any(|it| it.names.iter().any(|name| places.contains(name))) {
            // They look like places and are names.
            return Ok(());
        }
        let count = counted(places.len() as u64, "input", "inputs");
        let Some(found) = known.iter().find(|it| it.names.len() == places.len()) else {
            let others: Vec<String> = known.iter().map(|it| format!("{} are {}", it.whose, it.names.len())).collect();
            let why = if others.is_empty() {
                "no order of columns is known: of the model, of the project or of a table that it was trained on"
                    .to_owned()
            } else {
                others.join(", ")
            };
            trace
                .missing
                .push(format!("The log has {count} without names, and {why}; so they were not matched with columns."));
            return Ok(());
        };
        let sentence = format!(
            "The log has {count} without names; they were taken in the order of {}: {}{}.{}",
            found.whose,
            found.names.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
            if found.names.len() > 8 { ", …" } else { "" },
            found.but
        );
        let mut given = std::mem::take(&mut trace.logged.inputs);
        trace.logged.inputs = places
            .iter()
            .zip(&found.names)
            .filter_map(|(place, name)| Some((name.clone(), given.remove(place)?)))
            .collect();
        trace.named_inputs =
            Some(NamedInputs { by: found.by.to_owned(), places, names: found.names.clone(), sentence });
        Ok(())
    }

    /// What the file of the model says about itself, or the MLflow description beside it.
    fn columns_of_model(&self, trace: &Trace) -> Answer<Vec<Known>> {
        let Some(file) = &trace.model_file else { return Ok(Vec::new()) };
        let known = |names: Vec<String>, path: &str| Known {
            by: "model",
            whose: format!("the inputs of {path}"),
            names,
            but: String::new(),
        };
        let mut found = Vec::new();
        let onnx = file.digest.filter(|_| file.path.to_lowercase().ends_with(".onnx"));
        if let Some(digest) = onnx {
            let own = self
                .model_bytes(trace, &file.path, &digest)
                .and_then(|bytes| Model::from_bytes(&bytes, &Limits::default()).ok()?.columns());
            found.extend(own.map(|it| known(it, &file.path)));
        } else if let Some(digest) = &file.digest {
            let own = self.model_facts(digest)?.and_then(|it| it.features_in);
            found.extend(own.map(|it| known(it, &file.path)));
        }
        let Some(project) = trace.project.map(|id| self.project(id)).transpose()? else { return Ok(found) };
        let graph = self.project_graph(&project)?;
        // MLflow keeps the payload in the folder of its description, or deeper.
        let mut folder = file.path.as_str();
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            let description = format!("{folder}/MLmodel");
            let node = graph.graph.nodes.iter().find(|it| it.kind == NodeKind::Model && it.label == description);
            if let Some(digest) = node.and_then(|it| it.digest)
                && let Some(names) = self.model_facts(&digest)?.and_then(|it| it.features_in)
            {
                found.push(known(names, &description));
                break;
            }
        }
        Ok(found)
    }

    fn columns_of_project(&self, trace: &Trace) -> Option<Known> {
        let project = self.project(trace.project?).ok()?;
        let names = ProjectConfig::read(Path::new(&project.root)).ok()?.gates.columns;
        let whose = "the columns that proofmark.toml names for the gates".to_owned();
        (!names.is_empty()).then(|| Known { by: "project", whose, names, but: String::new() })
    }

    /// A table that cannot be read is told where the inputs are compared with it.
    fn columns_of_table(&self, trace: &Trace, table: Option<&Path>, count: usize) -> Option<Known> {
        let table = table?;
        let target = || {
            let project = self.project(trace.project?).ok()?;
            let root = Path::new(&project.root);
            let label = adhoc::label(root, table);
            ProjectConfig::read(root).ok()?.dataset(label.as_str())?.target.clone()
        };
        let features = logs::features(table, target().as_deref(), count, &never).ok()?;
        let name = table.file_name().map_or_else(|| table.to_string_lossy(), |it| it.to_string_lossy());
        let but = match &features.presumed_target {
            Some(target) => {
                format!(" Its last column {target} was taken for what is predicted. Is that the order of the model?")
            }
            None => " Is that the order of the model?".to_owned(),
        };
        let whose = format!("the columns of {name}");
        (!features.names.is_empty()).then_some(Known { by: "reference", whose, names: features.names, but })
    }
}
