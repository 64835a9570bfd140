//! `cargo xtask run`: build as for release, and open the window.

use std::env;

use crate::place;
use crate::setup;
use crate::steps::{self, Outcome, Steps};
use crate::test::on_virtual_display;

/// Opens the window; where there is no display, walks the sample project through the whole line on a virtual one.
pub fn run(arguments: &[String]) -> Outcome {
    let headless = arguments.iter().any(|it| it == "--headless") || !has_display();
    let mut steps = Steps::new(4);
    steps.step("Install what is missing", |_| {
        setup::system_packages()?;
        setup::window_packages()?;
        if headless { setup::driver() } else { Ok(()) }
    })?;
    steps.step("Build the window's pages", |_| steps::run(steps::npm()?.args(["run", "--silent", "build"])))?;
    steps.step("Build the application (the first time takes a while: it compiles everything, optimised)", |_| {
        steps::run(steps::cargo().args(["build", "--release", "--workspace"]))
    })?;
    let programs = place::target().join("release");
    let window = programs.join(place::executable("proofmark-desktop"));
    if !headless {
        return steps.step("Open the window", |_| steps::run(&mut steps::command(window)));
    }
    steps.step("No display here: walk the sample project through the whole line on a virtual one", |_| {
        let mut command = on_virtual_display();
        command
            .arg(programs.join(place::executable("proofmark-walk")))
            .env("PROOFMARK_CLI", programs.join(place::executable("proofmark")))
            .env("PROOFMARK_WINDOW", &window)
            .env("PROOFMARK_DRIVER", setup::driver_path())
            .env("PROOFMARK_SCREENSHOTS", place::cache().join("screenshots"));
        steps::run(&mut command)
    })
}

fn has_display() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
