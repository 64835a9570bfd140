//! Fuzzes files that declare an environment: requirements, lock files, conda, Dockerfile.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::environment(data));
