//! Fuzzes settings, Makefiles and shell scripts that say how a script is run.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofmark_intake_fuzz::settings(data));
