//! Fuzzes the reader of HDF5.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::look(data));
