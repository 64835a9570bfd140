//! Fuzzes the reader of DVC's files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::dvc(data));
