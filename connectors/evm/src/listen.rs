//! New blocks as a web socket announces them. Nothing depends on it but latency.

use crate::chain::Inner;
use ethers::types::{U64, U256};
use jsonrpsee::{
    core::client::{ClientT, SubscriptionClientT},
    rpc_params,
};
use phat_connector::{
    ChainError,
    rpc::{Endpoint, connect_web_socket},
};
use serde::Deserialize;
use std::convert::Infallible;
use tokio::sync::watch;

/// What we use of an announced block.
#[derive(Deserialize)]
struct Announced {
    number: U64,
}

impl Inner {
    /// Listens at the best endpoint that announces blocks, and at the next one when it is lost. Ends when each was
    /// tried; never where none announces any.
    pub(crate) async fn announced(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        let endpoints = self.node.endpoints();
        if !endpoints.announce() {
            return std::future::pending().await;
        }
        let mut last = None;
        for endpoint in endpoints.in_order(None) {
            match self.announced_by(&endpoint, heads).await {
                Some(Ok(never)) => match never {},
                Some(Err(error)) => {
                    tracing::debug!(endpoint = endpoint.name(), %error, "new blocks are not announced any more");
                    last = Some(error);
                }
                None => {}
            }
        }
        Err(last
            .unwrap_or_else(|| ChainError::RateLimited { endpoint: endpoints.name().to_owned(), retry_after: None }))
    }

    /// Listens at one endpoint until it is lost; none where it announces nothing.
    async fn announced_by(
        &self,
        endpoint: &Endpoint,
        heads: &watch::Sender<u64>,
    ) -> Option<Result<Infallible, ChainError>> {
        let url = endpoint.announces()?;
        let lost = |cause: String| ChainError::Unreachable { endpoint: endpoint.name().to_owned(), cause };
        let listened = async {
            let at = &self.announcements;
            let client = connect_web_socket(endpoint.name(), url, at.tls.clone(), at.call_timeout).await?;
            let chain_id: U256 = client
                .request("eth_chainId", rpc_params![])
                .await
                .map_err(|error| lost(format!("it doesn't say which chain it serves: {error}")))?;
            if chain_id != U256::from(self.chain_id) {
                return Err(ChainError::WrongChain {
                    endpoint: endpoint.name().to_owned(),
                    expected: self.chain_id.to_string(),
                    found: chain_id.to_string(),
                });
            }
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
        };
        Some(listened.await)
    }
}
