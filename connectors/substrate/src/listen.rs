//! New blocks as a web socket announces them. Nothing depends on it but latency.

use crate::{chain::Inner, dialect::Header};
use jsonrpsee::{
    core::client::{ClientT, SubscriptionClientT},
    rpc_params,
};
use phat_connector::{
    ChainError, Finality,
    rpc::{Endpoint, connect_web_socket},
};
use phat_protocol::{BlockHash, GenesisHash};
use rustls::ClientConfig;
use std::{convert::Infallible, time::Duration};
use tokio::sync::watch;

/// How new blocks are listened for at nodes that have no better way.
pub(crate) struct Announcements {
    pub(crate) tls: ClientConfig,
    pub(crate) call_timeout: Duration,
    pub(crate) genesis: GenesisHash,
}

impl Inner {
    /// Listens at the best endpoint that announces blocks, and at the next one when it is lost. Ends when each was
    /// tried; never where none announces any.
    pub(crate) async fn announced(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        if !self.endpoints.announce() {
            return std::future::pending().await;
        }
        let mut last = None;
        for endpoint in self.endpoints.in_order(None) {
            let words = match self.wires.words(&endpoint).await {
                Ok(words) => words,
                Err(error) => {
                    last = Some(error.into());
                    continue;
                }
            };
            match words.announced(self.finality, heads).await {
                Some(Ok(never)) => match never {},
                Some(Err(error)) => {
                    tracing::debug!(endpoint = endpoint.name(), %error, "new blocks are not announced any more");
                    last = Some(error);
                }
                None => {}
            }
        }
        Err(last.unwrap_or_else(|| ChainError::RateLimited {
            endpoint: self.endpoints.name().to_owned(),
            retry_after: None,
        }))
    }
}

impl Announcements {
    /// Listens at one endpoint until it is lost; none where it announces nothing.
    pub(crate) async fn by(
        &self,
        endpoint: &Endpoint,
        finality: Finality,
        heads: &watch::Sender<u64>,
    ) -> Option<Result<Infallible, ChainError>> {
        let url = endpoint.announces()?;
        let lost = |cause: String| ChainError::Unreachable { endpoint: endpoint.name().to_owned(), cause };
        // The news are the blocks that count.
        let (subscribe, unsubscribe) = match finality {
            Finality::Latest(_) => ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
            Finality::Safe | Finality::Finalized => {
                ("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads")
            }
        };
        let listened = async {
            let client = connect_web_socket(endpoint.name(), url, self.tls.clone(), self.call_timeout).await?;
            let genesis: BlockHash = client
                .request("chain_getBlockHash", rpc_params![0])
                .await
                .map_err(|error| lost(format!("it doesn't say which chain it serves: {error}")))?;
            if genesis.0 != self.genesis.0 {
                return Err(ChainError::WrongChain {
                    endpoint: endpoint.name().to_owned(),
                    expected: self.genesis.to_string(),
                    found: genesis.to_string(),
                });
            }
            let mut announced = client
                .subscribe::<Header, _>(subscribe, rpc_params![], unsubscribe)
                .await
                .map_err(|error| lost(format!("no subscription to new blocks: {error}")))?;
            while let Some(header) = announced.next().await {
                let header = header.map_err(|error| ChainError::Malformed {
                    method: subscribe.to_owned(),
                    cause: error.to_string(),
                })?;
                heads.send_replace(header.number);
            }
            Err(lost("the web socket closed".to_owned()))
        };
        Some(listened.await)
    }
}
