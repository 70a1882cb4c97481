//! Contracts in WebAssembly's text format.

use phat_enclave_api::Attestation;

/// A contract with `body` as its `call`. What it returns through `$answer` begins at 1024: the two
/// zero bytes of Ok and Ok, then the SCALE bytes that the body put at 1026.
fn contract(data: &str, body: &str) -> String {
    format!(
        r#"(module
  (import "env" "memory" (memory 4 16))
  (import "seal0" "seal_return" (func $seal_return (param i32 i32 i32)))
  (import "seal0" "call_chain_extension" (func $ext (param i32 i32 i32 i32 i32) (result i32)))
  {data}
  (func $answer (param $length i32)
    (call $seal_return (i32.const 0) (i32.const 1024) (i32.add (i32.const 2) (local.get $length))))
  (func (export "deploy"))
  (func (export "call") {body}))"#
    )
}

/// A string of bytes as the text format writes it.
fn bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Answers 32 random bytes: two runs never answer the same.
pub(crate) fn dice() -> String {
    contract(
        r#"(data (i32.const 0) "\20") (data (i32.const 16) "\21\00\00\00")"#,
        // The answer of function 11 is a SCALE string of bytes already.
        "(drop (call $ext (i32.const 11) (i32.const 0) (i32.const 1) (i32.const 1026) (i32.const 16)))
         (call $answer (i32.const 33))",
    )
}

/// Asks the source at `port` over HTTP, then answers 32 random bytes.
pub(crate) fn asker(port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}/number");
    let length = u8::try_from(url.len()).expect("a short URL");
    let mut request = vec![length << 2];
    request.extend_from_slice(url.as_bytes());
    // Method GET, no headers, no body.
    request.extend_from_slice(&[3 << 2, b'G', b'E', b'T', 0, 0]);
    let data = format!(
        r#"(data (i32.const 0) "{}") (data (i32.const 512) "\20")
           (data (i32.const 516) "\00\00\01\00\21\00\00\00")"#,
        bytes(&request)
    );
    let body = format!(
        "(drop (call $ext (i32.const 1) (i32.const 0) (i32.const {}) (i32.const 65536) (i32.const 516)))
         (drop (call $ext (i32.const 11) (i32.const 512) (i32.const 1) (i32.const 1026) (i32.const 520)))
         (call $answer (i32.const 33))",
        request.len()
    );
    contract(&data, &body)
}

/// Writes `line` to the log and answers nothing.
pub(crate) fn talker(line: &str) -> String {
    let length = u8::try_from(line.len()).expect("a short line");
    let mut input = vec![3, length << 2];
    input.extend_from_slice(line.as_bytes());
    contract(
        &format!(r#"(data (i32.const 0) "{}") (data (i32.const 512) "\10\00\00\00")"#, bytes(&input)),
        &format!(
            "(drop (call $ext (i32.const 10) (i32.const 0) (i32.const {}) (i32.const 600) (i32.const 512)))
             (call $answer (i32.const 1))",
            input.len()
        ),
    )
}

/// Answers a key of its own: the 64 bytes that it derives with the salt `k`.
pub(crate) fn key_holder() -> String {
    contract(
        r#"(data (i32.const 0) "\04k") (data (i32.const 16) "\42\00\00\00")"#,
        "(drop (call $ext (i32.const 4) (i32.const 0) (i32.const 2) (i32.const 1026) (i32.const 16)))
         (call $answer (i32.const 66))",
    )
}

/// Counts its calls in its storage, and returns the count as one byte. Called with a long input it
/// counts, and then asks to revert.
pub(crate) fn counter() -> String {
    r#"(module
  (import "env" "memory" (memory 1 16))
  (import "seal0" "input" (func $input (param i32 i32)))
  (import "seal0" "seal_return" (func $seal_return (param i32 i32 i32)))
  (import "seal2" "set_storage" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "seal1" "get_storage" (func $get (param i32 i32 i32 i32) (result i32)))
  (data (i32.const 16) "\01\00\00\00") (data (i32.const 20) "\00\04\00\00")
  (func (export "deploy"))
  (func (export "call")
    (call $input (i32.const 1024) (i32.const 20))
    (drop (call $get (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 16)))
    (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 1)))
    (drop (call $set (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)))
    (call $seal_return (i32.gt_u (i32.load (i32.const 20)) (i32.const 4)) (i32.const 8) (i32.const 1))))"#
        .to_owned()
}

/// Computes for ever.
pub(crate) fn spinner() -> String {
    contract("", "(loop (br 0))")
}

/// Can't be deployed.
pub(crate) fn undeployable() -> String {
    contract("", "").replace(r#"(func (export "deploy"))"#, r#"(func (export "deploy") unreachable)"#)
}

/// What every answer of this build says of itself.
pub(crate) const SIMULATED: Attestation = Attestation::Simulated;

/// Its constructor makes a contract of the code whose hash is its init data, without init data or salt; and
/// then another, from the code of zeros, where the init data is longer.
pub(crate) fn parent() -> String {
    r#"(module
  (import "env" "memory" (memory 1 16))
  (import "seal0" "input" (func $input (param i32 i32)))
  (import "seal1" "instantiate" (func $new (param i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (data (i32.const 512) "\00\01\00\00\20\00\00\00")
  (func $make (param $code i32) (result i32)
    (call $new (local.get $code) (i64.const 0) (i32.const 1024) (i32.const 0) (i32.const 0)
      (i32.const 1024) (i32.const 516) (i32.const -1) (i32.const -1) (i32.const 0) (i32.const 0)))
  (func (export "deploy")
    (call $input (i32.const 0) (i32.const 512))
    (if (call $make (i32.const 0)) (then unreachable))
    (if (i32.gt_u (i32.load (i32.const 512)) (i32.const 32)) (then (drop (call $make (i32.const 256))))))
  (func (export "call")))"#
        .to_owned()
}
