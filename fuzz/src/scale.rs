//! SCALE and what describes it: whatever bytes or metadata are given, they are read or refused, in proportion to their
//! length; and what is read is what was written.

use parity_scale_codec::{DecodeAll, Encode};
use phat_executor::{HttpLimits, Origin, Secrets, fuzzing};
use phat_metadata::{Bundle, Interface};
use phat_protocol::{Answer, OracleRequest, Secret};
use serde_json::{Value, json};

/// The first byte says who reads the rest.
pub fn fuzz(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 6 {
        0 => extension(rest),
        1 => secrets(rest),
        2 => request(rest),
        3 => described(rest),
        4 => bundle(rest),
        _ => answer(rest),
    }
}

fn extension(bytes: &[u8]) {
    let limits = HttpLimits { batch: 5, headers: 3, ..HttpLimits::default() };
    fuzzing::decode_arguments(bytes);
    if let Some((headers, _)) = fuzzing::batch(bytes, &limits) {
        assert!(headers.len() <= 5 && headers.iter().all(|headers| *headers <= 3));
    }
}

fn secrets(bytes: &[u8]) {
    if let Ok(read) = Secrets::from_plain(bytes) {
        for origin in read.origins() {
            assert_eq!(Origin::parse(&origin.to_string()).as_ref(), Ok(origin));
        }
        let plain = Vec::<Secret>::decode_all(&mut &*bytes).map(|secrets| secrets.encode());
        assert_eq!(plain.as_deref(), Ok(bytes));
    }
}

fn request(bytes: &[u8]) {
    if let Ok(request) = OracleRequest::decode_all(&mut &*bytes) {
        assert_eq!(request.encode(), bytes);
        assert_eq!(&request.call_input()[4..], bytes);
    }
}

fn answer(bytes: &[u8]) {
    let Some((most, returned)) = bytes.split_first() else { return };
    let answer = Answer::from_returned(returned, (*most).into());
    assert!(answer.output.len() <= usize::from(*most));
}

fn bundle(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::read(bytes)
        && let Ok(interface) = bundle.interface
    {
        ask(&interface, bytes);
    }
}

/// Types and an answer: how many types, each as its kind and up to two numbers, and then the answer.
fn described(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next().unwrap_or(0);
    let count = next() % 64 + 1;
    let types: Vec<Value> = (0..count)
        .map(|id| {
            let (kind, one, other) = (next(), next() % (count + 1), next() % (count + 1));
            json!({ "id": id, "type": ty(kind, one, other) })
        })
        .collect();
    let answer: Vec<u8> = bytes.collect();
    let message = json!({
        "label": "ask", "selector": "0x00000001",
        "args": [{ "label": "it", "type": { "type": 0 } }], "returnType": { "type": 0 },
    });
    let metadata = json!({
        "version": "5", "types": types,
        "spec": { "constructors": [], "messages": [message], "lang_error": { "type": 1 } },
    });
    if let Ok(interface) = Interface::read(&metadata) {
        ask(&interface, &answer);
    }
}

fn ty(kind: u8, one: u8, other: u8) -> Value {
    const PRIMITIVES: [&str; 15] =
        ["bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "u256", "i8", "i16", "i32", "i64", "i128", "i256"];
    let variant = |index: u8, name: &str, fields: Value| json!({ "name": name, "fields": fields, "index": index });
    match kind % 12 {
        0 | 1 => json!({ "def": { "primitive": PRIMITIVES[usize::from(one) % PRIMITIVES.len()] } }),
        2 => json!({ "def": { "sequence": { "type": one } } }),
        3 => json!({ "def": { "array": { "len": u32::from(other) << (kind / 12), "type": one } } }),
        4 => json!({ "def": { "tuple": [one, other] } }),
        5 => json!({ "def": { "tuple": [] } }),
        6 => json!({ "path": ["a", "Named"], "params": [{ "type": other }], "def": { "composite": { "fields":
            [{ "name": "one", "type": one }, { "name": "other", "type": other }] } } }),
        7 => json!({ "def": { "composite": { "fields": [{ "type": one }] } } }),
        8 => json!({ "def": { "compact": { "type": one } } }),
        9 => json!({ "path": ["Option"], "def": { "variant": { "variants":
            [variant(0, "None", json!([])), variant(1, "Some", json!([{ "type": one }]))] } } }),
        10 => json!({ "path": ["Result"], "def": { "variant": { "variants":
            [variant(0, "Ok", json!([{ "type": one }])), variant(1, "Err", json!([{ "type": other }]))] } } }),
        _ => json!({ "def": { "variant": { "variants":
            [variant(one, "A", json!([])), variant(other, "B", json!([{ "name": "b", "type": one }]))] } } }),
    }
}

fn ask(interface: &Interface, bytes: &[u8]) {
    let _ = interface.definitions();
    let text = String::from_utf8_lossy(bytes);
    let value: Value = serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(text.to_string()));
    for entry in interface.constructors().iter().chain(interface.messages()) {
        let _ = interface.signature(entry);
        let _ = interface.decode(entry, bytes);
        let _ = interface.encode(entry, &vec![text.to_string(); entry.arguments.len()]);
        let _ = interface.encode_values(entry, &vec![value.clone(); entry.arguments.len()]);
    }
}
