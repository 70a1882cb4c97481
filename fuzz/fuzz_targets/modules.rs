//! See `phat_fuzz::modules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phat_fuzz::modules::fuzz(bytes));
