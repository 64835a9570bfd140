//! Lineage in the forms that other tools read, and as a drawing.
//!
//! Every form is made from the same [`Story`], and the same story gives the same bytes. What is inferred says so in every
//! form: as a facet, an attribute, a dashed line with its confidence.

mod atlas;
mod drawing;
mod layers;
mod openlineage;
mod prov;
mod text;

pub use atlas::{atlas, atlas_types};
pub use drawing::svg;
pub use openlineage::openlineage;
pub use prov::prov;
pub use text::{dot, mermaid};

use std::collections::BTreeMap;

use proofmark_domain::Timestamp;
use proofmark_domain::check::Finding;
use proofmark_domain::lineage::{Edge, Graph, Node, NodeId};
use proofmark_domain::profile::TableProfile;
use proofmark_domain::run::Run;

/// Names this application in exported records, as a URI.
pub const PRODUCER: &str = "https://proofmark.dev";

/// What is known about a file beside its node.
#[derive(Debug, Clone, Default)]
pub struct FileStory {
    /// Bytes.
    pub size: Option<u64>,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// Media type.
    pub media_type: Option<String>,
    /// Its profile, for tables that were looked at. Values of sensitive columns are masked in it.
    pub profile: Option<TableProfile>,
    /// Names of its columns, or features of a model, where there is no profile.
    pub columns: Vec<String>,
    /// What the checks found; `None` if it was not checked.
    pub findings: Option<Vec<Finding>>,
}

/// A part of a project's lineage with what is known about its things.
#[derive(Debug, Clone)]
pub struct Story {
    /// The project's name.
    pub project: String,
    /// The project's folder, absolute.
    pub root: String,
    /// The machine on which the files lie.
    pub host: String,
    /// When the export was made: the time of what has no other.
    pub now: Timestamp,
    /// Version of this application.
    pub version: String,
    /// The graph.
    pub graph: Graph,
    /// The runs in it.
    pub runs: Vec<Run>,
    /// Facts of files by node.
    pub files: BTreeMap<NodeId, FileStory>,
}

impl Story {
    /// The absolute path of a file.
    fn absolute(&self, node: &Node) -> String {
        self.absolute_path(&node.label)
    }

    fn absolute_path(&self, label: &str) -> String {
        let is_absolute = label.starts_with('/') || label.get(1..3).is_some_and(|it| it == ":\\" || it == ":/");
        if is_absolute { label.to_owned() } else { format!("{}/{label}", self.root.trim_end_matches('/')) }
    }

    fn nodes(&self) -> BTreeMap<&NodeId, &Node> {
        self.graph.nodes.iter().map(|node| (&node.id, node)).collect()
    }

    fn file(&self, id: &NodeId) -> Option<&FileStory> {
        self.files.get(id)
    }

    /// Columns of a table or features of a model, with their type where it is known.
    fn columns(&self, id: &NodeId) -> Vec<(&str, Option<&str>)> {
        let Some(file) = self.file(id) else { return Vec::new() };
        match &file.profile {
            Some(profile) => {
                profile.columns.iter().map(|it| (it.name.as_str(), Some(it.stored_type.as_str()))).collect()
            }
            None => file.columns.iter().map(|name| (name.as_str(), None)).collect(),
        }
    }

    fn edges_into<'s>(&'s self, id: &'s NodeId) -> impl Iterator<Item = &'s Edge> {
        self.graph.edges.iter().filter(move |edge| edge.to == *id)
    }

    fn edges_from<'s>(&'s self, id: &'s NodeId) -> impl Iterator<Item = &'s Edge> {
        self.graph.edges.iter().filter(move |edge| edge.from == *id)
    }

    /// When a run began and ended, as well as it is known: what has no time of its own has that of its newest output.
    fn times(&self, run: &Run) -> (Timestamp, Timestamp) {
        let written = || {
            let files = run
                .outputs
                .iter()
                .filter_map(|edge| self.file(&NodeId::file(edge.digest.as_ref(), edge.path.as_str())));
            files.filter_map(|file| file.modified).max()
        };
        let ended = run.ended.or(run.started).or_else(written).unwrap_or(self.now);
        (run.started.unwrap_or(ended), ended)
    }
}

#[cfg(test)]
mod tests;
