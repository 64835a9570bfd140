//! Fuzzes the reader of JSON, UBJSON, LightGBM's text, PMML, MLmodel files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
