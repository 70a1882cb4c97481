//! See `phat_fuzz::scale`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phat_fuzz::scale::fuzz(bytes));
