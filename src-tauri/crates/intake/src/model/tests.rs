#![allow(clippy::unwrap_used)]
//! Fixtures made by the real libraries, with what they hold written from the live objects; and damage of every kind.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proofmark_domain::model::{ModelFacts, SafetyVerdict};
use serde_json::Value;

use super::pickle::disguise::Search;
use super::pickle::policy;
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

#[test]
fn a_call_is_shown_with_its_position() {
    let facts = read_model(&fixtures().join("evil_p4.pkl"), &Limits::default()).unwrap();
    let reason = &facts.safety.reasons[0];
    assert_eq!(reason.what, "posix.system(\"echo harmless\")");
    assert_eq!(reason.place, "byte 19");
}

/// Names that neither picklescan 1.0.5 nor modelscan 0.8.8 blocks, and that can do the same.
const BEYOND: &[(&str, &[&str])] = &[
    ("numpy.ctypeslib", &["load_library"]),
    ("torch", &["load"]),
    ("joblib", &["load"]),
    ("pandas", &["read_pickle"]),
    ("sklearn.utils", &["os.system"]),
    ("importlib", &["import_module"]),
    ("multiprocessing.util", &["spawnv_passfds"]),
];

/// What picklescan 1.0.5 and modelscan 0.8.8 block, as `make_blocked.py` took it from them.
fn blocked() -> Vec<(String, String)> {
    serde_json::from_slice(&std::fs::read(fixtures().join("blocked.json")).unwrap()).unwrap()
}

/// The call of a name with a harmless argument, in the spelling of protocol 0 and in that of protocol 4.
fn calls(module: &str, name: &str) -> [Vec<u8>; 2] {
    let text = |text: &str| [&[0x8c, text.len() as u8], text.as_bytes()].concat();
    [
        format!("c{module}\n{name}\n(S'x'\ntR.").into_bytes(),
        [b"\x80\x04".to_vec(), text(module), text(name), b"\x93(\x8c\x01xtR.".to_vec()].concat(),
    ]
}

#[test]
fn what_the_scanners_block_is_dangerous() {
    let beyond =
        BEYOND.iter().flat_map(|(module, names)| names.iter().map(|name| (module.to_string(), name.to_string())));
    let all: Vec<(String, String)> = blocked().into_iter().chain(beyond).collect();
    assert!(all.len() > 250);
    for (module, name) in all {
        for bytes in calls(&module, &name) {
            let facts = read_bytes(&bytes).unwrap();
            assert_eq!(facts.safety.verdict, SafetyVerdict::Dangerous, "{module} {name}: {:?}", facts.safety);
            assert!(facts.safety.reasons[0].what.starts_with(&format!("{}.", policy::modern(&module, &name).0)));
        }
    }
}

/// Ways to make a harmless-looking pickle do more. None of them is ever safe.
#[test]
fn known_ways_around_a_list_are_never_safe() {
    let shapes: [(&str, &[u8]); 9] = [
        (
            "a method put on an object, which the next state would call",
            b"\x80\x04csklearn.base\nBaseEstimator\n)\x81}\x8c\x0c__setstate__csklearn.utils\nresample\nsb}b.",
        ),
        ("items added through an attribute", b"\x80\x04csklearn.base\nBaseEstimator\n)\x81}\x8c\x01xNsbN\x61."),
        ("a booster that reads a file", b"\x80\x04cxgboost.core\nBooster\n(NN\x8c\x0b/etc/passwdtR."),
        ("a codec that is looked up by name", b"\x80\x04c_codecs\nencode\n(\x8c\x01x\x8c\x03zip\x74R."),
        ("a name from the extension registry", b"\x80\x04\x82\x07."),
        ("a call of what the file itself makes", b"\x80\x04csklearn.base\nBaseEstimator\n)\x81)R."),
        (
            "a function where a class is rebuilt",
            b"\x80\x04ccopyreg\n_reconstructor\n(csklearn.utils\nresample\nc__builtin__\nobject\nNtR.",
        ),
        ("a name with dots", b"\x80\x04\x8c\x0csklearn.base\x8c\x0ewarnings.warn_x\x93."),
        ("a function of a package of estimators, called", b"\x80\x04csklearn.utils\nresample\n)R."),
    ];
    for (what, bytes) in shapes {
        let facts = read_bytes(bytes).unwrap();
        assert_ne!(facts.safety.verdict, SafetyVerdict::Safe, "{what}");
    }
}

#[test]
fn an_import_hidden_far_inside_an_array_is_found() {
    let call = b"cposix\nsystem\n(S'echo harmless'\ntR.";
    for at in [0, 16_380, 16_384, 40_000, 9 << 20] {
        let mut data = vec![0x3f; 10 << 20];
        data[at..at + call.len()].copy_from_slice(call);
        let mut search = Search::default();
        data.chunks(16 * 1024).for_each(|block| search.feed(block));
        assert!(search.found(), "at {at}");
    }
    let mut search = Search::default();
    (0..200_u32).for_each(|number| search.feed(&number.to_le_bytes().repeat(300)));
    assert!(!search.found());
}

fn zip_of(members: &[(&str, &[u8])], encrypted: bool) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data) in members {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, options).unwrap();
        writer.write_all(data).unwrap();
    }
    let mut bytes = writer.finish().unwrap().into_inner();
    if encrypted {
        // The flag in both places where it is kept.
        for mark in [b"PK\x03\x04", b"PK\x01\x02"] {
            let flag = if mark == b"PK\x03\x04" { 6 } else { 8 };
            let starts: Vec<usize> =
                bytes.windows(4).enumerate().filter(|(_, it)| it == mark).map(|(at, _)| at).collect();
            starts.iter().for_each(|at| bytes[at + flag] |= 1);
        }
    }
    bytes
}

#[test]
fn an_archive_that_says_two_things_is_never_safe() {
    let state: &[u8] = b"\x80\x02}.";
    let good: &[(&str, &[u8])] = &[("m/data.pkl", state), ("m/version", b"3\n")];
    let whole = zip_of(good, false);
    assert_eq!(read_bytes(&whole).unwrap().safety.verdict, SafetyVerdict::Safe);
    let renamed = {
        let mut bytes = whole.clone();
        let at = bytes.windows(10).rposition(|it| it == b"m/data.pkl").unwrap();
        // The member's own name says one thing, and the directory another.
        bytes[at..at + 10].copy_from_slice(b"n/data.pkl");
        bytes
    };
    let shapes: [(&str, Vec<u8>); 8] = [
        ("bytes behind it", [whole.as_slice(), b"trailing"].concat()),
        ("bytes before it", [b"PK\x03\x04".as_slice(), &whole].concat()),
        ("a pickle behind it", [whole.as_slice(), &calls("os", "system")[0]].concat()),
        ("another name in the directory", renamed),
        ("encrypted members", zip_of(good, true)),
        ("a name that leaves the archive", zip_of(&[("m/data.pkl", state), ("../../evil", b"x")], false)),
        ("a member that is none of the format's", zip_of(&[("m/data.pkl", state), ("m/run.sh", b"x")], false)),
        ("a second pickle", zip_of(&[("m/data.pkl", state), ("m/other.pkl", &calls("os", "system")[0])], false)),
    ];
    for (what, bytes) in shapes {
        if let Ok(facts) = read_bytes(&bytes) {
            assert_ne!(facts.safety.verdict, SafetyVerdict::Safe, "{what}");
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
        let step = bytes.len() / rolls(24) + 1;
        let ends = (1..bytes.len().min(24)).chain((24..bytes.len()).step_by(step)).chain([bytes.len() - 1]);
        for end in ends {
            if let Ok(facts) = read_bytes(&bytes[..end]) {
                // A text document may end with a line feed that means nothing.
                let rest = &bytes[end..];
                // The list of categories at the end of LightGBM's text is not there in every file.
                let is_list = name.starts_with("lightgbm") && rest.len() < 24;
                let same = rest.iter().all(u8::is_ascii_whitespace) || is_list;
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

/// How often each fixture is damaged; more on request, since it takes minutes.
fn rolls(usual: usize) -> usize {
    std::env::var("PROOFMARK_ROLLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn mutations_neither_panic_nor_leave_a_verdict_without_a_reason() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (name, bytes) in safe_fixtures().into_iter().filter(|(_, bytes)| bytes.len() < 40_000) {
        for _ in 0..rolls(16) {
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
            let start = std::time::Instant::now();
            if let Ok(facts) = read_bytes(&mutated) {
                assert!(
                    facts.safety.verdict == SafetyVerdict::Safe || !facts.safety.reasons.is_empty(),
                    "{name}: a verdict without a reason"
                );
                assert!(facts.safety.verdict != SafetyVerdict::Safe || facts.safety.reasons.is_empty());
            }
            assert!(start.elapsed().as_secs() < 10, "{name}");
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
    let packed = |name: &str, data: &[u8]| {
        use std::io::Write;
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(data).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let deep = [b"{\"__loader__\":\"DictNode\",\"content\":{\"a\":".repeat(50_000), b"1".to_vec()].concat();
    let zeros = [b"\x80\x04\x8e\0\0\0\0\x02\0\0\0".to_vec(), vec![0; 32 << 20]].concat();
    let aliases = {
        let mut text = String::from("flavors: {}\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        (1..40).for_each(|at| text.push_str(&format!("a{at}: &a{at} [{}]\n", format!("*a{}, ", at - 1).repeat(9))));
        text.into_bytes()
    };
    let elements = [b"<PMML version=\"4.4\">".to_vec(), b"<a>".repeat(400_000)].concat();
    let header = [u64::MAX.to_le_bytes().to_vec(), b"{}".to_vec()].concat();
    for bytes in [
        memo,
        lying,
        marks,
        dups,
        nested,
        ubjson,
        expanding,
        packed("schema.json", &deep),
        packed("m/data.pkl", &zeros),
        aliases,
        elements,
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
