//! The keychain keeps the passphrase of a key, and nothing else holds it.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::mock;
use proofmark_contract::ErrorCode;
use proofmark_contract::view::{KeyKeychain, Nothing, PersonCreate, RegistryCreate, RegistryFreeze};
use proofmark_domain::person::KeyStorage;

use super::Sandbox;
use crate::platform::Keychain;

const PASSPHRASE: &str = "zwei-Birnen-und-ein-Huhn";

/// A keychain in memory.
pub(super) fn in_memory() -> Keychain {
    let store = mock::Store::new().unwrap();
    of(&store)
}

fn of(store: &Arc<mock::Store>) -> Keychain {
    let store = Arc::clone(store);
    Keychain::with(move |service, user| Ok(keyring::Entry { inner: store.build(service, user, None)? }))
}

fn keep(key_id: &str, keep: bool, passphrase: &str) -> KeyKeychain {
    KeyKeychain { key_id: key_id.to_owned(), keep, passphrase: Some(passphrase.to_owned()) }
}

#[test]
fn a_person_signs_without_being_asked_until_the_keychain_forgets() {
    let sandbox = Sandbox::new();
    let engine = &sandbox.engine;
    let request =
        PersonCreate { name: "Ada".into(), contact: None, passphrase: Some(PASSPHRASE.into()), keychain: false };
    let made = engine.person_create(request).unwrap();
    assert!(made.keychain.allowed, "{:?}", made.keychain);
    let key_id = made.people[0].card.key_id.clone();
    let path = sandbox.path("registry").to_string_lossy().into_owned();
    let create = RegistryCreate { path, name: "Models".into(), passphrase: Some(PASSPHRASE.into()) };
    engine.registry_create(create).unwrap();
    let freeze = |frozen| RegistryFreeze { frozen, reason: "a pause".into(), passphrase: None };
    let asked = engine.registry_freeze(freeze(true)).unwrap_err().0;
    assert_eq!(asked.code, ErrorCode::WrongPassphrase, "{asked:?}");

    let wrong = engine.key_keychain(keep(&key_id, true, "something else")).unwrap_err().0;
    assert_eq!(wrong.code, ErrorCode::WrongPassphrase, "only what opens the key is kept: {wrong:?}");
    assert!(!engine.keychain_opens().unwrap());
    let list = engine.key_keychain(keep(&key_id, true, PASSPHRASE)).unwrap();
    assert_eq!(list.people[0].storage, KeyStorage::Keychain);
    assert!(engine.keychain_opens().unwrap());
    engine.registry_freeze(freeze(true)).unwrap();

    let list = engine.key_keychain(keep(&key_id, false, "")).unwrap();
    assert_eq!(list.people[0].storage, KeyStorage::EncryptedFile);
    let asked = engine.registry_freeze(freeze(false)).unwrap_err().0;
    assert_eq!(asked.code, ErrorCode::WrongPassphrase, "{asked:?}");
}

#[test]
fn a_keychain_that_lost_it_or_does_not_answer_is_no_dead_end() {
    let sandbox = Sandbox::new();
    let engine = &sandbox.engine;
    let request =
        PersonCreate { name: "Ada".into(), contact: None, passphrase: Some(PASSPHRASE.into()), keychain: true };
    let key_id = engine.person_create(request).unwrap().people[0].card.key_id.clone();
    assert!(engine.keychain_opens().unwrap(), "kept from the beginning");
    engine.0.keychain.forget(&key_id).unwrap();
    let why = engine.keychain_opens().unwrap_err().0.message;
    assert!(why.contains("not there any more") && why.contains("Type it"), "{why}");
    engine.signer(Some(PASSPHRASE.into())).unwrap();
    engine.0.keychain.keep(&key_id, "another one").unwrap();
    let stale = engine.keychain_opens().unwrap_err().0;
    assert_eq!(stale.code, ErrorCode::WrongPassphrase, "what opens nothing is told before anybody signs: {stale:?}");
    let trouble = engine.signer(None).unwrap_err().0;
    assert!(trouble.message.contains("does not open"), "{}", trouble.message);
}

#[test]
fn the_passphrase_is_in_no_file_and_no_text() {
    let sandbox = Sandbox::new();
    let engine = &sandbox.engine;
    let request =
        PersonCreate { name: "Ada".into(), contact: None, passphrase: Some(PASSPHRASE.into()), keychain: true };
    let list = engine.person_create(request).unwrap();
    let key_id = list.people[0].card.key_id.clone();
    let refused = engine.key_keychain(keep("no such key", true, PASSPHRASE)).unwrap_err().0;
    engine.key_keychain(keep(&key_id, false, "")).unwrap();
    let shown = format!("{:?} {refused:?}", engine.person_list(Nothing {}).unwrap());
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    let mut open = vec![sandbox.path("home")];
    let mut looked_at = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(PASSPHRASE.len()).any(|it| it == PASSPHRASE.as_bytes());
            assert!(!found, "{} holds it", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at >= 2, "the ledger and the key");
}

#[test]
fn the_keychain_is_asked_once_for_one_signature() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let store = mock::Store::new().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let sandbox = Sandbox::with_keychain(Keychain::with(move |service, user| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(keyring::Entry { inner: store.build(service, user, None)? })
    }));
    let engine = &sandbox.engine;
    let request =
        PersonCreate { name: "Ada".into(), contact: None, passphrase: Some(PASSPHRASE.into()), keychain: true };
    engine.person_create(request).unwrap();
    let before = asked.load(Ordering::SeqCst);
    assert!(engine.keychain_opens().unwrap());
    engine.signer(None).unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), before + 1);
    engine.signer(None).unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), before + 2, "an opened key is not kept for another signature");
}
