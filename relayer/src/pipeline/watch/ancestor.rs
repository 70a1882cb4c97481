//! The common ancestor of the watched chain and the one that an endpoint shows.

/// What an endpoint says of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The chain goes through it.
    Canonical,
    /// Another block is there.
    Replaced,
    /// The endpoint has no block there, though its head is higher: it can't say.
    Unknown,
}

/// Looks for the first of some checkpoints, newest first, that the chain goes through. All after it are its
/// ancestors, so few are asked for: one, two, four, ... checkpoints back, and then between the last two (a
/// galloping search).
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// All before it are replaced.
    low: usize,
    /// It is canonical, or the end.
    high: usize,
    /// How far the next look goes; none once a canonical one was seen.
    stride: Option<usize>,
}

impl Search {
    /// Among `count` checkpoints.
    pub(super) const fn among(count: usize) -> Self {
        Self { low: 0, high: count, stride: Some(1) }
    }

    /// Which checkpoint to look at next; none when it is found.
    pub(super) fn next(&self) -> Option<usize> {
        (self.low < self.high).then(|| match self.stride {
            Some(stride) => self.low.saturating_add(stride - 1).min(self.high - 1),
            None => self.low + (self.high - self.low) / 2,
        })
    }

    /// What the look at [`next`](Self::next) showed.
    pub(super) fn saw(&mut self, index: usize, is_canonical: bool) {
        if is_canonical {
            (self.high, self.stride) = (index, None);
        } else {
            (self.low, self.stride) = (index + 1, self.stride.map(|stride| stride.saturating_mul(2)));
        }
    }

    /// The newest canonical checkpoint once it is found; their number where the chain goes through none.
    pub(super) const fn found(&self) -> usize {
        self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Searches where the first `replaced` of `count` are; answers with how many were looked at.
    fn found(count: usize, replaced: usize) -> (usize, u32) {
        let (mut search, mut asked) = (Search::among(count), 0);
        while let Some(index) = search.next() {
            asked += 1;
            assert!(index < count);
            search.saw(index, index >= replaced);
        }
        (search.found(), asked)
    }

    proptest! {
        #[test]
        fn the_newest_canonical_checkpoint_is_found_by_few_looks(count in 0usize..600, replaced in 0usize..600) {
            let (found, asked) = found(count, replaced);
            let depth = replaced.min(count);
            prop_assert_eq!(found, depth);
            prop_assert!(asked <= 2 + 2 * (depth + 1).ilog2(), "{} looks {} back", asked, depth);
        }
    }

    #[test]
    fn a_shallow_reorganisation_is_found_at_once() {
        assert_eq!(found(512, 0), (0, 1));
        assert_eq!(found(512, 1), (1, 2 + 1));
    }
}
