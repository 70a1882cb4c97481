//! Several endpoints of one chain, of which some misbehave.

use crate::{
    anvil::{Anvil, CHAIN_ID, SUBMITTER_KEY},
    faulty_node::{Answer, FaultyNode, ORACLE, block},
    stage::{key, sent},
};
use phat_connector::rpc::{EndpointSettings, SettingsError};
use phat_connector::{
    Acceptance, ChainError, EndpointPool, EndpointReport, EndpointState, Finality, OracleStatus, ReportSink,
    RequestSource, TxHash,
};
use phat_connector_evm::{EvmChain, EvmSettings};
use phat_protocol::Digest;
use serde_json::{Value, json};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A call's time: what hangs is noticed after a quarter of it.
const CALL: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(20);

/// What a node does now; a test changes it while calls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Mood {
    Well,
    Hung,
    Broken,
    Limited,
    OtherChain,
    Busy,
}

/// A node of chain 1 that knows one log and one receipt, in block 5.
struct Node {
    server: FaultyNode,
    mood: Arc<AtomicU8>,
    height: Arc<AtomicU64>,
    /// Of which byte the hash of its block 5 consists.
    fork: Arc<AtomicU8>,
}

const MOODS: [Mood; 6] = [Mood::Well, Mood::Hung, Mood::Broken, Mood::Limited, Mood::OtherChain, Mood::Busy];
const TRANSACTION: TxHash = TxHash(Digest([7; 32]));

impl Node {
    async fn at(height: u64) -> Self {
        let (mood, height) = (Arc::new(AtomicU8::new(Mood::Well as u8)), Arc::new(AtomicU64::new(height)));
        let fork = Arc::new(AtomicU8::new(5));
        let (moods, heights, forks) = (mood.clone(), height.clone(), fork.clone());
        let server = FaultyNode::of(move |method, params| {
            let height = heights.load(Ordering::SeqCst);
            let mood = MOODS[usize::from(moods.load(Ordering::SeqCst))];
            match mood {
                Mood::Hung => return Answer::Never,
                Mood::Broken => return Answer::Status(500, None),
                Mood::Limited => return Answer::Status(429, Some("1")),
                Mood::Busy => return Answer::Error(-32005, "limit exceeded", None),
                Mood::OtherChain if method == "eth_chainId" => return Answer::Result(json!("0x2")),
                Mood::Well | Mood::OtherChain => {}
            }
            answer(method, params, height, forks.load(Ordering::SeqCst))
        })
        .await;
        Self { server, mood, height, fork }
    }

    fn is(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    fn grow(&self, height: u64) {
        self.height.store(height, Ordering::SeqCst);
    }

    fn settings(&self, name: &str, priority: u32) -> EndpointSettings {
        let url = format!("http://127.0.0.1:{}", self.server.port).parse().unwrap();
        EndpointSettings { name: name.to_owned(), priority, ..EndpointSettings::new(url) }
    }

    fn asked_for(&self, method: &str) -> usize {
        self.server.asked().iter().filter(|asked| asked.method == method).count()
    }
}

fn answer(method: &str, params: &Value, height: u64, fork: u8) -> Answer {
    let number = |value: &Value| u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16);
    match method {
        "eth_chainId" => Answer::Result(json!("0x1")),
        "eth_blockNumber" => Answer::Result(json!(format!("{height:#x}"))),
        "eth_getBlockByNumber" => match number(&params[0]).unwrap_or(height) {
            5 if height >= 5 => Answer::Result(block(5, fork)),
            number if number <= height => Answer::Result(block(number, u8::try_from(number).unwrap())),
            _ => Answer::Result(Value::Null),
        },
        "eth_getLogs" if height >= 5 => Answer::Result(json!([log(fork)])),
        "eth_getLogs" => Answer::Result(json!([])),
        "eth_getTransactionReceipt" if height >= 5 => Answer::Result(receipt(fork)),
        "eth_getTransactionReceipt" => Answer::Result(Value::Null),
        "eth_getTransactionCount" => Answer::Result(json!("0x3")),
        "eth_sendRawTransaction" => Answer::Result(json!(TRANSACTION.to_string())),
        other => panic!("{other} wasn't expected"),
    }
}

fn hash(byte: u8) -> String {
    format!("0x{}", hex::encode([byte; 32]))
}

/// A transfer of a token: no request.
fn log(fork: u8) -> Value {
    json!({
        "address": ORACLE,
        "topics": [hash(1)],
        "data": "0x",
        "blockNumber": "0x5",
        "blockHash": hash(fork),
        "transactionHash": TRANSACTION.to_string(),
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": false,
    })
}

fn receipt(fork: u8) -> Value {
    json!({
        "transactionHash": TRANSACTION.to_string(),
        "transactionIndex": "0x0",
        "blockHash": hash(fork),
        "blockNumber": "0x5",
        "from": ORACLE,
        "to": ORACLE,
        "cumulativeGasUsed": "0x5208",
        "gasUsed": "0x5208",
        "logs": [],
        "logsBloom": format!("0x{}", "00".repeat(256)),
        "status": "0x1",
        "type": "0x2",
        "effectiveGasPrice": "0x1",
    })
}

fn chain(endpoints: Vec<EndpointSettings>, adjust: impl FnOnce(&mut EvmSettings)) -> EvmChain {
    let mut settings = EvmSettings::new("http://127.0.0.1:1".parse().unwrap(), 1, ORACLE);
    settings.endpoints = endpoints;
    settings.call_timeout = CALL;
    settings.probe_interval = Duration::from_secs(3600);
    adjust(&mut settings);
    EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap()
}

/// A primary node and a backup, both at block 9, and the chain that is read through them.
async fn pair() -> (Node, Node, EvmChain) {
    let (first, second) = (Node::at(9).await, Node::at(9).await);
    let chain = chain(vec![first.settings("first", 0), second.settings("second", 1)], |_| {});
    (first, second, chain)
}

/// Three nodes at block 9, of which two have to agree.
async fn three() -> ([Node; 3], EvmChain) {
    let nodes = [Node::at(9).await, Node::at(9).await, Node::at(9).await];
    let names = ["a", "b", "c"];
    let endpoints = nodes.iter().zip(names).map(|(node, name)| node.settings(name, 0)).collect();
    let chain = chain(endpoints, |settings| settings.read_quorum = NonZeroUsize::new(2).unwrap());
    (nodes, chain)
}

fn report(chain: &EvmChain, name: &str) -> EndpointReport {
    chain.endpoints().into_iter().find(|report| report.name == name).unwrap()
}

fn state(chain: &EvmChain, name: &str) -> EndpointState {
    report(chain, name).state
}

fn in_use(chain: &EvmChain) -> String {
    chain.endpoints().into_iter().find(|report| report.in_use).unwrap().name
}

/// Probes until the endpoint is in the state.
async fn until(chain: &EvmChain, name: &str, expected: EndpointState) {
    let probed = async {
        while state(chain, name) != expected {
            let pause = chain.probe().await;
            tokio::time::sleep(pause).await;
        }
    };
    tokio::time::timeout(SOON, probed).await.unwrap_or_else(|_| panic!("{:?}", report(chain, name)));
}

#[tokio::test]
async fn calls_go_to_the_first_endpoint_while_it_is_well() {
    let (first, second, chain) = pair().await;
    for _ in 0..5 {
        chain.head().await.unwrap();
    }
    assert_eq!((first.asked_for("eth_getBlockByNumber"), second.server.asked().len()), (5, 0));
    assert_eq!((state(&chain, "first"), state(&chain, "second")), (EndpointState::Healthy, EndpointState::Untried));
    assert_eq!(in_use(&chain), "first");
}

#[tokio::test]
async fn a_read_that_fails_is_answered_by_another_endpoint_and_the_first_is_brought_back() {
    for mood in [Mood::Broken, Mood::Hung] {
        let (first, second, chain) = pair().await;
        chain.head().await.unwrap();
        first.is(mood);
        assert_eq!(chain.head().await.unwrap().latest.number, 9, "{mood:?}");
        assert_eq!((state(&chain, "first"), in_use(&chain).as_str()), (EndpointState::Failing, "second"), "{mood:?}");
        let asked = first.server.asked().len();
        for _ in 0..20 {
            chain.head().await.unwrap();
        }
        assert_eq!(first.server.asked().len(), asked, "{mood:?}: a dead endpoint slows nothing down");
        first.is(Mood::Well);
        until(&chain, "first", EndpointState::Healthy).await;
        let served = second.server.asked().len();
        chain.head().await.unwrap();
        assert_eq!((second.server.asked().len(), in_use(&chain).as_str()), (served, "first"), "{mood:?}");
    }
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_passed_over() {
    let second = Node::at(9).await;
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = EndpointSettings::new(format!("http://{dead}").parse().unwrap());
    let chain = chain(vec![gone, second.settings("second", 1)], |_| {});
    assert_eq!(chain.mined_nonce().await.unwrap(), 3);
    let report = &chain.endpoints()[0];
    assert_eq!((report.name.clone(), report.state), (format!("http://{dead}"), EndpointState::Failing));
    assert!(report.last_error.as_ref().unwrap().contains("unreachable"), "{report:?}");
}

#[tokio::test]
async fn a_limited_endpoint_gets_no_call_before_its_rest_is_over() {
    for mood in [Mood::Limited, Mood::Busy] {
        let (first, _second, chain) = pair().await;
        chain.head().await.unwrap();
        first.is(mood);
        let before = Instant::now();
        chain.mined_nonce().await.unwrap();
        first.is(Mood::Well);
        let asked = first.server.asked().len();
        assert_eq!(state(&chain, "first"), EndpointState::Resting, "{mood:?}");
        while state(&chain, "first") == EndpointState::Resting {
            chain.probe().await;
            chain.head().await.unwrap();
            let now = first.server.asked().len();
            assert!(now == asked || state(&chain, "first") != EndpointState::Resting, "{mood:?}");
        }
        assert!(before.elapsed() >= Duration::from_secs(1), "{mood:?}: {:?}", before.elapsed());
        chain.head().await.unwrap();
        assert_eq!(in_use(&chain), "first", "{mood:?}");
    }
}

#[tokio::test]
async fn where_all_rest_the_caller_is_told_for_how_long() {
    let (first, second, chain) = pair().await;
    first.is(Mood::Limited);
    second.is(Mood::Limited);
    chain.head().await.unwrap_err();
    let asked = first.server.asked().len() + second.server.asked().len();
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::RateLimited { .. }), "{error:?}");
    let left = error.retry_after().unwrap();
    assert!(left <= Duration::from_secs(1) && !left.is_zero(), "{left:?}");
    assert_eq!(first.server.asked().len() + second.server.asked().len(), asked);
}

#[tokio::test]
async fn an_endpoint_of_another_chain_is_not_read_until_it_serves_ours() {
    let (first, second, chain) = pair().await;
    first.is(Mood::OtherChain);
    chain.head().await.unwrap();
    assert_eq!((state(&chain, "first"), in_use(&chain).as_str()), (EndpointState::WrongChain, "second"));
    assert_eq!(first.asked_for("eth_getBlockByNumber"), 0);
    assert!(report(&chain, "first").last_error.unwrap().contains("serves chain 2, not 1"));
    second.is(Mood::OtherChain);
    chain.look_at_endpoints().await;
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::WrongChain { .. }), "{error:?}");
    first.is(Mood::Well);
    until(&chain, "first", EndpointState::Healthy).await;
    assert_eq!((chain.head().await.unwrap().latest.number, in_use(&chain).as_str()), (9, "first"));
}

#[tokio::test]
async fn a_node_that_is_replaced_by_one_of_another_chain_is_noticed_however_busy_it_is() {
    let (first, _second, chain) = {
        let (first, second) = (Node::at(9).await, Node::at(9).await);
        let endpoints = vec![first.settings("first", 0), second.settings("second", 1)];
        let chain = chain(endpoints, |settings| settings.probe_interval = Duration::from_millis(100));
        (first, second, chain)
    };
    chain.head().await.unwrap();
    first.is(Mood::OtherChain);
    let noticed = async {
        while state(&chain, "first") != EndpointState::WrongChain {
            chain.head().await.unwrap();
            chain.probe().await;
        }
    };
    tokio::time::timeout(SOON, noticed).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_stands_still_lags_and_is_used_again_once_it_caught_up() {
    let (first, second, chain) = pair().await;
    chain.look_at_endpoints().await;
    second.grow(15);
    chain.look_at_endpoints().await;
    // The first may have been looked at before the second.
    chain.look_at_endpoints().await;
    assert_eq!(chain.head().await.unwrap().latest.number, 15);
    let lagging = report(&chain, "first");
    assert_eq!((lagging.state, lagging.head, lagging.lag), (EndpointState::Lagging, Some(9), Some(6)));
    first.grow(16);
    until(&chain, "first", EndpointState::Healthy).await;
    assert_eq!(chain.head().await.unwrap().latest.number, 16);
}

#[tokio::test]
async fn logs_come_from_an_endpoint_that_has_reached_their_last_block() {
    let (first, second, chain) = pair().await;
    first.grow(4);
    // Nothing is known of either head: the first says itself that it isn't there.
    assert_eq!(chain.requests(1..=5).await.unwrap(), []);
    assert_eq!((first.asked_for("eth_getLogs"), second.asked_for("eth_getLogs")), (1, 1));
    // Now it is known, and it isn't asked.
    assert_eq!(chain.requests(1..=5).await.unwrap(), []);
    assert_eq!((first.asked_for("eth_getLogs"), second.asked_for("eth_getLogs")), (1, 2));
    second.is(Mood::Broken);
    let error = chain.requests(1..=5).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    second.is(Mood::Well);
    second.grow(4);
    let error = chain.requests(1..=5).await.unwrap_err();
    assert!(matches!(error, ChainError::Behind { head: 4, wanted: 5, .. }), "{error:?}");
}

#[tokio::test]
async fn an_endpoint_that_has_not_reached_a_block_does_not_say_that_there_is_none() {
    let (first, second, chain) = pair().await;
    chain.look_at_endpoints().await;
    // A provider's other door, behind which less is known.
    first.grow(4);
    assert_eq!(chain.block(8).await.unwrap().unwrap().number, 8);
    assert_eq!(in_use(&chain), "second");
    second.is(Mood::Broken);
    // Who has shown that height is away now.
    let error = chain.block(8).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    second.is(Mood::Well);
    assert_eq!(chain.block(10).await.unwrap(), None, "nobody has seen that height");
}

#[tokio::test]
async fn a_batch_is_answered_by_one_endpoint() {
    let (first, second, chain) = pair().await;
    chain.head().await.unwrap();
    first.is(Mood::Broken);
    let receipts = chain.receipts(&sent(&[TRANSACTION, TRANSACTION])).await.unwrap();
    assert_eq!(receipts.len(), 2);
    assert_eq!((first.asked_for("eth_getTransactionReceipt"), second.asked_for("eth_getTransactionReceipt")), (1, 2));
}

#[tokio::test]
async fn a_node_that_hides_a_log_or_a_receipt_is_outvoted() {
    let ([a, _b, _c], chain) = three().await;
    a.fork.store(6, Ordering::SeqCst);
    assert_eq!(chain.receipts(&sent(&[TRANSACTION])).await.unwrap().len(), 1);
    assert_eq!(state(&chain, "a"), EndpointState::Disagreeing);
    assert!(report(&chain, "a").last_error.unwrap().contains("eth_getTransactionReceipt"));
    let ([a, _b, _c], chain) = three().await;
    a.fork.store(6, Ordering::SeqCst);
    chain.requests(1..=9).await.unwrap();
    assert_eq!(state(&chain, "a"), EndpointState::Disagreeing);
}

#[tokio::test]
async fn where_no_quorum_agrees_nothing_counts_and_everyone_is_named() {
    let ([a, b, c], chain) = three().await;
    for (node, fork) in [(&a, 5), (&b, 6), (&c, 7)] {
        node.fork.store(fork, Ordering::SeqCst);
    }
    for error in [chain.requests(1..=9).await.unwrap_err(), chain.receipts(&sent(&[TRANSACTION])).await.unwrap_err()] {
        let ChainError::Disagreement { needed, endpoints, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*needed, endpoints.join(" ")), (2, "a b c".to_owned()));
        assert!(error.is_transient());
    }
    assert!(chain.endpoints().iter().all(|report| report.state.is_well()), "nobody knows who is wrong");
    // Endpoints that only differ for a moment are asked again.
    let healed = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        b.fork.store(5, Ordering::SeqCst);
        (a, b, c)
    });
    chain.requests(1..=9).await.unwrap();
    healed.await.unwrap();
}

#[tokio::test]
async fn a_quorum_is_found_among_those_that_answer() {
    let ([a, b, _c], chain) = three().await;
    a.is(Mood::Broken);
    chain.requests(1..=9).await.unwrap();
    assert_eq!(chain.head().await.unwrap().latest.number, 9);
    b.is(Mood::Broken);
    let error = chain.requests(1..=9).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "one is no quorum: {error:?}");
    assert!(chain.head().await.is_err());
}

#[tokio::test]
async fn the_head_is_one_that_a_quorum_has_reached_and_shows_alike() {
    let ([a, b, c], chain) = three().await;
    a.grow(12);
    b.grow(11);
    c.grow(10);
    let head = chain.head().await.unwrap();
    assert_eq!((head.latest.number, head.confirmed.number), (11, 11));
    // A liar that is far ahead moves nothing.
    a.grow(200);
    let head = chain.head().await.unwrap();
    assert_eq!((head.latest.number, head.confirmed.number), (11, 11));
    let ([a, _b, _c], deep) = three().await;
    a.fork.store(6, Ordering::SeqCst);
    drop(deep);
    let endpoints = vec![a.settings("a", 0), b.settings("b", 0), c.settings("c", 0)];
    let chain = self::chain(endpoints, |settings| {
        settings.read_quorum = NonZeroUsize::new(2).unwrap();
        settings.finality = Finality::Latest(5);
    });
    b.grow(10);
    assert_eq!(chain.head().await.unwrap().confirmed.hash.0, [5; 32], "the liar's block 5 is another");
}

#[tokio::test]
async fn a_transaction_goes_to_all_and_the_first_acceptance_is_the_answer() {
    let (first, second, chain) = pair().await;
    let third = Node::at(9).await;
    first.is(Mood::Hung);
    let endpoints = vec![first.settings("first", 0), second.settings("second", 1), third.settings("third", 2)];
    drop(chain);
    let chain = self::chain(endpoints, |_| {});
    let started = Instant::now();
    assert_eq!(chain.broadcast(&[2, 1]).await.unwrap(), Acceptance::Pooled);
    assert!(started.elapsed() < CALL, "the one that hangs isn't waited for: {:?}", started.elapsed());
    let sent = async {
        while [&first, &second, &third].iter().any(|node| node.asked_for("eth_sendRawTransaction") == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, sent).await.expect("all of them get it");
}

#[tokio::test]
async fn a_transaction_that_one_accepts_is_accepted_whatever_others_say() {
    let second = Node::at(9).await;
    let refusing = FaultyNode::start(|_, _| Answer::Error(-32000, "no", None)).await;
    let url = format!("http://127.0.0.1:{}", refusing.port).parse().unwrap();
    let first = EndpointSettings { name: "first".to_owned(), ..EndpointSettings::new(url) };
    let chain = chain(vec![first, second.settings("second", 1)], |_| {});
    assert_eq!(chain.broadcast(&[2, 1]).await.unwrap(), Acceptance::Pooled);
    second.is(Mood::Broken);
    let error = chain.broadcast(&[2, 1]).await.unwrap_err();
    assert!(matches!(error, ChainError::Node { code: -32000, .. }), "what a node says tells the most: {error:?}");
}

#[tokio::test]
async fn blocks_are_announced_by_the_next_endpoint_where_the_best_is_silent() {
    let anvil = Anvil::start(&[]).await;
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut settings = EvmSettings::new(anvil.http(), CHAIN_ID, ORACLE);
    let at = |name: &str, ws_url: String| EndpointSettings {
        name: name.to_owned(),
        ws_url: Some(ws_url.parse().unwrap()),
        ..EndpointSettings::new(anvil.http())
    };
    settings.endpoints = vec![
        EndpointSettings { name: "none".to_owned(), ..EndpointSettings::new(anvil.http()) },
        at("dead", format!("ws://{dead}")),
        at("alive", format!("ws://127.0.0.1:{}", anvil.port)),
    ];
    let chain = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
    let (heads, mut rung) = tokio::sync::watch::channel(0);
    let listening = tokio::spawn(async move { chain.listen(&heads).await });
    let heard = async {
        while *rung.borrow_and_update() == 0 {
            anvil.mine(1).await;
            let _late = tokio::time::timeout(Duration::from_millis(200), rung.changed()).await;
        }
    };
    tokio::time::timeout(SOON, heard).await.expect("a new block rings");
    assert!(!listening.is_finished());
    listening.abort();
}

#[tokio::test]
async fn endpoints_need_names_of_their_own_and_a_quorum_as_many() {
    let node = Node::at(1).await;
    let mut settings = EvmSettings::new("http://127.0.0.1:1".parse().unwrap(), 1, ORACLE);
    settings.endpoints = vec![node.settings("one", 0), node.settings("one", 0)];
    let error = EvmChain::connect(settings.clone(), &key(SUBMITTER_KEY)).unwrap_err();
    assert_eq!(error, SettingsError::SameName { endpoint: "one".to_owned() });
    settings.endpoints.pop();
    settings.read_quorum = NonZeroUsize::new(2).unwrap();
    let error = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap_err();
    assert_eq!(error, SettingsError::TooFewEndpoints { needed: 2, found: 1 });
}
