//! What is known about a value, and operations that need nothing but the values.

use std::cell::RefCell;
use std::rc::Rc;

use super::frame::{Groups, Labels, Series};
use super::pattern;
use super::tree::{Expr, Function};

/// Stands inside text for what is not known.
pub(super) const HOLE: char = '\u{2}';
/// How long a text may grow, in characters.
const TEXT: usize = 4_096;
/// How many values one value may hold.
const WEIGHT: usize = 20_000;
/// How many possible values of one variable are told apart.
const CHOICES: usize = 24;

/// Shared elements of a list.
pub(super) type Items<'a> = Rc<RefCell<Vec<Val<'a>>>>;
/// Shared entries of a dictionary.
pub(super) type Entries<'a> = Rc<RefCell<Vec<(Rc<str>, Val<'a>)>>>;
/// Named arguments of a call.
pub(super) type Named<'a> = Vec<(String, Val<'a>)>;

/// What is known about a value.
#[derive(Debug, Clone, Default)]
pub(super) enum Val<'a> {
    /// Nothing.
    #[default]
    Unknown,
    /// `None`.
    Nothing,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Number(i64),
    /// Text, with [`HOLE`] for what is unknown in it.
    Text(Rc<str>),
    /// A `pathlib` path.
    Path(Rc<str>),
    /// A list, tuple or set.
    List(Items<'a>),
    /// A dictionary with text keys.
    Map(Entries<'a>),
    /// One of these, depending on what cannot be known.
    Choice(Rc<Vec<Val<'a>>>),
    /// Something of a library, by its dotted name.
    Import(Rc<str>),
    /// A module of the project, by its path.
    Module(Rc<str>),
    /// A function of the project.
    Function(Rc<Closure<'a>>),
    /// A function with some arguments given.
    Partial(Rc<(Val<'a>, Vec<Val<'a>>, Named<'a>)>),
    /// A class (true) or object of the project, by its number.
    Object(usize, bool),
    /// `super()`: the object and the class to look in.
    Super(usize, usize),
    /// Parsed command-line arguments.
    Arguments,
    /// An open file: its path, the read it was noted as, the write it was noted as.
    Handle(Rc<str>, Option<usize>, Option<usize>),
    /// A connection to a database, by its number.
    Connection(usize),
    /// A table, by its number.
    Table(usize),
    /// A column or values made from columns.
    Series(Rc<Series>),
    /// A grouped table.
    Groups(Rc<Groups>),
    /// Names of columns.
    Labels(Rc<Labels>),
    /// A model, transformer or training set, by its number.
    Model(usize),
    /// The reader or writer of a Spark table with what was set on it.
    Spark(Option<usize>, Rc<str>),
}

/// A function with what it sees.
#[derive(Debug)]
pub(super) struct Closure<'a> {
    /// The function.
    pub(super) function: &'a Function,
    /// The file in which it stands.
    pub(super) file: Rc<str>,
    /// The scopes around it, outermost first.
    pub(super) scopes: Rc<Vec<usize>>,
    /// The object or class that it is bound to.
    pub(super) object: Option<(usize, bool)>,
    /// The class in which it stands.
    pub(super) class: Option<usize>,
}

impl<'a> Val<'a> {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn path(path: &str) -> Self {
        Self::Path(path.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        light(Self::List(Rc::new(RefCell::new(items))))
    }

    pub(super) fn map(entries: Vec<(Rc<str>, Self)>) -> Self {
        light(Self::Map(Rc::new(RefCell::new(entries))))
    }

    pub(super) fn series(series: Series) -> Self {
        Self::Series(Rc::new(series))
    }

    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The elements of a list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items.borrow().clone()),
            _ => None,
        }
    }

    /// An entry of a dictionary.
    pub(super) fn entry(&self, key: &str) -> Option<Self> {
        match self {
            Self::Map(entries) => {
                entries.borrow().iter().find(|(name, _)| &**name == key).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The value, or nothing when it holds so much that following it would take long.
pub(super) fn light(value: Val<'_>) -> Val<'_> {
    let mut left = WEIGHT;
    if weigh(&value, &mut left, 40) { value } else { Val::Unknown }
}

fn weigh(value: &Val<'_>, left: &mut usize, depth: usize) -> bool {
    let (Some(rest), Some(depth)) = (left.checked_sub(1), depth.checked_sub(1)) else { return false };
    *left = rest;
    match value {
        // A list that is being changed is about to be put into itself.
        Val::List(items) => items.try_borrow().is_ok_and(|items| items.iter().all(|item| weigh(item, left, depth))),
        Val::Map(entries) => {
            entries.try_borrow().is_ok_and(|entries| entries.iter().all(|(_, item)| weigh(item, left, depth)))
        }
        Val::Choice(items) => items.iter().all(|item| weigh(item, left, depth)),
        Val::Partial(parts) => {
            weigh(&parts.0, left, depth)
                && parts.1.iter().all(|item| weigh(item, left, depth))
                && parts.2.iter().all(|(_, item)| weigh(item, left, depth))
        }
        _ => true,
    }
}

/// Puts a value at the end of a list, unless the list would then hold itself or too much.
pub(super) fn push<'a>(list: &Items<'a>, value: Val<'a>) {
    let Ok(mut items) = list.try_borrow_mut() else { return };
    if items.len() < 2_000 {
        let value = light(value);
        items.push(value);
    }
}

/// Sets an entry of a dictionary, unless it would then hold itself or too much.
pub(super) fn put<'a>(map: &Entries<'a>, key: &str, value: Val<'a>) {
    let Ok(mut entries) = map.try_borrow_mut() else { return };
    let value = light(value);
    if let Some(entry) = entries.iter_mut().find(|(name, _)| &**name == key) {
        entry.1 = value;
    } else if entries.len() < 2_000 {
        entries.push((key.into(), value));
    }
}

pub(super) fn add(list: &mut Vec<String>, name: &str) {
    if list.len() < 100_000 && !list.iter().any(|other| other == name) {
        list.push(name.to_owned());
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
        Some((at, _)) => format!("{}{HOLE}", &text[..at]),
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
        Val::Text(text) | Val::Path(text) | Val::Handle(text, ..) => text.to_string(),
        Val::Number(number) => number.to_string(),
        Val::Bool(true) => "True".to_owned(),
        Val::Bool(false) => "False".to_owned(),
        _ => HOLE.to_string(),
    }
}

/// A value inside a text, in a format such as `03d`.
pub(super) fn formatted(value: &Val<'_>, spec: &str) -> String {
    match (value, spec) {
        (value, "" | "s" | "d" | "i" | "r") => text_of(value),
        (Val::Number(number), spec) => {
            let digits = spec.trim_end_matches(['d', 'i']);
            match digits.strip_prefix('0').map(str::parse::<usize>) {
                Some(Ok(width)) if width <= 64 => format!("{number:0width$}"),
                _ => HOLE.to_string(),
            }
        }
        _ => HOLE.to_string(),
    }
}

/// A value as the paths of files, if it can be that.
pub(super) fn path_texts(value: &Val<'_>) -> Vec<Rc<str>> {
    match value {
        Val::Text(text) | Val::Path(text) | Val::Handle(text, ..) => vec![text.clone()],
        Val::Choice(items) => items.iter().flat_map(path_texts).collect(),
        Val::List(items) => items
            .borrow()
            .iter()
            .filter(|item| matches!(item, Val::Text(_) | Val::Path(_)))
            .flat_map(path_texts)
            .take(1_000)
            .collect(),
        _ => Vec::new(),
    }
}

/// A value as the path of a file, if it can be one.
pub(super) fn path_text(value: &Val<'_>) -> Option<String> {
    path_texts(value).first().map(ToString::to_string)
}

pub(super) fn from_json<'a>(value: &serde_json::Value) -> Val<'a> {
    match value {
        serde_json::Value::Null => Val::Nothing,
        serde_json::Value::Bool(flag) => Val::Bool(*flag),
        serde_json::Value::String(text) => Val::text(text),
        serde_json::Value::Number(number) => number.as_i64().map_or(Val::Unknown, Val::Number),
        serde_json::Value::Array(items) => Val::list(items.iter().take(2_000).map(from_json).collect()),
        serde_json::Value::Object(entries) => {
            Val::map(entries.iter().take(2_000).map(|(key, value)| (key.as_str().into(), from_json(value))).collect())
        }
    }
}

/// Either of two values, when it cannot be known which.
pub(super) fn either<'a>(values: Vec<Val<'a>>) -> Val<'a> {
    let mut all: Vec<Val<'a>> = Vec::new();
    for value in values {
        let parts = match &value {
            Val::Choice(items) => items.to_vec(),
            _ => vec![value],
        };
        for part in parts {
            let known = all.iter().any(|other| match (other, &part) {
                (Val::Text(a) | Val::Path(a), Val::Text(b) | Val::Path(b)) => a == b,
                (Val::Number(a), Val::Number(b)) => a == b,
                (Val::Table(a), Val::Table(b)) => a == b,
                (Val::Nothing, Val::Nothing) => true,
                _ => false,
            });
            if !known && part.is_known() && all.len() < CHOICES {
                all.push(part);
            }
        }
    }
    // `None` is no path and no table: it says only that there may be none.
    if all.len() > 1 {
        all.retain(|value| !matches!(value, Val::Nothing));
    }
    match all.len() {
        0 => Val::Unknown,
        1 => all.swap_remove(0),
        _ if all
            .iter()
            .all(|value| matches!(value, Val::Text(_) | Val::Path(_) | Val::Number(_) | Val::Function(_))) =>
        {
            Val::Choice(Rc::new(all))
        }
        _ => all.swap_remove(0),
    }
}

/// Does something with each of the values that one may have.
pub(super) fn each<'a>(value: &Val<'a>, mut f: impl FnMut(&Val<'a>) -> Val<'a>) -> Val<'a> {
    match value {
        Val::Choice(items) => either(items.iter().map(f).collect()),
        value => f(value),
    }
}

/// Operations on texts, paths, numbers and lists. `None` for all others.
pub(super) fn binary<'a>(op: char, left: &Val<'a>, right: &Val<'a>) -> Option<Val<'a>> {
    if let Val::Choice(items) = left {
        return Some(either(items.iter().filter_map(|item| binary(op, item, right)).collect()));
    }
    if let Val::Choice(items) = right {
        return Some(either(items.iter().filter_map(|item| binary(op, left, item)).collect()));
    }
    let or_hole = |value: &Val<'a>| path_text(value).unwrap_or_else(|| HOLE.to_string());
    Some(match (op, left, right) {
        ('/', Val::Path(left), right) => Val::path(&cut(pattern::join(left, &or_hole(right)))),
        // Something unknown, joined with text: a path whose folder is not known.
        ('/', Val::Unknown | Val::Nothing, Val::Text(right)) => Val::path(&pattern::join(&HOLE.to_string(), right)),
        ('/', Val::Text(left), Val::Path(right)) => Val::path(&pattern::join(left, right)),
        ('+', Val::List(left), Val::List(right)) => {
            let mut all = left.borrow().clone();
            all.extend(right.borrow().iter().cloned());
            Val::list(all)
        }
        ('+', Val::List(left), Val::Labels(labels)) | ('+', Val::Labels(labels), Val::List(left)) => {
            let mut all = left.borrow().clone();
            all.push(Val::Labels(labels.clone()));
            Val::list(all)
        }
        ('+', Val::List(left), Val::Unknown) => Val::List(left.clone()),
        ('-', Val::List(left), Val::List(right)) => {
            let right: Vec<Rc<str>> = right.borrow().iter().filter_map(Val::as_text).cloned().collect();
            let rest = left
                .borrow()
                .iter()
                .filter(|item| item.as_text().is_none_or(|text| !right.contains(text)))
                .cloned()
                .collect();
            Val::list(rest)
        }
        ('+', Val::Number(left), Val::Number(right)) => left.checked_add(*right).map_or(Val::Unknown, Val::Number),
        ('-', Val::Number(left), Val::Number(right)) => left.checked_sub(*right).map_or(Val::Unknown, Val::Number),
        ('+', Val::Unknown, Val::Unknown) => Val::Unknown,
        (
            '+',
            Val::Text(_) | Val::Unknown | Val::Nothing | Val::Path(_),
            Val::Text(_) | Val::Unknown | Val::Nothing | Val::Number(_) | Val::Path(_),
        ) => Val::text(&cut(pattern::squeeze(&format!("{}{}", text_of(left), text_of(right))))),
        ('+', Val::Text(_), Val::Series(_) | Val::Table(_)) => return None,
        ('%', Val::Text(left), right) => {
            let values = right.items().unwrap_or_else(|| vec![right.clone()]);
            Val::text(&percent(left, &values, right))
        }
        _ => return None,
    })
}

/// `"%s/%d.csv" % values`, `"%(a)s" % {"a": 1}`.
fn percent<'a>(text: &str, values: &[Val<'a>], whole: &Val<'a>) -> String {
    let (mut result, mut values, mut letters) = (String::new(), values.iter(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            result.push(letter);
            continue;
        }
        let mut name = None;
        if letters.next_if_eq(&'(').is_some() {
            let mut inner = String::new();
            while let Some(next) = letters.next_if(|next| *next != ')') {
                inner.push(next);
            }
            letters.next();
            name = Some(inner);
        }
        let mut spec = String::new();
        while let Some(next) = letters.next_if(|next| !next.is_alphabetic() && *next != '%') {
            spec.push(next);
        }
        match letters.next() {
            Some('%') => result.push('%'),
            Some(kind) => {
                spec.push(kind);
                let value = match name {
                    Some(name) => whole.entry(&name).unwrap_or_default(),
                    None => values.next().cloned().unwrap_or_default(),
                };
                result.push_str(&formatted(&value, &spec));
            }
            None => {}
        }
    }
    cut(pattern::squeeze(&result))
}

fn format_text<'a>(text: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> String {
    let (mut result, mut next, mut rest) = (String::new(), 0, text);
    while let Some((before, after)) = rest.split_once('{') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('{') {
            result.push('{');
            rest = after;
            continue;
        }
        let Some((hole, after)) = after.split_once('}') else { break };
        rest = after;
        let (name, spec) = hole.split_once(':').unwrap_or((hole, ""));
        let value = if name.is_empty() {
            next += 1;
            args.get(next - 1).cloned()
        } else {
            let plain = name.parse::<usize>().ok().and_then(|at| args.get(at)).or_else(|| keyword(keywords, name));
            let inner =
                || name.split_once('[').and_then(|(map, key)| keyword(keywords, map)?.entry(key.trim_end_matches(']')));
            plain.cloned().or_else(inner)
        };
        result.push_str(&formatted(&value.unwrap_or_default(), spec));
    }
    result.push_str(rest);
    cut(pattern::squeeze(&result))
}

pub(super) fn text_method<'a>(text: &str, method: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
    let plain = |at: usize| args.get(at).and_then(Val::as_text).filter(|text| !text.contains(HOLE));
    let changed = |text: String| Val::text(&text);
    match method {
        "format" => changed(format_text(text, args, keywords)),
        "format_map" => {
            let named: Named<'a> = match args.first() {
                Some(Val::Map(entries)) => {
                    entries.borrow().iter().map(|(key, value)| (key.to_string(), value.clone())).collect()
                }
                _ => Vec::new(),
            };
            changed(format_text(text, &[], &named))
        }
        "join" => match args.first().and_then(Val::items) {
            Some(items) => changed(cut(items.iter().map(text_of).collect::<Vec<_>>().join(text))),
            None => changed(HOLE.to_string()),
        },
        "replace" => match (plain(0), args.get(1)) {
            (Some(from), Some(to @ (Val::Text(_) | Val::Number(_) | Val::Unknown))) if !from.is_empty() => {
                changed(cut(text.replace(&**from, &text_of(to))))
            }
            _ => Val::Unknown,
        },
        "lower" | "casefold" => changed(text.to_lowercase()),
        "upper" => changed(text.to_uppercase()),
        "title" | "capitalize" if text.contains(HOLE) => Val::Unknown,
        "capitalize" => {
            let mut letters = text.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            changed(first + &letters.as_str().to_lowercase())
        }
        "strip" | "encode" | "decode" | "expandtabs" | "rstrip" | "lstrip"
            if args.is_empty() || method.ends_with("code") =>
        {
            changed(text.trim().to_owned())
        }
        "rstrip" | "lstrip" | "strip" => match plain(0) {
            Some(letters) => {
                let is = |letter: char| letters.contains(letter);
                let text = if method == "lstrip" { text } else { text.trim_end_matches(is) };
                changed(if method == "rstrip" { text } else { text.trim_start_matches(is) }.to_owned())
            }
            None => Val::Unknown,
        },
        "removesuffix" => plain(0).map_or(Val::Unknown, |end| Val::text(text.strip_suffix(&**end).unwrap_or(text))),
        "removeprefix" => plain(0).map_or(Val::Unknown, |start| Val::text(text.strip_prefix(&**start).unwrap_or(text))),
        "zfill" => match args.first() {
            Some(Val::Number(width @ 0..=64)) if !text.contains(HOLE) => {
                changed(format!("{text:0>width$}", width = *width as usize))
            }
            _ => Val::Unknown,
        },
        "rsplit" | "split" | "splitlines" if text.contains(HOLE) && !text.contains(|c| c != HOLE) => Val::Unknown,
        "rsplit" | "split" => {
            let part = |part: &str| Val::text(part);
            let parts: Vec<Val<'a>> = match (plain(0).filter(|by| !by.is_empty()), args.get(1)) {
                (None, _) => text.split_whitespace().map(part).collect(),
                (Some(by), Some(Val::Number(1))) => {
                    let cut = if method == "split" { text.split_once(&**by) } else { text.rsplit_once(&**by) };
                    cut.map_or_else(|| vec![part(text)], |(a, b)| vec![part(a), part(b)])
                }
                (Some(by), _) => text.split(&**by).map(part).collect(),
            };
            Val::list(parts)
        }
        "startswith" | "endswith" => match plain(0) {
            Some(end) if !text.contains(HOLE) => {
                Val::Bool(if method == "endswith" { text.ends_with(&**end) } else { text.starts_with(&**end) })
            }
            _ => Val::Unknown,
        },
        _ => Val::Unknown,
    }
}

/// A chain of names such as `a.b.c` as text.
pub(super) fn dotted(e: &Expr) -> Option<String> {
    match e {
        Expr::Name(name) => Some(name.clone()),
        Expr::Attribute(base, name) => Some(format!("{}.{name}", dotted(base)?)),
        _ => None,
    }
}
