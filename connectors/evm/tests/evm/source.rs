use crate::{
    anvil::{Anvil, CHAIN_ID, SUBMITTER_KEY},
    proxy::Proxy,
    stage::{CONTRACT_ID, Stage, key},
};
use phat_connector::rpc::EndpointSettings;
use phat_connector::{ChainError, Finality, RequestSource};
use phat_connector_evm::{EvmChain, EvmSettings};
use phat_protocol::{Amount, EvmAddress, OracleChain, Request};
use std::time::Duration;
use tokio::{sync::watch, time::timeout};

const SOON: Duration = Duration::from_secs(20);

fn chain(anvil: &Anvil, adjust: impl FnOnce(&mut EvmSettings)) -> EvmChain {
    let mut settings = EvmSettings::new(anvil.http(), CHAIN_ID, EvmAddress([0x0a; 20]));
    adjust(&mut settings);
    EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap()
}

#[tokio::test]
async fn a_request_is_seen_as_it_was_made() {
    let stage = Stage::set().await;
    let seen = stage.ask().await;
    assert_eq!(seen.payload, br#"{"base":"BTC","quote":"USD"}"#);
    assert_eq!(seen.id, seen.request.request_id());
    let Request::Evm(request) = &seen.request else { panic!("an EVM request") };
    assert_eq!(request.sequence, 1);
    assert_eq!(request.consumer, stage.consumer);
    assert_eq!(request.contract_id.0, CONTRACT_ID);
    assert_eq!(request.payment, Amount::from(1_500));
    let parent = stage.chain.block(seen.block.number - 1).await.unwrap().unwrap();
    assert_eq!(request.parent_hash, parent.hash);
    assert_eq!(stage.chain.block(seen.block.number).await.unwrap(), Some(seen.block));
}

#[tokio::test]
async fn requests_come_in_the_order_that_they_were_made_in() {
    let stage = Stage::set().await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(stage.ask().await);
    }
    assert_eq!(stage.chain.requests(0..=asked[2].block.number).await.unwrap(), asked);
    assert_eq!(stage.chain.requests(0..=asked[1].block.number).await.unwrap(), asked[..2]);
    #[expect(clippy::reversed_empty_ranges, reason = "an empty range is what is asked for")]
    let none = stage.chain.requests(5..=4).await.unwrap();
    assert_eq!(none, []);
}

#[tokio::test]
async fn the_head_follows_the_finality() {
    let anvil = Anvil::start(&[]).await;
    // Ten blocks, twelve seconds apart.
    anvil.rpc("anvil_mine", serde_json::json!([10, 12])).await;
    for (finality, confirmed) in [
        (Finality::Latest(0), 10),
        (Finality::Latest(3), 7),
        (Finality::Latest(11), 0),
        (Finality::Latest(u64::MAX), 0),
        // An epoch is one block here: safe is one behind, finalized two.
        (Finality::Safe, 9),
        (Finality::Finalized, 8),
    ] {
        let chain = chain(&anvil, |settings| settings.finality = finality);
        let head = chain.head().await.unwrap();
        assert_eq!(head.latest.number, 10, "{finality}");
        assert_eq!(head.confirmed.number, confirmed, "{finality}");
        assert_eq!(chain.block(confirmed).await.unwrap(), Some(head.confirmed), "{finality}");
        assert!(head.confirmed_timestamp <= head.timestamp && head.confirmed_timestamp > 0, "{finality}");
        assert_eq!(head.confirmed_timestamp == head.timestamp, confirmed == 10, "{finality}");
    }
}

#[tokio::test]
async fn a_block_that_is_not_there_yet_is_none() {
    let anvil = Anvil::start(&[]).await;
    assert_eq!(chain(&anvil, |_| {}).block(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_reorganisation_shows_in_the_blocks_hashes() {
    let anvil = Anvil::start(&[]).await;
    anvil.mine(5).await;
    let chain = chain(&anvil, |_| {});
    let (kept, replaced) = (chain.block(2).await.unwrap(), chain.block(4).await.unwrap());
    anvil.rpc("anvil_reorg", serde_json::json!([3, []])).await;
    assert_eq!(chain.block(2).await.unwrap(), kept);
    let now = chain.block(4).await.unwrap();
    assert!(now.is_some() && now != replaced);
}

#[tokio::test]
async fn new_blocks_ring() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |settings| settings.endpoints[0].ws_url = Some(anvil.web_socket()));
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    // The subscription may start after the first blocks.
    let heard = async {
        while *rung.borrow_and_update() < 3 {
            anvil.mine(1).await;
            let _late = timeout(Duration::from_millis(200), rung.changed()).await;
        }
    };
    timeout(SOON, heard).await.expect("a new block rings");
    listening.abort();
}

#[tokio::test]
async fn a_lost_web_socket_ends_the_listening() {
    let mut anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |settings| settings.endpoints[0].ws_url = Some(anvil.web_socket()));
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    let subscribed = async {
        while *rung.borrow_and_update() == 0 {
            anvil.mine(1).await;
            let _late = timeout(Duration::from_millis(200), rung.changed()).await;
        }
    };
    timeout(SOON, subscribed).await.expect("a new block rings");
    anvil.stop().await;
    let ended = timeout(SOON, listening).await.expect("listening ends").unwrap();
    assert!(matches!(ended, Err(ChainError::Unreachable { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_web_socket_that_hangs_is_taken_for_dead() {
    let anvil = Anvil::start(&[]).await;
    let proxy = Proxy::start(anvil.port, None).await;
    let chain = chain(&anvil, |settings| {
        settings.endpoints[0].ws_url = Some(format!("ws://127.0.0.1:{}", proxy.port).parse().unwrap());
        settings.call_timeout = Duration::from_secs(2);
    });
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    let subscribed = async {
        while *rung.borrow_and_update() == 0 {
            anvil.mine(1).await;
            let _late = timeout(Duration::from_millis(200), rung.changed()).await;
        }
    };
    timeout(SOON, subscribed).await.expect("a new block rings");
    proxy.freeze();
    let ended = timeout(SOON, listening).await.expect("listening ends").unwrap();
    assert!(matches!(ended, Err(ChainError::Unreachable { .. })), "{ended:?}");
}

#[tokio::test]
async fn without_a_web_socket_nothing_rings_and_nothing_fails() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |_| {});
    let (heads, rung) = watch::channel(0);
    anvil.mine(1).await;
    assert!(timeout(Duration::from_millis(200), chain.listen(&heads)).await.is_err(), "it never returns");
    assert!(!rung.has_changed().unwrap());
}

#[tokio::test]
async fn calls_go_over_a_web_socket_and_survive_its_loss() {
    let anvil = Anvil::start(&[]).await;
    let proxy = Proxy::start(anvil.port, None).await;
    let chain = chain(&anvil, |settings| {
        settings.endpoints = vec![EndpointSettings::new(format!("ws://127.0.0.1:{}", proxy.port).parse().unwrap())];
    });
    assert_eq!(chain.head().await.unwrap().latest.number, 0);
    proxy.cut();
    anvil.mine(1).await;
    // The first call after the cut may meet the dying connection.
    let again = async {
        loop {
            match chain.head().await {
                Ok(head) => return head,
                Err(error) => assert!(matches!(error, ChainError::Unreachable { .. }), "{error}"),
            }
        }
    };
    assert_eq!(timeout(SOON, again).await.expect("it reconnects").latest.number, 1);
}
