use crate::faulty_node::{Answer, FaultyNode};
use ethers::types::H256;
use phat_connector::{EventFilter, EventSource, EvmEventFilter};
use phat_protocol::{Digest, EvmAddress};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn log(address: u8, topics: &[u8], place: (u64, u64)) -> Value {
    json!({
        "address": EvmAddress([address; 20]),
        "topics": topics.iter().map(|topic| H256([*topic; 32])).collect::<Vec<_>>(),
        "data": "0x0102",
        "blockNumber": format!("{:#x}", place.0),
        "blockHash": H256([5; 32]),
        "transactionHash": H256([6; 32]),
        "transactionIndex": "0x0",
        "logIndex": format!("{:#x}", place.1),
        "removed": false,
    })
}

fn filter(address: u8, topics: &[Option<u8>]) -> EventFilter {
    let topics = topics.iter().map(|topic| topic.map(|byte| Digest([byte; 32]))).collect();
    EventFilter::Evm(EvmEventFilter { address: EvmAddress([address; 20]), topics })
}

/// Asks a node that has `logs`; answers the places of those that are told, and what the node was asked.
async fn told(filters: &[EventFilter], logs: Vec<Value>) -> (Vec<(u64, u32)>, Vec<Value>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let node = FaultyNode::start(move |method, params| {
        assert_eq!(method, "eth_getLogs");
        heard.lock().unwrap().push(params.clone());
        Answer::Result(Value::Array(logs.clone()))
    })
    .await;
    let events = node.chain().events(filters, 1..=9).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    (events.into_iter().map(|event| (event.block.number, event.index)).collect(), asked)
}

#[tokio::test]
async fn one_query_serves_all_filters_and_each_event_is_told_once_and_in_order() {
    let filters = [filter(1, &[Some(7)]), filter(1, &[Some(7), None]), filter(2, &[Some(8), Some(9)])];
    let logs = vec![
        log(2, &[8, 9], (5, 1)),
        log(1, &[7, 1], (4, 3)),
        log(1, &[7], (4, 2)),
        // The union lets these pass, and no filter does.
        log(1, &[8, 9], (6, 0)),
        log(2, &[8, 1], (6, 1)),
        log(2, &[8], (6, 2)),
        // These weren't asked for at all.
        log(3, &[7], (6, 3)),
        log(1, &[7], (10, 0)),
    ];
    let (places, asked) = told(&filters, logs).await;
    assert_eq!(places, [(4, 2), (4, 3), (5, 1)]);
    assert_eq!(asked.len(), 1);
    let query = &asked[0][0];
    assert_eq!(query["address"], json!([EvmAddress([1; 20]), EvmAddress([2; 20])]));
    assert_eq!(query["topics"][0], json!([H256([7; 32]), H256([8; 32])]));
    assert_eq!((&query["fromBlock"], &query["toBlock"]), (&json!("0x1"), &json!("0x9")));
}

#[tokio::test]
async fn a_filter_without_a_first_topic_is_not_narrowed_by_another() {
    let filters = [filter(1, &[Some(7)]), filter(2, &[])];
    let (places, asked) = told(&filters, vec![log(2, &[], (3, 0)), log(2, &[1], (3, 1))]).await;
    assert_eq!(places, [(3, 0), (3, 1)]);
    assert!(asked[0][0]["topics"].as_array().is_none_or(|topics| topics.iter().all(Value::is_null)), "{asked:?}");
}

#[tokio::test]
async fn without_filters_nobody_is_asked() {
    let (places, asked) = told(&[], vec![log(1, &[7], (4, 2))]).await;
    assert_eq!((places.len(), asked.len()), (0, 0));
}
