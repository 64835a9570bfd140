//! Which Python a command would start.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::files::platform::open_for_reading;

/// How many programs that start programs are looked behind.
const MOST_STEPS: usize = 6;

/// The interpreter that `argv`, started in `cwd` with the search path `path_env`, would run; `None` if it is no Python or
/// cannot be told.
///
/// Understood are Python itself, `env`, `nice` and the like before it, `uv run`, `poetry run`, `pipenv run`, `pdm run`
/// and `hatch run` (the environment in `.venv`), and scripts by their first line, such as those that pip installs.
pub fn find_interpreter(argv: &[String], cwd: &Path, path_env: Option<&OsStr>) -> Option<PathBuf> {
    let mut arguments: Vec<String> = argv.to_vec();
    for _ in 0..MOST_STEPS {
        let (first, rest) = arguments.split_first()?;
        let name = Path::new(first).file_name()?.to_string_lossy().to_lowercase();
        let name = name.trim_end_matches(".exe").to_owned();
        if is_python(&name) {
            return locate(first, cwd, path_env);
        }
        match name.as_str() {
            "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" => {
                let after = rest.iter().position(|argument| argument == "run")?;
                if let Some(python) = project_environment(cwd) {
                    return Some(python);
                }
                arguments = behind_options(rest.get(after + 1..)?);
            }
            "env" | "nice" | "nohup" | "time" | "ionice" | "setsid" | "sudo" | "stdbuf" | "xvfb-run" => {
                arguments = behind_options(rest);
            }
            _ => {
                let script = locate(first, cwd, path_env)?;
                let mut line = first_line(&script)?;
                // The interpreter is looked up as the system does: the script's folder plays no part.
                line.extend([script.to_string_lossy().into_owned()]);
                arguments = line;
            }
        }
    }
    None
}

/// `python`, `python3`, `python3.11`, `pypy3`.
fn is_python(name: &str) -> bool {
    ["python", "pypy"].iter().any(|stem| {
        name.strip_prefix(stem).is_some_and(|rest| {
            let rest = rest.strip_suffix('w').or_else(|| rest.strip_suffix('t')).unwrap_or(rest);
            rest.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
    })
}

/// What stands behind options, their plain numbers, and assignments of variables.
fn behind_options(arguments: &[String]) -> Vec<String> {
    let skipped = arguments.iter().take_while(|argument| {
        argument.starts_with('-')
            || argument.parse::<f64>().is_ok()
            || (argument.contains('=') && !argument.contains('/'))
    });
    arguments.get(skipped.count()..).unwrap_or_default().to_vec()
}

/// The `.venv` of the folder or of one above it.
fn project_environment(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors().find_map(|folder| {
        ["bin/python", "bin/python3", "Scripts/python.exe"]
            .iter()
            .map(|program| folder.join(".venv").join(program))
            .find(|path| path.is_file())
    })
}

fn locate(program: &str, cwd: &Path, path_env: Option<&OsStr>) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 || path.is_absolute() {
        let path = cwd.join(path);
        return path.is_file().then_some(path);
    }
    let folders = std::env::split_paths(path_env?).collect::<Vec<_>>();
    folders.iter().find_map(|folder| {
        let names =
            if cfg!(windows) { vec![format!("{program}.exe"), program.to_owned()] } else { vec![program.to_owned()] };
        names.into_iter().map(|name| cwd.join(folder).join(name)).find(|path| path.is_file())
    })
}

/// The words of a script's first line behind `#!`.
fn first_line(script: &Path) -> Option<Vec<String>> {
    let real = std::fs::canonicalize(script).ok()?;
    let file = open_for_reading(&real).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(1024).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next()?.strip_prefix("#!")?;
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    // pip writes this for interpreters with a long path: the second line starts Python.
    if words.first().is_some_and(|first| first.ends_with("/sh"))
        && let Some(exec) = text.lines().nth(1).and_then(|line| line.strip_prefix("'''exec' "))
    {
        return exec.split_whitespace().next().map(|word| vec![word.trim_matches('"').to_owned()]);
    }
    (!words.is_empty()).then_some(words)
}
