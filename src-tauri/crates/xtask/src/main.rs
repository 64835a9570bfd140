//! `cargo xtask`: everything that it takes to build, run and test Proofmark on a machine that has only Rust, Node, git and
//! a C compiler. It has no dependencies, so that it is there within seconds.

mod bindings;
mod bundle;
mod place;
mod run;
mod setup;
mod steps;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run        set up, build and open the window (on a virtual display where there is none)
cargo xtask test       set up, then everything that must hold before a change lands
cargo xtask bundle     make the installer of this platform (.deb on Debian and Ubuntu)
cargo xtask setup      only install what is missing
cargo xtask bindings   write the TypeScript of the contract anew
cargo xtask fixtures   say which scripts make the committed fixtures";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("run") => run::run(&arguments[1..]),
        Some("test") => test::test(&arguments[1..]),
        Some("bundle") => bundle::bundle(),
        Some("setup") => setup::everything().map(|_| ()),
        Some("bindings") => bindings::write(),
        Some("fixtures") => {
            println!(
                "Each folder under tests/fixtures holds the script that made it; its first lines say how to run it."
            );
            Ok(())
        }
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("\nxtask: {trouble}");
            ExitCode::FAILURE
        }
    }
}
