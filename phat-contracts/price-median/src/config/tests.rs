use super::{Config, FIELDS, Fault, MAX_CONFIG, MAX_SOURCES, SOURCE_FIELDS, TYPES};
use crate::Rule;
use phat_sdk::{
    config::{self, Fault as Any, Mistake},
    json::PointerError,
    source::{HeadersError, OriginError, TemplateError},
};
use proptest::prelude::*;

const A: &str = r#"{"name":"a","origin":"https://a.example","path":"/{base}-{quote}","pointer":"/price"}"#;
const B: &str = r#"{"name":"b","origin":"https://b.example","path":"/?pair={base}","pointer":"/{base}/{quote}",
    "names":{"BTC":"XBT"},"headers":{"Accept":"application/json"}}"#;

fn of(sources: &[&str], more: &str) -> String {
    format!(r#"{{"sources":[{}],"type":"uint256"{more}}}"#, sources.join(","))
}

fn parse(json: &str) -> Config {
    Config::parse(json.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn mistakes(json: &str) -> Vec<Mistake<Fault>> {
    Config::parse(json.as_bytes()).expect_err("a mistake")
}

fn mistake(field: &str, fault: impl Into<Fault>) -> Mistake<Fault> {
    Mistake { field: field.into(), fault: fault.into() }
}

fn wrong_kind(field: &str, expected: &'static str) -> Mistake<Fault> {
    mistake(field, Any::WrongKind(expected))
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|index| A.replace(r#""name":"a""#, &format!(r#""name":"s{index}""#))).collect()
}

fn many(count: usize, more: &str) -> String {
    let sources = numbered(count);
    of(&sources.iter().map(String::as_str).collect::<Vec<_>>(), more)
}

#[test]
fn a_whole_configuration_is_read() {
    let more = r#","decimals":8,"minimum":1,"max_deviation_bps":100,"timeout_ms":9000,"zero_or_below":true"#;
    let config = parse(&of(&[A, B], more));
    assert_eq!(config.rule, Rule { minimum: 1, max_deviation_bps: 100 });
    assert_eq!((config.scale.decimals, config.scale.signed, config.scale.zero_or_below), (8, false, true));
    assert_eq!(config.timeout_ms, 9_000);
    assert_eq!(config.sources[1].names.get("BTC").map(String::as_str), Some("XBT"));
    assert_eq!(config.sources[1].headers.0, [("Accept".into(), "application/json".into())]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(&of(&[A, B], ""));
    assert_eq!((config.scale.decimals, config.scale.zero_or_below, config.timeout_ms), (0, false, 4_000));
    assert_eq!(config.rule.max_deviation_bps, 500);
    for (sources, majority) in [(2, 2), (3, 2), (4, 3), (5, 3), (MAX_SOURCES, 6)] {
        assert_eq!(parse(&many(sources, "")).rule.minimum, majority, "{sources} sources");
    }
    assert!(parse(&of(&[A, B], "").replace("uint256", "int256")).scale.signed);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let bad =
        r#"{"name":"a b","origin":"ftp://a","path":"a","pointer":"x","headers":1,"names":{"BTC":"a/b"},"nmae":1}"#;
    let more = r#","decimals":37,"minimum":3,"max_deviation_bps":10001,"timeout_ms":99,"zero_or_below":1,"extra":1"#;
    assert_eq!(
        mistakes(&of(&[A, bad], more).replace("uint256", "float")),
        [
            wrong_kind("sources[1].name", "1 to 32 letters, digits, \"-\", \"_\" and \".\""),
            mistake("sources[1].origin", Any::Origin(OriginError::Scheme)),
            mistake("sources[1].path", Any::Template(TemplateError::NoSlash)),
            mistake("sources[1].pointer", Any::Template(TemplateError::Pointer(PointerError::NoSlash))),
            mistake("sources[1].headers", Any::Headers(HeadersError::NotStrings)),
            wrong_kind(
                "sources[1].names",
                "an object of at most 64 strings of 1 to 32 letters, digits, \"-\" and \"_\""
            ),
            mistake("sources[1].nmae", Any::UnknownField(SOURCE_FIELDS)),
            mistake("type", config::Fault::UnknownName { found: "float".into(), names: TYPES }),
            wrong_kind("decimals", "a number from 0 to 36"),
            wrong_kind("minimum", "a number from 1 to that of the sources"),
            wrong_kind("max_deviation_bps", "a number from 0 to 10000"),
            wrong_kind("timeout_ms", "a number from 100 to 9000"),
            wrong_kind("zero_or_below", "true or false"),
            mistake("extra", Any::UnknownField(FIELDS)),
        ]
    );
}

#[test]
fn fields_that_must_be_there_are_missed() {
    assert_eq!(mistakes("{}"), ["sources", "type"].map(|field| mistake(field, Any::Missing)));
    let missed =
        ["name", "origin", "path", "pointer"].map(|field| mistake(&format!("sources[1].{field}"), Any::Missing));
    assert_eq!(mistakes(&of(&[A, "{}"], "")), missed);
}

#[test]
fn there_are_two_to_ten_sources() {
    let expected = [wrong_kind("sources", "a list of 2 to 10 sources")];
    assert_eq!(mistakes(&of(&[], "")), expected);
    assert_eq!(mistakes(&of(&[A], "")), expected);
    assert_eq!(mistakes(&many(MAX_SOURCES + 1, "")), expected);
    assert_eq!(mistakes(r#"{"sources":{"a":1},"type":"uint256"}"#), expected);
    let found = mistakes(&of(&[A, "7"], ""));
    assert!(
        matches!(&found[..], [Mistake { field, fault: Fault::Any(Any::NotAnObject(_)) }] if field == "sources[1]"),
        "{found:?}"
    );
}

#[test]
fn two_batches_of_sources_wait_half_as_long() {
    assert_eq!(parse(&many(6, r#","timeout_ms":4500"#)).timeout_ms, 4_500);
    assert_eq!(
        mistakes(&many(6, r#","timeout_ms":4501"#)),
        [wrong_kind("timeout_ms", "a number from 100 to 4500, with more than 5 sources")]
    );
}

#[test]
fn two_sources_of_one_name_are_refused() {
    assert_eq!(mistakes(&of(&[A, A], "")), [mistake("sources[1].name", Fault::SameName("a".into()))]);
}

#[test]
fn a_source_that_would_answer_another_question_is_refused() {
    let fixed = B.replace("{base}/{quote}", "price");
    assert_eq!(mistakes(&of(&[A, &fixed], "")), [mistake("sources[1]", Fault::LacksPlaceholder("quote".into()))]);
    let more = B.replace("pair={base}", "pair={base}&at={market}");
    assert_eq!(mistakes(&of(&[A, &more], "")), [mistake("sources[0]", Fault::LacksPlaceholder("market".into()))]);
}

#[test]
fn init_data_that_is_too_long_is_refused() {
    assert_eq!(Config::parse(&vec![b' '; MAX_CONFIG + 1]), Err(vec![mistake("", config::Fault::TooLong(MAX_CONFIG))]));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(at in 0_usize..270, byte: u8) {
        let mut damaged = of(&[A, B], "").into_bytes();
        damaged[at] = byte;
        drop(Config::parse(&damaged));
    }
}
