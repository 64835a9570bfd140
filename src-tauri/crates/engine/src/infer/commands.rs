//! Commands that files of a project spell out: Makefiles, shell scripts, READMEs, container and CI files.

use std::collections::BTreeSet;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::inference::Invocation;

/// Larger files are no recipes for people or machines.
pub(crate) const LARGEST: u64 = 256 * 1024;

/// Whether a file may spell out commands.
pub(crate) fn may_hold_commands(path: &RelPath) -> bool {
    let name = path.file_name().to_lowercase();
    matches!(
        path.extension().as_str(),
        "sh" | "bash" | "mk" | "md" | "rst" | "yml" | "yaml" | "bat" | "cmd" | "ps1" | "just"
    ) || name == "makefile"
        || name == "justfile"
        || name == "procfile"
        || name.starts_with("dockerfile")
}

/// The commands in a text that run a script of the project. `lies_there` tells whether a path is one of its scripts.
pub(crate) fn commands_in(path: &RelPath, text: &str, scripts: &BTreeSet<&str>) -> Vec<Invocation> {
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found: Vec<Invocation> = Vec::new();
    let mut number = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        number += 1;
        let first = number;
        let mut whole = line.trim_end().to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let Some(next) = lines.next() else { break };
            number += 1;
            whole.push(' ');
            whole.push_str(next.trim());
        }
        if whole.len() > 4_000 {
            continue;
        }
        for part in whole.split(['&', ';', '|', '`']) {
            if let Some(mut command) = command_in(part, folder, scripts) {
                command.place = format!("{path} line {first}");
                found.push(command);
            }
        }
    }
    found
}

fn command_in(part: &str, folder: &str, scripts: &BTreeSet<&str>) -> Option<Invocation> {
    let words: Vec<&str> = part.split_whitespace().map(|word| word.trim_matches(['"', '\'', '[', ']', ','])).collect();
    let at = words.iter().position(|word| is_python(word))?;
    let mut rest = words[at + 1..].iter().copied().peekable();
    let mut module = false;
    let script = loop {
        match rest.next()? {
            "-m" => module = true,
            option if option.starts_with('-') => {}
            word => break word,
        }
    };
    let written =
        if module { format!("{}.py", script.replace('.', "/")) } else { script.trim_start_matches("./").to_owned() };
    let candidates = [written.clone(), format!("{folder}/{written}"), format!("src/{written}")];
    let script = candidates.iter().find(|path| scripts.contains(path.as_str()))?;
    let arguments: Vec<String> = rest
        .take_while(|word| !matches!(*word, ">" | ">>" | "<" | "#") && !word.starts_with('>'))
        .map(|word| word.split_once('=').filter(|_| word.starts_with('-')).map_or(word, |(_, value)| value))
        .filter(|word| !word.starts_with('-') && !word.is_empty())
        .map(|word| word.trim_matches(['"', '\'']).to_owned())
        .collect();
    let command = words[at..].join(" ").chars().take(300).collect();
    Some(Invocation { place: String::new(), script: RelPath::new(script.clone()), command, arguments })
}

fn is_python(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.strip_prefix("python").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Vec<String>)> {
        let scripts = BTreeSet::from(["train.py", "pkg/score.py", "jobs/prepare.py"]);
        let path = RelPath::from("jobs/run.sh");
        commands_in(&path, text, &scripts).into_iter().map(|it| (it.script.to_string(), it.arguments)).collect()
    }

    #[test]
    fn scripts_modules_and_arguments_are_found_where_people_write_them() {
        let text = "set -e\npython3 train.py --in data/a.csv \\\n  --out=models/m.pkl && python -m pkg.score models/m.pkl > log\n.venv/bin/python3.11 prepare.py 'x y'\n";
        assert_eq!(
            found(text),
            [
                ("train.py".into(), vec!["data/a.csv".into(), "models/m.pkl".into()]),
                ("pkg/score.py".into(), vec!["models/m.pkl".into()]),
                ("jobs/prepare.py".into(), vec!["x".into(), "y".into()]),
            ]
        );
    }

    #[test]
    fn other_programs_and_unknown_scripts_are_none() {
        assert_eq!(found("pythonic train.py\necho python\nRscript train.py\npython elsewhere.py a\n"), []);
        assert_eq!(found("CMD [\"python\", \"train.py\", \"a.csv\"]"), [("train.py".into(), vec!["a.csv".into()])]);
    }
}
