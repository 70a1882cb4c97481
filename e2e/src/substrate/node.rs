//! The node as the chain's users and its developer see it: extrinsics in, blocks out.

use super::{
    account::Signer,
    block::{self, Block},
};
use crate::wait_for;
use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use std::{sync::Arc, time::Duration};
use subxt::{
    OnlineClient, PolkadotConfig,
    backend::LegacyBackend,
    config::DefaultExtrinsicParamsBuilder,
    dynamic::{self, Value},
    rpcs::{
        Error, RpcClient, RpcClientT, UserError,
        client::{RawRpcFuture, RawRpcSubscription, RawValue},
    },
};

/// How long an extrinsic may take into a block.
const INCLUSION: Duration = Duration::from_secs(60);
/// How many extrinsics of a scenario a block is sure to have room for; chopsticks drops what doesn't fit.
const PER_BLOCK: usize = 50;
/// A nonce beside the one of the newest block.
const OFFSETS: std::ops::RangeFrom<u64> = 0..;

/// JSON-RPC over HTTP.
#[derive(Clone, Debug)]
struct Rpc {
    url: String,
    http: reqwest::Client,
}

impl Rpc {
    async fn call(&self, method: &str, params: Json) -> Result<Json> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut answer: Json = self.http.post(&self.url).json(&body).send().await?.json().await?;
        ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        Ok(answer["result"].take())
    }
}

impl RpcClientT for Rpc {
    fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move {
            let params = params.map_or_else(|| "[]".to_owned(), |params| params.get().to_owned());
            let params = serde_json::from_str(&params).map_err(|error| Error::Client(error.into()))?;
            let answer = self.call(method, params).await.map_err(|error| Error::Client(error.into()))?;
            serde_json::value::to_raw_value(&answer).map_err(|error| Error::Client(error.into()))
        })
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        _: Option<Box<RawValue>>,
        _: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        let message = format!("{sub} needs a websocket");
        Box::pin(async move { Err(UserError { code: -32601, message, data: None }.into()) })
    }
}

/// The chain as its users see it.
#[derive(Clone)]
pub struct Runtime {
    rpc: Rpc,
    client: OnlineClient<PolkadotConfig>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Runtime").field(&self.rpc.url).finish()
    }
}

impl Runtime {
    /// Connects.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn connect(url: &str) -> Result<Self> {
        let rpc = Rpc { url: url.to_owned(), http: reqwest::Client::builder().no_proxy().build()? };
        let backend = LegacyBackend::<PolkadotConfig>::builder().build(RpcClient::new(rpc.clone()));
        let client = OnlineClient::from_backend(Arc::new(backend)).await?;
        Ok(Self { rpc, client })
    }

    /// The hash of the chain's first block.
    #[must_use]
    pub fn genesis(&self) -> [u8; 32] {
        self.client.genesis_hash().0
    }

    /// The height of the newest block.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn height(&self) -> Result<u64> {
        let header = self.rpc.call("chain_getHeader", json!([])).await?;
        let number = header["number"].as_str().and_then(|text| text.strip_prefix("0x")).context("no height")?;
        Ok(u64::from_str_radix(number, 16)?)
    }

    /// The newest block's time, unix seconds.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn time(&self) -> Result<u64> {
        let address = dynamic::storage::<(), u64>("Timestamp", "Now");
        let at = self.client.at_block(self.head().await?).await?;
        Ok(at.storage().fetch(address, ()).await?.decode()? / 1_000)
    }

    /// What is issued of the chain's currency, in its smallest unit, at the newest block.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn total_issuance(&self) -> Result<u128> {
        let address = dynamic::storage::<(), u128>("Balances", "TotalIssuance");
        let at = self.client.at_block(self.head().await?).await?;
        Ok(at.storage().fetch(address, ()).await?.decode()?)
    }

    /// What a pallet stores under a key, in the newest block's state.
    pub(super) async fn stored(&self, pallet: &str, item: &str, key: Vec<Value>) -> Result<Option<Value>> {
        let address = dynamic::storage::<Vec<Value>, Value>(pallet, item);
        let at = self.client.at_block(self.head().await?).await?;
        at.storage().try_fetch(address, key).await?.map(|value| Ok(value.decode()?)).transpose()
    }

    async fn head(&self) -> Result<subxt::utils::H256> {
        let hash = self.rpc.call("chain_getBlockHash", json!([])).await?;
        Ok(hash.as_str().context("no hash")?.parse()?)
    }

    /// The block at a height.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub(super) async fn block(&self, number: u64) -> Result<Block> {
        let hash = self.rpc.call("chain_getBlockHash", json!([number])).await?;
        let hash: subxt::utils::H256 = hash.as_str().with_context(|| format!("no block {number}"))?.parse()?;
        block::read(&self.client, hash, number).await
    }

    /// The hash of the block at a height; none where the chain is shorter.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn hash(&self, number: u64) -> Result<Option<[u8; 32]>> {
        let hash = self.rpc.call("chain_getBlockHash", json!([number])).await?;
        hash.as_str().map(|text| Ok(text.parse::<subxt::utils::H256>()?.0)).transpose()
    }

    /// Makes so many blocks, with what waits in the pool in the first.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn new_blocks(&self, count: u64) -> Result<()> {
        self.rpc.call("dev_newBlock", json!([{ "count": count }])).await.map(drop)
    }

    /// Takes the newest `depth` blocks back and makes others, more than they were. Answers the height of the newest
    /// block that stays.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn reorganise(&self, depth: u64) -> Result<u64> {
        let ancestor = self.height().await?.saturating_sub(depth);
        let hash = self.hash(ancestor).await?.context("no block to go back to")?;
        // A block that is in the making would bring back what it was begun on: this waits for it.
        self.rpc.call("dev_setBlockBuildMode", json!(["Manual"])).await?;
        self.new_blocks(1).await?;
        let height = self.height().await?;
        self.rpc.call("dev_setHead", json!([format!("0x{}", hex::encode(hash))])).await?;
        self.new_blocks(height + 1 - ancestor).await?;
        self.rpc.call("dev_setBlockBuildMode", json!(["Instant"])).await?;
        // What came since the last block waits for the next.
        self.new_blocks(1).await?;
        Ok(ancestor)
    }

    /// Sends a call, and gives the block that it is in. Whether it succeeded stands there.
    ///
    /// # Errors
    /// When the node refuses it, or it gets into no block.
    pub(super) async fn included(
        &self,
        signer: &Signer,
        pallet: &str,
        call: &str,
        fields: Vec<Value>,
    ) -> Result<Block> {
        let first = self.height().await? + 1;
        let sent = self.send(signer, pallet, call, vec![fields]).await?;
        let blocks = self.with_all(first, sent).await?;
        blocks.into_iter().next().context("it is in no block")
    }

    /// Sends calls, an extrinsic each, while no block is made, and gives the blocks that they are in.
    pub(super) async fn included_together(
        &self,
        signer: &Signer,
        pallet: &str,
        call: &str,
        calls: Vec<Vec<Value>>,
    ) -> Result<Vec<Block>> {
        self.rpc.call("dev_setBlockBuildMode", json!(["Manual"])).await?;
        let blocks = self.send_unmined(signer, pallet, call, &calls).await;
        self.rpc.call("dev_setBlockBuildMode", json!(["Instant"])).await?;
        // What came since the last block waits for the next.
        self.new_blocks(1).await?;
        blocks
    }

    /// Sends calls, as many at a time as a block has room for, and makes the blocks that hold them.
    async fn send_unmined(
        &self,
        signer: &Signer,
        pallet: &str,
        call: &str,
        calls: &[Vec<Value>],
    ) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        for calls in calls.chunks(PER_BLOCK) {
            let first = self.height().await? + 1;
            let sent = self.send(signer, pallet, call, calls.to_vec()).await?;
            self.new_blocks(1).await?;
            blocks.extend(self.with_all(first, sent).await?);
        }
        Ok(blocks)
    }

    /// Sends calls, and gives the hashes of their extrinsics.
    async fn send(&self, signer: &Signer, pallet: &str, call: &str, calls: Vec<Vec<Value>>) -> Result<Vec<[u8; 32]>> {
        let transactions = self.client.at_block(self.head().await?).await?.transactions();
        let nonce = transactions.account_nonce(&signer.account().into()).await?;
        let mut hashes = Vec::with_capacity(calls.len());
        for (fields, offset) in calls.into_iter().zip(OFFSETS) {
            let params = DefaultExtrinsicParamsBuilder::new().nonce(nonce + offset).immortal().build();
            let call = dynamic::transaction(pallet, call, fields);
            let signed = transactions.create_signable_offline(&call, params)?.sign(signer.keypair())?;
            let raw = format!("0x{}", hex::encode(signed.encoded()));
            self.rpc.call("author_submitExtrinsic", json!([raw])).await?;
            hashes.push(signed.hash().0);
        }
        Ok(hashes)
    }

    /// The blocks from `first` on that hold these extrinsics.
    async fn with_all(&self, first: u64, mut hashes: Vec<[u8; 32]>) -> Result<Vec<Block>> {
        let (mut blocks, mut next) = (Vec::new(), first);
        while !hashes.is_empty() {
            let hash = wait_for("an extrinsic's block", INCLUSION, async || self.hash(next).await).await?;
            let block = block::read(&self.client, hash.into(), next).await?;
            let before = hashes.len();
            hashes.retain(|hash| !block.holds(hash));
            if hashes.len() < before {
                blocks.push(block);
            }
            next += 1;
        }
        Ok(blocks)
    }
}
