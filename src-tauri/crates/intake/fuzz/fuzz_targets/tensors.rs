//! Fuzzes the reader of safetensors and GGUF.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
