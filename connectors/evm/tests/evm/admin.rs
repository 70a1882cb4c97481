use crate::{
    anvil::{ADMIN_KEY, Anvil, CHAIN_ID, SUBMITTER_KEY},
    stage::{CONFIG_HASH, MEASUREMENT, Stage, artifact, evidence, key, plan, worker},
};
use phat_connector::{ChainError, OracleStatus};
use phat_connector_evm::{
    EvmChain, EvmSettings,
    admin::{AdminError, AdminSettings, EvmAdmin},
};
use phat_protocol::{Digest, WorkerAddress};
use serde_json::json;
use std::time::Duration;

fn admin(anvil: &Anvil, wallet: &str) -> EvmAdmin {
    EvmAdmin::connect(AdminSettings::new(anvil.http(), CHAIN_ID), &key(wallet)).unwrap()
}

#[tokio::test]
async fn deploying_twice_makes_two_oracles() {
    let stage = Stage::set().await;
    let again = stage.admin.deploy_oracle(&plan(stage.admin.account())).await.unwrap();
    assert_ne!(again.oracle.address, stage.deployed.oracle.address);
    assert!(again.gas_used() > 0);
    let chain =
        EvmChain::connect(EvmSettings::new(stage.anvil.http(), CHAIN_ID, again.oracle.address), &key(SUBMITTER_KEY));
    let facts = chain.unwrap().facts().await.unwrap();
    assert_eq!(facts.registry, again.registry.address.to_string());
    assert_eq!(stage.chain.facts().await.unwrap().registry, stage.deployed.registry.address.to_string());
}

#[tokio::test]
async fn registering_again_renews() {
    let stage = Stage::set().await;
    let registry = stage.deployed.registry.address;
    let address = WorkerAddress(ethers::signers::Signer::address(&stage.worker).0);
    let first = stage.admin.worker(registry, address).await.unwrap();
    assert!(first.active && !first.revoked);
    assert_eq!(first.operator, Some(stage.admin.account()));
    assert_eq!((first.measurement, first.config_hash), (MEASUREMENT, CONFIG_HASH));
    stage.anvil.rpc("evm_increaseTime", json!([600])).await;
    stage.anvil.mine(1).await;
    let registration = stage.admin.registration(registry).await.unwrap();
    stage.admin.register_worker(registry, &evidence(&registration, &stage.worker)).await.unwrap();
    let renewed = stage.admin.worker(registry, address).await.unwrap();
    assert!(renewed.expiry >= first.expiry + 600, "{} after {}", renewed.expiry, first.expiry);
    let unknown = stage.admin.worker(registry, WorkerAddress([1; 20])).await.unwrap();
    assert!(unknown.operator.is_none() && !unknown.active);
}

#[tokio::test]
async fn evidence_for_another_configuration_registers_nothing() {
    let stage = Stage::set().await;
    let registry = stage.deployed.registry.address;
    let registration = stage.admin.registration(registry).await.unwrap();
    let mut lenient = evidence(&registration, &worker());
    lenient.config_hash = Digest([0xcc; 32]);
    let error = stage.admin.register_worker(registry, &lenient).await.unwrap_err();
    let AdminError::Chain(ChainError::Reverted { reason }) = &error else { panic!("{error:?}") };
    assert!(reason.starts_with("ReportDataMismatch("), "{reason}");
}

#[tokio::test]
async fn an_account_that_is_no_operator_registers_nothing() {
    let stage = Stage::set().await;
    let stranger = admin(&stage.anvil, SUBMITTER_KEY);
    let registry = stage.deployed.registry.address;
    let quote = evidence(&stranger.registration(registry).await.unwrap(), &worker());
    let error = stranger.register_worker(registry, &quote).await.unwrap_err();
    let AdminError::Chain(ChainError::Reverted { reason }) = &error else { panic!("{error:?}") };
    assert!(reason.starts_with("AccessControlUnauthorizedAccount("), "{reason}");
    stage.admin.grant_operator(registry, stranger.account()).await.unwrap();
    let quote = evidence(&stranger.registration(registry).await.unwrap(), &second_worker());
    stranger.register_worker(registry, &quote).await.unwrap();
}

fn second_worker() -> ethers::signers::LocalWallet {
    ethers::signers::LocalWallet::from_bytes(&[0x78; 32]).unwrap()
}

#[tokio::test]
async fn an_admin_of_ones_choice_takes_over() {
    let anvil = Anvil::start(&[]).await;
    let (deployer, chosen) = (admin(&anvil, ADMIN_KEY), admin(&anvil, SUBMITTER_KEY));
    let mut plan = plan(deployer.account());
    plan.admin = Some(chosen.account());
    let deployed = deployer.deploy_oracle(&plan).await.unwrap();
    let pair = (Digest([1; 32]), Digest([2; 32]));
    assert!(deployer.allow(deployed.registry.address, pair.0, pair.1).await.is_err(), "it has no role any more");
    chosen.allow(deployed.registry.address, pair.0, pair.1).await.unwrap();
}

#[tokio::test]
async fn simulated_attestation_stays_off_real_chains() {
    let anvil = Anvil::start(&["--chain-id", "10"]).await;
    let admin = EvmAdmin::connect(AdminSettings::new(anvil.http(), 10), &key(ADMIN_KEY)).unwrap();
    let error = admin.deploy_oracle(&plan(admin.account())).await.unwrap_err();
    assert!(matches!(error, AdminError::SimulatedAttestation { chain_id: 10 }), "{error:?}");
    assert_eq!(admin.latest_block().await.unwrap().number, 0, "nothing was sent");
}

#[tokio::test]
async fn nothing_is_sent_to_another_chain() {
    let anvil = Anvil::start(&[]).await;
    let elsewhere = EvmAdmin::connect(AdminSettings::new(anvil.http(), 1337), &key(ADMIN_KEY)).unwrap();
    let error = elsewhere.deploy_oracle(&plan(elsewhere.account())).await.unwrap_err();
    assert!(matches!(error, AdminError::Chain(ChainError::WrongChain { .. })), "{error:?}");
    assert_eq!(anvil.rpc("eth_blockNumber", serde_json::json!([])).await, "0x0");
}

#[tokio::test]
async fn a_transaction_that_nobody_mines_is_given_up_by_name() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let settings =
        AdminSettings { mined_within: Duration::from_millis(200), ..AdminSettings::new(anvil.http(), CHAIN_ID) };
    let admin = EvmAdmin::connect(settings, &key(ADMIN_KEY)).unwrap();
    let error = admin.deploy_oracle(&plan(admin.account())).await.unwrap_err();
    let AdminError::NotMined { hash, .. } = error else { panic!("{error:?}") };
    let pooled = anvil.rpc("eth_getTransactionByHash", json!([hash.to_string()])).await;
    assert!(pooled.is_object(), "it is in the pool");
}

#[tokio::test]
async fn a_constructor_that_reverts_is_named() {
    let anvil = Anvil::start(&[]).await;
    let admin = admin(&anvil, ADMIN_KEY);
    let mut plan = plan(admin.account());
    plan.threshold = 0;
    let error = admin.deploy_oracle(&plan).await.unwrap_err();
    let AdminError::Chain(ChainError::Reverted { reason }) = &error else { panic!("{error:?}") };
    assert_eq!(reason, "InvalidThreshold(0)");
    let creation = artifact().creation(&[&format!("0x{}", "0".repeat(40)), &Digest::default().to_string(), "0", "60"]);
    assert!(admin.deploy(creation.unwrap()).await.is_err(), "no oracle at zero");
}
