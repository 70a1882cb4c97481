//! ink! contracts, which crates.io's `ink` 4 and 5 and `pink` made the ABI side of, under the executor.
//! What they are asked and answer goes through their own metadata.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

mod calls;
#[expect(dead_code, reason = "each test binary uses a part of it")]
#[path = "../support/mod.rs"]
mod support;
mod world;

use axum::{Router, http::StatusCode, routing::get};
use ed25519_dalek::{Signature, VerifyingKey};
use k256::ecdsa::SigningKey;
use parity_scale_codec::Encode;
use phat_executor::{ExecutorConfig, LogLevel, RunEnd};
use phat_protocol::{
    Answer, BlockHash, Chain, ContractId, OracleRequest, Outcome, RequestId, blake2_256, keccak256, selector,
};
use serde_json::{Value, json};
use support::{NOW_MILLIS, server};
use world::{Kind, OWNER, World};

const PROBES: [&str; 2] = ["ink4-probe", "ink5-probe"];

async fn probe(kind: &str) -> (World, ContractId) {
    let world = World::new(&ExecutorConfig::default());
    let id = world.deploy(&Kind::committed(kind), "new", &["7"]).await.unwrap();
    (world, id)
}

fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().strip_prefix("0x").unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn state_is_read_and_written_wherever_ink_keeps_it() {
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        assert_eq!(world.ask(id, "get", &[]).await.value(), 7);
        assert_eq!(world.tell(id, "set", &["9"]).await.value(), 7);
        assert_eq!(world.ask(id, "get", &[]).await.value(), 9);
        assert_eq!(world.tell(id, "set_text", &["some words"]).await.value(), "begun");
        assert_eq!(world.ask(id, "set_text", &["others"]).await.value(), "some words");

        assert_eq!(world.ask(id, "noted", &["a"]).await.value(), json!([null, null]));
        assert_eq!(world.tell(id, "note", &["a", "0x0102"]).await.value(), Value::Null);
        // What storage holds is the encoded value: a length, then the bytes.
        assert_eq!(world.ask(id, "noted", &["a"]).await.value(), json!(["0x0102", 3]), "{kind}");
        assert_eq!(world.tell(id, "note", &["a", "0x010203"]).await.value(), 3);
        assert_eq!(world.tell(id, "forget", &["a"]).await.value(), json!([true, false]));
        assert_eq!(world.ask(id, "noted", &["a"]).await.value(), json!([null, null]));
    }
}

#[tokio::test]
async fn what_a_query_writes_is_dropped() {
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        let answer = world.ask(id, "set", &["9"]).await;
        assert_eq!(answer.run.changes.len(), 1, "{kind}");
        assert_eq!(answer.value(), 7);
        assert_eq!(world.ask(id, "get", &[]).await.value(), 7, "{kind}");
    }
}

#[tokio::test]
async fn a_constructor_that_fails_makes_no_contract() {
    for kind in PROBES.map(Kind::committed) {
        let world = World::new(&ExecutorConfig::default());
        // Ok of ink!'s own result, Err of the constructor's, and its variant Zero.
        assert_eq!(world.deploy(&kind, "not_zero", &["0"]).await, Err(vec![0, 1, 0]));
        let id = world.deploy(&kind, "not_zero", &["1"]).await.unwrap();
        assert_eq!(world.ask(id, "get", &[]).await.value(), 1);
    }
}

#[tokio::test]
async fn a_message_that_fails_reverts_and_one_that_panics_traps() {
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        let failed = world.tell(id, "fail", &["5"]).await;
        assert!(matches!(failed.run.end, RunEnd::Returned { flags: 1, .. }), "{kind}: {:?}", failed.run.end);
        assert_eq!(failed.value(), json!({ "Err": { "Told": { "code": 5 } } }));
        let trapped = world.tell(id, "panic", &["so it goes"]).await.run;
        assert!(matches!(trapped.end, RunEnd::Failed { outcome: Outcome::Trapped, .. }), "{kind}: {:?}", trapped.end);
        assert!(trapped.logs.iter().any(|line| line.message.contains("so it goes")), "{kind}: {:?}", trapped.logs);
        assert_eq!(world.ask(id, "get", &[]).await.value(), 7, "{kind}");
    }
}

#[tokio::test]
async fn a_message_that_is_not_there_is_an_error_of_the_language() {
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        let answer = world.raw(id, &[0xde, 0xad, 0xbe, 0xef]).await;
        assert_eq!(answer.end, RunEnd::Returned { flags: 1, data: vec![1, 1] }, "{kind}");
    }
}

#[tokio::test]
async fn a_contract_is_told_who_calls_and_where_it_is() {
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        let told = |caller: [u8; 32], now: u64| {
            json!({
                "caller": hexadecimal(caller), "address": hexadecimal(id.0), "value": "0", "now": now.to_string(),
                "block": 0,
            })
        };
        assert_eq!(world.ask(id, "context", &[]).await.value(), told([0; 32], NOW_MILLIS), "{kind}");
        assert_eq!(world.tell(id, "context", &[]).await.value(), told(OWNER, 0), "{kind}");
    }
}

#[tokio::test]
async fn an_event_carries_its_topics_and_its_data() {
    for (kind, topics) in [("ink4-probe", 2), ("ink5-probe", 2)] {
        let (world, id) = probe(kind).await;
        let answer = world.tell(id, "set", &["9"]).await;
        let [event] = &answer.run.events[..] else { panic!("{kind}: {:?}", answer.run.events) };
        assert_eq!((event.contract, event.topics.len()), (id, 1 + 32 * topics), "{kind}");
        assert!(event.data.ends_with(&(7u32, 9u32).encode()), "{kind}: {:?}", event.data);
    }
}

#[tokio::test]
async fn hashes_and_recovered_keys_are_those_of_their_algorithms() {
    let key = SigningKey::from_slice(&[3; 32]).unwrap();
    let hash = keccak256(b"signed");
    let (signature, recovery) = key.sign_prehash_recoverable(&hash).unwrap();
    let signature = [signature.to_bytes().as_slice(), &[recovery.to_byte()]].concat();
    let public = key.verifying_key().to_encoded_point(true);
    let address = keccak256(&key.verifying_key().to_encoded_point(false).as_bytes()[1..]);
    for kind in PROBES {
        let (world, id) = probe(kind).await;
        let hashes = world.ask(id, "hashes", &["0x616263"]).await.value();
        let named = ["sha2_256", "keccak_256", "blake2_256"];
        let [sha, keccak, blake] = [0, 1, 2].map(|at| if hashes.is_array() { &hashes[at] } else { &hashes[named[at]] });
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha, "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "{kind}");
        assert_eq!(*keccak, hexadecimal(keccak256(b"abc")), "{kind}");
        assert_eq!(*blake, hexadecimal(blake2_256(b"abc")), "{kind}");

        let recovered = world.ask(id, "recover", &[&hexadecimal(&signature), &hexadecimal(hash)]).await.value();
        assert_eq!(recovered, json!([hexadecimal(public.as_bytes()), hexadecimal(&address[12..])]), "{kind}");
        let nobody = world.ask(id, "recover", &[&hexadecimal([0xff; 65]), &hexadecimal(hash)]).await.value();
        assert_eq!(nobody, Value::Null, "{kind}");
    }
}

#[tokio::test]
async fn debug_messages_and_log_lines_keep_their_levels() {
    let (world, id) = probe("ink4-probe").await;
    let levels = |run: phat_executor::RunResult| -> Vec<_> {
        run.logs.into_iter().map(|line| (line.level, line.message)).collect()
    };
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    let logged = levels(world.ask(id, "log", &["words"]).await.run);
    assert_eq!(logged, [Error, Warn, Info, Debug, Trace].map(|level| (level, "words".to_owned())));
    let debugged = levels(world.ask(id, "debug", &["words"]).await.run);
    // The line's end is a control character, for which a log has no room.
    assert_eq!(debugged, [(Debug, "words ".to_owned())]);

    let (world, id) = probe("ink5-probe").await;
    let debugged = levels(world.ask(id, "debug", &["words"]).await.run);
    assert_eq!(debugged, [(Debug, "words ".to_owned()), (Info, "words".to_owned())]);
}

#[tokio::test]
async fn values_of_every_shape_come_back_as_they_went() {
    let (world, id) = probe("ink5-probe").await;
    let mixture = json!({
        "large": "340282366920938463463374607431768211455", "small": "-1", "text": "so", "pairs": [[1, true], [2, false]],
        "fixed": "0x01020304", "choice": { "Named": { "who": hexadecimal([5; 32]), "amount": "12" } },
    });
    assert_eq!(world.ask(id, "echo", &[&mixture.to_string()]).await.value(), mixture);
    for choice in [json!("Bare"), json!({ "One": 4 })] {
        let mixture = json!({
            "large": "0", "small": "9223372036854775807", "text": null, "pairs": [], "fixed": "0xffffffff", "choice": choice,
        });
        assert_eq!(world.ask(id, "echo", &[&mixture.to_string()]).await.value(), mixture);
    }
    assert_eq!(world.ask(id, "Greeter::greet", &["you"]).await.value(), "Hello, you");
}

#[tokio::test]
async fn an_http_response_comes_whole_and_a_failure_says_why() {
    let server = server::http().await;
    let world = World::new(&server.config());
    let id = world.deploy(&Kind::committed("ink4-probe"), "new", &["1"]).await.unwrap();
    let headers = r#"[["x-a","1"],["x-b","2"]]"#;
    let answer = world.ask(id, "http", &[&server.url("http", "/echo"), "POST", headers, "0x686579"]).await.value();
    assert_eq!((&answer[0], bytes(&answer[3])), (&json!(200), b"POST [x-a=1,x-b=2] hey".to_vec()));
    let answer = world.ask(id, "http", &[&server.url("http", "/status?code=404"), "GET", "[]", "0x"]).await.value();
    assert_eq!(answer[0], 404);
    let denied = world.ask(id, "http", &["https://10.0.0.1/", "GET", "[]", "0x"]).await;
    assert!(denied.run.last_http_denied);
    assert_eq!(denied.value()[0], 523);
    // ink!'s buffer has 16 KiB.
    let large = world.ask(id, "http", &[&server.url("http", "/huge"), "GET", "[]", "0x"]).await.value();
    assert_eq!(large[0], 524, "{large}");

    let told = world.tell(id, "http", &[&server.url("http", "/echo"), "GET", "[]", "0x"]).await.value();
    assert_eq!(told[0], 523, "no HTTP in a transaction");
}

#[tokio::test]
async fn a_batch_answers_each_request_and_its_limits_by_a_code() {
    let server = server::http().await;
    let world = World::new(&server.config());
    let id = world.deploy(&Kind::committed("ink4-probe"), "new", &["1"]).await.unwrap();
    let urls = json!([server.url("http", "/echo"), "https://10.0.0.1/", "nonsense"]).to_string();
    let answers = world.ask(id, "batch", &[&urls, "2000"]).await.value();
    let answers = answers["Ok"].as_array().unwrap();
    assert_eq!(answers[0]["Ok"][0], 200);
    assert_eq!((&answers[1], &answers[2]), (&json!({ "Err": "NotAllowed" }), &json!({ "Err": "InvalidUrl" })));
    let many = json!(vec![server.url("http", "/echo"); 6]).to_string();
    assert_eq!(world.ask(id, "batch", &[&many, "2000"]).await.value(), json!({ "Err": "TooManyRequests" }));
    assert_eq!(world.tell(id, "batch", &[&urls, "2000"]).await.value(), json!({ "Err": "NotAllowed" }));
}

#[tokio::test]
async fn signatures_of_every_kind_verify() {
    let (world, id) = probe("ink4-probe").await;
    let key = hexadecimal([4; 32]);
    let signed = world.ask(id, "sign", &["0", &key, "0x6d"]).await.value();
    let public = VerifyingKey::from_bytes(&bytes(&signed[1]).try_into().unwrap()).unwrap();
    public.verify_strict(b"m", &Signature::from_slice(&bytes(&signed[0])).unwrap()).unwrap();
    assert_eq!(signed[2], true);

    let derived = world.ask(id, "derive", &["0x73616c74"]).await.value();
    assert_eq!(bytes(&derived).len(), 64);
    let told = world.tell(id, "derive", &["0x73616c74"]).await.value();
    assert_eq!((&derived, derived != world.ask(id, "derive", &["0x00"]).await.value()), (&told, true));
    let signed = world.ask(id, "sign", &["1", derived.as_str().unwrap(), "0x6d"]).await.value();
    assert_eq!((bytes(&signed[0]).len(), bytes(&signed[1]).len(), &signed[2]), (64, 32, &json!(true)));

    let signed = world.ask(id, "sign", &["2", &key, "0x6d"]).await.value();
    assert_eq!((bytes(&signed[1]).len(), &signed[2]), (33, &json!(true)));
    let prehashed = world.ask(id, "sign_prehashed", &[&key, &hexadecimal([6; 32]), signed[1].as_str().unwrap()]).await;
    let prehashed = prehashed.value();
    assert_eq!((bytes(&prehashed[0]).len(), &prehashed[1]), (65, &json!(true)));
    assert!(bytes(&prehashed[0])[64] < 2);
}

#[tokio::test]
async fn a_transaction_has_neither_time_nor_chance() {
    let (world, id) = probe("ink4-probe").await;
    assert_eq!(world.ask(id, "random", &["5"]).await.value(), "0x0102030405");
    assert_eq!(world.tell(id, "random", &["5"]).await.value(), "0x");
    assert_eq!(world.ask(id, "millis", &[]).await.value(), NOW_MILLIS.to_string());
    assert_eq!(world.tell(id, "millis", &[]).await.value(), "0");
    assert_eq!(world.ask(id, "in_transaction", &[]).await.value(), false);
    assert_eq!(world.tell(id, "in_transaction", &[]).await.value(), true);
}

#[tokio::test]
async fn the_contract_of_the_guide_answers_requests() {
    let prices = Router::new()
        .route("/price/BTC", get(async || "97214.53\n"))
        .route("/price/NIL", get(async || (StatusCode::NOT_FOUND, "none")));
    let server = server::http_of(prices).await;
    let world = World::new(&server.config());
    let id = world.deploy(&Kind::committed("ink-price"), "new", &[&server.url("http", "")]).await.unwrap();
    assert_eq!(world.ask(id, "price", &["BTC"]).await.value(), json!({ "Ok": "97214530000" }));
    assert_eq!(world.ask(id, "price", &["NIL"]).await.value(), json!({ "Err": { "Status": 404 } }));

    let asked = async |payload: &str| {
        let request = OracleRequest {
            chain: Chain::Evm(31337),
            oracle: vec![1; 20],
            request_id: RequestId([2; 32]),
            consumer: vec![3; 20],
            payload: payload.into(),
            expires_at: 4,
            block_hash: BlockHash([5; 32]),
        };
        world.raw(id, &[selector("handle_request").as_slice(), &request.encode()].concat()).await.answer(64)
    };
    let mut price = [0; 32];
    price[16..].copy_from_slice(&97_214_530_000_u128.to_be_bytes());
    assert_eq!(asked("BTC").await, Answer { outcome: Outcome::Ok, output: price.into() });
    assert_eq!(asked("../BTC").await, Answer { outcome: Outcome::ContractError, output: vec![0] });
}
