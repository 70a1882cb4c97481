use super::{Config, FIELDS, MAX_CONFIG};
use phat_sdk::{
    answer::AnswerType,
    config::{Fault, Mistake},
    json::PointerError,
    source::{HeadersError, OriginError, TemplateError},
};
use proptest::prelude::*;

const GOOD: &str = r#"{
    "origin": "https://api.example.com",
    "path": "/v1/price/{base}?currency={quote}",
    "pointer": "/data/price",
    "type": "uint256",
    "decimals": 8,
    "headers": {"Accept": "application/json", "X-Source": "a b"}
}"#;

fn mistakes(json: &str) -> Vec<Mistake> {
    Config::parse(json.as_bytes()).expect_err("a mistake")
}

fn mistake(field: &str, fault: impl Into<Fault>) -> Mistake {
    Mistake { field: field.into(), fault: fault.into() }
}

fn wrong_kind(field: &str, expected: &'static str) -> Mistake {
    mistake(field, Fault::WrongKind(expected))
}

/// The good configuration with one line replaced.
fn with(line: &str, replacement: &str) -> String {
    let start = GOOD.find(&format!("\"{line}\"")).expect("a line");
    let end = start + GOOD[start..].find('\n').expect("its end");
    let comma = if GOOD[start..end].ends_with(',') && !replacement.is_empty() { "," } else { "" };
    format!("{}{replacement}{comma}{}", &GOOD[..start], &GOOD[end..])
}

#[test]
fn a_whole_configuration_is_read() {
    let config = Config::parse(GOOD.as_bytes()).expect("good");
    assert_eq!(config.origin.to_string(), "https://api.example.com");
    assert_eq!(config.answer_type, AnswerType::Uint256 { decimals: 8 });
    assert_eq!(config.headers.0, [("Accept".into(), "application/json".into()), ("X-Source".into(), "a b".into())]);
}

#[test]
fn decimals_and_headers_may_be_left_out() {
    let least = r#"{"origin":"http://127.0.0.1:8080","path":"/","pointer":"","type":"int256"}"#;
    let config = Config::parse(least.as_bytes()).expect("good");
    assert_eq!(config.answer_type, AnswerType::Int256 { decimals: 0 });
    assert_eq!(config.headers.0, []);
}

#[test]
fn each_type_has_its_name() {
    for (name, answer_type) in [
        ("bool", AnswerType::Bool),
        ("bytes32", AnswerType::Bytes32),
        ("address", AnswerType::Address),
        ("bytes", AnswerType::Bytes),
        ("string", AnswerType::String),
    ] {
        let json = format!(r#"{{"origin":"https://a","path":"/","pointer":"","type":"{name}"}}"#);
        assert_eq!(Config::parse(json.as_bytes()).map(|config| config.answer_type), Ok(answer_type));
    }
}

#[test]
fn every_mistake_is_named_with_its_field() {
    let json = r#"{"origin": "ftp://a", "path": "a", "pointer": "x", "type": "float", "decimals": 78, "headers": 1, "orign": ""}"#;
    assert_eq!(
        mistakes(json),
        [
            mistake("origin", Fault::Origin(OriginError::Scheme)),
            mistake("path", Fault::Template(TemplateError::NoSlash)),
            mistake("pointer", Fault::Pointer(PointerError::NoSlash)),
            wrong_kind("decimals", "a number from 0 to 77"),
            mistake("type", Fault::UnknownName { found: "float".into(), names: AnswerType::NAMES }),
            mistake("headers", Fault::Headers(HeadersError::NotStrings)),
            mistake("orign", Fault::UnknownField(FIELDS)),
        ]
    );
    for (mistake, field) in
        mistakes(json).iter().zip(["origin", "path", "pointer", "decimals", "type", "headers", "orign"])
    {
        assert!(mistake.to_string().starts_with(&format!("{field}: ")), "{mistake}");
    }
}

#[test]
fn fields_that_must_be_there_are_missed() {
    assert_eq!(mistakes("{}"), ["origin", "path", "pointer", "type"].map(|field| mistake(field, Fault::Missing)));
}

#[test]
fn fields_of_another_kind_are_refused() {
    for field in ["origin", "path", "pointer", "type"] {
        for value in ["1", "null", "[]", "{}", r#""\ud800""#] {
            let json = with(field, &format!(r#""{field}": {value}"#));
            assert_eq!(mistakes(&json), [wrong_kind(field, "a string")], "{json}");
        }
    }
    for value in ["-1", "1.0", "1e1", "\"8\"", "null", "78", "256"] {
        let json = with("decimals", &format!(r#""decimals": {value}"#));
        assert_eq!(mistakes(&json), [wrong_kind("decimals", "a number from 0 to 77")], "{json}");
    }
}

#[test]
fn decimals_belong_to_numbers_alone() {
    for name in ["bool", "bytes32", "address", "bytes", "string"] {
        assert_eq!(mistakes(&with("type", &format!(r#""type": "{name}""#))), [mistake("decimals", Fault::NoDecimals)]);
    }
}

fn unsendable(name: &str) -> Mistake {
    mistake("headers", Fault::Headers(HeadersError::Unsendable(name.into())))
}

#[test]
fn headers_that_http_or_the_host_would_refuse_are_refused() {
    for name in ["", "a b", "a:", "é", "Host", "content-length", "Transfer-Encoding", "Connection"] {
        let json = with("headers", &format!(r#""headers": {{"{name}": "x"}}"#));
        assert_eq!(mistakes(&json), [unsendable(name)]);
    }
    for value in ["a\\nb", "a\\r\\nHost: b", "\\u0000", "ü"] {
        let json = with("headers", &format!(r#""headers": {{"X-A": "{value}"}}"#));
        assert_eq!(mistakes(&json), [unsendable("X-A")]);
    }
}

fn is_no_object(mistakes: &[Mistake]) -> bool {
    matches!(mistakes, [Mistake { fault: Fault::NotAnObject(_), .. }])
}

#[test]
fn what_is_no_object_is_refused() {
    for json in ["", "[]", "\"\"", "{", r#"{"origin": "https://a", "origin": "https://b"}"#, "{} {}"] {
        assert!(is_no_object(&mistakes(json)), "{json}");
    }
    assert!(is_no_object(&Config::parse(&[b'{', 0xff, b'}']).expect_err("a mistake")));
    let too_long = mistake("", Fault::TooLong(MAX_CONFIG));
    assert_eq!(Config::parse(&vec![b' '; MAX_CONFIG + 1]), Err(vec![too_long]));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(json in "[{}\\[\\]\":,a-z0-9/ .-]{0,60}", at in 0_usize..200, byte: u8) {
        prop_assert!(Config::parse(json.as_bytes()).is_err());
        let mut damaged = GOOD.as_bytes().to_vec();
        damaged[at] = byte;
        drop(Config::parse(&damaged));
    }
}
