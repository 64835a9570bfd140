//! Installs what is missing, and says what and why before it does.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::place;
use crate::steps::{self, Outcome};

/// The version of the driver between WebDriver clients and a Tauri window.
const TAURI_DRIVER: &str = "2.1.0";

/// System packages of Debian and Ubuntu, each with the reason.
const PACKAGES: &[(&str, &str)] = &[
    ("build-essential", "a C compiler and linker"),
    ("pkg-config", "finds the libraries below"),
    ("libwebkit2gtk-4.1-dev", "the web view that shows the window"),
    ("librsvg2-dev", "icons of the window"),
    ("webkit2gtk-driver", "drives the web view in tests"),
    ("xvfb", "a virtual display where there is no screen"),
    ("xauth", "the virtual display's key"),
    ("dbus", "a session bus of its own for the virtual display"),
];

/// Installs system packages, the window's packages and the driver, each only if missing.
pub fn everything() -> Outcome {
    system_packages()?;
    window_packages()?;
    driver()
}

/// Installs missing system packages on Debian and Ubuntu; elsewhere says what is missing.
pub fn system_packages() -> Outcome {
    for (tool, reason) in [("node", "builds the window's pages"), ("npm", "installs what they need")] {
        if place::on_path(tool).is_none() {
            return Err(format!(
                "`{tool}` is missing: it {reason}. Install Node.js 20.19 or newer, and run this again."
            ));
        }
    }
    if cfg!(target_os = "macos") {
        return check_macos();
    }
    if cfg!(windows) {
        eprintln!(
            "      On Windows the web view is part of the system (WebView2), and the C compiler comes with the Visual Studio Build Tools."
        );
        return Ok(());
    }
    if place::on_path("dpkg-query").is_none() || place::on_path("apt-get").is_none() {
        let names: Vec<&str> = PACKAGES.iter().map(|(name, _)| *name).collect();
        eprintln!(
            "      This is neither Debian nor Ubuntu. Make sure that the counterparts of these packages are installed: {}",
            names.join(", ")
        );
        return Ok(());
    }
    let missing: Vec<&(&str, &str)> = PACKAGES.iter().filter(|(name, _)| !is_installed(name)).collect();
    if missing.is_empty() {
        eprintln!("      system packages: all there");
        return Ok(());
    }
    eprintln!("      These system packages are missing and will be installed now:");
    for (name, reason) in &missing {
        eprintln!("        {name:<24} {reason}");
    }
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], names.as_slice()].concat())
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn apt(arguments: &[&str]) -> Outcome {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = if is_root {
        steps::command("apt-get")
    } else if place::on_path("sudo").is_some() {
        eprintln!("      `sudo` may ask for your password, to install the packages above.");
        let mut command = steps::command("sudo");
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    } else {
        return Err(format!(
            "neither root nor sudo is at hand. Ask an administrator to run: apt-get {}",
            arguments.join(" ")
        ));
    };
    // Other programs of the system may hold apt's lock for a while.
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300", "-qq"]).args(arguments);
    steps::run(&mut command)
}

fn check_macos() -> Outcome {
    if Command::new("xcode-select").arg("-p").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err("the Xcode command line tools are missing. Run `xcode-select --install`, and then this again.".into())
    }
}

/// Installs the packages that the window's pages are built from, exactly as locked.
pub fn window_packages() -> Outcome {
    let ui = place::root().join("ui");
    if newer(&ui.join("node_modules/.package-lock.json"), &ui.join("package-lock.json")) {
        eprintln!("      the window's packages: all there");
        return Ok(());
    }
    eprintln!("      Installing the packages that the window's pages are built from (npm ci).");
    steps::run(steps::npm()?.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}

fn newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    matches!((time(made), time(source)), (Some(made), Some(source)) if made >= source)
}

/// Installs the driver that the real-window tests speak to.
pub fn driver() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if driver_path().is_file() {
        eprintln!("      tauri-driver {TAURI_DRIVER}: there");
        return Ok(());
    }
    eprintln!("      Installing tauri-driver {TAURI_DRIVER}, which drives the window in tests.");
    steps::run(
        steps::cargo()
            .args(["install", "tauri-driver", "--locked", "--version", TAURI_DRIVER, "--root"])
            .arg(place::tools().join(TAURI_DRIVER))
            .env("CARGO_TARGET_DIR", place::cache().join("driver-build")),
    )
}

/// Where the driver lies.
pub fn driver_path() -> std::path::PathBuf {
    place::tools().join(TAURI_DRIVER).join("bin").join(place::executable("tauri-driver"))
}
