use crate::{
    anvil::{CHAIN_ID, SUBMITTER_KEY},
    stage::{Stage, key, made},
};
use phat_connector::{ChainError, ChainFacts, OnChainState, OracleStatus, RequestSource};
use phat_connector_evm::{EvmChain, EvmSettings};
use phat_protocol::{Chain, EvmAddress, RequestId, WorkerAddress};
use serde_json::json;

#[tokio::test]
async fn the_facts_are_those_of_the_deployment() {
    let stage = Stage::set().await;
    let expected = ChainFacts {
        chain: Chain::Evm(CHAIN_ID),
        oracle: stage.deployed.oracle.address.to_string(),
        registry: stage.deployed.registry.address.to_string(),
        threshold: 1,
        paused: false,
    };
    assert_eq!(stage.chain.facts().await.unwrap(), expected);
}

#[tokio::test]
async fn an_address_without_an_oracle_is_named() {
    let stage = Stage::set().await;
    for (oracle, cause) in
        [(EvmAddress([9; 20]), "there is no contract"), (stage.deployed.registry.address, "it reverts: 0x")]
    {
        let settings = EvmSettings::new(stage.anvil.http(), CHAIN_ID, oracle);
        let chain = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
        let error = chain.facts().await.unwrap_err();
        let ChainError::NoOracle { address, cause: found } = &error else { panic!("{error:?}") };
        assert_eq!((address, found.as_str()), (&oracle.to_string(), cause));
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn another_chain_is_told_from_the_configured_one() {
    let stage = Stage::set().await;
    let settings = EvmSettings::new(stage.anvil.http(), 1, stage.deployed.oracle.address);
    let chain = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
    let error = chain.facts().await.unwrap_err();
    let ChainError::WrongChain { expected, found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((expected.as_str(), found.as_str()), ("1", "31337"));
}

#[tokio::test]
async fn a_worker_counts_once_registered_and_until_revoked() {
    let stage = Stage::set().await;
    let worker = WorkerAddress(ethers::signers::Signer::address(&stage.worker).0);
    assert!(stage.chain.is_active(worker).await.unwrap());
    assert!(!stage.chain.is_active(WorkerAddress([1; 20])).await.unwrap());
    stage.revoke(worker).await;
    assert!(!stage.chain.is_active(worker).await.unwrap());
}

#[tokio::test]
async fn more_states_than_one_call_takes_are_all_read() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let mut ids: Vec<RequestId> = (0..1_203u16)
        .map(|index| {
            let mut id = [0xee; 32];
            id[..2].copy_from_slice(&index.to_be_bytes());
            RequestId(id)
        })
        .collect();
    ids[1_100] = asked.id;
    let states = stage.chain.states(&ids, None).await.unwrap();
    assert_eq!(states.len(), ids.len());
    for (index, state) in states.into_iter().enumerate() {
        let expected = if index == 1_100 { OnChainState::Pending } else { OnChainState::Closed };
        assert_eq!(state, expected, "{index}");
    }
    assert_eq!(stage.chain.states(&[], None).await.unwrap(), []);
}

#[tokio::test]
async fn a_receipt_vanishes_with_its_block() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, 1).await;
    let (sent, _) = stage.deliver(&[entry]).await;
    stage.anvil.rpc("anvil_reorg", json!([1, []])).await;
    assert_eq!(stage.chain.receipts(&crate::stage::sent(&[sent.hash])).await.unwrap(), []);
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Pending]);
    let head = stage.chain.head().await.unwrap().latest.number;
    assert_eq!(stage.chain.resolutions(&[made(&asked)], head).await.unwrap(), []);
}
