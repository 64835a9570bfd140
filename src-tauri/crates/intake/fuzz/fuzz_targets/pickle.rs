//! Fuzzes the reader of the opcodes of pickles, with joblib's arrays in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
