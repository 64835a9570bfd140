//! Fuzzes the reader of zip archives: skops, PyTorch, Keras.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
