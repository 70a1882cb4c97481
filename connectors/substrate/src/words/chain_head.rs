//! The calls of the JSON-RPC interface specification (<https://paritytech.github.io/json-rpc-interface-spec/>):
//! `chainHead_v1_…`, `chainSpec_v1_genesisHash`, `transaction_v1_…`, and `archive_v1_…` where they are served.
//!
//! One follow of the head of the chain is kept, from when it is first needed. It tells where the chain is, and keeps blocks
//! for us whose states, calls and bodies are asked for; of others the archive tells, where there is one.

mod broadcasts;
mod event;
mod follow;
mod operations;
mod tree;

pub(super) use follow::header;

use super::{Archive, AtHeight, Body, Bytes, Calls, Item, Query, Sort, Words, forgotten, refused};
use crate::{dialect::Header, peer::scale, runtimes::Version};
use async_trait::async_trait;
use broadcasts::Broadcasts;
use follow::{Follow, Heads, Unmet, ended, silent};
use operations::Outcome;
use parity_scale_codec::Decode;
use phat_connector::{
    ChainError, Finality,
    rpc::{Call, CallError, Endpoint},
};
use phat_protocol::BlockHash;
use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

/// How often a follow, or an operation whose follow ended, is started again at once.
const RETRIES: u32 = 3;
/// A follow that can't be started is started again within this part of the time of a call.
const SOON: u32 = 4;
/// The most keys in one operation.
const KEYS_AT_ONCE: usize = 200;

/// An endpoint that is asked by these calls.
pub(crate) struct ChainHead {
    endpoint: Endpoint,
    archive: Option<Archive>,
    call_timeout: Duration,
    /// How far below the best block states are read.
    depth: u64,
    following: Mutex<Option<Arc<Follow>>>,
    broadcasts: Broadcasts,
}

impl ChainHead {
    /// The calls that are made beside those of the archive.
    pub(crate) const METHODS: [&'static str; 8] = [
        "chainHead_v1_body",
        "chainHead_v1_call",
        "chainHead_v1_follow",
        "chainHead_v1_header",
        "chainHead_v1_storage",
        "chainHead_v1_unpin",
        "chainSpec_v1_genesisHash",
        "transaction_v1_broadcast",
    ];

    /// Asks nothing yet.
    pub(crate) fn new(
        endpoint: Endpoint,
        archive: Option<Archive>,
        call_timeout: Duration,
        finality: Finality,
    ) -> Self {
        let depth = match finality {
            Finality::Latest(depth) => depth.saturating_add(1),
            Finality::Safe | Finality::Finalized => 0,
        };
        let (following, broadcasts) = (Mutex::default(), Broadcasts::default());
        Self { endpoint, archive, call_timeout, depth, following, broadcasts }
    }

    /// The follow, begun anew where it ended.
    async fn follow(&self) -> Result<Arc<Follow>, CallError> {
        let mut following = self.following.lock().await;
        if let Some(follow) = following.as_ref().filter(|follow| follow.goes_on()) {
            return Ok(Arc::clone(follow));
        }
        *following = None;
        let (begun, mut retries) = (Instant::now(), RETRIES);
        loop {
            match Follow::start(&self.endpoint, self.call_timeout, self.depth).await {
                Ok(follow) => {
                    let follow = Arc::new(follow);
                    *following = Some(Arc::clone(&follow));
                    return Ok(follow);
                }
                Err(CallError::Failed(ChainError::Unreachable { .. }))
                    if retries > 0 && begun.elapsed() < self.call_timeout / SOON =>
                {
                    retries -= 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What an operation about a block finds, and how many of the things that it asked for were passed over; none where
    /// the node doesn't keep the block for us.
    async fn find(
        &self,
        block: BlockHash,
        method: &'static str,
        things: usize,
        call: impl Fn(&str) -> Call + Send + Sync,
    ) -> Result<Option<(Outcome, usize)>, CallError> {
        let mut retries = RETRIES;
        loop {
            let follow = self.follow().await?;
            if !follow.tree().is_pinned(block) {
                return Ok(None);
            }
            match follow.operate(method, things, &call).await {
                Ok((Outcome::Refused(error), _)) => return Err(refused(&self.endpoint, method, error)),
                Ok((Outcome::TooLong, _)) => return Err(CallError::TooLong { method: method.to_owned() }),
                Ok((Outcome::Inaccessible, _)) if retries == 0 => {
                    return Err(silent(&self.endpoint, format!("{method}: it can't get at what was asked for")));
                }
                Err(Unmet::Ended) if retries == 0 => return Err(ended(&self.endpoint)),
                Ok((Outcome::Inaccessible, _)) | Err(Unmet::Ended) => retries -= 1,
                Ok(found) => return Ok(Some(found)),
                Err(Unmet::NotPinned) => return Ok(None),
                Err(Unmet::Failed(error)) => return Err(error),
            }
        }
    }

    /// What the state of a block holds.
    async fn items(&self, queries: &[Query], block: BlockHash) -> Result<Vec<Item>, CallError> {
        const METHOD: &str = "chainHead_v1_storage";
        let child: Option<Bytes> = None;
        let (mut items, mut left) = (Vec::new(), queries);
        while !left.is_empty() {
            let call = |id: &str| Call::new(METHOD, (id, block, left, &child));
            match self.find(block, METHOD, left.len(), call).await? {
                Some((Outcome::Items(found), passed_over)) if passed_over < left.len() => {
                    items.extend(found);
                    left = left.split_at(left.len() - passed_over).1;
                }
                Some(other) => return Err(unexpected(METHOD, &other)),
                None => {
                    items.extend(self.archive(METHOD, block)?.storage(left, block).await?);
                    left = &[];
                }
            }
        }
        Ok(items)
    }

    /// Who tells of a block that isn't kept for us.
    ///
    /// # Errors
    /// Where nobody does, as a node answers that has pruned the block's state.
    fn archive(&self, method: &str, block: BlockHash) -> Result<&Archive, CallError> {
        let what = || forgotten(&self.endpoint, method, &format!("of block {block}, which it doesn't keep for us"));
        self.archive.as_ref().ok_or_else(what)
    }

    async fn genesis_hash(&self) -> Result<BlockHash, CallError> {
        let none: [u8; 0] = [];
        self.endpoint.call(Call::new("chainSpec_v1_genesisHash", none)).await?.read()
    }
}

fn unexpected(method: &str, found: &(Outcome, usize)) -> CallError {
    ChainError::Malformed { method: method.to_owned(), cause: format!("it ended with {found:?}") }.into()
}

#[async_trait]
impl Words for ChainHead {
    fn calls(&self) -> Calls {
        Calls::ChainHead { archive: self.archive.is_some() }
    }

    async fn look(&self) -> Result<(BlockHash, u64), CallError> {
        Ok((self.genesis_hash().await?, self.newest().await?))
    }

    async fn newest(&self) -> Result<u64, CallError> {
        let (_, number) = self.follow().await?.tree().best();
        Ok(number)
    }

    async fn genesis(&self) -> Result<Option<BlockHash>, CallError> {
        self.genesis_hash().await.map(Some)
    }

    async fn best(&self) -> Result<BlockHash, CallError> {
        let (hash, _) = self.follow().await?.tree().best();
        Ok(hash)
    }

    async fn finalized(&self) -> Result<BlockHash, CallError> {
        let (hash, _) = self.follow().await?.tree().last_finalized();
        Ok(hash)
    }

    async fn hash(&self, number: u64) -> Result<AtHeight, CallError> {
        let there = self.follow().await?.tree().at(number);
        match (there, &self.archive) {
            (AtHeight::Forgotten, _) if number == 0 => self.genesis_hash().await.map(AtHeight::Block),
            (AtHeight::Forgotten, Some(archive)) => archive.hash(number).await,
            (AtHeight::Forgotten, None) | (AtHeight::Block(_) | AtHeight::NotReached, _) => Ok(there),
        }
    }

    async fn header(&self, block: BlockHash) -> Result<Header, CallError> {
        let known = self.follow().await?.tree().header(block);
        match known {
            Some(header) => Ok(header),
            None => self.archive("chainHead_v1_header", block)?.header(block).await,
        }
    }

    async fn body(&self, block: BlockHash) -> Result<Body, CallError> {
        const METHOD: &str = "chainHead_v1_body";
        let parent = self.header(block).await?.parent_hash;
        let extrinsics = match self.find(block, METHOD, 1, |id| Call::new(METHOD, (id, block))).await? {
            Some((Outcome::Body(extrinsics), _)) => extrinsics,
            Some(other) => return Err(unexpected(METHOD, &other)),
            None => self.archive(METHOD, block)?.extrinsics(block).await?,
        };
        Ok(Body { parent, extrinsics: extrinsics.into_iter().map(|extrinsic| extrinsic.0).collect() })
    }

    /// The runtime's own word, where the follow didn't tell.
    async fn version(&self, block: BlockHash) -> Result<Version, CallError> {
        const METHOD: &str = "Core_version";
        /// The first fields of `sp_version::RuntimeVersion`.
        #[derive(Decode)]
        struct Told {
            spec_name: String,
            _impl_name: String,
            _authoring_version: u32,
            spec_version: u32,
            _impl_version: u32,
            _apis: Vec<([u8; 8], u32)>,
            transaction_version: u32,
        }
        let known = self.follow().await?.tree().version(block);
        if let Some(version) = known {
            return Ok(version);
        }
        let answer = self.execute(METHOD, &[], block).await?;
        let Told { spec_name, spec_version, transaction_version, .. } = scale(METHOD, &answer)?;
        Ok(Version { spec_name, spec_version, transaction_version })
    }

    async fn only_metadata(&self, block: BlockHash) -> Result<Vec<u8>, CallError> {
        const METHOD: &str = "Metadata_metadata";
        Ok(scale(METHOD, &self.execute(METHOD, &[], block).await?)?)
    }

    async fn execute(&self, method: &str, arguments: &[u8], block: BlockHash) -> Result<Vec<u8>, CallError> {
        const METHOD: &str = "chainHead_v1_call";
        let parameters = Bytes(arguments.to_vec());
        let call = |id: &str| Call::new(METHOD, (id, block, method, &parameters));
        match self.find(block, METHOD, 1, call).await? {
            Some((Outcome::Output(output), _)) => Ok(output.0),
            Some(other) => Err(unexpected(METHOD, &other)),
            None => Ok(self.archive(METHOD, block)?.execute(method, arguments, block).await?.0),
        }
    }

    async fn storage(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let mut values = HashMap::new();
        for chunk in keys.chunks(KEYS_AT_ONCE) {
            let query = |key: &Vec<u8>| Query { key: Bytes(key.clone()), sort: Sort::Value };
            let queries: Vec<Query> = chunk.iter().map(query).collect();
            let items = self.items(&queries, block).await?;
            values.extend(items.into_iter().filter_map(|Item { key, value }| Some((key.0, value?.0))));
        }
        Ok(keys.iter().map(|key| values.get(key).cloned()).collect())
    }

    async fn keys(&self, prefix: &[u8], block: BlockHash) -> Result<Vec<Vec<u8>>, CallError> {
        let query = Query { key: Bytes(prefix.to_vec()), sort: Sort::DescendantsHashes };
        let mut keys: Vec<Vec<u8>> = self.items(&[query], block).await?.into_iter().map(|item| item.key.0).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The specification has no word for it.
    async fn pooled_nonce(&self, _address: &str) -> Result<Option<u64>, CallError> {
        Ok(None)
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<(), CallError> {
        self.broadcasts.begin(&self.endpoint, extrinsic).await
    }

    async fn announced(
        &self,
        finality: Finality,
        announced: &watch::Sender<u64>,
    ) -> Option<Result<Infallible, ChainError>> {
        let follow = match self.follow().await {
            Ok(follow) => follow,
            Err(error) => return Some(Err(error.into())),
        };
        let mut heads = follow.heads();
        loop {
            let now = *heads.borrow_and_update();
            match (now, finality) {
                (Heads::At { best, .. }, Finality::Latest(_)) => {
                    announced.send_replace(best);
                }
                (Heads::At { finalized, .. }, Finality::Safe | Finality::Finalized) => {
                    announced.send_replace(finalized);
                }
                (Heads::Unknown, _) => {}
                (Heads::Ended, _) => return Some(Err(ended(&self.endpoint).into())),
            }
            if heads.changed().await.is_err() {
                return Some(Err(ended(&self.endpoint).into()));
            }
        }
    }
}
