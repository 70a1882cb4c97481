use crate::EvmRead;
use phat_sdk::{
    Answer, HttpRequest, HttpResponse, Outcome,
    abi::{self, Token},
    serde_json::{Value, from_slice, json, to_vec},
    testing::{MockHost, error_of, json_under, response},
};

const FINAL: u64 = 1000;

/// What an endpoint says.
#[derive(Clone)]
enum Node {
    /// Its final block is this one, and a call at it returns these bytes.
    Honest(u64, &'static str),
    /// Has another block at every height.
    Forked,
    /// Answers the call with this error.
    Failing(Value),
    /// Knows no block above this one.
    Behind(u64),
    /// Answers this.
    Broken(u16, &'static str),
}

fn hash(number: u64) -> String {
    format!("0x{number:064x}")
}

impl Node {
    fn result(&self, asked: &Value) -> Value {
        let head = match self {
            Self::Honest(head, _) | Self::Behind(head) => *head,
            Self::Forked | Self::Failing(_) | Self::Broken(..) => FINAL,
        };
        let params = &asked["params"];
        match (asked["method"].as_str(), self) {
            (Some("eth_getBlockByNumber"), _) => {
                let tag = params[0].as_str().expect("a tag");
                let number =
                    tag.strip_prefix("0x").map_or(head, |digits| u64::from_str_radix(digits, 16).expect("hex"));
                let hash = if matches!(self, Self::Forked) { hash(number + 7) } else { hash(number) };
                let behind = matches!(self, Self::Behind(_)) && number > head;
                json!({"result": if behind { Value::Null } else { json!({"number": format!("{number:#x}"), "hash": hash}) }})
            }
            (_, Self::Failing(error)) => json!({"error": error}),
            (_, Self::Honest(_, returned)) => json!({"result": returned}),
            (_, Self::Behind(_)) => json!({"error": {"code": -32001, "message": "unknown block"}}),
            (_, Self::Forked | Self::Broken(..)) => json!({"result": "0xbad0"}),
        }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        if let Self::Broken(status, body) = self {
            return response(*status, body.as_bytes());
        }
        let asked: Value = from_slice(&request.body).expect("JSON");
        let mut result = self.result(&asked);
        result["jsonrpc"] = "2.0".into();
        result["id"] = asked["id"].clone();
        response(200, &to_vec(&result).expect("JSON"))
    }
}

const TOTAL_SUPPLY: &str = r#""address":"0x1111111111111111111111111111111111111111","signature":"totalSupply()""#;

fn deployed(nodes: &[Node], call: &str) -> MockHost {
    let endpoint = |index| format!(r#"{{"name":"n{index}","origin":"https://n{index}.example","path":"/rpc"}}"#);
    let endpoints: Vec<_> = (0..nodes.len()).map(endpoint).collect();
    let nodes = nodes.to_vec();
    let init = format!(r#"{{"endpoints":[{}],{call}}}"#, endpoints.join(","));
    MockHost::deployed::<EvmRead>(&init, move |request| {
        let index = (0..nodes.len()).find(|index| request.url == format!("https://n{index}.example/rpc"));
        nodes[index.expect("an endpoint")].answer(request)
    })
}

fn read(nodes: &[Node]) -> Answer {
    deployed(nodes, TOTAL_SUPPLY).ask::<EvmRead>(b"")
}

fn at(number: u64, returned: &[u8]) -> Answer {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    let output = abi::encode(&[Token::from(number), Token::Word(hash), Token::Dynamic(returned.into())]);
    Answer { outcome: Outcome::Ok, output }
}

fn honest() -> Node {
    Node::Honest(FINAL, "0x01020304")
}

#[test]
fn what_the_call_returns_is_answered_with_the_block() {
    assert_eq!(read(&[honest(), honest(), honest()]), at(FINAL, &[1, 2, 3, 4]));
    assert_eq!(read(&[honest()]), at(FINAL, &[1, 2, 3, 4]));
}

#[test]
fn the_call_is_made_at_the_blocks_hash_and_asked_of_each_endpoint_once() {
    let mut host = deployed(&[honest(), honest()], TOTAL_SUPPLY);
    host.ask::<EvmRead>(b"");
    let asked: Vec<Value> = host.requests.iter().map(|request| from_slice(&request.body).expect("JSON")).collect();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0]["params"], json!(["finalized", false]));
    // keccak256("totalSupply()") begins so.
    let call = json!({"to": "0x1111111111111111111111111111111111111111", "data": "0x18160ddd"});
    assert_eq!(asked[3]["method"], "eth_call");
    assert_eq!(asked[3]["params"], json!([call, {"blockHash": hash(FINAL), "requireCanonical": true}]));
}

#[test]
fn a_minority_that_lies_fails_or_lags_changes_nothing() {
    for other in [
        Node::Honest(FINAL, "0xdead"),
        Node::Honest(FINAL - 32, "0x01020304"),
        Node::Honest(u64::MAX, "0x01020304"),
        Node::Forked,
        Node::Behind(FINAL - 32),
        Node::Failing(json!({"code": -32000, "message": "missing trie node"})),
        Node::Failing(json!({"code": 3, "message": "execution reverted"})),
        Node::Broken(500, ""),
        Node::Broken(523, "no such host"),
        Node::Broken(200, "<html>"),
        Node::Broken(200, r#"{"jsonrpc":"2.0","id":1}"#),
        Node::Broken(200, r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        Node::Broken(200, r#"{"jsonrpc":"2.0","id":1,"result":{"number":"0x3e8"}}"#),
    ] {
        let answer = read(&[honest(), other, honest()]);
        assert_eq!(answer, at(FINAL, &[1, 2, 3, 4]));
    }
}

#[test]
fn the_block_is_the_highest_that_enough_endpoints_call_final() {
    let nodes = |heads: [u64; 3]| heads.map(|head| Node::Honest(head, "0x01"));
    assert_eq!(read(&nodes([900, 1000, 968])), at(968, &[1]));
    assert_eq!(read(&nodes([900, 900, 1000])), at(900, &[1]));
    let mut all = deployed(&nodes([900, 1000, 968]), &format!(r#"{TOTAL_SUPPLY},"minimum":3"#));
    assert_eq!(all.ask::<EvmRead>(b""), at(900, &[1]));
}

#[test]
fn endpoints_that_contradict_each_other_make_no_answer() {
    let error = error_of(&read(&[honest(), Node::Honest(FINAL, "0x02"), Node::Honest(FINAL, "0x03")]));
    let said = "the endpoints contradict each other about what the call returns: 1 of 3 agree, 2 needed";
    assert_eq!(error, (3, said.into()));
    let error = error_of(&read(&[honest(), Node::Forked]));
    let said = "the endpoints contradict each other about the block's hash: 1 of 2 agree, 2 needed";
    assert_eq!(error, (3, said.into()));
    let nodes = [honest(), honest(), Node::Honest(FINAL, "0x02"), Node::Honest(FINAL, "0x02")];
    let error = error_of(&deployed(&nodes, &format!(r#"{TOTAL_SUPPLY},"minimum":2"#)).ask::<EvmRead>(b""));
    let said = "the endpoints contradict each other about what the call returns: 2 of 4 agree, 2 needed, and as many say \
        something else";
    assert_eq!(error, (3, said.into()));
}

#[test]
fn too_few_endpoints_are_an_error_that_names_the_others() {
    let (code, text) = error_of(&read(&[honest(), Node::Broken(503, ""), Node::Broken(523, "")]));
    let said = "1 of 3 endpoints told its finalised block, 2 needed: n1: status 503; n2: unreachable";
    assert_eq!((code, text.as_str()), (2, said));
    let refusing = || Node::Failing(json!({"code": -32000, "message": "header not found"}));
    let (code, text) = error_of(&read(&[honest(), refusing(), refusing()]));
    let said = "1 of 3 endpoints told what the call returns, 2 needed: n1: error -32000: header not found; \
        n2: error -32000: header not found";
    assert_eq!((code, text.as_str()), (2, said));
}

#[test]
fn a_call_that_reverts_says_why() {
    let reason = abi::encode(&[Token::from(String::from("paused"))]);
    let data = format!("0x08c379a0{}", reason.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let reverting = || Node::Failing(json!({"code": 3, "message": "execution reverted: paused", "data": data}));
    assert_eq!(error_of(&read(&[reverting(), reverting(), honest()])), (4, "reverted at block 1000: paused".into()));
    let custom = || Node::Failing(json!({"code": 3, "message": "execution reverted", "data": "0xdeadbeef"}));
    assert_eq!(error_of(&read(&[custom()])), (4, "reverted at block 1000: 0xdeadbeef".into()));
}

#[test]
fn a_call_that_returns_nothing_is_an_error() {
    let (code, text) = error_of(&read(&[Node::Honest(FINAL, "0x")]));
    assert_eq!(code, 5);
    assert!(text.starts_with("nothing was returned at block 1000"), "{text}");
}

#[test]
fn a_payload_fills_arguments_or_is_the_call_data() {
    let sent = |call: &str, payload: &[u8]| {
        let mut host = deployed(&[honest()], call);
        let answer = host.ask::<EvmRead>(payload);
        assert_eq!(answer.outcome, Outcome::Ok, "{answer:?}");
        let asked: Value = from_slice(&host.requests[1].body).expect("JSON");
        (asked["params"][0]["to"].clone(), asked["params"][0]["data"].as_str().expect("data").to_owned())
    };
    let (to, data) = sent(
        r#""address":"{token}","signature":"balanceOf(address)","args":["{holder}"]"#,
        br#"{"token":"0x2222222222222222222222222222222222222222","holder":"0x3333333333333333333333333333333333333333"}"#,
    );
    assert_eq!(to, "0x2222222222222222222222222222222222222222");
    assert_eq!(data, format!("0x70a08231{}{}", "0".repeat(24), "3".repeat(40)));
    let fixed = r#""address":"0x2222222222222222222222222222222222222222""#;
    let (_, data) = sent(&format!(r#"{fixed},"payload":"calldata""#), &[0xab, 0xcd]);
    assert_eq!(data, "0xabcd");
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## evm-read", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<EvmRead>(init, |_| panic!("no requests in deploy"));
}
