//! Writes the TypeScript of the contract.

use std::fs;
use std::io;
use std::path::Path;

use ts_rs::{Config, ExportError, TS};

use crate::event::{EngineEvent, Tag};
use crate::view::*;
use crate::{CommandInfo, ErrorBody, ErrorCode};

macro_rules! export_commands {
    ($($name:ident ($request:ident) -> $answer:ident : $access:ident => [$($tag:ident),* $(,)?],)*) => {
        fn export_types(config: &Config) -> Result<(), ExportError> {
            $(
                $request::export_all(config)?;
                $answer::export_all(config)?;
            )*
            EngineEvent::export_all(config)?;
            ErrorBody::export_all(config)?;
            ErrorCode::export_all(config)?;
            Tag::export_all(config)
        }

        /// The typed client: one line per command, and the parts that each is made of.
        fn client() -> String {
            let mut names = std::collections::BTreeSet::new();
            $( names.insert(stringify!($request)); names.insert(stringify!($answer)); )*
            let mut text = String::from("// Generated from the contract. Do not edit: `cargo xtask bindings` writes it.\n");
            for name in names {
                text.push_str(&format!("import type {{ {name} }} from \"./{name}\";\n"));
            }
            text.push_str("import type { Tag } from \"./Tag\";\n\n/** Request and answer of every command. */\nexport interface Commands {\n");
            $( text.push_str(&format!("\t{}: {{ request: {}; answer: {} }};\n", stringify!($name), stringify!($request), stringify!($answer))); )*
            text.push_str("}\n\n/** The parts that a read is made of, or that a write makes stale. */\nexport const tagsOf: Record<keyof Commands, Tag[]> = {\n");
            for info in CommandInfo::ALL {
                let tags: Vec<String> = info.tags.iter().map(|tag| format!("\"{}\"", tag.word())).collect();
                text.push_str(&format!("\t{}: [{}],\n", info.name, tags.join(", ")));
            }
            text.push_str("};\n");
            text
        }
    };
}

crate::for_each_command!(export_commands);

/// Writes every type and the typed client into `folder`, which it makes if it must.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    export_types(&config).map_err(io::Error::other)?;
    fs::write(folder.join("commands.ts"), client())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn contents(folder: &Path) -> io::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        for entry in walk(folder)? {
            let name = entry.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&entry)?);
        }
        Ok(files)
    }

    fn walk(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
        }
        Ok(found)
    }

    /// With `PROOFMARK_WRITE_BINDINGS=1`, as `cargo xtask bindings` sets it, the committed files are replaced instead.
    #[test]
    fn the_committed_typescript_is_what_the_contract_says() -> io::Result<()> {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/lib/api/generated");
        if std::env::var_os("PROOFMARK_WRITE_BINDINGS").is_some() {
            if committed.exists() {
                fs::remove_dir_all(&committed)?;
            }
            return write(&committed);
        }
        let fresh = tempfile::tempdir()?;
        write(fresh.path())?;
        let (expected, found) = (contents(fresh.path())?, contents(&committed)?);
        let names: Vec<&String> = expected.keys().collect();
        assert_eq!(names, found.keys().collect::<Vec<_>>(), "run `cargo xtask bindings` and commit the result");
        for (name, text) in &expected {
            assert_eq!(text, &found[name], "{name} is stale: run `cargo xtask bindings` and commit the result");
        }
        Ok(())
    }

    /// Each type is a file of its name: of two with one name, the second would overwrite the first without a word.
    #[test]
    fn no_two_types_of_the_window_share_a_name() -> io::Result<()> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for source in [walk(&crates.join("domain/src"))?, walk(&crates.join("contract/src"))?].concat() {
            let text = fs::read_to_string(&source)?;
            let mut exported = false;
            for line in text.lines().map(str::trim_start) {
                if line.starts_with("#[derive(") {
                    exported = line.split(|it: char| !it.is_alphanumeric()).any(|word| word == "TS");
                } else if let Some(rest) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) {
                    let name = rest.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default();
                    if std::mem::take(&mut exported) {
                        places.entry(name.to_owned()).or_default().push(source.display().to_string());
                    }
                }
            }
        }
        assert!(places.len() > 100, "the types were not found: {}", places.len());
        places.retain(|_, found| found.len() > 1);
        assert!(places.is_empty(), "rename one of each: {places:#?}");
        Ok(())
    }

    #[test]
    fn every_command_says_what_it_touches() {
        for info in CommandInfo::ALL {
            assert!(!info.tags.is_empty(), "{} must name its tags, or the window would show stale facts", info.name);
        }
    }
}
