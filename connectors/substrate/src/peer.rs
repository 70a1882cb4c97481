//! One endpoint, asked in the words that it understands. What belongs together is asked of one.

use crate::{
    dialect::Header,
    runtime::{BLOCK_HASH, NOW, Runtime},
    runtimes::Runtimes,
    wires::Wires,
    words::{AtHeight, Body, Calls, Words, forgotten},
};
use parity_scale_codec::{Decode, Encode};
use phat_connector::{
    BlockRef, ChainError,
    rpc::{CallError, Endpoint},
};
use phat_protocol::BlockHash;
use std::sync::Arc;
use subxt::dynamic::Value;

/// The versions of the metadata that are read, best first.
const METADATA_VERSIONS: [u32; 3] = [16, 15, 14];

/// One endpoint.
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    pub(crate) wires: Arc<Wires>,
    pub(crate) runtimes: Arc<Runtimes>,
}

impl Peer {
    async fn words(&self) -> Result<Arc<dyn Words>, CallError> {
        self.wires.words(&self.endpoint).await
    }

    /// The calls that the endpoint is asked by.
    pub(crate) async fn calls(&self) -> Result<Calls, CallError> {
        Ok(self.words().await?.calls())
    }

    /// The first block's hash; none where the chain has no block.
    pub(crate) async fn genesis(&self) -> Result<Option<BlockHash>, CallError> {
        self.words().await?.genesis().await
    }

    /// The newest block's hash.
    pub(crate) async fn best(&self) -> Result<BlockHash, CallError> {
        self.words().await?.best().await
    }

    /// The hash of the newest block that is final.
    pub(crate) async fn finalized(&self) -> Result<BlockHash, CallError> {
        self.words().await?.finalized().await
    }

    /// The hash of the canonical block at that height; none when the chain is shorter. One that the node can't name any
    /// more is named by the chain's own state, as far back as the runtime remembers.
    pub(crate) async fn hash(&self, number: u64) -> Result<Option<BlockHash>, CallError> {
        match self.words().await?.hash(number).await? {
            AtHeight::Block(hash) => Ok(Some(hash)),
            AtHeight::NotReached => Ok(None),
            AtHeight::Forgotten => match self.remembered_hash(number).await? {
                Some(hash) => Ok(Some(hash)),
                None => Err(forgotten(&self.endpoint, "System.BlockHash", &format!("which block {number} is"))),
            },
        }
    }

    async fn remembered_hash(&self, number: u64) -> Result<Option<BlockHash>, CallError> {
        let best = self.best().await?;
        let runtime = self.runtime(best).await?;
        let key = runtime.key(BLOCK_HASH, vec![Value::u128(number.into())])?;
        let [hash] = self.values([key], best).await?;
        let hash: Option<[u8; 32]> = hash.map(|hash| scale("System.BlockHash", &hash)).transpose()?;
        Ok(hash.map(BlockHash))
    }

    /// The hash of the canonical block at a height that the chain has.
    ///
    /// # Errors
    /// `Behind` where it has none there.
    pub(crate) async fn known_hash(&self, number: u64) -> Result<BlockHash, CallError> {
        match self.hash(number).await? {
            Some(hash) => Ok(hash),
            None => {
                let (endpoint, head) = (self.endpoint.name().to_owned(), self.endpoint.newest().await?);
                Err(ChainError::Behind { endpoint, head, wanted: number }.into())
            }
        }
    }

    /// A block's header.
    pub(crate) async fn header(&self, block: BlockHash) -> Result<Header, CallError> {
        self.words().await?.header(block).await
    }

    /// A block, whole.
    pub(crate) async fn body(&self, block: BlockHash) -> Result<Body, CallError> {
        self.words().await?.body(block).await
    }

    /// A block by its hash, with its height and its time in unix seconds.
    pub(crate) async fn dated(&self, block: BlockHash) -> Result<(BlockRef, u64), CallError> {
        let (header, time) = tokio::try_join!(self.header(block), self.time(block))?;
        Ok((BlockRef { number: header.number, hash: block }, time))
    }

    /// A block's time, unix seconds; 0 for the first, which has none.
    pub(crate) async fn time(&self, block: BlockHash) -> Result<u64, CallError> {
        let runtime = self.runtime(block).await?;
        let [now] = self.values([runtime.key(NOW, Vec::new())?], block).await?;
        Ok(runtime.decode_or_default::<u64>(NOW, now.as_deref())?.unwrap_or_default() / 1_000)
    }

    /// The runtime whose state a block has.
    pub(crate) async fn runtime(&self, block: BlockHash) -> Result<Arc<Runtime>, CallError> {
        if let Some(runtime) = self.runtimes.at(block) {
            return Ok(runtime);
        }
        let version = self.words().await?.version(block).await?;
        if let Some(runtime) = self.runtimes.of(&version) {
            self.runtimes.note(block, &runtime);
            return Ok(runtime);
        }
        // It is long: who needs it meanwhile waits for it.
        let _alone = self.runtimes.reading.lock().await;
        let runtime = match self.runtimes.of(&version) {
            Some(runtime) => runtime,
            None => {
                let metadata = self.metadata(block).await?;
                Arc::new(Runtime::new(version, &metadata, self.runtimes.genesis, &self.runtimes.instance)?)
            }
        };
        self.runtimes.note(block, &runtime);
        Ok(runtime)
    }

    /// The runtime's metadata, in the best version that it has.
    async fn metadata(&self, block: BlockHash) -> Result<Vec<u8>, CallError> {
        let versions: Vec<u32> = match self.execute("Metadata_metadata_versions", Vec::new(), block).await {
            Ok(answer) => scale("Metadata_metadata_versions", &answer)?,
            // Runtimes from before have one version alone.
            Err(CallError::Answered(_)) => Vec::new(),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error),
        };
        if let Some(version) = METADATA_VERSIONS.into_iter().find(|version| versions.contains(version)) {
            let answer = self.execute("Metadata_metadata_at_version", version.encode(), block).await?;
            let metadata: Option<Vec<u8>> = scale("Metadata_metadata_at_version", &answer)?;
            if let Some(metadata) = metadata {
                return Ok(metadata);
            }
        }
        self.words().await?.only_metadata(block).await
    }

    /// What the runtime answers to a call of one of its APIs.
    pub(crate) async fn execute(
        &self,
        method: &str,
        arguments: Vec<u8>,
        block: BlockHash,
    ) -> Result<Vec<u8>, CallError> {
        self.words().await?.execute(method, &arguments, block).await
    }

    /// The values of storage keys in the state of a block.
    pub(crate) async fn storage(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.words().await?.storage(keys, block).await
    }

    /// Exactly as many values as keys.
    pub(crate) async fn values<const N: usize>(
        &self,
        keys: [Vec<u8>; N],
        block: BlockHash,
    ) -> Result<[Option<Vec<u8>>; N], CallError> {
        let values = self.storage(&keys, block).await?;
        let malformed = |found: usize| ChainError::Malformed {
            method: "state_queryStorageAt".to_owned(),
            cause: format!("{found} values for {N} keys"),
        };
        values.try_into().map_err(|values: Vec<_>| malformed(values.len()).into())
    }

    /// All keys of the state of a block that begin with `prefix`.
    pub(crate) async fn keys(&self, prefix: &[u8], block: BlockHash) -> Result<Vec<Vec<u8>>, CallError> {
        self.words().await?.keys(prefix, block).await
    }

    /// The next nonce of an account, those in the node's pool counted; none where the node doesn't tell of its pool.
    pub(crate) async fn pooled_nonce(&self, address: &str) -> Result<Option<u64>, CallError> {
        self.words().await?.pooled_nonce(address).await
    }
}

/// Reads a runtime's answer.
pub(crate) fn scale<T: Decode>(method: &str, answer: &[u8]) -> Result<T, ChainError> {
    T::decode(&mut &*answer)
        .map_err(|error| ChainError::Malformed { method: method.to_owned(), cause: error.to_string() })
}
