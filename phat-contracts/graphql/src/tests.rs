use crate::Graphql;
use phat_sdk::{
    HttpResponse, Level, Outcome,
    serde_json::{Value, from_slice, json},
    testing::{MockHost, error_of, json_under, response},
};

const INIT: &str = r#"{"origin":"https://api.example","path":"/subgraphs/{net}","operation":"Pool",
    "query":"query Pool($id: ID!, $first: Int) { pool(id: $id) { price(first: $first) } }",
    "variables":{"id":"{id}","first":"{n}","live":true},"pointer":"/data/pool/price","type":"uint256","decimals":2}"#;
const PAYLOAD: &str = r#"{"net":"main/net","id":"0x1\"} ","n":3}"#;

fn deployed(response: HttpResponse) -> MockHost {
    MockHost::deployed::<Graphql>(INIT, move |_| response.clone())
}

fn error(body: &str) -> (u8, String) {
    error_of(&deployed(response(200, body.as_bytes())).ask::<Graphql>(PAYLOAD.as_bytes()))
}

#[test]
fn the_value_is_answered_and_the_payload_fills_path_and_variables_alone() {
    let mut host = deployed(response(200, br#"{"data":{"pool":{"price":"12.349"}}}"#));
    let answer = host.ask::<Graphql>(PAYLOAD.as_bytes());
    assert_eq!((answer.outcome, answer.output[30..].to_vec()), (Outcome::Ok, vec![0x04, 0xd2]));
    let asked = &host.requests[0];
    assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "https://api.example/subgraphs/main%2Fnet"));
    let body: Value = from_slice(&asked.body).expect("JSON");
    let expected = json!({
        "query": "query Pool($id: ID!, $first: Int) { pool(id: $id) { price(first: $first) } }",
        "operationName": "Pool",
        "variables": {"id": "0x1\"} ", "first": 3, "live": true},
    });
    assert_eq!(body, expected);
    let header = |wanted: &str| asked.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(header("Content-Type"), Some("application/json"));
    assert_eq!(header("Accept"), Some("application/graphql-response+json, application/json"));
}

#[test]
fn a_response_with_errors_is_no_answer() {
    let data = r#""data":{"pool":{"price":"12"}}"#;
    let partial = format!(r#"{{{data},"errors":[{{"message":"no such pool"}},{{"message":"more"}}]}}"#);
    assert_eq!(error(&partial), (9, "the query failed: no such pool".into()));
    for errors in [r#"[{"message":1}]"#, "[1]", "[{}]"] {
        let said = error(&format!(r#"{{"errors":{errors}}}"#));
        assert_eq!(said, (9, "the query failed: an error without a message".into()), "{errors}");
    }
    assert_eq!(error(r#"{"errors":{}}"#).0, 9);
    for none in ["[]", "null"] {
        let mut host = deployed(response(200, format!(r#"{{{data},"errors":{none}}}"#).as_bytes()));
        assert_eq!(host.ask::<Graphql>(PAYLOAD.as_bytes()).outcome, Outcome::Ok, "{none}");
    }
}

#[test]
fn each_failure_of_the_endpoint_has_its_code_and_a_line_in_the_log() {
    for (failure, code, text) in [
        (response(523, b"denied"), 2, "unreachable: denied"),
        (response(524, b"10 s passed"), 3, "late: 10 s passed"),
        (response(500, b"{}"), 4, "status 500"),
        (response(200, b"<html>"), 5, "not JSON: expected value at line 1 column 1"),
        (response(200, b"[]"), 5, "not JSON: invalid type: sequence, expected an object at line 1 column 0"),
        (response(200, br#"{"data":null}"#), 6, "the pointer finds nothing"),
        (
            response(200, br#"{"data":{"pool":{"price":true}}}"#),
            7,
            "found a boolean, expected a number, or a string that holds one",
        ),
        (response(200, br#"{"data":{"pool":{"price":-1}}}"#), 8, "the number is out of the type's range"),
    ] {
        let mut host = deployed(failure);
        let answer = host.ask::<Graphql>(PAYLOAD.as_bytes());
        assert_eq!(error_of(&answer), (code, text.into()));
        assert_eq!(host.log, [(Level::Warn, text.into())]);
    }
}

#[test]
fn a_payload_that_does_not_fit_asks_nobody() {
    for payload in [
        "",
        "[]",
        r#"{"net":"a","id":"b"}"#,
        r#"{"net":"a","n":1}"#,
        r#"{"net":"..","id":"b","n":1}"#,
        r#"{"net":"a","id":"b","n":1,"query":"{x}"}"#,
        r#"{"net":"a","id":{"x":1},"n":1}"#,
    ] {
        let mut host = deployed(response(200, b"{}"));
        assert_eq!(error_of(&host.ask::<Graphql>(payload.as_bytes())).0, 1, "{payload}");
        assert_eq!(host.requests, [], "{payload}");
    }
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## graphql", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<Graphql>(init, |_| panic!("no requests in deploy"));
}
