//! What `relayer doctor` wants to know of a chain beyond what serving it needs.

use crate::{
    SubstrateChain,
    peer::Peer,
    runtimes::Version,
    words::{Calls, is_forgotten},
};
use phat_connector::{ChainError, rpc::CallError};
use phat_protocol::BlockHash;
use subxt::utils::AccountId32;

/// What a chain's runtime and its node are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The calls that the node is asked by.
    pub calls: Calls,
    /// The runtime's name.
    pub spec_name: String,
    /// Its version.
    pub spec_version: u32,
    /// Whether the runtime has the oracle, in all its parts that we use.
    pub has_oracle: bool,
    /// The most entries of a batch.
    pub max_batch: u32,
    /// Whether reports can be submitted unsigned.
    pub takes_unsigned: bool,
    /// The height of the newest block that the node calls final.
    pub finalized: u64,
    /// Whether the node tells what extrinsics cost (`TransactionPaymentApi`).
    pub tells_cost: bool,
    /// For how many blocks back the node has states, as far as that was looked for: a power of two. Requests that were
    /// closed before that are not told how.
    pub states: u64,
}

impl SubstrateChain {
    /// Looks at the runtime and at what the node keeps.
    ///
    /// # Errors
    /// As [`facts`](phat_connector::OracleStatus::facts).
    pub async fn examine(&self) -> Result<Examination, ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let (runtime, finalized) = tokio::try_join!(peer.runtime(best), peer.finalized())?;
            let Version { spec_name, spec_version, .. } = runtime.version.clone();
            let parts = ["Requests", "Workers", "AllowedPairs", "Threshold", "Paused"];
            let has_oracle = parts.into_iter().all(|part| runtime.prefix(runtime.entry(part)).is_ok());
            let fee = runtime.has_api("TransactionPaymentApi");
            Ok(Examination {
                calls: peer.calls().await?,
                spec_name,
                spec_version,
                has_oracle,
                max_batch: runtime.max_batch().unwrap_or_default(),
                takes_unsigned: runtime.takes_unsigned(),
                finalized: peer.header(finalized).await?.number,
                tells_cost: fee,
                states: peer.states(best).await?,
            })
        };
        self.0.read(None, ask).await
    }
}

impl Peer {
    /// For how many blocks back the node has states.
    async fn states(&self, best: BlockHash) -> Result<u64, CallError> {
        let head = self.header(best).await?.number;
        let mut back: u64 = 1;
        while back <= head {
            let block = match self.known_hash(head - back).await {
                Ok(block) => block,
                Err(error) if is_forgotten(&error) => break,
                Err(error) => return Err(error),
            };
            if !self.has_state(block).await? {
                break;
            }
            back = back.saturating_mul(2);
        }
        Ok(back / 2)
    }

    /// Whether the node tells the state of a block.
    pub(crate) async fn has_state(&self, block: BlockHash) -> Result<bool, CallError> {
        match self.time(block).await {
            Ok(_) => Ok(true),
            Err(CallError::Answered(_)) => Ok(false),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error),
        }
    }

    /// The key of `Sudo`; none where the runtime has none.
    pub(crate) async fn sudo(&self, block: BlockHash) -> Result<Option<[u8; 32]>, CallError> {
        const KEY: (&str, &str) = ("Sudo", "Key");
        let runtime = self.runtime(block).await?;
        if !runtime.has_pallet(KEY.0) {
            return Ok(None);
        }
        let [key] = self.values([runtime.key(KEY, Vec::new())?], block).await?;
        let key: Option<AccountId32> = key.map(|key| runtime.decode(KEY, &key)).transpose()?;
        Ok(key.map(|key| key.0))
    }
}
