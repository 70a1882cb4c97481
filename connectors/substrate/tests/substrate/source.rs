//! What is asked, and where the chain stands.

use crate::{
    chopsticks::Options,
    stage::{Stage, eventually},
};
use phat_connector::{Finality, OracleStatus, RequestSource, ResolutionKind, rpc::EndpointSettings};
use std::time::Duration;
use subxt::dynamic::Value;
use tokio::sync::watch;

#[tokio::test]
async fn requests_come_in_their_order_and_by_their_blocks() {
    let stage = Stage::set().await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(stage.ask().await);
    }
    let newest = stage.chain.head().await.unwrap().latest.number;
    assert_eq!(stage.chain.requests(0..=newest).await.unwrap(), asked);
    let middle = asked[1].block.number;
    assert_eq!(stage.chain.requests(middle..=middle).await.unwrap(), asked[1..2]);
    assert_eq!(stage.chain.requests(middle + 1..=newest).await.unwrap(), asked[2..]);
    // Of another client, which has read none of them before.
    let fresh = stage.again(|_| {});
    assert_eq!(fresh.requests(middle..=newest).await.unwrap(), asked[1..]);
    let empty = std::ops::RangeInclusive::new(newest, newest - 1);
    assert_eq!(stage.chain.requests(empty).await.unwrap(), []);
    assert!(stage.chain.requests(0..=newest + 1).await.is_err(), "who hasn't reached a block isn't believed");
}

#[tokio::test]
async fn the_head_follows_the_finality() {
    let stage = Stage::set().await;
    stage.node.mine(5).await;
    let head = stage.chain.head().await.unwrap();
    assert_eq!(head.confirmed, head.latest, "chopsticks calls each block final at once");
    for (finality, below) in [(Finality::Latest(0), 0), (Finality::Latest(3), 3), (Finality::Safe, 0)] {
        let chain = stage.again(|settings| settings.finality = finality);
        let seen = chain.head().await.unwrap();
        assert_eq!(seen.latest, head.latest);
        assert_eq!(seen.confirmed.number, head.latest.number - below, "{finality}");
        assert_eq!(chain.block(seen.confirmed.number).await.unwrap(), Some(seen.confirmed));
        assert_eq!(chain.block_time(seen.confirmed.number).await.unwrap(), Some(seen.confirmed_timestamp));
    }
    assert_eq!(stage.chain.block(head.latest.number + 1).await.unwrap(), None);
    assert_eq!(stage.chain.block_time(head.latest.number + 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_request_counts_once_its_block_does() {
    let stage = Stage::set_with(Options::default(), |_| {}).await;
    let asked = stage.ask().await;
    let chain = stage.again(|settings| settings.finality = Finality::Latest(2));
    let head = chain.head().await.unwrap();
    assert!(head.confirmed.number < asked.block.number);
    assert_eq!(chain.requests(0..=head.confirmed.number).await.unwrap(), []);
    stage.node.mine(2).await;
    let head = chain.head().await.unwrap();
    // It is seen though it was answered since, in a block that doesn't count yet.
    let entry = stage.answer(&asked, b"an answer").await;
    stage.deliver(&[entry]).await;
    assert_eq!(chain.requests(0..=head.confirmed.number).await.unwrap(), [asked]);
}

#[tokio::test]
async fn a_reorganisation_shows_in_hashes_and_makes_another_request() {
    let stage = Stage::set().await;
    let before = stage.chain.head().await.unwrap().latest.number;
    let asked = stage.ask().await;
    stage.node.set_head(before).await;
    assert_eq!(stage.chain.requests(0..=before).await.unwrap(), []);
    assert_eq!(stage.resolutions_to(&asked, before).await, []);
    stage.node.mine(2).await;
    let there = stage.chain.block(asked.block.number).await.unwrap().unwrap();
    assert_ne!(there.hash, asked.block.hash);
    let again = stage.ask().await;
    assert_ne!(again.id, asked.id, "the id binds the block before");
    let newest = stage.chain.head().await.unwrap().latest.number;
    assert_eq!(stage.chain.requests(0..=newest).await.unwrap(), [again]);
}

#[tokio::test]
async fn a_request_that_expired_is_cancelled_by_anyone() {
    let stage = Stage::set().await;
    let asked = stage.ask_for(120).await;
    let now = stage.chain.head().await.unwrap().timestamp;
    stage.node.travel((now + 200) * 1_000).await;
    stage.node.mine(1).await;
    let cancel = vec![("request_id".to_owned(), Value::from_bytes(asked.id.0))];
    stage.send("//Charlie", "PhatOracle", "cancel", cancel).await;
    let resolutions = stage.resolutions(&asked).await;
    assert_eq!(resolutions.iter().map(|resolution| resolution.kind).collect::<Vec<_>>(), [ResolutionKind::Cancelled]);
    let states = stage.chain.states(&[asked.id], None).await.unwrap();
    assert_eq!(states, [phat_connector::OnChainState::Closed]);
}

#[tokio::test]
async fn new_blocks_ring_and_a_lost_web_socket_ends_the_listening() {
    let mut stage = Stage::set().await;
    let web_socket = stage.node.web_socket();
    for finality in [Finality::Latest(0), Finality::Finalized] {
        let chain = stage.again(|settings| {
            settings.finality = finality;
            settings.endpoints = vec![EndpointSettings::new(web_socket.clone())];
        });
        let (heads, mut rung) = watch::channel(0);
        let listening = tokio::spawn(async move { chain.listen(&heads).await });
        let head = stage.chain.head().await.unwrap().latest.number;
        rung.wait_for(|height| *height >= head).await.unwrap();
        stage.node.mine(1).await;
        rung.wait_for(|height| *height > head).await.unwrap();
        listening.abort();
    }
    let chain = stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(web_socket)]);
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    rung.changed().await.unwrap();
    stage.node.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), listening).await.unwrap().unwrap();
    assert!(ended.unwrap_err().is_transient());
}

#[tokio::test]
async fn without_a_web_socket_nothing_rings_and_nothing_fails() {
    let stage = Stage::set().await;
    let chain = stage.again(|_| {});
    let (heads, rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    stage.node.mine(1).await;
    eventually("a new block", async || stage.chain.head().await.unwrap().latest.number > 2).await;
    assert!(!listening.is_finished() && *rung.borrow() == 0);
    listening.abort();
}
