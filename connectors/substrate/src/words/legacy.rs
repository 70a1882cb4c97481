//! The calls that all nodes of polkadot-sdk serve: `chain_…`, `state_…`, `author_submitExtrinsic`,
//! `system_accountNextIndex`.

use super::{AtHeight, Body, Bytes, Calls, Words};
use crate::{dialect::Header, listen::Announcements, runtimes::Version};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use phat_connector::{
    ChainError, Finality,
    rpc::{Call, CallError, Endpoint},
};
use phat_protocol::BlockHash;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::HashMap, convert::Infallible, sync::Arc};
use tokio::sync::watch;

/// The most keys in one call.
const KEYS_AT_ONCE: usize = 200;
/// The most keys that a node lists in one answer (polkadot-sdk's `STORAGE_KEYS_PAGED_MAX_COUNT`).
const PAGE: u32 = 1_000;
/// No parameters.
const NONE: [u8; 0] = [];

/// An endpoint that is asked by these calls.
pub(crate) struct Legacy {
    pub(crate) endpoint: Endpoint,
    pub(crate) announcements: Arc<Announcements>,
}

impl Legacy {
    /// The calls without which nothing can be asked.
    pub(crate) const METHODS: [&'static str; 8] = [
        "author_submitExtrinsic",
        "chain_getBlock",
        "chain_getBlockHash",
        "chain_getFinalizedHead",
        "chain_getHeader",
        "state_call",
        "state_getKeysPaged",
        "state_queryStorageAt",
    ];

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize + Send,
    ) -> Result<T, CallError> {
        self.endpoint.call(Call::new(method, params)).await?.read()
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

    fn unknown(&self, block: BlockHash) -> CallError {
        let cause = format!("{} doesn't know block {block}", self.endpoint.name());
        ChainError::Malformed { method: "chain_getHeader".to_owned(), cause }.into()
    }
}

#[async_trait]
impl Words for Legacy {
    fn calls(&self) -> Calls {
        Calls::Legacy
    }

    async fn look(&self) -> Result<(BlockHash, u64), CallError> {
        let calls = [Call::new("chain_getBlockHash", [0]), Call::new("chain_getHeader", NONE)];
        let [genesis, newest] = self.endpoint.replies(calls).await?;
        Ok((genesis.read()?, newest.read::<Header>()?.number))
    }

    async fn newest(&self) -> Result<u64, CallError> {
        Ok(self.ask::<Header>("chain_getHeader", NONE).await?.number)
    }

    async fn genesis(&self) -> Result<Option<BlockHash>, CallError> {
        self.ask("chain_getBlockHash", [0]).await
    }

    async fn best(&self) -> Result<BlockHash, CallError> {
        self.ask("chain_getBlockHash", NONE).await
    }

    async fn finalized(&self) -> Result<BlockHash, CallError> {
        self.ask("chain_getFinalizedHead", NONE).await
    }

    async fn hash(&self, number: u64) -> Result<AtHeight, CallError> {
        let hash: Option<BlockHash> = self.ask("chain_getBlockHash", [number]).await?;
        Ok(hash.map_or(AtHeight::NotReached, AtHeight::Block))
    }

    async fn header(&self, block: BlockHash) -> Result<Header, CallError> {
        let header: Option<Header> = self.ask("chain_getHeader", [block]).await?;
        header.ok_or_else(|| self.unknown(block))
    }

    async fn body(&self, block: BlockHash) -> Result<Body, CallError> {
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

    async fn version(&self, block: BlockHash) -> Result<Version, CallError> {
        self.ask("state_getRuntimeVersion", [block]).await
    }

    async fn only_metadata(&self, block: BlockHash) -> Result<Vec<u8>, CallError> {
        let metadata: Bytes = self.ask("state_getMetadata", [block]).await?;
        Ok(metadata.0)
    }

    async fn execute(&self, method: &str, arguments: &[u8], block: BlockHash) -> Result<Vec<u8>, CallError> {
        let answer: Bytes = self.ask("state_call", (method, Bytes(arguments.to_vec()), block)).await?;
        Ok(answer.0)
    }

    async fn storage(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let chunks = keys.chunks(KEYS_AT_ONCE).map(|chunk| self.storage_chunk(chunk, block));
        Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
    }

    async fn keys(&self, prefix: &[u8], block: BlockHash) -> Result<Vec<Vec<u8>>, CallError> {
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

    /// Not every node keeps a pool that it would tell of.
    async fn pooled_nonce(&self, address: &str) -> Result<Option<u64>, CallError> {
        match self.ask("system_accountNextIndex", [address]).await {
            Ok(nonce) => Ok(Some(nonce)),
            Err(CallError::Answered(_)) => Ok(None),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error),
        }
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<(), CallError> {
        let reply = self.endpoint.call(Call::new("author_submitExtrinsic", [Bytes(extrinsic.to_vec())])).await?;
        reply.error().map_or(Ok(()), Err)
    }

    async fn announced(
        &self,
        finality: Finality,
        heads: &watch::Sender<u64>,
    ) -> Option<Result<Infallible, ChainError>> {
        self.announcements.by(&self.endpoint, finality, heads).await
    }
}
