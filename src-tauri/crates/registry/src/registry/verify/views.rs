//! What MLflow reads beside the versions: the model's file, and a file for each alias.

use std::collections::BTreeSet;

use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::ModelName;

use super::super::log::unreadable;
use super::super::version::{early_model_metas, model_metas};
use super::{Check, Folders};
use crate::error::RegistryError;
use crate::layout;
use crate::names::foreign;
use crate::store::EntryKind;

const EARLY: &str =
    "compare the clocks of the machines that share the registry; it is right from the promotion's time on";
const VIEW: &str = "moving any alias of the model, publishing again, or showing the registry once the time of a promotion has come writes it anew from the signed statements";

impl Check<'_> {
    /// What MLflow reads beside the versions must agree with the signed statements. An older state of it is what a
    /// publication that was cut short leaves behind; anything else was put there by somebody.
    pub fn views(&mut self, folders: &Folders) -> Result<(), RegistryError> {
        let models: BTreeSet<&ModelName> = folders.keys().map(|(model, _)| model).collect();
        for model in models {
            let path = format!("{}/meta.yaml", layout::model_folder(model));
            let states = model_metas(&self.loaded.state, model);
            if let Some(now) = states.last() {
                let text = self.read_if_there(&path);
                let early = early_model_metas(&self.loaded.state, model);
                match &text {
                    Some(text) if !states.contains(text) && early.contains(text) => self.early(&path),
                    _ => self.view(&path, text.as_ref(), Some(now), &states),
                }
            }
            let aliases = self.loaded.state.aliases.get(model).cloned().unwrap_or_default();
            let folder = format!("{}/aliases", layout::model_folder(model));
            for entry in self.list(&folder)? {
                let path = format!("{folder}/{}", entry.name);
                if aliases.contains_key(&entry.name) {
                    continue;
                } else if foreign(&entry.name).is_some() || entry.kind != EntryKind::File {
                    self.ignore(&path);
                } else {
                    let message = "no statement sets this alias";
                    self.found(RegistryVerdict::Damaged, "alias_unknown", &path, message, "remove the file");
                }
            }
            for (alias, record) in &aliases {
                let path = format!("{folder}/{alias}");
                let text = self.read_if_there(&path);
                let number = |version: Option<u64>| version.map(|it| it.to_string().into_bytes());
                // A reader whose clock is ahead of ours was earlier to write what holds from a time on.
                if record.planned().is_some_and(|plan| text.is_some() && text == number(Some(plan.version))) {
                    self.early(&path);
                    continue;
                }
                let states: Vec<Vec<u8>> = record.history.iter().filter_map(|it| number(it.version)).collect();
                self.view(&path, text.as_ref(), number(record.version).as_ref(), &states);
            }
        }
        Ok(())
    }

    fn read_if_there(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.registry.store.read(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                self.findings.push(unreadable(path, &error));
                None
            }
        }
    }

    fn early(&mut self, path: &str) {
        let message = "it shows a promotion whose time has not come by this machine's clock";
        self.found(RegistryVerdict::Incomplete, "view_early", path, message, EARLY);
    }

    fn view(&mut self, path: &str, text: Option<&Vec<u8>>, now: Option<&Vec<u8>>, states: &[Vec<u8>]) {
        if text == now {
            return;
        }
        let older = text.is_none_or(|text| states.contains(text));
        let (verdict, code, message) = if older {
            (RegistryVerdict::Incomplete, "view_stale", "it is not up to date with the signed statements")
        } else {
            (RegistryVerdict::Damaged, "view_changed", "it says something that no statement ever said")
        };
        self.found(verdict, code, path, message, VIEW);
    }
}
