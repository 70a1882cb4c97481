use crate::{
    EvmChain, abi,
    bindings::phat_oracle::RequestSubmittedFilter,
    chain::Inner,
    node::{Header, header_call, read_header, read_latest},
    transport::connect_web_socket,
};
use async_trait::async_trait;
use ethers::{
    contract::EthEvent,
    types::{BlockNumber, Filter, Log, U64},
};
use jsonrpsee::{core::client::SubscriptionClientT, rpc_params};
use phat_connector::{BlockRef, ChainError, Finality, Head, ObservedRequest, RequestSource};
use serde::Deserialize;
use std::{convert::Infallible, ops::RangeInclusive};
use tokio::sync::watch;

/// What we use of an announced block.
#[derive(Deserialize)]
struct Announced {
    number: U64,
}

#[async_trait]
impl RequestSource for EvmChain {
    async fn head(&self) -> Result<Head, ChainError> {
        let (latest, confirmed) = match self.0.finality {
            Finality::Latest(depth) => self.0.below_latest(depth).await?,
            Finality::Safe => self.0.latest_and(BlockNumber::Safe).await?,
            Finality::Finalized => self.0.latest_and(BlockNumber::Finalized).await?,
        };
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
        Ok(logs.into_iter().filter_map(|log| self.0.believe(&blocks, log)).collect())
    }

    async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        let Some(at) = &self.0.announcements else {
            return std::future::pending().await;
        };
        let lost = |cause: String| ChainError::Unreachable { endpoint: at.url.name().to_owned(), cause };
        let client = connect_web_socket(&at.url, at.tls.clone(), at.call_timeout).await?;
        let mut announced = client
            .subscribe::<Announced, _>("eth_subscribe", rpc_params!["newHeads"], "eth_unsubscribe")
            .await
            .map_err(|error| lost(format!("no subscription to new blocks: {error}")))?;
        while let Some(block) = announced.next().await {
            let block = block.map_err(|error| ChainError::Malformed {
                method: "eth_subscription".to_owned(),
                cause: error.to_string(),
            })?;
            heads.send_replace(block.number.as_u64());
        }
        Err(lost("the web socket closed".to_owned()))
    }
}

impl Inner {
    /// The newest block and the one `depth` below it.
    async fn below_latest(&self, depth: u64) -> Result<(Header, Header), ChainError> {
        let latest = self.node.latest().await?;
        let number = latest.block.number.saturating_sub(depth);
        if number == latest.block.number {
            return Ok((latest, latest));
        }
        Ok((latest, self.known_block(number).await?))
    }

    /// The newest block and the one with that tag. A chain that has none yet has confirmed its first
    /// block alone.
    async fn latest_and(&self, tag: BlockNumber) -> Result<(Header, Header), ChainError> {
        let [latest, tagged] = self.node.batch([header_call(BlockNumber::Latest), header_call(tag)]).await?;
        let latest = read_latest(latest)?;
        match read_header(tagged)? {
            Some(tagged) => Ok((latest, tagged)),
            None => Ok((latest, self.known_block(0).await?)),
        }
    }

    async fn known_block(&self, number: u64) -> Result<Header, ChainError> {
        self.node.header(number).await?.ok_or_else(|| ChainError::Malformed {
            method: "eth_getBlockByNumber".to_owned(),
            cause: format!("block {number} is missing below the newest"),
        })
    }

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
