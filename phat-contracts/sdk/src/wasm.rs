//! The guest's side of the executor's ABI: imports, entry point, allocator, panic handler.
#![expect(unsafe_code, reason = "imported functions take pointers into the guest's own memory")]

mod secrets;
mod vrf;

use crate::{
    BatchFailure, BatchResult, Host, HttpRequest, HttpResponse, Level, MAX_INPUT, Returned, error::clip,
    randomness::VrfProof,
};
use alloc::{string::String, vec, vec::Vec};
use core::{fmt, panic::PanicInfo};
use parity_scale_codec::{Decode, Encode};

/// The chain extension `pink`'s functions are (0 << 16 | number).
const HTTP_REQUEST: u32 = 1;
const LOG: u32 = 10;
const NOW_MILLIS: u32 = 18;
const BATCH_HTTP_REQUEST: u32 = 22;

/// What imports answer when they succeed.
const SUCCESS: u32 = 0;
/// Flag of `seal_return`: what was written is undone.
const REVERT: u32 = 1;
/// The longest log line, in bytes.
const MAX_LOG_LINE: usize = 1024;
/// The longest stored value, in bytes.
const MAX_VALUE: usize = MAX_INPUT;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[link(wasm_import_module = "seal0")]
unsafe extern "C" {
    #[link_name = "input"]
    fn seal_input(out: *mut u8, out_len: *mut u32);
    fn seal_return(flags: u32, data: *const u8, data_len: u32) -> !;
    fn debug_message(text: *const u8, text_len: u32) -> u32;
    fn call_chain_extension(id: u32, input: *const u8, input_len: u32, out: *mut u8, out_len: *mut u32) -> u32;
}

#[link(wasm_import_module = "seal1")]
unsafe extern "C" {
    fn get_storage(key: *const u8, key_len: u32, out: *mut u8, out_len: *mut u32) -> u32;
}

#[link(wasm_import_module = "seal2")]
unsafe extern "C" {
    fn set_storage(key: *const u8, key_len: u32, value: *const u8, value_len: u32) -> u32;
}

/// The executor, as a guest calls it.
struct Executor;

impl Host for Executor {
    fn http(&mut self, request: &HttpRequest, capacity: usize) -> HttpResponse {
        let response = pink(HTTP_REQUEST, &request.encode(), capacity);
        HttpResponse::decode(&mut response.as_slice()).expect("the host encodes responses")
    }

    fn http_batch(&mut self, requests: &[HttpRequest], timeout_ms: u64, capacity: usize) -> Vec<BatchResult> {
        match extension(BATCH_HTTP_REQUEST, &(requests, timeout_ms).encode(), capacity) {
            Ok(results) => Vec::decode(&mut results.as_slice()).expect("the host encodes results"),
            // The whole batch was refused: the code is the failure's number, plus one.
            Err(code) => {
                let number = code.checked_sub(1).and_then(|number| u8::try_from(number).ok());
                let failure = number.and_then(BatchFailure::of_number).expect("the host knows its failures");
                vec![Err(failure); requests.len()]
            }
        }
    }

    fn now_millis(&mut self) -> u64 {
        u64::decode(&mut pink(NOW_MILLIS, &[], 8).as_slice()).expect("the host encodes its time")
    }

    fn log(&mut self, level: Level, message: &str) {
        pink(LOG, &(level.number(), clip(message, MAX_LOG_LINE)).encode(), 0);
    }

    fn read(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        filled(MAX_VALUE, |out, out_len| {
            // SAFETY: `key` is live and the `out_len` bytes at `out` are reserved for the call.
            unsafe { get_storage(key.as_ptr(), length(key), out, out_len) == SUCCESS }
        })
    }

    fn write(&mut self, key: &[u8], value: &[u8]) {
        // SAFETY: both slices are live for the call, which only reads them.
        unsafe { set_storage(key.as_ptr(), length(key), value.as_ptr(), length(value)) };
    }

    fn secret(&mut self, name: &str) -> Option<Vec<u8>> {
        secrets::get(name)
    }

    fn secret_names(&mut self) -> Vec<String> {
        secrets::names()
    }

    fn vrf(&mut self) -> Option<VrfProof> {
        vrf::get()
    }
}

/// Calls a function of the chain extension that has no failures of its own.
fn pink(function: u32, input: &[u8], capacity: usize) -> Vec<u8> {
    match extension(function, input, capacity) {
        Ok(output) => output,
        Err(code) => panic!("chain extension function {function} failed with {code}"),
    }
}

/// Calls a function of the chain extension: its output, or the code of its failure.
fn extension(function: u32, input: &[u8], capacity: usize) -> Result<Vec<u8>, u32> {
    let mut code = SUCCESS;
    let output = filled(capacity, |out, out_len| {
        // SAFETY: `input` is live and the `out_len` bytes at `out` are reserved for the call.
        code = unsafe { call_chain_extension(function, input.as_ptr(), length(input), out, out_len) };
        code == SUCCESS
    });
    output.ok_or(code)
}

/// The bytes that an import writes into a buffer of this capacity; none when it says that it wrote
/// none. The buffer isn't cleared first: interpreted, that takes longer than all the rest of a run.
fn filled(capacity: usize, write: impl FnOnce(*mut u8, *mut u32) -> bool) -> Option<Vec<u8>> {
    let mut buffer = Vec::with_capacity(capacity);
    let mut written = u32::try_from(capacity).unwrap_or(u32::MAX);
    if !write(buffer.as_mut_ptr(), &mut written) {
        return None;
    }
    let written = usize::try_from(written).unwrap_or(capacity).min(capacity);
    // SAFETY: the import has written so many bytes from the buffer's start: the executor writes all of
    // an output and its length, or traps, or answers a code that `write` has judged.
    unsafe { buffer.set_len(written) };
    Some(buffer)
}

/// A slice's length as imports take it; a 32-bit memory holds no longer slice.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Runs an exported function: hands it the input, and returns what it returns. Not for contracts to
/// call: [`crate::contract!`] does.
pub fn answer(message: fn(&mut dyn Host, &[u8]) -> Returned) -> ! {
    let input = filled(MAX_INPUT, |out, out_len| {
        // SAFETY: the `out_len` bytes at `out` are reserved for the call.
        unsafe { seal_input(out, out_len) };
        true
    });
    let input = input.unwrap_or_default();
    let Returned { reverted, bytes } = message(&mut Executor, &input);
    // SAFETY: `bytes` is live for the call, which only reads it and does not come back.
    unsafe { seal_return(if reverted { REVERT } else { 0 }, bytes.as_ptr(), length(&bytes)) }
}

/// Text of bounded length on the stack: a panic may be about memory that isn't there.
struct PanicText {
    bytes: [u8; 256],
    length: usize,
}

impl fmt::Write for PanicText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - self.length;
        let text = clip(text, room);
        self.bytes[self.length..][..text.len()].copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut text = PanicText { bytes: [0; 256], length: 0 };
    let written = fmt::write(&mut text, format_args!("{info}"));
    if written.is_ok() {
        let said = &text.bytes[..text.length];
        // SAFETY: `said` is live for the call, which only reads it.
        unsafe { debug_message(said.as_ptr(), length(said)) };
    }
    core::arch::wasm32::unreachable()
}
