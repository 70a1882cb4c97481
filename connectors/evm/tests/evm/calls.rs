//! How many calls questions take: what is asked about many is asked once.

use crate::{
    anvil::{CHAIN_ID, SUBMITTER_KEY},
    faulty_node::{Answer, FaultyNode, block},
    proxy::Proxy,
    stage::{Stage, key, send, sent},
};
use phat_connector::{ChainError, Entry, EntryRefusal, OracleStatus, ReportSink, RequestSource};
use phat_connector_evm::{EvmChain, EvmSettings};
use serde_json::json;

/// The stage's chain end, seen through a proxy.
async fn counted(stage: &Stage) -> (Proxy, EvmChain) {
    let proxy = Proxy::start(stage.anvil.port, None).await;
    let url = format!("http://127.0.0.1:{}", proxy.port).parse().unwrap();
    let settings = EvmSettings::new(url, CHAIN_ID, stage.deployed.oracle.address);
    let chain = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
    // The first call of all makes sure of the chain.
    chain.head().await.unwrap();
    (proxy, chain)
}

async fn entries(stage: &Stage, count: u8) -> Vec<Entry> {
    let mut entries = Vec::new();
    for value in 0..count {
        let asked = stage.ask().await;
        entries.push(stage.answer(&asked, value).await);
    }
    entries
}

#[tokio::test]
async fn what_the_oracle_would_say_of_many_entries_takes_one_batch_of_five_calls() {
    let stage = Stage::set().await;
    let (proxy, chain) = counted(&stage).await;
    let mut entries = entries(&stage, 12).await;
    entries[7].report.output[0] ^= 1;
    // The registry never changes, and is asked for once.
    chain.refusals(&entries[..1]).await.unwrap();
    for count in [1, 7] {
        let before = proxy.asked();
        assert!(chain.refusals(&entries[..count]).await.unwrap().iter().all(Option::is_none));
        // Newest block, paused, threshold, slots, the one signer.
        assert_eq!(proxy.asked() - before, (1, 5), "{count}");
    }
    let before = proxy.asked();
    let refusals = chain.refusals(&entries).await.unwrap();
    assert_eq!(refusals.iter().flatten().collect::<Vec<_>>(), [&EntryRefusal::NotRegistered]);
    assert_eq!(proxy.asked() - before, (1, 6), "the forged report has a signer of its own");
}

#[tokio::test]
async fn a_transaction_takes_a_round_trip_to_prepare_however_many_it_carries() {
    let stage = Stage::set().await;
    let (proxy, chain) = counted(&stage).await;
    let entries = entries(&stage, 6).await;
    let before = proxy.asked();
    let outlook = chain.outlook().await.unwrap();
    // Newest block, mined and pending nonce, gas price, priority fee, fee history.
    assert_eq!(proxy.asked() - before, (1, 6));
    for count in [1, 6] {
        let before = proxy.asked();
        chain.prepare(&entries[..count], outlook.mined_nonce, outlook.fees).await.unwrap();
        assert_eq!(proxy.asked() - before, (1, 3), "{count}");
    }
}

#[tokio::test]
async fn the_gas_of_a_plain_chain_is_estimated_once_and_bounded_alike_after() {
    let stage = Stage::set().await;
    let (proxy, chain) = counted(&stage).await;
    let entries = entries(&stage, 2).await;
    let outlook = chain.outlook().await.unwrap();
    let prepare = || chain.prepare(&entries, outlook.mined_nonce, outlook.fees);
    let estimated = prepare().await.unwrap();
    assert_eq!(proxy.asked_for("eth_estimateGas"), 1);
    let called = prepare().await.unwrap();
    assert_eq!(proxy.asked_for("eth_estimateGas"), 1);
    assert_eq!(called, estimated);
    let receipt = send(&stage.chain, &called).await;
    assert_eq!(receipt.effects.len(), 2);
    // What a call runs is as revealing as an estimate.
    let error = prepare().await;
    assert!(error.is_ok(), "the oracle passes over what is answered: {error:?}");
    let alone = chain.prepare(&entries[..1], outlook.mined_nonce, outlook.fees).await.unwrap_err();
    assert!(alone.to_string().contains("RequestNotPending"), "{alone}");
    assert_eq!(proxy.asked_for("eth_estimateGas"), 1);
}

#[tokio::test]
async fn receipts_of_many_transactions_take_two_batches_at_most() {
    let stage = Stage::set().await;
    let (proxy, chain) = counted(&stage).await;
    let mut hashes = Vec::new();
    for entry in entries(&stage, 4).await {
        hashes.push(stage.deliver(&[entry]).await.1.hash);
    }
    let before = proxy.asked();
    assert_eq!(chain.receipts(&sent(&hashes)).await.unwrap().len(), 4);
    // Four receipts and the newest block; the three blocks before it.
    assert_eq!(proxy.asked() - before, (2, 8));
    let before = proxy.asked();
    assert_eq!(chain.receipts(&sent(&hashes[3..])).await.unwrap().len(), 1);
    assert_eq!(proxy.asked() - before, (1, 2), "the newest transaction is in the newest block");
}

#[tokio::test]
async fn a_batch_that_fits_gets_no_more_gas_than_a_block_has() {
    let stage = Stage::set().await;
    let entries = entries(&stage, 8).await;
    let outlook = stage.chain.outlook().await.unwrap();
    assert_eq!(outlook.gas_limit, 1 << 24, "the most under EIP-7825");
    assert_eq!(stage.chain.fitting(&entries, outlook.gas_limit), 8);
    let limit = 700_000;
    let fit = stage.chain.fitting(&entries, limit);
    assert!((2..8).contains(&fit), "{fit}");
    let within = stage.chain.prepare(&entries[..fit], outlook.mined_nonce, outlook.fees).await.unwrap();
    let beyond = stage.chain.prepare(&entries[..=fit], outlook.mined_nonce, outlook.fees).await.unwrap();
    assert!(within.gas_limit <= limit && beyond.gas_limit > limit, "{} {}", within.gas_limit, beyond.gas_limit);
}

#[tokio::test]
async fn a_batch_for_which_a_node_wants_more_gas_than_there_is_gets_smaller_and_so_do_those_after_it() {
    let stage = Stage::set().await;
    let entries = entries(&stage, 8).await;
    let outlook = stage.chain.outlook().await.unwrap();
    let whole = stage.chain.prepare(&entries, 0, outlook.fees).await.unwrap();
    // All of them need about what there is, a fifth is added, and the cost goes by the length of the data alone.
    let each_byte = outlook.gas_limit / u64::try_from(whole.raw.len()).unwrap();
    let node = FaultyNode::of(move |method, params| match method {
        "eth_chainId" => Answer::Result(json!(format!("{CHAIN_ID:#x}"))),
        "eth_blockNumber" => Answer::Result(json!("0x9")),
        "eth_getBalance" => Answer::Result(json!("0x56bc75e2d63100000")),
        "eth_getBlockByNumber" => Answer::Result(block(9, 9)),
        "eth_estimateGas" => {
            let bytes = u64::try_from(params[0]["data"].as_str().unwrap().len() / 2).unwrap();
            Answer::Result(json!(format!("{:#x}", each_byte * bytes)))
        }
        other => panic!("{other} wasn't expected"),
    })
    .await;
    let oracle = stage.deployed.oracle.address;
    let chain = node.chain_with(|settings| (settings.chain_id, settings.oracle) = (CHAIN_ID, oracle));
    assert_eq!(chain.fitting(&entries, outlook.gas_limit), 8);
    let error = chain.prepare(&entries, 0, outlook.fees).await.unwrap_err();
    assert!(matches!(&error, ChainError::Reverted { reason } if reason.contains("the batch may need")), "{error:?}");
    let fit = chain.fitting(&entries, outlook.gas_limit);
    assert!((4..8).contains(&fit), "{fit}");
    let fitting = chain.prepare(&entries[..fit], 0, outlook.fees).await.unwrap();
    assert!(fitting.gas_limit > whole.gas_limit && fitting.gas_limit <= outlook.gas_limit, "{}", fitting.gas_limit);
    // A transfer is no measure of what reports cost.
    let fit = chain.fitting(&entries, outlook.gas_limit);
    chain.prepare_filler(1, outlook.fees).await.unwrap();
    assert_eq!(chain.fitting(&entries, outlook.gas_limit), fit);
}
