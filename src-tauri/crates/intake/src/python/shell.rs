//! Commands of the shell and magics of notebooks: the few that read and write files.

use super::eval::Analysis;
use super::io::Access;
use super::pattern;
use super::values::{HOLE, Val, text_of};

/// The words of a command, quotes taken off.
pub(super) fn words(command: &str) -> Vec<String> {
    let (mut found, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for letter in command.chars().take(20_000) {
        match (letter, quote) {
            (letter, Some(sign)) if letter == sign => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                any = true;
            }
            (letter, None) if letter.is_whitespace() => {
                if any || !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (letter, _) => word.push(letter),
        }
    }
    if any || !word.is_empty() {
        found.push(word);
    }
    found
}

impl<'a> Analysis<'a> {
    pub(super) fn magic(&mut self, sign: char, text: &str, line: u32) {
        if sign == '!' {
            self.shell(text, "!", line);
            return;
        }
        let mut parts = text.splitn(2, char::is_whitespace);
        let (name, rest) = (parts.next().unwrap_or(""), parts.next().unwrap_or("").trim());
        match name {
            "cd" => self.change_folder(rest.trim_matches(['"', '\''])),
            "run" => {
                let words = words(rest);
                let script = words.iter().find(|word| word.ends_with(".py") || word.ends_with(".ipynb"));
                if let Some(script) = script {
                    self.record(Access::Read, script, "%run", line);
                    let script = self.placed(script);
                    self.include(&script, line);
                }
            }
            "writefile" | "%writefile" | "file" | "%file" => {
                if let Some(path) = words(rest).iter().find(|word| !word.starts_with('-')) {
                    self.record(Access::Write, path, "%%writefile", line);
                }
            }
            "sql" | "%sql" => {
                self.query(rest, None, "%sql", line);
            }
            "sh" | "bash" | "%sh" | "%bash" | "system" | "sx" => self.shell(rest, "!", line),
            "load" => {
                self.record(Access::Read, rest, "%load", line);
            }
            _ => {}
        }
    }

    /// Another script that runs in the names of this one.
    fn include(&mut self, path: &str, line: u32) {
        let context = self.context;
        let Some(parsed) = context.module(path).filter(|_| self.active.len() < 4 && *self.file != *path) else {
            return;
        };
        let file = std::mem::replace(&mut self.file, path.into());
        let main = std::mem::replace(&mut self.path, path.into());
        let outer = self.line;
        self.line = outer.or(Some(line));
        self.active.push(std::ptr::null());
        self.block(&parsed.body);
        self.active.pop();
        self.line = outer;
        self.path = main;
        self.file = file;
    }

    pub(super) fn change_folder(&mut self, to: &str) {
        let to = self.placed(to);
        self.folder = Some(to.into());
    }

    /// The commands of a shell line: what those that copy, move, fetch and unpack do. `{name}` and `$name` are Python names.
    pub(super) fn shell(&mut self, text: &str, call: &str, line: u32) {
        for command in text.split(['\n', ';', '|']).flat_map(|part| part.split("&&")).take(200) {
            let words: Vec<String> = words(command).iter().map(|word| self.in_shell(word)).collect();
            self.command(&words, call, line);
        }
    }

    fn in_shell(&self, word: &str) -> String {
        let (mut result, mut rest) = (String::new(), word);
        while let Some(at) = rest.find(['{', '$']) {
            result.push_str(&rest[..at]);
            let after = rest[at + 1..].trim_start_matches('{');
            let end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(after.len());
            result.push_str(&text_of(&self.lookup(&after[..end])));
            rest = after[end..].trim_start_matches('}');
        }
        result.push_str(rest);
        result
    }

    /// One command as a list of words.
    pub(super) fn command(&mut self, words: &[String], call: &str, line: u32) {
        let Some(program) =
            words.iter().position(|word| !matches!(word.as_str(), "sudo" | "time" | "env") && !word.contains('='))
        else {
            return;
        };
        let (program, rest) = (&words[program], &words[program + 1..]);
        let called = if call == "!" { format!("!{program}") } else { call.to_owned() };
        let (mut plain, mut options): (Vec<&str>, Vec<(&str, &str)>) = (Vec::new(), Vec::new());
        let mut at = rest.iter();
        while let Some(word) = at.next() {
            match word.as_str() {
                "-O" | "-o" | "--output" | "-d" | "--output-document" | "-P" | "-C" | "-f" | "-xf" | "-xzf"
                | "-xvf" | "-zxvf" | "-xvzf"
                    if !(program == "unzip" && word == "-o") =>
                {
                    options.extend(at.clone().next().map(|value| (word.as_str(), value.as_str())));
                    if !word.starts_with("-x") && !word.starts_with("-z") || word == "-f" {
                        at.next();
                    }
                }
                ">" | ">>" => options.extend(at.next().map(|value| (">", value.as_str()))),
                word if word.starts_with('-') || word.starts_with('>') || word.starts_with("2>") => {}
                word => plain.push(word),
            }
        }
        let option = |names: &[&str]| options.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value);
        let mut note = |access, path: &str| {
            self.record(access, path, &called, line);
        };
        match program.as_str() {
            "cp" | "mv" | "ln" | "rsync" => {
                if let [from @ .., to] = plain.as_slice() {
                    for path in from {
                        note(Access::Read, path);
                        let into =
                            if to.ends_with('/') { pattern::join(to, pattern::name(path)) } else { (*to).to_owned() };
                        note(Access::Write, &into);
                    }
                }
            }
            "wget" | "curl" => {
                let url = plain.iter().find(|word| word.contains("://"));
                if let Some(url) = url {
                    note(Access::Read, url);
                    let name = pattern::name(url);
                    match (option(&["-O", "-o", "--output", "--output-document"]), option(&["-P"])) {
                        (Some(path), _) if path != "-" && !path.contains("://") => note(Access::Write, path),
                        (_, Some(folder)) => note(Access::Write, &pattern::join(folder, name)),
                        (None, None) if program == "wget" => note(Access::Write, name),
                        _ => {}
                    }
                }
            }
            "unzip" => {
                if let Some(archive) = plain.first() {
                    note(Access::Read, archive);
                    if let Some(folder) = option(&["-d"]) {
                        note(Access::Write, folder);
                    }
                }
            }
            "tar" => {
                if let Some(archive) = plain.iter().find(|word| word.contains(".t")) {
                    note(Access::Read, archive);
                    if let Some(folder) = option(&["-C"]) {
                        note(Access::Write, folder);
                    }
                }
            }
            "gunzip" => plain.iter().for_each(|path| note(Access::Read, path)),
            "python" | "python3" => {
                if let Some(script) = plain.first().filter(|word| word.ends_with(".py")) {
                    note(Access::Read, script);
                }
            }
            "cd" if call == "!" => {}
            _ => {
                if let Some(path) = option(&[">"]).filter(|path| !path.starts_with("/dev/")) {
                    note(Access::Write, path);
                }
            }
        }
    }

    /// `subprocess.run([...])`, `os.system("...")`.
    pub(super) fn subprocess(&mut self, command: Option<&Val<'a>>, call: &str, line: u32) {
        match command {
            Some(Val::List(items)) => {
                let words: Vec<String> = items.borrow().iter().map(text_of).collect();
                self.command(&words, call, line);
            }
            Some(Val::Text(text)) if !text.starts_with(HOLE) => {
                let text = text.to_string();
                for part in text.split([';', '|']).flat_map(|part| part.split("&&")).take(200) {
                    self.command(&words(part), call, line);
                }
            }
            _ => {}
        }
    }
}
