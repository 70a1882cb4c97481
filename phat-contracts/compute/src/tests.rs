use crate::{Compute, MAX_ROWS};
use phat_sdk::{
    Answer, HttpResponse, Level, Outcome,
    testing::{MockHost, error_of, json_under, response},
};

const SALES: &str =
    "region,amount,currency\r\nnorth,10.50,EUR\r\nsouth,3.25,EUR\r\nnorth,\"1.25\",USD\r\nnorth,0.1,EUR\r\n";

/// With these sources `s0`, `s1`, …
fn deployed(responses: Vec<HttpResponse>, more: &str) -> MockHost {
    let source = |index| format!(r#"{{"name":"s{index}","origin":"https://s{index}.example","path":"/"}}"#);
    let sources: Vec<_> = (0..responses.len()).map(source).collect();
    let init = format!(r#"{{"sources":[{}],"type":"int256",{more}}}"#, sources.join(","));
    MockHost::deployed::<Compute>(&init, move |request| {
        let index = (0..responses.len()).find(|index| request.url == format!("https://s{index}.example/"));
        responses[index.expect("a source")].clone()
    })
}

fn ok(document: &str) -> HttpResponse {
    response(200, document.as_bytes())
}

fn number(answer: &Answer) -> i128 {
    assert_eq!((answer.outcome, answer.output.len()), (Outcome::Ok, 32), "{answer:?}");
    i128::from_be_bytes(answer.output[16..].try_into().expect("16 bytes"))
}

fn csv(document: &str, more: &str) -> Answer {
    deployed(vec![ok(document)], &format!(r#""format":"csv","column":"amount",{more}"#)).ask::<Compute>(b"")
}

fn json(document: &str, more: &str) -> Answer {
    deployed(vec![ok(document)], &format!(r#""format":"json",{more}"#)).ask::<Compute>(b"")
}

#[test]
fn each_computation_answers_exactly() {
    for (compute, expected) in [
        (r#""compute":"sum""#, 1_510),
        (r#""compute":"count""#, 400),
        (r#""compute":"mean""#, 377),
        (r#""compute":"min""#, 10),
        (r#""compute":"max""#, 1_050),
        (r#""compute":"quantile","quantile":0.5"#, 225),
    ] {
        assert_eq!(number(&csv(SALES, &format!(r#"{compute},"decimals":2"#))), expected, "{compute}");
    }
    // 0.1 + 0.2, which floats don't get right.
    let tenths = "amount\n0.1\n0.2\n";
    assert_eq!(number(&csv(tenths, r#""compute":"sum","decimals":17"#)), 30_000_000_000_000_000);
}

#[test]
fn conditions_choose_the_rows() {
    let only =
        |conditions: &str| number(&csv(SALES, &format!(r#""compute":"sum","decimals":2,"where":[{conditions}]"#)));
    assert_eq!(only(r#"{"column":"region","is":"eq","value":"north"}"#), 1_185);
    assert_eq!(only(r#"{"column":"region","is":"ne","value":"north"}"#), 325);
    assert_eq!(only(r#"{"column":"amount","is":"lt","value":3.25}"#), 135);
    assert_eq!(only(r#"{"column":"amount","is":"le","value":"3.250"}"#), 460);
    assert_eq!(only(r#"{"column":"amount","is":"gt","value":3.25}"#), 1_050);
    assert_eq!(only(r#"{"column":"amount","is":"ge","value":3.25}"#), 1_375);
    assert_eq!(only(r#"{"column":"currency","is":"lt","value":3}"#), 0);
    let both = r#"{"column":"region","is":"eq","value":"north"},{"column":"currency","is":"eq","value":"EUR"}"#;
    assert_eq!(only(both), 1_060);
}

#[test]
fn a_payload_fills_paths_and_conditions() {
    let init = r#"{"sources":[{"name":"s","origin":"https://s.example","path":"/{day}?format=csv"}],"format":"csv",
        "column":"amount","compute":"sum","type":"uint256","decimals":2,
        "where":[{"column":"region","is":"eq","value":"{region}"},{"column":"amount","is":"ge","value":"{least}"}]}"#;
    let mut host = MockHost::deployed::<Compute>(init, |_| ok(SALES));
    let answer = host.ask::<Compute>(br#"{"day":"2025/11","region":"north","least":1.25}"#);
    assert_eq!(number(&answer), 1_175);
    assert_eq!(host.requests[0].url, "https://s.example/2025%2F11?format=csv");
    for payload in [
        "",
        r#"{"day":"1","region":"a"}"#,
        r#"{"day":"1","region":"a","least":"x"}"#,
        r#"{"day":"1","region":"a","least":1,"column":"b"}"#,
    ] {
        let mut host = MockHost::deployed::<Compute>(init, |_| panic!("nobody is asked"));
        assert_eq!(error_of(&host.ask::<Compute>(payload.as_bytes())).0, 1, "{payload}");
    }
}

#[test]
fn json_rows_are_found_by_pointers() {
    let document =
        r#"{"data":{"rows":[{"p":{"v":"1.5"},"t":true},{"p":{"v":2.5e0},"t":false},{"p":{"v":4},"t":true}]}}"#;
    let of = r#""rows":"/data/rows","column":"/p/v","compute":"sum","decimals":1"#;
    assert_eq!(number(&json(document, of)), 80);
    let only = format!(r#"{of},"where":[{{"column":"/t","is":"eq","value":"true"}}]"#);
    assert_eq!(number(&json(document, &only)), 55);
    assert_eq!(number(&json("[[1,-2],[3,-4]]", r#""column":"/1","compute":"min""#)), -4);
    assert_eq!(number(&json("[]", r#""compute":"count""#)), 0);
}

#[test]
fn rows_without_a_number_are_an_error_or_left_out() {
    let document = "amount\n1\nn/a\n\"\"\n 2 \n";
    let error = error_of(&csv(document, r#""compute":"sum""#));
    assert_eq!(error, (7, "s0: row 2 has no number: n/a".into()));
    let mut host =
        deployed(vec![ok(document)], r#""format":"csv","column":"amount","compute":"sum","skip_invalid":true"#);
    assert_eq!(number(&host.ask::<Compute>(b"")), 3);
    assert_eq!(host.log[0], (Level::Info, "2 of 4 rows count; 2 have no number".into()));
    let missing = error_of(&json(r#"[{"v":1},{"w":2}]"#, r#""column":"/v","compute":"sum""#));
    assert_eq!(missing, (7, "s0: row 2 has no number: nothing".into()));
}

#[test]
fn a_number_with_more_digits_than_are_counted_is_an_error() {
    let error = error_of(&csv("amount\n1.005\n", r#""compute":"sum","places":2"#));
    assert_eq!(error, (8, "s0: row 1 has a number with too many digits: 1.005".into()));
    assert_eq!(error_of(&csv("amount\n1e38\n", r#""compute":"sum","places":2"#)).0, 8);
    assert_eq!(number(&csv("amount\n1.500\n", r#""compute":"sum","places":1,"decimals":1"#)), 15);
}

#[test]
fn each_failure_has_its_code() {
    for (failure, code, text) in [
        (response(523, b"denied"), 2, "s0: unreachable: denied"),
        (response(524, b"too long"), 3, "s0: late: too long"),
        (response(404, b""), 4, "s0: status 404"),
        (response(200, &[0xff]), 5, "s0: not UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
        (ok("amount\n\"1"), 5, "s0: not CSV: the quoted field that begins in line 2 doesn't end"),
        (ok("price\n1"), 6, "s0: there is no column \"amount\""),
        (ok("amount,amount\n1,2"), 6, "s0: there are two columns \"amount\""),
        (ok("amount\n"), 9, "no rows"),
        (ok(""), 6, "s0: there is no column \"amount\""),
    ] {
        let mut host = deployed(vec![failure], r#""format":"csv","column":"amount","compute":"mean""#);
        assert_eq!(error_of(&host.ask::<Compute>(b"")), (code, text.into()));
    }
    assert_eq!(error_of(&json("{", r#""compute":"count""#)).0, 5);
    assert_eq!(error_of(&json("{}", r#""compute":"count","rows":"/a""#)), (6, "s0: the pointer finds nothing".into()));
    assert_eq!(error_of(&json("{}", r#""compute":"count""#)), (6, "s0: the rows are no list".into()));
    let crowded = format!("[{}1]", "1,".repeat(usize::try_from(MAX_ROWS).expect("an index")));
    assert_eq!(error_of(&json(&crowded, r#""compute":"count""#)), (10, "s0: more than 32768 rows".into()));
}

#[test]
fn a_negative_result_needs_a_signed_type() {
    let init = r#"{"sources":[{"name":"s","origin":"https://s.example","path":"/"}],"type":"uint256","format":"json",
        "column":"","compute":"sum"}"#;
    let mut host = MockHost::deployed::<Compute>(init, |_| ok("[-1]"));
    assert_eq!(error_of(&host.ask::<Compute>(b"")), (8, "the result is negative, and the type unsigned".into()));
}

#[test]
fn the_rows_of_all_sources_or_of_the_first_that_can_be_read_count() {
    let sum = |responses: Vec<HttpResponse>, combine: &str| {
        let more = format!(r#""format":"csv","column":"amount","compute":"sum","combine":"{combine}""#);
        let mut host = deployed(responses, &more);
        (host.ask::<Compute>(b""), host.requests.len())
    };
    let (one, two) = (|| ok("amount\n1\n"), || ok("amount\n2\n"));
    let (answer, asked) = sum(vec![one(), two()], "all");
    assert_eq!((number(&answer), asked), (3, 2));
    let (answer, asked) = sum(vec![one(), two()], "first");
    assert_eq!((number(&answer), asked), (1, 1));
    for broken in [response(500, b""), ok("<html>"), ok("amount\n5\nx\n")] {
        let (answer, _) = sum(vec![broken.clone(), two()], "first");
        assert_eq!(number(&answer), 2);
        let (answer, asked) = sum(vec![broken, two()], "all");
        assert_eq!(asked, 1, "{answer:?}");
        assert!(error_of(&answer).1.starts_with("s0: "), "{answer:?}");
    }
    let (answer, _) = sum(vec![response(500, b""), response(404, b"")], "first");
    assert_eq!(error_of(&answer), (4, "s1: status 404".into()));
}

#[test]
fn a_source_that_is_s3_is_asked_with_a_signature() {
    let init = r#"{"sources":[{"name":"s","origin":"https://s3.example","path":"/prices/{day}.csv",
        "s3":{"region":"eu-1","credentials":{"access_key":"id","secret_key":"key"}}}],
        "format":"csv","compute":"count","type":"uint256"}"#;
    let mut host = MockHost::deployed::<Compute>(init, |_| ok("a\n1\n"));
    let payload = br#"{"day":"2025-11"}"#;
    let unsigned = error_of(&host.ask::<Compute>(payload));
    assert_eq!(unsigned, (11, "s: there is no secret \"id\" (simulations get none)".into()));
    assert_eq!(host.requests, []);
    host.give_secret("id", b"AKIA", &["https://s3.example"]);
    host.give_secret("key", b"hunter2", &["https://s3.example"]);
    assert_eq!(number(&host.ask::<Compute>(payload)), 1);
    let (name, value) = host.requests[0].headers.last().expect("a header");
    assert_eq!(
        (name.as_str(), host.requests[0].url.as_str()),
        ("Authorization", "https://s3.example/prices/2025-11.csv")
    );
    assert!(value.contains("Credential=AKIA/20270115/eu-1/s3/aws4_request"), "{value}");
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## compute", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<Compute>(init, |_| panic!("no requests in deploy"));
}
