use crate::{EvmChain, abi, bindings::phat_oracle::RequestSubmittedFilter, chain::Inner};
use async_trait::async_trait;
use ethers::{
    contract::EthEvent,
    types::{Filter, Log},
};
use phat_connector::{BlockRef, ChainError, Head, ObservedRequest, RequestSource};
use std::{collections::HashSet, convert::Infallible, ops::RangeInclusive};
use tokio::sync::watch;

#[async_trait]
impl RequestSource for EvmChain {
    async fn head(&self) -> Result<Head, ChainError> {
        let (latest, confirmed) = self.0.node.head(self.0.finality).await?;
        Ok(Head {
            latest: latest.block,
            timestamp: latest.timestamp,
            confirmed: confirmed.block,
            confirmed_timestamp: confirmed.timestamp,
        })
    }

    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let header = self.0.node.header(number).await?;
        Ok(header.map(|header| header.block))
    }

    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
        let header = self.0.node.header(number).await?;
        Ok(header.map(|header| header.timestamp))
    }

    async fn requests(&self, blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        if blocks.is_empty() {
            return Ok(Vec::new());
        }
        let filter = Filter::new().address(abi::address(self.0.oracle)).topic0(RequestSubmittedFilter::signature());
        let mut logs = self.0.node.logs(&filter, *blocks.start(), *blocks.end()).await?;
        logs.retain(|log| log.removed != Some(true));
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        // A node may show a log twice: who counts the requests of a transaction counts each once.
        let mut seen = HashSet::new();
        let believed = logs.into_iter().filter_map(|log| self.0.believe(&blocks, log));
        Ok(believed.filter(|request| seen.insert(request.id)).collect())
    }

    fn reach(&self) -> u64 {
        self.0.node.span.known().blocks()
    }

    async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        self.0.announced(heads).await
    }
}

impl Inner {
    fn believe(&self, blocks: &RangeInclusive<u64>, log: Log) -> Option<ObservedRequest> {
        let claimed = log.topics.get(1).copied();
        match abi::observed_request(self.chain_id, self.oracle, log) {
            Ok(observed) if blocks.contains(&observed.block.number) => Some(observed),
            Ok(observed) => {
                self.dropped(&claimed, &format!("block {} wasn't asked for", observed.block.number));
                None
            }
            Err(untrue) => {
                self.dropped(&claimed, &untrue.to_string());
                None
            }
        }
    }

    fn dropped(&self, claimed: &Option<ethers::types::H256>, cause: &str) {
        tracing::warn!(
            endpoint = self.node.endpoint(),
            chain_id = self.chain_id,
            oracle = %self.oracle,
            claimed_request = ?claimed,
            cause,
            "dropped a request log that isn't true"
        );
    }
}
