//! A walk over the tags of an XML document. Entities of a document type are never expanded, and nothing is fetched.

/// What the walk meets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'t> {
    /// The start of an element. An empty element has an end as well.
    Start {
        /// Its name, without a prefix.
        name: &'t str,
        /// Its attributes, as they are written.
        attributes: &'t str,
    },
    /// The end of an element.
    End(&'t str),
    /// Text between tags that is not blank, as it is written.
    Text(&'t str),
    /// A declaration of a document type.
    Doctype,
}

/// Elements inside each other.
const DEPTH: usize = 1_024;

/// Walks a document to its end. Fails with what is wrong and where, in bytes.
pub(crate) fn walk<'t>(text: &'t str, mut meet: impl FnMut(Event<'t>)) -> Result<(), (&'static str, usize)> {
    let mut open: Vec<&'t str> = Vec::new();
    let mut seen_root = false;
    let mut at = text.find('<').unwrap_or(0);
    while at < text.len() {
        let rest = &text[at..];
        if !rest.starts_with('<') {
            let end = rest.find('<').unwrap_or(rest.len());
            let between = rest[..end].trim();
            if !between.is_empty() {
                if open.is_empty() {
                    return Err(("text outside the document", at));
                }
                meet(Event::Text(between));
            }
            at += end;
            continue;
        }
        let skip = |mark: &str| rest.find(mark).map(|end| end + mark.len()).ok_or(("ends inside a tag", text.len()));
        if rest.starts_with("<!--") {
            at += skip("-->")?;
        } else if rest.starts_with("<![CDATA[") {
            at += skip("]]>")?;
        } else if rest.starts_with("<?") {
            at += skip("?>")?;
        } else if rest.starts_with("<!") {
            meet(Event::Doctype);
            // An internal part stands in brackets, and holds tags of its own.
            at += match (rest.find('['), rest.find('>')) {
                (Some(bracket), Some(end)) if bracket < end => {
                    let inner = rest[bracket..].find(']').ok_or(("ends inside a tag", text.len()))?;
                    bracket + inner + rest[bracket + inner..].find('>').ok_or(("ends inside a tag", text.len()))? + 1
                }
                _ => skip(">")?,
            };
        } else {
            let end = tag_end(rest).ok_or(("ends inside a tag", text.len()))?;
            let inside = &rest[1..end];
            if let Some(name) = inside.strip_prefix('/') {
                let name = name.trim();
                if open.pop() != Some(name) {
                    return Err(("an end without its start", at));
                }
                meet(Event::End(local(name)));
            } else {
                let empty = inside.ends_with('/');
                let inside = inside.strip_suffix('/').unwrap_or(inside);
                let split = inside.find(char::is_whitespace).unwrap_or(inside.len());
                let (name, attributes) = inside.split_at(split);
                if name.is_empty() || open.is_empty() && seen_root {
                    return Err(("a second document", at));
                }
                seen_root = true;
                meet(Event::Start { name: local(name), attributes });
                if empty {
                    meet(Event::End(local(name)));
                } else if open.len() < DEPTH {
                    open.push(name);
                } else {
                    return Err(("nested too deeply", at));
                }
            }
            at += end + 1;
        }
    }
    if open.is_empty() && seen_root { Ok(()) } else { Err(("the document ends before its last element", text.len())) }
}

/// The position of the `>` that ends a tag. One inside quotes does not.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at),
            (None, b'<') if at > 0 => return None,
            _ => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The value of an attribute, with the five entities of XML and numbered characters resolved.
pub(crate) fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (text, after) = value[1..].split_once(quote)?;
        if local(name.trim()) == wanted {
            return Some(resolved(text));
        }
        rest = after.trim_start();
    }
    None
}

/// A text with its entities resolved. Unknown ones stay as they are.
pub(crate) fn resolved(text: &str) -> String {
    let mut found = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        found.push_str(&rest[..at]);
        let entity = &rest[at..];
        let end = entity.find(';').filter(|end| *end <= 12);
        let character = end.and_then(|end| match &entity[1..end] {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            numbered => {
                let digits = numbered.strip_prefix('#')?;
                let code = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => digits.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (character, end) {
            (Some(character), Some(end)) => {
                found.push(character);
                rest = &entity[end + 1..];
            }
            _ => {
                found.push('&');
                rest = &entity[1..];
            }
        }
    }
    found.push_str(rest);
    found
}
