//! The second chain extension: the contract's secrets.

use super::{SUCCESS, call_chain_extension, filled, length};
use alloc::{string::String, vec::Vec};
use parity_scale_codec::{Decode, Encode};

/// Its functions are (1 << 16 | number).
const SECRET: u32 = 1 << 16 | 1;
const SECRET_NAMES: u32 = 1 << 16 | 2;

/// What it answers where the buffer is too small: the length that it takes is told.
const TOO_SMALL: u32 = 1;
/// The first buffer's bytes, which most secrets fit.
const FIRST: usize = 1024;

pub(super) fn get(name: &str) -> Option<Vec<u8>> {
    let answer = call(SECRET, &name.encode());
    Decode::decode(&mut answer.as_slice()).expect("the host encodes secrets")
}

pub(super) fn names() -> Vec<String> {
    let answer = call(SECRET_NAMES, &[]);
    Vec::decode(&mut answer.as_slice()).expect("the host encodes names")
}

/// Calls a function, again with a larger buffer where the first is too small.
fn call(function: u32, input: &[u8]) -> Vec<u8> {
    let mut capacity = FIRST;
    loop {
        let (mut code, mut needed) = (SUCCESS, 0);
        let output = filled(capacity, |out, out_len| {
            // SAFETY: `input` is live and the `out_len` bytes at `out` are reserved for the call.
            unsafe {
                code = call_chain_extension(function, input.as_ptr(), length(input), out, out_len);
                needed = *out_len;
            }
            code == SUCCESS
        });
        match output {
            Some(output) => return output,
            None if code == TOO_SMALL => capacity = usize::try_from(needed).unwrap_or(capacity),
            None => panic!("chain extension function {function} failed with {code}"),
        }
    }
}
