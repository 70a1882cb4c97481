use super::*;
use parity_scale_codec::Encode;
use phat_protocol::Outcome;
use serde_json::json;

fn described(text: &str) -> Result<OutputDescription, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn module(section: &str) -> Vec<u8> {
    wat::parse_str(format!("(module (@custom \"phat.output\" {section:?}))")).unwrap()
}

fn word(value: u64) -> Vec<u8> {
    [&[0; 24][..], &value.to_be_bytes()].concat()
}

fn init_data(json: &str) -> Vec<u8> {
    [&[0x9b, 0xae, 0x9d, 0x5e][..], &json.as_bytes().encode()].concat()
}

#[test]
fn a_module_says_how_its_output_is_read() {
    let said = |section: &str| OutputDescription::of_module(&module(section)).unwrap().unwrap();
    let fixed = said(r#"{"abi":"(uint256,string)","decimals":2,"error":"text"}"#);
    assert_eq!(
        fixed.resolve(&[]),
        Some(OutputFormat { abi: Some("(uint256,string)".into()), decimals: Some(2), error: Some(ErrorFormat::Text) })
    );
    let by_init = said(r#"{"init":{"abi":"/type","decimals":"/decimals"}}"#);
    let format = |abi: &str, decimals| Some(OutputFormat { abi: Some(abi.into()), decimals, error: None });
    assert_eq!(by_init.resolve(&init_data(r#"{"type":"uint256","decimals":8}"#)), format("uint256", Some(8)));
    assert_eq!(by_init.resolve(&init_data(r#"{"type":"string"}"#)), format("string", None));
    assert_eq!(OutputDescription::of_module(&wat::parse_str("(module)").unwrap()), Ok(None));
}

#[test]
fn the_ready_made_contract_says_it_in_its_init_data() {
    let wasm = include_bytes!("../../../phat-contracts/artifacts/http-json.wasm");
    let description = OutputDescription::of_module(wasm).unwrap().unwrap();
    let init = init_data(r#"{"origin":"https://x","path":"/","pointer":"/p","type":"int256","decimals":4}"#);
    let expected = OutputFormat { abi: Some("int256".into()), decimals: Some(4), error: Some(ErrorFormat::Text) };
    assert_eq!(description.resolve(&init), Some(expected));
}

#[test]
fn init_data_that_does_not_say_it_leaves_the_output_unread() {
    let description = described(r#"{"init":{"abi":"/type","decimals":"/decimals"}}"#).unwrap();
    let not_scale = [&[0; 4][..], br#"{"type":"bool"}"#].concat();
    let trailing = [init_data(r#"{"type":"bool"}"#), vec![0]].concat();
    for init_data in [
        vec![],
        vec![0; 3],
        init_data("{}"),
        init_data("not json"),
        init_data(r#"{"type":7}"#),
        init_data(r#"{"type":"price"}"#),
        init_data(r#"{"type":"bool","decimals":2}"#),
        init_data(r#"{"type":"uint8","decimals":-2}"#),
        init_data(r#"{"type":"uint8","decimals":78}"#),
        not_scale,
        trailing,
    ] {
        assert_eq!(description.resolve(&init_data), None, "{init_data:?}");
    }
    let with_errors = described(r#"{"init":{"abi":"/type"},"error":"text"}"#).unwrap();
    let errors_alone = OutputFormat { abi: None, decimals: None, error: Some(ErrorFormat::Text) };
    assert_eq!(with_errors.resolve(&[]), Some(errors_alone));
}

#[test]
fn a_malformed_section_is_refused_in_words() {
    for (section, words) in [
        ("", "not a JSON object"),
        (r#"["uint256"]"#, "not a JSON object"),
        ("{", "EOF"),
        ("{}", "has to be there"),
        (r#"{"abi":"uint7"}"#, "uint7"),
        (r#"{"abi":"uint256","decimals":78}"#, "the most is 77"),
        (r#"{"abi":"(bool,uint8)","decimals":1}"#, "no integer"),
        (r#"{"error":"text","decimals":1}"#, "belong to abi"),
        (r#"{"abi":"bool","init":{"abi":"/type"}}"#, "exclude each other"),
        (r#"{"init":{"abi":"type"}}"#, "JSON pointer"),
        (r#"{"init":{}}"#, "missing field"),
        (r#"{"error":"json"}"#, "unknown variant"),
        (r#"{"abi":"bool","decimal":1}"#, "unknown field"),
        (r#"{"abi":"bool","abi":"bool"}"#, "duplicate field"),
    ] {
        let refused = OutputDescription::of_module(&module(section)).unwrap_err().to_string();
        assert!(refused.contains("phat.output") && refused.contains(words), "{section}: {refused}");
    }
    let long = format!("{{\"abi\":\"bool\"{}}}", " ".repeat(MAX_SECTION));
    assert!(matches!(OutputDescription::of_module(&module(&long)), Err(OutputMistake::TooLong(_))));
}

#[test]
fn answers_are_told_with_their_decimals() {
    let format = |abi: &str, decimals| OutputFormat { abi: Some(abi.to_owned()), decimals, error: None };
    for (value, decimals, text) in
        [(9_721_453, 2, "97214.53"), (0, 2, "0.00"), (5, 3, "0.005"), (1_000, 3, "1.000"), (7, 0, "7")]
    {
        let decoded = format("uint256", Some(decimals)).decode(Outcome::Ok, &word(value));
        let expected = DecodedOutput::Value { value: json!(value.to_string()), text: text.to_owned() };
        assert_eq!(decoded, Some(expected));
    }
    let minus = format("int256", Some(2)).decode(Outcome::Ok, &[0xff; 32]);
    assert_eq!(minus, Some(DecodedOutput::Value { value: json!("-1"), text: "-0.01".to_owned() }));
    let two = format("(uint256,bool)", Some(1)).decode(Outcome::Ok, &[word(15), word(1)].concat());
    assert_eq!(two, Some(DecodedOutput::Value { value: json!(["15", true]), text: "1.5, true".to_owned() }));
}

#[test]
fn errors_are_told_in_the_contracts_words_where_it_says_how() {
    let output = [vec![7], "no such pair".encode()].concat();
    let told = OutputFormat { abi: None, decimals: None, error: Some(ErrorFormat::Text) };
    let expected = DecodedOutput::Error { error_code: 7, error_text: "no such pair".to_owned() };
    for outcome in [Outcome::ContractError, Outcome::EgressDenied] {
        assert_eq!(told.decode(outcome, &output), Some(expected.clone()));
    }
    let silent = OutputFormat { abi: Some("bool".to_owned()), decimals: None, error: None };
    assert_eq!(silent.decode(Outcome::ContractError, &output), None);
}

#[test]
fn bytes_that_do_not_fit_are_not_told() {
    let told = OutputFormat { abi: Some("uint8".to_owned()), decimals: None, error: Some(ErrorFormat::Text) };
    assert_eq!(told.decode(Outcome::Ok, &word(256)), None);
    assert_eq!(told.decode(Outcome::Ok, b"text"), None);
    assert_eq!(told.decode(Outcome::ContractError, &[]), None);
    assert_eq!(told.decode(Outcome::ContractError, &[1, 200, 200]), None);
    assert_eq!(told.decode(Outcome::Trapped, &word(1)), None);
}
