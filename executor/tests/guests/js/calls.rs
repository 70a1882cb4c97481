//! Calls of other contracts, and of other code, from scripts.

use super::{answer, offline, script};
use crate::{
    ask,
    support::{CONTRACT, guest, world::World},
};
use phat_executor::{Executor, Run};
use phat_protocol::{CodeHash, ContractId, Outcome};
use std::sync::Arc;

const OTHER: ContractId = ContractId([0xaa; 32]);

/// What the script's expression is, in hex digits, or the message of what it throws.
async fn told(engine: &Executor, world: &World, expression: &str) -> String {
    let source = format!(
        "const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
         function main() {{ try {{ return hex({expression}); }} catch (error) {{ return error.message; }} }}"
    );
    let contract = Run { contracts: Arc::new(world.clone()), ..script(&source) };
    let answer = answer(engine, contract, "").await;
    assert_eq!(answer.outcome, Outcome::Ok, "{}", String::from_utf8_lossy(&answer.output));
    String::from_utf8_lossy(&answer.output).into_owned()
}

/// Answers who calls, and who it is.
fn whoami() -> String {
    guest::contract(
        "(call $capacity (i32.const 32)) (call $caller (i32.const 0) (i32.const 65532))
         (call $address (i32.const 32) (i32.const 65532)) (call $return (i32.const 0) (i32.const 64))",
    )
}

fn digits(id: [u8; 32]) -> String {
    ContractId(id).to_string().trim_start_matches("0x").to_owned()
}

#[tokio::test]
async fn a_contract_gets_selector_and_input_and_its_answer_comes_back() {
    let (engine, world) = (offline(), World::default().with(OTHER, &guest::echo()));
    for (input, expected) in
        [("'0x0506'", "010203040506"), ("new Uint8Array([7])", "0102030407"), ("new Uint8Array()", "01020304")]
    {
        let call = format!("pink.invokeContract({{ callee: '{OTHER}', selector: 0x01020304, input: {input} }})");
        assert_eq!(told(&engine, &world, &call).await, expected, "{input}");
    }
    let by_bytes = "pink.invokeContract({ callee: new Uint8Array(32).fill(0xaa), selector: 0xfffffffe, input: '0x' })";
    assert_eq!(told(&engine, &world, by_bytes).await, "fffffffe");
}

#[tokio::test]
async fn a_contract_sees_the_scripts_as_its_caller_and_other_code_runs_as_the_scripts() {
    let (world, hash) = World::default().with(OTHER, &whoami()).with_code(&whoami());
    let engine = offline();
    let call = format!("pink.invokeContract({{ callee: '{OTHER}', selector: 0, input: '0x' }})");
    assert_eq!(told(&engine, &world, &call).await, digits(CONTRACT.0) + &digits(OTHER.0));
    let call =
        format!("pink.invokeContractDelegate({{ codeHash: '{}', selector: 0, input: '0x' }})", ContractId(hash.0));
    assert_eq!(told(&engine, &world, &call).await, digits([0; 32]) + &digits(CONTRACT.0));
}

#[tokio::test]
async fn other_code_gets_selector_and_input_and_writes_to_the_scripts_storage() {
    let (world, hash) = World::default().with_code(&guest::keeper());
    let call = format!(
        "pink.invokeContractDelegate({{ codeHash: '{}', selector: 0x00020304, input: '0x05' }})",
        ContractId(hash.0)
    );
    let source = format!("function main() {{ {call}; return 'done'; }}");
    let result = ask(&offline(), Run { contracts: Arc::new(world), ..script(&source) }, "").await;
    assert_eq!(result.answer(64).output, b"done");
    assert_eq!(result.changes[&CONTRACT][&[0; 4][..]], Some(vec![0, 2, 3, 4, 5]));
}

#[tokio::test]
async fn a_call_that_fails_throws_and_says_the_code() {
    let world = World::default().with(OTHER, &guest::contract("unreachable"));
    let engine = offline();
    let call = |callee: ContractId| format!("pink.invokeContract({{ callee: '{callee}', selector: 0, input: '0x' }})");
    let run_code = |hash: CodeHash| {
        format!("pink.invokeContractDelegate({{ codeHash: '{}', selector: 0, input: '0x' }})", ContractId(hash.0))
    };
    for (expression, said) in [
        (call(OTHER), "the call failed with code 1"),
        (call(ContractId([9; 32])), "the call failed with code 8"),
        (run_code(CodeHash([9; 32])), "the call failed with code 7"),
        (
            "pink.invokeContract({ callee: '0x00', selector: 0, input: '0x' })".into(),
            "a contract's address has 32 bytes",
        ),
        (
            "pink.invokeContractDelegate({ codeHash: '0x00', selector: 0, input: '0x' })".into(),
            "a code's hash has 32 bytes",
        ),
    ] {
        assert_eq!(told(&engine, &world, &expression).await, said, "{expression}");
    }
}

#[tokio::test]
async fn a_contract_is_called_back_where_the_script_allows_it() {
    // Calls whom its input names, behind the selector.
    let calls_on = guest::contract(
        "(local $length i32) (local.set $length (call $take_input))
         (call $answer (call $call1 (i32.const 0) (i32.const 4) (i64.const 0) (i32.const 60000)
            (i32.const 36) (i32.sub (local.get $length) (i32.const 36)) (i32.const 65536) (i32.const 65532)))",
    );
    let world = World::default().with(OTHER, &calls_on);
    let engine = offline();
    // The engine answers that it can't read such a message: it was asked.
    for (allow, expected) in [("true", "020000000101"), ("false", "the call failed with code 1")] {
        let call = format!(
            "pink.invokeContract({{ callee: '{OTHER}', selector: 0, input: '{CONTRACT}77', allowReentry: {allow} }})"
        );
        assert_eq!(told(&engine, &world, &call).await, expected);
    }
}
