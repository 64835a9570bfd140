//! Passphrases: from a file, from the environment, or asked without echo. Never from the command line, where everybody sees it.

use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use proofmark_contract::view::{KeyKeychain, Nothing};
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::reply::wrong;

/// Holds the passphrase where nobody is there to type it.
const VARIABLE: &str = "PROOFMARK_PASSPHRASE";

/// Nobody's passphrase is longer.
const LONGEST: u64 = 4_096;

/// Where the passphrase comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct Secret {
    /// Reads the passphrase of the key from the first line of this file; else from PROOFMARK_PASSPHRASE, else it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Secret {
    /// The passphrase of the key with which the person acts; nothing if the keychain opens it, or if there is nobody to ask.
    ///
    /// # Errors
    /// If the file cannot be read, or the terminal fails.
    pub fn get(&self, context: &Context) -> Result<Option<String>, ErrorBody> {
        if let Some(given) = self.given()? {
            return Ok(Some(given));
        }
        let engine = context.engine()?;
        match engine.keychain_opens() {
            Ok(true) => return Ok(None),
            Ok(false) => return self.typed(),
            // Nobody is there to be asked: the signature fails with the same words.
            Err(_) if !can_ask() => return Ok(None),
            // Whoever cannot be told that is told by the question that follows.
            Err(trouble) => drop(writeln!(io::stderr(), "{}", trouble.0.message)),
        }
        let typed = self.typed()?;
        if let Some(passphrase) = typed.clone()
            && agrees("Have the keychain keep this passphrase from now on? [y/N] ")?
        {
            let list = engine.person_list(Nothing {})?;
            if let Some(me) = list.people.into_iter().find(|it| it.is_current) {
                let kept = KeyKeychain { key_id: me.card.key_id, keep: true, passphrase: Some(passphrase) };
                if let Err(trouble) = engine.key_keychain(kept) {
                    // It can be done later; what the person began goes on.
                    drop(writeln!(io::stderr(), "{}", trouble.0.message));
                }
            }
        }
        Ok(typed)
    }

    /// The passphrase of any key that exists; nothing if there is nobody to ask.
    ///
    /// # Errors
    /// If the file cannot be read, or the terminal fails.
    pub fn typed(&self) -> Result<Option<String>, ErrorBody> {
        match self.given()? {
            Some(given) => Ok(Some(given)),
            None if can_ask() => ask("Passphrase of your key: ").map(Some),
            None => Ok(None),
        }
    }

    /// The passphrase for a new key, asked twice.
    ///
    /// # Errors
    /// As [`Secret::get`], and if the two differ.
    pub fn choose(&self) -> Result<Option<String>, ErrorBody> {
        if let Some(given) = self.given()? {
            return Ok(Some(given));
        }
        if !can_ask() {
            return Ok(None);
        }
        let first = ask("Choose a passphrase of at least eight characters: ")?;
        if ask("The same again: ")? != first {
            return Err(wrong("The two passphrases differ. No key was made.").hint("Try again."));
        }
        Ok(Some(first))
    }

    fn given(&self) -> Result<Option<String>, ErrorBody> {
        match &self.passphrase_file {
            Some(file) => read(file).map(Some),
            None => Ok(std::env::var(VARIABLE).ok().filter(|it| !it.is_empty())),
        }
    }
}

fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn ask(prompt: &str) -> Result<String, ErrorBody> {
    rpassword::prompt_password(prompt).map_err(|error| {
        wrong(format!("The terminal gave no passphrase: {error}."))
            .hint("Set PROOFMARK_PASSPHRASE, or give --passphrase-file FILE.")
    })
}

fn agrees(question: &str) -> Result<bool, ErrorBody> {
    let failed = |error: io::Error| wrong(format!("The terminal gave no answer: {error}."));
    write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush()).map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn read(file: &Path) -> Result<String, ErrorBody> {
    let failed = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => ErrorCode::NotFound,
            io::ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
            _ => ErrorCode::Unreadable,
        };
        ErrorBody::new(code, format!("The passphrase file {} cannot be read: {error}.", file.display()))
    };
    let facts = fs::metadata(file).map_err(failed)?;
    if facts.len() > LONGEST {
        return Err(wrong(format!("{} is larger than {LONGEST} bytes: that is no passphrase.", file.display())));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() {
        return Err(wrong(format!("The first line of {} is empty: there must stand the passphrase.", file.display())));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_line_of_the_file_is_the_passphrase() {
        let folder = std::env::temp_dir().join(format!("proofmark-secret-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("passphrase");
        for (text, expected) in [
            ("correct horse\n", Some("correct horse")),
            ("with blank \r\nsecond", Some("with blank ")),
            ("\n", None),
            ("", None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file).ok().as_deref(), expected, "{text:?}");
        }
        let missing = read(&folder.join("nothing")).unwrap_err();
        assert_eq!(missing.code, ErrorCode::NotFound);
        assert!(missing.message.contains("nothing"), "the file is named: {}", missing.message);
        fs::remove_dir_all(&folder).unwrap();
    }
}
