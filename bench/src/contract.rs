//! The contracts that every host runs.

use crate::rewrite::entries_alone;
use anyhow::{Context, Result};
use codec::Encode;
use phat_metadata::Bundle;
use phat_protocol::{BlockHash, Chain, OracleRequest, RequestId, selector};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A module, what it is told, and what it answers to that.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    /// What the figures call it.
    pub(crate) name: &'static str,
    /// The module.
    pub(crate) wasm: Vec<u8>,
    /// What `deploy` is told.
    pub(crate) init: Vec<u8>,
    /// What `call` is told.
    pub(crate) input: Vec<u8>,
    /// What `call` answers.
    pub(crate) output: Vec<u8>,
}

/// As little as a contract can be: it returns its input.
const ECHO: &str = r#"(module
  (import "env" "memory" (memory 1 16))
  (import "seal0" "input" (func $input (param i32 i32)))
  (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
  (func (export "deploy"))
  (func (export "call")
    (i32.store (i32.const 0) (i32.const 4096))
    (call $input (i32.const 4) (i32.const 0))
    (call $return (i32.const 0) (i32.const 4) (i32.load (i32.const 0)))))"#;

/// Bytes that are echoed.
const ECHOED: [u8; 32] = [0x5a; 32];

impl Contract {
    /// In the text format: input and return, and nothing else.
    pub(crate) fn echo() -> Result<Self> {
        let (input, output) = (ECHOED.to_vec(), ECHOED.to_vec());
        Ok(Self { name: "echo", wasm: wat::parse_str(ECHO)?, init: Vec::new(), input, output })
    }

    /// In ink!: the message `echo` of `phat-contracts/ink/ink-echo`, which reads the contract's storage first,
    /// as every message of ink! does.
    pub(crate) fn ink() -> Result<Self> {
        let text = artifact("ink/ink-echo.contract")?;
        let Bundle { wasm, interface, .. } = Bundle::read(&text)?;
        let interface = interface.context("the bundle has no metadata")?;
        let init = interface.encode(interface.constructor("new")?, &["true".to_owned()])?;
        let echoed: String = ECHOED.iter().map(|byte| format!("{byte:02x}")).collect();
        let input = interface.encode(interface.message("echo")?, &[format!("0x{echoed}")])?;
        // A `Result` that is fine, and what follows the selector.
        let output = [&[0], input.get(4..).context("a selector")?].concat();
        Ok(Self { name: "ink", wasm: entries_alone(&wasm)?, init, input, output })
    }

    /// The same contract as a module that nobody saw so far: with a custom section that holds `number`.
    pub(crate) fn unseen(&self, number: u32) -> Self {
        let mut wasm = self.wasm.clone();
        // Section 0, 9 bytes long: a name of 4, and the number.
        wasm.extend_from_slice(&[0, 9, 4]);
        wasm.extend_from_slice(b"seen");
        wasm.extend_from_slice(&number.to_le_bytes());
        Self { wasm, ..self.clone() }
    }
}

/// A committed artifact of `phat-contracts/`.
pub(crate) fn artifact(name: &str) -> Result<Vec<u8>> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../phat-contracts/artifacts").join(name);
    fs::read(&path).with_context(|| format!("can't read {}; run `cargo xtask guests`", path.display()))
}

/// What a contract of ours is deployed with that takes its settings as JSON.
pub(crate) fn settings(settings: &serde_json::Value) -> Vec<u8> {
    [selector("new").as_slice(), &settings.to_string().into_bytes().encode()].concat()
}

/// A request with so little in it that a contract of ours still answers it.
pub(crate) fn question() -> Vec<u8> {
    let request = OracleRequest {
        chain: Chain::Evm(31_337),
        oracle: vec![0; 20],
        request_id: RequestId([0; 32]),
        consumer: vec![0; 20],
        payload: b"{}".to_vec(),
        expires_at: u64::MAX,
        block_hash: BlockHash([0; 32]),
    };
    request.call_input()
}
