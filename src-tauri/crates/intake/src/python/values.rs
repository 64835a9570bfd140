//! Operations on values that need nothing but the values.

use super::eval::{Val, WEIGHT};
use super::pattern;
use super::syntax::Expr;

/// How long a text may grow.
const TEXT: usize = 4_096;

/// The value, or nothing when it holds so much that copying it would take long.
pub(super) fn light(value: Val<'_>) -> Val<'_> {
    let mut left = WEIGHT;
    if weigh(&value, &mut left) { value } else { Val::Unknown }
}

pub(super) fn weigh(value: &Val<'_>, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match value {
        Val::List(items) => items.iter().all(|item| weigh(item, left)),
        Val::Map(entries) => entries.iter().all(|(_, item)| weigh(item, left)),
        _ => true,
    }
}

pub(super) fn add(list: &mut Vec<String>, name: &str) {
    if list.len() < 100_000 && !list.iter().any(|other| other == name) {
        list.push(name.to_owned());
    }
}

pub(super) fn value_again<'a>(origin: Option<usize>) -> Val<'a> {
    Val::Table(origin)
}

pub(super) fn value_like<'a>(receiver: &Val<'a>, origin: Option<usize>) -> Val<'a> {
    match receiver {
        Val::Columns(names, _) => Val::Columns(names.clone(), origin),
        _ => Val::Table(origin),
    }
}

pub(super) fn keyword<'v, 'a>(keywords: &'v [(String, Val<'a>)], name: &str) -> Option<&'v Val<'a>> {
    keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The name under which an option arrives: `--input-path` as `input_path`.
pub(super) fn destination(option: &str) -> String {
    option.split(['/', ' ']).next().unwrap_or(option).trim_start_matches('-').replace('-', "_")
}

pub(super) fn folder(path: &str) -> String {
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

pub(super) fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT) {
        Some((at, _)) => format!("{}*", &text[..at]),
        None => text,
    }
}

pub(super) fn split_name(path: &str) -> (String, String) {
    let name = pattern::name(path);
    match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => (name[..at].to_owned(), name[at..].to_owned()),
        None => (name.to_owned(), String::new()),
    }
}

/// A value inside a text.
pub(super) fn text_of(value: &Val<'_>) -> String {
    match value {
        Val::Text(text) | Val::Path(text) | Val::Handle(text) => text.clone(),
        Val::Number(number) => number.to_string(),
        _ => "*".to_owned(),
    }
}

/// A value as the path of a file, if it can be one.
pub(super) fn path_text(value: &Val<'_>) -> Option<String> {
    match value {
        Val::Text(text) | Val::Path(text) | Val::Handle(text) => Some(text.clone()),
        Val::List(items) => {
            items.first().and_then(|first| if matches!(first, Val::List(_)) { None } else { path_text(first) })
        }
        _ => None,
    }
}

pub(super) fn from_json<'a>(value: &serde_json::Value) -> Val<'a> {
    match value {
        serde_json::Value::String(text) => Val::Text(text.clone()),
        serde_json::Value::Number(number) => number.as_i64().map_or(Val::Unknown, Val::Number),
        serde_json::Value::Array(items) => Val::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(_) => Val::Document(value.clone()),
        _ => Val::Unknown,
    }
}

pub(super) fn binary<'a>(op: char, left: Val<'a>, right: Val<'a>) -> Val<'a> {
    match (op, left, right) {
        ('/', Val::Path(left), right) => {
            Val::Path(pattern::join(&left, &path_text(&right).unwrap_or_else(|| "*".to_owned())))
        }
        // Something unknown, joined with text: a path whose folder is not known.
        ('/', Val::Unknown, Val::Text(right)) => Val::Path(pattern::join("*", &right)),
        ('/', Val::Text(left), Val::Path(right)) => Val::Path(pattern::join(&left, &right)),
        ('+', Val::List(mut left), Val::List(right)) if left.len() + right.len() < 100_000 => {
            left.extend(right);
            light(Val::List(left))
        }
        ('+', Val::List(left), _) => Val::List(left),
        ('+', Val::Columns(left, origin), _) | ('+' | '/' | '%' | '?', _, Val::Columns(left, origin)) => {
            Val::Columns(left, origin)
        }
        ('+', Val::Number(left), Val::Number(right)) => left.checked_add(right).map_or(Val::Unknown, Val::Number),
        ('+', left @ (Val::Text(_) | Val::Unknown), right @ (Val::Text(_) | Val::Unknown | Val::Number(_))) => {
            if matches!((&left, &right), (Val::Unknown, Val::Unknown)) {
                return Val::Unknown;
            }
            Val::Text(cut(pattern::squeeze(&format!("{}{}", text_of(&left), text_of(&right)))))
        }
        ('%', Val::Text(left), right) => {
            let values = match right {
                Val::List(items) => items,
                other => vec![other],
            };
            Val::Text(percent(&left, &values))
        }
        ('?' | '/' | '%', Val::Columns(names, origin), _) => Val::Columns(names, origin),
        (_, Val::Table(origin), _) | (_, _, Val::Table(origin)) => Val::Table(origin),
        _ => Val::Unknown,
    }
}

/// `"%s/%d.csv" % values`.
pub(super) fn percent(text: &str, values: &[Val<'_>]) -> String {
    let (mut result, mut values, mut letters) = (String::new(), values.iter(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            result.push(letter);
            continue;
        }
        let mut spec = String::new();
        while let Some(next) = letters.next_if(|next| !next.is_alphabetic() && *next != '%') {
            spec.push(next);
        }
        match letters.next() {
            Some('%') => result.push('%'),
            Some(_) => {
                let value = values.next().map_or("*".to_owned(), text_of);
                result.push_str(if spec.is_empty() { &value } else { "*" });
            }
            None => {}
        }
    }
    cut(pattern::squeeze(&result))
}

pub(super) fn text_method<'a>(text: &str, method: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
    let plain = |at: usize| match args.get(at) {
        Some(Val::Text(text)) if !text.contains('*') => Some(text.as_str()),
        _ => None,
    };
    Val::Text(match method {
        "format" => {
            let mut result = String::new();
            let mut next = 0;
            let mut rest = text;
            while let Some((before, after)) = rest.split_once('{') {
                result.push_str(before);
                if let Some(after) = after.strip_prefix('{') {
                    result.push('{');
                    rest = after;
                    continue;
                }
                let Some((hole, after)) = after.split_once('}') else { break };
                rest = after;
                let value = match hole {
                    "" => {
                        next += 1;
                        args.get(next - 1)
                    }
                    hole => hole.parse::<usize>().ok().and_then(|at| args.get(at)).or_else(|| keyword(keywords, hole)),
                };
                result.push_str(&value.map_or("*".to_owned(), text_of));
            }
            result.push_str(rest);
            pattern::squeeze(&result)
        }
        "join" => match args.first() {
            Some(Val::List(items)) => items.iter().map(text_of).collect::<Vec<_>>().join(text),
            _ => "*".to_owned(),
        },
        "replace" => match (plain(0), plain(1)) {
            (Some(from), Some(to)) if !from.is_empty() => text.replace(from, to),
            _ => return Val::Unknown,
        },
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "strip" | "lstrip" | "rstrip" | "encode" | "decode" | "expandtabs" => text.trim().to_owned(),
        "rsplit" | "split" => {
            let Some(by) = plain(0).filter(|by| !by.is_empty()) else {
                return Val::List(text.split_whitespace().map(|part| Val::Text(part.to_owned())).collect());
            };
            return Val::List(text.split(by).map(|part| Val::Text(part.to_owned())).collect());
        }
        _ => return Val::Unknown,
    })
}

/// A chain of names such as `a.b.c` as text.
pub(super) fn dotted(e: &Expr) -> Option<String> {
    match e {
        Expr::Name(name) => Some(name.clone()),
        Expr::Attribute(base, name) => Some(format!("{}.{name}", dotted(base)?)),
        _ => None,
    }
}
