//! The blocks that are still to be watched, in parts that are read beside each other.

use super::WatchSettings;
use crate::store::Checkpoint;
use phat_connector::{ChainError, Head, ObservedRequest, RequestSource};
use std::ops::RangeInclusive;

/// Up to so many blocks below the confirmed head are one part. More are halved, so that the checkpoints
/// lie the closer to each other the nearer the head is: a reorganisation drops little more than its depth.
const NEAR: u64 = 64;

/// The blocks of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Those that were not watched before.
    pub(super) news: RangeInclusive<u64>,
    /// The first that is read.
    pub(super) from: u64,
    /// Whether there is a watched block before it.
    pub(super) follows: bool,
}

/// What an endpoint said of a part.
pub(super) struct Seen {
    /// The blocks that were read.
    pub(super) blocks: RangeInclusive<u64>,
    /// The block before the part, if one was watched.
    pub(super) before: Option<Checkpoint>,
    /// The part's last block.
    pub(super) checkpoint: Checkpoint,
    /// The requests in them.
    pub(super) requests: Vec<ObservedRequest>,
}

/// The parts from the cursor to the confirmed head, in order. Each is as long as `reach` says when it is
/// its turn, what is read again included where it is longer than that.
pub(super) fn parts(
    settings: WatchSettings,
    cursor: Option<Checkpoint>,
    confirmed: u64,
    reach: impl Fn() -> u64,
) -> impl Iterator<Item = Part> {
    let mut next = first(settings, cursor);
    let mut follows = cursor.is_some();
    // Nodes may index logs late; what lies below later parts is older.
    let mut overlap = settings.overlap;
    std::iter::from_fn(move || {
        if next > confirmed {
            return None;
        }
        let left = confirmed - next + 1;
        let wanted = if left > NEAR { left / 2 } else { left };
        let most = settings.max_range.min(reach()).saturating_sub(overlap);
        let length = wanted.min(most).max(1);
        let news = next..=next + (length - 1);
        let from = next.saturating_sub(overlap).max(settings.from_block.min(next));
        let part = Part { news, from, follows };
        (next, follows, overlap) = (next.saturating_add(length), true, 0);
        Some(part)
    })
}

/// The first block that was not watched yet.
pub(super) fn first(settings: WatchSettings, cursor: Option<Checkpoint>) -> u64 {
    cursor.map_or(settings.from_block, |block| block.number.saturating_add(1))
}

/// Reads a part; none where the endpoint lacks a block that the head's owner must have.
///
/// What was read belongs to the chain that goes through its checkpoint, provided that the chain still goes
/// through it later: the checkpoint is read before all else, so whatever reorganisation comes between the
/// reads replaces the checkpoint too, which the next part, or the next step, notices.
pub(super) async fn read(source: &dyn RequestSource, part: Part, head: &Head) -> Result<Option<Seen>, ChainError> {
    let Part { news, from, follows } = part;
    let checkpoint =
        if *news.end() == head.confirmed.number { Some(head.confirmed) } else { source.block(*news.end()).await? };
    let Some(checkpoint) = checkpoint else { return Ok(None) };
    let blocks = from..=*news.end();
    let before = async { if follows { source.block(news.start().saturating_sub(1)).await } else { Ok(None) } };
    let (before, requests) = tokio::try_join!(before, source.requests(blocks.clone()))?;
    if follows && before.is_none() {
        return Ok(None);
    }
    Ok(Some(Seen { blocks, before, checkpoint, requests }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phat_protocol::BlockHash;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_cover_every_block_once_and_stay_within_their_bounds(
            cursor in prop::option::of(0u64..5_000), from_block in 0u64..5_000, ahead in 0u64..5_000,
            max_range in 1u64..3_000, reach in 1u64..3_000, overlap in 0u64..8,
        ) {
            let settings = WatchSettings { from_block, max_range, overlap };
            let cursor = cursor.map(|number| Checkpoint { number, hash: BlockHash::default() });
            let mut next = first(settings, cursor);
            let confirmed = next + ahead;
            for (index, part) in parts(settings, cursor, confirmed, || reach).enumerate() {
                prop_assert_eq!(*part.news.start(), next);
                prop_assert_eq!(part.follows, index > 0 || cursor.is_some());
                let length = part.news.end() - part.news.start() + 1;
                prop_assert!(length <= max_range.min(reach));
                // A reorganisation of some depth drops no more than twice as much, or what is near.
                prop_assert!(length <= NEAR.max(confirmed - part.news.end()));
                prop_assert!(part.from + overlap >= next && part.from <= next);
                prop_assert!(index == 0 || part.from == next);
                prop_assert!(part.from >= from_block.min(next));
                let read = part.news.end() - part.from + 1;
                prop_assert!(read <= max_range.min(reach) || length == 1);
                next = part.news.end() + 1;
            }
            prop_assert_eq!(next, confirmed + 1);
        }
    }

    #[test]
    fn nothing_is_left_at_the_head_and_near_it_all_is_read_at_once() {
        let settings = WatchSettings { from_block: 0, max_range: 2_000, overlap: 4 };
        let cursor = Checkpoint { number: 100, hash: BlockHash::default() };
        assert_eq!(parts(settings, Some(cursor), 100, || u64::MAX).count(), 0);
        assert_eq!(parts(settings, Some(cursor), 99, || u64::MAX).count(), 0);
        let near: Vec<Part> = parts(settings, Some(cursor), 164, || u64::MAX).collect();
        assert_eq!(near, [Part { news: 101..=164, from: 97, follows: true }]);
    }
}
