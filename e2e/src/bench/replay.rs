//! What a relayer sent, sent again by a bare loop: what the node itself makes of it.

use super::{figure::number, watcher::Watcher};
use crate::{Anvil, Chain, Directory, Environment, Oracle};
use anyhow::{Context, Result, ensure};
use ethers::{
    providers::Middleware,
    types::{Address, Bytes, H256, U64},
    utils::keccak256,
};
use phat_protocol::RequestId;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// The state of a chain before answers, and the transactions that brought them.
#[derive(Debug)]
pub(super) struct Replay {
    state: Bytes,
    height: u64,
    oracle: Oracle,
    transactions: Vec<Bytes>,
    answers: BTreeSet<RequestId>,
}

impl Replay {
    /// Keeps the chain's state as it is now.
    pub(super) async fn prepare(environment: &Environment) -> Result<Self> {
        let state = environment.end.chain.provider().request::<_, Bytes>("anvil_dumpState", ()).await?;
        let height = environment.end.chain.height().await?;
        Ok(Self { state, height, oracle: environment.end.oracle, transactions: Vec::new(), answers: BTreeSet::new() })
    }

    /// Collects the transactions that the relayer's wallet got into blocks since, in their order.
    pub(super) async fn of_what_was_sent(
        self,
        environment: &Environment,
        answers: BTreeSet<RequestId>,
    ) -> Result<Self> {
        let sender: Address = environment.end.wallet.address;
        let provider = environment.end.chain.provider();
        let mut transactions = Vec::new();
        for number in self.height + 1..=environment.end.chain.height().await? {
            let block = provider.get_block_with_txs(U64::from(number)).await?.context("a block is missing")?;
            for sent in block.transactions.iter().filter(|transaction| transaction.from == sender) {
                let raw = sent.rlp();
                ensure!(H256(keccak256(&raw)) == sent.hash, "{:?} has other bytes", sent.hash);
                transactions.push(raw);
            }
        }
        Ok(Self { transactions, answers, ..self })
    }

    /// How many transactions there are.
    pub(super) fn len(&self) -> usize {
        self.transactions.len()
    }

    /// A fresh node in the state before the answers.
    pub(super) async fn node(&self) -> Result<BareNode> {
        let directory = Directory::create()?;
        let anvil = Anvil::start(directory.path()).await?;
        let chain = Chain::connect(&anvil.url()).await?;
        let loaded = chain.provider().request::<_, bool>("anvil_loadState", [self.state.clone()]).await?;
        ensure!(loaded, "anvil doesn't load the state that it dumped");
        chain.provider().request::<_, String>("evm_mine", ()).await?;
        directory.hush();
        Ok(BareNode { anvil, chain, _directory: directory })
    }

    /// Sends the transactions to a fresh node, one after the other on one connection, each as soon as
    /// the node has taken the one before. Answers a second, until the last was seen.
    pub(super) async fn replay(&self) -> Result<f64> {
        let node = self.node().await?;
        let provider = node.chain.provider();
        let mut watcher = Watcher::answers(&node.anvil, &self.oracle).await?;
        let started = Instant::now();
        for transaction in &self.transactions {
            provider.request::<_, H256>("eth_sendRawTransaction", [transaction]).await?;
        }
        let (last, answered) = watcher.different(self.answers.len()).await?;
        ensure!(answered == self.answers, "the bare node answered {} requests", answered.len());
        let elapsed = last.context("nothing was answered")? - started;
        Ok(number(answered.len()) / elapsed.as_secs_f64())
    }
}

/// A node that nobody else uses.
#[derive(Debug)]
pub(super) struct BareNode {
    pub(super) anvil: Anvil,
    pub(super) chain: Chain,
    /// It goes last.
    _directory: Directory,
}
