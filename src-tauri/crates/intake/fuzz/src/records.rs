//! What other tools wrote down.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{StoreKind, StoreRef};
use proofmark_intake::environment::declared::of_file;
use proofmark_intake::records::{ReadOptions, StoreReading, read_store};

use crate::{chosen, folder, timed, write};

fn read(root: &Path, kind: StoreKind, path: &str) {
    let (known, under) = (HashMap::new(), RelPath::from(""));
    let options = ReadOptions { root, known: &known, under: &under, cancel: &|| false };
    let store = StoreRef { kind, path: RelPath::from(path) };
    timed(|| {
        let read: Result<StoreReading, Infallible> = read_store(&store, &options, &mut |_| Ok(()));
        let Ok(_) = read;
    });
}

/// Reads the bytes as a file that declares an environment; the first of them says which.
pub fn environment(data: &[u8]) {
    let names = [
        "requirements.txt",
        "environment.yml",
        "conda-lock.yml",
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "Pipfile",
        "Pipfile.lock",
        "Dockerfile",
        "python_env.yaml",
        "MLmodel",
        "MLproject",
    ];
    let Some((name, content)) = chosen(data, &names) else { return };
    let path = folder("environment").join(name);
    write(&path, content);
    timed(|| {
        let _ = of_file(&path).map(|declared| declared.into_environment());
    });
}

/// Reads the bytes as one of the files of a DVC pipeline; the first of them says which.
pub fn dvc(data: &[u8]) {
    let Some((name, content)) = chosen(data, &["dvc.yaml", "dvc.lock", "data.csv.dvc", "params.yaml"]) else { return };
    let root = folder("dvc");
    for (file, text) in [
        ("dvc.yaml", "stages:\n  train:\n    cmd: python train.py ${path}\n    deps: [data.csv]\n    params: [alpha]\n    outs: [model.pkl]\n"),
        ("dvc.lock", "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py a\n    deps:\n    - path: data.csv\n      md5: d41d8cd98f00b204e9800998ecf8427e\n      size: 0\n"),
        ("data.csv.dvc", "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 0\n  path: data.csv\n"),
        ("params.yaml", "alpha: 1\npath: a\n"),
    ] {
        write(&root.join(file), if file == name { content } else { text.as_bytes() });
    }
    read(&root, StoreKind::Dvc, "");
}

/// Reads the bytes as one of the files of an MLflow folder; the first of them says which.
pub fn mlflow_files(data: &[u8]) {
    let run = "mlruns/0/0123456789abcdef0123456789abcdef";
    let files = [
        ("mlruns/0/meta.yaml".to_owned(), "artifact_location: mlruns/0\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n"),
        (
            format!("{run}/meta.yaml"),
            "artifact_uri: mlruns/0/0123456789abcdef0123456789abcdef/artifacts\nend_time: 2\nexperiment_id: '0'\nlifecycle_stage: active\nrun_id: 0123456789abcdef0123456789abcdef\nrun_name: a\nsource_type: 4\nstart_time: 1\nstatus: 3\n",
        ),
        (format!("{run}/metrics/loss"), "1 0.5 0\n2 0.25 1\n"),
        (format!("{run}/params/alpha"), "0.1"),
        (format!("{run}/tags/mlflow.log-model.history"), "[]"),
        (format!("{run}/inputs/a/meta.yaml"), "source_type: DATASET\n"),
        ("mlruns/models/m/meta.yaml".to_owned(), "name: m\ncreation_timestamp: 1\n"),
        ("mlruns/models/m/version-1/meta.yaml".to_owned(), "name: m\nversion: 1\n"),
    ];
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let Some((name, content)) = chosen(data, &names) else { return };
    let root = folder("mlflow");
    for (file, text) in &files {
        write(&root.join(file), if file == name { content } else { text.as_bytes() });
    }
    read(&root, StoreKind::MlflowFiles, "mlruns");
}

/// Reads the bytes as a database of MLflow.
pub fn mlflow_database(data: &[u8]) {
    let root = folder("database");
    write(&root.join("mlflow.db"), data);
    read(&root, StoreKind::MlflowDatabase, "mlflow.db");
}
