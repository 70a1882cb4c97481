//! Answers that are JSON-RPC, and untrue.

use serde_json::{Value, json};

/// Has calls name the block `height` where they name the newest one; says whether one did.
pub(super) fn ask_below(body: &mut Value, height: u64) -> bool {
    let mut changed = false;
    for call in each(body) {
        let newest = call["params"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter.as_str().is_some_and(|tag| tag == "latest" || tag == "pending"));
        for parameter in newest {
            *parameter = hex(height);
            changed = true;
        }
    }
    changed
}

/// Has answers show nothing above block `height`; says whether one did.
pub(super) fn hide_above(asked: &Value, answer: &mut Value, height: u64) -> bool {
    let is_above = |number: &Value| number_of(number).is_some_and(|number| number > height);
    alter(asked, answer, |method, result| match method {
        "eth_blockNumber" if is_above(result) => {
            *result = hex(height);
            true
        }
        "eth_getBlockByNumber" if is_above(&result["number"]) => {
            *result = Value::Null;
            true
        }
        "eth_getTransactionReceipt" if is_above(&result["blockNumber"]) => {
            *result = Value::Null;
            true
        }
        "eth_getLogs" => result.as_array_mut().is_some_and(|logs| {
            let before = logs.len();
            logs.retain(|log| !is_above(&log["blockNumber"]));
            logs.len() < before
        }),
        _ => false,
    })
}

/// Leaves out all logs; says whether there were any.
pub(super) fn without_logs(asked: &Value, answer: &mut Value) -> bool {
    alter(asked, answer, |method, result| {
        let logs = (method == "eth_getLogs").then(|| result.as_array_mut()).flatten();
        logs.is_some_and(|logs| {
            let had_some = !logs.is_empty();
            logs.clear();
            had_some
        })
    })
}

/// Shows each log twice; says whether there were any.
pub(super) fn with_logs_twice(asked: &Value, answer: &mut Value) -> bool {
    alter(asked, answer, |method, result| {
        let logs = (method == "eth_getLogs").then(|| result.as_array_mut()).flatten();
        logs.is_some_and(|logs| {
            *logs = logs.iter().flat_map(|log| [log.clone(), log.clone()]).collect();
            !logs.is_empty()
        })
    })
}

/// Leaves out all receipts; says whether there were any.
pub(super) fn without_receipts(asked: &Value, answer: &mut Value) -> bool {
    alter(asked, answer, |method, result| {
        let is_receipt = method == "eth_getTransactionReceipt" && !result.is_null();
        if is_receipt {
            *result = Value::Null;
        }
        is_receipt
    })
}

/// The methods that a call, or a batch of calls, names.
pub(super) fn methods(body: &Value) -> Vec<String> {
    let calls = body.as_array().map_or_else(|| std::slice::from_ref(body), Vec::as_slice);
    calls.iter().filter_map(|call| call["method"].as_str().map(str::to_owned)).collect()
}

/// The number that a node writes in hexadecimal.
pub(super) fn number_of(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn hex(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

/// A call, or the calls of a batch; answers alike.
fn each(body: &mut Value) -> Vec<&mut Value> {
    if body.is_array() { body.as_array_mut().into_iter().flatten().collect() } else { vec![body] }
}

/// Changes each result, beside the method that was called; says whether one was changed.
fn alter(asked: &Value, answer: &mut Value, change: impl Fn(&str, &mut Value) -> bool) -> bool {
    let calls = asked.as_array().map_or_else(|| std::slice::from_ref(asked), Vec::as_slice);
    let mut changed = false;
    for answer in each(answer) {
        let call = calls.iter().find(|call| call["id"] == answer["id"]);
        let method = call.and_then(|call| call["method"].as_str()).unwrap_or_default();
        if let Some(result) = answer.get_mut("result") {
            changed |= change(method, result);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: u64, method: &str, params: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
    }

    fn answer(id: u64, result: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "result": result})
    }

    #[test]
    fn a_node_that_is_behind_knows_nothing_of_newer_blocks() {
        let mut asked = json!([
            call(1, "eth_blockNumber", json!([])),
            call(2, "eth_getBlockByNumber", json!(["latest", false])),
            call(3, "eth_getLogs", json!([{"fromBlock": "0x1", "toBlock": "0xb"}])),
            call(4, "eth_getTransactionReceipt", json!(["0x01"])),
            call(5, "eth_getTransactionReceipt", json!(["0x02"])),
            call(6, "eth_getBlockByNumber", json!(["0xb", false])),
        ]);
        assert!(ask_below(&mut asked, 9));
        assert_eq!(asked[1]["params"][0], "0x9");
        let mut answers = json!([
            answer(6, json!({"number": "0xb"})),
            answer(5, json!({"blockNumber": "0x9"})),
            answer(4, json!({"blockNumber": "0xa"})),
            answer(3, json!([{"blockNumber": "0x8"}, {"blockNumber": "0xa"}])),
            answer(2, json!({"number": "0x9"})),
            answer(1, json!("0xb")),
        ]);
        assert!(hide_above(&asked, &mut answers, 9));
        let seen: Vec<&Value> = answers.as_array().unwrap().iter().map(|answer| &answer["result"]).collect();
        let expected = [
            Value::Null,
            json!({"blockNumber": "0x9"}),
            Value::Null,
            json!([{"blockNumber": "0x8"}]),
            json!({"number": "0x9"}),
            json!("0x9"),
        ];
        assert_eq!(seen, expected.iter().collect::<Vec<_>>());
        assert!(!hide_above(&asked, &mut answers, 9), "there is nothing left to hide");
    }

    #[test]
    fn logs_and_receipts_are_left_out_or_repeated_and_nothing_else() {
        let asked = json!([
            call(1, "eth_getLogs", json!([])),
            call(2, "eth_getTransactionReceipt", json!([])),
            call(3, "eth_accounts", json!([])),
        ]);
        let whole = json!([
            answer(1, json!([{"logIndex": "0x0"}, {"logIndex": "0x1"}])),
            answer(2, json!({"status": "0x1"})),
            answer(3, json!(["0x0a"])),
        ]);
        let mut fewer = whole.clone();
        assert!(without_logs(&asked, &mut fewer) && !without_logs(&asked, &mut fewer));
        assert_eq!((&fewer[0]["result"], &fewer[1], &fewer[2]), (&json!([]), &whole[1], &whole[2]));
        let mut more = whole.clone();
        assert!(with_logs_twice(&asked, &mut more));
        assert_eq!(
            more[0]["result"],
            json!([{"logIndex": "0x0"}, {"logIndex": "0x0"}, {"logIndex": "0x1"}, {"logIndex": "0x1"}])
        );
        let mut without = whole.clone();
        assert!(without_receipts(&asked, &mut without) && !without_receipts(&asked, &mut without));
        assert_eq!((&without[0], &without[1]["result"], &without[2]), (&whole[0], &Value::Null, &whole[2]));
    }
}
