//! Where a chain stands, as its endpoints show it.

use crate::{chain::Inner, peer::Peer};
use phat_connector::{
    BlockRef, ChainError, Finality,
    rpc::{CallError, Endpoint},
};
use phat_protocol::BlockHash;
use std::{future::Future, sync::Arc};

/// A block and its time, unix seconds.
pub(crate) type Dated = (BlockRef, u64);

impl Inner {
    /// One endpoint, asked in Substrate's words.
    pub(crate) fn peer(&self, endpoint: Endpoint) -> Peer {
        Peer { endpoint, wires: Arc::clone(&self.wires), runtimes: Arc::clone(&self.runtimes) }
    }

    /// Asks one endpoint, and the next where it fails.
    pub(crate) async fn read<T, Asking>(
        &self,
        reach: Option<u64>,
        ask: impl Fn(Peer) -> Asking,
    ) -> Result<T, ChainError>
    where
        Asking: Future<Output = Result<T, CallError>>,
    {
        Ok(self.endpoints.read(reach, |endpoint| ask(self.peer(endpoint))).await?)
    }

    /// Asks as many endpoints as have to agree.
    pub(crate) async fn agree<T, Key: PartialEq, Asking>(
        &self,
        method: &str,
        reach: Option<u64>,
        key: impl Fn(&T) -> Key,
        ask: impl Fn(Peer) -> Asking,
    ) -> Result<T, ChainError>
    where
        Asking: Future<Output = Result<T, CallError>>,
    {
        Ok(self.endpoints.agree(method, reach, key, |endpoint| ask(self.peer(endpoint))).await?)
    }

    /// The newest block, and the newest that counts. Where several endpoints must agree, each is one that as many of
    /// them have reached, and the second one that as many show the same.
    pub(crate) async fn heads(&self) -> Result<(Dated, Dated), ChainError> {
        if self.endpoints.quorum() <= 1 {
            return self.read(None, |peer| async move { peer.heads(self.finality).await }).await;
        }
        let quorum = self.endpoints.quorum();
        let ask = |endpoint: Endpoint| async move { self.peer(endpoint).heads(self.finality).await };
        let seen = self.endpoints.survey("chain_getFinalizedHead", ask).await?;
        let mut latest: Vec<Dated> = seen.iter().map(|(_, (latest, _))| *latest).collect();
        latest.sort_unstable_by_key(|(block, _)| std::cmp::Reverse(block.number));
        let mut confirmed: Vec<u64> = seen.iter().map(|(_, (_, (block, _)))| block.number).collect();
        confirmed.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        // A survey has at least a quorum of answers.
        let (Some(latest), Some(number)) = (latest.get(quorum - 1), confirmed.get(quorum - 1)) else {
            let cause = "a survey without answers".to_owned();
            return Err(ChainError::Malformed { method: "chain_getFinalizedHead".to_owned(), cause });
        };
        let ask = |peer: Peer| async move { peer.dated(peer.known_hash(*number).await?).await };
        let confirmed = self.agree("chain_getBlockHash", Some(*number), |(block, _)| *block, ask).await?;
        Ok((*latest, confirmed))
    }
}

impl Peer {
    /// The newest block, and the newest that counts.
    async fn heads(&self, finality: Finality) -> Result<(Dated, Dated), CallError> {
        let latest = self.best().await?;
        match finality {
            Finality::Latest(0) => {
                let latest = self.dated(latest).await?;
                Ok((latest, latest))
            }
            Finality::Latest(_) | Finality::Safe | Finality::Finalized => {
                let confirmed = async { self.dated(self.confirmed_below(latest, finality).await?).await };
                tokio::try_join!(self.dated(latest), confirmed)
            }
        }
    }

    /// The newest block that counts.
    pub(crate) async fn confirmed(&self, finality: Finality) -> Result<BlockHash, CallError> {
        match finality {
            Finality::Safe | Finality::Finalized => self.finalized().await,
            Finality::Latest(_) => self.confirmed_below(self.best().await?, finality).await,
        }
    }

    async fn confirmed_below(&self, latest: BlockHash, finality: Finality) -> Result<BlockHash, CallError> {
        match finality {
            Finality::Safe | Finality::Finalized => self.finalized().await,
            Finality::Latest(0) => Ok(latest),
            Finality::Latest(depth) => {
                let number = self.header(latest).await?.number.saturating_sub(depth);
                self.known_hash(number).await
            }
        }
    }
}
