//! Model files. Targets differ in their corpus, which leads each into another reader.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use proofmark_domain::model::SafetyVerdict;
use proofmark_intake::model::{Limits, read_model};

use crate::{folder, timed};

thread_local! {
    static FILE: RefCell<Option<(PathBuf, File)>> = const { RefCell::new(None) };
}

/// Reads the bytes as a model file, and holds the answer against what is always promised.
pub fn look(data: &[u8]) {
    FILE.with_borrow_mut(|slot| {
        let (path, file) = slot.get_or_insert_with(|| {
            let path = folder("model").join("model");
            let file = File::create(&path).expect("a temporary file can be made");
            (path, file)
        });
        file.set_len(0).expect("it can be emptied");
        file.seek(SeekFrom::Start(0)).expect("it can be rewound");
        file.write_all(data).expect("it can be written");
        let limits = Limits { time: Duration::from_secs(2), expanded_bytes: 64 << 20, ..Limits::default() };
        timed(|| {
            if let Ok(facts) = read_model(path, &limits) {
                let reasons = facts.safety.reasons.len();
                assert!(facts.safety.verdict == SafetyVerdict::Safe || reasons > 0, "a verdict without a reason");
            }
        });
    });
}
