//! Guests in WebAssembly's text format.

/// A contract with `body` as its `call`, all host functions that tests use, and helpers:
/// `$extension` makes a chain-extension call with the bytes at 0 of the given length, and puts the
/// answer, of at most 1 MiB, at 65,536; `$return` returns bytes; `$take_input` puts the input at 0 and gives
/// its length; `$answer` returns a call's code as four bytes and, where the callee returned, what is at 65,536.
pub(crate) fn contract(body: &str) -> String {
    contract_with("(memory 32 64)", "", body)
}

/// As [`contract`], with its memory's type and with more fields (data, functions).
pub(crate) fn contract_with(memory: &str, fields: &str, body: &str) -> String {
    contract_made_by("", memory, fields, body)
}

/// As [`contract_with`], with what its constructor does.
pub(crate) fn contract_made_by(deploy: &str, memory: &str, fields: &str, body: &str) -> String {
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
  (import "seal1" "call" (func $call1 (param i32 i32 i64 i32 i32 i32 i32 i32) (result i32)))
  (import "seal2" "call" (func $call2 (param i32 i32 i64 i64 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "seal0" "delegate_call" (func $delegate (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "seal1" "instantiate" (func $new1 (param i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "seal2" "instantiate"
    (func $new2 (param i32 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "seal0" "code_hash" (func $code_hash (param i32 i32 i32) (result i32)))
  (import "seal0" "set_code_hash" (func $set_code_hash (param i32) (result i32)))
  (import "seal0" "own_code_hash" (func $own_code_hash (param i32 i32)))
  (import "seal0" "is_contract" (func $is_contract (param i32) (result i32)))
  {fields}
  (func $return (param $at i32) (param $length i32)
    (call $seal_return (i32.const 0) (local.get $at) (local.get $length)))
  (func $capacity (param $bytes i32)
    (i32.store (i32.const 65532) (local.get $bytes)))
  (func $extension (param $id i32) (param $length i32) (result i32)
    (call $capacity (i32.const 1048576))
    (call $ext (local.get $id) (i32.const 0) (local.get $length) (i32.const 65536) (i32.const 65532)))
  (func $take_input (result i32)
    (call $capacity (i32.const 60000))
    (call $input (i32.const 0) (i32.const 65532))
    (i32.load (i32.const 65532))
    (call $capacity (i32.const 1048576)))
  (func $answer (param $code i32)
    (i32.store (i32.const 65528) (local.get $code))
    (if (i32.and (local.get $code) (i32.const 0xfffffffd)) (then (call $return (i32.const 65528) (i32.const 4))))
    (memory.copy (i32.const 65540) (i32.const 65536) (i32.load (i32.const 65532)))
    (i32.store (i32.const 65536) (local.get $code))
    (call $return (i32.const 65536) (i32.add (i32.const 4) (i32.load (i32.const 65532)))))
  (func (export "deploy") {deploy})
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

/// Calls the contract whose id its input begins with, with the rest, by the call that `call` makes of its
/// flags; answers the code and what the callee returned.
pub(crate) fn caller_by(call: &str) -> String {
    contract(&format!("(local $length i32) (local.set $length (call $take_input)) (call $answer {call})"))
}

/// [`caller_by`] `seal1.call` with these flags.
pub(crate) fn caller(flags: u32) -> String {
    caller_by(&call(flags))
}

/// The call that [`caller`] makes.
pub(crate) fn call(flags: u32) -> String {
    format!(
        "(call $call1 (i32.const {flags}) (i32.const 0) (i64.const 0) (i32.const 60000)
            (i32.const 32) (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532))"
    )
}

/// Stores its whole input under the key of 4 zero bytes, and then does what the first byte says: 1 reverts
/// with what was stored before, 2 traps, and anything else returns the same.
pub(crate) fn keeper() -> String {
    contract(KEEP)
}

/// What [`keeper`] does; its constructor may do it too.
pub(crate) const KEEP: &str = "(local $length i32) (local $found i32)
    (local.set $length (call $take_input))
    (local.set $found (call $get (i32.const 60000) (i32.const 4) (i32.const 65536) (i32.const 65532)))
    (if (local.get $found) (then (call $capacity (i32.const 0))))
    (drop (call $set (i32.const 60000) (i32.const 4) (i32.const 0) (local.get $length)))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 2)) (then unreachable))
    (call $seal_return (i32.eq (i32.load8_u (i32.const 0)) (i32.const 1)) (i32.const 65536)
        (i32.load (i32.const 65532)))";
