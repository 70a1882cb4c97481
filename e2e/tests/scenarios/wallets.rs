//! Several wallets on one chain, each with troubles of its own.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::Middleware,
    signers::{LocalWallet, Signer},
    types::{Address, BlockId, BlockNumber, U256},
};
use phat_e2e::{Asked, Asker, Environment, Question, eventually};
use rand::rngs::OsRng;
use std::{fs, os::unix::fs::PermissionsExt};

const GWEI: u64 = 1_000_000_000;

/// Has the relayer run with a second wallet, which has nothing, and a cap of 5 gwei. Answers its address.
async fn with_a_second_wallet(environment: &mut Environment) -> Result<Address> {
    let second = LocalWallet::new(&mut OsRng);
    let path = environment.directory().join("second.key");
    fs::write(&path, hex::encode(second.signer().to_bytes()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    environment.relayer.stop().await?;
    let settings = toml::toml! {
        wallets = [{ key_file = "wallet.key" }, { key_file = "second.key", min_balance = "1 ether" }]
        fees = { max_fee = "5 gwei" }
    };
    let submit = toml::toml! {
        batch = 1
        bump_after = "1s"
        rebroadcast = "1s"
    };
    environment.reconfigure(|config| {
        if let Some(chain) = config["chains"]["local"].as_table_mut() {
            chain.remove("key_file");
            chain.extend(settings);
        }
        config.insert("submit".to_owned(), submit.into());
        config.insert("retry".to_owned(), toml::toml! { max = "200ms" }.into());
    })?;
    environment.relayer.resume().await?;
    Ok(second.address())
}

async fn nonce(environment: &Environment, account: Address, at: BlockNumber) -> Result<u64> {
    Ok(environment.end.chain.provider().get_transaction_count(account, Some(BlockId::Number(at))).await?.as_u64())
}

async fn ask(environment: &Environment, asker: &Asker, count: usize, asked: &mut Vec<Asked>) -> Result<()> {
    let contract_id = environment.prices()?.contract_id()?;
    for _ in 0..count {
        asked.push(asker.ask(&Question::price(contract_id, "BTC", "USD")).await?);
    }
    Ok(())
}

/// Asks, and has the reports wait: the chain is paused when this ends.
async fn reported_at_once(environment: &Environment, asker: &Asker, count: usize) -> Result<Vec<Asked>> {
    environment.api_command(["chain", "pause", "local"]).await?;
    let mut asked = Vec::new();
    ask(environment, asker, count, &mut asked).await?;
    // A pause keeps requests from being executed too.
    for request in &asked {
        environment.reaches(request, "observed", DEADLINE).await?;
    }
    Ok(asked)
}

async fn status_says(environment: &Environment, words: &str) -> Result<()> {
    let mut last = String::new();
    eventually(&format!("the status to say {words:?}"), DEADLINE, async || {
        last = environment.relayer.api().text("/v1/status").await?;
        Ok(last.contains(words))
    })
    .await
    .with_context(|| last.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wallet_without_funds_and_one_stuck_below_the_base_fee_answer_everything_once_in_the_end() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    environment.deploy_prices().await?;
    environment.source.price("BTC", "USD", "97214.53");
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let second = with_a_second_wallet(&mut environment).await?;
    let (first, provider) = (environment.end.wallet.address, environment.end.chain.provider());
    let before = nonce(&environment, first, BlockNumber::Latest).await?;

    let mut asked = reported_at_once(&environment, &asker, 4).await?;
    // What is sent now waits in the pool, and the next block is too dear for it.
    provider.request::<_, ()>("evm_setAutomine", [false]).await?;
    environment.api_command(["chain", "resume", "local"]).await?;
    eventually("all to wait in the pool", DEADLINE, async || {
        Ok(nonce(&environment, first, BlockNumber::Pending).await? >= before + 4)
    })
    .await?;
    provider.request::<_, ()>("anvil_setNextBlockBaseFeePerGas", [U256::from(500 * GWEI)]).await?;
    provider.request::<_, ()>("anvil_mine", [1]).await?;
    provider.request::<_, ()>("evm_setAutomine", [true]).await?;
    status_says(&environment, "can't be raised any more below the cap").await?;
    status_says(&environment, "has no funds").await?;
    let metrics = environment.relayer.api().text("/metrics").await?;
    ensure!(metrics.contains("phat_relayer_held_transactions{chain=\"local\"} 1"), "{metrics}");

    // The others wait with it.
    ask(&environment, &asker, 3, &mut asked).await?;
    for request in &asked[4..] {
        environment.reaches(request, "submitted", DEADLINE).await?;
    }
    ensure!(nonce(&environment, first, BlockNumber::Latest).await? == before, "something was mined");
    ensure!(environment.history().fulfilments().await?.is_empty(), "something was answered");

    provider.request::<_, ()>("anvil_setNextBlockBaseFeePerGas", [U256::from(GWEI)]).await?;
    provider.request::<_, ()>("anvil_mine", [1]).await?;
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    ensure!(nonce(&environment, second, BlockNumber::Latest).await? == 0, "it had nothing to pay with");

    // Once it has something, it takes its part.
    environment.end.chain.set_balance(second, U256::exp10(19)).await?;
    let more = reported_at_once(&environment, &asker, 4).await?;
    provider.request::<_, ()>("evm_setAutomine", [false]).await?;
    environment.api_command(["chain", "resume", "local"]).await?;
    eventually("both wallets to submit", DEADLINE, async || {
        let mine = nonce(&environment, first, BlockNumber::Pending).await? - before - 7;
        Ok(mine > 0 && mine + nonce(&environment, second, BlockNumber::Pending).await? == 4)
    })
    .await?;
    provider.request::<_, ()>("anvil_mine", [1]).await?;
    provider.request::<_, ()>("evm_setAutomine", [true]).await?;
    asked.extend(more);
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    ensure!(nonce(&environment, second, BlockNumber::Latest).await? > 0, "it took no part");
    environment.history().expect_no_wasted_fulfilment(second).await?;
    environment.finish().await
}
