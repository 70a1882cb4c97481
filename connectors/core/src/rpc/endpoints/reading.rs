//! Calls that may be repeated: from the best endpoint, or from the next where that one fails, hangs or lags.

use super::{Endpoint, Endpoints};
use crate::{
    ChainError,
    rpc::{Call, CallError, Reply},
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::Future;
use tokio::time::{Instant, sleep};

impl Endpoints {
    /// Asks the best endpoint, and the next one where it fails in a way that another may not, or is silent for long.
    /// `reach` is the block that the call is about.
    ///
    /// # Errors
    /// The first that an endpoint met, where none did better; an error that is no endpoint's own at once.
    pub async fn read<T, Asking>(&self, reach: Option<u64>, ask: impl Fn(Endpoint) -> Asking) -> Result<T, CallError>
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
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let reach = calls.iter().filter_map(Call::block).max();
        Ok(self.read(reach, |endpoint| self.batch_at(endpoint, calls.clone())).await?)
    }

    /// The same from one endpoint.
    ///
    /// # Errors
    /// `Behind` where it lacks a block that others have; otherwise as [`Endpoint::batch`].
    pub async fn batch_at(&self, endpoint: Endpoint, calls: Vec<Call>) -> Result<Vec<Reply>, CallError> {
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
}
