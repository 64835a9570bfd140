//! `cargo xtask bundle`: the installer of this platform.

use std::fs;

use crate::place;
use crate::setup;
use crate::steps::{self, Outcome, Steps};

/// Builds the command line and the window for release, and packs both.
pub fn bundle() -> Outcome {
    let kind = if cfg!(target_os = "macos") {
        "dmg"
    } else if cfg!(windows) {
        "nsis"
    } else {
        "deb"
    };
    let mut steps = Steps::new(4);
    steps.step("Install what is missing", |_| {
        setup::system_packages()?;
        setup::window_packages()
    })?;
    steps.step("Build the window's pages", |_| steps::run(steps::npm()?.args(["run", "--silent", "build"])))?;
    steps.step("Build the application", |_| steps::run(steps::cargo().args(["build", "--release", "--workspace"])))?;
    steps.step(&format!("Pack ({kind})"), |_| {
        // The packer takes the window that was built above. The command line goes beside it.
        let programs = place::target().join("release");
        let extra = programs.join("bundle-extra.json");
        let command_line = programs.join(place::executable("proofmark"));
        let files = format!(
            "{{\"bundle\":{{\"linux\":{{\"deb\":{{\"files\":{{\"/usr/bin/proofmark\":{}}}}}}}}}}}",
            quoted(&command_line.to_string_lossy())
        );
        fs::write(&extra, files).map_err(|error| format!("{}: {error}", extra.display()))?;
        let mut packer = steps::npm()?;
        packer.current_dir(place::root().join("src-tauri"));
        packer.args(["--prefix", "../ui", "exec", "--", "tauri", "bundle", "--bundles", kind, "--config"]).arg(&extra);
        steps::run(&mut packer)?;
        let folder = programs.join("bundle").join(kind);
        let made = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for file in made.flatten().filter(|file| file.path().is_file()) {
            let size = file.metadata().map_or(0, |facts| facts.len());
            println!("{} ({:.1} MB)", file.path().display(), size as f64 / 1e6);
        }
        Ok(())
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
