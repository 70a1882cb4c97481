//! `archive_v1_…` in front of a node that has no such calls, by what the node has.

use parity_scale_codec::{Compact, Encode};
use serde_json::{Value, json};

/// Whether the archive has a method.
pub(crate) fn is_of_archive(method: &str) -> bool {
    method.starts_with("archive_v1_")
}

/// Calls a method of the node behind.
pub(crate) trait Ask {
    async fn ask(&self, method: &str, params: Value) -> Result<Value, String>;
}

/// The answer, and what is announced after it.
pub(crate) async fn answer(node: &impl Ask, method: &str, params: &Value) -> Result<(Value, Vec<Value>), String> {
    let block = &params[0];
    let answer = match method {
        "archive_v1_hashByHeight" => {
            let hash = node.ask("chain_getBlockHash", json!([block])).await?;
            if hash.is_null() { json!([]) } else { json!([hash]) }
        }
        "archive_v1_header" => {
            let header = node.ask("chain_getHeader", json!([block])).await?;
            if header.is_null() { Value::Null } else { encoded(&header) }
        }
        "archive_v1_body" => node.ask("chain_getBlock", json!([block])).await?["block"]["extrinsics"].clone(),
        "archive_v1_call" => match node.ask("state_call", json!([params[1], params[2], block])).await {
            Ok(value) => json!({ "success": true, "value": value }),
            Err(error) => json!({ "success": false, "error": error }),
        },
        "archive_v1_storage" => {
            let mut events = Vec::new();
            for item in params[1].as_array().into_iter().flatten() {
                events.extend(found(node, item, block).await?);
            }
            events.push(json!({ "event": "storageDone" }));
            return Ok((Value::Null, events));
        }
        "archive_v1_stopStorage" => json!(true),
        _ => return Err(format!("no {method}")),
    };
    Ok((answer, Vec::new()))
}

/// What is found for one item.
async fn found(node: &impl Ask, item: &Value, block: &Value) -> Result<Vec<Value>, String> {
    let key = &item["key"];
    if item["type"] == "value" {
        let value = node.ask("state_getStorage", json!([key, block])).await?;
        let found = json!({ "event": "storage", "key": key, "value": value });
        return Ok(if value.is_null() { Vec::new() } else { vec![found] });
    }
    let keys = node.ask("state_getKeysPaged", json!([key, 1_000, Value::Null, block])).await?;
    let hash = format!("0x{}", "00".repeat(32));
    let keys = keys.as_array().into_iter().flatten();
    Ok(keys.map(|key| json!({ "event": "storage", "key": key, "hash": hash })).collect())
}

/// A header as SCALE has it.
fn encoded(header: &Value) -> Value {
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap();
    let number = u64::from_str_radix(header["number"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let mut raw = bytes(&header["parentHash"]);
    Compact(number).encode_to(&mut raw);
    raw.extend(bytes(&header["stateRoot"]));
    raw.extend(bytes(&header["extrinsicsRoot"]));
    let logs = header["digest"]["logs"].as_array().unwrap();
    Compact(u32::try_from(logs.len()).unwrap()).encode_to(&mut raw);
    logs.iter().for_each(|log| raw.extend(bytes(log)));
    json!(format!("0x{}", hex::encode(raw)))
}
