//! Requests, as the oracle's state holds them while they are pending.

use crate::{
    SubstrateChain,
    chain::Inner,
    peer::Peer,
    runtime::Runtime,
    stored::{RequestState, StoredRequest},
    words::is_forgotten,
};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use phat_connector::{BlockRef, ChainError, Head, ObservedRequest, RequestSource, TxHash, rpc::CallError};
use phat_protocol::{BlockHash, Digest, Request, RequestId};
use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    ops::RangeInclusive,
    sync::PoisonError,
};
use tokio::sync::watch;

#[async_trait]
impl RequestSource for SubstrateChain {
    async fn head(&self) -> Result<Head, ChainError> {
        let ((latest, timestamp), (confirmed, confirmed_timestamp)) = self.0.heads().await?;
        Ok(Head { latest, timestamp, confirmed, confirmed_timestamp })
    }

    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let hash = self.0.read(Some(number), |peer| async move { peer.hash(number).await }).await?;
        Ok(hash.map(|hash| BlockRef { number, hash }))
    }

    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
        let ask = |peer: Peer| async move {
            match peer.hash(number).await? {
                Some(hash) => peer.time(hash).await.map(Some),
                None => Ok(None),
            }
        };
        self.0.read(Some(number), ask).await
    }

    /// Those that are still pending at the newest block that counts. One that was answered before it was ever looked at
    /// is nobody's to answer any more.
    async fn requests(&self, blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        if blocks.is_empty() {
            return Ok(Vec::new());
        }
        let key = |found: &Vec<ObservedRequest>| -> Vec<(RequestId, BlockRef)> {
            found.iter().map(|request| (request.id, request.block)).collect()
        };
        let blocks = &blocks;
        let ask = |peer: Peer| async move { self.0.requests_at(&peer, blocks).await };
        self.0.agree("state_getKeysPaged", Some(*blocks.end()), key, ask).await
    }

    async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        self.0.announced(heads).await
    }
}

impl Inner {
    async fn requests_at(&self, peer: &Peer, blocks: &RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, CallError> {
        let at = peer.confirmed(self.finality).await?;
        let (header, runtime) = tokio::try_join!(peer.header(at), peer.runtime(at))?;
        if header.number < *blocks.end() {
            let endpoint = peer.endpoint.name().to_owned();
            return Err(ChainError::Behind { endpoint, head: header.number, wanted: *blocks.end() }.into());
        }
        let keys = peer.keys(&runtime.prefix(runtime.entry("Requests"))?, at).await?;
        let keys = self.worth_reading(keys, blocks);
        let values = peer.storage(&keys, at).await?;
        let mut believed = Vec::new();
        for (key, value) in keys.iter().zip(values) {
            let Some(value) = value else { continue };
            believed.extend(self.believe(&runtime, key, &value)?);
        }
        self.remember(&believed);
        believed.retain(|(_, stored)| blocks.contains(&stored.submitted_at) && is_pending(stored));
        believed.sort_unstable_by_key(|(_, stored)| stored.sequence);
        let numbers: BTreeSet<u64> = believed.iter().map(|(_, stored)| stored.submitted_at).collect();
        let places = try_join_all(numbers.into_iter().map(|number| self.place(peer, number))).await?;
        let places = places.into_iter().flatten().map(|place| (place.block.number, place));
        let places: HashMap<u64, Place> = places.collect();
        let observed = believed.into_iter().filter_map(|(id, stored)| {
            let Some(place) = places.get(&stored.submitted_at) else {
                tracing::warn!(
                    genesis = %self.genesis,
                    endpoint = peer.endpoint.name(),
                    request_id = %id,
                    block = stored.submitted_at,
                    "a request is older than the blocks that the endpoint can name"
                );
                return None;
            };
            // Of a block that was replaced meanwhile: the watch goes back there.
            if stored.parent_hash != place.parent.0 {
                self.dropped(id, peer, "its block is another's");
                return None;
            }
            let unknown = || TxHash(Digest(place.block.hash.0));
            Some(ObservedRequest {
                id,
                request: Request::Substrate(stored.identified(self.genesis, &self.instance)),
                transaction: place.transactions.get(&id).copied().unwrap_or_else(unknown),
                block: place.block,
                payload: stored.payload,
            })
        });
        Ok(observed.collect())
    }

    /// The stored request under a key, provided that its content is what its id names.
    fn believe(
        &self,
        runtime: &Runtime,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<(RequestId, StoredRequest)>, ChainError> {
        let stored: StoredRequest = runtime.decode(runtime.entry("Requests"), value)?;
        let id = stored.id(self.genesis, &self.instance);
        if id_of(key) == Some(id) {
            return Ok(Some((id, stored)));
        }
        tracing::warn!(
            genesis = %self.genesis,
            oracle = self.instance,
            key = hex::encode(key),
            "dropped a stored request that isn't what its id says"
        );
        Ok(None)
    }

    fn dropped(&self, id: RequestId, peer: &Peer, cause: &str) {
        tracing::debug!(genesis = %self.genesis, endpoint = peer.endpoint.name(), request_id = %id, cause, "dropped a request");
    }

    /// The keys of requests that were not read yet, or that are of these blocks. An id binds the block before, and so
    /// the height.
    fn worth_reading(&self, keys: Vec<Vec<u8>>, blocks: &RangeInclusive<u64>) -> Vec<Vec<u8>> {
        let mut heights = self.heights.lock().unwrap_or_else(PoisonError::into_inner);
        let listed: BTreeSet<RequestId> = keys.iter().filter_map(|key| id_of(key)).collect();
        heights.retain(|id, _| listed.contains(id));
        let is_worth = |key: &Vec<u8>| {
            let height = id_of(key).and_then(|id| heights.get(&id));
            height.is_none_or(|height| blocks.contains(height))
        };
        keys.into_iter().filter(is_worth).collect()
    }

    fn remember(&self, believed: &[(RequestId, StoredRequest)]) {
        let mut heights = self.heights.lock().unwrap_or_else(PoisonError::into_inner);
        heights.extend(believed.iter().map(|(id, stored)| (*id, stored.submitted_at)));
    }

    /// A block in which requests were made; none where the endpoint can't name it any more.
    async fn place(&self, peer: &Peer, number: u64) -> Result<Option<Place>, CallError> {
        let named = async {
            let hash = peer.known_hash(number).await?;
            match peer.header(hash).await {
                Ok(header) => Ok((hash, header.parent_hash)),
                Err(error) if is_forgotten(&error) => Ok((hash, peer.known_hash(number.saturating_sub(1)).await?)),
                Err(error) => Err(error),
            }
        };
        let (hash, parent) = match named.await {
            Ok(named) => named,
            Err(error) if is_forgotten(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let transactions = match self.makers(peer, hash).await {
            Ok(transactions) => transactions,
            // A node may have forgotten the block's events or its extrinsics; the requests stand in the state.
            Err(CallError::Answered(_)) => HashMap::new(),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error),
        };
        Ok(Some(Place { block: BlockRef { number, hash }, parent, transactions }))
    }

    /// Which extrinsics of a block made which requests.
    async fn makers(&self, peer: &Peer, block: BlockHash) -> Result<HashMap<RequestId, TxHash>, CallError> {
        let told = peer.told(block).await?;
        let of_oracle = told.by(&self.instance).filter(|(event, _)| event.event_name() == "RequestSubmitted");
        let made = of_oracle.filter_map(|(event, extrinsic)| Some((crate::block::request_id(&event)?, extrinsic?)));
        Ok(made.collect())
    }
}

/// Where requests were made.
struct Place {
    block: BlockRef,
    parent: BlockHash,
    transactions: HashMap<RequestId, TxHash>,
}

/// The id in a key of `Requests`, which ends with it.
fn id_of(key: &[u8]) -> Option<RequestId> {
    key.last_chunk::<32>().map(|id| RequestId(*id))
}

pub(crate) fn is_pending(stored: &StoredRequest) -> bool {
    match stored.state {
        RequestState::Pending => true,
        RequestState::CallbackFailed(_) => false,
    }
}
