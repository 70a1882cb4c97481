//! Calls that may be repeated: from the best endpoint, or from the next where that one fails, hangs or lags.

use super::{Endpoint, Endpoints};
use crate::transport::{Call, CallError, Params, Reply};
use async_trait::async_trait;
use ethers::{
    providers::JsonRpcClient,
    types::{Filter, Log, U64},
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use phat_connector::ChainError;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, future::Future};
use tokio::time::{Instant, sleep};

/// Blocks so far below an endpoint's newest are there behind every door of a provider that has several.
const SETTLED: u64 = 128;

impl Endpoints {
    /// Asks the best endpoint, and the next one where it fails in a way that another may not, or is silent for long.
    /// `reach` is the block that the call is about.
    pub(super) async fn read<T, Asking>(
        &self,
        reach: Option<u64>,
        ask: impl Fn(Endpoint) -> Asking,
    ) -> Result<T, CallError>
    where
        Asking: Future<Output = Result<T, CallError>>,
    {
        let mut waiting = self.in_order(reach).into_iter();
        let mut asked: Vec<(Endpoint, Instant)> = Vec::new();
        let mut running = FuturesUnordered::new();
        let mut first_error = None;
        loop {
            if running.is_empty() {
                match waiting.next() {
                    Some(endpoint) => {
                        asked.push((endpoint.clone(), Instant::now()));
                        running.push(self.asked(endpoint, &ask));
                    }
                    None => return Err(first_error.unwrap_or_else(|| self.all_rest().into())),
                }
            }
            let has_more = waiting.len() > 0;
            tokio::select! {
                biased;
                Some((endpoint, answer)) = running.next() => {
                    asked.retain(|(running, _)| running.place() != endpoint.place());
                    match answer {
                        Err(error) if error.is_elsewhere_better() => {
                            first_error.get_or_insert(error);
                        }
                        answer => {
                            self.served(&endpoint);
                            let now = Instant::now();
                            for (late, since) in asked {
                                let waited = now.saturating_duration_since(since);
                                if waited >= self.0.patience {
                                    late.overtaken(waited);
                                }
                            }
                            return answer;
                        }
                    }
                }
                () = sleep(self.0.patience), if has_more => {
                    if let Some(endpoint) = waiting.next() {
                        asked.push((endpoint.clone(), Instant::now()));
                        running.push(self.asked(endpoint, &ask));
                    }
                }
            }
        }
    }

    /// Asks one endpoint, once it is sure to serve the configured chain.
    pub(super) async fn asked<T, Asking>(
        &self,
        endpoint: Endpoint,
        ask: &impl Fn(Endpoint) -> Asking,
    ) -> (Endpoint, Result<T, CallError>)
    where
        Asking: Future<Output = Result<T, CallError>>,
    {
        let answer = match endpoint.identify().await {
            Ok(()) => ask(endpoint.clone()).await,
            Err(error) => Err(error),
        };
        (endpoint, answer)
    }

    /// Sends all calls as one batch to one endpoint. Nothing where a block is asked for means that there is none: an
    /// endpoint that hasn't reached it, where others have, isn't believed.
    pub(crate) async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let reach = calls.iter().filter_map(Call::block).max();
        Ok(self.read(reach, |endpoint| self.batch_at(endpoint, calls.clone())).await?)
    }

    /// The same from one endpoint.
    pub(crate) async fn batch_at(&self, endpoint: Endpoint, calls: Vec<Call>) -> Result<Vec<Reply>, CallError> {
        let blocks: Vec<Option<u64>> = calls.iter().map(Call::block).collect();
        let replies = endpoint.batch(calls).await?;
        let absent =
            replies.iter().zip(blocks).filter(|(reply, _)| reply.is_null()).filter_map(|(_, block)| block).max();
        if let Some(wanted) = absent.filter(|block| self.is_reached(*block)) {
            let head = endpoint.newest().await?;
            if head < wanted {
                let endpoint = endpoint.name().to_owned();
                return Err(ChainError::Behind { endpoint, head, wanted }.into());
            }
        }
        Ok(replies)
    }

    /// The logs of a range of blocks that ends with `to`, from one endpoint.
    ///
    /// # Errors
    /// Where the endpoint hasn't reached `to`: it would answer that there are none. What a node says to the range
    /// itself is an error that it answered.
    pub(super) async fn logs_at(&self, endpoint: Endpoint, filter: Filter, to: u64) -> Result<Vec<Log>, CallError> {
        let call = Call::new("eth_getLogs", [filter]);
        let known = endpoint.health().head();
        let reply = if known.is_some_and(|head| head >= to.saturating_add(SETTLED)) {
            let [logs] = exactly(endpoint.batch_of_words(vec![call]).await?)?;
            logs
        } else {
            // In one round trip, so that they are one node's, and the head first, so that it isn't newer than the logs.
            let none: [u8; 0] = [];
            let head = Call::new("eth_blockNumber", none);
            let [head, logs] = exactly(endpoint.batch_of_words(vec![head, call]).await?)?;
            let head = head.read::<U64>()?.as_u64();
            endpoint.showed(head);
            if head < to {
                let endpoint = endpoint.name().to_owned();
                return Err(ChainError::Behind { endpoint, head, wanted: to }.into());
            }
            logs
        };
        reply.read()
    }

    /// The logs of the blocks `from` to `to`, as one node answers them, or as a quorum does. Who hasn't reached `to` isn't
    /// believed.
    pub(crate) async fn logs(&self, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>, CallError> {
        let filter = filter.clone().from_block(from).to_block(to);
        let ask = |endpoint: Endpoint| {
            let filter = filter.clone();
            async move {
                let logs = self.logs_at(endpoint.clone(), filter, to).await;
                match &logs {
                    // Of one block there can't be too many logs, so that it is the rate that is limited.
                    Err(error) if error.is_limit() && from >= to => endpoint.limited(error),
                    Ok(_) | Err(_) => {}
                }
                match logs {
                    Err(error) if error.is_limit() && from < to => Ok(Err(error)),
                    Err(error) => Err(error),
                    Ok(logs) => Ok(Ok(logs)),
                }
            }
        };
        if self.quorum() > 1 { self.agree_on_logs(to, ask).await? } else { self.read(Some(to), ask).await? }
    }
}

fn exactly<const N: usize>(replies: Vec<Reply>) -> Result<[Reply; N], CallError> {
    replies.try_into().map_err(|replies: Vec<Reply>| {
        let cause = format!("{} answers to {N} calls", replies.len());
        ChainError::Malformed { method: "batch".to_owned(), cause }.into()
    })
}

#[async_trait]
impl JsonRpcClient for Endpoints {
    type Error = CallError;

    async fn request<T, R>(&self, method: &str, params: T) -> Result<R, CallError>
    where
        T: Debug + Serialize + Send + Sync,
        R: DeserializeOwned + Send,
    {
        let params = Params::new(params);
        let ask = |endpoint: Endpoint| {
            let params = params.clone();
            async move { endpoint.request(method, params).await }
        };
        let raw = self.read(None, ask).await?;
        serde_json::from_str(raw.get())
            .map_err(|error| ChainError::Malformed { method: method.to_owned(), cause: error.to_string() }.into())
    }
}
