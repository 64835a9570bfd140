//! A Jupyter kernel that is started through `proofmark run`, so that what a notebook reads and writes is seen.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use proofmark_contract::ErrorCode;
use proofmark_ledger::AuditEntry;
use serde_json::json;

use crate::trouble::{Answer, Trouble, io_trouble};
use crate::{Engine, platform};

/// Where a kernel was described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledKernel {
    /// The name by which Jupyter knows it.
    pub name: String,
    /// What people read in Jupyter's list.
    pub display_name: String,
    /// The folder of its description.
    pub folder: PathBuf,
    /// The interpreter that it starts.
    pub python: PathBuf,
}

impl Engine {
    /// Describes a kernel to Jupyter: the interpreter's own kernel, started by `program` as a recorded run. The run ends, and is
    /// recorded, when the kernel is shut down.
    ///
    /// `into` is Jupyter's folder of kernels; that of the user if absent.
    ///
    /// # Errors
    /// If the interpreter is not found or has no ipykernel, or the folder cannot be written.
    pub fn kernel_install(&self, program: &Path, python: &str, into: Option<&Path>) -> Answer<InstalledKernel> {
        use proofmark_intake::environment as known;
        let here = std::env::current_dir().unwrap_or_default();
        let path = std::env::var_os("PATH");
        let found = known::find_interpreter(&[python.to_owned()], &here, path.as_deref()).ok_or_else(|| {
            Trouble::not_found(format!("Python interpreter `{python}`")).hint("Name its path: --python /path/to/python")
        })?;
        let facts = known::of_python(&found).map_err(|error| Trouble::new(ErrorCode::NotFound, format!("{error}.")))?;
        if !facts.packages.contains_key("ipykernel") {
            return Err(Trouble::new(
                ErrorCode::NotFound,
                format!("{} has no ipykernel, so it cannot run notebooks.", found.display()),
            )
            .hint(format!("Install it: {} -m pip install ipykernel", found.display())));
        }
        let version = facts.interpreter.version.clone();
        let short: Vec<&str> = version.split('.').take(2).collect();
        let name = format!("proofmark-python{}", short.join(""));
        let display_name = format!("Python {} (recorded by Proofmark)", short.join("."));
        let folder = match into {
            Some(into) => into.join(&name),
            None => kernels_of_user()?.join(&name),
        };
        fs::create_dir_all(&folder).map_err(|error| io_trouble("making", &folder, &error))?;
        let mut environment = serde_json::Map::new();
        if let Some(home) = std::env::var_os("PROOFMARK_HOME").filter(|it| !it.is_empty()) {
            environment.insert("PROOFMARK_HOME".into(), json!(home.to_string_lossy()));
        }
        let description = json!({
            "argv": [
                program.to_string_lossy(), "run", "--quiet", "--", found.to_string_lossy(),
                "-m", "ipykernel_launcher", "-f", "{connection_file}"
            ],
            "display_name": display_name,
            "language": "python",
            // Signals reach the recorder and not the kernel, so Jupyter interrupts by a message.
            "interrupt_mode": "message",
            "env": environment,
            "metadata": {"debugger": true, "proofmark": {"version": env!("CARGO_PKG_VERSION")}},
        });
        let file = folder.join("kernel.json");
        let text = serde_json::to_string_pretty(&description).map_err(|error| {
            Trouble::new(ErrorCode::Internal, format!("The kernel could not be described: {error}."))
        })?;
        fs::write(&file, text + "\n").map_err(|error| io_trouble("writing", &file, &error))?;
        let entry = AuditEntry::new(self.actor(), "kernel.install", name.clone());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("folder", folder.to_string_lossy());
            Ok(())
        })?;
        Ok(InstalledKernel { name, display_name, folder, python: found })
    }
}

/// Jupyter's own rule for the folder of a user's kernels.
fn kernels_of_user() -> Answer<PathBuf> {
    if let Some(named) = std::env::var_os("JUPYTER_DATA_DIR").filter(|it| !it.is_empty()) {
        return Ok(PathBuf::from(named).join("kernels"));
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Trouble::new(ErrorCode::Storage, format!("There is no home folder to describe the kernel in: {error}."))
    })?;
    let data = if cfg!(target_os = "macos") {
        strategy.home_dir().join("Library/Jupyter")
    } else {
        strategy.data_dir().join("jupyter")
    };
    Ok(data.join("kernels"))
}

/// The notebook of a kernel: newer Jupyter servers name it to the kernels that they start. Of programs that run a notebook from
/// the command line, such as nbconvert and papermill, the command names it.
pub(super) fn notebook(argv: &[OsString]) -> Option<PathBuf> {
    if !argv.iter().any(|it| it.to_string_lossy().contains("ipykernel")) {
        return None;
    }
    let is_notebook = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "ipynb");
    let named = std::env::var_os("JPY_SESSION_NAME").filter(|it| !it.is_empty()).map(PathBuf::from).filter(is_notebook);
    named.or_else(|| {
        let (folder, words) = platform::command_of_parent()?;
        words.into_iter().map(|word| folder.join(word)).find(is_notebook)
    })
}
