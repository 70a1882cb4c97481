//! From a request to its answer.

use crate::stage::{CONTRACT_ID, INSTANCE, PAYMENT, Stage, address};
use phat_connector::{
    ChainFacts, EntryEffect, EntryRefusal, OnChainState, OracleStatus, ReportSink, RequestSource, Resolution,
    ResolutionKind,
};
use phat_protocol::{Chain, ContractId, Digest, OracleChain, Request, keccak256};

#[tokio::test]
async fn a_request_is_seen_answered_and_settled() {
    let stage = Stage::set().await;
    let facts = ChainFacts {
        chain: Chain::Substrate(stage.chain.genesis()),
        oracle: INSTANCE.to_owned(),
        registry: INSTANCE.to_owned(),
        threshold: 1,
        paused: false,
    };
    assert_eq!(stage.chain.facts().await.unwrap(), facts);
    assert!(stage.chain.is_active(address(&stage.worker)).await.unwrap());

    let asked = stage.ask().await;
    let Request::Substrate(request) = &asked.request else { panic!("{asked:?}") };
    assert_eq!(asked.request.request_id(), asked.id);
    assert_eq!((request.contract_id, request.min_revision), (ContractId(CONTRACT_ID), 3));
    assert_eq!((request.payload_hash, request.payment), (Digest(keccak256(&asked.payload)), PAYMENT));
    assert_eq!(asked.payload, b"what is it?");
    assert_eq!(stage.chain.block(asked.block.number).await.unwrap(), Some(asked.block));
    assert_ne!(asked.transaction.0.0, asked.block.hash.0, "the extrinsic that asked is known");
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Pending]);

    let entry = stage.answer(&asked, b"an answer").await;
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&entry)).await.unwrap(), [None]);
    let (sent, receipt) = stage.deliver(std::slice::from_ref(&entry)).await;
    assert!(receipt.succeeded && receipt.gas_used > 0 && sent.gas_limit > 0, "{receipt:?}");
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    assert_eq!(stage.chain.mined_nonce().await.unwrap(), sent.nonce + 1);

    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Closed]);
    let before = stage.chain.states(&[asked.id], Some(asked.block.number)).await.unwrap();
    assert_eq!(before, [OnChainState::Pending]);
    let kind = ResolutionKind::Fulfilled { callback_ok: true };
    let expected = Resolution { id: asked.id, kind, block: receipt.block, transaction: sent.hash };
    assert_eq!(stage.resolutions(&asked).await, [expected]);
    stage.node.mine(20).await;
    assert_eq!(stage.resolutions(&asked).await, [expected], "however long ago it was");
    assert_eq!(stage.chain.refusals(&[entry]).await.unwrap(), [Some(EntryRefusal::NotPending)]);
    let newest = stage.chain.head().await.unwrap().latest.number;
    assert_eq!(stage.chain.requests(0..=newest).await.unwrap(), [], "nothing waits any more");
}
