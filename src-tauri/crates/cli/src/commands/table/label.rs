//! `label`: a person's word on a column.

use clap::Args;
use proofmark_contract::view::LabelDecide;

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::safe;

/// Says that a column of a data set is sensitive, or is not.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("word").required(true).args(["label", "not_sensitive"])))]
pub struct Label {
    /// The data set, in the folder of a project
    file: String,
    /// The column; a nested field by its path
    column: String,
    /// What it holds, such as email
    #[arg(long = "as", value_name = "LABEL")]
    label: Option<String>,
    /// It is not sensitive
    #[arg(long)]
    not_sensitive: bool,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
}

impl Label {
    /// Does it.
    ///
    /// # Errors
    /// If the file is in no project, or there is no reason.
    pub fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        let request =
            LabelDecide { project: project.id, path, column: self.column, label: self.label, reason: self.reason };
        let done = context.engine()?.label_decide(request)?;
        context.answer("label", &done, || format!("{}\n", safe(&done.message)))
    }
}
