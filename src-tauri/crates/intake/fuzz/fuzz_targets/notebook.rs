//! Fuzzes the reader of notebooks.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::notebook(data));
