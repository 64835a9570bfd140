//! Whom an owner means: by a card, or by the fingerprint that was compared.

use std::fs;
use std::io::Read;
use std::path::Path;

use proofmark_contract::domain::person::PersonCard;
use proofmark_contract::view::RegistryView;
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::reply::wrong;

/// A card is a name and a public key.
const CARD_LIMIT: u64 = 64 * 1024;
/// Digits of a fingerprint as it is shown. A key that begins with a few given digits can be made on purpose.
const DIGITS: usize = 32;
/// From so many on, a text of hexadecimal digits is taken for a part of a fingerprint and not for a file's name.
const PART: usize = 8;

/// The person that is meant by `named`: a file with their card, `-` for standard input, or the fingerprint of somebody who asks to be
/// admitted or is on the trust list.
///
/// # Errors
/// If there is no such file, it is no card, or the fingerprint is nobody's.
pub(super) fn meant(named: &Path, view: &RegistryView) -> Result<PersonCard, ErrorBody> {
    match digits(named).filter(|_| !named.exists()) {
        None => read_card(named),
        Some(digits) => by_fingerprint(&digits, view),
    }
}

/// The digits of a fingerprint, if it is one.
fn digits(named: &Path) -> Option<String> {
    let text = named.to_str()?.replace([' ', '-'], "").to_lowercase();
    (text.len() >= PART && text.bytes().all(|it| it.is_ascii_hexdigit())).then_some(text)
}

fn by_fingerprint(digits: &str, view: &RegistryView) -> Result<PersonCard, ErrorBody> {
    if digits.len() < DIGITS {
        let given = digits.len();
        let why = format!("{given} digits of a fingerprint can be met on purpose by somebody else's key.");
        return Err(wrong(why).hint(format!("Name all {DIGITS} digits, as proofmark registry show has them.")));
    }
    let asking = view.trust.iter().flat_map(|trust| &trust.requests).map(|it| &it.card);
    let known = view.people.iter().map(|it| &it.card);
    let mut found: Vec<&PersonCard> = asking.chain(known).filter(|card| card.key_id.starts_with(digits)).collect();
    found.dedup_by(|a, b| a.key_id == b.key_id);
    match found.as_slice() {
        [card] => Ok((*card).clone()),
        [] => Err(ErrorBody::new(
            ErrorCode::NotFound,
            format!("Nobody who asks to be admitted, or is on the trust list, has a key that begins with {digits}."),
        )
        .hint("See proofmark registry show. Whoever does not ask sends you a card: proofmark key card > FILE")),
        _ => Err(wrong(format!("More than one key begins with {digits}. Name more of its digits."))),
    }
}

fn read_card(file: &Path) -> Result<PersonCard, ErrorBody> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(CARD_LIMIT).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(CARD_LIMIT).read_to_string(&mut text))
    };
    read.map_err(|error| {
        let code =
            if error.kind() == std::io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Unreadable };
        let error = error.to_string();
        let why = error.split(" (os error").next().unwrap_or_default();
        ErrorBody::new(code, format!("The card {} cannot be read: {why}.", file.display()))
            .hint("Name the file with the card, or the fingerprint of somebody whom proofmark registry show lists.")
    })?;
    serde_json::from_str(&text).map_err(|error| {
        wrong(format!("{} is no person's card: {error}.", file.display()))
            .hint("The person prints it with: proofmark key card")
    })
}
