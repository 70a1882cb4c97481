//! Several endpoints of one chain, some of which fail.

use crate::{
    chopsticks::{Chopsticks, GENESIS, Options},
    proxy::Proxy,
    stage::{INSTANCE, Stage, eventually, key},
};
use phat_connector::{
    Acceptance, ChainError, EndpointPool, EndpointState, OracleStatus, ReportSink, RequestSource,
    rpc::{EndpointSettings, EndpointUrl, SettingsError},
};
use phat_connector_substrate::{SubstrateChain, SubstrateSettings};
use std::{num::NonZeroUsize, time::Duration};

fn named(name: &str, priority: u32, url: EndpointUrl) -> EndpointSettings {
    EndpointSettings { name: name.to_owned(), priority, ..EndpointSettings::new(url) }
}

fn state(chain: &SubstrateChain, name: &str) -> EndpointState {
    chain.endpoints().into_iter().find(|endpoint| endpoint.name == name).unwrap().state
}

#[tokio::test]
async fn another_endpoint_serves_while_one_is_away_and_the_first_comes_back() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let (first, second) = (Proxy::start(stage.node.port).await, Proxy::start(stage.node.port).await);
    let chain = stage.again(|settings| {
        settings.endpoints = vec![named("first", 0, first.http()), named("second", 1, second.http())];
        settings.call_timeout = Duration::from_secs(4);
        settings.probe_interval = Duration::from_secs(1);
    });
    let head = chain.head().await.unwrap();
    assert_eq!(chain.endpoint(), "first");
    first.die();
    assert_eq!(chain.head().await.unwrap(), head);
    assert_eq!((chain.endpoint(), state(&chain, "first")), ("second", EndpointState::Failing));
    assert_eq!(chain.requests(0..=head.latest.number).await.unwrap(), std::slice::from_ref(&asked));
    let entry = stage.answer(&asked, b"an answer").await;
    let outlook = chain.outlook().await.unwrap();
    let prepared = chain.prepare(&[entry], outlook.mined_nonce, outlook.fees).await.unwrap();
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    first.revive();
    eventually("the first endpoint", async || {
        chain.probe().await;
        state(&chain, "first") == EndpointState::Healthy
    })
    .await;
    eventually("the first endpoint's service", async || {
        chain.head().await.unwrap();
        chain.endpoint() == "first"
    })
    .await;
    // It hangs now rather than hanging up.
    first.freeze();
    chain.head().await.unwrap();
    assert_eq!(chain.endpoint(), "second");
}

#[tokio::test]
async fn a_connection_that_breaks_now_and_then_holds_nothing_up() {
    let stage = Stage::set().await;
    let (proxy, chain) = stage.counted(|_| {}).await;
    proxy.break_now_and_then();
    for _ in 0..10 {
        let head = chain.head().await.unwrap();
        chain.facts().await.unwrap();
        chain.outlook().await.unwrap();
        assert_eq!(chain.requests(0..=head.confirmed.number).await.unwrap(), []);
    }
}

#[tokio::test]
async fn calls_go_over_a_web_socket_and_survive_its_loss() {
    let stage = Stage::set().await;
    let proxy = Proxy::start(stage.node.port).await;
    let chain = stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(proxy.web_socket())]);
    let head = chain.head().await.unwrap();
    proxy.die();
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }) && error.is_transient(), "{error:?}");
    proxy.revive();
    eventually("the web socket", async || chain.head().await.is_ok()).await;
    assert_eq!(chain.head().await.unwrap(), head);
    assert!(chain.facts().await.is_ok());
}

#[tokio::test]
async fn a_node_of_another_fork_is_outvoted_and_two_that_differ_are_believed_nothing() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let liar = Chopsticks::start(Options::default()).await;
    let newest = stage.chain.head().await.unwrap().latest.number;
    liar.mine(u32::try_from(newest).unwrap()).await;
    let two = NonZeroUsize::new(2).unwrap();
    let honest = [named("a", 1, stage.node.http()), named("b", 2, stage.node.http())];
    let chain = stage.again(|settings| {
        settings.endpoints = [&[named("liar", 0, liar.http())], &honest[..]].concat();
        settings.read_quorum = two;
    });
    let head = chain.head().await.unwrap();
    assert_eq!(head.confirmed, stage.chain.head().await.unwrap().confirmed);
    assert_eq!(state(&chain, "liar"), EndpointState::Disagreeing);
    assert_eq!(chain.requests(0..=newest).await.unwrap(), std::slice::from_ref(&asked));

    let torn = stage.again(|settings| {
        settings.endpoints = vec![named("liar", 0, liar.http()), honest[0].clone()];
        settings.read_quorum = two;
    });
    let error = torn.requests(0..=newest).await.unwrap_err();
    assert!(matches!(error, ChainError::Disagreement { needed: 2, .. }) && error.is_transient(), "{error:?}");

    let entry = stage.answer(&asked, b"an answer").await;
    let (sent, receipt) = stage.deliver(&[entry]).await;
    assert_eq!(chain.receipts(&[crate::stage::sent(&chain, &sent)]).await.unwrap(), [receipt]);
}

#[tokio::test]
async fn an_endpoint_that_lags_is_passed_over() {
    let stage = Stage::set().await;
    let late = Chopsticks::start(Options::default()).await;
    stage.node.mine(20).await;
    let chain = stage.again(|settings| {
        settings.endpoints = vec![named("late", 0, late.http()), named("newer", 1, stage.node.http())];
    });
    chain.look_at_endpoints().await;
    chain.look_at_endpoints().await;
    assert_eq!(state(&chain, "late"), EndpointState::Lagging);
    assert_eq!(chain.head().await.unwrap(), stage.chain.head().await.unwrap());
}

#[tokio::test]
async fn settings_that_no_client_can_be_made_of_are_refused() {
    let url: EndpointUrl = "http://127.0.0.1:1".parse().unwrap();
    let refused = |adjust: &dyn Fn(&mut SubstrateSettings)| {
        let mut settings = SubstrateSettings::new(url.clone(), GENESIS, INSTANCE);
        adjust(&mut settings);
        SubstrateChain::connect(settings, &key("//Alice")).unwrap_err()
    };
    let twice = refused(&|settings| settings.endpoints.push(settings.endpoints[0].clone()));
    assert!(matches!(twice, SettingsError::SameName { .. }));
    let few = refused(&|settings| settings.read_quorum = NonZeroUsize::new(2).unwrap());
    assert_eq!(few, SettingsError::TooFewEndpoints { needed: 2, found: 1 });
    let certificate = refused(&|settings| settings.ca_certificate = Some("nothing".to_owned()));
    assert!(matches!(certificate, SettingsError::Certificate(_)));
}
