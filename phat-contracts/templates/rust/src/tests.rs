use crate::Contract;
use phat_sdk::{
    Answer, HttpRequest, HttpResponse, Level, Outcome,
    abi::{Token, encode},
    testing::{MockHost, error_of, response},
};

const INIT: &str = r#"{"origin": "https://api.example.com", "path": "/price?of={symbol}", "pointer": "/price"}"#;

/// A host where the API answers this, and then the contract is asked for BTC.
fn ask(answer: HttpResponse) -> (MockHost, Answer) {
    let mut host = MockHost::expecting([(HttpRequest::get("https://api.example.com/price?of=BTC"), answer)]);
    host.deploy::<Contract>(&INIT.into()).expect("it is deployed");
    let answer = host.ask::<Contract>(b"BTC");
    (host, answer)
}

#[test]
fn a_price_is_answered_with_eight_decimals() {
    let (host, answer) = ask(response(200, br#"{"price": 97214.53}"#));
    assert_eq!(answer, Answer { outcome: Outcome::Ok, output: encode(&[Token::from(9_721_453_000_000_u64)]) });
    assert_eq!(host.log, []);
}

#[test]
fn what_is_wrong_with_the_api_reaches_the_consumer_and_the_log() {
    for (answer, text) in [
        (response(500, b""), "no price: status 500"),
        (response(524, b"10 s passed"), "no price: late: 10 s passed"),
        (response(200, b"{}"), "no price: the pointer finds nothing"),
    ] {
        let (host, answer) = ask(answer);
        assert_eq!(error_of(&answer), (2, text.into()));
        assert_eq!(host.log, [(Level::Warn, format!("BTC: {text}"))]);
    }
}

#[test]
fn a_payload_that_is_no_symbol_asks_nobody() {
    let mut host = MockHost::expecting([]);
    host.deploy::<Contract>(&INIT.into()).expect("it is deployed");
    for payload in ["", "B", "BTC/USD", "BTC&x=1", "THIRTEENLETTERS"] {
        assert_eq!(error_of(&host.ask::<Contract>(payload.as_bytes())).0, 1, "{payload}");
    }
}

#[test]
fn init_data_with_mistakes_is_refused_with_all_of_them() {
    let refused =
        MockHost::expecting([]).deploy::<Contract>(&br#"{"origin": "api.example.com", "path": "price"}"#.into());
    let refused = refused.expect_err("it is refused");
    assert_eq!(refused.code, 0);
    for field in ["origin: ", "path: ", "pointer: "] {
        assert!(refused.text.contains(field), "{field} in {refused}");
    }
}
