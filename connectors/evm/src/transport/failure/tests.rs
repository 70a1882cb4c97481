use super::*;
use serde_json::json;

fn answered(code: i64, data: Option<serde_json::Value>) -> CallError {
    CallError::Answered(Answered {
        endpoint: "http://node.example".to_owned(),
        method: "eth_call".to_owned(),
        error: JsonRpcError { code, message: "execution reverted".to_owned(), data },
    })
}

#[test]
fn revert_data_is_found_wherever_nodes_put_it() {
    for data in [json!("0xdeadbeef"), json!("Reverted 0xdeadbeef"), json!({ "data": "0xdeadbeef", "hash": "0x12" })] {
        assert_eq!(answered(3, Some(data.clone())).revert_data(), Some(vec![0xde, 0xad, 0xbe, 0xef]), "{data}");
    }
    for data in [json!("out of gas"), json!({ "hash": "0x12" }), json!(["0x12"]), json!("0xzz"), json!(null)] {
        assert_eq!(answered(3, Some(data.clone())).revert_data(), None, "{data}");
    }
    assert_eq!(answered(3, None).revert_data(), None);
}

#[test]
fn our_own_error_comes_back_out_of_ethers() {
    let limited = ChainError::RateLimited { endpoint: "http://node.example".to_owned(), retry_after: None };
    let wrapped = ProviderError::from(CallError::Failed(limited));
    let unwrapped = ChainError::from(from_provider("eth_call", &wrapped));
    assert!(matches!(unwrapped, ChainError::RateLimited { .. }), "{unwrapped:?}");
}

#[test]
fn every_cause_is_named_once() {
    let certificate = std::io::Error::other("invalid peer certificate: UnknownIssuer");
    let outer = std::io::Error::other(certificate);
    assert_eq!(with_causes(&outer), "invalid peer certificate: UnknownIssuer");
}
