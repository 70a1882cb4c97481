//! One endpoint, asked in the words of Substrate's JSON-RPC. What belongs together is asked of one.

use crate::{
    dialect::Header,
    runtime::{NOW, Runtime},
    runtimes::{Runtimes, Version},
};
use futures_util::future::try_join_all;
use parity_scale_codec::{Decode, Encode};
use phat_connector::{
    BlockRef, ChainError,
    rpc::{Call, CallError, Endpoint},
};
use phat_protocol::BlockHash;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::HashMap, sync::Arc};

/// The most keys in one call.
const KEYS_AT_ONCE: usize = 200;
/// The most keys that a node lists in one answer (polkadot-sdk's `STORAGE_KEYS_PAGED_MAX_COUNT`).
const PAGE: u32 = 1_000;
/// The versions of the metadata that are read, best first.
const METADATA_VERSIONS: [u32; 3] = [16, 15, 14];

/// One endpoint.
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    pub(crate) runtimes: Arc<Runtimes>,
}

/// Bytes as JSON-RPC writes them.
#[derive(Clone, Debug)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        phat_protocol::serde_hex::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        phat_protocol::serde_hex::deserialize(deserializer).map(Self)
    }
}

/// A block's extrinsics and its parent.
pub(crate) struct Body {
    pub(crate) parent: BlockHash,
    pub(crate) extrinsics: Vec<Vec<u8>>,
}

impl Peer {
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize + Send,
    ) -> Result<T, CallError> {
        self.endpoint.call(Call::new(method, params)).await?.read()
    }

    /// The newest block's hash.
    pub(crate) async fn best(&self) -> Result<BlockHash, CallError> {
        let none: [u8; 0] = [];
        self.ask("chain_getBlockHash", none).await
    }

    /// The hash of the newest block that is final.
    pub(crate) async fn finalized(&self) -> Result<BlockHash, CallError> {
        let none: [u8; 0] = [];
        self.ask("chain_getFinalizedHead", none).await
    }

    /// The hash of the canonical block at that height; none when the chain is shorter.
    pub(crate) async fn hash(&self, number: u64) -> Result<Option<BlockHash>, CallError> {
        self.ask("chain_getBlockHash", [number]).await
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
        let header: Option<Header> = self.ask("chain_getHeader", [block]).await?;
        header.ok_or_else(|| self.unknown(block))
    }

    /// A block, whole.
    pub(crate) async fn body(&self, block: BlockHash) -> Result<Body, CallError> {
        #[derive(Deserialize)]
        struct Signed {
            block: Block,
        }
        #[derive(Deserialize)]
        struct Block {
            header: Header,
            extrinsics: Vec<Bytes>,
        }
        let found: Option<Signed> = self.ask("chain_getBlock", [block]).await?;
        let Signed { block: Block { header, extrinsics } } = found.ok_or_else(|| self.unknown(block))?;
        Ok(Body { parent: header.parent_hash, extrinsics: extrinsics.into_iter().map(|it| it.0).collect() })
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
        let version: Version = self.ask("state_getRuntimeVersion", [block]).await?;
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
        let metadata: Bytes = self.ask("state_getMetadata", [block]).await?;
        Ok(metadata.0)
    }

    /// What the runtime answers to a call of one of its APIs.
    pub(crate) async fn execute(
        &self,
        method: &str,
        arguments: Vec<u8>,
        block: BlockHash,
    ) -> Result<Vec<u8>, CallError> {
        let answer: Bytes = self.ask("state_call", (method, Bytes(arguments), block)).await?;
        Ok(answer.0)
    }

    /// The values of storage keys in the state of a block.
    pub(crate) async fn storage(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let chunks = keys.chunks(KEYS_AT_ONCE).map(|chunk| self.storage_chunk(chunk, block));
        Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
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

    async fn storage_chunk(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        #[derive(Deserialize)]
        struct Changes {
            changes: Vec<(Bytes, Option<Bytes>)>,
        }
        let asked: Vec<Bytes> = keys.iter().cloned().map(Bytes).collect();
        let answers: Vec<Changes> = self.ask("state_queryStorageAt", (asked, block)).await?;
        // A node that lacks the block answers nothing at all.
        let Some(Changes { changes }) = answers.into_iter().next() else { return Err(self.unknown(block)) };
        let found = changes.into_iter().filter_map(|(key, value)| Some((key.0, value?.0)));
        let found: HashMap<Vec<u8>, Vec<u8>> = found.collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    /// All keys of the state of a block that begin with `prefix`.
    pub(crate) async fn keys(&self, prefix: &[u8], block: BlockHash) -> Result<Vec<Vec<u8>>, CallError> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        loop {
            let after = keys.last().cloned().map(Bytes);
            let page: Vec<Bytes> = self.ask("state_getKeysPaged", (Bytes(prefix.to_vec()), PAGE, after, block)).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            keys.extend(page.into_iter().map(|key| key.0));
            if is_last {
                return Ok(keys);
            }
        }
    }

    /// The next nonce of an account, those in the node's pool counted.
    pub(crate) async fn next_nonce(&self, address: &str) -> Result<u64, CallError> {
        self.ask("system_accountNextIndex", [address]).await
    }

    fn unknown(&self, block: BlockHash) -> CallError {
        let cause = format!("{} doesn't know block {block}", self.endpoint.name());
        ChainError::Malformed { method: "chain_getHeader".to_owned(), cause }.into()
    }
}

/// Reads a runtime's answer.
pub(crate) fn scale<T: Decode>(method: &str, answer: &[u8]) -> Result<T, ChainError> {
    T::decode(&mut &*answer)
        .map_err(|error| ChainError::Malformed { method: method.to_owned(), cause: error.to_string() })
}
