//! Endpoints that fail.

use crate::faulty_node::{Answer, FaultyNode, block};
use phat_connector::rpc::EndpointSettings;
use phat_connector::{Acceptance, ChainError, Fees, OracleStatus, ReportSink, RequestSource};
use phat_protocol::Amount;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const SECRETS: [&str; 3] = ["somebody", "sesame", "apikey"];

fn fees() -> Fees {
    Fees { max_fee: Amount::from(2_000_000_000), max_priority_fee: Amount::from(1) }
}

/// A node that is well, and for which a transfer costs 21,000 gas.
fn healthy(method: &str) -> Answer {
    match method {
        "eth_getBlockByNumber" => Answer::Result(block(9, 9)),
        "eth_getBalance" => Answer::Result(json!("0xde0b6b3a7640000")),
        "eth_estimateGas" => Answer::Result(json!("0x5208")),
        "eth_getTransactionCount" => Answer::Result(json!("0x0")),
        "eth_getTransactionByHash" => Answer::Result(Value::Null),
        "eth_gasPrice" => Answer::Result(json!("0x77359400")),
        "eth_feeHistory" => Answer::Error(-32601, "unknown method", None),
        other => panic!("{other} wasn't expected"),
    }
}

/// The endpoint at this URL alone.
fn at(url: &str) -> Vec<EndpointSettings> {
    vec![EndpointSettings::new(url.parse().unwrap())]
}

/// A port that nobody listens on.
async fn dead_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_in_time() {
    let node = FaultyNode::start(|_, _| Answer::Never).await;
    let chain = node.chain_with(|settings| settings.call_timeout = Duration::from_millis(150));
    let started = Instant::now();
    let error = chain.head().await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let ChainError::Unreachable { endpoint, cause } = &error else { panic!("{error:?}") };
    assert_eq!(cause, "no answer within 150ms");
    assert_eq!(*endpoint, format!("http://127.0.0.1:{}", node.port));
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_rate_limit_is_heard_with_how_long_to_wait() {
    let node = FaultyNode::start(|_, _| Answer::Status(429, Some("7"))).await;
    let chain = node.chain();
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::RateLimited { .. }), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let asked = node.asked().len();
    let error = chain.mined_nonce().await.unwrap_err();
    assert!(matches!(error, ChainError::RateLimited { .. }), "{error:?}");
    let left = error.retry_after().unwrap();
    assert!(left > Duration::from_secs(3) && left < Duration::from_secs(7), "{left:?}");
    assert_eq!(node.asked().len(), asked, "it gets no call before that");
    for answer in [|| Answer::Status(429, None), || Answer::Error(-32005, "limit exceeded", None)] {
        let node = FaultyNode::start(move |_, _| answer()).await;
        let error = node.chain().head().await.unwrap_err();
        assert!(matches!(error, ChainError::RateLimited { retry_after: None, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_unavailable_for_a_while_is_waited_for_as_it_says() {
    for (retry_after, least) in [("7", 7), ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600)] {
        let node = FaultyNode::start(move |_, _| Answer::Status(503, Some(retry_after))).await;
        let chain = node.chain();
        let error = chain.head().await.unwrap_err();
        assert!(error.retry_after() >= Some(Duration::from_secs(least)), "{error:?}");
        assert!(chain.head().await.is_err());
        assert_eq!(node.asked().len(), 1, "it gets no call before that");
    }
}

#[tokio::test]
async fn a_refused_request_is_named_by_its_status() {
    let node = FaultyNode::start(|_, _| Answer::Status(503, None)).await;
    let error = node.chain().head().await.unwrap_err();
    let ChainError::Unreachable { cause, .. } = &error else { panic!("{error:?}") };
    assert_eq!(cause, "HTTP status 503");
}

#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    for body in ["", "{", "[]", "<html>", "[{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":null}]"] {
        let node = FaultyNode::start(move |_, _| Answer::Body(body.to_owned())).await;
        let error = node.chain().head().await.unwrap_err();
        assert!(matches!(error, ChainError::Malformed { .. }), "{body}: {error:?}");
    }
    for result in [json!("text"), json!({ "number": "0x1" }), json!({ "hash": null }), Value::Null] {
        let shown = result.to_string();
        let node = FaultyNode::start(move |_, _| Answer::Result(result.clone())).await;
        let error = node.chain().head().await.unwrap_err();
        assert!(matches!(error, ChainError::Malformed { .. }), "{shown}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let node = FaultyNode::start(|_, _| Answer::Body(format!("\"{}\"", "x".repeat(25 * 1024 * 1024)))).await;
    let error = node.chain().head().await.unwrap_err();
    let ChainError::Malformed { cause, .. } = &error else { panic!("{error:?}") };
    assert!(cause.contains("longer than 25165824 bytes"), "{cause}");
}

#[tokio::test]
async fn codes_tell_what_may_succeed_later() {
    for (code, transient) in [(-32000, true), (-32603, true), (-32002, true), (-32601, false), (-32602, false)] {
        let node = FaultyNode::start(move |_, _| Answer::Error(code, "no", None)).await;
        let error = node.chain().mined_nonce().await.unwrap_err();
        let ChainError::Node { method, code: found, .. } = &error else { panic!("{error:?}") };
        assert_eq!((method.as_str(), *found), ("eth_getTransactionCount", code));
        assert_eq!(error.is_transient(), transient, "{code}");
    }
}

#[tokio::test]
async fn a_range_that_a_node_refuses_is_asked_for_in_halves_and_what_was_served_is_remembered() {
    let node = FaultyNode::start(|_, params| {
        let bound = |name: &str| u64::from_str_radix(params[0][name].as_str().unwrap().trim_start_matches("0x"), 16);
        let (from, to) = (bound("fromBlock").unwrap(), bound("toBlock").unwrap());
        if to - from >= 3 { Answer::Error(-32602, "at most 3 blocks", None) } else { Answer::Result(json!([])) }
    })
    .await;
    let chain = node.chain();
    assert_eq!(chain.requests(10..=19).await.unwrap(), []);
    let answered: Vec<(String, String)> = node
        .asked()
        .iter()
        .map(|asked| (asked.params[0]["fromBlock"].to_string(), asked.params[0]["toBlock"].to_string()))
        .collect();
    let hex = |from: u64, to: u64| (format!("\"{from:#x}\""), format!("\"{to:#x}\""));
    // Ten blocks and five are refused, and two are served. Each that is served is followed by one more until what
    // was refused is near.
    let expected = [hex(10, 19), hex(10, 14), hex(10, 11), hex(12, 13), hex(14, 16), hex(17, 19)];
    assert_eq!(answered, expected);
    assert_eq!(chain.reach(), 4);
}

#[tokio::test]
async fn one_block_that_a_node_refuses_is_an_error_and_says_nothing_of_ranges() {
    let node = FaultyNode::start(|_, _| Answer::Error(-32602, "no", None)).await;
    let chain = node.chain();
    assert!(matches!(chain.requests(10..=19).await, Err(ChainError::Node { .. })));
    assert_eq!(chain.reach(), u64::MAX);
    let limited = FaultyNode::start(|_, _| Answer::Status(429, None)).await;
    assert!(matches!(limited.chain().requests(10..=19).await, Err(ChainError::RateLimited { .. })));
    assert_eq!(limited.asked().len(), 1, "a limited rate isn't met with more calls");
}

#[tokio::test]
async fn a_range_that_is_not_answered_is_smaller_when_it_is_asked_for_again() {
    let served = Arc::new(AtomicBool::new(false));
    let serves = Arc::clone(&served);
    let node = FaultyNode::start(move |_, _| {
        if serves.load(Ordering::SeqCst) { Answer::Result(json!([])) } else { Answer::Status(504, None) }
    })
    .await;
    let chain = node.chain();
    for expected in [50, 25] {
        assert!(matches!(chain.requests(1..=100).await, Err(ChainError::Unreachable { .. })));
        assert_eq!(chain.reach(), expected);
    }
    served.store(true, Ordering::SeqCst);
    assert_eq!(chain.requests(1..=1_000).await.unwrap(), []);
    assert!(chain.reach() > 100, "{}", chain.reach());
}

#[tokio::test]
async fn credentials_are_used_and_never_shown() {
    let node = FaultyNode::start(|_, _| Answer::Status(500, None)).await;
    let port = node.port;
    let with_secrets = |port: u16| format!("http://somebody:sesame@127.0.0.1:{port}/v3/apikey?key=apikey");
    let chain = node.chain_with(|settings| settings.endpoints = at(&with_secrets(port)));
    let refused = chain.head().await.unwrap_err();
    let asked = node.asked().remove(0);
    assert_eq!(asked.uri.to_string(), "/v3/apikey?key=apikey");
    assert_eq!(asked.authorization.as_deref(), Some("Basic c29tZWJvZHk6c2VzYW1l"));
    let dead = dead_port().await;
    let nobody = node.chain_with(|settings| settings.endpoints = at(&with_secrets(dead)));
    let gone = nobody.head().await.unwrap_err();
    for shown in
        [refused.to_string(), format!("{refused:?}"), gone.to_string(), format!("{gone:?}"), format!("{chain:?}")]
    {
        assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}

#[tokio::test]
async fn a_node_s_words_alone_decide_nothing() {
    let node = FaultyNode::start(|method, _| match method {
        "eth_sendRawTransaction" => Answer::Error(-32000, "nonce too low", None),
        other => healthy(other),
    })
    .await;
    let chain = node.chain();
    let filler = chain.prepare_filler(0, fees()).await.unwrap();
    let error = chain.broadcast(&filler.raw).await.unwrap_err();
    assert!(matches!(error, ChainError::Node { transient: true, .. }), "{error:?}");
}

#[tokio::test]
async fn gas_is_bounded_from_below_by_the_call_and_from_above_by_the_block() {
    let small_block = FaultyNode::start(|method, _| match method {
        "eth_estimateGas" => Answer::Result(json!("0xffffff")),
        "eth_getBlockByNumber" => {
            let mut block = block(9, 9);
            block["gasLimit"] = json!("0x7a120");
            Answer::Result(block)
        }
        other => healthy(other),
    })
    .await;
    assert_eq!(small_block.chain().prepare_filler(0, fees()).await.unwrap().gas_limit, 500_000);
    let optimist = FaultyNode::start(|method, _| match method {
        "eth_estimateGas" => Answer::Result(json!("0x1")),
        other => healthy(other),
    })
    .await;
    assert_eq!(optimist.chain().prepare_filler(0, fees()).await.unwrap().gas_limit, 21_000);
}

#[tokio::test]
async fn a_node_that_suggests_no_priority_fee_is_asked_for_its_gas_price() {
    let node = FaultyNode::start(|method, _| match method {
        "eth_maxPriorityFeePerGas" => Answer::Error(-32601, "unknown method", None),
        other => healthy(other),
    })
    .await;
    // Base fee 1 gwei, gas price 2 gwei.
    let expected = Fees { max_fee: Amount::from(3_000_000_000), max_priority_fee: Amount::from(1_000_000_000) };
    assert_eq!(node.chain().outlook().await.unwrap().fees, expected);
}

#[tokio::test]
async fn where_blocks_are_full_at_least_what_others_paid_is_offered() {
    let history = |ratios: [f64; 3]| {
        json!({
            "oldestBlock": "0x7",
            "baseFeePerGas": ["0x3b9aca00", "0x3b9aca00", "0x3b9aca00", "0x3b9aca00"],
            "gasUsedRatio": ratios,
            "reward": [["0x12a05f200"], ["0xb2d05e00"], ["0x2540be400"]],
        })
    };
    // 5, 3 and 10 gwei were paid; the node suggests 1.
    for (ratios, paid) in [([0.95, 0.99, 0.5], 5), ([0.5, 1.0, 0.9], 3), ([0.1, 0.0, 0.9], 1), ([1.0, 1.0, 1.0], 10)] {
        let node = FaultyNode::start(move |method, _| match method {
            "eth_feeHistory" => Answer::Result(history(ratios)),
            "eth_maxPriorityFeePerGas" => Answer::Result(json!("0x3b9aca00")),
            other => healthy(other),
        })
        .await;
        let priority_fee = Amount::from(paid * 1_000_000_000);
        let expected = Fees { max_fee: Amount::from((2 + paid) * 1_000_000_000), max_priority_fee: priority_fee };
        assert_eq!(node.chain().outlook().await.unwrap().fees, expected, "{ratios:?}");
    }
}

#[tokio::test]
async fn codes_that_mean_the_same_everywhere_are_believed() {
    for (code, expected) in [
        (-38010, Ok(Acceptance::NonceUsed)),
        (1000, Ok(Acceptance::Pooled)),
        (-38012, Ok(Acceptance::Underpriced)),
        (802, Ok(Acceptance::Underpriced)),
        (806, Ok(Acceptance::Underpriced)),
        (1002, Ok(Acceptance::Underpriced)),
        (-38014, Err("insufficient_funds")),
        (809, Err("insufficient_funds")),
        (1, Err("node")),
        (-32000, Err("node")),
    ] {
        let node = FaultyNode::start(move |method, _| match method {
            "eth_sendRawTransaction" => Answer::Error(code, "no", None),
            other => healthy(other),
        })
        .await;
        let chain = node.chain();
        let filler = chain.prepare_filler(0, fees()).await.unwrap();
        let told = chain.broadcast(&filler.raw).await.map_err(|error| error.kind());
        assert_eq!(told, expected, "{code}");
    }
}

/// What the clients answer to a transaction that they don't take: the codes say nothing, and neither do
/// the words that come with them.
#[tokio::test]
async fn whatever_code_a_client_has_the_chain_s_state_tells_what_became_of_a_transaction() {
    // go-ethereum and Erigon, Nethermind, Besu, anvil.
    for code in [-32000, -32010, -32001, -32003, -32602] {
        for (mined, pooled, known, balance, expected) in [
            ("0x1", "0x1", Value::Null, "0xde0b6b3a7640000", Ok(Acceptance::NonceUsed)),
            ("0x0", "0x1", Value::Null, "0xde0b6b3a7640000", Ok(Acceptance::Underpriced)),
            ("0x0", "0x0", Value::Null, "0x1", Err("insufficient_funds")),
            ("0x0", "0x0", Value::Null, "0xde0b6b3a7640000", Err("node")),
        ] {
            let node = FaultyNode::start(move |method, params| match (method, params[1].as_str()) {
                ("eth_sendRawTransaction", _) => Answer::Error(code, "insufficient nonce already known", None),
                ("eth_getTransactionCount", Some("pending")) => Answer::Result(json!(pooled)),
                ("eth_getTransactionCount", _) => Answer::Result(json!(mined)),
                ("eth_getTransactionByHash", _) => Answer::Result(known.clone()),
                ("eth_getBalance", _) => Answer::Result(json!(balance)),
                (other, _) => healthy(other),
            })
            .await;
            let rich = FaultyNode::start(|method, _| healthy(method)).await;
            let filler = rich.chain().prepare_filler(0, fees()).await.unwrap();
            let told = node.chain().broadcast(&filler.raw).await.map_err(|error| error.kind());
            assert_eq!(told, expected, "{code}");
        }
    }
}

#[tokio::test]
async fn a_dead_endpoint_is_unreachable() {
    let port = dead_port().await;
    let node = FaultyNode::start(|_, _| Answer::Never).await;
    for scheme in ["http", "ws"] {
        let url = format!("{scheme}://127.0.0.1:{port}");
        let chain = node.chain_with(|settings| settings.endpoints = at(&url));
        let error = chain.facts().await.unwrap_err();
        let ChainError::Unreachable { endpoint, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*endpoint, url);
    }
}
