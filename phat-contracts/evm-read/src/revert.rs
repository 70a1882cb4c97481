//! What a call that reverts says of it.

use alloc::{string::String, vec::Vec};
use phat_sdk::{
    answer::{hex_bytes, hex_text},
    chain::Reply,
    json::{Object, Value},
    serde_json::value::RawValue,
};

/// The code that nodes give a call that reverts ("execution reverted"), of all errors that a call may answer.
const REVERTED: &str = "3";
/// The selector of `Error(string)`, which `require` and `revert("…")` revert with (Solidity, "Panic via assert and Error
/// via require").
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];

/// The data of the revert, where a reply tells of one; nothing where it has none.
pub(crate) fn reverted(reply: Reply<'_>) -> Option<Vec<u8>> {
    let Reply::Error(error) = reply else { return None };
    let Object(members) = Object::read(error.get()).ok()?;
    let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
    member("code").filter(|code| code.get() == REVERTED)?;
    Some(member("data").and_then(bytes).unwrap_or_default())
}

fn bytes(raw: &RawValue) -> Option<Vec<u8>> {
    match Value::read(raw) {
        Ok(Value::String(text)) => hex_bytes(&text),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object) | Err(_) => None,
    }
}

/// Why it reverted, in words where the data are those of `Error(string)`.
pub(crate) fn reason(data: &[u8]) -> String {
    text(data).unwrap_or_else(|| hex_text(data))
}

fn text(data: &[u8]) -> Option<String> {
    let encoded = data.strip_prefix(&ERROR)?;
    let (offset, rest) = encoded.split_at_checked(32)?;
    let (length, rest) = rest.split_at_checked(32)?;
    let of = |word: &[u8]| word.last_chunk().map(|last: &[u8; 4]| u32::from_be_bytes(*last));
    let length = usize::try_from(of(length)?).ok()?;
    (of(offset)? == 32).then(|| core::str::from_utf8(rest.get(..length)?).ok().map(String::from))?
}

#[cfg(test)]
mod tests {
    use super::{reason, reverted};
    use phat_sdk::{
        chain::Reply,
        serde_json::{self, value::RawValue},
    };

    fn told(error: &str) -> Option<Vec<u8>> {
        let error: Box<RawValue> = serde_json::from_str(error).expect("JSON");
        reverted(Reply::Error(&error))
    }

    #[test]
    fn a_revert_is_told_from_other_errors_by_its_code() {
        let data = r#"{"code":3,"message":"execution reverted","data":"0xdead"}"#;
        assert_eq!(told(data), Some(vec![0xde, 0xad]));
        assert_eq!(told(r#"{"code":3,"message":"execution reverted"}"#), Some(Vec::new()));
        assert_eq!(told(r#"{"code":-32000,"message":"execution reverted","data":"0xdead"}"#), None);
        assert_eq!(told("null"), None);
    }

    #[test]
    fn the_reason_is_the_text_or_the_data() {
        let mut data = vec![0x08, 0xc3, 0x79, 0xa0];
        data.extend(phat_sdk::abi::encode(&[String::from("no luck").into()]));
        assert_eq!(reason(&data), "no luck");
        data[4] = 1;
        data[35] = 31;
        assert!(reason(&data).starts_with("0x08c379a001"), "{}", reason(&data));
        for cut in 0..data.len() {
            assert!(reason(&data[..cut]).starts_with("0x"), "{cut}");
        }
        assert_eq!(reason(&[0xde, 0xad]), "0xdead");
    }
}
