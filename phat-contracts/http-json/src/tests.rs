use crate::HttpJson;
use phat_sdk::{
    Answer, HttpRequest, HttpResponse, Level, Outcome, deploy, init_data,
    scale::Encode,
    source::MAX_PARAMETER,
    testing::{MockHost, json_under, response},
};

const INIT: &str = r#"{"origin":"https://api.example.com","path":"/v1/{base}/{quote}","pointer":"/data/price",
    "type":"uint256","decimals":8,"headers":{"Accept":"application/json"}}"#;
const PAYLOAD: &str = r#"{"base":"BTC","quote":"USD"}"#;

fn deployed(response: HttpResponse) -> MockHost {
    MockHost::deployed::<HttpJson>(INIT, move |_| response.clone())
}

fn ask(host: &mut MockHost, payload: &[u8]) -> Answer {
    host.ask::<HttpJson>(payload)
}

/// The error that the consumer gets when the source answers so.
fn error(response: HttpResponse) -> (Outcome, Vec<u8>) {
    let Answer { outcome, output } = ask(&mut deployed(response), PAYLOAD.as_bytes());
    (outcome, output)
}

fn contract_error(code: u8, text: &str) -> (Outcome, Vec<u8>) {
    (Outcome::ContractError, (code, text).encode())
}

#[test]
fn the_value_is_answered_as_a_word() {
    let mut host = deployed(response(200, br#"{"data": {"price": 64123.45, "at": 1}}"#));
    let answer = ask(&mut host, PAYLOAD.as_bytes());
    let mut word = [0; 32];
    word[24..].copy_from_slice(&6_412_345_000_000_u64.to_be_bytes());
    assert_eq!(answer, Answer { outcome: Outcome::Ok, output: word.into() });
    let expected = HttpRequest::get("https://api.example.com/v1/BTC/USD").header("Accept", "application/json");
    assert_eq!(host.requests, [expected]);
    assert_eq!(host.log, []);
}

#[test]
fn each_failure_of_the_source_has_its_code() {
    assert_eq!(error(response(523, b"denied")), contract_error(2, "unreachable: denied"));
    assert_eq!(error(response(524, b"10 s passed")), contract_error(3, "late: 10 s passed"));
    for status in [199, 301, 404, 429, 500, 503] {
        assert_eq!(error(response(status, b"{}")), contract_error(4, &format!("status {status}")));
    }
    assert_eq!(error(response(200, &[0xff])).1[0], 5);
    assert_eq!(error(response(200, b"<html>")).1[0], 5);
    assert_eq!(error(response(200, br#"{"data": {}}"#)), contract_error(6, "the pointer finds nothing"));
    assert_eq!(
        error(response(200, br#"{"data": {"price": null}}"#)),
        contract_error(7, "found null, expected a number, or a string that holds one")
    );
    assert_eq!(
        error(response(200, br#"{"data": {"price": -1}}"#)),
        contract_error(8, "the number is out of the type's range")
    );
}

#[test]
fn a_payload_that_does_not_fit_asks_no_source() {
    let long = format!(r#"{{"base":"{}","quote":"USD"}}"#, "a".repeat(MAX_PARAMETER + 1));
    for payload in [
        "",
        "BTC",
        "[]",
        "{}",
        r#"{"base":"BTC"}"#,
        r#"{"base":"BTC","quote":"USD","x":"y"}"#,
        r#"{"base":"BTC","base":"ETH","quote":"USD"}"#,
        r#"{"base":["BTC"],"quote":"USD"}"#,
        r#"{"base":null,"quote":"USD"}"#,
        r#"{"base":"..","quote":"USD"}"#,
        r#"{"base":"","quote":"USD"}"#,
        &long,
    ] {
        let mut host = deployed(response(200, b"{}"));
        let answer = ask(&mut host, payload.as_bytes());
        assert_eq!((answer.outcome, answer.output[0]), (Outcome::ContractError, 1), "{payload}");
        assert_eq!(host.requests, [], "{payload}");
    }
    let mut host = deployed(response(200, b"{}"));
    assert_eq!(ask(&mut host, &[0xff]).output[0], 1);
}

#[test]
fn a_number_as_parameter_stands_as_it_is_written() {
    let mut host = deployed(response(404, b""));
    ask(&mut host, br#"{"base": 1.50, "quote": "USD"}"#);
    assert_eq!(host.requests[0].url, "https://api.example.com/v1/1.50/USD");
}

#[test]
fn a_failure_leaves_one_line_in_the_log() {
    let mut host = deployed(response(500, b""));
    ask(&mut host, PAYLOAD.as_bytes());
    assert_eq!(host.log, [(Level::Warn, "status 500".into())]);
}

#[test]
fn deploy_refuses_bad_init_data_with_every_reason() {
    let mut host = MockHost::new(|_| response(200, b""));
    let bad = r#"{"origin":"api.example.com","path":"/a","pointer":"","type":"float"}"#;
    let returned = deploy::<HttpJson>(&mut host, &init_data(&bad.as_bytes()));
    let text = "origin: must start with \"https://\" (or \"http://\", where the enclave allows that host and port); \
        type: \"float\" is none of uint256, int256, bool, bytes32, address, bytes, string";
    assert!(returned.reverted);
    assert_eq!(returned.bytes, (0_u8, 1_u8, 0_u8, text).encode());
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## http-json", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<HttpJson>(init, |_| panic!("no requests in deploy"));
}
