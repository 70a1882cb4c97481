//! What an endpoint can be asked, whichever calls it serves.

mod archive;
mod chain_head;
mod legacy;

pub(crate) use archive::Archive;
pub(crate) use chain_head::ChainHead;
pub(crate) use legacy::Legacy;

use crate::{dialect::Header, runtimes::Version};
use async_trait::async_trait;
use phat_connector::{
    ChainError, Finality,
    rpc::{CallError, Endpoint, NodeError},
};
use phat_protocol::BlockHash;
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, fmt};
use tokio::sync::watch;

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

/// What is to be found in the state.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Query {
    pub(super) key: Bytes,
    #[serde(rename = "type")]
    pub(super) sort: Sort,
}

/// What of it is wanted.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Sort {
    /// The value of the key.
    Value,
    /// The keys that begin with this one, with the hashes of their values.
    DescendantsHashes,
}

/// An entry of the state.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) key: Bytes,
    /// Its value, where that was asked for.
    pub(super) value: Option<Bytes>,
}

/// A block's extrinsics and its parent.
pub(crate) struct Body {
    pub(crate) parent: BlockHash,
    pub(crate) extrinsics: Vec<Vec<u8>>,
}

/// What an endpoint shows at a height of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtHeight {
    /// The canonical block there.
    Block(BlockHash),
    /// The chain is shorter.
    NotReached,
    /// A block that it can't name any more.
    Forgotten,
}

/// The calls that an endpoint is asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Those that all nodes of polkadot-sdk serve (`chain_…`, `state_…`).
    Legacy,
    /// Those of the [JSON-RPC interface specification](https://paritytech.github.io/json-rpc-interface-spec/).
    ChainHead {
        /// Whether it tells of blocks that it doesn't keep pinned (`archive_v1_…`).
        archive: bool,
    },
}

impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Legacy => "chain_ and state_",
            Self::ChainHead { archive: true } => "chainHead_v1 and archive_v1",
            Self::ChainHead { archive: false } => "chainHead_v1",
        })
    }
}

/// One way of asking an endpoint. Errors are as [`Endpoint::call`] has them; what the endpoint doesn't know any more is
/// an error that the node answered.
#[async_trait]
pub(crate) trait Words: Send + Sync {
    /// The calls that are made.
    fn calls(&self) -> Calls;

    /// The first block's hash, and the newest one's height.
    async fn look(&self) -> Result<(BlockHash, u64), CallError>;

    /// The newest block's height.
    async fn newest(&self) -> Result<u64, CallError>;

    /// The first block's hash; none where the chain has no block.
    async fn genesis(&self) -> Result<Option<BlockHash>, CallError>;

    /// The newest block's hash.
    async fn best(&self) -> Result<BlockHash, CallError>;

    /// The hash of the newest block that is final.
    async fn finalized(&self) -> Result<BlockHash, CallError>;

    /// The canonical block at a height.
    async fn hash(&self, number: u64) -> Result<AtHeight, CallError>;

    /// A block's header.
    async fn header(&self, block: BlockHash) -> Result<Header, CallError>;

    /// A block, whole.
    async fn body(&self, block: BlockHash) -> Result<Body, CallError>;

    /// The version of the runtime whose state a block has.
    async fn version(&self, block: BlockHash) -> Result<Version, CallError>;

    /// The metadata of a runtime that has it in one version alone.
    async fn only_metadata(&self, block: BlockHash) -> Result<Vec<u8>, CallError>;

    /// What the runtime answers to a call of one of its APIs.
    async fn execute(&self, method: &str, arguments: &[u8], block: BlockHash) -> Result<Vec<u8>, CallError>;

    /// The values of storage keys in the state of a block, as many as keys.
    async fn storage(&self, keys: &[Vec<u8>], block: BlockHash) -> Result<Vec<Option<Vec<u8>>>, CallError>;

    /// All keys of the state of a block that begin with `prefix`.
    async fn keys(&self, prefix: &[u8], block: BlockHash) -> Result<Vec<Vec<u8>>, CallError>;

    /// The next nonce of an account, those in the node's pool counted; none where the node doesn't tell of its pool.
    async fn pooled_nonce(&self, address: &str) -> Result<Option<u64>, CallError>;

    /// Gives the node a signed extrinsic for the chain.
    async fn submit(&self, extrinsic: &[u8]) -> Result<(), CallError>;

    /// Tells `heads` of new blocks, of those that count with `finality`, until the endpoint is lost; none where it
    /// announces none.
    async fn announced(&self, finality: Finality, heads: &watch::Sender<u64>)
    -> Option<Result<Infallible, ChainError>>;
}

/// The error for what a node was asked and doesn't know, or doesn't know any more, in the code that the JSON-RPC
/// interface specification has for a block that isn't pinned (`chainHead_v1_header`, possible errors).
pub(crate) fn forgotten(endpoint: &Endpoint, method: &str, what: &str) -> CallError {
    let message = format!("{} doesn't tell {what}", endpoint.name());
    endpoint.answered(method, NodeError { code: NOT_PINNED, message, data: None })
}

/// Whether the node said that it doesn't know, or not any more.
pub(crate) fn is_forgotten(error: &CallError) -> bool {
    matches!(error, CallError::Answered(answered) if answered.error.code == NOT_PINNED)
}

/// Whether the node answered that it lacks what it was asked for, not that it is in trouble.
pub(crate) fn is_lack(error: &CallError) -> bool {
    matches!(error, CallError::Answered(_)) && !error.is_the_nodes_own()
}

/// The specification's "invalid block hash".
pub(crate) const NOT_PINNED: i64 = -32801;

/// The error for what a node refused without a code. JSON-RPC 2.0 leaves this one to servers (section 5.1).
fn refused(endpoint: &Endpoint, method: &str, message: String) -> CallError {
    endpoint.answered(method, NodeError { code: -32000, message, data: None })
}
