//! The blocks that a follow told of, and which of them are still of use.

use crate::{dialect::Header, runtimes::Version, words::AtHeight};
use phat_protocol::BlockHash;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::time::Instant;

/// For how long a block is kept pinned that the head of the chain doesn't need. Nodes of polkadot-sdk may end a follow that
/// keeps one for longer than a minute.
const KEPT: Duration = Duration::from_secs(45);
/// The most of those blocks. All clients of a node of polkadot-sdk pin 512 blocks together at most.
const MOST_KEPT: usize = 128;
/// The most final blocks whose place in the chain is remembered, pinned or not.
const REMEMBERED: usize = 4_096;

/// What was told doesn't fit what was told before.
#[derive(Debug, thiserror::Error)]
#[error("block {0} was announced without its parent, or never")]
pub(super) struct Unannounced(BlockHash);

/// The blocks between the oldest remembered one and the newest.
#[derive(Debug)]
pub(super) struct Tree {
    blocks: HashMap<BlockHash, Block>,
    /// Those that are final, by their heights.
    canonical: BTreeMap<u64, BlockHash>,
    finalized: BlockHash,
    best: BlockHash,
}

#[derive(Debug)]
struct Block {
    number: u64,
    parent: BlockHash,
    /// The version of its runtime, where it was told.
    version: Option<Version>,
    is_pinned: bool,
    since: Instant,
}

impl Tree {
    /// A tree of the blocks that a follow begins with, the first of which has this header; none where there is no block.
    pub(super) fn new(first: Header, hashes: &[BlockHash], version: Option<Version>, now: Instant) -> Option<Self> {
        let last = *hashes.last()?;
        let mut tree = Self { blocks: HashMap::new(), canonical: BTreeMap::new(), finalized: last, best: last };
        let mut parent = first.parent_hash;
        for (number, hash) in (first.number..).zip(hashes) {
            tree.blocks.insert(*hash, Block { number, parent, version: None, is_pinned: true, since: now });
            tree.canonical.insert(number, *hash);
            parent = *hash;
        }
        if let Some(block) = tree.blocks.get_mut(&last) {
            block.version = version;
        }
        Some(tree)
    }

    /// A block was announced, with its runtime where that is another than its parent's.
    pub(super) fn announced(
        &mut self,
        hash: BlockHash,
        parent: BlockHash,
        runtime: Option<Option<Version>>,
        now: Instant,
    ) -> Result<(), Unannounced> {
        // Chopsticks announces the block again that its head is set back to.
        if let Some(known) = self.blocks.get_mut(&hash) {
            (known.is_pinned, known.since) = (true, now);
            return Ok(());
        }
        let above = self.blocks.get(&parent).ok_or(Unannounced(hash))?;
        let version = runtime.unwrap_or_else(|| above.version.clone());
        let number = above.number.saturating_add(1);
        self.blocks.insert(hash, Block { number, parent, version, is_pinned: true, since: now });
        Ok(())
    }

    /// Another block is the best one.
    pub(super) fn best_changed(&mut self, hash: BlockHash) -> Result<(), Unannounced> {
        self.number(hash)?;
        self.best = hash;
        Ok(())
    }

    /// Blocks became final, one after the other.
    pub(super) fn finalized(&mut self, hashes: &[BlockHash]) -> Result<(), Unannounced> {
        for hash in hashes {
            let number = self.number(*hash)?;
            // What was final stays so, but on a node whose operator sets its head back.
            for (_, replaced) in self.canonical.split_off(&number) {
                self.forget(replaced);
            }
            self.canonical.insert(number, *hash);
            self.finalized = *hash;
        }
        while self.canonical.len() > REMEMBERED {
            let Some((_, oldest)) = self.canonical.pop_first() else { break };
            self.forget(oldest);
        }
        Ok(())
    }

    /// Forgets a block, at once or when it is unpinned.
    fn forget(&mut self, hash: BlockHash) {
        if self.blocks.get(&hash).is_some_and(|block| !block.is_pinned) {
            self.blocks.remove(&hash);
        }
    }

    /// Those pinned blocks that are of no more use, which the tree takes for unpinned from now on. Of use are those on or
    /// above the last final one, those less than `depth` below the best one, and what was announced a short time ago.
    pub(super) fn expendable(&mut self, depth: u64, now: Instant) -> Vec<BlockHash> {
        let near = self.best().1.saturating_sub(depth);
        let mut idle: Vec<(Instant, BlockHash)> = self
            .blocks
            .iter()
            .filter(|(hash, block)| block.is_pinned && !self.is_live(**hash))
            .filter(|(hash, block)| block.number < near || self.canonical.get(&block.number) != Some(hash))
            .map(|(hash, block)| (block.since, *hash))
            .collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        let surplus = idle.len().saturating_sub(MOST_KEPT);
        let is_old = |(place, (since, _)): &(usize, (Instant, BlockHash))| {
            *place < surplus || now.saturating_duration_since(*since) >= KEPT
        };
        let gone: Vec<BlockHash> = idle.into_iter().enumerate().filter(is_old).map(|(_, (_, hash))| hash).collect();
        for hash in &gone {
            let Some(block) = self.blocks.get_mut(hash) else { continue };
            block.is_pinned = false;
            if self.canonical.get(&block.number) != Some(hash) {
                self.blocks.remove(hash);
            }
        }
        gone
    }

    /// Whether a block is the last final one or comes after it.
    fn is_live(&self, hash: BlockHash) -> bool {
        let Some(last) = self.blocks.get(&self.finalized) else { return true };
        let mut at = hash;
        while let Some(block) = self.blocks.get(&at) {
            if block.number <= last.number {
                break;
            }
            at = block.parent;
        }
        at == self.finalized
    }

    /// The best block and its height.
    pub(super) fn best(&self) -> (BlockHash, u64) {
        (self.best, self.number(self.best).unwrap_or_default())
    }

    /// The last final block and its height.
    pub(super) fn last_finalized(&self) -> (BlockHash, u64) {
        (self.finalized, self.number(self.finalized).unwrap_or_default())
    }

    /// The block at a height of the best chain.
    pub(super) fn at(&self, number: u64) -> AtHeight {
        let (mut at, best) = self.best();
        if number > best {
            return AtHeight::NotReached;
        }
        let (_, last) = self.last_finalized();
        if number <= last {
            return self.canonical.get(&number).map_or(AtHeight::Forgotten, |hash| AtHeight::Block(*hash));
        }
        while let Some(block) = self.blocks.get(&at) {
            if block.number == number {
                return AtHeight::Block(at);
            }
            at = block.parent;
        }
        AtHeight::Forgotten
    }

    /// A block's header, where it is remembered.
    pub(super) fn header(&self, hash: BlockHash) -> Option<Header> {
        self.blocks.get(&hash).map(|block| Header { number: block.number, parent_hash: block.parent })
    }

    /// The version of a block's runtime, where it was told.
    pub(super) fn version(&self, hash: BlockHash) -> Option<Version> {
        self.blocks.get(&hash)?.version.clone()
    }

    /// Whether the node keeps a block for us.
    pub(super) fn is_pinned(&self, hash: BlockHash) -> bool {
        self.blocks.get(&hash).is_some_and(|block| block.is_pinned)
    }

    fn number(&self, hash: BlockHash) -> Result<u64, Unannounced> {
        self.blocks.get(&hash).map(|block| block.number).ok_or(Unannounced(hash))
    }
}

#[cfg(test)]
mod tests;
