//! A Jupyter kernel whose notebooks are recorded.

use std::path::PathBuf;

use clap::Subcommand;

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::safe;

/// Commands about kernels.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Describes a kernel to Jupyter that is started through `proofmark run`
    Install {
        /// The interpreter; it must have ipykernel
        #[arg(long, default_value = "python3")]
        python: String,
        /// Jupyter's folder of kernels; that of the user if absent
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// If the interpreter has no ipykernel, or the folder cannot be written.
    pub fn run(self, context: &Context) -> Outcome {
        let Self::Install { python, into } = self;
        let program = std::env::current_exe()
            .map_err(|error| wrong(format!("This program cannot tell where it lies: {error}.")))?;
        let kernel = context.engine()?.kernel_install(&program, &python, into.as_deref())?;
        let document = serde_json::json!({
            "name": kernel.name,
            "display_name": kernel.display_name,
            "folder": kernel.folder.to_string_lossy(),
            "python": kernel.python.to_string_lossy(),
        });
        context.answer("kernel-install", &document, || {
            format!(
                "Choose “{}” in Jupyter. What a notebook reads and writes is recorded when its kernel is shut down.\n  {}\n",
                kernel.display_name,
                safe(&kernel.folder.to_string_lossy())
            )
        })
    }
}
