use crate::PriceMedian;
use phat_sdk::{
    Answer, Level, Outcome, deploy, init_data,
    scale::Encode,
    testing::{MockHost, error_of, json_under, response},
};

const PAYLOAD: &str = r#"{"base":"BTC","quote":"USD"}"#;

/// Sources `s0`, `s1`, …, each of which answers with one of these, and what else the init data says.
fn deployed(answers: &[(u16, &str)], more: &str) -> MockHost {
    let source = |index| {
        format!(
            r#"{{"name":"s{index}","origin":"https://s{index}.example","path":"/{{base}}-{{quote}}","pointer":"/price",
                "names":{{"BTC":"XBT{index}"}},"headers":{{"X-Of":"s{index}"}}}}"#
        )
    };
    let sources: Vec<_> = (0..answers.len()).map(source).collect();
    let init = format!(r#"{{"sources":[{}],"type":"int256","decimals":2{more}}}"#, sources.join(","));
    let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    MockHost::deployed::<PriceMedian>(&init, move |request| {
        let index = (0..answers.len()).find(|index| request.url.starts_with(&format!("https://s{index}.")));
        let (status, body) = &answers[index.expect("a source")];
        response(*status, body.as_bytes())
    })
}

fn ask(host: &mut MockHost, payload: &[u8]) -> Answer {
    host.ask::<PriceMedian>(payload)
}

fn price(answer: &Answer) -> i128 {
    assert_eq!((answer.outcome, answer.output.len()), (Outcome::Ok, 32), "{answer:?}");
    let sign = if answer.output[16] & 0x80 == 0 { 0 } else { 0xff };
    assert_eq!(answer.output[..16], [sign; 16]);
    i128::from_be_bytes(answer.output[16..].try_into().expect("16 bytes"))
}

fn answered(answers: &[(u16, &str)], more: &str) -> Answer {
    ask(&mut deployed(answers, more), PAYLOAD.as_bytes())
}

#[test]
fn the_median_of_all_is_answered_and_every_price_logged() {
    let mut host =
        deployed(&[(200, r#"{"price":101.5}"#), (200, r#"{"price":"100.019"}"#), (200, r#"{"price":1.02e2}"#)], "");
    assert_eq!(price(&ask(&mut host, PAYLOAD.as_bytes())), 10_150);
    let lines = ["s0: 10150", "s1: 10001", "s2: 10200", "answer: 10150"];
    assert_eq!(host.log, lines.map(|line| (Level::Info, line.to_owned())));
}

#[test]
fn each_source_is_asked_under_its_own_names_with_its_own_headers() {
    let mut host = deployed(&[(200, r#"{"price":1}"#), (200, r#"{"price":1}"#)], "");
    ask(&mut host, PAYLOAD.as_bytes());
    let asked = host.requests.iter().map(|request| (request.url.as_str(), request.headers[0].1.as_str()));
    let expected = [("https://s0.example/XBT0-USD", "s0"), ("https://s1.example/XBT1-USD", "s1")];
    assert_eq!(asked.collect::<Vec<_>>(), expected);
}

#[test]
fn sources_that_fail_are_done_without_and_named_in_the_log() {
    for (failure, said) in [
        ((523, "no such host"), "unreachable"),
        ((524, "10 s passed"), "late"),
        ((500, r#"{"price":1}"#), "status 500"),
        ((301, ""), "status 301"),
        ((200, "<html>"), "not JSON: expected value at line 1 column 1"),
        ((200, r#"{"last":1}"#), "the pointer finds nothing"),
        ((200, r#"{"price":null}"#), "found null, expected a number"),
        ((200, r#"{"price":"n/a"}"#), "found a string, expected a number"),
        ((200, r#"{"price":0}"#), "not above zero"),
        ((200, r#"{"price":-100}"#), "not above zero"),
        ((200, r#"{"price":0.009}"#), "not above zero"),
        ((200, r#"{"price":1e40}"#), "out of range"),
    ] {
        let mut host = deployed(&[(200, r#"{"price":100}"#), failure, (200, r#"{"price":101}"#)], "");
        assert_eq!(price(&ask(&mut host, PAYLOAD.as_bytes())), 10_050, "{said}");
        assert!(host.log.contains(&(Level::Warn, format!("s1: {said}"))), "{said}: {:?}", host.log);
    }
}

#[test]
fn a_price_far_from_the_median_is_dropped_and_named_in_the_log() {
    let mut host = deployed(&[(200, r#"{"price":100}"#), (200, r#"{"price":1000}"#), (200, r#"{"price":101}"#)], "");
    assert_eq!(price(&ask(&mut host, PAYLOAD.as_bytes())), 10_050);
    assert!(host.log.contains(&(Level::Warn, "s1: 100000 is too far from the median 10100".into())), "{:?}", host.log);
}

#[test]
fn too_few_prices_are_an_error_that_names_the_others() {
    let (code, text) = error_of(&answered(&[(200, r#"{"price":100}"#), (503, ""), (524, "")], ""));
    assert_eq!((code, text.as_str()), (2, "1 of 3 sources gave a price, 2 needed: s1: status 503; s2: late"));
    let (code, text) = error_of(&answered(&[(523, ""), (523, "")], r#","minimum":1"#));
    assert_eq!((code, text.as_str()), (2, "0 of 2 sources gave a price, 1 needed: s0: unreachable; s1: unreachable"));
    assert_eq!(price(&answered(&[(523, ""), (200, r#"{"price":7}"#)], r#","minimum":1"#)), 700);
}

#[test]
fn prices_that_contradict_each_other_are_an_error_that_names_them() {
    let (code, text) = error_of(&answered(&[(200, r#"{"price":100}"#), (200, r#"{"price":10}"#)], ""));
    let expected = "0 prices are within 500 basis points of their median 5500, 2 needed: s0: 10000; s1: 1000";
    assert_eq!((code, text.as_str()), (3, expected));
}

#[test]
fn an_error_of_many_sources_is_bounded() {
    let answers = vec![(200, r#"{"price":"no price here"}"#); 10];
    let (code, text) = error_of(&answered(&answers, ""));
    assert_eq!(code, 2);
    assert!(text.len() <= 512 && text.starts_with("0 of 10 sources"), "{text}");
}

#[test]
fn ten_sources_are_asked() {
    let bodies: Vec<_> = (0..10).map(|index| format!(r#"{{"price":{}}}"#, 100 + index)).collect();
    let answers: Vec<_> = bodies.iter().map(|body| (200, body.as_str())).collect();
    let mut host = deployed(&answers, r#","max_deviation_bps":10000"#);
    assert_eq!(price(&ask(&mut host, PAYLOAD.as_bytes())), 10_450);
    assert_eq!(host.requests.len(), 10);
}

#[test]
fn prices_of_zero_and_below_count_where_the_init_data_says_so() {
    let answers = [(200, r#"{"price":-2}"#), (200, r#"{"price":-2.01}"#), (200, r#"{"price":-2.02}"#)];
    assert_eq!(price(&answered(&answers, r#","zero_or_below":true"#)), -201);
    assert_eq!(error_of(&answered(&answers, "")).0, 2);
}

#[test]
fn a_payload_that_does_not_fit_asks_no_source() {
    for payload in [
        "",
        "BTC",
        "{}",
        r#"{"base":"BTC"}"#,
        r#"{"base":"BTC","quote":"USD","x":"y"}"#,
        r#"{"base":"a/b","quote":"USD"}"#,
    ] {
        let mut host = deployed(&[(200, r#"{"price":1}"#), (200, r#"{"price":1}"#)], "");
        assert_eq!(error_of(&ask(&mut host, payload.as_bytes())).0, 1, "{payload}");
        assert_eq!(host.requests, [], "{payload}");
    }
}

/// What the three exchanges' documentation shows as their answers, cut to what matters.
const EXCHANGES: [(&str, &str); 3] = [
    (
        "https://api.coinbase.com/v2/prices/BTC-USD/spot",
        r#"{"data":{"amount":"97214.53","base":"BTC","currency":"USD"}}"#,
    ),
    (
        "https://api.kraken.com/0/public/Ticker?pair=XXBTZUSD",
        r#"{"error":[],"result":{"XXBTZUSD":{"a":["97215.1","1","1.000"],"c":["97210.2","0.00067643"]}}}"#,
    ),
    (
        "https://www.bitstamp.net/api/v2/ticker/btcusd/",
        r#"{"timestamp":"1763812800","last":"97220","bid":"97219","ask":"97221"}"#,
    ),
];

#[test]
fn the_documented_init_data_asks_three_exchanges_and_understands_their_answers() {
    let init = json_under("\n## price-median", include_str!("../../../docs/ready-made.md"));
    let mut host = MockHost::deployed::<PriceMedian>(init, |request| {
        let known = EXCHANGES.into_iter().find(|(url, _)| *url == request.url);
        let (_, body) = known.unwrap_or_else(|| panic!("{} is asked", request.url));
        response(200, body.as_bytes())
    });
    assert_eq!(price(&ask(&mut host, PAYLOAD.as_bytes())), 9_721_453_000_000);
    assert_eq!(host.requests.len(), 3);
}

#[test]
fn deploy_refuses_bad_init_data_with_every_reason() {
    let mut host = MockHost::new(|_| panic!("no requests in deploy"));
    let returned = deploy::<PriceMedian>(&mut host, &init_data(&br#"{"sources":[],"type":"float"}"#.as_slice()));
    let text = "sources: must be a list of 2 to 10 sources; type: \"float\" is none of uint256, int256";
    assert!(returned.reverted);
    assert_eq!(returned.bytes, (0_u8, 1_u8, 0_u8, text).encode());
}
