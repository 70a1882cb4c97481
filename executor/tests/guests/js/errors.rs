//! What a consumer hears where there is no answer, and what `deploy` refuses.

use super::{answer, assert_returned, contract, offline, script};
use crate::{
    ask, assert_error, deployment,
    support::{executor, run},
};
use phat_executor::{ExecutorConfig, LogLevel, RunEnd};
use phat_protocol::Outcome;
use serde_json::json;

const THREW: u8 = 0;
const NO_OUTPUT: u8 = 1;
const LIMIT: u8 = 2;
const SETTINGS: u8 = 3;
const NEVER_SETTLES: u8 = 4;

#[tokio::test]
async fn a_throw_is_told_with_its_stack() {
    let engine = offline();
    let source =
        "function inner() { throw new TypeError('no such coin'); }\nasync function main() { await null; inner(); }";
    let result = ask(&engine, script(source), "").await;
    let answer = result.answer(1024);
    assert_error(&answer, Outcome::ContractError, THREW, "TypeError: no such coin\n    at inner (script.js:1:");
    assert!(String::from_utf8_lossy(&answer.output).contains("at main (script.js:2:"));
    assert!(result.logs.iter().any(|line| line.level == LogLevel::Error && line.message.contains("no such coin")));
}

#[tokio::test]
async fn what_is_thrown_may_be_anything() {
    let engine = offline();
    for (thrown, text) in [
        ("'a text'", "a text"),
        ("{code: 7}", "{code: 7}"),
        ("undefined", "undefined"),
        ("new Error('outer', {cause: new Error('inner')})", "Error: inner"),
    ] {
        let answer = answer(&engine, script(&format!("function main() {{ throw {thrown}; }}")), "").await;
        assert_error(&answer, Outcome::ContractError, THREW, text);
    }
}

#[tokio::test]
async fn what_is_no_output_is_said() {
    let engine = offline();
    for (source, text) in [
        ("function main() {}", "what main returns must be"),
        ("function main() { return 7; }", "what main returns must be"),
        ("function main() { return {}; }", "what main returns must be"),
        ("function main() { return '0x123'; }", "not hex digits in pairs"),
        ("const answer = 42;", "no function main"),
        ("export const answer = 42;", "no function main"),
    ] {
        assert_error(&answer(&engine, script(source), "").await, Outcome::ContractError, NO_OUTPUT, text);
    }
}

#[tokio::test]
async fn a_promise_that_nothing_settles_ends_the_run() {
    let engine = offline();
    let answer = answer(&engine, script("const main = () => new Promise(() => {});"), "").await;
    assert_error(&answer, Outcome::ContractError, NEVER_SETTLES, "never comes");
}

#[tokio::test]
async fn too_much_memory_is_an_error_of_the_script() {
    let engine = offline();
    let source = "function main() { const all = []; for (;;) all.push(new Uint8Array(65536)); }";
    assert_error(&answer(&engine, script(source), "").await, Outcome::ContractError, LIMIT, "out of memory");
    let source = "function main() { return 'x'.repeat(400000).length.toString(); }";
    assert_eq!(answer(&engine, script(source), "").await.outcome, Outcome::Ok);
    let small = contract(source, json!({"heapBytes": 524_288}));
    assert_error(&answer(&engine, small, "").await, Outcome::ContractError, LIMIT, "out of memory");
}

#[tokio::test]
async fn recursion_without_end_is_an_error_of_the_script() {
    let engine = offline();
    for recursion in [
        "function f(n) { return f(n + 1) + 1; } function main() { return f(0); }",
        "function f(n) { return [n].map((m) => f(m + 1))[0]; } function main() { return f(0); }",
        "const o = { get p() { return this.p; } }; function main() { return o.p; }",
        "const o = { toString() { return `${this}`; } }; function main() { return String(o); }",
        "const p = new Proxy({}, { get: (t, k, r) => r[k] }); function main() { return p.x; }",
        "function main() { return new RegExp('('.repeat(100000)); }",
        "function f() { try { return f(); } finally { f.n = 1; } } function main() { return f(); }",
        "class A { constructor() { new A(); } } function main() { new A(); }",
        "function f(n) { return Reflect.apply(f, null, [n]); } function main() { return f(0); }",
        "const s = { get [Symbol.iterator]() { return [...this]; } }; function main() { return [...s]; }",
        "const a = []; a[0] = a; let n = []; for (let i = 0; i < 50000; i++) n = [n]; function main() { return JSON.stringify(n); }",
        "function f(x) { return x.replace(/a/, () => f(x)); } function main() { return f('a'); }",
        "function f() { return [2, 1].sort(() => f()); } function main() { return f(); }",
    ] {
        let result = ask(&engine, script(recursion), "").await;
        let answer = result.answer(1024);
        assert_eq!(answer.outcome, Outcome::ContractError, "{recursion}: {:?}", result.end);
    }
}

/// The engine's parsers use more of the executor's stack than of their own.
#[tokio::test]
async fn a_text_of_endless_depth_is_an_error_that_a_script_can_catch() {
    let engine = offline();
    for (expression, error) in [
        ("JSON.parse('['.repeat(20000))", "RangeError"),
        (r#"JSON.parse('{"a":'.repeat(20000))"#, "RangeError"),
        ("JSON.parse('['.repeat(5000) + ']'.repeat(5000), (key, value) => value)", "RangeError"),
        ("eval('('.repeat(20000))", "RangeError"),
        ("eval('['.repeat(20000))", "RangeError"),
        ("eval('-'.repeat(20000) + '1')", "RangeError"),
        ("eval('`${'.repeat(20000))", "RangeError"),
        ("eval('x`${'.repeat(20000))", "RangeError"),
        ("eval('(function(){'.repeat(5000))", "RangeError"),
        ("eval('[a,'.repeat(5000) + '=')", "RangeError"),
        ("new RegExp('(?:a|'.repeat(20000))", "SyntaxError"),
        ("(function f() { eval('f()'); })()", "RangeError"),
        ("(function f() { return f(); })()", "RangeError"),
    ] {
        let source = format!(
            "function main() {{
                try {{ {expression}; }} catch (error) {{ return error.name + ' ' + JSON.parse('[[1]]')[0][0]; }}
            }}"
        );
        let answer = answer(&engine, script(&source), "").await;
        assert_eq!((answer.outcome, answer.output), (Outcome::Ok, format!("{error} 1").into()), "{expression}");
    }
    let source = "function main() { return JSON.parse('['.repeat(2000) + ']'.repeat(2000)).length.toString(); }";
    assert_eq!(answer(&engine, script(source), "").await.output, b"1");
}

#[tokio::test]
async fn a_script_without_end_is_stopped_by_its_own_clock_or_by_the_executors_limits() {
    let endless = "function main() { for (;;) {} }";
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 50_000_000;
    assert_eq!(ask(&executor(&config), script(endless), "").await.answer(1024).outcome, Outcome::OutOfFuel);
    // The test's clock stands still, so that time can't be what ends it.
    let timed = contract(endless, json!({"timeoutMs": 50}));
    assert_eq!(ask(&executor(&config), timed, "").await.answer(1024).outcome, Outcome::OutOfFuel);
}

#[tokio::test]
async fn deploy_refuses_what_is_no_script() {
    let executor = executor(&ExecutorConfig::default());
    for (init, code, text) in [
        (json!({"script": "function main( {"}), THREW, "SyntaxError"),
        (json!({"script": "function main() {\n  retrun 1;\n}"}), THREW, "script.js:2"),
        (json!({"script": "import fs from 'fs'; export default () => fs"}), THREW, "fs"),
        (json!({"script": "export default function ("}), THREW, "SyntaxError"),
        (json!({"script": ""}), SETTINGS, "script must be a text"),
        (json!({"script": 7}), SETTINGS, "script must be a text"),
        (json!({"script": "1", "memory": 7}), SETTINGS, "no setting memory"),
        (json!({"script": "1", "heapBytes": 1}), SETTINGS, "heapBytes must be an integer from"),
        (json!({"script": "1", "request": "text"}), SETTINGS, "request must be"),
        (json!([]), SETTINGS, "no JSON object"),
    ] {
        let refused = run(&executor, deployment("js", init.to_string().as_bytes())).await;
        let RunEnd::Returned { flags: 1, data } = &refused.end else { panic!("{init}: {:?}", refused.end) };
        assert_eq!(data[..3], [0, 1, code], "{init}");
        let said = String::from_utf8_lossy(data);
        assert!(said.contains(text), "{init}: {said}");
        assert!(refused.changes.is_empty());
    }
    let refused = run(&executor, deployment("js", b"{")).await;
    let RunEnd::Returned { flags: 1, data } = refused.end else { panic!("{:?}", refused.end) };
    assert!(String::from_utf8_lossy(&data).contains("no JSON"));
    let mut stranger = deployment("js", b"{}");
    stranger.input[0] ^= 1;
    assert_returned(&run(&executor, stranger).await.end, 1, &[1, 1]);
}
