//! The keychain of the operating system: Secret Service, Keychain, or Credential Manager. It keeps the passphrase of a key
//! file, so that a person is not asked for it each time; the key stays in its encrypted file.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use keyring::{Entry, Error};

/// Under what the entries of this application are found.
const SERVICE: &str = "proofmark";
/// An entry that is never made: asking for it says whether the keychain answers.
const PROBE: &str = "probe";
/// A keychain that answers at all answers within this.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);
/// A person may have to unlock the keychain first.
const PATIENCE: Duration = Duration::from_secs(60);

type Open = dyn Fn(&str, &str) -> keyring::Result<Entry> + Send + Sync;

/// The keychain of this machine's user. Cheap to clone.
#[derive(Clone)]
pub struct Keychain(Arc<Open>);

impl std::fmt::Debug for Keychain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keychain")
    }
}

impl Default for Keychain {
    fn default() -> Self {
        Self::system()
    }
}

impl Keychain {
    /// That of the operating system.
    pub fn system() -> Self {
        Self::with(|service, user| match Entry::store_status() {
            Ok(()) => Entry::new(service, user),
            // Its own error says that there is none, and this one says why.
            Err(why) => Err(Error::NoStorageAccess(why.to_string().into())),
        })
    }

    /// One whose entries are made by `open`, from the name of this application and that of the entry.
    pub fn with(open: impl Fn(&str, &str) -> keyring::Result<Entry> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// Does something with an entry, for as long as it may take. The error is the end of a sentence.
    fn on<T: Send + 'static>(
        &self,
        user: &str,
        patience: Duration,
        work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<Option<T>, String> {
        self.unless_waited_in_vain(user, patience, work, |_| ())
    }

    /// The same. If nobody waits any more when it is done, `undo` follows.
    fn unless_waited_in_vain<T: Send + 'static>(
        &self,
        user: &str,
        patience: Duration,
        work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
        undo: impl FnOnce(&Entry) + Send + 'static,
    ) -> Result<Option<T>, String> {
        let (open, user) = (Arc::clone(&self.0), user.to_owned());
        // Without room for a message, what was sent was heard.
        let (tell, hear) = mpsc::sync_channel(0);
        // The call to the system cannot be stopped. One that never ends holds this thread, and nothing else.
        std::thread::Builder::new()
            .name("proofmark-keychain".into())
            .spawn(move || match open(SERVICE, &user) {
                Ok(entry) => {
                    if tell.send(work(&entry)).is_err() {
                        undo(&entry);
                    }
                }
                Err(error) => {
                    // Whoever asked has gone, and nothing was done.
                    let _ = tell.send(Err(error));
                }
            })
            .map_err(|error| format!("no thread could ask it: {error}"))?;
        match hear.recv_timeout(patience) {
            Ok(Ok(found)) => Ok(Some(found)),
            Ok(Err(Error::NoEntry)) => Ok(None),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }

    /// Whether it can be used now, found out by reading.
    ///
    /// # Errors
    /// Why not.
    pub fn answers(&self) -> Result<(), String> {
        self.on(PROBE, PROBE_PATIENCE, |entry| entry.get_password().map(drop)).map(drop)
    }

    /// The passphrase of a key, if it is kept here.
    ///
    /// # Errors
    /// Why the keychain does not give it.
    pub fn passphrase(&self, key_id: &str) -> Result<Option<String>, String> {
        self.on(key_id, PATIENCE, Entry::get_password)
    }

    /// Keeps the passphrase of a key, and makes sure that it can be read again. If it cannot, or it took so long that the person was told
    /// that it failed, what was kept before is put back.
    ///
    /// # Errors
    /// Why the keychain does not take it.
    pub fn keep(&self, key_id: &str, passphrase: &str) -> Result<(), String> {
        self.keep_within(PATIENCE, key_id, passphrase)
    }

    fn keep_within(&self, patience: Duration, key_id: &str, passphrase: &str) -> Result<(), String> {
        let given = passphrase.to_owned();
        let before = Arc::new(Mutex::new(None));
        let known = Arc::clone(&before);
        let same = self.unless_waited_in_vain(
            key_id,
            patience,
            move |entry| {
                let earlier = entry.get_password().ok();
                known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&earlier);
                entry.set_password(&given)?;
                let same = entry.get_password().is_ok_and(|kept| kept == given);
                if !same {
                    put_back(entry, earlier);
                }
                Ok(same)
            },
            move |entry| put_back(entry, before.lock().unwrap_or_else(PoisonError::into_inner).take()),
        )?;
        if same == Some(true) { Ok(()) } else { Err("it gives back something else than it was given".to_owned()) }
    }

    /// Forgets the passphrase of a key. One that is not there is forgotten already.
    ///
    /// # Errors
    /// Why the keychain keeps it.
    pub fn forget(&self, key_id: &str) -> Result<(), String> {
        self.on(key_id, PATIENCE, Entry::delete_credential).map(drop)
    }
}

/// Undoes what was kept. The error that the person is told says that nothing was; if this fails, too, what is left in the keychain opens
/// nothing that the ledger says it opens.
fn put_back(entry: &Entry, earlier: Option<String>) {
    let _ = match earlier {
        Some(earlier) => entry.set_password(&earlier),
        None => entry.delete_credential(),
    };
}

/// What an error says. Some variants carry what was stored, which must not be repeated.
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(why) => format!("the system's keychain failed: {}", words_of(why.as_ref())),
        Error::NoStorageAccess(why) => format!("the system's keychain cannot be reached: {}", words_of(why.as_ref())),
        Error::NoDefaultStore => "this system has none".to_owned(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
            "what it holds under this name is no passphrase".to_owned()
        }
        Error::TooLong(_, most) => format!("it takes no more than {most} characters"),
        Error::Ambiguous(_) => {
            "it holds several entries under this name; remove them with the system's own tool".to_owned()
        }
        _ => "it refused".to_owned(),
    }
}

/// What the system says, without what tells people nothing.
fn words_of(why: &(dyn std::error::Error + 'static)) -> String {
    let text = why.to_string();
    crate::trouble::plain(text.strip_prefix("Platform failure: ").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use keyring_core::api::CredentialStoreApi as _;
    use keyring_core::mock;

    use super::*;

    /// A keychain in memory, and a way to make its next answer about an entry an error.
    fn mocked() -> (Keychain, Arc<mock::Store>) {
        let store = mock::Store::new().unwrap();
        let own = Arc::clone(&store);
        (Keychain::with(move |service, user| Ok(Entry { inner: own.build(service, user, None)? })), store)
    }

    fn fail_next(store: &mock::Store, user: &str, error: Error) {
        let entry = store.build(SERVICE, user, None).unwrap();
        entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
    }

    #[test]
    fn a_passphrase_is_kept_given_and_forgotten() {
        let (keychain, _store) = mocked();
        keychain.answers().unwrap();
        assert_eq!(keychain.passphrase("k").unwrap(), None, "nothing there is no error");
        keychain.keep("k", "correct horse").unwrap();
        assert_eq!(keychain.passphrase("k").unwrap().as_deref(), Some("correct horse"));
        assert_eq!(keychain.passphrase("other").unwrap(), None);
        keychain.forget("k").unwrap();
        assert_eq!(keychain.passphrase("k").unwrap(), None);
        keychain.forget("k").unwrap();
    }

    #[test]
    fn why_it_does_not_answer_is_said_and_nothing_that_it_holds() {
        let (keychain, store) = mocked();
        keychain.keep("k", "correct horse").unwrap();
        fail_next(&store, "k", Error::NoStorageAccess("it is locked".into()));
        let why = keychain.passphrase("k").unwrap_err();
        assert!(why.contains("it is locked"), "{why}");
        fail_next(&store, "k", Error::BadEncoding(b"correct horse".to_vec()));
        let why = keychain.passphrase("k").unwrap_err();
        assert!(!why.contains("correct"), "{why}");
        fail_next(&store, PROBE, Error::NoDefaultStore);
        assert_eq!(keychain.answers().unwrap_err(), "this system has none");
        let none = Keychain::with(|_, _| Err(Error::NoStorageAccess("no bus".into())));
        assert!(none.answers().unwrap_err().contains("no bus"));
        let missing = Keychain::with(|_, _| Err(Error::NoStorageAccess("no file (os error 2), no bus".into())));
        assert!(missing.answers().unwrap_err().ends_with("no file, no bus"));
    }

    #[test]
    fn what_is_kept_too_late_is_not_kept() {
        let store = mock::Store::new().unwrap();
        let own = Arc::clone(&store);
        let slow = Keychain::with(move |service, user| {
            std::thread::sleep(Duration::from_millis(300));
            Ok(Entry { inner: own.build(service, user, None)? })
        });
        let later = || std::thread::sleep(Duration::from_millis(700));
        let why = slow.keep_within(Duration::from_millis(50), "k", "correct horse").unwrap_err();
        assert!(why.contains("in time"), "{why}");
        later();
        assert_eq!(slow.passphrase("k").unwrap(), None, "the person was told that it is not kept");
        slow.keep("k", "correct horse").unwrap();
        slow.keep_within(Duration::from_millis(50), "k", "another").unwrap_err();
        later();
        assert_eq!(slow.passphrase("k").unwrap().as_deref(), Some("correct horse"), "what was kept before still is");
    }

    /// Gives back what it was given with its last letter cut off.
    #[derive(Debug)]
    struct Forgetful(Arc<Mutex<Option<Vec<u8>>>>);

    impl keyring_core::api::CredentialApi for Forgetful {
        fn set_secret(&self, secret: &[u8]) -> keyring::Result<()> {
            *self.0.lock().unwrap() = Some(secret.to_vec());
            Ok(())
        }

        fn get_secret(&self) -> keyring::Result<Vec<u8>> {
            let kept = self.0.lock().unwrap().clone().ok_or(Error::NoEntry)?;
            Ok(kept[..kept.len() - 1].to_vec())
        }

        fn delete_credential(&self) -> keyring::Result<()> {
            *self.0.lock().unwrap() = None;
            Ok(())
        }

        fn get_credential(&self) -> keyring::Result<Option<Arc<keyring_core::Credential>>> {
            Ok(None)
        }

        fn get_specifiers(&self) -> Option<(String, String)> {
            None
        }

        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
    }

    #[test]
    fn what_is_not_given_back_as_it_was_is_not_left_there() {
        let kept = Arc::new(Mutex::new(None));
        let own = Arc::clone(&kept);
        let keychain = Keychain::with(move |_, _| {
            let inner = keyring_core::Entry::new_with_credential(Arc::new(Forgetful(Arc::clone(&own))));
            Ok(Entry { inner })
        });
        let why = keychain.keep("k", "correct horse").unwrap_err();
        assert!(why.contains("something else"), "{why}");
        assert_eq!(*kept.lock().unwrap(), None);
    }
}
