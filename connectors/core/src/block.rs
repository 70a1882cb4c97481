use phat_protocol::BlockHash;
use serde::{Deserialize, Serialize};

/// One block: its height and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// The height.
    pub number: u64,
    /// The hash.
    pub hash: BlockHash,
}

/// Where a chain stands, as one endpoint shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The newest block.
    pub latest: BlockRef,
    /// The newest block's time, unix seconds.
    pub timestamp: u64,
    /// The newest block at the configured finality; requests count from there down.
    pub confirmed: BlockRef,
    /// That block's time, unix seconds: a request that expired before it can't be answered any more.
    pub confirmed_timestamp: u64,
}
