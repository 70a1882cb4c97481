use crate::enclave;
use axum::{Json, Router, extract::State, routing::post};
use phat_protocol::keccak256;
use serde_json::{Value, json};
use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

const REGISTRY: &str = "0x5fbdb2315678afecb367f032d93f642f64180aa3";

/// Every call that a node got, in order: method and parameters.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A node of chain 31337 that mines whatever it gets in block 9.
struct Node {
    url: String,
    calls: Calls,
    server: JoinHandle<io::Result<()>>,
}

impl Node {
    async fn start() -> Self {
        let calls = Calls::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&calls));
        Self { url, calls, server: tokio::spawn(async move { axum::serve(listener, router).await }) }
    }

    /// The parameters of each call of a method.
    fn asked(&self, method: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| called == method).map(|(_, parameters)| parameters.clone()).collect()
    }
}

/// JSON-RPC 2.0, one call or a batch.
async fn answer(State(calls): State<Calls>, Json(body): Json<Value>) -> Json<Value> {
    let one = |call: &Value| {
        let method = call["method"].as_str().unwrap();
        calls.lock().unwrap().push((method.to_owned(), call["params"].clone()));
        json!({ "jsonrpc": "2.0", "id": call["id"], "result": result(method, &call["params"]) })
    };
    Json(match body.as_array() {
        Some(batch) => batch.iter().map(one).collect(),
        None => one(&body),
    })
}

fn result(method: &str, parameters: &Value) -> Value {
    let (hash, address) = (format!("0x{}", "02".repeat(32)), format!("0x{}", "03".repeat(20)));
    let bloom = format!("0x{}", "00".repeat(256));
    match method {
        "eth_chainId" => json!("0x7a69"),
        "eth_blockNumber" => json!("0x9"),
        "eth_estimateGas" => json!("0x186a0"),
        "eth_getBalance" => json!("0xde0b6b3a7640000"),
        "eth_getTransactionCount" => json!("0x0"),
        "eth_gasPrice" | "eth_maxPriorityFeePerGas" => json!("0x1"),
        "eth_feeHistory" => json!({
            "oldestBlock": "0x8", "baseFeePerGas": ["0x1", "0x1"], "gasUsedRatio": [0.5], "reward": [["0x1"]],
        }),
        "eth_getBlockByNumber" => json!({
            "hash": hash, "number": "0x8", "parentHash": hash, "sha3Uncles": hash, "miner": address, "stateRoot": hash,
            "transactionsRoot": hash, "receiptsRoot": hash, "logsBloom": bloom, "difficulty": "0x0", "extraData": "0x",
            "gasLimit": "0x1c9c380", "gasUsed": "0x0", "timestamp": "0x1", "baseFeePerGas": "0x1", "uncles": [],
            "transactions": [],
        }),
        "eth_sendRawTransaction" => json!(hash),
        "eth_getTransactionReceipt" => json!({
            "transactionHash": parameters[0], "transactionIndex": "0x0", "blockHash": hash, "blockNumber": "0x9",
            "from": address, "to": REGISTRY, "cumulativeGasUsed": "0x1", "gasUsed": "0x1", "logs": [], "status": "0x1",
            "logsBloom": bloom, "effectiveGasPrice": "0x1", "type": "0x2", "contractAddress": null,
        }),
        other => panic!("{other} has no answer here"),
    }
}

async fn allow(directory: &Path, node: &Node, enclave: &str, more: &[&str]) -> Output {
    let key = directory.join("key");
    fs::write(&key, "11".repeat(32)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_relayer"))
        .args(["oracle", "allow", "--rpc-url", &node.url, "--chain-id", "31337", "--key-file", "key"])
        .args(["--registry", REGISTRY, "--enclave", enclave])
        .args(more)
        .current_dir(directory)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn an_enclaves_code_and_configuration_are_allowed_at_the_registry() {
    let directory = tempfile::tempdir().unwrap();
    let (enclave, node) = (enclave::start().await, Node::start().await);
    let allowed = allow(directory.path(), &node, &enclave.endpoint, &["--allow-simulated", "--json"]).await;
    assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
    let said: Value = serde_json::from_slice(&allowed.stdout).unwrap();
    assert_eq!((&said["attestation"], &said["block"]), (&json!("simulated"), &json!(9)));
    assert_eq!(said["measurement"], format!("0x{}", "01".repeat(32)));

    let selector = hex::encode(&keccak256(b"allowPair(bytes32,bytes32)")[..4]);
    let estimated = node.asked("eth_estimateGas");
    assert_eq!(estimated[0][0]["to"], REGISTRY);
    assert_eq!(estimated[0][0]["data"], format!("0x{selector}{}{}", "01".repeat(32), "02".repeat(32)));
    assert_eq!(node.asked("eth_sendRawTransaction").len(), 1);

    let allowed = allow(directory.path(), &node, &enclave.endpoint, &["--allow-simulated"]).await;
    let said = String::from_utf8(allowed.stdout).unwrap();
    assert!(said.contains("attestation  simulated"), "{said}");
    enclave.stop();
    node.server.abort();
}

#[tokio::test]
async fn a_simulated_enclave_is_allowed_only_where_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let (enclave, node) = (enclave::start().await, Node::start().await);
    let refused = allow(directory.path(), &node, &enclave.endpoint, &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("attestation is simulated") && words.contains("--allow-simulated"), "{words}");
    assert!(node.calls.lock().unwrap().is_empty(), "it sent something all the same");
    enclave.stop();
    node.server.abort();
}
