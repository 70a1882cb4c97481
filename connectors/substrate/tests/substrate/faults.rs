//! Nodes that forget, are upgraded, limit the rate of calls, or answer as pools do.

use crate::{
    altered::Altered,
    chopsticks::Options,
    stage::{INSTANCE, Stage, address, sent},
};
use phat_connector::{
    Acceptance, Asked, ChainError, EndpointPool, EndpointState, OracleStatus, ReportSink, RequestSource,
    rpc::EndpointSettings,
};
use phat_connector_substrate::SubstrateChain;
use serde_json::{Value, json};
use std::collections::HashSet;
use subxt::ext::frame_decode::storage::encode_storage_key_prefix;

/// polkadot-sdk's answer for a state that was pruned.
const DISCARDED: (i64, &str) = (4003, "Client error: UnknownBlock: State already discarded");

async fn behind(stage: &Stage) -> (Altered, SubstrateChain) {
    let altered = Altered::start(&stage.node).await;
    let chain = stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(altered.http())]);
    (altered, chain)
}

/// Has the node forget the states below a height.
async fn forget(stage: &Stage, altered: &Altered, below: u64) {
    let mut forgotten = HashSet::new();
    for number in 0..below {
        forgotten.insert(stage.chain.block(number).await.unwrap().unwrap().hash.to_string());
    }
    altered.alter(move |method, params| {
        let at = params.as_array()?.last()?.as_str()?;
        let is_of_state = method.starts_with("state_") && method != "state_getRuntimeVersion";
        (is_of_state && forgotten.contains(at)).then_some(Err(DISCARDED))
    });
}

#[tokio::test]
async fn what_a_node_has_forgotten_is_missing_and_nothing_else() {
    let stage = Stage::set().await;
    let (first, second, open) = (stage.ask().await, stage.ask().await, stage.ask().await);
    let entry = stage.answer(&first, b"one").await;
    let (old, _) = stage.deliver(&[entry]).await;
    stage.node.mine(20).await;
    let entry = stage.answer(&second, b"two").await;
    let (new, receipt) = stage.deliver(&[entry]).await;
    stage.node.mine(3).await;
    let head = stage.chain.head().await.unwrap().latest.number;
    let asked = [&first, &second].map(|asked| Asked { id: asked.id, block: asked.block.number });
    let both = [sent(&stage.chain, &old), sent(&stage.chain, &new)];
    assert_eq!(stage.chain.resolutions(&asked, head).await.unwrap().len(), 2);
    assert_eq!(stage.again(|_| {}).receipts(&both).await.unwrap().len(), 2);

    let (altered, chain) = behind(&stage).await;
    forget(&stage, &altered, receipt.block.number - 1).await;
    // Nothing of what is pending depends on states that are gone.
    let pending = chain.requests(0..=head).await.unwrap();
    assert_eq!(pending.iter().map(|request| request.id).collect::<Vec<_>>(), [open.id]);
    assert_eq!(pending[0].transaction.0.0, open.block.hash.0, "which extrinsic asked is forgotten");
    let resolutions = chain.resolutions(&asked, head).await.unwrap();
    assert_eq!(resolutions.iter().map(|resolution| resolution.id).collect::<Vec<_>>(), [second.id]);
    assert_eq!(chain.receipts(&both).await.unwrap(), [receipt]);
}

#[tokio::test]
async fn a_runtime_upgrade_is_noticed_and_what_was_signed_for_the_other_runtime_is_over() {
    let stage = Stage::set().await;
    let (altered, chain) = behind(&stage).await;
    let outlook = chain.outlook().await.unwrap();
    for _ in 0..2 {
        chain.facts().await.unwrap();
        stage.node.mine(1).await;
    }
    assert_eq!(altered.asked_for("Metadata_metadata_at_version"), 1, "the runtime is read once");
    let version = stage.node.rpc("state_getRuntimeVersion", json!([])).await;
    let mut upgraded = version.clone();
    upgraded["specVersion"] = json!(version["specVersion"].as_u64().unwrap() + 1);
    altered.alter(move |method, _| (method == "state_getRuntimeVersion").then(|| Ok(upgraded.clone())));
    stage.node.mine(1).await;
    chain.facts().await.unwrap();
    assert_eq!(altered.asked_for("Metadata_metadata_at_version"), 2, "and again when it is another");
    let of_other = chain.prepare_filler(outlook.mined_nonce, outlook.fees).await.unwrap();
    assert_eq!(stage.chain.broadcast(&of_other.raw).await.unwrap(), Acceptance::Expired);
    assert_eq!(chain.mined_nonce().await.unwrap(), outlook.mined_nonce);
}

#[tokio::test]
async fn a_runtime_with_old_metadata_alone_is_read() {
    let stage = Stage::set().await;
    let (altered, chain) = behind(&stage).await;
    altered.alter(|method, params| {
        let is_new = method == "state_call" && params[0].as_str()?.starts_with("Metadata_");
        is_new.then_some(Err((-32000, "no such API")))
    });
    chain.facts().await.unwrap();
    let asked = stage.ask().await;
    assert_eq!(chain.requests(asked.block.number..=asked.block.number).await.unwrap(), std::slice::from_ref(&asked));
    let entry = stage.answer(&asked, b"an answer").await;
    let outlook = chain.outlook().await.unwrap();
    let prepared = chain.prepare(&[entry], outlook.mined_nonce, outlook.fees).await.unwrap();
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
}

/// The runtime says its pallet's name, and stores under the name's hash; the proxy changes both on their way.
#[tokio::test]
async fn a_pallet_under_another_name_is_found_by_that_name() {
    const OTHER: &str = "OtherNamed";
    let stage = Stage::set().await;
    let altered = Altered::start(&stage.node).await;
    let chain = stage.again(|settings| {
        settings.endpoints = vec![EndpointSettings::new(altered.http())];
        settings.instance = OTHER.to_owned();
    });
    assert!(matches!(chain.facts().await.unwrap_err(), ChainError::NoOracle { .. }));
    let metadata = stage.node.rpc("state_getMetadata", json!([])).await;
    let renamed = metadata.as_str().unwrap().replace(&hex::encode(INSTANCE), &hex::encode(OTHER));
    let version = stage.node.rpc("state_getRuntimeVersion", json!([])).await;
    let mut upgraded = version.clone();
    upgraded["specVersion"] = json!(version["specVersion"].as_u64().unwrap() + 1);
    let prefix = |name: &str| hex::encode(&encode_storage_key_prefix(name, "Requests")[..16]);
    let (known, other) = (prefix(INSTANCE), prefix(OTHER));
    let node = stage.node.state().await;
    altered.alter(move |method, params| match method {
        "state_getRuntimeVersion" => Some(Ok(upgraded.clone())),
        "state_getMetadata" => Some(Ok(json!(renamed))),
        "state_call" if params[0].as_str()?.starts_with("Metadata_") => Some(Err((-32000, "no such API"))),
        "state_queryStorageAt" => {
            let changes = params[0].as_array()?.iter().map(|key| {
                let stored = key.as_str().unwrap_or_default().replace(&other, &known);
                json!([key, node.get(&stored)])
            });
            Some(Ok(json!([{ "block": params[1], "changes": changes.collect::<Vec<Value>>() }])))
        }
        _ => None,
    });
    stage.node.mine(1).await;
    let facts = chain.facts().await.unwrap();
    assert_eq!((facts.oracle.as_str(), facts.threshold), (OTHER, 1));
    assert!(chain.is_active(address(&stage.worker)).await.unwrap());
    assert!(chain.examine().await.unwrap().has_oracle);
}

#[tokio::test]
async fn a_limited_rate_is_waited_out_and_the_pool_s_words_are_understood() {
    let stage = Stage::set_with(Options { blocks: "Manual", ..Options::default() }, |_| {}).await;
    let (altered, chain) = behind(&stage).await;
    let outlook = chain.outlook().await.unwrap();
    let prepared = chain.prepare_filler(outlook.mined_nonce, outlook.fees).await.unwrap();
    for (code, expected) in [(1013, Acceptance::Pooled), (1014, Acceptance::Underpriced)] {
        altered.alter(move |method, _| (method == "author_submitExtrinsic").then_some(Err((code, "a pool's word"))));
        assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), expected);
    }
    altered.alter(|method, _| (method == "author_submitExtrinsic").then_some(Err((1016, "dropped at once"))));
    let error = chain.broadcast(&prepared.raw).await.unwrap_err();
    assert!(matches!(error, ChainError::Node { code: 1016, transient: true, .. }), "{error:?}");

    altered.alter(|method, _| (method == "chain_getFinalizedHead").then_some(Err((-32999, "RPC rate limit exceeded"))));
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::RateLimited { .. }) && error.is_transient(), "{error:?}");
    assert_eq!(chain.endpoints()[0].state, EndpointState::Resting);
}

#[tokio::test]
async fn a_node_that_lies_about_a_request_is_not_believed() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let (altered, chain) = behind(&stage).await;
    let newest = stage.chain.head().await.unwrap().latest.number;
    let node = stage.node.state().await;
    altered.alter(move |method, params| {
        if method != "state_queryStorageAt" {
            return None;
        }
        let changes = params[0].as_array()?.iter().map(|key| {
            let value = node.get(key.as_str().unwrap_or_default());
            // What is asked for is another question.
            let forged = value.map(|value| value.replace(&hex::encode(b"what is it?"), &hex::encode(b"what was it")));
            json!([key, forged])
        });
        Some(Ok(json!([{ "block": params[1], "changes": changes.collect::<Vec<Value>>() }])))
    });
    assert_eq!(chain.requests(0..=newest).await.unwrap(), []);
    altered.alter(|_, _| None);
    let honest = stage.again(|settings| settings.endpoints = vec![EndpointSettings::new(altered.http())]);
    assert_eq!(honest.requests(0..=newest).await.unwrap(), [asked]);
}
