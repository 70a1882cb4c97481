//! Sees answers as a user's program would: by a subscription to the oracle's events.

use crate::{Anvil, Oracle, phat_oracle::RequestFulfilledFilter};
use anyhow::{Context, Result};
use ethers::{
    contract::EthEvent,
    types::{H256, Log},
};
use jsonrpsee::{
    core::client::{Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use phat_protocol::RequestId;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, timeout};

/// How many events may wait to be read. One that finds no room would end the subscription.
const BUFFER: usize = 1 << 16;

/// How long nothing may happen before what is missing counts as lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A subscription to the events of one node.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The subscription ends with its client.
    _client: WsClient,
    events: Subscription<Log>,
}

impl Watcher {
    /// Sees every answer that the oracle accepts from now on.
    pub(super) async fn answers(anvil: &Anvil, oracle: &Oracle) -> Result<Self> {
        let filter = json!({"address": oracle.address, "topics": [RequestFulfilledFilter::signature()]});
        Self::subscribe(anvil, filter).await
    }

    /// Sees every event of the oracle from now on.
    pub(super) async fn oracle(anvil: &Anvil, oracle: &Oracle) -> Result<Self> {
        Self::subscribe(anvil, json!({"address": oracle.address})).await
    }

    async fn subscribe(anvil: &Anvil, filter: Value) -> Result<Self> {
        let builder = WsClientBuilder::default().max_buffer_capacity_per_subscription(BUFFER).set_tcp_no_delay(true);
        let client = builder.build(anvil.ws_url()).await.context("no web socket to anvil")?;
        let events = client.subscribe("eth_subscribe", rpc_params!["logs", filter], "eth_unsubscribe").await?;
        Ok(Self { _client: client, events })
    }

    /// The next event, within [`PATIENCE`].
    pub(super) async fn next(&mut self) -> Result<Option<Log>> {
        match timeout(PATIENCE, self.events.next()).await {
            Err(_) => Ok(None),
            Ok(Some(event)) => Ok(Some(event?)),
            Ok(None) => anyhow::bail!("anvil ended the subscription"),
        }
    }

    /// Waits for so many different requests to be answered. When the last of them was, and which were.
    pub(super) async fn different(&mut self, count: usize) -> Result<(Option<Instant>, BTreeSet<RequestId>)> {
        let (mut last, mut answered) = (None, BTreeSet::new());
        while answered.len() < count {
            let Some(event) = self.next().await? else { break };
            last = Some(Instant::now());
            let H256(id) = *event.topics.get(1).context("an event without a request")?;
            answered.insert(RequestId(id));
        }
        Ok((last, answered))
    }
}
