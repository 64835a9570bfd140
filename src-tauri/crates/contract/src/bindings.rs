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

    #[test]
    fn every_command_says_what_it_touches() {
        for info in CommandInfo::ALL {
            assert!(!info.tags.is_empty(), "{} must name its tags, or the window would show stale facts", info.name);
        }
    }
}
