//! Fuzzes the reader of MLflow's folders.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::mlflow_files(data));
