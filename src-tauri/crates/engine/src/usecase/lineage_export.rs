//! Lineage in the forms that other tools read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{Exported, LineageExport, LineageFormat, LineageQuery};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::check::CheckReport;
use proofmark_domain::lineage::{NodeId, NodeKind};
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, ReportKind};
use proofmark_report::lineage::{self as form, FileStory, Story};

use crate::Engine;
use crate::trouble::{Answer, Trouble, io_trouble};

/// The end of a file's name.
const fn ending(format: LineageFormat) -> &'static str {
    match format {
        LineageFormat::Openlineage => "openlineage.jsonl",
        LineageFormat::Atlas => "atlas.json",
        LineageFormat::AtlasTypes => "atlas-types.json",
        LineageFormat::Prov => "prov.json",
        LineageFormat::Mermaid => "mmd",
        LineageFormat::Dot => "dot",
        LineageFormat::Svg => "svg",
        LineageFormat::Png => "png",
    }
}

impl Engine {
    /// Writes a part of the graph to a file that is not there yet.
    ///
    /// # Errors
    /// If there is nothing that the focus could mean, or the file cannot be written or is there already.
    pub fn lineage_export(&self, request: LineageExport) -> Answer<Exported> {
        let (bytes, project) = self.lineage_bytes(&request.query, request.format)?;
        let path = match request.to.filter(|it| !it.is_empty()) {
            Some(path) => {
                std::path::absolute(&path).map_err(|error| io_trouble("finding", Path::new(&path), &error))?
            }
            None => {
                let folder = self.home().reports();
                fs::create_dir_all(&folder).map_err(|error| io_trouble("making", &folder, &error))?;
                free_name(&folder, &name_of(&project, request.query.focus.as_deref()), ending(request.format))
            }
        };
        let mut file = File::create_new(&path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                Trouble::new(
                    ErrorCode::AlreadyExists,
                    format!("{} is there already. It was left as it is.", path.display()),
                )
                .hint("Choose another name.")
            } else {
                io_trouble("making", &path, &error)
            }
        })?;
        file.write_all(&bytes).map_err(|error| io_trouble("writing", &path, &error))?;
        let entry = AuditEntry::new(self.actor(), "lineage.export", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("path", path.to_string_lossy());
            Ok(())
        })?;
        Ok(Exported { path: path.to_string_lossy().into_owned(), size: bytes.len() as u64 })
    }

    /// The same as bytes, for a caller that prints them.
    ///
    /// # Errors
    /// If there is nothing that the focus could mean, or the form cannot be made on this machine.
    pub fn lineage_bytes(&self, query: &LineageQuery, format: LineageFormat) -> Answer<(Vec<u8>, Project)> {
        let (view, project) = self.lineage_whole(query)?;
        let story = self.story(&project, view.graph)?;
        let pretty = |value: serde_json::Value| {
            serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(|error| {
                Trouble::new(ErrorCode::Internal, format!("The lineage could not be written down: {error}."))
            })
        };
        let text = match format {
            LineageFormat::Openlineage => {
                form::openlineage(&story).into_iter().map(|event| event.to_string() + "\n").collect()
            }
            LineageFormat::Atlas => pretty(form::atlas(&story))?,
            LineageFormat::AtlasTypes => pretty(form::atlas_types(&story))?,
            LineageFormat::Prov => pretty(form::prov(&story))?,
            LineageFormat::Mermaid => form::mermaid(&story),
            LineageFormat::Dot => form::dot(&story),
            LineageFormat::Svg => form::svg(&story),
            LineageFormat::Png => {
                let pixels = crate::picture::png(&form::svg(&story)).map_err(|problem| {
                    Trouble::new(ErrorCode::InvalidRequest, problem).hint("Export it as SVG instead.")
                })?;
                return Ok((pixels, project));
            }
        };
        Ok((text.into_bytes(), project))
    }

    fn story(&self, project: &Project, graph: proofmark_domain::lineage::Graph) -> Answer<Story> {
        let known = self.project_graph(project)?;
        let present = self.present(project)?;
        let mut files: BTreeMap<NodeId, FileStory> = BTreeMap::new();
        for node in graph.nodes.iter().filter(|node| node.kind != NodeKind::Run) {
            let facts = present.get(&RelPath::new(node.label.clone())).map(|state| &state.facts);
            let facts = facts.filter(|it| Some(it.digest) == node.digest);
            let mut file = FileStory {
                size: facts.map(|it| it.size),
                modified: facts.map(|it| it.modified),
                media_type: facts.map(|it| it.media_type.clone()),
                ..FileStory::default()
            };
            if let Some(digest) = &node.digest {
                match node.kind {
                    NodeKind::Dataset | NodeKind::PredictionLog => {
                        file.profile = self.stored_profile(digest)?;
                        file.columns = self.known_columns(digest)?.unwrap_or_default();
                        let check = self.ledger().read::<_, Trouble>(|read| {
                            Ok(read.reports().newest::<serde_json::Value>(ReportKind::Check, digest)?)
                        })?;
                        let report = check.and_then(|it| serde_json::from_value::<CheckReport>(it.body).ok());
                        file.findings = report.map(|it| it.findings);
                    }
                    NodeKind::Model => {
                        file.columns = self.model_facts(digest)?.and_then(|it| it.features_in).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            files.insert(node.id.clone(), file);
        }
        Ok(Story {
            project: project.name.clone(),
            root: project.root.clone(),
            host: crate::platform::host_name(),
            now: self.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            graph,
            runs: known.runs.clone(),
            files,
        })
    }
}

fn name_of(project: &Project, focus: Option<&str>) -> String {
    let text = focus.filter(|it| !it.is_empty()).unwrap_or(&project.name);
    let name = text.rsplit('/').next().unwrap_or(text);
    let clean: String = name
        .chars()
        .map(|it| if it.is_alphanumeric() || matches!(it, '-' | '_') { it } else { '-' })
        .take(80)
        .collect();
    format!("{clean}-lineage")
}

fn free_name(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}.{ending}"));
    let mut count = 2;
    while path.exists() {
        path = folder.join(format!("{name}-{count}.{ending}"));
        count += 1;
    }
    path
}
