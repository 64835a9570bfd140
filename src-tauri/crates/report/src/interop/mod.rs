//! What other tools read about a released model: MLflow, Hugging Face, CycloneDX, OpenLineage, SLSA, KServe.
//!
//! Everything here is the same for the same facts, to the byte: these files are part of what is approved.

mod bom;
mod card;
mod lineage;
mod mlflow;
mod prometheus;
mod provenance;
mod serving;

use proofmark_domain::environment::Environment;
use proofmark_domain::lineage::Graph;
use proofmark_domain::model::ModelFacts;
use proofmark_domain::release::BundleManifest;
use proofmark_domain::run::Run;

pub use bom::ml_bom;
pub use card::model_card;
pub use lineage::open_lineage;
pub use mlflow::{Loader, mlflow_files};
pub(crate) use prometheus::HEAD as PROMETHEUS_HEAD;
pub use prometheus::prometheus;
pub use provenance::slsa_provenance;
pub use serving::{Serving, ServingOptions, consume_page, serving_manifests};

/// A text file under a relative path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Relative path with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is known about a model that is released.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseFacts<'a> {
    /// What is approved. Its evidence may not be complete yet.
    pub manifest: &'a BundleManifest,
    /// What the model file says about itself.
    pub model: Option<&'a ModelFacts>,
    /// The run that wrote it.
    pub run: Option<&'a Run>,
    /// The environment of that run.
    pub environment: Option<&'a Environment>,
    /// Everything that it came from.
    pub upstream: &'a Graph,
}

impl ReleaseFacts<'_> {
    /// Packages with versions: from the run where it is known, else from what the file says.
    fn packages(&self) -> std::collections::BTreeMap<String, String> {
        let recorded = self.environment.map(|it| it.packages.clone()).filter(|it| !it.is_empty());
        recorded.or_else(|| self.model.map(|it| it.environment.packages.clone())).unwrap_or_default()
    }

    fn python(&self) -> Option<String> {
        let recorded = self.environment.and_then(|it| it.interpreter.as_ref()).map(|it| it.version.clone());
        recorded.or_else(|| self.model.and_then(|it| it.environment.python.clone()))
    }

    /// `classification` or `regression`, where the model's class says so.
    fn task(&self) -> Option<&'static str> {
        let facts = self.model?;
        let class = facts.steps.last().or(facts.class.as_ref())?;
        let name = class.rsplit('.').next().unwrap_or(class).to_lowercase();
        if facts.classes.is_some() || name.contains("classif") || name.contains("logisticregression") {
            Some("classification")
        } else if name.contains("regress") {
            Some("regression")
        } else {
            None
        }
    }
}

/// A text as a YAML or JSON scalar in double quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
