//! For how long watching has been behind.

use super::figures::lag;
use phat_connector::Head;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// What a chain's watching is measured by: a block at the configured finality that was not watched when
/// it was seen. A chain that is fast may never be seen level, so what counts is that this block is
/// watched, not that none is left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Behind {
    /// Its height, and when it was seen first.
    mark: Option<(u64, Duration)>,
}

impl Behind {
    /// Takes in what is seen at `now`, time since the Unix epoch. Answers for how long watching has been
    /// behind, at least: blocks that came between two looks are as old as the look that saw them.
    pub(crate) fn seen(&mut self, watched: Option<u64>, head: &Head, now: Duration) -> Duration {
        if lag(watched, head) == 0 {
            self.mark = None;
            return Duration::ZERO;
        }
        let standing = self.mark.filter(|(height, _)| watched.is_none_or(|watched| watched < *height));
        let mark = standing.unwrap_or((head.confirmed.number, now));
        self.mark = Some(mark);
        now.saturating_sub(mark.1)
    }
}
