use crate::{
    anvil::{CHAIN_ID, SUBMITTER_KEY},
    stage::{CONFIG_HASH, MEASUREMENT, Stage, key},
};
use phat_connector::ChainError;
use phat_connector_evm::{DeployedCode, EvmChain, EvmSettings, Examination};
use phat_protocol::Digest;
use serde_json::json;

#[tokio::test]
async fn what_this_release_deployed_is_known_again() {
    let stage = Stage::set().await;
    let expected = Examination {
        oracle: DeployedCode::OfThisRelease,
        registry: DeployedCode::OfThisRelease,
        has_safe: true,
        has_finalized: true,
    };
    assert_eq!(stage.chain.examine().await.unwrap(), expected);
}

#[tokio::test]
async fn other_code_is_told_by_its_hash() {
    let stage = Stage::set().await;
    let oracle = stage.deployed.oracle.address.to_string();
    let code = stage.anvil.rpc("eth_getCode", json!([oracle, "latest"])).await;
    let mut code = hex::decode(code.as_str().unwrap().trim_start_matches("0x")).unwrap();
    let size = code.len();
    // The last instruction, in place of the first, which would break the views as well.
    code[size - 1] ^= 1;
    stage.anvil.rpc("anvil_setCode", json!([oracle, format!("0x{}", hex::encode(&code))])).await;
    let found = stage.chain.examine().await.unwrap();
    assert_eq!(found.oracle, DeployedCode::Other { hash: Digest(phat_protocol::keccak256(&code)), size });
    assert_eq!(found.registry, DeployedCode::OfThisRelease);
}

#[tokio::test]
async fn who_and_what_may_be_registered_is_read() {
    let stage = Stage::set().await;
    // The submitter is no operator; the plan allows the pair.
    assert_eq!(stage.chain.may_register(MEASUREMENT, CONFIG_HASH).await.unwrap(), (false, true));
    assert_eq!(stage.chain.may_register(MEASUREMENT, Digest([1; 32])).await.unwrap(), (false, false));
    stage.admin.grant_operator(stage.deployed.registry.address, stage.chain.account()).await.unwrap();
    assert_eq!(stage.chain.may_register(MEASUREMENT, CONFIG_HASH).await.unwrap(), (true, true));

    let settings = EvmSettings::new(stage.anvil.http(), CHAIN_ID, stage.deployed.registry.address);
    let elsewhere = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
    let error = elsewhere.may_register(MEASUREMENT, CONFIG_HASH).await.unwrap_err();
    assert!(matches!(error, ChainError::NoOracle { .. }), "{error}");
}
