//! Environments: in which one a model was trained, how two differ, and files that make one again.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use proofmark_contract::view::{
    EnvironmentDifference, EnvironmentExport, EnvironmentFormat, EnvironmentPair, EnvironmentRef, EnvironmentView,
};
use proofmark_contract::{ErrorBody, ErrorCode};

use super::runs::find;
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, percent, safe, word};

/// What a file of packages is written for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// requirements.txt of pip
    Requirements,
    /// environment.yml of conda
    Conda,
}

/// Commands about environments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows in which environment a model or a run was made, and how that is known
    Show {
        /// A model, a run, a file such as requirements.txt, or a virtual environment; the project as it stands now if absent
        of: Option<String>,
        /// Identifier, name or folder of the project; the one around it if absent
        #[arg(long)]
        project: Option<String>,
    },
    /// Shows how two environments differ
    Diff {
        /// The one
        before: String,
        /// The other
        after: String,
        /// Identifier, name or folder of the project; the one around them if absent
        #[arg(long)]
        project: Option<String>,
    },
    /// Prints an environment as a file from which it can be made again
    Export {
        /// A model, a run, a file or a virtual environment; the project as it stands now if absent
        of: Option<String>,
        /// For which tool
        #[arg(long, value_enum, default_value = "requirements")]
        format: Format,
        /// The file to write; standard output if absent
        #[arg(long)]
        to: Option<PathBuf>,
        /// Identifier, name or folder of the project; the one around it if absent
        #[arg(long)]
        project: Option<String>,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers, or if the file cannot be written.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        match self {
            Self::Show { of, project } => {
                let view = engine.environment_show(named(context, of.as_deref(), project.as_deref())?)?;
                context.answer("environment-show", &view, || show_text(&view))
            }
            Self::Diff { before, after, project } => {
                let pair = EnvironmentPair {
                    before: named(context, Some(&before), project.as_deref())?,
                    after: named(context, Some(&after), project.as_deref())?,
                };
                let difference = engine.environment_compare(pair)?;
                context.answer("environment-diff", &difference, || diff_text(&difference))
            }
            Self::Export { of, format, to, project } => {
                let environment = named(context, of.as_deref(), project.as_deref())?;
                let format = match format {
                    Format::Requirements => EnvironmentFormat::Requirements,
                    Format::Conda => EnvironmentFormat::Conda,
                };
                let written = engine.environment_text(EnvironmentExport { environment, format })?;
                if let Some(to) = &to {
                    write_new(to, &written.text)?;
                }
                context.answer("environment-export", &written, || match &to {
                    Some(to) => format!("Written to {}.\n", safe(&to.to_string_lossy())),
                    None => written.text.clone(),
                })
            }
        }
    }
}

/// A run by its identifier or name, or a path in the project that contains it.
fn named(context: &Context, of: Option<&str>, project: Option<&str>) -> Result<EnvironmentRef, ErrorBody> {
    let Some(of) = of else {
        return Ok(EnvironmentRef { project: context.project(project)?.id, of: String::new() });
    };
    if !Path::new(of).exists()
        && let Ok(run) = find(context, of)
    {
        let view = context.engine()?.run_show(proofmark_contract::view::RunRef { run })?;
        return Ok(EnvironmentRef { project: view.run.project, of: run.to_string() });
    }
    let (project, path) = context.locate(of, project)?;
    Ok(EnvironmentRef { project: project.id, of: path })
}

fn show_text(view: &EnvironmentView) -> String {
    let mut text = format!("{}: {}\n", safe(&view.title), safe(&view.sentence));
    if let Some(environment) = &view.environment
        && !environment.system.is_empty()
    {
        text.push_str(&format!("{} {}\n", safe(&environment.system), safe(&environment.architecture)));
    }
    let mut table = Table::new([
        ("Source", Left),
        ("Python", Left),
        ("Packages", Right),
        ("Basis", Left),
        ("Confidence", Right),
        ("Why", Left),
    ]);
    for source in &view.sources {
        table.row([
            source.what.clone(),
            source.python.clone().unwrap_or_else(|| "–".to_owned()),
            count(source.packages),
            word(&source.basis),
            percent(source.confidence.get()),
            source.why.clone(),
        ]);
    }
    text.push_str(&table.text());
    let mut table = Table::new([("Package", Left), ("Version", Left), ("From", Left), ("Others say", Left)]);
    for package in &view.packages {
        table.row([package.name.clone(), package.version.clone(), package.from.clone(), package.elsewhere.join("; ")]);
    }
    text.push_str(&table.text());
    text
}

fn diff_text(difference: &EnvironmentDifference) -> String {
    let mut text = format!("{}\n", safe(&difference.sentence));
    let known = |it: &Option<String>| it.clone().unwrap_or_else(|| "–".to_owned());
    let mut table = Table::new([("What", Left), ("Before", Left), ("After", Left)]);
    for fact in &difference.facts {
        table.row([fact.name.clone(), known(&fact.before), known(&fact.after)]);
    }
    text.push_str(&table.text());
    let mut table = Table::new([("Package", Left), ("Before", Left), ("After", Left)]);
    for package in &difference.packages {
        table.row([package.name.clone(), known(&package.before), known(&package.after)]);
    }
    text.push_str(&table.text());
    text
}

/// Writes a file that is not there yet. One that is and holds another text may be a person's own, and is left as it is.
fn write_new(to: &Path, text: &str) -> Result<(), ErrorBody> {
    let refused = |code, why: String| ErrorBody::new(code, format!("{} {why}.", to.display()));
    let made = File::create_new(to).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    match made {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let is_file = std::fs::metadata(to).is_ok_and(|it| it.is_file() && it.len() == text.len() as u64);
            if is_file && std::fs::read(to).is_ok_and(|there| there == text.as_bytes()) {
                return Ok(());
            }
            Err(refused(
                ErrorCode::AlreadyExists,
                "is there already and holds something else; it was left as it is".into(),
            )
            .hint("Choose another name, or move the file away."))
        }
        Err(error) => Err(refused(ErrorCode::PermissionDenied, format!("cannot be written: {error}"))),
    }
}
