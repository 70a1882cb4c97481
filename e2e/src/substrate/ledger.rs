//! All blocks of a chain, read once each.

use super::{
    block::{Answer, Block, Sent},
    node::Runtime,
};
use anyhow::Result;
use phat_protocol::RequestId;

/// The chain's blocks from the second on, as it stood when they were read last.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    blocks: Vec<Block>,
}

impl Ledger {
    /// Reads what is new; what was taken back since is forgotten.
    pub(super) async fn at_head(&mut self, runtime: &Runtime) -> Result<&Self> {
        while let Some(newest) = self.blocks.last() {
            if runtime.hash(newest.number).await? == Some(newest.hash) {
                break;
            }
            self.blocks.pop();
        }
        loop {
            let next = self.blocks.last().map_or(1, |newest| newest.number + 1);
            // None where the chain ends, or became shorter meanwhile.
            if runtime.hash(next).await?.is_none() {
                return Ok(self);
            }
            self.blocks.push(runtime.block(next).await?);
        }
    }

    /// Every request, in order.
    pub(super) fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.blocks.iter().flat_map(Block::requests)
    }

    /// Every answer with its block's height, in order.
    pub(super) fn answers(&self) -> impl Iterator<Item = (u64, Answer)> {
        self.blocks.iter().flat_map(|block| block.answers().map(|answer| (block.number, answer)))
    }

    /// Every extrinsic that an account signed, or vouched for, in order.
    pub(super) fn sent_by(&self, account: [u8; 32]) -> impl Iterator<Item = &Sent> {
        self.blocks.iter().flat_map(|block| &block.sent).filter(move |sent| sent.signer == Some(account))
    }
}
