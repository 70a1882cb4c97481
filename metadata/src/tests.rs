//! The committed bundles, metadata of ink! 3, and metadata that lies.

use crate::{Bundle, BundleError, DecodeError, EncodeError, Entry, Interface, MetadataError, Returned};
use parity_scale_codec::{Compact, Encode};
use serde_json::{Value, json};
use std::{fs, path::Path};

fn bundle(name: &str) -> Vec<u8> {
    let artifacts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../phat-contracts/artifacts/ink");
    let path = artifacts.join(name).with_extension("contract");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask guests`", path.display()))
}

fn probe(name: &str) -> Interface {
    Bundle::read(&bundle(name)).unwrap().interface.unwrap()
}

/// Metadata of ink! 4 with one message that takes and gives these types, type 0.
fn taking(types: &Value) -> Interface {
    let ty = json!({ "displayName": [], "type": 0 });
    let message = json!({
        "label": "take", "selector": "0x00000001", "args": [{ "label": "it", "type": ty }], "returnType": ty,
    });
    let metadata = json!({ "version": "4", "types": types, "spec": { "constructors": [], "messages": [message] } });
    Interface::read(&metadata).unwrap()
}

fn numbered(types: &[Value]) -> Value {
    let types = types.iter().enumerate();
    types.map(|(id, ty)| json!({ "id": id, "type": ty })).collect()
}

fn input(interface: &Interface, argument: &str) -> Result<Vec<u8>, EncodeError> {
    let input = interface.encode(interface.message("take").unwrap(), &[argument.to_owned()])?;
    Ok(input[4..].to_vec())
}

fn answer(interface: &Interface, bytes: &[u8]) -> Result<Value, DecodeError> {
    match interface.decode(interface.message("take").unwrap(), bytes)? {
        Returned::Value { value, .. } => Ok(value),
        Returned::Refused(reason) => panic!("{reason}"),
    }
}

fn primitive(name: &str) -> Interface {
    taking(&numbered(&[json!({ "def": { "primitive": name } })]))
}

fn signatures(interface: &Interface, entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| interface.signature(entry)).collect()
}

#[test]
fn a_bundle_is_its_code_and_what_can_be_asked_of_it() {
    let Bundle { wasm, metadata, interface } = Bundle::read(&bundle("ink-price")).unwrap();
    assert_eq!((&wasm[..4], metadata["source"].get("wasm")), (&b"\0asm"[..], None));
    let interface = interface.unwrap();
    assert_eq!(signatures(&interface, interface.constructors()), ["new(origin: String)"]);
    let messages = [
        "origin() -> String",
        "price(symbol: String) -> Result<u128, Error>",
        "handle_request(request: OracleRequest) -> Result<Vec<u8>, Error>",
    ];
    assert_eq!(signatures(&interface, interface.messages()), messages);
    assert_eq!(interface.message("price").unwrap().docs, ["The price of `symbol` in millionths."]);
    let definitions = interface.definitions();
    assert_eq!(definitions["Error"], "NoSymbol | Status(u16) | NoPrice");
    assert_eq!(definitions["Chain"], "Evm(u64) | Substrate([u8; 32])");
    assert!(definitions["OracleRequest"].starts_with("{ chain: Chain, oracle: Vec<u8>, "), "{definitions:?}");
    // The selector that the enclave calls.
    assert_eq!(interface.message("handle_request").unwrap().selector, phat_protocol::selector("handle_request"));
}

#[test]
fn a_message_that_writes_says_so() {
    let interface = probe("ink5-probe");
    let [set, get, context] = ["set", "get", "context"].map(|name| interface.message(name).unwrap());
    assert_eq!([set.mutates, get.mutates, context.payable, get.payable], [true, false, true, false]);
}

#[test]
fn an_unknown_message_is_answered_with_those_there_are() {
    let interface = probe("ink-price");
    let unknown = interface.message("prize").unwrap_err().to_string();
    assert_eq!(unknown, "there is no message prize (did you mean price?); there is origin, price, handle_request");
}

#[test]
fn a_bundle_with_other_code_than_it_says_is_refused() {
    let mut bundle: Value = serde_json::from_slice(&bundle("ink-price")).unwrap();
    bundle["source"]["wasm"] = "0x00".into();
    let error = Bundle::read(bundle.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, BundleError::Hash { .. }), "{error}");
    bundle["source"]["wasm"] = "0x0".into();
    assert!(matches!(Bundle::read(bundle.to_string().as_bytes()), Err(BundleError::Code(_))));
    bundle["source"].as_object_mut().unwrap().remove("wasm");
    assert!(matches!(Bundle::read(bundle.to_string().as_bytes()), Err(BundleError::NoCode)));
    assert!(matches!(Bundle::read(b"{"), Err(BundleError::Json(_))));
}

#[test]
fn metadata_of_another_version_is_named_and_the_code_still_read() {
    let mut bundle: Value = serde_json::from_slice(&bundle("ink-price")).unwrap();
    bundle["version"] = "6".into();
    let interface = Bundle::read(bundle.to_string().as_bytes()).unwrap().interface;
    assert_eq!(interface, Err(MetadataError::Version { version: Some("6".to_owned()) }));
}

#[test]
fn arguments_are_written_as_they_are() {
    let interface = probe("ink4-probe");
    let message = interface.message("http").unwrap();
    let arguments = ["https://a.example/?q=1", "GET", r#"[["accept","text/plain"]]"#, "0x01"].map(str::to_owned);
    let expected = ("https://a.example/?q=1", "GET", vec![("accept", "text/plain")], vec![1u8]).encode();
    assert_eq!(interface.encode(message, &arguments).unwrap(), [message.selector.as_slice(), &expected].concat());

    let call = interface.message("set_of").unwrap();
    let arguments = [format!("0x{}", "ab".repeat(32)), "7".to_owned()];
    assert_eq!(interface.encode(call, &arguments).unwrap()[4..], ([0xab_u8; 32], 7u32).encode());
}

#[test]
fn numbers_are_decimal_or_hexadecimal_and_in_range() {
    let byte = primitive("u8");
    assert_eq!(input(&byte, "255"), Ok(vec![255]));
    assert_eq!(input(&byte, "0xff"), Ok(vec![255]));
    assert_eq!(input(&byte, "1_0"), Ok(vec![10]));
    for wrong in ["256", "-1", "", "1.5", "x"] {
        input(&byte, wrong).unwrap_err();
    }
    assert_eq!(input(&primitive("i128"), &i128::MIN.to_string()), Ok(i128::MIN.encode()));
    assert_eq!(input(&primitive("u128"), &u128::MAX.to_string()), Ok(u128::MAX.encode()));
    input(&primitive("i128"), &u128::MAX.to_string()).unwrap_err();
    assert_eq!(answer(&primitive("u64"), &u64::MAX.encode()), Ok(json!("18446744073709551615")));
    assert_eq!(answer(&primitive("i8"), &(-5i8).encode()), Ok(json!(-5)));
    assert_eq!(input(&primitive("char"), "é"), Ok(u32::from('é').encode()));
    assert_eq!(answer(&primitive("char"), &u32::from('é').encode()), Ok(json!("é")));
    answer(&primitive("char"), &u32::MAX.encode()).unwrap_err();
}

#[test]
fn a_misfit_is_named_with_its_place_and_a_hint() {
    let interface = probe("ink5-probe");
    let echo = interface.message("echo").unwrap();
    let error = |mixture: &Value| interface.encode_values(echo, std::slice::from_ref(mixture)).unwrap_err().to_string();
    let mut mixture = json!({
        "large": 1, "small": 1, "text": null, "pairs": [[1, true], [2, 3]], "fixed": "0x01020304", "choice": "Bare",
    });
    assert_eq!(error(&mixture), "mixture.pairs[1][1] is no bool: expected true or false");
    mixture["pairs"] = json!([]);
    mixture["choice"] = json!("Bear");
    assert_eq!(error(&mixture), "mixture.choice is no Choice: it has no variant Bear (did you mean Bare?)");
    mixture["choice"] = json!({ "Named": { "who": "hello", "amount": 1 } });
    let wrong = "mixture.choice.Named.who is no [u8; 32]: expected 0x and hexadecimal digits; the text \"hello\" \
                 itself is 0x68656c6c6f";
    assert_eq!(error(&mixture), wrong);
    mixture["choice"] = json!("Bare");
    mixture["fixed"] = json!("0x01");
    assert_eq!(error(&mixture), "mixture.fixed is no [u8; 4]: expected 4 bytes, and there are 1");
    mixture["extra"] = json!(1);
    let fields = "large, small, text, pairs, fixed, choice";
    assert_eq!(error(&mixture), format!("mixture is no Mixture: it has no field extra; its fields are {fields}"));
    mixture.as_object_mut().unwrap().remove("extra");
    mixture.as_object_mut().unwrap().remove("small");
    assert_eq!(error(&mixture), "mixture is no Mixture: field small is missing");

    let few = interface.encode(echo, &[]).unwrap_err().to_string();
    assert_eq!(few, "echo takes 1 arguments, not 0: echo(mixture: Mixture) -> Mixture");
}

#[test]
fn an_option_is_null_or_its_value_and_one_in_another_says_which() {
    let some = |inner: u32| {
        json!({ "path": ["Option"], "params": [{ "name": "T", "type": inner }], "def": { "variant": { "variants": [
            { "name": "None", "index": 0 }, { "name": "Some", "index": 1, "fields": [{ "type": inner }] },
        ] } } })
    };
    let interface = taking(&numbered(&[some(1), some(2), json!({ "def": { "primitive": "u8" } })]));
    assert_eq!(
        interface.signature(interface.message("take").unwrap()),
        "take(it: Option<Option<u8>>) -> Option<Option<u8>>"
    );
    for (bytes, value) in
        [(vec![0], json!(null)), (vec![1, 0], json!({ "Some": null })), (vec![1, 1, 7], json!({ "Some": 7 }))]
    {
        assert_eq!(answer(&interface, &bytes).as_ref(), Ok(&value));
        let message = interface.message("take").unwrap();
        assert_eq!(interface.encode_values(message, &[value]).unwrap()[4..], bytes);
    }
    assert_eq!(input(&interface, "7"), Ok(vec![1, 1, 7]));
    assert_eq!(input(&interface, "none"), Ok(vec![0]));
}

#[test]
fn the_languages_own_error_is_told_from_the_messages() {
    let interface = probe("ink5-probe");
    let fail = interface.message("fail").unwrap();
    let refused = interface.decode(fail, &[1, 1]).unwrap();
    assert_eq!(refused, Returned::Refused("the contract has no such message, or can't read its arguments".to_owned()));
    let failed = interface.decode(fail, &[0, 1, 1, 5, 0, 0, 0]).unwrap();
    assert_eq!(failed, Returned::Value { value: json!({ "Err": { "Told": { "code": 5 } } }), is_error: true });
    let answered = interface.decode(fail, &[0, 0, 5, 0, 0, 0]).unwrap();
    assert_eq!(answered, Returned::Value { value: json!({ "Ok": 5 }), is_error: false });
    for wrong in [&[0, 0, 5, 0][..], &[0, 0, 5, 0, 0, 0, 0], &[2], &[]] {
        interface.decode(fail, wrong).unwrap_err();
    }
}

#[test]
fn a_message_of_ink_3_answers_its_bare_result() {
    let metadata = json!({ "V3": {
        "types": numbered(&[json!({ "def": { "primitive": "bool" } })]),
        "spec": { "docs": [" Flips."], "constructors": [], "messages": [
            { "label": "get", "selector": "0x2f865bd9", "args": [], "mutates": false, "payable": false, "docs": [],
              "returnType": { "displayName": ["bool"], "type": 0 } },
            { "label": "flip", "selector": "0x633aa551", "args": [], "mutates": true, "payable": false, "docs": [],
              "returnType": null },
        ] },
    } });
    let interface = Interface::read(&metadata).unwrap();
    assert_eq!((interface.docs(), interface.constructors()), (&["Flips.".to_owned()][..], &[][..]));
    let value = |name: &str, bytes: &[u8]| interface.decode(interface.message(name).unwrap(), bytes).unwrap();
    assert_eq!(value("get", &[1]), Returned::Value { value: json!(true), is_error: false });
    assert_eq!(value("flip", &[]), Returned::Value { value: Value::Null, is_error: false });
}

#[test]
fn metadata_of_release_candidates_of_ink_3_is_read() {
    let argument = |name: &str, ty: u32| json!({ "name": name, "type": { "displayName": [], "type": ty } });
    let spec = |first: u32| {
        json!({ "constructors": [{ "name": ["default"], "selector": "0xed4b9d1b", "args": [] }], "messages": [{
            "name": ["Erc20", "transfer"], "selector": "0xfae3a09d", "mutates": true, "payable": false, "docs": [],
            "args": [argument("to", first), argument("value", first + 1)], "returnType": null,
        }], "docs": [], "events": [] })
    };
    let option = |of: u32, params: Value| {
        let variants = json!([{ "name": "None" }, { "name": "Some", "fields": [{ "type": of }] }]);
        json!({ "path": ["Option"], "params": params, "def": { "variant": { "variants": variants } } })
    };
    let byte = json!({ "def": { "primitive": "u8" } });
    let from_1 = [option(2, json!([2])), byte.clone()];
    let from_0 = numbered(&[option(1, json!([{ "name": "T", "type": 1 }])), byte]);
    for (types, first) in [(json!(from_1), 1), (from_0, 0)] {
        let metadata = json!({ "metadataVersion": "0.1.0", "spec": spec(first), "types": types });
        let interface = Interface::read(&metadata).unwrap();
        let transfer = interface.message("Erc20::transfer").unwrap();
        assert_eq!(interface.signature(transfer), "Erc20::transfer(to: Option<u8>, value: u8)");
        let input = interface.encode(transfer, &["7".to_owned(), "8".to_owned()]).unwrap();
        assert_eq!(input, [0xfa, 0xe3, 0xa0, 0x9d, 1, 7, 8]);
        assert_eq!(interface.constructor("default").unwrap().selector, [0xed, 0x4b, 0x9d, 0x1b]);
    }
}

#[test]
fn types_that_are_not_there_or_made_of_themselves_end_in_an_error() {
    let message = json!({ "label": "take", "selector": "0x00000001", "returnType": { "type": 9 } });
    let absent = json!({ "version": 5, "types": [], "spec": { "constructors": [], "messages": [message] } });
    assert_eq!(Interface::read(&absent), Err(MetadataError::Type { name: "take".to_owned(), id: 9 }));

    let itself = taking(&numbered(&[json!({ "def": { "composite": { "fields": [{ "type": 0 }] } } })]));
    answer(&itself, &[]).unwrap_err();
    input(&itself, "1").unwrap_err();
    assert!(itself.signature(itself.message("take").unwrap()).len() < 10_000);
    let doubling = taking(&numbered(&[json!({ "def": { "tuple": [0, 0] } })]));
    answer(&doubling, &[]).unwrap_err();
    assert!(doubling.signature(doubling.message("take").unwrap()).len() < 10_000);
    assert!(doubling.definitions().is_empty());
}

#[test]
fn an_answer_can_not_claim_more_values_than_there_may_be() {
    let nothings =
        taking(&numbered(&[json!({ "def": { "sequence": { "type": 1 } } }), json!({ "def": { "tuple": [] } })]));
    answer(&nothings, &Compact(u32::MAX).encode()).unwrap_err();
    assert_eq!(answer(&nothings, &Compact(2u32).encode()), Ok(json!([null, null])));
    let arrays = json!({ "def": { "array": { "len": u32::MAX, "type": 1 } } });
    answer(&taking(&numbered(&[arrays, json!({ "def": { "tuple": [] } })])), &[]).unwrap_err();
}

#[test]
fn text_for_a_type_that_is_nested_without_end_or_too_deep_is_refused() {
    let option = |of: u32| {
        let variant = |index: u8, fields: Value| json!({ "name": "x", "fields": fields, "index": index });
        let variants = [variant(0, json!([])), variant(1, json!([{ "type": of }]))];
        json!({ "path": ["Option"], "def": { "variant": { "variants": variants } } })
    };
    let endless = input(&taking(&numbered(&[option(0)])), "1").unwrap_err();
    assert!(endless.to_string().contains("nested too deep"), "{endless}");
    // The same for a value in JSON.
    let itself = taking(&numbered(&[option(0)]));
    let endless = itself.encode_values(itself.message("take").unwrap(), &[json!(1)]).unwrap_err();
    assert!(endless.to_string().contains("nested too deep"), "{endless}");
    // A chain of structs, each of the next: the last type is the argument's.
    let depth = 100_000;
    let mut types = vec![json!({ "def": { "tuple": [depth] } })];
    types.extend((1..=depth).map(|id| json!({ "def": { "composite": { "fields": [{ "type": id - 1 }] } } })));
    types[0] = option(depth);
    types[1] = json!({ "def": { "primitive": "str" } });
    let deep = input(&taking(&numbered(&types)), "text").unwrap_err();
    assert!(deep.to_string().contains("nested too deep"), "{deep}");
}

#[test]
fn a_long_name_is_not_multiplied_by_the_values_or_types_that_have_it() {
    let long = "n".repeat(1024 * 1024);
    let variants = json!([{ "name": long, "fields": [], "index": 0 }]);
    let field = json!({ "name": long, "type": 2 });
    let types = numbered(&[
        json!({ "def": { "sequence": { "type": 1 } } }),
        json!({ "def": { "variant": { "variants": variants } } }),
        json!({ "def": { "tuple": [] } }),
    ]);
    let many = [Compact(90_000_u32).encode(), vec![0; 90_000]].concat();
    let error = answer(&taking(&types), &many).unwrap_err().to_string();
    assert!(error.contains("too many names"), "{}", &error[error.len() - 100..]);
    assert_eq!(answer(&taking(&types), &[4, 0]).unwrap(), json!([long]));
    let types = numbered(&[
        json!({ "def": { "sequence": { "type": 1 } } }),
        json!({ "def": { "composite": { "fields": [field] } } }),
        json!({ "def": { "tuple": [] } }),
    ]);
    let error = answer(&taking(&types), &Compact(90_000_u32).encode()).unwrap_err().to_string();
    assert!(error.contains("too many names"), "{}", &error[error.len() - 100..]);

    let named = |long: &str, types: u32| {
        let types: Vec<u32> = vec![1; usize::try_from(types).unwrap()];
        let named = json!({ "path": ["a", long], "def": { "composite": { "fields": [{ "name": long, "type": 2 }] } } });
        let unit = json!({ "def": { "tuple": [] } });
        taking(&numbered(&[json!({ "def": { "tuple": types } }), named, unit]))
    };
    let length = |interface: &Interface| {
        let definitions: usize = interface.definitions().iter().map(|(name, made)| name.len() + made.len()).sum();
        interface.signature(interface.message("take").unwrap()).len().max(definitions)
    };
    assert!(length(&named(&long, 250)) < 10_000);
    assert!(length(&named(&"n".repeat(1000), 250)) < 300_000);
    assert_eq!(named("Name", 1).definitions(), [("Name".to_owned(), "{ Name: () }".to_owned())].into());
}
