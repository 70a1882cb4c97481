use super::{Malformed, Object, Pointer, PointerError, Value};
use alloc::{format, string::String, vec::Vec};
use proptest::prelude::*;

fn find<'d>(document: &'d str, pointer: &str) -> Result<Option<Value<'d>>, Malformed> {
    pointer.parse::<Pointer>().expect("a pointer").find(document)
}

fn text(value: &str) -> Value<'static> {
    Value::String(value.into())
}

/// The examples of RFC 6901, section 5.
#[test]
fn pointers_find_what_the_rfc_says() {
    let document = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6,
        " ": 7, "m~n": 8}"#;
    for (pointer, value) in [
        ("", Value::Object),
        ("/foo", Value::Array),
        ("/foo/0", text("bar")),
        ("/foo/1", text("baz")),
        ("/", Value::Number("0")),
        ("/a~1b", Value::Number("1")),
        ("/c%d", Value::Number("2")),
        ("/e^f", Value::Number("3")),
        ("/g|h", Value::Number("4")),
        ("/i\\j", Value::Number("5")),
        ("/k\"l", Value::Number("6")),
        ("/ ", Value::Number("7")),
        ("/m~0n", Value::Number("8")),
    ] {
        assert_eq!(find(document, pointer), Ok(Some(value)), "{pointer:?}");
    }
}

#[test]
fn a_pointer_to_nothing_finds_nothing() {
    let document = r#"{"a": [1, {"b": null}], "t": true, "n": 5, "m": -5, "f": 1e400, "s": "x"}"#;
    for pointer in [
        "/b",
        "/a/2",
        "/a/-",
        "/a/01",
        "/a/+1",
        "/a/",
        "/a/1/c",
        "/t/0",
        "/n/0",
        "/m/0",
        "/f/0",
        "/s/0",
        "/a/1/b/0",
        "/a/99999999999999999999",
    ] {
        assert_eq!(find(document, pointer), Ok(None), "{pointer:?}");
    }
    assert_eq!(find(document, "/a/1/b"), Ok(Some(Value::Null)));
}

#[test]
fn numbers_keep_their_text() {
    for number in [
        "64123.450000",
        "-0",
        "1E+400",
        "0.30000000000000004",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    ] {
        assert_eq!(find(&format!(r#"{{"price": {number} }}"#), "/price"), Ok(Some(Value::Number(number))));
    }
}

#[test]
fn strings_are_unescaped() {
    assert_eq!(find(r#"["A\u00fc\n\"\ud83d\ude00"]"#, "/0"), Ok(Some(text("Aü\n\"😀"))));
    assert!(find(r#"["\ud83d"]"#, "/0").is_err());
}

#[test]
fn the_whole_document_must_be_json() {
    for document in [
        "",
        " ",
        "{",
        r#"{"a": 1"#,
        r#"{"a": 1} x"#,
        r#"{"a": 1, }"#,
        r#"{"a": 1, "b": 01}"#,
        r#"{"a": 1, "b": nul}"#,
        "\u{feff}{\"a\": 1}",
    ] {
        assert!(find(document, "/a").is_err(), "{document}");
    }
}

#[test]
fn a_name_that_stands_twice_on_the_way_is_refused() {
    assert!(find(r#"{"a": 1, "a": 1}"#, "/a").is_err());
    assert!(find(r#"{"a": 1, "\u0061": 2}"#, "/a").is_err());
    assert_eq!(find(r#"{"b": 1, "b": 2, "a": 3}"#, "/a"), Ok(Some(Value::Number("3"))));
}

#[test]
fn a_deep_document_is_refused_or_read_but_never_overflows_the_stack() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(find(&deep, ""), Ok(Some(Value::Array)));
    assert_eq!(find(&deep, "/0/0"), Ok(Some(Value::Array)));
}

#[test]
fn malformed_pointers_are_refused() {
    assert_eq!("a".parse::<Pointer>(), Err(PointerError::NoSlash));
    for text in ["/~", "/a~", "/~2", "/a~b/c"] {
        assert_eq!(text.parse::<Pointer>(), Err(PointerError::BareTilde), "{text}");
    }
}

#[test]
fn an_object_gives_each_name_once_and_in_order() {
    let Object(members) = Object::read(r#"{"b": {"x": 1}, "a": "2"}"#).expect("an object");
    let members: Vec<(&str, &str)> = members.iter().map(|(name, raw)| (name.as_str(), raw.get())).collect();
    assert_eq!(members, [("b", r#"{"x": 1}"#), ("a", r#""2""#)]);
    for document in ["[]", "1", r#"{"a": 1, "a": 1}"#, "{} {}"] {
        assert!(Object::read(document).is_err(), "{document}");
    }
}

proptest! {
    #[test]
    fn any_name_is_found_by_its_escaped_pointer(name in any::<String>(), decoy in "[~/01a]{0,3}") {
        prop_assume!(name != decoy);
        let document = serde_json::json!({ decoy: 1, name.clone(): { "inner": "found" } });
        let document = serde_json::to_string(&document).expect("JSON");
        let pointer = format!("/{}/inner", name.replace('~', "~0").replace('/', "~1"));
        prop_assert_eq!(find(&document, &pointer), Ok(Some(text("found"))));
    }

    #[test]
    fn no_text_makes_the_reader_panic(document in "[\\[\\]{}\",:0-9a\\\\ -.]{0,24}", pointer in "(/[a0-9]{0,2}){0,3}") {
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(&document).is_ok();
        prop_assert!(valid || find(&document, &pointer).is_err());
    }
}
