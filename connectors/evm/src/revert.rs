//! What a contract's revert says.

use crate::bindings::{PHATORACLE_ABI, SIMULATEDATTESTATIONVERIFIER_ABI, WORKERREGISTRY_ABI};
use ethers::{
    abi::{Abi, AbiDecode, Token},
    types::U256,
};
use phat_connector::{
    EntryRefusal,
    rpc::{CallError, NodeError},
};

/// Selectors of Solidity's own `Error(string)` and `Panic(uint256)`.
const ERROR_STRING: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// The data that a contract reverted with, where that is why the call failed.
pub(crate) fn data(error: &CallError) -> Option<Vec<u8>> {
    match error {
        CallError::Answered(answered) => beside(&answered.error),
        CallError::Failed(_) | CallError::TooLong { .. } => None,
    }
}

/// The data that a node puts beside an error. Nodes agree on no code and no place for it: geth
/// answers code 3 and a hex string, Nethermind -32015 and `Reverted 0x…`, Hardhat an object.
fn beside(error: &NodeError) -> Option<Vec<u8>> {
    let text = match error.data.as_ref()? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Object(fields) => fields.get("data")?.as_str()?,
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_) => return None,
    };
    let (_, digits) = text.rsplit_once("0x")?;
    hex::decode(digits.trim()).ok()
}

/// The custom error's name and arguments, or the raw data where no contract of ours has it.
pub(crate) fn describe(data: &[u8]) -> String {
    named(data).unwrap_or_else(|| format!("0x{}", hex::encode(data)))
}

fn named(data: &[u8]) -> Option<String> {
    let (selector, arguments) = data.split_first_chunk::<4>()?;
    if *selector == ERROR_STRING {
        return String::decode(arguments).ok();
    }
    if *selector == PANIC {
        return U256::decode(arguments).ok().map(|code| format!("Panic({code:#x})"));
    }
    let abis: [&Abi; 3] = [&PHATORACLE_ABI, &WORKERREGISTRY_ABI, &SIMULATEDATTESTATIONVERIFIER_ABI];
    let error = abis
        .into_iter()
        .flat_map(|abi| abi.errors.values().flatten())
        .find(|error| error.signature().as_bytes().starts_with(selector))?;
    let values = error.decode(arguments).ok()?;
    let values: Vec<String> = values.iter().map(argument).collect();
    Some(format!("{}({})", error.name, values.join(", ")))
}

fn argument(token: &Token) -> String {
    match token {
        Token::Uint(number) | Token::Int(number) => number.to_string(),
        Token::FixedBytes(_) | Token::Bytes(_) | Token::Address(_) => format!("0x{token}"),
        Token::Bool(_) | Token::String(_) | Token::FixedArray(_) | Token::Array(_) | Token::Tuple(_) => {
            token.to_string()
        }
    }
}

/// What `EntrySkipped` says: the numbers of `IPhatOracle.SkipReason`.
pub(crate) fn skip_reason(reason: u8) -> EntryRefusal {
    match reason {
        1 => EntryRefusal::NotPending,
        2 => EntryRefusal::Expired,
        3 => EntryRefusal::ExecutedInFuture,
        4 => EntryRefusal::Other("OutputTooLarge".to_owned()),
        5 => EntryRefusal::Other("InvalidPayee".to_owned()),
        9 => EntryRefusal::NotRegistered,
        6..=8 | 10 => EntryRefusal::BadSignatures,
        unknown => EntryRefusal::Other(format!("skip reason {unknown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::phat_oracle;
    use ethers::{abi::AbiEncode, contract::EthError};
    use serde_json::json;

    #[test]
    fn revert_data_is_found_wherever_nodes_put_it() {
        let answered = |data| beside(&NodeError { code: 3, message: "execution reverted".to_owned(), data });
        for data in [json!("0xdeadbeef"), json!("Reverted 0xdeadbeef"), json!({ "data": "0xdeadbeef", "hash": "0x12" })]
        {
            assert_eq!(answered(Some(data.clone())), Some(vec![0xde, 0xad, 0xbe, 0xef]), "{data}");
        }
        for data in [json!("out of gas"), json!({ "hash": "0x12" }), json!(["0x12"]), json!("0xzz"), json!(null)] {
            assert_eq!(answered(Some(data.clone())), None, "{data}");
        }
        assert_eq!(answered(None), None);
    }

    #[test]
    fn a_custom_error_is_named_with_its_arguments() {
        let error = phat_oracle::RequestExpired { request_id: [7; 32], expires_at: 10, timestamp: 11.into() };
        let data = error.encode();
        assert_eq!(describe(&data), format!("RequestExpired(0x{}, 10, 11)", "07".repeat(32)));
    }

    #[test]
    fn solidity_s_own_errors_are_read() {
        let data = [ERROR_STRING.to_vec(), "no".to_owned().encode()].concat();
        assert_eq!(describe(&data), "no");
        let data = [PANIC.to_vec(), U256::from(0x11).encode()].concat();
        assert_eq!(describe(&data), "Panic(0x11)");
    }

    #[test]
    fn unknown_or_broken_data_is_shown_raw() {
        for data in [&[][..], &[1, 2], &[0xde, 0xad, 0xbe, 0xef, 1]] {
            assert_eq!(describe(data), format!("0x{}", hex::encode(data)));
        }
        let truncated = phat_oracle::RequestExpired::selector();
        assert_eq!(describe(&truncated), format!("0x{}", hex::encode(truncated)));
    }
}
