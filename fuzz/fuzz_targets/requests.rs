//! See `phat_fuzz::requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phat_fuzz::requests::fuzz(bytes));
