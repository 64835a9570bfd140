//! Command lines and settings: the values that a script gets when it is run as the project runs it, or with its defaults.

use std::collections::HashMap;

use serde_json::Value;

use super::eval::Analysis;
use super::names;
use super::pattern;
use super::tree::{Expr, Function};
use super::values::{HOLE, Val, destination, dotted, each, either, folder, from_json, keyword, text_of};

/// Command lines by the script that they run.
pub(super) type Commands = HashMap<String, Vec<Vec<String>>>;

/// How many command lines of a project for one script are looked at.
const COMMANDS: usize = 16;

impl<'a> Analysis<'a> {
    /// `sys.argv`, when the project says how the script is run.
    pub(super) fn argv(&self) -> Val<'a> {
        let commands = self.context.commands(&self.path);
        let longest = commands.iter().take(COMMANDS).map(Vec::len).max().unwrap_or(0);
        if longest == 0 {
            return Val::Import("sys.argv".into());
        }
        let at = |place: usize| {
            either(
                commands
                    .iter()
                    .take(COMMANDS)
                    .filter_map(|command| command.get(place))
                    .map(|it| Val::text(it))
                    .collect(),
            )
        };
        Val::list(std::iter::once(Val::text(&self.path)).chain((0..longest.min(64)).map(at)).collect())
    }

    /// What command lines of the project give to an option or to the argument at a place.
    fn commanded(&self, flags: &[String], place: Option<usize>) -> Option<Val<'a>> {
        let mut found = Vec::new();
        for command in self.context.commands(&self.path).iter().take(COMMANDS) {
            let (mut positional, mut words) = (0, command.iter().peekable());
            while let Some(word) = words.next() {
                if let Some(flag) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                    let flag = flag.trim_start_matches('-');
                    let (flag, inline) = flag.split_once('=').map_or((flag, None), |(flag, value)| (flag, Some(value)));
                    let value =
                        inline.map(str::to_owned).or_else(|| words.next_if(|next| !next.starts_with('-')).cloned());
                    if flags.iter().any(|other| other.trim_start_matches('-') == flag) {
                        found.extend(value);
                    }
                } else {
                    if place == Some(positional) {
                        found.push(word.clone());
                    }
                    positional += 1;
                }
            }
        }
        (!found.is_empty()).then(|| either(found.iter().map(|it| Val::text(it)).collect()))
    }

    /// `parser.add_argument(...)`.
    pub(super) fn add_argument(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let flags: Vec<String> = args.iter().filter_map(Val::as_text).map(ToString::to_string).collect();
        let long = flags.iter().find(|name| name.starts_with("--")).or(flags.first());
        let name = match keyword(keywords, "dest") {
            Some(Val::Text(name)) => name.to_string(),
            _ => long.map(|name| destination(name)).unwrap_or_default(),
        };
        let place = long.is_some_and(|name| !name.starts_with('-')).then(|| {
            self.positionals += 1;
            self.positionals - 1
        });
        let action = keyword(keywords, "action").and_then(Val::as_text).map(|action| action.to_string());
        let switch = match action.as_deref() {
            Some("store_true") => Some(Val::Bool(false)),
            Some("store_false") => Some(Val::Bool(true)),
            _ => None,
        };
        let default = self.commanded(&flags, place).or_else(|| keyword(keywords, "default").cloned()).or(switch);
        let Some(default) = default else { return };
        if names::is_target_setting(&name)
            && let Val::Text(text) = &default
        {
            self.setting.get_or_insert_with(|| text.to_string());
        }
        // Several commands of one script may take an argument of the same name.
        let both = match self.arguments.get(&name) {
            Some(other) => either(vec![other.clone(), default]),
            None => default,
        };
        self.arguments.insert(name, both);
    }

    pub(super) fn set_defaults(&mut self, keywords: &[(String, Val<'a>)]) {
        for (name, value) in keywords {
            let both = match self.arguments.get(name) {
                Some(other) => either(vec![other.clone(), value.clone()]),
                None => value.clone(),
            };
            self.arguments.insert(name.clone(), both);
        }
    }

    /// What a decorator of click gives to a parameter, or hydra to the first one.
    pub(super) fn option(&mut self, function: &'a Function, name: &str) -> Option<Val<'a>> {
        let mut place = 0;
        for decorator in &function.decorators {
            let Expr::Call(call) = decorator else { continue };
            let Some(full) = dotted(&call.func) else { continue };
            let kind = full.rsplit('.').next().unwrap_or("");
            if full == "hydra.main" || (kind == "main" && full.contains("hydra")) {
                let first = function.parameters.first().is_some_and(|parameter| parameter.name == name);
                return first.then(|| self.composed(call)).flatten();
            }
            if !matches!(kind, "option" | "argument") {
                continue;
            }
            let flags: Vec<String> = call
                .args
                .iter()
                .filter_map(|arg| if let Expr::Str(text) = arg { Some(text.clone()) } else { None })
                .collect();
            let mine = flags.iter().any(|flag| destination(flag) == name || flag == name);
            if mine {
                let at = (kind == "argument").then_some(place);
                if let Some(value) = self.commanded(&flags, at) {
                    return Some(value);
                }
                let default = call.keywords.iter().find(|(key, _)| key == "default");
                let flag =
                    call.keywords.iter().any(|(key, value)| key == "is_flag" && matches!(value, Expr::Bool(true)));
                return match default {
                    Some((_, default)) => Some(self.eval(default)),
                    None => flag.then_some(Val::Bool(false)),
                };
            }
            place += usize::from(kind == "argument");
        }
        None
    }

    pub(super) fn is_group(&self, function: &Function) -> bool {
        function.decorators.iter().any(|decorator| {
            let name = if let Expr::Call(call) = decorator { dotted(&call.func) } else { dotted(decorator) };
            name.is_some_and(|name| name.ends_with(".group") || name == "group" || name.ends_with(".callback"))
        })
    }

    /// Runs the commands of an application of click or typer: the functions that it decorates. Returns whether there are any.
    pub(super) fn commands_of(&mut self, application: &str, line: u32) -> bool {
        let Some(module) = self.scopes.first().copied() else { return false };
        let mut found: Vec<(u32, Val<'a>)> = Vec::new();
        for value in self.spaces[module].names.values() {
            let Val::Function(closure) = value else { continue };
            let belongs = closure.function.decorators.iter().any(|decorator| {
                let name = if let Expr::Call(call) = decorator { dotted(&call.func) } else { dotted(decorator) };
                name.is_some_and(|name| {
                    name.rsplit_once('.').is_some_and(|(app, kind)| {
                        app == application && matches!(kind, "command" | "callback" | "group" | "default")
                    })
                })
            });
            if belongs {
                found.push((closure.function.line, value.clone()));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        for (_, function) in &found {
            self.invoke(function, &[], &[], line);
        }
        !found.is_empty()
    }

    /// Settings of a file as a value, with references such as `${a.b}` followed.
    pub(super) fn settings(&self, path: &str) -> Option<Val<'a>> {
        let document = self.context.document(path)?;
        Some(resolved(document, &from_json(document)))
    }

    /// The settings that `@hydra.main(config_path=…, config_name=…)` puts together.
    fn composed(&mut self, call: &'a super::tree::Call) -> Option<Val<'a>> {
        let text = |this: &mut Self, name: &str, at: usize| {
            let e = call.keywords.iter().find(|(key, _)| key == name).map(|(_, e)| e).or_else(|| call.args.get(at))?;
            Some(text_of(&this.eval(e)))
        };
        let folder_ = text(self, "config_path", 0).unwrap_or_default();
        let name = text(self, "config_name", 1).unwrap_or_else(|| "config".to_owned());
        let base = pattern::normal(&pattern::join(&folder(&self.file), &folder_));
        let at = |name: &str| {
            let stem = pattern::normal(&pattern::join(&base, name.trim_end_matches(".yaml").trim_end_matches(".yml")));
            ["yaml", "yml"].iter().find_map(|ending| self.context.document(&format!("{stem}.{ending}")))
        };
        let mut whole = at(&name)?.clone();
        let defaults = whole.as_object_mut().and_then(|entries| entries.remove("defaults"));
        for item in defaults.as_ref().and_then(Value::as_array).into_iter().flatten() {
            match item {
                Value::Object(pairs) => {
                    for (group, choice) in pairs {
                        let group = group.trim_start_matches("override ").trim_start_matches("optional ");
                        let Some(found) = choice.as_str().and_then(|choice| at(&format!("{group}/{choice}"))) else {
                            continue;
                        };
                        let key = group.rsplit(['/', '@']).next().unwrap_or(group);
                        merge(&mut whole, Some(key), found);
                    }
                }
                Value::String(name) if name != "_self_" => {
                    if let Some(found) = at(name) {
                        merge(&mut whole, None, found);
                    }
                }
                _ => {}
            }
        }
        Some(resolved(&whole, &from_json(&whole)))
    }
}

/// Adds settings below a key where the whole has none yet.
fn merge(whole: &mut Value, key: Option<&str>, more: &Value) {
    let Some(entries) = whole.as_object_mut() else { return };
    let place = match key {
        Some(key) => entries.entry(key).or_insert_with(|| Value::Object(serde_json::Map::new())),
        None => whole,
    };
    if let (Some(place), Some(more)) = (place.as_object_mut(), more.as_object()) {
        for (key, value) in more.iter().filter(|(key, _)| *key != "defaults") {
            place.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// The value with `${a.b}` replaced by what stands there in the document.
fn resolved<'a>(document: &Value, value: &Val<'a>) -> Val<'a> {
    let mut left = 20_000;
    replaced(document, value, &mut left)
}

fn replaced<'a>(document: &Value, value: &Val<'a>, left: &mut usize) -> Val<'a> {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return Val::Unknown;
    }
    match value {
        Val::Text(text) if text.contains("${") => Val::text(&interpolated(document, text, 0)),
        Val::List(items) => Val::list(items.borrow().iter().map(|item| replaced(document, item, left)).collect()),
        Val::Map(entries) => {
            let entries = entries.borrow();
            Val::map(entries.iter().map(|(key, item)| (key.clone(), replaced(document, item, left))).collect())
        }
        other => other.clone(),
    }
}

fn interpolated(document: &Value, text: &str, depth: usize) -> String {
    let (mut result, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        rest = after;
        result.push_str(before);
        if let Some(fallback) = name.strip_prefix("oc.env:") {
            let fallback = fallback.split_once(',').map(|(_, value)| value.trim().to_owned());
            result.push_str(&fallback.unwrap_or_else(|| HOLE.to_string()));
        } else if name.starts_with("hydra:runtime.cwd") {
            result.push('.');
        } else {
            let pointer = format!("/{}", name.trim_start_matches('.').replace('.', "/"));
            match document.pointer(&pointer) {
                Some(Value::String(inner)) if depth < 8 && result.len() < 4_096 => {
                    result.push_str(&interpolated(document, inner, depth + 1));
                }
                Some(Value::Number(number)) => result.push_str(&number.to_string()),
                _ => result.push(HOLE),
            }
        }
    }
    result.push_str(rest);
    result
}

/// The arguments with which commands in a text run scripts of a project: `python src/a.py --x 1`. `variables` are those of a
/// Makefile.
pub(super) fn commands_in(text: &str, variables: &HashMap<String, String>, found: &mut Commands) {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in joined.lines().take(20_000) {
        for command in line.split([';', '|', '&']) {
            let words: Vec<String> =
                super::shell::words(command).iter().map(|word| expanded(word, variables)).collect();
            let Some(start) = words.iter().position(|word| {
                let name = word.trim_start_matches('@').rsplit('/').next().unwrap_or(word);
                name.starts_with("python") && !name.ends_with(".py")
            }) else {
                continue;
            };
            let mut rest = words[start + 1..].iter().peekable();
            while rest.next_if(|word| matches!(word.as_str(), "-u" | "-O" | "-B")).is_some() {}
            let script = match rest.next() {
                Some(module) if module == "-m" => rest.next().map(|name| format!("{}.py", name.replace('.', "/"))),
                Some(path) if path.ends_with(".py") => Some(pattern::normal(path)),
                _ => None,
            };
            if let Some(script) = script {
                let lists = found.entry(script).or_default();
                if lists.len() < COMMANDS {
                    lists.push(
                        rest.take_while(|word| !matches!(word.as_str(), ">" | ">>" | "2>" | "<")).cloned().collect(),
                    );
                }
            }
        }
    }
}

/// The variables that a Makefile or a shell script sets to a plain text.
pub(super) fn variables_in(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for line in text.lines().take(20_000) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            let name = name.trim_end_matches([':', '?', ' ']);
            let plain = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            if plain && !line.starts_with(['\t', ' ']) && found.len() < 1_000 {
                let value = expanded(value.trim().trim_matches(['"', '\'']), &found);
                found.insert(name.to_owned(), value);
            }
        }
    }
    found
}

fn expanded(word: &str, variables: &HashMap<String, String>) -> String {
    if !word.contains('$') || word.len() > 1_000 {
        return word.to_owned();
    }
    let (mut result, mut rest) = (String::new(), word);
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let close = match after.chars().next() {
            Some('(') => Some(')'),
            Some('{') => Some('}'),
            _ => None,
        };
        let (name, after) = match close {
            Some(close) => after[1..].split_once(close).unwrap_or((&after[1..], "")),
            None => {
                let end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        match variables.get(name) {
            Some(value) if result.len() < 1_000 => result.push_str(value),
            _ => result.push(HOLE),
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// The defaults that parameters of typer, pydantic and data classes wrap.
pub(super) fn wrapped<'a>(args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
    let value = keyword(keywords, "default").or(args.first()).cloned().unwrap_or_default();
    each(&value, |value| match value {
        // `typer.Option("--name")` names the option; `...` and `None` give nothing.
        Val::Text(text) if text.starts_with('-') => Val::Unknown,
        value => value.clone(),
    })
}
