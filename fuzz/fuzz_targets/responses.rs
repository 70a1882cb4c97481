//! See `phat_fuzz::responses`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phat_fuzz::responses::fuzz(bytes));
