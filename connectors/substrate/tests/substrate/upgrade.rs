//! A chain that changes its runtime while it is watched: calls and events of the oracle begin with another byte then.

use crate::{
    chopsticks::{Options, next_runtime},
    stage::{Stage, sent},
};
use phat_connector::{Acceptance, OracleStatus, ReportSink, RequestSource};

#[tokio::test]
async fn what_was_asked_before_an_upgrade_is_answered_after_it() {
    let mut stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let of_the_old_runtime = stage.prepare(std::slice::from_ref(&entry)).await;
    stage.upgrade().await;

    assert_eq!(stage.chain.broadcast(&of_the_old_runtime.raw).await.unwrap(), Acceptance::Expired);
    let newest = stage.chain.head().await.unwrap().latest.number;
    let pending = stage.chain.requests(asked.block.number..=newest).await.unwrap();
    assert_eq!(pending, std::slice::from_ref(&asked), "as it was seen before");
    let (_, receipt) = stage.deliver(&[entry]).await;
    assert_eq!(receipt.effects.len(), 1, "{receipt:?}");

    let after = stage.ask().await;
    let entry = stage.answer(&after, b"another").await;
    let (_, receipt) = stage.deliver(&[entry]).await;
    let resolutions = stage.resolutions(&after).await;
    assert_eq!(resolutions.iter().map(|it| it.id).collect::<Vec<_>>(), [after.id]);
    assert_eq!(resolutions[0].block.number, receipt.block.number);
}

#[tokio::test]
async fn blocks_from_before_an_upgrade_are_read_as_their_runtime_wrote_them() {
    let mut stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let (prepared, receipt) = stage.deliver(&[entry]).await;
    let resolutions = stage.resolutions(&asked).await;
    assert_eq!(resolutions.len(), 1);
    stage.upgrade().await;

    // One that watched, and one that comes later.
    assert_eq!(stage.chain.receipts(&[sent(&stage.chain, &prepared)]).await.unwrap(), std::slice::from_ref(&receipt));
    assert_eq!(stage.resolutions(&asked).await, resolutions);
    let later = stage.again(|_| {});
    assert_eq!(later.receipts(&[sent(&later, &prepared)]).await.unwrap(), [receipt]);
}

#[tokio::test]
async fn a_pallet_at_another_index_is_served() {
    let stage = Stage::set_with(Options { runtime: Some(next_runtime()), ..Options::default() }, |_| {}).await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let (_, receipt) = stage.deliver(&[entry]).await;
    assert_eq!(receipt.effects.len(), 1, "{receipt:?}");
    assert_eq!(stage.chain.facts().await.unwrap().threshold, 1);
}
