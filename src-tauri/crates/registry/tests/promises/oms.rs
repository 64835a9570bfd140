//! OpenSSF Model Signing: what the reference tool made passes, and every change to it does not.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_registry::Watch;
use proofmark_registry::oms::{Method, Passed, Refused, SignOptions, Trust, VerifyOptions, sign_folder, verify_folder};

use crate::support::{Outcome, copy_tree, person};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/registry")
}

fn verify(model: &Path, signature: &Path, trust: &Trust) -> Result<Passed, Refused> {
    verify_folder(model, signature, trust, &VerifyOptions::default(), &mut Watch::silent())
}

#[test]
fn signatures_of_the_reference_tool_pass() -> Outcome {
    let room = fixtures();
    for (signature, key) in [("p256", "p256"), ("p384", "p384"), ("p521", "p521"), ("shards", "p256")] {
        let trust = Trust::key_file(&room.join(format!("{key}.pub")))?;
        let passed = verify(&room.join("model"), &room.join(format!("{signature}.sig")), &trust)?;
        assert_eq!(passed.files, 4, "{signature}: every file was compared");
        assert_eq!(passed.name, "model", "{signature}: the name as signed");
    }
    let trust = Trust::certificate_files(&[room.join("root.pem")])?;
    assert_eq!(verify(&room.join("model"), &room.join("cert.sig"), &trust)?.files, 4, "a chain to a trusted root");
    Ok(())
}

#[test]
fn strangers_and_wrong_kinds_are_refused() -> Outcome {
    let room = fixtures();
    let model = room.join("model");
    let other = Trust::key_file(&room.join("p384.pub"))?;
    assert!(verify(&model, &room.join("p256.sig"), &other).is_err(), "another key");
    let root = Trust::certificate_files(&[room.join("root.pem")])?;
    assert!(verify(&model, &room.join("p256.sig"), &root).is_err(), "a key where a certificate is expected");
    let stranger = Trust::certificate_files(&[room.join("other.pem")])?;
    let result = verify(&model, &room.join("cert.sig"), &stranger);
    assert!(matches!(result, Err(Refused::Chain(_))), "a chain to somebody else: {result:?}");
    assert!(Trust::key_file(&room.join("root.pem")).is_err(), "a certificate is no key");
    Ok(())
}

#[test]
fn every_change_to_a_signed_model_is_refused() -> Outcome {
    let temp = tempfile::tempdir()?;
    let room = temp.path();
    copy_tree(&fixtures(), room)?;
    let trust = Trust::key_file(&room.join("p256.pub"))?;
    for signature in ["p256.sig", "shards.sig"] {
        let check = || verify(&room.join("model"), &room.join(signature), &trust);
        check()?;
        let file = room.join("model/weights.bin");
        let bytes = fs::read(&file)?;
        for at in (0..bytes.len()).step_by(97) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed)?;
            assert!(matches!(check(), Err(Refused::Files { .. })), "byte {at} changed");
        }
        fs::write(&file, bytes.get(..bytes.len() - 1).unwrap_or_default())?;
        assert!(check().is_err(), "cut short");
        fs::remove_file(&file)?;
        assert!(check().is_err(), "missing");
        fs::write(&file, &bytes)?;
        fs::write(room.join("model/extra.py"), "import os")?;
        assert!(check().is_err(), "added");
        let lax = VerifyOptions { ignore_unsigned_files: true, ..VerifyOptions::default() };
        verify_folder(&room.join("model"), &room.join(signature), &trust, &lax, &mut Watch::silent())?;
        fs::remove_file(room.join("model/extra.py"))?;
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("weights.bin", room.join("model/link"))?;
            assert!(matches!(check(), Err(Refused::Link(_))), "a link");
            fs::remove_file(room.join("model/link"))?;
        }
        // A signed file stays compared even when the verifier is told to pass over it.
        fs::write(&file, "other")?;
        let blind = VerifyOptions { ignore_paths: vec!["weights.bin".to_owned()], ..VerifyOptions::default() };
        let result = verify_folder(&room.join("model"), &room.join(signature), &trust, &blind, &mut Watch::silent());
        assert!(result.is_err(), "passing over a signed file does not hide its change");
        fs::write(&file, &bytes)?;
        check()?;
    }
    // Every byte of the bundle matters, but for white space and fields that nobody reads.
    let path = room.join("p256.sig");
    let text = fs::read(&path)?;
    let payload = text.windows(11).position(|it| it == b"\"payload\":\"").ok_or("a payload")? + 11;
    for at in (payload..payload + 200).step_by(7) {
        let mut changed = text.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        fs::write(&path, &changed)?;
        assert!(verify(&room.join("model"), &path, &trust).is_err(), "byte {at} of the bundle");
    }
    Ok(())
}

#[test]
fn what_we_sign_we_verify() -> Outcome {
    let temp = tempfile::tempdir()?;
    let room = temp.path();
    copy_tree(&fixtures().join("model"), &room.join("model"))?;
    fs::write(room.join("model/.gitignore"), "x")?;
    let signer = person("Ann")?;
    fs::write(room.join("key.pub"), &signer.card().public_key)?;
    let trust = Trust::key_file(&room.join("key.pub"))?;
    for method in [Method::Files, Method::Shards(100)] {
        let signature = room.join("model/model.sig");
        let options = SignOptions { method, ..SignOptions::default() };
        let text = sign_folder(&room.join("model"), Some(&signature), &signer, &options, &mut Watch::silent())?;
        fs::write(&signature, text)?;
        let passed = verify(&room.join("model"), &signature, &trust)?;
        assert_eq!((passed.files, passed.uncovered.len()), (4, 0), "{method:?}: all but git's file and the signature");
        fs::remove_file(signature)?;
    }
    Ok(())
}

#[test]
fn an_ignore_list_cannot_uncover_the_model() -> Outcome {
    let temp = tempfile::tempdir()?;
    let room = temp.path();
    let signer = person("Ann")?;
    fs::write(room.join("key.pub"), &signer.card().public_key)?;
    let trust = Trust::key_file(&room.join("key.pub"))?;
    let model = room.join("model");
    fs::create_dir_all(model.join("logs"))?;
    fs::write(model.join("config.json"), vec![b'{'; 500])?;
    fs::write(model.join("model.pkl"), vec![1; 100])?;
    fs::write(model.join("weights.dat"), vec![1; 5000])?;
    fs::write(model.join("logs/a.txt"), "x")?;
    for (left_out, passes) in [
        (vec!["model.pkl"], false),
        (vec!["weights.dat"], false),
        (vec!["logs"], true),
        (vec!["logs/a.txt", "not there"], true),
    ] {
        let ignore_paths = left_out.iter().map(|it| (*it).to_owned()).collect();
        let options = SignOptions { ignore_paths, ..SignOptions::default() };
        let signature = room.join("model.sig");
        fs::write(&signature, sign_folder(&model, Some(&signature), &signer, &options, &mut Watch::silent())?)?;
        let result = verify(&model, &signature, &trust);
        assert_eq!(result.is_ok(), passes, "{left_out:?}: {result:?}");
        assert!(passes || matches!(result, Err(Refused::Uncovered(_))), "{left_out:?}: the reason is named");
    }
    Ok(())
}

/// Runs the reference tool over what was published, if `PROOFMARK_MODEL_SIGNING` names it.
#[test]
fn the_reference_tool_accepts_a_published_version_and_refuses_every_change() -> Outcome {
    let Some(tool) = std::env::var_os("PROOFMARK_MODEL_SIGNING") else {
        println!("not tried: PROOFMARK_MODEL_SIGNING names no `model_signing`");
        return Ok(());
    };
    let team = crate::support::Team::published()?;
    let version = team.dir().join("models/churn/version-1");
    let key = team.room.path().join("key.pub");
    fs::write(&key, &team.ann.card().public_key)?;
    let accepts = || -> std::io::Result<bool> {
        let mut command = std::process::Command::new(&tool);
        command.args(["verify", "key"]).arg(version.join("model"));
        command.arg("--signature").arg(version.join("model.sig")).arg("--public_key").arg(&key);
        Ok(command.output()?.status.success())
    };
    assert!(accepts()?, "as it was published");
    fs::write(version.join("model/registered_model_meta"), "model_version: 1")?;
    assert!(accepts()?, "with the file that MLflow writes");
    let file = version.join("model/model.pkl");
    let bytes = fs::read(&file)?;
    fs::remove_file(&file)?;
    assert!(!accepts()?, "missing");
    fs::write(&file, &bytes[1..])?;
    assert!(!accepts()?, "changed");
    fs::write(&file, &bytes)?;
    fs::write(version.join("model/x.py"), "import os")?;
    assert!(!accepts()?, "added");
    Ok(())
}
