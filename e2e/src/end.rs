//! An oracle on a node, and who asks there: what scenarios need of a chain, whatever its family.

use crate::{Asked, EnclaveProcess, Fault, Heard, Question, Settings};
use anyhow::{Context, Result};
use async_trait::async_trait;
use ethers::types::U256;
use phat_connector::TxHash;
use phat_protocol::{Payee, Report, RequestId};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
};
use toml::Table;

/// An answer as the chain accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfilment {
    /// The height of its block.
    pub block: u64,
    /// Its transaction.
    pub transaction: TxHash,
    /// The outcome's number.
    pub outcome: u8,
    /// Whether the consumer's callback succeeded.
    pub callback_ok: bool,
}

/// A report that got into a block, and its workers' signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentReport {
    /// The report.
    pub report: Report,
    /// The signatures.
    pub signatures: Vec<Vec<u8>>,
}

/// Who asks, and hears.
#[async_trait(?Send)]
pub trait Consumer: fmt::Debug + Send + Sync {
    /// Asks, and pays what is due.
    async fn ask(&self, question: &Question) -> Result<Asked>;

    /// Asks all at once: in a transaction each, and few blocks.
    async fn ask_together(&self, questions: &[Question]) -> Result<Vec<Asked>>;

    /// Everything that it was told, by request, in order.
    async fn all_heard(&self) -> Result<BTreeMap<RequestId, Vec<Heard>>>;

    /// Everything that it was told about a request, in order.
    async fn heard(&self, id: RequestId) -> Result<Vec<Heard>> {
        Ok(self.all_heard().await?.remove(&id).unwrap_or_default())
    }
}

/// A node of its own with an oracle that accepts an enclave's reports, and the account that a relayer is to use there.
#[async_trait(?Send)]
pub trait OracleEnd: fmt::Debug + Send + Sync + Sized {
    /// Who asks there.
    type Consumer: Consumer;

    /// Faults that are forged answers of this family's nodes, and that a relayer gets by with.
    const FORGED: &'static [Fault];

    /// The share of its calls that a relayer can do without: what it asks at once on one family takes several calls on
    /// another, and all are to arrive.
    const LOSS: f64;

    /// Its node.
    type Node;

    /// Starts a node.
    async fn node(settings: &Settings) -> Result<Self::Node>;

    /// Puts an oracle there, by the operator's own commands where there are some.
    async fn deploy(node: Self::Node, settings: &Settings, enclave: &EnclaveProcess) -> Result<Self>;

    /// The chain's section of a relayer's configuration.
    fn chain_config(&self) -> Result<Table>;

    /// Where the node listens, for JSON-RPC over HTTP and over a websocket alike.
    fn address(&self) -> SocketAddr;

    /// Who is named as payee.
    fn payee(&self) -> Payee;

    /// Gives the relayer's account so much, in the smallest unit, and nothing else.
    async fn fund(&self, amount: U256) -> Result<()>;

    /// A consumer whose callback takes answers.
    async fn consumer(&self) -> Result<Self::Consumer>;

    /// The height of the newest block.
    async fn height(&self) -> Result<u64>;

    /// Makes so many blocks.
    async fn mine(&self, blocks: u64) -> Result<()>;

    /// Replaces the newest `depth` blocks by others without what was in them, as high at least. Answers the height of
    /// the newest block that stays.
    async fn reorganise(&self, depth: u64) -> Result<u64>;

    /// Every answer that was accepted, by request.
    async fn fulfilments(&self) -> Result<BTreeMap<RequestId, Vec<Fulfilment>>>;

    /// Every request that the chain holds or held.
    async fn requests(&self) -> Result<BTreeSet<RequestId>>;

    /// Every report that the relayer's account ever got into a block, by request.
    async fn sent_reports(&self) -> Result<BTreeMap<RequestId, Vec<SentReport>>>;

    /// Fails unless each transaction of the relayer's account to the oracle succeeded, and each entry of them had an
    /// effect, but for entries that answer one of the requests that are `gone`.
    async fn expect_no_waste_but(&self, gone: &BTreeSet<RequestId>) -> Result<()>;
}

/// A file's path, as a command takes it.
pub(crate) fn path_text(path: &std::path::Path) -> Result<&str> {
    path.to_str().context("a path that isn't UTF-8")
}
