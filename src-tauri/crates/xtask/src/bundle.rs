//! `cargo xtask bundle`: the installer of this platform.

use std::fs;
use std::path::Path;

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
        // The packer takes the window that was built above. The command lines and the library that observes runs go beside it.
        let programs = place::target().join("release");
        let extra = programs.join("bundle-extra.json");
        fs::write(&extra, beside(&programs)?).map_err(|error| format!("{}: {error}", extra.display()))?;
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

/// What a package of Linux holds besides the window, as a part of the packer's configuration. The engine looks for the library
/// in `../lib/proofmark` of its own folder.
fn beside(programs: &Path) -> Result<String, String> {
    let library = "libproofmark_preload.so";
    let files = [
        ("/usr/bin/proofmark".to_owned(), place::executable("proofmark")),
        ("/usr/bin/proofmark-verify".to_owned(), place::executable("proofmark-verify")),
        (format!("/usr/lib/proofmark/{library}"), library.to_owned()),
    ];
    let mut lines = Vec::new();
    for (to, name) in files {
        let from = programs.join(name);
        if cfg!(target_os = "linux") && !from.is_file() {
            return Err(format!("{} was not built", from.display()));
        }
        lines.push(format!("{}:{}", quoted(&to), quoted(&from.to_string_lossy())));
    }
    Ok(format!("{{\"bundle\":{{\"linux\":{{\"deb\":{{\"files\":{{{}}}}}}}}}}}", lines.join(",")))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
