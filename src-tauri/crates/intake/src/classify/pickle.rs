//! Pickles: whether one holds a model or only a table. A few names are read; nothing is loaded.

use proofmark_domain::artifact::ArtifactKind::{Dataset, Model};

use super::{Classified, Source};

const MEDIA: &str = "application/x-python-pickle";
/// How much of the end is looked at, for models that stand behind a large table.
const TAIL_BYTES: usize = 64 * 1024;

/// Packages whose objects are tables and arrays.
const TABLES: &[&str] = &["pandas", "numpy", "polars", "pyarrow", "geopandas", "xarray", "modin", "dask"];
/// Packages that every kind of pickle uses.
const NEUTRAL: &[&str] = &[
    "builtins",
    "__builtin__",
    "copyreg",
    "copy_reg",
    "collections",
    "datetime",
    "decimal",
    "_codecs",
    "functools",
    "joblib",
    "uuid",
    "fractions",
    "zoneinfo",
    "pytz",
    "operator",
    "_pickle",
    "pathlib",
];

/// Recognises pickles, joblib files and the older format of PyTorch.
pub fn recognise(source: &mut Source<'_, '_>) -> Option<Classified> {
    let binary = matches!(source.head, [0x80, 2..=5, ..]) && has_opcode_after_protocol(source.head);
    if !binary && !is_text_pickle(source) {
        return None;
    }
    // torch.save before 1.6 wrote a pickle of this number first (torch/serialization.py, MAGIC_NUMBER).
    if super::binary::find(
        source.head.get(..32.min(source.head.len()))?,
        b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
    ) {
        return Some(Classified::new(Model, "application/vnd.pytorch"));
    }
    let mut packages = packages_in(source.head);
    if !source.is_whole() {
        let tail = source.tail(TAIL_BYTES);
        packages.extend(packages_in(&tail));
    }
    let known = |list: &[&str], package: &String| list.contains(&package.as_str());
    let tables = packages.iter().any(|package| known(TABLES, package));
    let others = packages.iter().any(|package| !known(TABLES, package) && !known(NEUTRAL, package));
    let kind = if tables && !others { Dataset } else { Model };
    Some(Classified::new(kind, MEDIA))
}

/// The byte after the protocol must begin an object: this tells a pickle from text in an old encoding.
fn has_opcode_after_protocol(head: &[u8]) -> bool {
    head.get(2).is_some_and(|opcode| b"\x95c()]}NKMJIGFUVXTBCQSLl\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x96".contains(opcode))
}

/// Protocols 0 and 1 have no header: they begin with an object in a line of text and end with a full stop.
fn is_text_pickle(source: &mut Source<'_, '_>) -> bool {
    let head = source.head;
    let start = match head {
        [b'(', b'd' | b'l' | b't', b'p', digit, ..] => digit.is_ascii_digit(),
        [b'(', b'i' | b'c', rest @ ..] | [b'c', rest @ ..] => {
            let after = global_at(rest).and_then(|(_, length)| rest.get(length));
            after.is_some_and(|opcode| b"pq()".contains(opcode))
        }
        [b'}' | b']', b'q', 0, ..] => true,
        _ => false,
    };
    start && source.tail(1) == b"."
}

/// A module and a name, a line each; and how many bytes both take.
fn global_at(bytes: &[u8]) -> Option<(&str, usize)> {
    let near = bytes.get(..bytes.len().min(400))?;
    let mut lines = near.split(|byte| *byte == b'\n');
    let module = lines.next().filter(|module| is_dotted(module))?;
    let name = lines.next().filter(|name| is_dotted(name))?;
    lines.next()?;
    Some((std::str::from_utf8(module).ok()?, module.len() + name.len() + 2))
}

fn is_dotted(bytes: &[u8]) -> bool {
    (1..=200).contains(&bytes.len())
        && bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// The first parts of the modules that the pickle names.
fn packages_in(bytes: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut push = |module: &str| {
        let package = module.split('.').next().unwrap_or(module);
        if !found.iter().any(|known| known == package) {
            found.push(package.to_owned());
        }
    };
    let mut rest = bytes;
    while let Some((opcode, after)) = rest.split_first() {
        rest = after;
        match opcode {
            b'c' => {
                // What follows is stepped over: a `c` within a name is no opcode.
                if let Some((module, length)) = global_at(after) {
                    push(module);
                    rest = after.get(length..).unwrap_or_default();
                }
            }
            0x8c => {
                if let Some(module) = stacked_global(after) {
                    push(module);
                }
            }
            _ => {}
        }
    }
    found
}

/// Protocol 4: module and name are short texts on the stack, each put into the memo, then joined by `STACK_GLOBAL`.
fn stacked_global(bytes: &[u8]) -> Option<&str> {
    let (length, rest) = bytes.split_first()?;
    let (module, rest) = rest.split_at_checked(usize::from(*length))?;
    if !is_dotted(module) {
        return None;
    }
    let rest = rest.strip_prefix(b"\x94").unwrap_or(rest);
    let joined = match rest {
        [0x8c, length, rest @ ..] => {
            let rest = rest.get(usize::from(*length)..)?;
            rest.strip_prefix(b"\x94").unwrap_or(rest)
        }
        // The name is in the memo already.
        [b'h', _, rest @ ..] => rest,
        _ => return None,
    };
    (joined.first() == Some(&0x93)).then(|| std::str::from_utf8(module).ok()).flatten()
}
