use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}

/// A virtual environment as `python -m venv` and pip leave it, without any Python.
fn virtual_environment(base: &Path) -> std::io::Result<PathBuf> {
    let site = base.join("lib/python3.11/site-packages");
    write(&base.join("pyvenv.cfg"), "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n")?;
    write(&base.join("bin/python"), "")?;
    write(&base.join("bin/tool"), &format!("#!{}\nimport x\n", base.join("bin/python").display()))?;
    write(
        &site.join("scikit_learn-1.4.0.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: scikit-learn\nVersion: 1.4.0\n\nVersion: 9\n",
    )?;
    write(&site.join("Zope.Interface-5.0-py3.11.egg-info/PKG-INFO"), "Name: Zope.Interface\nVersion: 5.0\n")?;
    write(&site.join("broken-2.0.dist-info/RECORD"), "")?;
    write(&site.join("pandas/__init__.py"), "raise SystemExit")?;
    Ok(base.join("bin/python"))
}

#[test]
fn names_are_normalised() {
    for (given, expected) in [("Zope.Interface", "zope-interface"), ("a__b-.c", "a-b-c"), ("PyYAML", "pyyaml")] {
        assert_eq!(normal_name(given), expected);
    }
}

#[test]
fn a_virtual_environment_is_read_without_starting_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let python = of_python(&virtual_environment(&folder.path().join(".venv"))?)?;
    assert!(python.is_virtual);
    assert_eq!(python.interpreter.version, "3.11.7");
    let packages: Vec<(&str, &str)> =
        python.packages.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
    assert_eq!(packages, [("broken", "2.0"), ("scikit-learn", "1.4.0"), ("zope-interface", "5.0")]);
    assert!(of_python(&folder.path().join("none")).is_err());
    Ok(())
}

#[test]
fn an_installed_python_has_its_version_in_its_headers_and_its_name() -> Outcome {
    let folder = tempfile::tempdir()?;
    let prefix = folder.path().join("opt");
    write(&prefix.join("bin/python3.12"), "")?;
    write(&prefix.join("include/python3.12/patchlevel.h"), "#define PY_VERSION              \"3.12.4\"\n")?;
    write(&prefix.join("lib/python3.12/site-packages/a-1.dist-info/METADATA"), "Name: a\nVersion: 1\n")?;
    write(&prefix.join("lib/python3.10/site-packages/b-1.dist-info/METADATA"), "Name: b\nVersion: 1\n")?;
    let python = of_python(&prefix.join("bin/python3.12"))?;
    assert_eq!(python.interpreter.version, "3.12.4");
    assert!(
        python.packages.contains_key("a") && !python.packages.contains_key("b"),
        "packages of its own version only"
    );
    let pyenv = folder.path().join("pyenv");
    write(&pyenv.join("shims/python3"), "#!/usr/bin/env bash\n")?;
    write(&pyenv.join("version"), "3.11.9\n")?;
    write(&pyenv.join("versions/3.11.9/bin/python3"), "")?;
    assert_eq!(of_python(&pyenv.join("shims/python3"))?.interpreter.version, "3.11.9");
    Ok(())
}

#[test]
fn the_interpreter_of_a_command_is_found() -> Outcome {
    let folder = tempfile::tempdir()?;
    let base = folder.path();
    let venv = virtual_environment(&base.join(".venv"))?;
    write(&base.join("bin/python3"), "")?;
    write(&base.join("bin/sh"), "\u{7f}ELF")?;
    write(&base.join("train.py"), "#!/usr/bin/env python3\n")?;
    let path = OsString::from(base.join("bin"));
    let find = |command: &str| {
        let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
        find_interpreter(&argv, base, Some(&path))
    };
    let system = base.join("bin/python3");
    assert_eq!(find("python3 train.py"), Some(system.clone()));
    assert_eq!(find("nice -n 5 python3 train.py"), Some(system.clone()));
    assert_eq!(find("env A=1 python3 train.py"), Some(system.clone()));
    assert_eq!(find("./train.py"), Some(system));
    assert_eq!(find(".venv/bin/python train.py"), Some(venv.clone()));
    assert_eq!(find(".venv/bin/tool --x"), Some(venv.clone()));
    assert_eq!(find("uv run train.py"), Some(venv.clone()));
    assert_eq!(find("poetry run python train.py"), Some(venv));
    assert_eq!(find("sh run.sh"), None, "what is no Python is not called one");
    assert_eq!(find("missing"), None);
    assert_eq!(find_interpreter(&[], base, None), None);
    Ok(())
}

#[test]
fn the_digest_depends_on_software_and_not_on_the_processor() -> Outcome {
    let folder = tempfile::tempdir()?;
    let python = of_python(&virtual_environment(folder.path())?)?;
    let one = Machine { system: "S".into(), architecture: "x86_64".into(), cpu: Some("A".into()), gpus: Vec::new() };
    let of = |python: &PythonFacts, machine: &Machine| {
        environment(Some(python), machine, Basis::Observed, Confidence::CERTAIN)
    };
    let first = of(&python, &one);
    assert_eq!(first.digest, of(&python, &Machine { cpu: None, gpus: vec!["G".into()], ..one.clone() }).digest);
    assert_ne!(first.digest, of(&python, &Machine { system: "T".into(), ..one.clone() }).digest);
    let mut other = python.clone();
    other.packages.insert("a".into(), "1".into());
    assert_ne!(first.digest, of(&other, &one).digest);
    // The canonical form is a promise: this is what anyone else would hash.
    let canonical = r#"{"architecture":"x86_64","interpreter":null,"packages":{"a":"1","b":"2"},"system":"S"}"#;
    let packages = BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]);
    let expected = Digest::from_bytes(Sha256::digest(canonical).into());
    assert_eq!(digest_of(None, &packages, "S", "x86_64"), expected);
    Ok(())
}
