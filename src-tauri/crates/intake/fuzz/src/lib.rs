//! What every target does with its bytes. Targets differ in their corpus, which leads each into another reader.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proofmark_domain::model::SafetyVerdict;
use proofmark_intake::model::{Limits, read_model};

thread_local! {
    static FILE: RefCell<Option<(PathBuf, File)>> = const { RefCell::new(None) };
}

/// Reads the bytes as a model file, and holds the answer against what is always promised.
pub fn look(data: &[u8]) {
    FILE.with_borrow_mut(|slot| {
        let (path, file) = slot.get_or_insert_with(|| {
            let path = std::env::temp_dir().join(format!("proofmark-fuzz-{}", std::process::id()));
            let file = File::create(&path).expect("a temporary file can be made");
            (path, file)
        });
        file.set_len(0).expect("it can be emptied");
        file.seek(SeekFrom::Start(0)).expect("it can be rewound");
        file.write_all(data).expect("it can be written");
        let limits = Limits { time: Duration::from_secs(2), expanded_bytes: 64 << 20, ..Limits::default() };
        let start = Instant::now();
        if let Ok(facts) = read_model(path, &limits) {
            let reasons = facts.safety.reasons.len();
            assert!(facts.safety.verdict == SafetyVerdict::Safe || reasons > 0, "a verdict without a reason");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "more time than the limit");
    });
}
