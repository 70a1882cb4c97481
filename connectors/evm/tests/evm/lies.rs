//! Endpoints that tell untruths.

use crate::{
    faulty_node::{Answer, FaultyNode, ORACLE, block},
    stage::sent,
};
use ethers::{
    abi::Token,
    types::{Address, H256, U256},
    utils::keccak256,
};
use phat_connector::{ChainError, Finality, OracleStatus, RequestSource, TxHash};
use phat_protocol::{Amount, BlockHash, ContractId, Digest, EvmAddress, OracleChain, RequestId, evm};
use serde_json::{Value, json};

const PAYLOAD: &[u8] = b"what is it?";

fn request() -> evm::Request {
    evm::Request {
        chain_id: 1,
        oracle: ORACLE,
        sequence: 7,
        parent_hash: BlockHash([1; 32]),
        consumer: EvmAddress([2; 20]),
        contract_id: ContractId([3; 32]),
        min_revision: 4,
        payload_hash: Digest(keccak256(PAYLOAD)),
        callback_gas_limit: 50_000,
        max_output: 32,
        expires_at: 2_000,
        payment: Amount::from(10),
    }
}

/// A log that says that `request` was made under the id `id`.
fn log(request: &evm::Request, id: RequestId, payload: &[u8]) -> Value {
    let fields = Token::Tuple(vec![
        Token::Uint(request.sequence.into()),
        Token::FixedBytes(request.parent_hash.0.to_vec()),
        Token::Address(Address::from(request.consumer.0)),
        Token::FixedBytes(request.contract_id.0.to_vec()),
        Token::Uint(request.min_revision.into()),
        Token::FixedBytes(request.payload_hash.0.to_vec()),
        Token::Uint(request.callback_gas_limit.into()),
        Token::Uint(request.max_output.into()),
        Token::Uint(request.expires_at.into()),
        Token::Uint(U256::from_big_endian(&request.payment.0)),
    ]);
    let signature = keccak256(
        "RequestSubmitted(bytes32,bytes32,address,\
         (uint64,bytes32,address,bytes32,uint64,bytes32,uint32,uint32,uint64,uint256),bytes)",
    );
    let consumer = H256::from(Address::from(request.consumer.0));
    let data = ethers::abi::encode(&[fields, Token::Bytes(payload.to_vec())]);
    json!({
        "address": request.oracle,
        "topics": [H256(signature), H256(id.0), H256(request.contract_id.0), consumer],
        "data": format!("0x{}", hex::encode(data)),
        "blockNumber": "0x5",
        "blockHash": H256([5; 32]),
        "transactionHash": H256([6; 32]),
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": false,
    })
}

fn truth() -> Value {
    log(&request(), request().request_id(), PAYLOAD)
}

async fn believed(logs: Vec<Value>) -> Vec<RequestId> {
    let node = FaultyNode::start(move |method, _| {
        assert_eq!(method, "eth_getLogs");
        Answer::Result(Value::Array(logs.clone()))
    })
    .await;
    node.chain().requests(1..=9).await.unwrap().into_iter().map(|seen| seen.id).collect()
}

#[tokio::test]
async fn a_true_log_is_believed() {
    assert_eq!(believed(vec![truth()]).await, [request().request_id()]);
}

#[tokio::test]
async fn a_log_that_is_shown_twice_counts_once() {
    let second = evm::Request { sequence: 8, ..request() };
    let mut later = log(&second, second.request_id(), PAYLOAD);
    later["logIndex"] = json!("0x1");
    let logs = vec![truth(), later.clone(), truth(), later];
    assert_eq!(believed(logs).await, [request().request_id(), second.request_id()]);
}

#[tokio::test]
async fn a_log_whose_content_is_another_request_s_is_dropped() {
    let id = request().request_id();
    let alterations: [fn(&mut evm::Request); 10] = [
        |request| request.sequence += 1,
        |request| request.parent_hash.0[0] ^= 1,
        |request| request.consumer.0[0] ^= 1,
        |request| request.contract_id.0[0] ^= 1,
        |request| request.min_revision += 1,
        |request| request.payload_hash.0[0] ^= 1,
        |request| request.callback_gas_limit += 1,
        |request| request.max_output += 1,
        |request| request.expires_at += 1,
        |request| request.payment.0[31] ^= 1,
    ];
    for (index, alter) in alterations.into_iter().enumerate() {
        let mut forged = request();
        alter(&mut forged);
        let logs = vec![log(&forged, id, PAYLOAD), truth()];
        assert_eq!(believed(logs).await, [id], "alteration {index}");
    }
}

#[tokio::test]
async fn a_log_with_another_payload_is_dropped() {
    let id = request().request_id();
    assert_eq!(believed(vec![log(&request(), id, b"something else")]).await, []);
}

#[tokio::test]
async fn a_request_to_another_oracle_or_chain_is_dropped() {
    let elsewhere = evm::Request { oracle: EvmAddress([9; 20]), ..request() };
    let other_chain = evm::Request { chain_id: 2, ..request() };
    let logs =
        vec![log(&elsewhere, elsewhere.request_id(), PAYLOAD), log(&request(), other_chain.request_id(), PAYLOAD)];
    assert_eq!(believed(logs).await, []);
}

#[tokio::test]
async fn a_log_that_was_removed_or_not_mined_or_not_asked_for_is_dropped() {
    let without = |field: &str, value: Value| {
        let mut log = truth();
        log[field] = value;
        log
    };
    let logs = vec![
        without("removed", json!(true)),
        without("address", json!(EvmAddress([9; 20]))),
        without("blockNumber", Value::Null),
        without("blockHash", Value::Null),
        without("blockNumber", json!("0xa")),
        without("data", json!("0x1234")),
        without("topics", json!([])),
    ];
    assert_eq!(believed(logs).await, []);
}

#[tokio::test]
async fn a_block_of_another_height_is_refused() {
    let node = FaultyNode::start(|_, _| Answer::Result(block(4, 1))).await;
    assert!(matches!(node.chain().block(5).await, Err(ChainError::Malformed { .. })));
}

#[tokio::test]
async fn a_chain_without_a_finalized_block_has_confirmed_its_first() {
    let node = FaultyNode::start(|_, params| match params[0].as_str() {
        Some("latest") => Answer::Result(block(9, 9)),
        Some("0x0") => Answer::Result(block(0, 1)),
        _ => Answer::Result(Value::Null),
    })
    .await;
    let head = node.chain_with(|settings| settings.finality = Finality::Finalized).head().await.unwrap();
    assert_eq!((head.latest.number, head.confirmed.number), (9, 0));
}

fn receipt(hash: TxHash, block_byte: u8) -> Value {
    json!({
        "transactionHash": hash.to_string(),
        "transactionIndex": "0x0",
        "blockHash": H256([block_byte; 32]),
        "blockNumber": "0x5",
        "from": Address::zero(),
        "to": Address::zero(),
        "cumulativeGasUsed": "0x5208",
        "gasUsed": "0x5208",
        "logs": [],
        "logsBloom": format!("0x{}", "00".repeat(256)),
        "status": "0x1",
        "type": "0x2",
        "effectiveGasPrice": "0x1",
    })
}

async fn receipts_of(answer: Value, asked: TxHash) -> Result<usize, ChainError> {
    let node = FaultyNode::start(move |method, _| match method {
        "eth_getTransactionReceipt" => Answer::Result(answer.clone()),
        "eth_getBlockByNumber" => Answer::Result(block(5, 5)),
        other => panic!("{other} wasn't expected"),
    })
    .await;
    node.chain().receipts(&sent(&[asked])).await.map(|receipts| receipts.len())
}

#[tokio::test]
async fn a_receipt_of_a_block_that_was_replaced_is_dropped() {
    let hash = TxHash(Digest([7; 32]));
    assert_eq!(receipts_of(receipt(hash, 5), hash).await.unwrap(), 1);
    assert_eq!(receipts_of(receipt(hash, 4), hash).await.unwrap(), 0);
    assert_eq!(receipts_of(Value::Null, hash).await.unwrap(), 0);
}

#[tokio::test]
async fn a_receipt_of_another_transaction_is_refused() {
    let error = receipts_of(receipt(TxHash(Digest([8; 32])), 5), TxHash(Digest([7; 32]))).await.unwrap_err();
    assert!(matches!(error, ChainError::Malformed { .. }), "{error:?}");
}
