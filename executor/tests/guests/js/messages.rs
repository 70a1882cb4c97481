//! The reference's messages, which a contract without a script answers.

use super::{assert_returned, script};
use crate::{
    deployment,
    support::{executor, run},
};
use parity_scale_codec::{Decode, Encode};
use phat_executor::{Entry, ExecutorConfig, Mode, Run, RunEnd};
use phat_protocol::selector;

#[derive(Debug, PartialEq, Decode)]
enum Output {
    String(String),
    Bytes(Vec<u8>),
    Undefined,
}

fn message(name: &str, arguments: &impl Encode) -> Run {
    let input = [selector(name).as_slice(), &arguments.encode()].concat();
    Run { entry: Entry::Call, mode: Mode::Query, caller: [0; 32], input, ..deployment("js", b"{}") }
}

/// What a message returns: `Result<T, String>` within what ink! puts around it.
async fn said<T: Decode>(name: &str, arguments: impl Encode) -> Result<T, String> {
    let result = run(&executor(&ExecutorConfig::default()), message(name, &arguments)).await;
    let RunEnd::Returned { flags, data } = result.end else { panic!("{:?}", result.end) };
    let returned = Result::<Result<T, String>, u8>::decode(&mut data.as_slice()).expect("a result");
    let returned = returned.expect("a known message");
    assert_eq!(flags, u32::from(returned.is_err()));
    returned
}

#[tokio::test]
async fn eval_returns_the_last_expression() {
    let args = vec!["foo".to_owned(), "bar".to_owned()];
    for (source, expected) in [
        ("scriptArgs[0] + scriptArgs[1]", Output::String("foobar".into())),
        ("(function () { return 6 * 7; })()", Output::String("42".into())),
        ("new Uint8Array([1, 2])", Output::Bytes(vec![1, 2])),
        ("undefined", Output::Undefined),
        ("(async () => { await null; return 'later'; })()", Output::String("later".into())),
        (
            "setTimeout(() => { scriptOutput = '42'; }, 100); new Promise((done) => setTimeout(done, 200))",
            Output::String("42".into()),
        ),
    ] {
        assert_eq!(said("eval", (source, &args)).await, Ok(expected), "{source}");
    }
}

#[tokio::test]
async fn eval_tells_what_was_thrown() {
    let error = said::<Output>("eval", ("throw new Error('no')", Vec::<String>::new())).await.unwrap_err();
    assert!(error.starts_with("Error: no"), "{error}");
    let error = said::<Output>("eval", ("1 +", Vec::<String>::new())).await.unwrap_err();
    assert!(error.contains("SyntaxError"), "{error}");
}

#[tokio::test]
async fn codes_run_one_after_the_other() {
    let bytecode = said::<Vec<u8>>("compile", "globalThis.base * 2").await.expect("it compiles");
    // `JsCode::Source` and `JsCode::Bytecode`, whose contents are encoded alike.
    let codes = [(0u8, b"globalThis.base = 21".to_vec()), (1, bytecode.clone())];
    let none = Vec::<String>::new();
    assert_eq!(said("eval_all", (codes.as_slice(), &none)).await, Ok(Output::String("42".into())));
    assert_eq!(said("eval_bytecode", (bytecode, &none)).await, Ok(Output::String("NaN".into())));
    assert!(said::<Output>("eval_bytecode", (vec![1u8, 2, 3], &none)).await.is_err());
}

#[tokio::test]
async fn what_is_no_message_is_unreadable() {
    let executor = executor(&ExecutorConfig::default());
    for message in [
        message("no_such", &()),
        message("eval", &"without arguments"),
        Run { input: vec![1, 2], ..message("eval", &()) },
    ] {
        assert_returned(&run(&executor, message).await.end, 1, &[1, 1]);
    }
}

/// A stranger's code would act with the contract's keys and secrets.
#[tokio::test]
async fn a_contract_with_a_script_evaluates_nothing_else() {
    let executor = executor(&ExecutorConfig::default());
    let deployed = run(&executor, script("function main() { return ''; }")).await;
    let state = deployed.changes.values().flatten().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
    let message = message("eval", &("1", Vec::<String>::new()));
    let asked = Run { state: std::sync::Arc::new(state.collect()), ..message };
    assert_returned(&run(&executor, asked).await.end, 1, &[1, 1]);
}

/// As the reference's contract is made.
#[tokio::test]
async fn the_engine_is_deployed_without_init_data() {
    let executor = executor(&ExecutorConfig::default());
    for constructor in ["new", "default"] {
        let deployment = Run { input: selector(constructor).to_vec(), ..deployment("js", b"") };
        assert_returned(&run(&executor, deployment).await.end, 0, &[0, 0]);
    }
}
