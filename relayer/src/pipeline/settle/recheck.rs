//! Attempts and answers that were final, looked at again. A reorganisation that is deeper than the configured finality takes them
//! back all the same: `watch` opens those again that are known to be in such a block when it goes back. One whose
//! receipt was read before that, and written after it, is found here; its nonce would stand in the way of every other.

use super::SettleStage;
use crate::{
    clock::Millis,
    pipeline::{StageError, observe},
    store::Unproven,
};
use phat_connector::Head;
use std::{cmp::Reverse, collections::HashSet};

/// How many answers of others are looked at in a step.
const UNPROVEN: u32 = 64;
/// How many of the newest attempts are looked at.
const NEWEST: u32 = 32;
/// How far below the newest block, in blocks.
const DEPTH: u64 = 512;

impl SettleStage {
    /// Once for each new block. Of each account the newest attempt is enough while its block is there, for the nonces
    /// below it are used then.
    pub(super) async fn recheck(&mut self, head: &Head) -> Result<(), StageError> {
        if self.rechecked == Some(head.latest) {
            return Ok(());
        }
        let mut attempts = self.store.newest_mined(&self.chain.name, NEWEST).await?;
        attempts.retain(|attempt| attempt.block.number.saturating_add(DEPTH) > head.latest.number);
        attempts.sort_by_key(|attempt| Reverse(attempt.nonce));
        let mut sound = HashSet::new();
        for attempt in attempts {
            if sound.contains(&attempt.submitter) {
                continue;
            }
            if self.is_gone(attempt.block).await? {
                self.store.reopen(attempt.id, Millis::now(&*self.clock)).await?;
                observe::reopened(&self.chain.name, attempt.nonce, attempt.block);
            } else {
                sound.insert(attempt.submitter);
            }
        }
        self.rechecked = Some(head.latest);
        Ok(())
    }

    /// Looks once more at the blocks with answers of others. Those were read beside the watching of blocks, so that one
    /// may have been replaced before `watch` came to it, or gone back while it was written: nothing else would tell. Of
    /// what goes later `watch` tells.
    pub(super) async fn prove(&self) -> Result<(), StageError> {
        let unproven = self.store.unproven(&self.chain.name, UNPROVEN).await?;
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for answers in unproven.chunk_by(|left, right| left.block == right.block) {
            let Some(Unproven { block, .. }) = answers.first().copied() else { continue };
            let ids = answers.iter().map(|answer| answer.id);
            match self.chain.source.block(block.number).await? {
                Some(found) if found == block => there.extend(ids),
                Some(_) if self.is_gone(block).await? => {
                    observe::answers_gone(&self.chain.name, block, answers.len());
                    gone.extend(ids);
                }
                Some(_) | None => {}
            }
        }
        if there.is_empty() && gone.is_empty() {
            return Ok(());
        }
        Ok(self.store.prove(&there, &gone, Millis::now(&*self.clock)).await?)
    }
}
