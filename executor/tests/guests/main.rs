//! The committed guests of `phat-contracts/artifacts`, under the executor.

mod compute;
mod evm_read;
mod graphql;
mod js;
mod price_median;
mod randomness;
mod s3;
mod substrate_read;
#[expect(dead_code, reason = "each test binary uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::get,
};
use parity_scale_codec::Encode;
use phat_executor::{
    AllowEntry, Entry, Executor, ExecutorConfig, LogLevel, Mode, Run, RunEnd, RunResult, State, check,
};
use phat_protocol::{Answer, BlockHash, Chain, OracleRequest, Outcome, RequestId, code_hash, selector};
use serde_json::json;
use std::{fs, net::TcpListener, path::Path, slice, sync::Arc, time::Duration};
use support::{
    CONTRACT, executor, executor_of, query, run,
    server::{self, Server},
};
use wasmparser::{Parser, Payload};

const BTC_USD: &str = r#"{"base":"BTC","quote":"USD"}"#;

fn wasm(guest: &str) -> Arc<[u8]> {
    let artifacts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../phat-contracts/artifacts");
    let path = artifacts.join(guest).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask guests`", path.display())).into()
}

fn deployment(guest: &str, init: &[u8]) -> Run {
    let code = wasm(guest);
    Run {
        code_hash: code_hash(&code),
        code,
        entry: Entry::Deploy,
        mode: Mode::Transaction,
        caller: [0xff; 32],
        input: [selector("new").as_slice(), &init.encode()].concat(),
        ..query("(module)")
    }
}

fn http_json(origin: &str) -> Run {
    let init = format!(
        r#"{{"origin":"{origin}","path":"/price/{{base}}?currency={{quote}}","pointer":"/data/0/price","type":"uint256","decimals":8}}"#
    );
    deployment("http-json", init.as_bytes())
}

/// Deploys a contract, and asks it with this payload.
async fn ask(executor: &Executor, deployment: Run, payload: &str) -> RunResult {
    let deployed = run(executor, deployment.clone()).await;
    assert_eq!(deployed.end, RunEnd::Returned { flags: 0, data: vec![0, 0] });
    let written = deployed.changes.get(&CONTRACT).into_iter().flatten();
    let state: State = written.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let request = OracleRequest {
        chain: Chain::Evm(31337),
        oracle: vec![1; 20],
        request_id: RequestId([2; 32]),
        consumer: vec![3; 20],
        payload: payload.into(),
        expires_at: 4,
        block_hash: BlockHash([5; 32]),
    };
    let message = Run {
        entry: Entry::Call,
        mode: Mode::Query,
        caller: [0; 32],
        input: request.call_input(),
        state: Arc::new(state),
        ..deployment
    };
    run(executor, message).await
}

async fn answer(executor: &Executor, deployment: Run, payload: &str) -> Answer {
    ask(executor, deployment, payload).await.answer(16 * 1024)
}

/// What http-json answers about BTC and USD, when the source at this origin is asked.
async fn price(config: &ExecutorConfig, origin: &str) -> Answer {
    answer(&executor(config), http_json(origin), BTC_USD).await
}

async fn price_of(response: impl IntoResponse + Clone + Send + Sync + 'static) -> Answer {
    let source = source(response).await;
    price(&source.config(), &source.url("http", "")).await
}

async fn source(response: impl IntoResponse + Clone + Send + Sync + 'static) -> Server {
    server::http_of(Router::new().route("/price/BTC", get(async move || response.clone()))).await
}

#[track_caller]
fn assert_error(answer: &Answer, outcome: Outcome, code: u8, text: &str) {
    assert_eq!(answer.outcome, outcome);
    assert_eq!(answer.output.first(), Some(&code));
    let said = String::from_utf8_lossy(&answer.output);
    assert!(said.contains(text), "{said}");
}

fn word(number: u128) -> Vec<u8> {
    [[0; 16], number.to_be_bytes()].concat()
}

/// Of the fuel of a price 500,000 are for its HTTP call. A guest that clears its buffers before the
/// host fills them spends as much as all the rest again.
#[tokio::test]
async fn a_price_costs_little_beside_its_http_call() {
    let source = source(r#"{"data":[{"price":"97214.53"}]}"#).await;
    let result = ask(&executor(&source.config()), http_json(&source.url("http", "")), BTC_USD).await;
    assert_eq!(result.answer(32).outcome, Outcome::Ok);
    assert!(result.fuel_used < 1_600_000, "{}", result.fuel_used);
}

#[test]
fn the_committed_modules_pass_the_check() {
    let limits = ExecutorConfig::default().limits;
    for guest in
        ["compute", "evm-read", "graphql", "http-json", "price-median", "randomness", "s3", "substrate-read", "probe"]
    {
        let facts = check(&wasm(guest), &limits).unwrap();
        assert_eq!(facts.maximum_pages, Some(64), "{guest}");
        assert!(facts.initial_pages <= 4, "{guest} starts with {} pages", facts.initial_pages);
    }
}

/// What a module says of its output, in the custom section `phat.output`.
fn described(guest: &str) -> Vec<serde_json::Value> {
    let wasm = wasm(guest);
    let payloads = Parser::new(0).parse_all(&wasm).map(|payload| payload.expect("a module"));
    let mut described = Vec::new();
    for payload in payloads {
        if let Payload::CustomSection(section) = payload
            && section.name() == "phat.output"
        {
            described.push(serde_json::from_slice(section.data()).expect("JSON"));
        }
    }
    described
}

#[test]
fn the_committed_modules_say_what_their_outputs_are() {
    let from_init = json!({"init": {"abi": "/type", "decimals": "/decimals"}, "error": "text"});
    for guest in ["compute", "graphql", "http-json", "price-median", "s3"] {
        assert_eq!(described(guest), slice::from_ref(&from_init), "{guest}");
    }
    let of_block = json!({"abi": "(uint256,bytes32,bytes)", "error": "text"});
    assert_eq!(described("evm-read"), [of_block]);
    let stored = json!({"abi": "(uint256,bytes32,bool,bytes)", "error": "text"});
    assert_eq!(described("substrate-read"), [stored]);
    let proved = json!({"abi": "(bytes32,address,bytes,bytes,uint256[])", "error": "text"});
    assert_eq!(described("randomness"), [proved]);
    assert_eq!(described("probe"), [json!(null); 0]);
}

#[tokio::test]
async fn http_json_answers_the_price_that_its_source_names() {
    for (document, expected) in [
        (r#"{"data": [{"price": 64123.45}]}"#, 6_412_345_000_000),
        (r#"{"data": [{"price": "0.123456789"}]}"#, 12_345_678),
        (r#"{"data": [{"price": 6.4e4, "at": [1e999]}], "more": null}"#, 6_400_000_000_000),
    ] {
        assert_eq!(price_of(document).await, Answer { outcome: Outcome::Ok, output: word(expected) }, "{document}");
    }
}

#[tokio::test]
async fn http_json_fills_its_url_and_nothing_else() {
    let site = Router::new().fallback(async |uri: axum::http::Uri| {
        let text = serde_json::to_string(&uri.to_string()).unwrap();
        format!(r#"{{"data": {text}}}"#)
    });
    let source = server::http_of(site).await;
    let init = format!(
        r#"{{"origin":"{}","path":"/a/{{x}}/b?y={{y}}&z=1","pointer":"/data","type":"string"}}"#,
        source.url("http", "")
    );
    let payload = r#"{"x": "p/q?r#s", "y": "1&z=2#@evil.example/../"}"#;
    let answered = answer(&executor(&source.config()), deployment("http-json", init.as_bytes()), payload).await;
    let url = "/a/p%2Fq%3Fr%23s/b?y=1%26z%3D2%23%40evil.example%2F..%2F&z=1";
    let length = u128::try_from(url.len()).unwrap();
    assert_eq!(answered.outcome, Outcome::Ok);
    assert_eq!(answered.output[..64], [word(32), word(length)].concat());
    assert_eq!(answered.output[64..][..url.len()], *url.as_bytes());
}

#[tokio::test]
async fn http_json_names_what_its_source_did_wrong() {
    let error = Outcome::ContractError;
    assert_error(&price_of(StatusCode::INTERNAL_SERVER_ERROR).await, error, 4, "status 500");
    assert_error(&price_of(r#"{"data": [{"price": 1}"#).await, error, 5, "not JSON");
    assert_error(&price_of(vec![b'"', 0xff, b'"']).await, error, 5, "not UTF-8");
    assert_error(&price_of(r#"{"data": []}"#).await, error, 6, "finds nothing");
    assert_error(&price_of(r#"{"data": [{"price": "n/a"}]}"#).await, error, 7, "found a string");
    assert_error(&price_of(r#"{"data": [{"price": -1}]}"#).await, error, 8, "range");
    assert_error(&price_of(r#"{"data": [{"price": 1e70}]}"#).await, error, 8, "range");
}

#[tokio::test]
async fn http_json_reads_a_document_as_long_as_its_buffer_and_no_longer() {
    let padded = |length: usize| format!(r#"{{"pad": "{}", "data": [{{"price": 1}}]}}"#, "x".repeat(length));
    assert_eq!(price_of(padded(255 * 1024)).await.output, word(100_000_000));
    assert_error(&price_of(padded(256 * 1024)).await, Outcome::ContractError, 3, "late: ");
    assert_error(&price_of(padded(50 * 1024 * 1024)).await, Outcome::ContractError, 3, "late: ");
}

#[tokio::test]
async fn http_json_reads_a_deep_or_crowded_document_within_its_memory() {
    let deep = format!(r#"{{"deep": {}{}, "data": [{{"price": 1}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(price_of(deep).await.output, word(100_000_000));
    let crowded = format!(r#"{{{} "data": [{{"price": 1}}]}}"#, r#""":0,"#.repeat(40_000));
    assert_eq!(price_of(crowded).await.output, word(100_000_000));
}

#[tokio::test]
async fn http_json_says_when_its_source_is_slow_or_down() {
    let slow = server::http_of(Router::new().route("/price/BTC", get(std::future::pending::<()>))).await;
    let mut config = slow.config();
    config.limits.http.timeout = Duration::from_millis(100);
    assert_error(&price(&config, &slow.url("http", "")).await, Outcome::ContractError, 3, "late: ");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = ExecutorConfig::default();
    config.egress.allow.push(AllowEntry { port: closed.port(), ..slow.allowed() });
    let down = price(&config, &format!("http://{closed}")).await;
    assert_error(&down, Outcome::ContractError, 2, "unreachable: ");
}

#[tokio::test]
async fn http_json_follows_a_redirect_but_not_into_the_hosts_network() {
    let site = Router::new()
        .route("/price/BTC", get(async || Redirect::temporary("/moved")))
        .route("/moved", get(async || r#"{"data": [{"price": 2}]}"#));
    let moved = server::http_of(site).await;
    assert_eq!(price(&moved.config(), &moved.url("http", "")).await.output, word(200_000_000));

    let inside = source(r#"{"data": [{"price": 3}]}"#).await;
    let outside = source(Redirect::temporary(&inside.url("http", "/price/BTC"))).await;
    let denied = price(&outside.config(), &outside.url("http", "")).await;
    assert_error(&denied, Outcome::EgressDenied, 2, "unreachable: ");
    let seen = inside.connections.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn http_json_is_denied_private_addresses() {
    let config = ExecutorConfig::default();
    for origin in ["https://127.0.0.1:8443", "https://10.0.0.1", "https://[::1]", "http://198.51.100.1"] {
        assert_error(&price(&config, origin).await, Outcome::EgressDenied, 2, "unreachable: ");
    }
    let executor = executor_of(&config, &[("inside.example", &["192.168.0.1"])]);
    let named = answer(&executor, http_json("https://inside.example"), BTC_USD).await;
    assert_error(&named, Outcome::EgressDenied, 2, "unreachable: ");
}

#[tokio::test]
async fn http_json_refuses_a_payload_before_it_asks_its_source() {
    let source = source("{}").await;
    let executor = executor(&source.config());
    for payload in ["", "{", r#"{"base":"BTC"}"#, r#"{"base":"..","quote":"USD"}"#] {
        let result = ask(&executor, http_json(&source.url("http", "")), payload).await;
        assert_error(&result.answer(1024), Outcome::ContractError, 1, "payload: ");
        assert!(result.http.is_empty(), "{payload}");
    }
}

#[tokio::test]
async fn http_json_refuses_bad_init_data_with_every_reason() {
    let bad = r#"{"origin":"api.example.com","path":"a","pointer":"","type":"float","extra":1}"#;
    let result = run(&executor(&ExecutorConfig::default()), deployment("http-json", bad.as_bytes())).await;
    let RunEnd::Returned { flags: 1, data } = &result.end else { panic!("{:?}", result.end) };
    let said = String::from_utf8_lossy(data);
    for field in ["origin: ", "path: ", "type: ", "extra: "] {
        assert!(said.contains(field), "{said}");
    }
    assert!(!result.changes.contains_key(&CONTRACT));
}

async fn probe(payload: &str) -> RunResult {
    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_secs(2);
    ask(&executor(&config), deployment("probe", b""), payload).await
}

#[tokio::test]
async fn the_probe_answers_and_fails_as_it_is_told() {
    let ok = |output: &[u8]| Answer { outcome: Outcome::Ok, output: output.into() };
    assert_eq!(probe("echo hello there").await.answer(100), ok(b"hello there"));
    assert_eq!(probe("write key value").await.answer(100), ok(b"value"));
    assert_error(&probe("read key").await.answer(100), Outcome::ContractError, 1, "nothing is stored");
    assert_error(&probe("error sorry").await.answer(100), Outcome::ContractError, 0, "sorry");
    assert_error(&probe("dance").await.answer(100), Outcome::ContractError, 2, "dance");
    assert_eq!(probe("huge 101").await.answer(101).output, vec![0xaa; 101]);
    assert_eq!(probe("huge 101").await.answer(100), Answer::empty(Outcome::OutputTooLarge));
}

#[tokio::test]
async fn the_probe_ends_badly_as_it_is_told() {
    for (payload, outcome) in [
        ("spin", Outcome::TimedOut),
        ("hog", Outcome::OutOfMemory),
        ("recurse", Outcome::Trapped),
        ("panic on purpose", Outcome::Trapped),
    ] {
        assert_eq!(probe(payload).await.answer(100), Answer::empty(outcome), "{payload}");
    }
}

#[tokio::test]
async fn a_panic_leaves_its_words_in_the_debug_log() {
    let result = probe("panic on purpose").await;
    let line = result.logs.last().expect("a line");
    assert!(line.message.contains("on purpose"), "{}", line.message);
    assert!(line.message.contains("test-guests/probe/src/lib.rs"), "{}", line.message);
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    let result = probe("log 1500").await;
    assert_eq!(result.answer(100), Answer { outcome: Outcome::Ok, output: Vec::new() });
    let (lines, dropped) = (result.logs.len(), usize::try_from(result.dropped_records).unwrap());
    assert!(lines < 1000 && lines + dropped == 1500, "{lines} lines, {dropped} dropped");
    assert_eq!(result.logs.iter().map(|line| line.message.len()).sum::<usize>(), 256 * 1024);
    assert!(result.logs.iter().all(|line| line.level == LogLevel::Info && line.message.len() <= 1024));
}

#[tokio::test]
async fn the_probe_tells_what_a_source_answered() {
    let source = server::http_of(Router::new().route("/", get(async || "body"))).await;
    let executor = executor(&source.config());
    let url = source.url("http", "/");
    for payload in [format!("fetch {url}"), format!("flood 3 {url}")] {
        let answered = answer(&executor, deployment("probe", b""), &payload).await;
        assert_eq!(answered, Answer { outcome: Outcome::Ok, output: b"200 4 body".into() });
    }
    let denied = answer(&executor, deployment("probe", b""), "fetch https://127.0.0.1:1/").await;
    assert!(denied.output.starts_with(b"523 "), "{denied:?}");
}

#[tokio::test]
async fn the_probe_refuses_or_traps_in_deploy_as_it_is_told() {
    let executor = executor(&ExecutorConfig::default());
    let refused = run(&executor, deployment("probe", b"refuse")).await;
    assert_eq!(refused.end, RunEnd::Returned { flags: 1, data: (0_u8, 1_u8, 0_u8, "refuse").encode() });
    let trapped = run(&executor, deployment("probe", b"trap")).await;
    assert!(matches!(trapped.end, RunEnd::Failed { outcome: Outcome::Trapped, .. }), "{:?}", trapped.end);
}
