//! A relayer that watches synthetic chains, and has no enclave: what it sees stays observed. The chain is paused, or it
//! would try again and again to have all of that executed.

use super::{SYNTHETIC_CHAIN_ID, SyntheticChain, SyntheticNode};
use crate::{
    Binaries, Directory, Relayer, RelayerProcess,
    ground::install_tls_provider,
    relayer::ADDRESS_FILE,
    settings::{TOKEN_FILE, WALLET_KEY},
    wait_for,
};
use anyhow::{Context, Result};
use phat_protocol::RequestId;
use serde_json::Value;
use std::{collections::BTreeMap, fs, time::Duration};
use toml::Table;

/// The most requests of a page of the API.
const PAGE: &str = "500";

/// The relayer and its files.
#[derive(Debug)]
pub struct Watched {
    /// The relayer.
    pub relayer: RelayerProcess,
    directory: Directory,
}

impl Watched {
    /// Starts a relayer that watches the node's chain under the name `synthetic`, with these settings beside
    /// the harness's own.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn start(binaries: &Binaries, node: &SyntheticNode, settings: Table) -> Result<Self> {
        install_tls_provider();
        let directory = Directory::create()?;
        directory.write_secret(WALLET_KEY, &format!("0x{}\n", hex::encode([0x42; 32])))?;
        directory.write_secret(TOKEN_FILE, &format!("{}\n", hex::encode([0x24; 32])))?;
        let mut config = toml::toml! {
            [api]
            listen = "127.0.0.1:0"
            [database]
            url = "sqlite:relayer.db"
            [enclave]
            endpoint = "unix:nobody.sock"
            allow_simulated = true
        };
        let api = config.get_mut("api").and_then(toml::Value::as_table_mut).context("the API's settings")?;
        api.insert("addr_file".to_owned(), ADDRESS_FILE.into());
        api.insert("token_file".to_owned(), TOKEN_FILE.into());
        let chain = Table::from_iter([("synthetic".to_owned(), settings_of(node, settings)?.into())]);
        config.insert("chains".to_owned(), chain.into());
        fs::write(directory.path().join("relayer.toml"), toml::to_string(&config)?)?;
        let relayer = RelayerProcess::start(binaries, directory.path()).await?;
        let pause = ["chain", "pause", "synthetic", "--api", relayer.api().url(), "--token-file", TOKEN_FILE];
        Relayer::new(binaries, directory.path()).run(pause).await?;
        Ok(Self { relayer, directory })
    }

    /// What the relayer's API says of the chain.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn chain(&self) -> Result<Value> {
        self.relayer.api().get("/v1/chains/synthetic").await
    }

    /// Waits until the relayer has watched up to a height.
    ///
    /// # Errors
    /// When it hasn't in time.
    pub async fn reaches(&self, height: u64, deadline: Duration) -> Result<()> {
        let mut cursor = None;
        let what = format!("block {height} to be watched");
        let reached = wait_for(&what, deadline, async || {
            cursor = self.chain().await?["cursor"]["number"].as_u64();
            Ok(cursor.is_some_and(|cursor| cursor >= height).then_some(()))
        });
        reached.await.with_context(|| format!("it is at {cursor:?}"))
    }

    /// All requests that the relayer knows, with their states, each once.
    ///
    /// # Errors
    /// When there is no answer, or a request comes twice.
    pub async fn requests(&self) -> Result<BTreeMap<RequestId, String>> {
        let mut known = BTreeMap::new();
        let mut before = None::<String>;
        loop {
            let cursor = before.map(|before| format!("&before={before}")).unwrap_or_default();
            let page = self.relayer.api().get(&format!("/v1/requests?limit={PAGE}{cursor}")).await?;
            for request in page["requests"].as_array().with_context(|| format!("no requests in {page}"))? {
                let id: RequestId = request["id"].as_str().context("no id")?.parse()?;
                let state = request["state"].as_str().context("no state")?.to_owned();
                anyhow::ensure!(known.insert(id, state).is_none(), "{id} comes twice");
            }
            match page["next"].as_str() {
                Some(next) => before = Some(next.to_owned()),
                None => return Ok(known),
            }
        }
    }

    /// Ends the relayer as an operator would.
    ///
    /// # Errors
    /// When it ends badly.
    pub async fn finish(mut self) -> Result<()> {
        let ended = self.relayer.stop().await?;
        anyhow::ensure!(ended.is_none_or(|status| status.success()), "the relayer ended with {ended:?}");
        self.directory.hush();
        Ok(())
    }
}

/// `[chains.NAME]` for a synthetic node. The key is that of `wallet.key`.
///
/// # Errors
/// When the chain's id is no TOML number.
fn settings_of(node: &SyntheticNode, settings: Table) -> Result<Table> {
    let mut chain = toml::toml! {
        kind = "evm"
        finality = "latest"
        poll_interval = "200ms"
    };
    chain.insert("rpc_url".to_owned(), node.url().into());
    chain.insert("chain_id".to_owned(), i64::try_from(SYNTHETIC_CHAIN_ID)?.into());
    chain.insert("oracle".to_owned(), SyntheticChain::oracle().to_string().into());
    chain.insert("key_file".to_owned(), WALLET_KEY.into());
    chain.extend(settings);
    Ok(chain)
}

impl SyntheticNode {
    /// `[chains.NAME]` for it in a configuration of the harness, with these settings beside the harness's own.
    ///
    /// # Errors
    /// When the chain's id is no TOML number.
    pub fn settings(&self, settings: Table) -> Result<Table> {
        settings_of(self, settings)
    }
}
