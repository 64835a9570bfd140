//! `cargo xtask test`: everything that must hold before a change lands.

use std::process::Command;

use crate::place;
use crate::setup;
use crate::steps::{self, Outcome, Steps};

/// Sets up, then checks form, builds, and runs every test. `--no-window` leaves the real window out.
pub fn test(arguments: &[String]) -> Outcome {
    let with_window = cfg!(target_os = "linux") && !arguments.iter().any(|it| it == "--no-window");
    let mut steps = Steps::new(if with_window { 9 } else { 8 });
    steps.step("Install what is missing", |_| setup::everything())?;
    steps.step("Format", |_| steps::run(steps::cargo().args(["fmt", "--all", "--check"])))?;
    steps.step("Build the window's pages", |_| steps::run(steps::npm()?.args(["run", "--silent", "build"])))?;
    steps.step("Check the types of the window's pages", |_| {
        steps::run(steps::npm()?.args(["run", "--silent", "check"]))
    })?;
    steps.step("Test the window's pages", |steps| {
        steps::run_counting(steps::npm()?.args(["run", "--silent", "test"]).env("CI", "true"), &mut steps.tally)
    })?;
    steps.step("Lint", |_| {
        steps::run(steps::cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    steps.step("Build", |_| steps::run(steps::cargo().args(["build", "--workspace"])))?;
    steps.step("Unit and integration tests, import table and bindings", |steps| {
        let mut command = steps::cargo();
        command.args(["test", "--workspace", "--lib", "--bins"]);
        // Every test target but the real window, which has a step of its own.
        for target in ["promises", "ledger", "report", "pdf", "reference", "model_facts", "python_truth"] {
            command.args(["--test", target]);
        }
        steps::run_counting(with_programs(&mut command), &mut steps.tally)
    })?;
    if with_window {
        steps.step("Drive the real window", |steps| {
            let mut command = on_virtual_display();
            command.arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            // One window at a time: the driver serves one session, and two cores serve one web view.
            command.args(["test", "--workspace", "--test", "window", "--", "--test-threads=1"]);
            steps::run_counting(with_programs(&mut command), &mut steps.tally)
        })?;
    }
    println!("\nEverything holds, after {}.", steps.elapsed());
    println!("{} passed, {} failed", steps.tally.passed, steps.tally.failed);
    Ok(())
}

/// Tells tests which programs to try from outside.
fn with_programs(command: &mut Command) -> &mut Command {
    let programs = place::target().join("debug");
    command
        .env("PROOFMARK_CLI", programs.join(place::executable("proofmark")))
        .env("PROOFMARK_WINDOW", programs.join(place::executable("proofmark-desktop")))
        .env("PROOFMARK_DRIVER", setup::driver_path())
}

/// A command that runs the rest of its arguments on a display and a session bus of their own.
pub fn on_virtual_display() -> Command {
    let mut command = steps::command("dbus-run-session");
    command.args(["--", "xvfb-run", "--auto-servernum", "--server-args=-screen 0 1440x900x24 -nolisten tcp"]);
    command.env("GDK_BACKEND", "x11").env("GTK_USE_PORTAL", "0").env("NO_AT_BRIDGE", "1").env_remove("WAYLAND_DISPLAY");
    command
}
