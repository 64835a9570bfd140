#![allow(clippy::unwrap_used)]
//! Fixtures made by the real libraries, with what they hold written from the live objects; and damage of every kind.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proofmark_domain::model::{ModelFacts, SafetyVerdict};
use serde_json::Value;

use super::{Limits, ModelError, read_model};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/models")
}

fn expected() -> BTreeMap<String, Value> {
    serde_json::from_slice(&std::fs::read(fixtures().join("expected.json")).unwrap()).unwrap()
}

fn read_bytes(bytes: &[u8]) -> Result<ModelFacts, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    std::fs::write(&path, bytes).unwrap();
    read_model(&path, &Limits::default())
}

fn word(verdict: SafetyVerdict) -> String {
    serde_json::to_value(verdict).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_fact_is_that_of_the_live_object() {
    let mut wrong = Vec::new();
    for (name, want) in expected() {
        let facts = match read_model(&fixtures().join(&name), &Limits::default()) {
            Ok(facts) => facts,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let verdict = word(facts.safety.verdict);
        let got = serde_json::to_value(&facts).unwrap();
        for (key, want) in want.as_object().unwrap() {
            match key.as_str() {
                "verdict" if want != verdict.as_str() => {
                    wrong.push(format!("{name}: verdict {verdict}, wanted {want}: {:?}", facts.safety.reasons));
                }
                "verdict_not" if want == verdict.as_str() => wrong.push(format!("{name}: verdict {verdict}")),
                "verdict" | "verdict_not" => {}
                "parameters" => {
                    for (parameter, want) in want.as_object().unwrap() {
                        if facts.parameters.get(parameter) != Some(want) {
                            wrong.push(format!(
                                "{name}: {parameter} {:?}, wanted {want}",
                                facts.parameters.get(parameter)
                            ));
                        }
                    }
                }
                "training" => {
                    for (fact, want) in want.as_object().unwrap() {
                        if facts.training.get(fact) != Some(want) {
                            wrong.push(format!("{name}: {fact} {:?}, wanted {want}", facts.training.get(fact)));
                        }
                    }
                }
                key if &got[key] != want => wrong.push(format!("{name}: {key} {}, wanted {want}", got[key])),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_call_is_shown_with_its_position() {
    let facts = read_model(&fixtures().join("evil_p4.pkl"), &Limits::default()).unwrap();
    let reason = &facts.safety.reasons[0];
    assert_eq!(reason.what, "posix.system(\"echo harmless\")");
    assert_eq!(reason.place, "byte 19");
}

/// What picklescan 1.0.5 and modelscan 0.8.8 block, one name of each module.
const BLOCKED: &[(&str, &[&str])] = &[
    ("__builtin__", &["eval", "compile", "getattr", "apply", "exec", "open", "breakpoint", "__import__"]),
    ("builtins", &["eval", "compile", "getattr", "apply", "exec", "open", "breakpoint", "__import__"]),
    (
        "cloudpickle.cloudpickle",
        &["_builtin_type", "_make_function", "_function_setstate", "_make_cell", "_make_empty_cell", "subimport"],
    ),
    ("types", &["CodeType"]),
    ("aiohttp", &["get"]),
    ("aiohttp.client", &["ClientSession"]),
    ("asyncio", &["run"]),
    ("bdb", &["Bdb.run"]),
    ("commands", &["getoutput"]),
    ("ctypes", &["CDLL"]),
    ("functools", &["partial"]),
    ("httplib", &["HTTPConnection"]),
    ("logging", &["FileHandler"]),
    ("_io", &["FileIO"]),
    ("numpy.f2py", &["crackfortran.getlincoef"]),
    ("numpy.testing._private.utils", &["runstring"]),
    ("nt", &["system"]),
    ("posix", &["system"]),
    ("_operator", &["attrgetter", "itemgetter", "methodcaller"]),
    ("operator", &["attrgetter", "itemgetter", "methodcaller"]),
    ("os", &["system"]),
    ("os.path", &["join"]),
    ("requests.api", &["get"]),
    ("runpy", &["run_path"]),
    ("shutil", &["rmtree"]),
    ("socket", &["create_connection"]),
    ("ssl", &["get_server_certificate"]),
    ("subprocess", &["Popen"]),
    ("sys", &["exit"]),
    ("code", &["InteractiveInterpreter.runcode"]),
    ("cProfile", &["run"]),
    ("distutils.file_util", &["write_file"]),
    ("doctest", &["debug_script"]),
    ("ensurepip", &["_run_pip"]),
    ("idlelib.autocomplete", &["AutoComplete.get_entity", "AutoComplete.fetch_completions"]),
    ("idlelib.calltip", &["Calltip.fetch_tip", "get_entity"]),
    ("idlelib.debugobj", &["ObjectTreeItem.SetText"]),
    ("idlelib.pyshell", &["ModifiedInterpreter.runcode", "ModifiedInterpreter.runcommand"]),
    ("idlelib.run", &["Executive.runcode"]),
    ("imaplib", &["IMAP4_stream"]),
    ("lib2to3.pgen2.grammar", &["Grammar.loads"]),
    ("lib2to3.pgen2.pgen", &["ParserGenerator.make_label"]),
    ("pdb", &["run"]),
    ("pickle", &["loads"]),
    ("_pickle", &["loads"]),
    ("pip", &["main"]),
    ("pkgutil", &["resolve_name"]),
    ("pty", &["spawn"]),
    ("profile", &["run"]),
    ("pydoc", &["locate"]),
    ("test", &["support.script_helper.assert_python_ok"]),
    ("timeit", &["timeit"]),
    ("torch._dynamo.guards", &["GuardBuilder.get"]),
    ("torch._inductor.codecache", &["compile_file"]),
    ("torch.fx.experimental.symbolic_shapes", &["ShapeEnv.evaluate_guards_expression"]),
    ("torch.jit.unsupported_tensor_ops", &["execWrapper"]),
    ("torch.serialization", &["load"]),
    ("torch.utils._config_module", &["ConfigModule.load_config"]),
    ("torch.utils.bottleneck.__main__", &["run_cprofile", "run_autograd_prof"]),
    ("torch.utils.collect_env", &["run"]),
    ("torch.utils.data.datapipes.utils.decoder", &["basichandlers"]),
    ("trace", &["Trace.run", "Trace.runctx"]),
    ("urllib.request", &["urlopen"]),
    ("uuid", &["_get_command_stdout"]),
    ("venv", &["create"]),
    ("webbrowser", &["open"]),
    ("_osx_support", &["_read_output"]),
    ("_aix_support", &["_read_cmd_output"]),
    ("_pyrepl", &["pager.pipe_pager"]),
    // Beyond both lists.
    ("numpy.ctypeslib", &["load_library"]),
    ("torch", &["load"]),
    ("joblib", &["load"]),
    ("pandas", &["read_pickle"]),
    ("sklearn.utils", &["os.system"]),
    ("importlib", &["import_module"]),
    ("multiprocessing.util", &["spawnv_passfds"]),
];

#[test]
fn what_the_scanners_block_is_dangerous() {
    for (module, names) in BLOCKED {
        for name in *names {
            for bytes in [
                format!("\u{0}c{module}\n{name}\n(S'x'\ntR.").into_bytes(),
                [
                    b"\x8c".to_vec(),
                    vec![module.len() as u8],
                    module.as_bytes().to_vec(),
                    b"\x8c".to_vec(),
                    vec![name.len() as u8],
                    name.as_bytes().to_vec(),
                    b"\x93(\x8c\x01xtR.".to_vec(),
                ]
                .concat(),
            ] {
                let bytes = [b"\x80\x04".as_slice(), bytes.strip_prefix(b"\0").unwrap_or(&bytes)].concat();
                let facts = read_bytes(&bytes).unwrap();
                assert_eq!(facts.safety.verdict, SafetyVerdict::Dangerous, "{module} {name}: {:?}", facts.safety);
                assert!(!facts.safety.reasons.is_empty());
            }
        }
    }
}

fn safe_fixtures() -> Vec<(String, Vec<u8>)> {
    let named =
        expected().into_iter().filter(|(name, want)| want["verdict"] == "safe" && fixtures().join(name).is_file());
    named.map(|(name, _)| (name.clone(), std::fs::read(fixtures().join(name)).unwrap())).collect()
}

#[test]
fn a_truncated_file_is_never_safe() {
    for (name, bytes) in safe_fixtures() {
        let ends =
            (1..bytes.len().min(48)).chain((48..bytes.len()).step_by(bytes.len() / 40 + 1)).chain([bytes.len() - 1]);
        for end in ends {
            if let Ok(facts) = read_bytes(&bytes[..end]) {
                // A text document may end with a line feed that means nothing.
                let same = bytes[end..].iter().all(u8::is_ascii_whitespace)
                    || name == "lightgbm.txt" && end + 200 > bytes.len();
                // ONNX has no end mark: a cut between two fields leaves a whole message, which holds no outputs or no
                // operator set. Such a file is harmless to load.
                let onnx = facts.format == "onnx" && facts.outputs.is_some();
                assert!(
                    same || onnx || facts.safety.verdict != SafetyVerdict::Safe,
                    "{name} cut at {end} of {}",
                    bytes.len()
                );
            }
        }
    }
}

#[test]
fn trailing_bytes_are_never_safe() {
    for (name, mut bytes) in safe_fixtures() {
        let is_text = ["txt", "json", "pmml"].iter().any(|ending| name.ends_with(ending));
        let is_zip = bytes.starts_with(b"PK");
        if is_text || is_zip || name.ends_with(".gguf") {
            continue;
        }
        bytes.extend_from_slice(b"\x80\x04N.trailing");
        if let Ok(facts) = read_bytes(&bytes) {
            assert_ne!(facts.safety.verdict, SafetyVerdict::Safe, "{name}");
        }
    }
}

/// A small deterministic generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

#[test]
fn mutations_neither_panic_nor_make_a_dangerous_file_safe() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (name, bytes) in safe_fixtures().into_iter().filter(|(_, bytes)| bytes.len() < 20_000) {
        for _ in 0..24 {
            let mut mutated = bytes.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(mutated.len());
                match dice.roll(4) {
                    0 => mutated[at] = dice.roll(256) as u8,
                    1 => mutated[at] ^= 1 << dice.roll(8),
                    2 => {
                        mutated.remove(at);
                    }
                    _ => mutated.insert(at, dice.roll(256) as u8),
                }
            }
            if let Ok(facts) = read_bytes(&mutated) {
                assert!(
                    facts.safety.verdict == SafetyVerdict::Safe || !facts.safety.reasons.is_empty(),
                    "{name}: a verdict without a reason"
                );
            }
        }
    }
}

#[test]
fn a_replaced_import_is_never_safe() {
    let needle = b"csklearn.";
    for protocol in 0..=3 {
        let bytes = std::fs::read(fixtures().join(format!("pipeline_p{protocol}.pkl"))).unwrap();
        let starts: Vec<usize> =
            bytes.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).map(|(at, _)| at).collect();
        assert!(!starts.is_empty());
        for at in starts {
            let second = bytes[at..].iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0;
            let mutated = [&bytes[..at], b"cos\nsystem\n", &bytes[at + second + 1..]].concat();
            let facts = read_bytes(&mutated).unwrap();
            assert_eq!(facts.safety.verdict, SafetyVerdict::Dangerous);
        }
    }
}

#[test]
fn bombs_end_within_their_limits() {
    let limits = Limits { time: std::time::Duration::from_secs(3), ..Limits::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb");
    let mut memo = b"\x80\x04]\x94".to_vec();
    for _ in 0..200_000 {
        memo.extend_from_slice(b"(h\x00h\x00h\x00h\x00t\x94");
    }
    let mut lying = b"\x80\x04\x8e".to_vec();
    lying.extend_from_slice(&u64::MAX.to_le_bytes());
    let marks = [b"\x80\x04".to_vec(), vec![b'('; 4 << 20]].concat();
    let dups = [b"\x80\x04N".to_vec(), vec![b'2'; 4 << 20]].concat();
    let nested = [b"{".to_vec(), b"\"learner\":[".repeat(100_000)].concat();
    let ubjson = [b"{L\0\0\0\0\0\0\0\x07learner".to_vec(), b"[".repeat(100_000)].concat();
    let expanding = {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(b"\x80\x04\x8e\0\0\0\0\x04\0\0\0").unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap()
    };
    let header = [u64::MAX.to_le_bytes().to_vec(), b"{}".to_vec()].concat();
    for bytes in [
        memo,
        lying,
        marks,
        dups,
        nested,
        ubjson,
        expanding,
        header,
        b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x0f".to_vec(),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let start = std::time::Instant::now();
        if let Ok(facts) = read_model(&path, &limits) {
            assert_ne!(facts.safety.verdict, SafetyVerdict::Safe);
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(9));
    }
}

#[test]
fn what_is_no_model_is_said_to_be_none() {
    for bytes in
        [&b""[..], b"age,income\n1,2\n", b"import os\nprint(1)\n", b"{\"a\": 1}", b"I am a text.", b"(1, 2)\n", b"x\n"]
    {
        assert!(matches!(read_bytes(bytes), Err(ModelError::NotAModel { .. })), "{bytes:?}");
    }
}
