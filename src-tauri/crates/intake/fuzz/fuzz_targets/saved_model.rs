//! Fuzzes the reader of TensorFlow's SavedModel.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
