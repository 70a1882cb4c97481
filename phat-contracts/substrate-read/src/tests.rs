use crate::SubstrateRead;
use phat_sdk::{
    Answer, HttpRequest, HttpResponse, Outcome,
    abi::{self, Token},
    serde_json::{Value, from_slice, json, to_vec},
    testing::{MockHost, error_of, json_under, response},
};

const FINAL: u64 = 0x15_2a_01;
const TIMESTAMP: &str = r#""pallet":"Timestamp","item":"Now""#;
/// `Timestamp.Now`
const KEY: &str = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

/// What an endpoint says.
#[derive(Clone)]
enum Node {
    /// Its final block is this one, and this is stored there.
    Honest(u64, Option<&'static str>),
    /// Has another block at every height.
    Forked,
    /// Knows no block above this one.
    Behind(u64),
    /// Answers this.
    Broken(u16, &'static str),
}

fn hash(number: u64) -> String {
    format!("0x{number:064x}")
}

impl Node {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (head, fork, stored) = match self {
            Self::Honest(head, stored) => (*head, 0, *stored),
            Self::Forked => (FINAL, 7, Some("0xff")),
            Self::Behind(head) => (*head, 0, Some("0x0100")),
            Self::Broken(status, body) => return response(*status, body.as_bytes()),
        };
        let asked: Value = from_slice(&request.body).expect("JSON");
        let params = &asked["params"];
        let result = match asked["method"].as_str().expect("a method") {
            "chain_getFinalizedHead" => json!(hash(head + fork)),
            "chain_getHeader" => {
                assert_eq!(params, &json!([hash(head + fork)]));
                json!({"parentHash": hash(1), "number": format!("{head:#x}"), "digest": {"logs": []}})
            }
            "chain_getBlockHash" => {
                let number = params[0].as_u64().expect("a number");
                if number > head { Value::Null } else { json!(hash(number + fork)) }
            }
            "state_getStorage" => {
                assert_eq!(params[0], KEY);
                json!(stored)
            }
            other => panic!("{other} is asked"),
        };
        response(200, &to_vec(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": result})).expect("JSON"))
    }
}

fn deployed(nodes: &[Node], more: &str) -> MockHost {
    let endpoint = |index| format!(r#"{{"name":"n{index}","origin":"https://n{index}.example","path":"/"}}"#);
    let endpoints: Vec<_> = (0..nodes.len()).map(endpoint).collect();
    let nodes = nodes.to_vec();
    let init = format!(r#"{{"endpoints":[{}],{TIMESTAMP}{more}}}"#, endpoints.join(","));
    MockHost::deployed::<SubstrateRead>(&init, move |request| {
        let index = (0..nodes.len()).find(|index| request.url == format!("https://n{index}.example/"));
        nodes[index.expect("an endpoint")].answer(request)
    })
}

fn read(nodes: &[Node], more: &str) -> Answer {
    deployed(nodes, more).ask::<SubstrateRead>(b"")
}

fn at(number: u64, exists: bool, value: &[u8]) -> Answer {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    let tokens = [Token::from(number), Token::Word(hash), Token::from(exists), Token::Dynamic(value.into())];
    Answer { outcome: Outcome::Ok, output: abi::encode(&tokens) }
}

fn honest() -> Node {
    Node::Honest(FINAL, Some("0x0100"))
}

#[test]
fn what_is_stored_is_answered_with_the_block() {
    assert_eq!(read(&[honest(), honest(), honest()], ""), at(FINAL, true, &[1, 0]));
    assert_eq!(read(&[honest()], ""), at(FINAL, true, &[1, 0]));
    assert_eq!(read(&[Node::Honest(FINAL, None)], ""), at(FINAL, false, &[]));
    assert_eq!(read(&[Node::Honest(FINAL, Some("0x"))], ""), at(FINAL, true, &[]));
}

#[test]
fn an_integer_within_the_value_is_answered_as_solidity_reads_it() {
    let stored = || Node::Honest(FINAL, Some("0xff0201000000"));
    let integer = |value: u128| abi::encode(&[Token::from(value)]);
    assert_eq!(read(&[stored()], r#","decode":{"type":"u8"}"#), at(FINAL, true, &integer(255)));
    assert_eq!(read(&[stored()], r#","decode":{"offset":1,"type":"u32"}"#), at(FINAL, true, &integer(0x0102)));
    let nothing = Node::Honest(FINAL, None);
    assert_eq!(read(&[nothing], r#","decode":{"type":"u8"}"#), at(FINAL, false, &[]));
    let short = error_of(&read(&[stored()], r#","decode":{"offset":3,"type":"u32"}"#));
    assert_eq!(short, (4, "the value has 6 bytes, and the integer ends at byte 7".into()));
}

#[test]
fn a_minority_that_lies_fails_or_lags_changes_nothing() {
    for other in [
        Node::Honest(FINAL, Some("0xdead")),
        Node::Honest(FINAL, None),
        Node::Honest(FINAL - 3, Some("0x0100")),
        Node::Honest(u64::MAX, Some("0x0100")),
        Node::Behind(FINAL - 3),
        Node::Forked,
        Node::Broken(500, ""),
        Node::Broken(524, ""),
        Node::Broken(200, "{"),
        Node::Broken(200, r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        Node::Broken(200, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}"#),
    ] {
        assert_eq!(read(&[honest(), other, honest()], ""), at(FINAL, true, &[1, 0]));
    }
}

#[test]
fn endpoints_that_contradict_each_other_make_no_answer() {
    let error = error_of(&read(&[honest(), Node::Honest(FINAL, None)], ""));
    let said = "the endpoints contradict each other about what is stored: 1 of 2 agree, 2 needed";
    assert_eq!(error, (3, said.into()));
}

#[test]
fn too_few_endpoints_are_an_error_that_names_the_others() {
    let refusing =
        || Node::Broken(200, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}"#);
    let (code, text) = error_of(&read(&[honest(), refusing(), Node::Broken(523, "")], ""));
    let said =
        "1 of 3 endpoints told its finalised block, 2 needed: n1: error -32601: Method not found; n2: unreachable";
    assert_eq!((code, text.as_str()), (2, said));
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## substrate-read", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<SubstrateRead>(init, |_| panic!("no requests in deploy"));
}
