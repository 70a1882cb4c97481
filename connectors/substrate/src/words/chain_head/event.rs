//! What a follow announces (<https://paritytech.github.io/json-rpc-interface-spec/api/chainHead_v1_follow.html>).

use crate::{
    runtimes::Version,
    words::{Bytes, Item},
};
use phat_protocol::BlockHash;
use serde::Deserialize;

/// One announcement.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum FollowEvent {
    /// The newest blocks that are final, the last of them last. The first event.
    Initialized { finalized_block_hashes: Vec<BlockHash>, finalized_block_runtime: Option<RuntimeTold> },
    /// A block that isn't final.
    NewBlock { block_hash: BlockHash, parent_block_hash: BlockHash, new_runtime: Option<RuntimeTold> },
    /// Another block is the newest of the best chain.
    BestBlockChanged { best_block_hash: BlockHash },
    /// Blocks became final. Those that never will are told too; what isn't below the last of these is one.
    Finalized { finalized_block_hashes: Vec<BlockHash> },
    /// The extrinsics that an operation asked for.
    OperationBodyDone { operation_id: String, value: Vec<Bytes> },
    /// What the runtime answered to an operation.
    OperationCallDone { operation_id: String, output: Bytes },
    /// A part of what an operation found in the state.
    OperationStorageItems { operation_id: String, items: Vec<Item> },
    /// An operation goes on when it is told to.
    OperationWaitingForContinue { operation_id: String },
    /// An operation found no more in the state.
    OperationStorageDone { operation_id: String },
    /// An operation failed; the same may succeed later.
    OperationInaccessible { operation_id: String },
    /// An operation failed; the same would again.
    OperationError { operation_id: String, error: String },
    /// There are no more events.
    Stop,
    /// What later versions of the interface may announce.
    #[serde(other)]
    Unknown,
}

/// The runtime of a block.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum RuntimeTold {
    /// Its version.
    Valid { spec: Version },
    /// It can't be run.
    Invalid,
}

impl RuntimeTold {
    pub(super) fn version(self) -> Option<Version> {
        match self {
            Self::Valid { spec } => Some(spec),
            Self::Invalid => None,
        }
    }
}

/// The answer to a call that starts an operation.
#[derive(Debug, Deserialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Started {
    /// It runs under this name, but for so many of the last things that were asked for.
    Started {
        operation_id: String,
        #[serde(default)]
        discarded_items: usize,
    },
    /// There is no room for another operation, or the follow is no more.
    LimitReached,
}
