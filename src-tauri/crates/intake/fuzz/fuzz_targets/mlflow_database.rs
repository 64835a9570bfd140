//! Fuzzes the reader of MLflow's databases.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::mlflow_database(data));
