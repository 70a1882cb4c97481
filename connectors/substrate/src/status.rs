use crate::{SubstrateChain, peer::Peer, stored::StoredWorker};
use async_trait::async_trait;
use phat_connector::{
    Asked, ChainError, ChainFacts, Entry, EntryRefusal, OnChainState, OracleStatus, Receipt, Resolution, Sent,
};
use phat_protocol::{BlockHash, Chain, RequestId, WorkerAddress};

#[async_trait]
impl OracleStatus for SubstrateChain {
    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        let ask = |peer: Peer| async move {
            // Asked now, whatever is known of the endpoint: another node may be there since.
            let genesis = peer.genesis().await?.unwrap_or_default();
            if genesis.0 != self.0.genesis.0 {
                return Err(ChainError::WrongChain {
                    endpoint: peer.endpoint.name().to_owned(),
                    expected: self.0.genesis.to_string(),
                    found: genesis.to_string(),
                }
                .into());
            }
            let best = peer.best().await?;
            let runtime = peer.runtime(best).await?;
            runtime.has_oracle()?;
            let (threshold, paused) = (runtime.entry("Threshold"), runtime.entry("Paused"));
            let keys = [runtime.key(threshold, Vec::new())?, runtime.key(paused, Vec::new())?];
            let [stored_threshold, stored_paused] = peer.values(keys, best).await?;
            let threshold = runtime.decode_or_default(threshold, stored_threshold.as_deref())?;
            let paused = runtime.decode_or_default(paused, stored_paused.as_deref())?;
            let (Some(threshold), Some(paused)) = (threshold, paused) else {
                return Err(self.0.no_oracle("it has no threshold").into());
            };
            Ok(ChainFacts {
                chain: Chain::Substrate(self.0.genesis),
                oracle: self.0.instance.clone(),
                registry: self.0.instance.clone(),
                threshold,
                paused,
            })
        };
        self.0.read(None, ask).await
    }

    async fn states(&self, ids: &[RequestId], block: Option<u64>) -> Result<Vec<OnChainState>, ChainError> {
        let ask = |peer: Peer| async move {
            let at = match block {
                Some(number) => peer.known_hash(number).await?,
                None => peer.best().await?,
            };
            self.0.states_at(&peer, ids, at).await
        };
        self.0.read(block, ask).await
    }

    async fn resolutions(&self, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError> {
        self.0.resolutions_of(requests, to).await
    }

    async fn refusals(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        self.refusals_to(entries).await
    }

    async fn receipts(&self, transactions: &[Sent]) -> Result<Vec<Receipt>, ChainError> {
        self.0.receipts_of(transactions).await
    }

    async fn is_active(&self, worker: WorkerAddress) -> Result<bool, ChainError> {
        let ask = |peer: Peer| async move {
            let best: BlockHash = peer.best().await?;
            let now = peer.time(best).await?;
            let [counting] = self.0.counting(&peer, [worker], best, now).await?;
            Ok(counting.is_some())
        };
        self.0.read(None, ask).await
    }
}

/// The worker's operator, where the worker counts as far as its own record tells.
pub(crate) fn operator(worker: &StoredWorker, now: u64) -> Option<[u8; 32]> {
    (!worker.revoked && now <= worker.expiry).then_some(worker.operator.0)
}
