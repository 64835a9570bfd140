//! The commands, one file for each family.

pub mod alert;
pub mod ci;
pub mod data;
pub mod environment;
pub mod findings;
mod front;
pub mod gateway;
pub mod governance;
pub mod history;
pub mod kernel;
pub mod key;
pub mod lineage;
pub mod model;
pub mod monitor;
pub mod project;
pub mod quarantine;
pub mod record;
pub mod registry;
pub mod release;
pub mod report;
pub mod rules;
pub mod runs;
pub mod scan;
pub mod serve;
pub mod settings;
pub mod table;
pub mod tail;
pub mod trace;
pub mod watch;

use clap::Subcommand;

use crate::context::Context;
use crate::reply::Outcome;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds, lists, renames, pauses and removes watched folders
    #[command(subcommand)]
    Project(project::Command),
    /// Looks through a folder and records what changed; a folder that is no project yet becomes one
    Scan(scan::Arguments),
    /// Prints changes as they happen, until it is interrupted
    Watch(watch::Arguments),
    /// Runs a command and records what it reads and writes; exits as the command does
    Run(record::Arguments),
    /// Describes a Jupyter kernel whose notebooks are recorded
    #[command(subcommand)]
    Kernel(kernel::Command),
    /// Lists, shows, compares, corrects and exports runs
    #[command(subcommand)]
    Runs(runs::Command),
    /// Shows environments, how two differ, and files from which one can be made again
    #[command(subcommand)]
    Environment(environment::Command),
    /// Shows what something came from and what became of it
    Lineage(lineage::Arguments),
    /// Shows what happened to a path, also of a file that is gone
    History(history::Arguments),
    /// Summarises a table
    Profile(table::Profile),
    /// Says what is wrong with a table; exits with 1 if it must not be trained on
    Check(table::Check),
    /// Sets rows that must not be trained on aside, with their reasons; the table itself is only read
    Quarantine(quarantine::Arguments),
    /// Holds versions of data sets back from everything that Proofmark starts, and releases them
    #[command(subcommand)]
    Data(data::Command),
    /// Lists what checks found in all projects, and says where each finding stands
    #[command(subcommand)]
    Findings(findings::Command),
    /// Lists, writes, suggests and tries the rules of a table, and reads those of other tools
    #[command(subcommand)]
    Rules(rules::Command),
    /// Finds the sensitive columns of a table
    Sensitive(table::Sensitive),
    /// Looks whether other columns give a sensitive one away
    Proxies(table::Proxies),
    /// Says that a column is sensitive, or is not: a person's word outweighs what was found
    Label(table::Label),
    /// Says whether one table differs from another
    Drift(table::Drift),
    /// Says how a model does in use, from a log of its predictions
    Monitor(monitor::Monitor),
    /// Lists and answers alerts about models in use, and says what speaks for training one anew
    #[command(subcommand)]
    Alert(alert::Command),
    /// Shows the newest predictions of a log, and with --follow those that come
    Tail(tail::Arguments),
    /// Stands before a model server and writes every prediction down before it is answered
    Gateway(gateway::Arguments),
    /// Answers with a released ONNX model itself, verified before it is loaded, and writes every prediction down before it is answered
    Serve(serve::Arguments),
    /// Tells where a prediction came from, by its identifier
    Trace(trace::Arguments),
    /// Says what a model file is, without loading it
    Inspect(model::Inspect),
    /// Holds a model against the gates of its project; exits with 1 if one forbids its release
    Gate(model::GateArguments),
    /// Submits, decides on, publishes and promotes models
    #[command(subcommand)]
    Release(release::Command),
    /// Makes, attaches and verifies the shared directory of released models
    #[command(subcommand)]
    Registry(registry::Command),
    /// Writes the dossier of a released version: one HTML or PDF file that explains itself
    Dossier(registry::DossierArguments),
    /// Makes and chooses keys
    #[command(subcommand)]
    Key(key::Command),
    /// Verifies an OpenSSF Model Signing bundle made by anyone; exits with 1 if it is refused
    VerifyModel(model::VerifyModel),
    /// Writes a report that stands on its own: HTML, PDF or JSON
    #[command(subcommand)]
    Report(report::Command),
    /// Shows which sensitive columns reached which models
    Governance,
    /// Lists and verifies the record of who did what
    #[command(subcommand)]
    Audit(governance::Audit),
    /// Finds projects, files, runs and releases by what people remember of them
    Search(governance::Search),
    /// Shows and changes settings
    #[command(subcommand)]
    Settings(settings::Command),
    /// Opens the sample project
    Sample,
    /// Looks whether everything that Proofmark needs is in order; exits with 1 if something is not
    Doctor,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the command itself answers.
    pub fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Project(it) => it.run(context),
            Self::Scan(it) => it.run(context),
            Self::Watch(it) => it.run(context),
            Self::Run(it) => it.run(context),
            Self::Kernel(it) => it.run(context),
            Self::Runs(it) => it.run(context),
            Self::Environment(it) => it.run(context),
            Self::Lineage(it) => it.run(context),
            Self::History(it) => it.run(context),
            Self::Profile(it) => it.run(context),
            Self::Check(it) => it.run(context),
            Self::Quarantine(it) => it.run(context),
            Self::Data(it) => it.run(context),
            Self::Findings(it) => it.run(context),
            Self::Rules(it) => it.run(context),
            Self::Sensitive(it) => it.run(context),
            Self::Proxies(it) => it.run(context),
            Self::Label(it) => it.run(context),
            Self::Drift(it) => it.run(context),
            Self::Monitor(it) => it.run(context),
            Self::Alert(it) => it.run(context),
            Self::Tail(it) => it.run(context),
            Self::Gateway(it) => it.run(context),
            Self::Serve(it) => it.run(context),
            Self::Trace(it) => it.run(context),
            Self::Inspect(it) => it.run(context),
            Self::Gate(it) => it.run(context),
            Self::Release(it) => it.run(context),
            Self::Registry(it) => it.run(context),
            Self::Dossier(it) => it.run(context),
            Self::Key(it) => it.run(context),
            Self::VerifyModel(it) => it.run(context),
            Self::Report(it) => it.run(context),
            Self::Governance => governance::show(context),
            Self::Audit(it) => it.run(context),
            Self::Search(it) => it.run(context),
            Self::Settings(it) => it.run(context),
            Self::Sample => settings::sample(context),
            Self::Doctor => settings::doctor(context),
        }
    }
}
