//! See `phat_fuzz::host_calls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phat_fuzz::host_calls::fuzz(bytes));
