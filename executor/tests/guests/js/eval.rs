//! `js_eval` of the chain extension: scripts that another contract has evaluated.
#![expect(clippy::cast_possible_truncation, reason = "the SCALE derive casts the variant's index")]

use super::offline;
use crate::{
    deployment, source,
    support::{CONTRACT, executor_with_javascript, guest, http::returned, query, run, world::World},
};
use parity_scale_codec::{Decode, Encode};
use phat_executor::{Entry, Executor, ExecutorConfig, Mode, Run, RunEnd, RunResult, Secrets};
use phat_protocol::{ContractId, Outcome, selector};
use std::sync::Arc;

const JS_EVAL: u32 = 24;
const DERIVE: u32 = 4;

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum JsCode {
    Source(String),
    Bytecode(Vec<u8>),
}

#[derive(Debug, PartialEq, Decode)]
enum JsValue {
    Undefined,
    Null,
    String(String),
    Bytes(Vec<u8>),
    Other(String),
    Exception(String),
}

fn engine() -> Executor {
    executor_with_javascript(&ExecutorConfig::default())
}

fn codes(codes: &[JsCode], arguments: &[&str]) -> Vec<u8> {
    (codes, arguments).encode()
}

fn source_alone(script: &str) -> Vec<u8> {
    codes(&[JsCode::Source(script.to_owned())], &[])
}

/// A contract that has its input evaluated, and returns what came of it.
fn asked(input: Vec<u8>) -> Run {
    Run { input, ..query(&guest::extension(JS_EVAL)) }
}

#[track_caller]
fn value(result: &RunResult) -> JsValue {
    let data = returned(result);
    assert_eq!(data[..4], [0; 4]);
    let mut rest = &data[4..];
    let value = JsValue::decode(&mut rest).expect("a value");
    assert!(rest.is_empty());
    value
}

async fn evaluated(engine: &Executor, script: &str) -> JsValue {
    value(&run(engine, asked(source_alone(script))).await)
}

#[track_caller]
fn assert_exception(value: &JsValue, text: &str) {
    assert!(matches!(value, JsValue::Exception(said) if said.contains(text)), "{value:?}");
}

#[tokio::test]
async fn a_script_gives_a_value_of_each_kind() {
    let engine = engine();
    for (script, expected) in [
        ("undefined", JsValue::Undefined),
        ("null", JsValue::Null),
        ("'text'", JsValue::String("text".into())),
        ("''", JsValue::String(String::new())),
        ("new Uint8Array([1, 2, 3])", JsValue::Bytes(vec![1, 2, 3])),
        ("6 * 7", JsValue::Other("42".into())),
        ("[1, 2]", JsValue::Other("1,2".into())),
        ("Promise.resolve('later')", JsValue::String("later".into())),
        ("setTimeout(() => { scriptOutput = 'set'; }, 100); 'not this'", JsValue::String("set".into())),
    ] {
        assert_eq!(evaluated(&engine, script).await, expected, "{script}");
    }
    assert_exception(&evaluated(&engine, "throw new TypeError('no')").await, "TypeError: no");
    assert_exception(&evaluated(&engine, "1 +").await, "SyntaxError");
}

#[tokio::test]
async fn codes_run_in_order_with_their_arguments_and_bytecode_among_them() {
    let compile = [&selector("compile")[..], &"base + scriptArgs[1]".encode()].concat();
    let compiled =
        run(&offline(), Run { entry: Entry::Call, mode: Mode::Query, input: compile, ..deployment("js", b"{}") }).await;
    let RunEnd::Returned { data, .. } = compiled.end else { panic!("{:?}", compiled.end) };
    let bytecode = Vec::<u8>::decode(&mut &data[2..]).expect("bytecode");
    let input = codes(&[JsCode::Source("var base = scriptArgs[0]".into()), JsCode::Bytecode(bytecode)], &["a", "b"]);
    assert_eq!(value(&run(&engine(), asked(input)).await), JsValue::String("ab".into()));
}

/// Who evaluates a script that a stranger wrote gives it neither keys nor storage.
#[tokio::test]
async fn a_script_has_an_identity_of_its_own_for_each_contract() {
    let engine = engine();
    let ask = async |contract| {
        let script = source_alone("pink.deriveSecret('salt')");
        value(&run(&engine, Run { contract, ..asked(script) }).await)
    };
    let (JsValue::Bytes(own), JsValue::Bytes(other)) = (ask(CONTRACT).await, ask(ContractId([8; 32])).await) else {
        panic!("a key is bytes")
    };
    let derived = Run { input: b"salt".to_vec().encode(), ..query(&guest::extension(DERIVE)) };
    let contracts = Vec::<u8>::decode(&mut &returned(&run(&engine, derived).await)[4..]).expect("a key");
    assert_eq!((own.len(), contracts.len()), (64, 64));
    assert!(own != other && own != contracts);
    assert_eq!(ask(CONTRACT).await, JsValue::Bytes(own));
}

#[tokio::test]
async fn a_script_calls_contracts_but_not_the_one_that_waits_for_it() {
    let other = ContractId([0xaa; 32]);
    let world: Arc<World> = Arc::new(World::default().with(other, &guest::echo()).with(CONTRACT, &guest::echo()));
    let engine = engine();
    let call = async |callee: ContractId| {
        let script = format!("pink.invokeContract({{ callee: '{callee}', selector: 0x01020304, input: '0x05' }})");
        value(&run(&engine, Run { contracts: Arc::clone(&world) as _, ..asked(source_alone(&script)) }).await)
    };
    assert_eq!(call(other).await, JsValue::Bytes(vec![1, 2, 3, 4, 5]));
    assert_exception(&call(CONTRACT).await, "allows no re-entrance");
}

#[tokio::test]
async fn secrets_that_its_contract_has_read_bind_a_script() {
    let (own, other) = (source("mine").await, source("other's").await);
    let mut config = own.config();
    config.egress.allow.push(other.allowed());
    let engine = executor_with_javascript(&config);
    // Reads the secret, and has its input evaluated.
    let reads_first = guest::contract_with(
        "(memory 32 64)",
        r#"(data (i32.const 60000) "\14token")"#,
        "(local $length i32)
         (drop (call $ext (i32.const 0x10001) (i32.const 60000) (i32.const 6) (i32.const 65536) (i32.const 70000)))
         (local.set $length (call $take_input))
         (call $answer (call $extension (i32.const 24) (local.get $length)))",
    );
    let reads_first = reads_first.replacen(
        "(local $length i32)",
        "(local $length i32) (i32.store (i32.const 70000) (i32.const 4000))",
        1,
    );
    for (contract, server, expected) in [
        (guest::extension(JS_EVAL), &other, JsValue::String("other's".into())),
        (reads_first.clone(), &own, JsValue::String("mine".into())),
        (reads_first, &other, JsValue::String("TypeError".into())),
    ] {
        let url = server.url("http", "/price/BTC");
        let script = source_alone(&format!("fetch('{url}').then((said) => said.text(), (error) => error.name)"));
        let secrets = vec![("token", b"hush".to_vec(), vec![own.url("http", "")])].encode();
        let secrets = Arc::new(Secrets::from_plain(&secrets).expect("a set of secrets"));
        let result = run(&engine, Run { input: script, secrets, ..query(&contract) }).await;
        assert_eq!(value(&result), expected);
        assert_eq!(result.last_http_denied, expected == JsValue::String("TypeError".into()));
    }
}

#[tokio::test]
async fn simulations_evaluate_and_transactions_do_not() {
    let engine = engine();
    let ask = async |mode| value(&run(&engine, Run { mode, ..asked(source_alone("'yes'")) }).await);
    assert_eq!(ask(Mode::Simulation).await, JsValue::String("yes".into()));
    assert_exception(&ask(Mode::Transaction).await, "not evaluated in a transaction");
}

#[tokio::test]
async fn what_can_not_be_evaluated_is_an_exception() {
    let missing = run(&offline(), asked(source_alone("1"))).await;
    assert_exception(&value(&missing), "no JavaScript");

    let engine = engine();
    assert_exception(&value(&run(&engine, asked(vec![7; 20])).await), "undecodable arguments");
    let small = guest::extension(JS_EVAL).replace("1048576", "1000");
    let large = run(&engine, Run { input: source_alone("'x'.repeat(1000)"), ..query(&small) }).await;
    assert_exception(&value(&large), "a value of 1003 bytes, and the buffer takes 1000");
    assert_exception(&evaluated(&engine, "new Promise(() => {})").await, "never comes");
    assert_exception(
        &evaluated(&engine, "const all = []; for (;;) all.push(new Uint8Array(65536));").await,
        "out of memory",
    );

    let mut config = ExecutorConfig::default();
    config.limits.calls.depth = 0;
    let shallow = run(&executor_with_javascript(&config), asked(source_alone("1"))).await;
    assert_exception(&value(&shallow), "calls nest 0 deep");
}

#[tokio::test]
async fn a_script_without_end_spends_what_its_contract_has() {
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 50_000_000;
    let result = run(&executor_with_javascript(&config), asked(source_alone("for (;;) {}"))).await;
    assert!(matches!(result.end, RunEnd::Failed { outcome: Outcome::OutOfFuel, .. }), "{:?}", result.end);
}
