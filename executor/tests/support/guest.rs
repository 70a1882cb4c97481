//! Guests in WebAssembly's text format.

/// A contract with `body` as its `call`, all host functions that tests use, and helpers:
/// `$extension` makes a chain-extension call with the bytes at 0 of the given length, and puts the
/// answer, of at most 1 MiB, at 65,536; `$return` returns bytes.
pub(crate) fn contract(body: &str) -> String {
    contract_with("(memory 32 64)", "", body)
}

/// As [`contract`], with its memory's type and with more fields (data, functions).
pub(crate) fn contract_with(memory: &str, fields: &str, body: &str) -> String {
    format!(
        r#"(module
  (import "env" "memory" {memory})
  (import "seal0" "input" (func $input (param i32 i32)))
  (import "seal0" "seal_return" (func $seal_return (param i32 i32 i32)))
  (import "seal0" "caller" (func $caller (param i32 i32)))
  (import "seal0" "address" (func $address (param i32 i32)))
  (import "seal0" "value_transferred" (func $value (param i32 i32)))
  (import "seal0" "now" (func $now (param i32 i32)))
  (import "seal0" "block_number" (func $block (param i32 i32)))
  (import "seal0" "hash_blake2_256" (func $blake2_256 (param i32 i32 i32)))
  (import "seal0" "hash_blake2_128" (func $blake2_128 (param i32 i32 i32)))
  (import "seal0" "hash_sha2_256" (func $sha2_256 (param i32 i32 i32)))
  (import "seal0" "hash_keccak_256" (func $keccak_256 (param i32 i32 i32)))
  (import "seal0" "ecdsa_recover" (func $ecdsa_recover (param i32 i32 i32) (result i32)))
  (import "seal0" "ecdsa_to_eth_address" (func $eth_address (param i32 i32) (result i32)))
  (import "seal0" "debug_message" (func $debug (param i32 i32) (result i32)))
  (import "seal0" "deposit_event" (func $event (param i32 i32 i32 i32)))
  (import "seal0" "call_chain_extension" (func $ext (param i32 i32 i32 i32 i32) (result i32)))
  (import "seal2" "set_storage" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "seal1" "get_storage" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "seal1" "contains_storage" (func $contains (param i32 i32) (result i32)))
  (import "seal1" "clear_storage" (func $clear (param i32 i32) (result i32)))
  {fields}
  (func $return (param $at i32) (param $length i32)
    (call $seal_return (i32.const 0) (local.get $at) (local.get $length)))
  (func $capacity (param $bytes i32)
    (i32.store (i32.const 65532) (local.get $bytes)))
  (func $extension (param $id i32) (param $length i32) (result i32)
    (call $capacity (i32.const 1048576))
    (call $ext (local.get $id) (i32.const 0) (local.get $length) (i32.const 65536) (i32.const 65532)))
  (func (export "deploy"))
  (func (export "call") {body}))"#
    )
}

/// Returns what it was given.
pub(crate) fn echo() -> String {
    contract(
        "(call $capacity (i32.const 60000))
         (call $input (i32.const 0) (i32.const 65532))
         (call $return (i32.const 0) (i32.load (i32.const 65532)))",
    )
}

/// Computes for ever.
pub(crate) fn spinner() -> String {
    contract("(loop (br 0))")
}

/// Passes its whole input to function `id` of the chain extension, and returns the answer, with
/// the call's code in front as four bytes; the code alone where it isn't 0.
pub(crate) fn extension(id: u32) -> String {
    contract(&format!(
        "(call $capacity (i32.const 60000))
         (call $input (i32.const 0) (i32.const 65532))
         (i32.store (i32.const 65528) (call $extension (i32.const {id}) (i32.load (i32.const 65532))))
         (if (i32.load (i32.const 65528)) (then (call $return (i32.const 65528) (i32.const 4))))
         (memory.copy (i32.const 65540) (i32.const 65536) (i32.load (i32.const 65532)))
         (i32.store (i32.const 65536) (i32.load (i32.const 65528)))
         (call $return (i32.const 65536) (i32.add (i32.const 4) (i32.load (i32.const 65532))))"
    ))
}

/// As [`extension`], for 1: an HTTP request. The answer is the response alone.
pub(crate) fn fetcher() -> String {
    contract(
        "(call $capacity (i32.const 60000))
         (call $input (i32.const 0) (i32.const 65532))
         (drop (call $extension (i32.const 1) (i32.load (i32.const 65532))))
         (call $return (i32.const 65536) (i32.load (i32.const 65532)))",
    )
}
