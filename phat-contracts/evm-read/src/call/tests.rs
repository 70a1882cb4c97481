use super::{Call, PayloadError};
use crate::{Config, Fault};
use phat_sdk::{
    config::{self, Mistake},
    source::TemplateError,
};

const ENDPOINTS: &str = r#""endpoints":[{"name":"a","origin":"https://a.example","path":"/"}]"#;
const ADDRESS: &str = r#""address":"0x2222222222222222222222222222222222222222""#;

fn parse(call: &str) -> Result<Call, Vec<Mistake<Fault>>> {
    Config::parse(format!("{{{ENDPOINTS},{call}}}").as_bytes()).map(|config| config.call)
}

fn filled(args: &str, payload: &str) -> Result<String, PayloadError> {
    let call = parse(&format!("{ADDRESS},{args}")).expect("a call");
    let data = call.fill(payload.as_bytes())?.data;
    Ok(data.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn mistakes(call: &str) -> Vec<(String, String)> {
    let mistakes = parse(call).expect_err("a mistake");
    mistakes.into_iter().map(|mistake| (mistake.field, mistake.fault.to_string())).collect()
}

/// The Contract ABI Specification's example `f(uint256,uint32[],bytes10,bytes)` with
/// `(0x123, [0x456, 0x789], "1234567890", "Hello, world!")`.
#[test]
fn arguments_are_encoded_as_the_specification_does() {
    let args = r#""signature":"f(uint256,uint32[],bytes10,bytes)",
        "args":["{x}",[1110,"{y}"],"0x31323334353637383930","0x48656c6c6f2c20776f726c6421"]"#;
    let expected = [
        "8be65246",
        "0000000000000000000000000000000000000000000000000000000000000123",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "3132333435363738393000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000000000000000000000000000000000e0",
        "0000000000000000000000000000000000000000000000000000000000000002",
        "0000000000000000000000000000000000000000000000000000000000000456",
        "0000000000000000000000000000000000000000000000000000000000000789",
        "000000000000000000000000000000000000000000000000000000000000000d",
        "48656c6c6f2c20776f726c642100000000000000000000000000000000000000",
    ];
    assert_eq!(filled(args, r#"{"x":291,"y":"1929"}"#), Ok(expected.concat()));
}

#[test]
fn a_payload_that_does_not_fit_is_refused() {
    let args = r#""signature":"f(uint8,address)","args":["{x}","{who}"]"#;
    let who = "0x3333333333333333333333333333333333333333";
    let wrong = |name: &str, expected| Err(PayloadError::Type(name.into(), expected));
    let filled = |payload: &str| filled(args, payload);
    assert_eq!(
        filled(&format!(r#"{{"x":256,"who":"{who}"}}"#)),
        wrong("x", "a whole number, zero or above, that fits the type")
    );
    assert_eq!(filled(r#"{"x":1,"who":"0x33"}"#), wrong("who", "0x and 40 hexadecimal digits"));
    let template = |error| Err(PayloadError::Template(error));
    assert_eq!(filled(r#"{"x":1}"#), template(TemplateError::MissingParameter("who".into())));
    assert_eq!(
        filled(&format!(r#"{{"x":1,"who":"{who}","to":"{who}"}}"#)),
        template(TemplateError::UnknownParameter("to".into()))
    );
    assert!(matches!(filled("0x1234"), Err(PayloadError::Parameters(_))));
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(mistakes(ADDRESS), [("signature".into(), "missing".into())]);
    assert_eq!(
        mistakes(r#""address":"0x22","signature":"f(bool)","args":[1]"#),
        [
            ("address".into(), "must be 0x and 40 hexadecimal digits".into()),
            ("args[0]".into(), "must be true or false".into()),
        ]
    );
    let of = |rest: &str| mistakes(&format!("{ADDRESS},{rest}"));
    assert_eq!(of(r#""signature":"f(bool)""#), [("args".into(), "0 arguments for 1 types".into())]);
    assert_eq!(of(r#""signature":"f(bool)","args":"{x}""#), [("args".into(), "must be a list".into())]);
    assert_eq!(of(r#""signature":"f(bool[])","args":["{x}"]"#), [("args[0]".into(), "must be a list".into())]);
    assert_eq!(of(r#""signature":"f(bool)","args":[[true]]"#), [("args[0]".into(), "must be true or false".into())]);
    assert_eq!(of(r#""signature":"f(uint8[])","args":[[1,256]]"#).len(), 1);
    assert_eq!(of(r#""signature":"f(bool)","args":["{a b}"]"#).len(), 1);
    assert_eq!(of(r#""signature":"f(bool)","args":[null]"#).len(), 1);
    assert_eq!(of(r#""payload":"x""#).len(), 1);
    assert_eq!(
        of(r#""payload":"calldata","signature":"f()""#),
        [("signature".into(), "has no meaning where the payload is the call data".into())]
    );
    assert_eq!(
        mistakes(r#""address":"{to}","payload":"calldata""#),
        [("address".into(), "can't come from a payload that is the call data".into())]
    );
    let unknown = parse(&format!(r#"{ADDRESS},"signature":"f()","data":"0x""#)).expect_err("a mistake");
    assert!(matches!(unknown[0].fault, Fault::Any(config::Fault::UnknownField(_))), "{unknown:?}");
}
