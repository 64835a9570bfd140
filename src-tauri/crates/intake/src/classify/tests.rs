use std::io::Write as _;

use proofmark_domain::artifact::ArtifactKind::{
    self, Archive, Code, Config, Dataset, Document, Environment, Metrics, Model, Notebook, Other, PredictionLog,
};

use super::*;
use crate::files::hash::HEAD_BYTES;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn ask(name: &str, bytes: &[u8]) -> Classified {
    let mut reader = |offset: u64, len: usize| {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.get(from..bytes.len().min(from + len)).unwrap_or_default().to_vec())
    };
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    classify(&RelPath::from(name), head, bytes.len() as u64, &mut reader)
}

fn check(cases: &[(&str, &[u8], ArtifactKind, &str)]) {
    let mut wrong = Vec::new();
    for (name, bytes, kind, media) in cases {
        let found = ask(name, bytes);
        if (found.kind, found.media_type.as_str()) != (*kind, *media) {
            wrong.push(format!("{name}: {found:?}, expected {kind:?} {media}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables_in_text() {
    let utf16: Vec<u8> = "id\tname\n1\tä\n2\tb\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32_mark: Vec<u8> = "\u{feff}id\tname\n1\tä\n2\tb\n".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    let utf16_mark: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16.clone()).collect();
    check(&[
        ("a.csv", b"a,b\n1,2\n3,4\n", Dataset, "text/csv"),
        ("a.csv", b"a,b\n", Dataset, "text/csv"),
        ("a.csv", b"only\n1\n2\n", Dataset, "text/csv"),
        ("a.csv", b"a,b,c\n1,2\n3,4,5\n6,7,8\n", Dataset, "text/csv"),
        ("a.tsv", b"a\tb\n1\t2\n", Dataset, "text/tab-separated-values"),
        ("a.csv", b"a;b\n1,5;2\n3,5;4\n", Dataset, "text/csv"),
        ("a.csv", b"id,text\n1,\"one, two\nand three\"\n2,\"x\"\"y\"\n3,z\n", Dataset, "text/csv"),
        ("noname", b"id,amount,day\n1,2.5,2024-01-01\n2,3.5,2024-01-02\n3,1,2024-01-03\n", Dataset, "text/csv"),
        ("a.txt", b"x|y\n1|2\n3|4\n5|6\n", Dataset, "text/csv"),
        ("a.csv", b"\xef\xbb\xbfa,b\n1,2\n", Dataset, "text/csv"),
        ("a.csv", &utf16, Dataset, "text/tab-separated-values"),
        ("a.csv", &utf16_mark, Dataset, "text/tab-separated-values"),
        ("a.csv", &utf32_mark, Dataset, "text/tab-separated-values"),
        ("latin.csv", b"stra\xdfe,ort\nHauptstra\xdfe,K\xf6ln\nWeg,Bonn\n", Dataset, "text/csv"),
        ("a.dat", b"1 2 3\n4 5 6\n7 8 9\n", Dataset, "text/x-whitespace-separated"),
        ("a.txt", b"1 1:0.5 4:2\n-1 2:3\n1 7:1\n", Dataset, "text/x-libsvm"),
        ("a.txt", b"@relation x\n@attribute a numeric\n", Dataset, "text/x-arff"),
        ("t.py", b"id,amount,day\n1,2.5,2024-01-01\n2,3.5,2024-01-02\n3,1,2024-01-03\n", Dataset, "text/csv"),
    ]);
}

#[test]
fn text_that_is_no_table() {
    check(&[
        ("README.md", b"# Title\n\nText, with commas, here.\n", Document, "text/markdown"),
        ("t.md", b"| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", Document, "text/markdown"),
        ("notes.txt", b"First, this.\nSecond, that is a sentence.\nThird, more of it.\n", Document, "text/plain"),
        (
            "app.log",
            b"2024-01-01 10:00:00,123 INFO main started the thing\n2024-01-01 10:00:01,125 INFO main went on\n2024-01-01 10:00:02,126 WARN main x\n",
            Other,
            "text/x-log",
        ),
        ("train.py", b"import pandas as pd\ndf = pd.read_csv('a.csv')\n", Code, "text/x-python"),
        ("data.csv", b"import os\nfrom x import y\n\ndef f(a, b):\n    return a, b\n", Code, "text/x-python"),
        ("c.py", b"X = [\n    1, 2,\n    3, 4,\n    5, 6,\n]\n", Code, "text/x-python"),
        ("run", b"#!/usr/bin/env python3\nprint(1)\n", Code, "text/x-python"),
        ("run", b"#!/bin/bash\necho 1\n", Code, "application/x-sh"),
        ("q.sql", b"select a, b from t\nwhere a, b\n", Code, "application/sql"),
        ("m.R", b"library(x)\n", Code, "text/x-r"),
        ("a.jl", b"using X\n", Code, "text/x-julia"),
        ("a.scala", b"object A {}\n", Code, "text/x-scala"),
        ("binary.py", b"\x00\x01\x02\x03abc", Other, "application/octet-stream"),
        ("a.html", b"<!DOCTYPE html><html></html>", Document, "text/html"),
        ("a.svg", b"<svg xmlns='x'></svg>", Document, "image/svg+xml"),
        ("a.yaml", b"a: 1\nb: 2\n", Config, "application/yaml"),
        ("a.toml", b"[x]\na = 1\n", Config, "application/toml"),
        ("a.ini", b"[x]\na=1\n", Config, "text/x-ini"),
        ("metrics.yaml", b"auc: 0.9\nloss: 0.1\n", Metrics, "application/yaml"),
        ("MLmodel", b"flavors:\n  sklearn: {}\nmodel_uuid: abc\n", Config, "application/vnd.mlflow.mlmodel+yaml"),
        ("mlruns/0/ab/metrics/auc", b"1700000000000 0.5 0\n1700000000001 0.6 1\n", Metrics, "text/x-mlflow-metric"),
        ("mlruns/0/ab/params/depth", b"5", Config, "text/plain"),
    ]);
}

#[test]
fn descriptions_of_environments() {
    check(&[
        ("requirements.txt", b"pandas==2.0\nnumpy>=1\n", Environment, "text/x-python-requirements"),
        ("requirements-dev.txt", b"-r requirements.txt\n", Environment, "text/x-python-requirements"),
        ("freeze.txt", b"pandas==2.0.1\nnumpy==1.26\nscipy==1.1\n", Environment, "text/x-python-requirements"),
        ("environment.yml", b"name: x\ndependencies:\n  - python=3.11\n", Environment, "application/yaml"),
        ("my-env.yaml", b"name: x\nchannels: [a]\ndependencies:\n  - python\n", Environment, "application/yaml"),
        ("pyproject.toml", b"[project]\nname='x'\n", Environment, "application/toml"),
        ("uv.lock", b"version = 1\n", Environment, "application/toml"),
        ("Pipfile.lock", b"{\"_meta\": {}}", Environment, "application/json"),
        ("Dockerfile", b"FROM python:3.11\nRUN pip install x\n", Environment, "text/x-dockerfile"),
        ("container", b"# x\nFROM python:3.11\nRUN pip install x\n", Environment, "text/x-dockerfile"),
    ]);
}

const LOG_LINE: &str = r#"{"request_id":"6fa459ea-ee8a-4ca4-894e-db77e160355e","timestamp":"2024-01-01T00:00:00Z","inputs":{"a":1},"prediction":0.5}"#;

#[test]
fn json_documents_and_records() {
    let log = format!("{LOG_LINE}\n{LOG_LINE}\n");
    let long_notebook = format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [\"{}\"]}}", "x".repeat(100_000));
    let long_data = format!("[{}{{\"a\": 1}}]", "{\"a\": 1, \"b\": \"x\"},\n".repeat(10_000));
    check(&[
        ("a.json", b"[{\"a\": 1}, {\"a\": 2}]", Dataset, "application/json"),
        ("long.json", long_data.as_bytes(), Dataset, "application/json"),
        ("a.json", b"{\"columns\": [\"a\"], \"index\": [0], \"data\": [[1]]}", Dataset, "application/json"),
        ("a.json", b"{\"a\": {\"0\": 1, \"1\": 2}}", Dataset, "application/json"),
        ("a.geojson", b"{\"type\": \"FeatureCollection\", \"features\": []}", Dataset, "application/geo+json"),
        ("features.json", b"[\"a\", \"b\"]", Config, "application/json"),
        ("params.json", b"{\"depth\": 3, \"name\": \"x\"}", Config, "application/json"),
        ("metrics.json", b"{\"train\": {\"x\": 0.5}}", Metrics, "application/json"),
        ("out.json", b"{\"accuracy\": 0.5, \"val_loss\": 1}", Metrics, "application/json"),
        ("a.jsonl", b"{\"a\": 1}\n{\"a\": 2}\n", Dataset, "application/x-ndjson"),
        ("a.json", b"{\"a\": 1}\n{\"a\": 2}\n", Dataset, "application/x-ndjson"),
        ("x.jsonl", log.as_bytes(), PredictionLog, "application/x-ndjson"),
        (
            "n.ipynb",
            b"{\"cells\": [], \"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}}",
            Notebook,
            "application/x-ipynb+json",
        ),
        ("long.ipynb", long_notebook.as_bytes(), Notebook, "application/x-ipynb+json"),
        ("broken.ipynb", b"{\"cells\": [", Other, "text/plain"),
        ("m.json", b"{\"learner\": {\"x\": 1}, \"version\": [1, 7, 0]}", Model, "application/vnd.xgboost+json"),
        ("broken.json", b"{\"a\": ", Other, "text/plain"),
    ]);
}

#[test]
fn logs_of_predictions_in_tables() {
    let ids = "6fa459ea-ee8a-4ca4-894e-db77e160355e,2024-01-01T00:00:00Z,3,0.5\n";
    let csv = format!("prediction_id,timestamp,age,score\n{ids}{ids}");
    let plain = "prediction_id,timestamp,age,score\n1,2024-01-01,3,0.5\n2,2024-01-01,3,0.5\n";
    check(&[
        ("p.csv", csv.as_bytes(), PredictionLog, "text/csv"),
        ("p.csv", plain.as_bytes(), Dataset, "text/csv"),
        (
            "p.parquet",
            &parquet(&["request_id", "created_at", "y_pred"]),
            PredictionLog,
            "application/vnd.apache.parquet",
        ),
        ("p.parquet", &parquet(&["customer", "created_at", "amount"]), Dataset, "application/vnd.apache.parquet"),
        ("cut.parquet", b"PAR1\x15\x04", Dataset, "application/vnd.apache.parquet"),
    ]);
}

/// Enough of a footer for the names of its columns: schema elements in Thrift's compact form.
fn parquet(names: &[&str]) -> Vec<u8> {
    let mut footer = Vec::new();
    for name in names {
        footer.extend([0x15, 0x0c, 0x25, 0x02, 0x18, name.len() as u8]);
        footer.extend(name.as_bytes());
        footer.push(0);
    }
    let mut file = b"PAR1".to_vec();
    file.extend([0u8; 70_000]);
    file.extend(&footer);
    file.extend((footer.len() as u32).to_le_bytes());
    file.extend(b"PAR1");
    file
}

fn zip(names: &[&str]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, options)?;
        writer.write_all(&[7u8; 40_000])?;
    }
    Ok(writer.finish()?.into_inner())
}

#[test]
fn zip_files_are_what_is_in_them() -> Outcome {
    check(&[
        ("a.zip", &zip(&["a.csv", "b.csv"])?, Archive, "application/zip"),
        (
            "a.csv",
            &zip(&["[Content_Types].xml", "xl/workbook.xml"])?,
            Dataset,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            "a.docx",
            &zip(&["word/document.xml"])?,
            Document,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("m.pt", &zip(&["archive/data.pkl", "archive/data/0"])?, Model, "application/vnd.pytorch"),
        ("m.keras", &zip(&["metadata.json", "config.json", "model.weights.h5"])?, Model, "application/vnd.keras"),
        ("m.skops", &zip(&["0.npy", "schema.json"])?, Model, "application/vnd.skops"),
        ("a.npz", &zip(&["a.npy", "b.npy"])?, Dataset, "application/x-npz"),
        ("x.whl", &zip(&["x/a.py", "x-1.dist-info/WHEEL"])?, Archive, "application/x-wheel+zip"),
        ("x.jar", &zip(&["META-INF/MANIFEST.MF"])?, Archive, "application/java-archive"),
    ]);
    let cut = zip(&["archive/data.pkl", "archive/data/0"])?;
    let cut = cut.get(..50_000).ok_or("the sample is too short")?;
    check(&[("m.pt", cut, Model, "application/vnd.pytorch")]);
    Ok(())
}

#[test]
fn binary_formats_with_a_mark() {
    let safetensors = [&20u64.to_le_bytes()[..], b"{\"__metadata__\": {}}"].concat();
    let mlflow = [&b"SQLite format 3\0"[..], b"CREATE TABLE latest_metrics ... CREATE TABLE runs"].concat();
    let mut tar = vec![b'x'; 512];
    tar.splice(257..262, *b"ustar");
    check(&[
        ("data.csv", b"\x89PNG\r\n\x1a\n\0\0", Document, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", Document, "image/jpeg"),
        ("a.pdf", b"%PDF-1.7\n", Document, "application/pdf"),
        ("a", b"ARROW1\0\0", Dataset, "application/vnd.apache.arrow.file"),
        ("a", b"FEA1....", Dataset, "application/vnd.apache.feather"),
        ("a", b"ORC\x00\x01\x02", Dataset, "application/vnd.apache.orc"),
        ("a", b"Obj\x01\x02", Dataset, "application/vnd.apache.avro"),
        ("a", b"\x93NUMPY\x01\0", Dataset, "application/x-npy"),
        ("a.h5", b"\x89HDF\r\n\x1a\n\0\0 table", Dataset, "application/x-hdf5"),
        ("a.h5", b"\x89HDF\r\n\x1a\n\0\0 model_config", Model, "application/x-hdf5"),
        ("a.db", b"SQLite format 3\0CREATE TABLE x", Dataset, "application/vnd.sqlite3"),
        ("mlflow.db", &mlflow, Metrics, "application/vnd.sqlite3"),
        ("m.cbm", b"CBM1\0\0", Model, "application/vnd.catboost"),
        ("m.gguf", b"GGUF\x03\0\0\0", Model, "application/vnd.gguf"),
        ("m.safetensors", &safetensors, Model, "application/vnd.safetensors"),
        (
            "m.ubj",
            b"{L\0\0\0\0\0\0\0\x07learner{L\0\0\0\0\0\0\0\x0ax.........................................",
            Model,
            "application/vnd.xgboost+ubj",
        ),
        ("m.txt", b"tree\nversion=v4\nnum_class=1\n", Model, "text/x-lightgbm"),
        ("m.xml", b"<?xml version=\"1.0\"?>\n<PMML version=\"4.4\"></PMML>", Model, "application/pmml+xml"),
        ("a.tar", &tar, Archive, "application/x-tar"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0", Archive, "application/x-7z-compressed"),
        ("a.xz", b"\xfd7zXZ\0\0", Archive, "application/x-xz"),
        ("a.csv.xz", b"\xfd7zXZ\0\0", Dataset, "text/csv+xz"),
        ("m.joblib.xz", b"\xfd7zXZ\0\0", Model, "application/x-xz"),
        ("program", b"\x7fELF\x02", Other, "application/x-executable"),
        ("garbage.csv", b"\x00\x9f\x03\x17\xfe\x01\x80\x1b", Other, "application/octet-stream"),
        ("empty.csv", b"", Dataset, "application/x-empty"),
        ("empty.py", b"", Code, "application/x-empty"),
    ]);
}

fn varied(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field, content.len() as u8];
    bytes.extend(content);
    bytes
}

#[test]
fn models_in_protocol_buffers() {
    let onnx =
        [&[0x08, 9][..], &varied(0x12, b"skl2onnx"), &varied(0x3a, b"graph"), &varied(0x42, b"\x10\x11")].concat();
    let saved = [&[0x08, 1][..], &varied(0x12, b"a graph of some length")].concat();
    let foreign = [&[0x08, 9][..], &varied(0x4a, b"x"), &varied(0x3a, b"graph")].concat();
    check(&[
        ("m.bin", &onnx, Model, "application/vnd.onnx"),
        ("saved_model.pb", &saved, Model, "application/vnd.tensorflow.savedmodel"),
        ("m.onnx", &foreign, Other, "application/octet-stream"),
    ]);
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, io::Error> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[test]
fn pickles_and_compressed_files() -> Outcome {
    let model = b"\x80\x03csklearn.linear_model._logistic\nLogisticRegression\nq\x00)\x81q\x01.";
    let frame = b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x11pandas.core.frame\x94\x8c\x09DataFrame\x94\x93\x94)\x81\x94.";
    let array = b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\nq\x00)\x81q\x01cnumpy\nndarray\nq\x02.";
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(model)?;
    let mut large = frame.to_vec();
    large.extend([b'x'; 200_000]);
    large.extend(b"csklearn.svm\nSVC\nq\x05.");
    check(&[
        ("m.pkl", model, Model, "application/x-python-pickle"),
        ("m.csv", model, Model, "application/x-python-pickle"),
        ("d.pkl", frame, Dataset, "application/x-python-pickle"),
        ("d.joblib", array, Dataset, "application/x-python-pickle"),
        ("both.pkl", &large, Model, "application/x-python-pickle"),
        ("old.pkl", b"ccopy_reg\n_reconstructor\np0\n(csklearn.svm\nSVC\np1\n.", Model, "application/x-python-pickle"),
        ("m.joblib", &zlib.finish()?, Model, "application/x-python-pickle+zlib"),
        ("m.joblib.gz", &gzip(model)?, Model, "application/x-python-pickle+gzip"),
        ("a.csv.gz", &gzip(b"a,b\n1,2\n")?, Dataset, "text/csv+gzip"),
        ("a.gz", &gzip(b"{\"a\": 1}\n{\"a\": 2}\n")?, Dataset, "application/x-ndjson+gzip"),
        ("a.log.gz", &gzip(b"INFO x y\nINFO z\n")?, Archive, "application/gzip"),
        ("bomb.gz", &gzip(&gzip(&vec![0u8; 1 << 20])?)?, Archive, "application/gzip"),
        ("cell.txt", b"cell\nmore\nlines.", Document, "text/plain"),
    ]);
    Ok(())
}

/// No bytes may make the recognisers fail, and the same bytes always get the same answer.
#[test]
fn arbitrary_bytes_get_an_answer() {
    let seeds: &[&[u8]] = &[
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PAR1",
        b"\x80\x04\x95",
        b"\x1f\x8b\x08",
        b"{\"a\": [",
        b"[{",
        b"a,b\n1,\"",
        b"\x08\x09\x3a",
        b"SQLite format 3\0",
        b"\x89HDF\r\n\x1a\n",
        b"\xff\xfe",
        b"c",
        b"(dp0\n",
        b"\x78\x9c",
        b"tree\nversion=",
        b"",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as usize
    };
    for round in 0..4_000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..next() % 200 {
            bytes.push((next() % 256) as u8);
        }
        for name in ["x.csv", "x.json", "x"] {
            assert_eq!(ask(name, &bytes), ask(name, &bytes));
        }
    }
}
