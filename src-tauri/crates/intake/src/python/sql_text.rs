//! Texts in and around queries: names in quotes, addresses of databases, statements that are told apart before they are parsed.

/// A name without its quotes.
pub(super) fn plain(name: &str) -> String {
    name.trim_matches(['"', '`', '[', ']']).to_owned()
}

pub(super) fn short_name(name: &str) -> String {
    let name = name.trim_matches(['\'', '"']);
    plain(name.rsplit(['.', '/']).next().unwrap_or(name)).to_lowercase()
}

/// Texts in quotes.
pub(super) fn literals(text: &str) -> Vec<String> {
    text.split('\'').enumerate().filter(|(at, _)| at % 2 == 1).map(|(_, part)| part.to_owned()).collect()
}

pub(super) fn is_data_file(name: &str) -> bool {
    let lower = name.to_lowercase();
    [".csv", ".parquet", ".json", ".tsv", ".ndjson", ".jsonl", ".csv.gz", ".arrow", ".feather", ".db", ".xlsx"]
        .iter()
        .any(|ending| lower.ends_with(ending))
}

/// The address of a database without user and password; `sqlite:///a.db` as the path of its file.
pub(super) fn database(url: &str) -> String {
    if url == ":memory:" {
        return String::new();
    }
    for scheme in ["sqlite:///", "duckdb:///", "sqlite+pysqlite:///", "sqlite://", "file:"] {
        if let Some(path) = url.strip_prefix(scheme) {
            let path = path.split('?').next().unwrap_or(path);
            return if path == ":memory:" { String::new() } else { path.to_owned() };
        }
    }
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let path = path.split('?').next().unwrap_or(path);
    if path.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{host}/{path}") }
}

/// The statements of a text, divided at semicolons outside quotes.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (letter, Some(sign)) if letter == sign => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            (';', None) => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.truncate(200);
    found
}

/// `COPY source TO 'target'`: the source and the target.
pub(super) fn copy_of(text: &str) -> Option<(&str, String)> {
    let rest = text.get(..4).filter(|word| word.eq_ignore_ascii_case("copy")).map(|_| text[4..].trim_start())?;
    let (source, rest) = if rest.starts_with('(') {
        let (mut depth, mut quote, mut end) = (0_usize, false, None);
        for (at, letter) in rest.char_indices() {
            match letter {
                '\'' => quote = !quote,
                '(' if !quote => depth += 1,
                ')' if !quote => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        end = Some(at + 1);
                        break;
                    }
                }
                _ => {}
            }
        }
        rest.split_at(end?)
    } else {
        rest.split_at(rest.find(char::is_whitespace)?)
    };
    let rest = rest.trim_start();
    let target = rest.get(..2).filter(|word| word.eq_ignore_ascii_case("to")).map(|_| &rest[2..])?;
    Some((source, literals(target).into_iter().next()?))
}
