//! The calls about blocks that a node doesn't keep for us: `archive_v1_…`.

use super::{AtHeight, Bytes, Item, Query, chain_head, forgotten, refused};
use crate::dialect::Header;
use phat_connector::{
    ChainError,
    rpc::{Call, CallError, Endpoint, Subscription},
};
use phat_protocol::BlockHash;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::timeout;

/// An endpoint that serves these calls.
pub(crate) struct Archive {
    pub(crate) endpoint: Endpoint,
    pub(crate) call_timeout: Duration,
}

/// One announcement of a search in the state.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum StorageEvent {
    /// It found something.
    Storage(Item),
    /// It failed.
    StorageError { error: String },
    /// It found no more.
    StorageDone,
}

/// What the runtime answered. Older nodes say `result` for `value`.
#[derive(Debug, Deserialize)]
struct Called {
    success: bool,
    #[serde(alias = "result")]
    value: Option<Bytes>,
    error: Option<String>,
}

impl Archive {
    /// The calls that are made.
    pub(crate) const METHODS: [&'static str; 5] =
        ["archive_v1_body", "archive_v1_call", "archive_v1_hashByHeight", "archive_v1_header", "archive_v1_storage"];

    /// The block at a height that is final.
    pub(super) async fn hash(&self, number: u64) -> Result<AtHeight, CallError> {
        let call = Call::new("archive_v1_hashByHeight", [number]);
        let hashes: Vec<BlockHash> = self.endpoint.call(call).await?.read()?;
        Ok(match hashes.as_slice() {
            [hash] => AtHeight::Block(*hash),
            // Several where none is final yet.
            [] | [_, ..] => AtHeight::Forgotten,
        })
    }

    /// A block's header.
    pub(super) async fn header(&self, block: BlockHash) -> Result<Header, CallError> {
        const METHOD: &str = "archive_v1_header";
        let found: Option<Bytes> = self.endpoint.call(Call::new(METHOD, [block])).await?.read()?;
        let raw = found.ok_or_else(|| forgotten(&self.endpoint, METHOD, &format!("of block {block}")))?;
        Ok(chain_head::header(&raw)?)
    }

    /// A block's extrinsics.
    pub(super) async fn extrinsics(&self, block: BlockHash) -> Result<Vec<Bytes>, CallError> {
        const METHOD: &str = "archive_v1_body";
        let found: Option<Vec<Bytes>> = self.endpoint.call(Call::new(METHOD, [block])).await?.read()?;
        found.ok_or_else(|| forgotten(&self.endpoint, METHOD, &format!("of block {block}")))
    }

    /// What the runtime answers to a call of one of its APIs.
    pub(super) async fn execute(&self, method: &str, arguments: &[u8], block: BlockHash) -> Result<Bytes, CallError> {
        const METHOD: &str = "archive_v1_call";
        let call = Call::new(METHOD, (block, method, Bytes(arguments.to_vec())));
        match self.endpoint.call(call).await?.read()? {
            Called { success: true, value: Some(value), .. } => Ok(value),
            Called { error, .. } => Err(refused(&self.endpoint, METHOD, error.unwrap_or_default())),
        }
    }

    /// What the state of a block holds.
    pub(super) async fn storage(&self, queries: &[Query], block: BlockHash) -> Result<Vec<Item>, CallError> {
        const METHOD: &str = "archive_v1_storage";
        let child: Option<Bytes> = None;
        let subscribe = Call::new(METHOD, (block, queries, child));
        let mut events: Subscription<StorageEvent> =
            self.endpoint.subscribe(subscribe, "archive_v1_stopStorage").await?;
        let mut items = Vec::new();
        let read = async {
            while let Some(event) = events.next().await {
                match event? {
                    StorageEvent::Storage(item) => items.push(item),
                    StorageEvent::StorageDone => return Ok(()),
                    StorageEvent::StorageError { error } => return Err(refused(&self.endpoint, METHOD, error)),
                }
            }
            Err(self.silent("it was lost before its end"))
        };
        timeout(self.call_timeout, read).await.unwrap_or_else(|_| Err(self.silent("it has no end")))?;
        Ok(items)
    }

    fn silent(&self, what: &str) -> CallError {
        let cause = format!("archive_v1_storage: {what}");
        let error = ChainError::Unreachable { endpoint: self.endpoint.name().to_owned(), cause }.into();
        self.endpoint.failed(&error);
        error
    }
}
