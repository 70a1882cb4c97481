//! How requests left the pending state. The states of blocks tell when, in a number of reads that is the logarithm of
//! the blocks between; the events of that one block tell how.

use crate::{
    block::{callback_ok, request_id},
    chain::Inner,
    peer::Peer,
    stored::{RequestState, StoredRequest},
    words::is_lack,
};
use phat_connector::{Asked, BlockRef, ChainError, OnChainState, Resolution, ResolutionKind, TxHash, rpc::CallError};
use phat_protocol::{BlockHash, Digest, RequestId};
use std::{collections::BTreeMap, collections::BTreeSet, future::Future, pin::Pin};
use subxt::dynamic::Value;

/// The blocks in which the states of requests changed, by height.
type Changes = BTreeMap<u64, BTreeSet<RequestId>>;

impl Inner {
    /// The events that closed requests, up to block `to`.
    pub(crate) async fn resolutions_of(&self, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let key = |resolutions: &Vec<Resolution>| resolutions.clone();
        let ask = |peer: Peer| async move { self.resolutions_at(&peer, requests, to).await };
        self.agree("state_queryStorageAt", Some(to), key, ask).await
    }

    async fn resolutions_at(&self, peer: &Peer, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, CallError> {
        let mut by_block: BTreeMap<u64, Vec<RequestId>> = BTreeMap::new();
        for Asked { id, block } in requests.iter().filter(|request| request.block <= to) {
            by_block.entry(*block).or_default().push(*id);
        }
        let mut changes = Changes::new();
        for (from, ids) in by_block {
            // Where it is forgotten: it was pending when it was asked.
            let there = self.states_of(peer, &ids, from).await?;
            let there = there.unwrap_or_else(|| vec![OnChainState::Pending; ids.len()]);
            let Some(later) = self.states_of(peer, &ids, to).await? else { continue };
            let spans = ids.into_iter().zip(there.into_iter().zip(later)).collect();
            self.narrow(peer, spans, from, to, &mut changes).await?;
        }
        let mut resolutions = Vec::new();
        for (number, ids) in changes {
            let block = BlockRef { number, hash: peer.known_hash(number).await? };
            resolutions.extend(self.resolved_in(peer, block, &ids).await?);
        }
        Ok(resolutions)
    }

    /// Finds the blocks between two in which states changed: each request has the first state at `low`, the second at
    /// `high`. Both halves are asked for all requests at once.
    fn narrow<'all>(
        &'all self,
        peer: &'all Peer,
        spans: Vec<(RequestId, (OnChainState, OnChainState))>,
        low: u64,
        high: u64,
        changes: &'all mut Changes,
    ) -> Pin<Box<dyn Future<Output = Result<(), CallError>> + Send + 'all>> {
        Box::pin(async move {
            let spans: Vec<_> = spans.into_iter().filter(|(_, (before, after))| before != after).collect();
            if spans.is_empty() {
                return Ok(());
            }
            if high - low <= 1 {
                changes.entry(high).or_default().extend(spans.into_iter().map(|(id, _)| id));
                return Ok(());
            }
            let middle = low + (high - low) / 2;
            let ids: Vec<RequestId> = spans.iter().map(|(id, _)| *id).collect();
            match self.states_of(peer, &ids, middle).await? {
                Some(between) => {
                    let split = spans.into_iter().zip(between);
                    let (first, second): (Vec<_>, Vec<_>) = split
                        .map(|((id, (before, after)), between)| ((id, (before, between)), (id, (between, after))))
                        .unzip();
                    self.narrow(peer, first, low, middle, changes).await?;
                    self.narrow(peer, second, middle, high, changes).await
                }
                // Forgotten, and what came before it too.
                None => self.narrow(peer, spans, middle, high, changes).await,
            }
        })
    }

    /// The states of requests at a height; none where the node has forgotten them.
    async fn states_of(
        &self,
        peer: &Peer,
        ids: &[RequestId],
        number: u64,
    ) -> Result<Option<Vec<OnChainState>>, CallError> {
        let read = async { self.states_at(peer, ids, peer.known_hash(number).await?).await };
        match read.await {
            Ok(states) => Ok(Some(states)),
            Err(CallError::Answered(_)) => Ok(None),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error),
        }
    }

    /// The states of requests in a block.
    pub(crate) async fn states_at(
        &self,
        peer: &Peer,
        ids: &[RequestId],
        block: BlockHash,
    ) -> Result<Vec<OnChainState>, CallError> {
        let runtime = peer.runtime(block).await?;
        let requests = runtime.entry("Requests");
        let keys: Result<Vec<_>, ChainError> =
            ids.iter().map(|id| runtime.key(requests, vec![Value::from_bytes(id.0)])).collect();
        let values = peer.storage(&keys?, block).await?;
        let states = values.into_iter().map(|value| match value {
            None => Ok(OnChainState::Closed),
            Some(value) => {
                let stored: StoredRequest = runtime.decode(requests, &value)?;
                Ok(match stored.state {
                    RequestState::Pending => OnChainState::Pending,
                    RequestState::CallbackFailed(report) => OnChainState::CallbackFailed(report.digest()),
                })
            }
        });
        Ok(states.collect::<Result<_, ChainError>>()?)
    }

    /// What a block's events tell of requests.
    async fn resolved_in(
        &self,
        peer: &Peer,
        block: BlockRef,
        ids: &BTreeSet<RequestId>,
    ) -> Result<Vec<Resolution>, CallError> {
        let told = match peer.told(block.hash).await {
            Ok(told) => told,
            // The oldest block that the node has was made by a runtime that it doesn't tell any more.
            Err(error) if is_lack(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let resolutions = told.by(&self.instance).filter_map(|(event, extrinsic)| {
            let kind = match event.event_name() {
                "RequestFulfilled" => ResolutionKind::Fulfilled { callback_ok: callback_ok(&event)? },
                "CallbackRetried" => ResolutionKind::CallbackRetried,
                "RequestCancelled" => ResolutionKind::Cancelled,
                _ => return None,
            };
            let id = request_id(&event).filter(|id| ids.contains(id))?;
            let transaction = extrinsic.unwrap_or(TxHash(Digest(block.hash.0)));
            Some(Resolution { id, kind, block, transaction })
        });
        Ok(resolutions.collect())
    }
}
