//! Python 2 and broken sources: as much of them as can be read.

/// The source with the commonest statements of Python 2 written as Python 3 wants them. Lines stay where they are.
pub(super) fn modern(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let end = &line[body.len()..];
        let indent = body.len() - body.trim_start().len();
        let (space, code) = body.split_at(indent);
        result.push_str(space);
        result.push_str(&escapes(&modern_line(code)));
        result.push_str(end);
    }
    result
}

fn modern_line(code: &str) -> String {
    for word in ["print", "exec"] {
        if let Some(rest) = code.strip_prefix(word)
            && rest.starts_with([' ', '\t'])
            && !rest.trim_start().starts_with(['(', '=', '.', ','])
        {
            let rest = rest.trim();
            // `print "a", "b",` and `print >>file, "a"` are calls with these arguments. What runs on to the next line is left.
            if !rest.ends_with('\\') && balanced(rest) {
                return format!("{word}({})", rest.trim_start_matches(">>").trim_end_matches(','));
            }
        }
    }
    if code == "print" {
        return "print()".to_owned();
    }
    if let Some(rest) = code.strip_prefix("except ")
        && let Some((class, name)) = rest.trim_end().trim_end_matches(':').rsplit_once(',')
        && !class.contains('(')
        && name.trim().chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    {
        return format!("except {class} as {}:", name.trim());
    }
    if let Some(rest) = code.strip_prefix("raise ")
        && let Some((class, message)) = rest.split_once(", ")
        && class.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    {
        return format!("raise {class}({message})");
    }
    code.replace(" <> ", " != ")
}

/// Escapes that only texts of Python 3 know, as in `'C:\Users'`, with their backslash as what it was.
fn escapes(code: &str) -> String {
    let mut result = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at + 1);
        result.push_str(before);
        let digits =
            |count: usize| after.get(1..=count).is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let next = after.chars().next();
        let known = match next {
            Some('U') => digits(8),
            Some('u') => digits(4),
            Some('x') => digits(2),
            Some('N') => after.starts_with("N{"),
            _ => true,
        };
        if !known {
            result.push('\\');
        }
        // What is escaped starts no escape of its own.
        let length = next.map_or(0, char::len_utf8);
        result.push_str(&after[..length]);
        rest = &after[length..];
    }
    result.push_str(rest);
    result
}

fn balanced(code: &str) -> bool {
    let mut depth = 0_i32;
    for letter in code.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    depth == 0 && code.matches("\"\"\"").count().is_multiple_of(2)
}

/// The statements of the outermost level as texts, each with the number of lines before it. A statement starts with a line
/// that is not indented and stands in no text of several lines; clauses such as `else:` and closing brackets belong to what stands
/// before them.
pub(super) fn statements(text: &str) -> Vec<(u32, &str)> {
    let mut starts = vec![(0_u32, 0_usize)];
    let mut at = 0;
    let mut decorated = false;
    // The sign that ends the text in which the line stands.
    let mut open: Option<&str> = None;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.trim_end();
        let continues = ["else", "elif", "except", "finally", ")", "]", "}", "#"];
        let inner = open.is_some()
            || code.is_empty()
            || code.starts_with([' ', '\t'])
            || continues.iter().any(|word| code.starts_with(word));
        open = open_after(line, open, &text[at + line.len()..]);
        if !inner {
            if !decorated && at > 0 {
                starts.push((number as u32, at));
            }
            decorated = code.starts_with('@');
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([text.len()]);
    starts.iter().zip(ends).map(|((line, start), end)| (*line, &text[*start..end])).collect()
}

/// Which text of several lines is open behind a line. One that nothing in the rest of the source closes is none.
fn open_after<'s>(line: &str, open: Option<&'s str>, rest: &str) -> Option<&'s str> {
    const SIGNS: [&str; 2] = ["\"\"\"", "'''"];
    let (mut open, mut left) = (open, line);
    loop {
        match open {
            Some(sign) => match left.split_once(sign) {
                Some((_, after)) => (open, left) = (None, after),
                None => return open,
            },
            None => {
                let found = SIGNS.iter().filter_map(|sign| Some((left.find(sign)?, *sign))).min();
                let (at, sign) = found.filter(|(at, _)| !left[..*at].contains('#'))?;
                let after = &left[at + sign.len()..];
                if !after.contains(sign) && !rest.contains(sign) {
                    return None;
                }
                (open, left) = (Some(sign), after);
            }
        }
    }
}
