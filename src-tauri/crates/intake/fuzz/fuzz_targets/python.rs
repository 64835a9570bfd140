//! Fuzzes the static analyser of Python sources, Python 2 included.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::source(data));
