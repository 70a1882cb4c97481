//! The whole way of a request at a node that serves the JSON-RPC interface specification alone.

use crate::{
    altered::Altered,
    chopsticks::{Chopsticks, GENESIS, Options},
    modern_node::{ModernNode, is_modern},
    proxy::Proxy,
    stage::{INSTANCE, Stage, address, eventually, sent},
};
use phat_connector::{
    Acceptance, Asked, EndpointPool, EndpointState, EntryEffect, EventFilter, EventSource, Finality, OnChainState,
    OracleStatus, ReportSink, RequestSource, Resolution, ResolutionKind, SubstrateEventFilter, rpc::EndpointSettings,
};
use phat_connector_substrate::{Calls, SubstrateChain, SubstrateSettings};
use phat_protocol::OracleChain;
use serde_json::json;
use std::{num::NonZeroUsize, time::Duration};
use tokio::sync::watch;

/// Sets the stage at such a node.
async fn set(options: Options) -> (ModernNode, Stage) {
    let blocks = options.blocks;
    let node = Chopsticks::start(options).await;
    let modern = ModernNode::start(&node).await;
    let settings = SubstrateSettings::new(modern.web_socket(), GENESIS, INSTANCE);
    let stage = Stage::set_on(node, blocks, settings).await;
    (modern, stage)
}

/// Another client of that node, which knows nothing of what was before.
fn again(stage: &Stage, modern: &ModernNode) -> SubstrateChain {
    stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(modern.web_socket())])
}

#[tokio::test]
async fn a_request_is_seen_answered_and_settled() {
    let (modern, stage) = set(Options::default()).await;
    assert_eq!(stage.chain.facts().await.unwrap().threshold, 1);
    assert!(stage.chain.is_active(address(&stage.worker)).await.unwrap());
    let asked = stage.ask().await;
    assert_eq!(asked.request.request_id(), asked.id);
    assert_eq!(stage.chain.block(asked.block.number).await.unwrap(), Some(asked.block));
    assert_ne!(asked.transaction.0.0, asked.block.hash.0, "the extrinsic that asked is known");
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Pending]);

    let entry = stage.answer(&asked, b"an answer").await;
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&entry)).await.unwrap(), [None]);
    let (sent, receipt) = stage.deliver(std::slice::from_ref(&entry)).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Closed]);
    let kind = ResolutionKind::Fulfilled { callback_ok: true };
    let expected = Resolution { id: asked.id, kind, block: receipt.block, transaction: sent.hash };
    stage.node.mine(20).await;
    assert_eq!(stage.resolutions(&asked).await, [expected]);
    assert_eq!(stage.chain.broadcast(&sent.raw).await.unwrap(), Acceptance::NonceUsed);
    let filter = SubstrateEventFilter { pallet: INSTANCE.to_owned(), event: "RequestFulfilled".to_owned() };
    let here = receipt.block.number;
    let events = stage.chain.events(&[EventFilter::Substrate(filter)], here - 1..=here + 1).await.unwrap();
    assert_eq!(events.iter().map(|event| event.block).collect::<Vec<_>>(), [receipt.block]);

    let examined = stage.chain.examine().await.unwrap();
    assert_eq!(examined.calls, Calls::ChainHead { archive: false });
    assert!(examined.has_oracle && examined.tells_cost);
    assert_eq!(modern.refused(), Vec::<String>::new(), "nothing else is asked");
    assert_eq!(modern.asked_for("chainHead_v1_follow"), 1, "there is one follow");
    assert_eq!(modern.asked_for("Metadata_metadata_at_version"), 1, "the runtime is read once");
}

#[tokio::test]
async fn requests_from_before_the_follow_are_seen_and_what_closed_them_before_it_is_not() {
    let (modern, stage) = set(Options::default()).await;
    let (old, open) = (stage.ask().await, stage.ask().await);
    let entry = stage.answer(&old, b"an answer").await;
    let (delivered, _) = stage.deliver(&[entry]).await;
    stage.node.mine(30).await;
    let chain = again(&stage, &modern);
    let newest = chain.head().await.unwrap().latest.number;
    let seen = chain.requests(0..=newest).await.unwrap();
    assert_eq!(seen.iter().map(|request| (request.id, request.block)).collect::<Vec<_>>(), [(open.id, open.block)]);
    assert_eq!(seen[0].transaction.0.0, open.block.hash.0, "which extrinsic asked is not told any more");
    assert_eq!(chain.block(open.block.number).await.unwrap(), Some(open.block), "the state names blocks");
    assert_eq!(chain.block(newest + 1).await.unwrap(), None);
    assert_eq!(chain.receipts(&[sent(&chain, &delivered)]).await.unwrap(), []);
    let asked = [&old, &open].map(|asked| Asked { id: asked.id, block: asked.block.number });
    assert_eq!(chain.resolutions(&asked, newest).await.unwrap(), []);
    let before = Some(old.block.number);
    assert!(chain.states(&[old.id], before).await.unwrap_err().is_transient());
    let beside_another = stage.again(|settings| {
        settings.endpoints = [modern.web_socket(), stage.node.http()].map(EndpointSettings::new).to_vec();
        settings.endpoints[1].priority = 1;
    });
    assert_eq!(beside_another.states(&[old.id], before).await.unwrap(), [OnChainState::Pending], "the other one knows");
    // What happens from now on is told.
    let answer = stage.answer(&open, b"another").await;
    let (_, receipt) = stage.deliver(&[answer]).await;
    let resolved = chain.resolutions(&asked, receipt.block.number).await.unwrap();
    assert_eq!(
        resolved.iter().map(|resolution| (resolution.id, resolution.block)).collect::<Vec<_>>(),
        [(open.id, receipt.block)]
    );
}

#[tokio::test]
async fn what_was_before_the_follow_is_told_by_an_archive() {
    let (_modern, stage) = set(Options::default()).await;
    let archive = ModernNode::with_archive(&stage.node).await;
    let (old, open) = (stage.ask().await, stage.ask().await);
    let entry = stage.answer(&old, b"an answer").await;
    let (delivered, receipt) = stage.deliver(&[entry]).await;
    stage.node.mine(20).await;
    let chain = again(&stage, &archive);
    let newest = chain.head().await.unwrap().latest.number;
    assert_eq!(chain.requests(0..=newest).await.unwrap(), std::slice::from_ref(&open));
    assert_eq!(chain.receipts(&[sent(&chain, &delivered)]).await.unwrap(), std::slice::from_ref(&receipt));
    let asked = Asked { id: old.id, block: old.block.number };
    let kind = ResolutionKind::Fulfilled { callback_ok: true };
    let expected = Resolution { id: old.id, kind, block: receipt.block, transaction: delivered.hash };
    assert_eq!(chain.resolutions(&[asked], newest).await.unwrap(), [expected]);
    assert_eq!(chain.states(&[old.id], Some(old.block.number)).await.unwrap(), [OnChainState::Pending]);
    let time = chain.block_time(old.block.number).await.unwrap().unwrap();
    assert!(time > 0 && time < chain.head().await.unwrap().timestamp);
    assert_eq!(chain.examine().await.unwrap().calls, Calls::ChainHead { archive: true });
    assert_eq!(archive.refused(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reorganisation_shows_in_hashes() {
    let (_modern, stage) = set(Options::default()).await;
    let before = stage.chain.head().await.unwrap().latest.number;
    let asked = stage.ask().await;
    stage.node.set_head(before).await;
    eventually("the head of before", async || stage.chain.head().await.unwrap().latest.number == before).await;
    assert_eq!(stage.chain.requests(0..=before).await.unwrap(), []);
    stage.node.mine(2).await;
    eventually("the other blocks", async || stage.chain.head().await.unwrap().latest.number == before + 2).await;
    let there = stage.chain.block(asked.block.number).await.unwrap().unwrap();
    assert_ne!(there.hash, asked.block.hash);
    let again = stage.ask().await;
    assert_ne!(again.id, asked.id);
}

#[tokio::test]
async fn the_head_follows_the_finality() {
    let (modern, stage) = set(Options::default()).await;
    stage.node.mine(5).await;
    for (finality, below) in [(Finality::Latest(0), 0), (Finality::Latest(3), 3), (Finality::Finalized, 0)] {
        let chain = stage.again(|settings| {
            settings.endpoints = vec![EndpointSettings::new(modern.web_socket())];
            settings.finality = finality;
        });
        // Chopsticks begins a follow with the newest block alone.
        chain.facts().await.unwrap();
        stage.node.mine(5).await;
        let head = stage.node.rpc("chain_getHeader", json!([])).await;
        let head = u64::from_str_radix(head["number"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
        eventually("the new blocks", async || chain.head().await.unwrap().latest.number == head).await;
        let seen = chain.head().await.unwrap();
        assert_eq!(seen.confirmed.number, head - below, "{finality}");
        assert_eq!(chain.block_time(seen.confirmed.number).await.unwrap(), Some(seen.confirmed_timestamp));
    }
}

#[tokio::test]
async fn a_follow_that_the_node_stops_is_begun_anew() {
    let (modern, stage) = set(Options::default()).await;
    for round in 2..5 {
        modern.stop_follows();
        let asked = stage.ask().await;
        let entry = stage.answer(&asked, b"an answer").await;
        stage.deliver(&[entry]).await;
        assert_eq!(modern.asked_for("chainHead_v1_follow"), round);
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let (modern, stage) = set(Options::default()).await;
    let proxy = Proxy::start(modern.port).await;
    let chain = stage.again(|settings| {
        settings.endpoints = vec![EndpointSettings::new(proxy.web_socket())];
        settings.call_timeout = Duration::from_secs(4);
    });
    let asked = stage.ask().await;
    let newest = chain.head().await.unwrap().latest.number;
    proxy.die();
    eventually("the loss", async || chain.head().await.is_err()).await;
    assert_eq!(chain.endpoints()[0].state, EndpointState::Failing);
    proxy.revive();
    eventually("the head", async || chain.head().await.is_ok()).await;
    let seen = chain.requests(0..=newest).await.unwrap();
    assert_eq!(seen.iter().map(|request| (request.id, request.block)).collect::<Vec<_>>(), [(asked.id, asked.block)]);
}

#[tokio::test]
async fn an_upgrade_of_the_runtime_is_noticed() {
    let (modern, mut stage) = set(Options::default()).await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let of_the_old_runtime = stage.prepare(std::slice::from_ref(&entry)).await;
    assert_eq!(modern.asked_for("Metadata_metadata_at_version"), 1);
    stage.upgrade().await;
    assert_eq!(stage.chain.broadcast(&of_the_old_runtime.raw).await.unwrap(), Acceptance::Expired);
    let newest = stage.chain.head().await.unwrap().latest.number;
    assert_eq!(stage.chain.requests(0..=newest).await.unwrap(), std::slice::from_ref(&asked));
    let (_, receipt) = stage.deliver(&[entry]).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    assert_eq!(stage.resolutions(&asked).await.len(), 1);
    assert_eq!(modern.asked_for("Metadata_metadata_at_version"), 2, "the other runtime is read once");
}

#[tokio::test]
async fn the_oldest_broadcast_makes_room_for_another() {
    let (modern, stage) = set(Options { blocks: "Manual", ..Options::default() }).await;
    let outlook = stage.chain.outlook().await.unwrap();
    assert_eq!(outlook.pending_nonce, outlook.mined_nonce, "nothing is told of the pool");
    let (before, mut prepared) = (modern.stopped_broadcasts(), Vec::new());
    for nonce in outlook.mined_nonce..outlook.mined_nonce + 5 {
        let filler = stage.chain.prepare_filler(nonce, outlook.fees).await.unwrap();
        assert_eq!(stage.chain.broadcast(&filler.raw).await.unwrap(), Acceptance::Pooled);
        prepared.push(filler);
    }
    assert!(modern.stopped_broadcasts() > before, "there was no room for all of them");
    stage.node.mine(1).await;
    for filler in &prepared {
        assert!(crate::stage::receipt(&stage.chain, filler).await.succeeded);
    }
}

#[tokio::test]
async fn more_is_asked_at_once_than_a_follow_has_room_for() {
    let (modern, stage) = set(Options::default()).await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(stage.ask().await);
    }
    let chain = again(&stage, &modern);
    chain.facts().await.unwrap();
    let newest = chain.head().await.unwrap().latest.number;
    let all = (0..40).map(|_| async { chain.requests(0..=newest).await.unwrap().len() });
    assert_eq!(futures_util::future::join_all(all).await, vec![asked.len(); 40]);
    assert_eq!(modern.asked_for("chainHead_v1_follow"), 2, "one for each client");
}

#[tokio::test]
async fn endpoints_of_both_sorts_agree() {
    let (modern, stage) = set(Options::default()).await;
    let both = [modern.web_socket(), stage.node.http()].map(EndpointSettings::new);
    let chain = stage.again(|settings| {
        settings.endpoints = both.to_vec();
        settings.read_quorum = NonZeroUsize::new(2).unwrap();
    });
    chain.facts().await.unwrap();
    let asked = stage.ask().await;
    let mut head = chain.head().await.unwrap();
    eventually("the request's block", async || {
        head = chain.head().await.unwrap();
        head.confirmed.number >= asked.block.number
    })
    .await;
    assert_eq!(chain.requests(0..=head.confirmed.number).await.unwrap(), std::slice::from_ref(&asked));
    let entry = stage.answer(&asked, b"an answer").await;
    let outlook = chain.outlook().await.unwrap();
    let prepared = chain.prepare(&[entry], outlook.mined_nonce, outlook.fees).await.unwrap();
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    let receipt = crate::stage::receipt(&chain, &prepared).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    let seen = Asked { id: asked.id, block: asked.block.number };
    let resolutions = chain.resolutions(&[seen], receipt.block.number).await.unwrap();
    assert_eq!(resolutions.iter().map(|it| it.block).collect::<Vec<_>>(), [receipt.block]);
    assert!(chain.endpoints().iter().all(|endpoint| endpoint.state == EndpointState::Healthy));
}

#[tokio::test]
async fn a_follow_ends_with_its_chain_end() {
    let (modern, stage) = set(Options::default()).await;
    let chain = again(&stage, &modern);
    chain.facts().await.unwrap();
    let ended = modern.asked_for("chainHead_v1_unfollow");
    drop(chain);
    eventually("the end of the follow", async || modern.asked_for("chainHead_v1_unfollow") > ended).await;
    assert!(modern.pinned() > 0, "the other one goes on");
}

#[tokio::test]
async fn new_blocks_ring_and_a_lost_web_socket_ends_the_listening() {
    let (modern, mut stage) = set(Options::default()).await;
    for finality in [Finality::Latest(0), Finality::Finalized] {
        let chain = stage.again(|settings| {
            settings.finality = finality;
            settings.endpoints = vec![EndpointSettings::new(modern.web_socket())];
        });
        let (heads, mut rung) = watch::channel(0);
        let listening = tokio::spawn(async move { chain.listen(&heads).await });
        rung.wait_for(|height| *height > 0).await.unwrap();
        let head = *rung.borrow();
        stage.node.mine(1).await;
        rung.wait_for(|height| *height > head).await.unwrap();
        listening.abort();
    }
    let chain = again(&stage, &modern);
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    rung.changed().await.unwrap();
    stage.node.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), listening).await.unwrap().unwrap();
    assert!(ended.unwrap_err().is_transient());
}

#[tokio::test]
async fn over_http_it_is_said_that_a_web_socket_is_needed() {
    let stage = Stage::set().await;
    let altered = Altered::start(&stage.node).await;
    let mut served = stage.node.rpc("rpc_methods", json!([])).await;
    served["methods"].as_array_mut().unwrap().retain(|method| is_modern(method.as_str().unwrap()));
    altered.alter(move |method, _| match method {
        "rpc_methods" => Some(Ok(served.clone())),
        method if is_modern(method) => None,
        _ => Some(Err((-32601, "Method not found"))),
    });
    let chain = stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(altered.http())]);
    let error = chain.facts().await.unwrap_err();
    assert!(error.to_string().contains("ws://"), "{error}");
    let report = chain.look_at_endpoints().await.remove(0);
    assert_eq!(report.state, EndpointState::Failing);
    assert!(report.last_error.unwrap().contains("ws://"));
}
