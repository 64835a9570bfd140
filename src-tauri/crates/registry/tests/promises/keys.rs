//! Keys: kept encrypted, opened by one passphrase, never by another.

use std::fs;

use proofmark_domain::id::PersonId;
use proofmark_registry::keys::{EncryptedFileVault, KdfCost, KeyError, KeyVault, Passphrase, PublicKey, fingerprint};
use proofmark_registry::{Signer, SystemClock};
use uuid::Uuid;

use crate::support::Outcome;

#[test]
fn a_key_opens_with_its_passphrase_only() -> Outcome {
    let room = tempfile::tempdir()?;
    let cheap = KdfCost { memory_kib: 64, passes: 1, lanes: 1 };
    let vault = EncryptedFileVault::new(room.path().join("keys")).with_cost(cheap);
    let (good, bad) = (Passphrase::new("correct horse"), Passphrase::new("correct house"));
    let id = PersonId::from_uuid(Uuid::new_v4());
    assert!(vault.list()?.is_empty(), "no folder is no keys");
    assert!(
        matches!(
            vault.create(id, "Ann", None, &Passphrase::new("short"), &SystemClock),
            Err(KeyError::WeakPassphrase { .. })
        ),
        "a short passphrase is refused"
    );
    let person = vault.create(id, "Ann", Some("ann@example.org"), &good, &SystemClock)?;
    let key_id = &person.card.key_id;
    assert!(matches!(vault.load(key_id, &bad), Err(KeyError::WrongPassphrase { .. })), "another passphrase");
    let signer = vault.load(key_id, &good)?;
    let key = PublicKey::from_pem(&person.card.public_key, "card")?;
    assert!(key.accepts(b"message", &signer.sign(b"message")), "what it signs verifies");
    assert!(!key.accepts(b"massage", &signer.sign(b"message")), "and nothing else does");
    assert_eq!(fingerprint(key_id).len(), 39, "eight groups of four");
    let file = room.path().join("keys").join(format!("{key_id}.json"));
    let text = fs::read_to_string(&file)?;
    assert!(!text.contains("PRIVATE"), "the private key is not in the clear");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600, "only its owner reads it");
    }
    let backup = vault.back_up(key_id)?;
    assert!(matches!(vault.restore(&backup, &good), Err(KeyError::AlreadyThere { .. })), "never overwritten");
    fs::remove_file(&file)?;
    assert!(matches!(vault.load(key_id, &good), Err(KeyError::Missing { .. })), "gone");
    assert_eq!(vault.restore(&backup, &good)?.card, person.card, "a backup brings it back");
    fs::write(&file, text.replace("Ann", "Eve"))?;
    assert!(matches!(vault.load(key_id, &good), Err(KeyError::WrongPassphrase { .. })), "the name is bound to the key");
    assert_eq!(vault.list()?.len(), 1, "it is still listed");
    assert!(vault.load("../../etc/passwd", &good).is_err(), "an id is no path");
    Ok(())
}

#[test]
fn keys_of_openssl_are_read() -> Outcome {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/registry");
    let id = PersonId::from_uuid(Uuid::new_v4());
    let signer = Signer::from_pem(&fs::read_to_string(fixtures.join("p256.key"))?, id, "Ref", None, "p256.key")?;
    assert_eq!(signer.card().public_key, fs::read_to_string(fixtures.join("p256.pub"))?, "the PEM text is OpenSSL's");
    Ok(())
}
