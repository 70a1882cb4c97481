use crate::S3;
use phat_sdk::{
    Answer, HttpRequest, HttpResponse, Outcome,
    abi::{self, Token},
    testing::{MockHost, error_of, json_under, response},
};

const SIGNED: &str = r#""origin":"https://s3.example","region":"eu-1","bucket":"prices",
    "credentials":{"access_key":"id","secret_key":"key"}"#;

/// Where its secrets may be sent: path style and virtual-host style.
const ORIGINS: [&str; 2] = ["https://s3.example", "https://prices.s3.example"];

fn host(operation: &str, source: impl FnMut(&HttpRequest) -> HttpResponse + 'static) -> MockHost {
    let mut host = MockHost::deployed::<S3>(&format!("{{{SIGNED},{operation}}}"), source);
    host.give_secret("id", b"AKIA", &ORIGINS);
    host.give_secret("key", b"hunter2", &ORIGINS);
    host
}

fn with_headers(status: u16, body: &[u8], headers: &[(&str, &str)]) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    HttpResponse { headers, ..response(status, body) }
}

fn ok(tokens: &[Token]) -> Answer {
    Answer { outcome: Outcome::Ok, output: abi::encode(tokens) }
}

#[test]
fn an_object_is_read_whole_or_by_a_pointer() {
    let mut whole =
        host(r#""operation":"get","key":"a b%2Bc/{day}.bin","type":"bytes""#.replace(' ', "%20").as_str(), |_| {
            response(200, &[0, 1, 0xff])
        });
    assert_eq!(whole.ask::<S3>(br#"{"day":"2025-11-22"}"#), ok(&[Token::Dynamic(vec![0, 1, 0xff])]));
    let asked = &whole.requests[0];
    assert_eq!(
        (asked.method.as_str(), asked.url.as_str()),
        ("GET", "https://prices.s3.example/a%20b%2Bc/2025-11-22.bin")
    );
    let (name, value) = asked.headers.last().expect("a header");
    assert_eq!(name, "Authorization");
    assert!(value.contains("Credential=AKIA/20270115/eu-1/s3/aws4_request"), "{value}");

    let json = r#""operation":"get","key":"{name}","pointer":"/price","type":"uint256","decimals":2"#;
    let mut host = host(json, |_| response(200, br#"{"price":"12.5"}"#));
    assert_eq!(host.ask::<S3>(br#"{"name":"deep/er"}"#), ok(&[Token::from(1250_u64)]));
    assert_eq!(host.requests[0].url, "https://prices.s3.example/deep/er");
}

#[test]
fn a_head_tells_whether_there_is_an_object() {
    let head = r#""operation":"head","key":"a","type":"(bool,uint256,string)""#;
    let mut there = host(head, |_| with_headers(200, b"", &[("Content-Length", "12"), ("ETag", "\"abc\"")]));
    assert_eq!(
        there.ask::<S3>(b""),
        ok(&[Token::from(true), Token::from(12_u64), Token::from(String::from("\"abc\""))])
    );
    assert_eq!(there.requests[0].method, "HEAD");
    let mut missing = host(head, |_| response(404, b""));
    assert_eq!(missing.ask::<S3>(b""), ok(&[Token::from(false), Token::from(0_u64), Token::from(String::new())]));
    let mut denied = host(head, |_| response(403, b""));
    assert_eq!(error_of(&denied.ask::<S3>(b"")), (4, "status 403".into()));
}

#[test]
fn objects_are_listed_by_their_prefix() {
    let list = r#""operation":"list","prefix":"daily/{year}-","most":2,"type":"(string[],bool)""#;
    let found = "<?xml version=\"1.0\"?><ListBucketResult><Name>prices</Name><IsTruncated>true</IsTruncated>\
        <Contents><Key>daily/2025-1&amp;</Key><Size>1</Size></Contents><Contents><Key>daily/2025-2</Key></Contents>\
        </ListBucketResult>";
    let mut host = host(list, move |_| response(200, found.as_bytes()));
    let keys = ["daily/2025-1&", "daily/2025-2"].map(|key| Token::from(String::from(key)));
    assert_eq!(host.ask::<S3>(br#"{"year":2025}"#), ok(&[Token::Array(keys.into()), Token::from(true)]));
    let url = "https://prices.s3.example/?list-type=2&max-keys=2&prefix=daily%2F2025-";
    assert_eq!(host.requests[0].url, url);
    for broken in ["", "<html>", "<ListBucketResult><Contents><Key>a"] {
        let mut host = self::host(list, move |_| response(200, broken.as_bytes()));
        assert_eq!(error_of(&host.ask::<S3>(br#"{"year":1}"#)), (5, "not a list of objects".into()), "{broken}");
    }
}

#[test]
fn the_payload_or_a_json_of_it_is_written() {
    let stored = |_: &HttpRequest| with_headers(200, b"", &[("etag", "\"1\"")]);
    let mut whole = host(r#""operation":"put","key":"latest.bin","type":"string""#, stored);
    assert_eq!(whole.ask::<S3>(&[0, 0xff]), ok(&[Token::from(String::from("\"1\""))]));
    assert_eq!((whole.requests[0].method.as_str(), whole.requests[0].body.as_slice()), ("PUT", [0, 0xff].as_slice()));
    let put = r#""operation":"put","key":"{id}.json","content":{"id":"{id}","v":"{v}"},"type":"string""#;
    let mut filled = host(put, stored);
    filled.ask::<S3>(br#"{"id":"a","v":1.50}"#);
    assert_eq!(filled.requests[0].body, br#"{"id":"a","v":1.50}"#);
    assert!(filled.requests[0].headers.contains(&("Content-Type".into(), "application/json".into())));
    let mut unknown = host(put, |_| panic!("nobody is asked"));
    assert_eq!(error_of(&unknown.ask::<S3>(br#"{"id":"a","v":1,"x":2}"#)).0, 1);
}

#[test]
fn a_signed_url_is_made_without_a_request() {
    let presign = r#""operation":"presign","key":"{name}","method":"PUT","expires":60,"type":"string""#;
    let mut host = host(presign, |_| panic!("nobody is asked"));
    let answer = host.ask::<S3>(br#"{"name":"a b"}"#);
    let url = String::from_utf8_lossy(&answer.output).into_owned();
    assert!(
        url.contains("https://prices.s3.example/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F"),
        "{url}"
    );
    assert!(url.contains("&X-Amz-Date=20270115T080000Z&X-Amz-Expires=60&"), "{url}");
}

#[test]
fn what_the_server_refuses_is_named_as_it_names_it() {
    let said = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    for (failure, code, text) in [
        (response(404, said("NoSuchKey").as_bytes()), 6, "not found: NoSuchKey"),
        (response(403, said("SignatureDoesNotMatch").as_bytes()), 4, "status 403: SignatureDoesNotMatch"),
        (response(500, b""), 4, "status 500"),
        (response(523, b"denied"), 2, "unreachable: denied"),
        (response(524, b"10 s passed"), 3, "late: 10 s passed"),
    ] {
        let mut host = host(r#""operation":"get","key":"a","type":"bytes""#, move |_| failure.clone());
        assert_eq!(error_of(&host.ask::<S3>(b"")), (code, text.into()));
    }
}

#[test]
fn without_its_secrets_nothing_is_asked_and_without_credentials_nothing_is_signed() {
    let get = r#""operation":"get","key":"a","type":"string""#;
    let mut host = host(get, |_| panic!("nobody is asked"));
    host.take_secret("key");
    assert_eq!(error_of(&host.ask::<S3>(b"")), (9, "there is no secret \"key\" (simulations get none)".into()));
    let public = format!(r#"{{"origin":"https://s3.example","region":"r","bucket":"prices","style":"path",{get}}}"#);
    let mut host = MockHost::deployed::<S3>(&public, |_| response(200, b"x"));
    assert_eq!(host.ask::<S3>(b""), ok(&[Token::from(String::from("x"))]));
    assert_eq!(host.requests, [HttpRequest::get("https://s3.example/prices/a")]);
}

#[test]
fn no_secret_is_in_the_log_or_an_answer() {
    let mut host = host(r#""operation":"get","key":"a","type":"bytes""#, |_| response(500, b"<Code>x</Code>"));
    let answer = host.ask::<S3>(b"");
    let said = format!("{:?} {}", host.log, String::from_utf8_lossy(&answer.output));
    assert!(!said.contains("hunter2") && !said.contains("AKIA"), "{said}");
}

#[test]
fn the_documented_init_data_can_be_deployed() {
    let init = json_under("\n## s3", include_str!("../../../docs/ready-made.md"));
    let _ = MockHost::deployed::<S3>(init, |_| panic!("no requests in deploy"));
}
