//! Text: tables, code, settings, descriptions of environments, and prose.

use proofmark_domain::artifact::ArtifactKind::{
    Code, Config, Dataset, Document, Environment, Metrics, Model, Other, PredictionLog,
};

use super::{Classified, Source, json, names, table};

/// Reads the head as text; `None` if it is none.
///
/// UTF-8 with and without mark, UTF-16 in both orders with and without mark, UTF-32 with its mark, and else one byte a character as in
/// Windows-1252, if no byte is a control character that text does not hold.
pub fn decode(head: &[u8], is_whole: bool) -> Option<String> {
    if let Some(rest) = head.strip_prefix(b"\xef\xbb\xbf") {
        return decode(rest, is_whole).or_else(|| rest.is_empty().then(String::new));
    }
    // The mark of UTF-32 begins with that of UTF-16.
    if let Some(rest) = head.strip_prefix(b"\xff\xfe\0\0") {
        return utf32(rest, u32::from_le_bytes);
    }
    if let Some(rest) = head.strip_prefix(b"\0\0\xfe\xff") {
        return utf32(rest, u32::from_be_bytes);
    }
    if let Some(rest) = head.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = head.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    // Mostly Latin text in UTF-16 has a zero in every other byte.
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = head.len() / 2;
    if pairs >= 4 {
        if zeros(1) * 10 >= pairs * 7 && zeros(0) * 20 <= pairs {
            return utf16(head, u16::from_le_bytes);
        }
        if zeros(0) * 10 >= pairs * 7 && zeros(1) * 20 <= pairs {
            return utf16(head, u16::from_be_bytes);
        }
    }
    if head.iter().any(|byte| is_foreign_to_text(*byte)) {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(text) => Some(text.to_owned()),
        // The head may end within a character.
        Err(error) if !is_whole && error.error_len().is_none() => {
            head.get(..error.valid_up_to()).map(|valid| String::from_utf8_lossy(valid).into_owned())
        }
        Err(_) => {
            let high = head.iter().filter(|byte| **byte >= 0x80).count();
            (high * 3 <= head.len()).then(|| head.iter().map(|byte| char::from(*byte)).collect())
        }
    }
}

/// Control characters but tab, line feed, vertical tab, form feed, carriage return and escape (coloured logs).
fn is_foreign_to_text(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().map(|pair| unit(*pair)));
    hardly_broken(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    let units = bytes.chunks_exact(4).filter_map(|four| four.first_chunk().map(|four| unit(*four)));
    hardly_broken(units.map(|unit| char::from_u32(unit).unwrap_or('\u{fffd}')).collect())
}

/// The text, unless more than one character in a hundred is none.
fn hardly_broken(text: String) -> Option<String> {
    let broken = text.chars().filter(|c| *c == '\u{fffd}' || u8::try_from(*c).is_ok_and(is_foreign_to_text)).count();
    (broken * 100 <= text.chars().count()).then_some(text)
}

/// Says what a text is for.
pub fn recognise(source: &Source<'_, '_>, text: &str) -> Classified {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    if start.is_empty() {
        return Classified::new(names::kind_of_name(&source.name, &source.ending), "text/plain");
    }
    if let Some(found) = by_first_words(source, start) {
        return found;
    }
    if matches!(start.as_bytes().first(), Some(b'{' | b'['))
        && let Some(found) = json::recognise(source, start)
    {
        return found;
    }
    if let Some(media) = names::environment(&source.name) {
        return Classified::new(Environment, media);
    }
    if let Some(found) = mlflow_entry(source, text) {
        return found;
    }
    let language = language_of(source, text);
    let looks_like_code = language.is_some() && code_lines(text) > 0;
    if !looks_like_code && names::document(&source.ending).is_none() && names::settings(&source.ending).is_none() {
        // The name of a program needs stronger signs of a table than a name that promises nothing.
        let sniffed = table::recognise(text, &source.ending, source.is_whole());
        if let Some(found) = sniffed.filter(|found| names::language(&source.ending).is_none() || found.is_strict) {
            let kind = if found.is_prediction_log { PredictionLog } else { Dataset };
            return Classified::new(kind, found.media_type);
        }
    }
    if is_package_list(text) {
        return Classified::new(Environment, "text/x-python-requirements");
    }
    if let Some(media) = language {
        return Classified::new(Code, media);
    }
    if matches!(source.name.as_str(), "makefile" | "gnumakefile") {
        return Classified::new(Code, "text/x-makefile");
    }
    if let Some(found) = settings(source, text) {
        return found;
    }
    if let Some(media) = names::document(&source.ending) {
        return Classified::new(Document, media);
    }
    if source.ending == "log" || source.name.contains(".log.") || is_log(text) {
        return Classified::new(Other, "text/x-log");
    }
    if matches!(source.ending.as_str(), "json" | "ipynb" | "jsonl" | "ndjson") || names::is_model(&source.ending) {
        // It promises a structure that it does not have.
        return Classified::new(Other, "text/plain");
    }
    if names::is_table(&source.ending) && !text.contains("\n\n") && table::is_one_column(text) {
        return Classified::new(Dataset, "text/csv");
    }
    let known_text = matches!(source.ending.as_str(), "txt" | "text") || source.ending.is_empty();
    if known_text && names::is_metrics(&source.name) && table::number_leaves(text) {
        return Classified::new(Metrics, "text/plain");
    }
    if known_text || names::is_table(&source.ending) {
        return Classified::new(Document, "text/plain");
    }
    Classified::new(Other, "text/plain")
}

/// Formats whose first words leave no doubt.
fn by_first_words(source: &Source<'_, '_>, start: &str) -> Option<Classified> {
    let first_line = start.lines().next().unwrap_or_default();
    let lower: String = start.chars().take(2_000).collect::<String>().to_lowercase();
    if first_line.trim_end() == "tree" && start.contains("\nversion=") {
        return Some(Classified::new(Model, "text/x-lightgbm"));
    }
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Some(Classified::new(Document, "text/html"));
    }
    if lower.starts_with("<?xml") || lower.starts_with('<') {
        let is_root = |name: &str| lower.contains(&format!("<{name} ")) || lower.contains(&format!("<{name}>"));
        if is_root("pmml") {
            return Some(Classified::new(Model, "application/pmml+xml"));
        }
        if is_root("svg") {
            return Some(Classified::new(Document, "image/svg+xml"));
        }
        if is_root("html") {
            return Some(Classified::new(Document, "text/html"));
        }
        if lower.starts_with("<?xml") && names::language(&source.ending).is_none() {
            return Some(Classified::new(Config, "application/xml"));
        }
    }
    if let Some(interpreter) = first_line.strip_prefix("#!") {
        let known = [
            ("python", "text/x-python"),
            ("Rscript", "text/x-r"),
            ("julia", "text/x-julia"),
            ("node", "text/javascript"),
            ("perl", "text/x-perl"),
            ("ruby", "text/x-ruby"),
            ("sh", "application/x-sh"),
        ];
        let media = known.iter().find(|(name, _)| interpreter.contains(name)).map_or("text/plain", |(_, media)| media);
        return Some(Classified::new(Code, media));
    }
    if lower.starts_with("@relation") || (lower.starts_with('%') && lower.contains("\n@relation")) {
        return Some(Classified::new(Dataset, "text/x-arff"));
    }
    if lower.starts_with("%pdf") {
        return Some(Classified::new(Document, "application/pdf"));
    }
    None
}

/// Entries of an MLflow run, which have no ending: a number each step, a parameter, a tag.
fn mlflow_entry(source: &Source<'_, '_>, text: &str) -> Option<Classified> {
    let label = source.path.as_str();
    if !label.split('/').any(|part| part == "mlruns") && !label.contains("/metrics/") {
        return None;
    }
    let folders: Vec<&str> = label.split('/').rev().skip(1).collect();
    let steps = text.lines().all(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        matches!(cells.as_slice(), [time, value, ..] if time.len() >= 10 && time.bytes().all(|b| b.is_ascii_digit()) && is_number(value))
    });
    if steps && folders.contains(&"metrics") {
        return Some(Classified::new(Metrics, "text/x-mlflow-metric"));
    }
    let is_entry = folders.iter().any(|part| matches!(*part, "params" | "tags")) && folders.contains(&"mlruns");
    is_entry.then(|| Classified::new(Config, "text/plain"))
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// The language by ending, or by its most telling lines where the ending promises something else.
fn language_of(source: &Source<'_, '_>, text: &str) -> Option<&'static str> {
    if let Some(media) = names::language(&source.ending) {
        return Some(media);
    }
    if source.name == "snakefile" {
        return Some("text/x-snakemake");
    }
    if names::document(&source.ending).is_some() || names::settings(&source.ending).is_some() {
        return None;
    }
    (code_lines(text) >= 3).then_some("text/x-python")
}

/// Lines that only Python has, among the first 200.
fn code_lines(text: &str) -> usize {
    text.lines()
        .take(200)
        .filter(|line| {
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            match words.as_slice() {
                ["import", module] | ["import", module, "as", _] => is_module(module),
                ["from", module, "import", ..] => is_module(module),
                ["def" | "class", ..] => line.trim_end().ends_with(':') || line.contains('('),
                ["if", "__name__", "==", ..] => true,
                _ => false,
            }
        })
        .count()
}

fn is_module(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ','))
}

/// What `pip freeze` prints: a pinned package a line.
fn is_package_list(text: &str) -> bool {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let pinned = lines
        .iter()
        .filter(|line| {
            line.split_once("==").is_some_and(|(name, version)| {
                !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-[], ".contains(c))
                    && version.trim_start().starts_with(|c: char| c.is_ascii_digit())
            })
        })
        .count();
    lines.len() >= 2 && pinned * 10 >= lines.len() * 8
}

/// Settings: YAML, TOML, INI. What their keys say decides which.
fn settings(source: &Source<'_, '_>, text: &str) -> Option<Classified> {
    let keys: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with([' ', '\t', '#', '-']))
        .filter_map(|line| line.split_once(':').map(|(key, _)| key.trim()))
        .collect();
    let has = |key: &str| keys.contains(&key);
    let marks_of_model = ["model_uuid", "mlflow_version", "run_id", "artifact_path", "model_id"];
    if has("flavors") && (source.name == "mlmodel" || marks_of_model.iter().any(|key| has(key))) {
        return Some(Classified::new(Config, "application/vnd.mlflow.mlmodel+yaml"));
    }
    let is_yaml = matches!(source.ending.as_str(), "yaml" | "yml");
    if (is_yaml || source.ending.is_empty()) && has("dependencies") && (has("channels") || has("name")) {
        return Some(Classified::new(Environment, "application/yaml"));
    }
    if is_container_file(text) && (source.ending.is_empty() || source.ending == "txt") {
        return Some(Classified::new(Environment, "text/x-dockerfile"));
    }
    if (is_yaml || source.ending.is_empty()) && names::is_metrics(&source.name) && table::number_leaves(text) {
        return Some(Classified::new(Metrics, "application/yaml"));
    }
    if let Some(media) = names::settings(&source.ending) {
        return Some(Classified::new(Config, media));
    }
    let dotted = source.name.starts_with('.') && source.name.len() > 1;
    if dotted {
        let media = if source.name.starts_with(".env") { "text/x-dotenv" } else { "text/plain" };
        return Some(Classified::new(Config, media));
    }
    if matches!(source.name.as_str(), "mlproject" | "procfile" | "jenkinsfile" | "config") {
        return Some(Classified::new(Config, "text/plain"));
    }
    None
}

fn is_container_file(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next().is_some_and(|line| line.starts_with("FROM ") || line.starts_with("ARG "));
    let steps = ["RUN ", "COPY ", "CMD ", "ENTRYPOINT ", "WORKDIR ", "ENV ", "FROM "];
    first && lines.any(|line| steps.iter().any(|step| line.starts_with(step)))
}

/// Lines that begin with a time or a level.
fn is_log(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(50).filter(|line| !line.trim().is_empty()).collect();
    let marked = lines
        .iter()
        .filter(|line| {
            let start: String = line.chars().take(60).collect();
            let level = ["INFO", "DEBUG", "WARNING", "WARN", "ERROR", "CRITICAL", "TRACE"];
            level.iter().any(|level| start.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *level))
        })
        .count();
    lines.len() >= 2 && marked * 2 >= lines.len()
}
