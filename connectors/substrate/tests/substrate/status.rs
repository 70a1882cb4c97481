//! What the chain says of itself, of workers and of requests.

use crate::{
    chopsticks::{Chopsticks, GENESIS, Options},
    stage::{CONFIG_HASH, CONTRACT_ID, INSTANCE, MEASUREMENT, PAYMENT, Stage, address, key},
};
use phat_connector::{
    Asked, ChainError, EntryEffect, EntryRefusal, OnChainState, OracleStatus, RequestSource, Resolution, ResolutionKind,
};
use phat_connector_substrate::{SubstrateChain, SubstrateSettings};
use phat_protocol::{GenesisHash, OracleChain, RequestId, WorkerAddress, evm};
use subxt::dynamic::Value;

#[tokio::test]
async fn another_chain_and_a_missing_oracle_are_told_from_the_configured_ones() {
    let node = Chopsticks::start(Options::default()).await;
    let elsewhere = SubstrateSettings::new(node.http(), GenesisHash([1; 32]), INSTANCE);
    let chain = SubstrateChain::connect(elsewhere, &key("//Alice")).unwrap();
    for error in [chain.facts().await.unwrap_err(), chain.head().await.unwrap_err()] {
        let ChainError::WrongChain { found, expected, .. } = &error else { panic!("{error:?}") };
        assert_eq!((found, expected), (&GENESIS.to_string(), &GenesisHash([1; 32]).to_string()));
    }
    let nameless = SubstrateSettings::new(node.http(), GENESIS, "Oracle");
    let chain = SubstrateChain::connect(nameless, &key("//Alice")).unwrap();
    let error = chain.facts().await.unwrap_err();
    let ChainError::NoOracle { address, .. } = &error else { panic!("{error:?}") };
    assert_eq!((address.as_str(), error.is_transient()), ("Oracle", false));
    assert!(matches!(chain.requests(0..=0).await.unwrap_err(), ChainError::NoOracle { .. }));
    assert!(chain.head().await.is_ok(), "the chain is the right one");
    // The other pallet of the runtime is no oracle either.
    let other = SubstrateSettings::new(node.http(), GENESIS, "PriceConsumer");
    let chain = SubstrateChain::connect(other, &key("//Alice")).unwrap();
    assert!(matches!(chain.facts().await.unwrap_err(), ChainError::NoOracle { .. }));
    assert!(!chain.examine().await.unwrap().has_oracle);
}

#[tokio::test]
async fn a_worker_counts_once_registered_and_until_revoked() {
    let stage = Stage::set().await;
    let worker = address(&stage.worker);
    assert!(stage.chain.is_active(worker).await.unwrap());
    assert!(!stage.chain.is_active(WorkerAddress([9; 20])).await.unwrap());
    let record = stage.chain.worker(worker).await.unwrap();
    assert_eq!((record.operator, record.active, record.revoked), (Some(stage.chain.account()), true, false));
    assert_eq!((record.measurement, record.config_hash), (MEASUREMENT, CONFIG_HASH));
    assert!(record.expiry > stage.chain.head().await.unwrap().timestamp);
    assert_eq!(stage.chain.worker(WorkerAddress([9; 20])).await.unwrap().operator, None);

    // Its pair counts no more, and then again.
    let pair = [("measurement", MEASUREMENT), ("config_hash", CONFIG_HASH)];
    let pair = pair.map(|(name, value)| (name.to_owned(), Value::from_bytes(value.0)));
    stage.send_as_root("disallow_pair", pair.clone().into()).await;
    assert!(!stage.chain.is_active(worker).await.unwrap());
    stage.send_as_root("allow_pair", pair.into()).await;
    assert!(stage.chain.is_active(worker).await.unwrap());

    stage.send_as_root("revoke_worker", vec![("worker".to_owned(), Value::from_bytes(worker.0))]).await;
    assert!(!stage.chain.is_active(worker).await.unwrap());
    assert!(stage.chain.worker(worker).await.unwrap().revoked);
}

#[tokio::test]
async fn how_requests_were_closed_is_found_in_few_reads_whenever_that_was() {
    let stage = Stage::set().await;
    let (first, second, open) = (stage.ask().await, stage.ask().await, stage.ask().await);
    stage.node.mine(12).await;
    let entry = stage.answer(&second, b"two").await;
    let (sent, receipt) = stage.deliver(&[entry]).await;
    stage.node.mine(20).await;
    let entry = stage.answer(&first, b"one").await;
    let (later, latest) = stage.deliver(&[entry]).await;
    stage.node.mine(12).await;
    let head = stage.chain.head().await.unwrap().latest.number;
    let asked = [&first, &second, &open].map(|asked| Asked { id: asked.id, block: asked.block.number });
    let unknown = Asked { id: RequestId([9; 32]), block: 3 };
    let all = [&asked[..], &[unknown]].concat();
    let kind = ResolutionKind::Fulfilled { callback_ok: true };
    let expected = [
        Resolution { id: second.id, kind, block: receipt.block, transaction: sent.hash },
        Resolution { id: first.id, kind, block: latest.block, transaction: later.hash },
    ];
    assert_eq!(stage.chain.resolutions(&all, head).await.unwrap(), expected);
    assert_eq!(stage.chain.resolutions(&all, receipt.block.number).await.unwrap(), expected[..1]);
    assert_eq!(stage.chain.resolutions(&all, receipt.block.number - 1).await.unwrap(), []);
    assert_eq!(stage.chain.resolutions(&[], head).await.unwrap(), []);
    let states = stage.chain.states(&[first.id, open.id, unknown.id], None).await.unwrap();
    assert_eq!(states, [OnChainState::Closed, OnChainState::Pending, OnChainState::Closed]);
    let states = stage.chain.states(&[first.id, open.id], Some(receipt.block.number)).await.unwrap();
    assert_eq!(states, [OnChainState::Pending, OnChainState::Pending]);
    let (proxy, chain) = stage.counted(|_| {}).await;
    chain.facts().await.unwrap();
    let before = proxy.asked_for("state_queryStorageAt");
    chain.resolutions(&all, head).await.unwrap();
    let reads = proxy.asked_for("state_queryStorageAt") - before;
    assert!(reads < 30, "{reads} reads for {head} blocks");
}

#[tokio::test]
async fn a_callback_that_fails_is_told_from_one_that_succeeds_and_from_none() {
    let stage = Stage::set().await;
    let contract = [("contract_id", Value::from_bytes(CONTRACT_ID)), ("min_revision", Value::u128(0))];
    let contract = contract.map(|(name, value)| (name.to_owned(), value));
    stage.send_as_root_to("PriceConsumer", "set_contract", contract.into()).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let question = [
            ("base", Value::from_bytes("BTC")),
            ("quote", Value::from_bytes("USD")),
            ("payment", Value::u128(PAYMENT)),
        ];
        let question = question.map(|(name, value)| (name.to_owned(), value));
        stage.send("//Bob", "PriceConsumer", "ask", question.into()).await;
        let newest = stage.chain.head().await.unwrap().latest.number;
        asked.extend(stage.chain.requests(newest..=newest).await.unwrap());
    }
    let [taken, refused] = &asked[..] else { panic!("{asked:?}") };
    assert_ne!(taken.transaction.0.0, taken.block.hash.0, "a pallet asked, in somebody's extrinsic");
    // abi.encode(uint256(7)): a price.
    let mut price = [0; 32];
    price[31] = 7;
    let entries = [stage.answer(taken, &price).await, stage.answer(refused, b"no price").await];
    let (sent, receipt) = stage.deliver(&entries).await;
    let fulfilled = |callback_ok| EntryEffect::Fulfilled { callback_ok };
    assert_eq!(receipt.effects, [(taken.id, fulfilled(true)), (refused.id, fulfilled(false))]);
    let report = &entries[1].report;
    let kept = evm::slot_hash(report.outcome.number(), &report.output, report.executed_at);
    let states = stage.chain.states(&[refused.id], None).await.unwrap();
    assert_eq!(states, [OnChainState::CallbackFailed(kept)]);
    let refusals = stage.chain.refusals(&entries[1..]).await.unwrap();
    assert_eq!(refusals, [Some(EntryRefusal::NotPending)]);
    let newest = stage.chain.head().await.unwrap().latest.number;
    let fresh = stage.again(|_| {});
    assert_eq!(fresh.requests(0..=newest).await.unwrap(), [], "what is answered isn't pending");

    let kind = ResolutionKind::Fulfilled { callback_ok: false };
    let expected = Resolution { id: refused.id, kind, block: receipt.block, transaction: sent.hash };
    assert_eq!(stage.resolutions(refused).await, [expected]);
    // The answer is dropped once it is too late to try again, which takes nothing back.
    let expiry = refused.request.expires_at();
    stage.node.travel((expiry + 10) * 1_000).await;
    stage.node.mine(1).await;
    let cancel = vec![("request_id".to_owned(), Value::from_bytes(refused.id.0))];
    stage.send("//Charlie", INSTANCE, "cancel", cancel).await;
    assert_eq!(stage.chain.states(&[refused.id], None).await.unwrap(), [OnChainState::Closed]);
    assert_eq!(stage.resolutions(refused).await, [expected]);
}

#[tokio::test]
async fn what_the_runtime_and_the_node_have_is_told() {
    let stage = Stage::set().await;
    stage.node.mine(20).await;
    let found = stage.chain.examine().await.unwrap();
    assert!(found.has_oracle && found.max_batch > 1 && found.tells_cost, "{found:?}");
    assert_eq!(found.finalized, stage.chain.head().await.unwrap().latest.number);
    assert!(found.states >= 16, "{found:?}");
    assert_eq!(stage.chain.may_register(MEASUREMENT, CONFIG_HASH).await.unwrap(), (true, true));
    let other = stage.chain.submitting_as(&key("//Bob"));
    assert_eq!(other.may_register(CONFIG_HASH, MEASUREMENT).await.unwrap(), (false, false));
}
