use std::sync::{Mutex, PoisonError};

/// Up to this part of a refused width below it, a width isn't worth widening step by step.
const PART: u64 = 8;
/// How many queries in a row are content with what works before a refused width is tried again, at most.
const MOST_PATIENCE: u32 = 64;

/// What was learned last of how many blocks one query may ask for. Shared by all who query the node: each starts
/// from it, and goes on by what it meets itself, so that a stretch of many logs is read in small steps by who is
/// there alone.
#[derive(Debug, Default)]
pub(crate) struct Span(Mutex<Width>);

impl Span {
    /// What is known.
    pub(crate) fn known(&self) -> Width {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was learned.
    pub(super) fn learn(&self, width: Width) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = width;
    }
}

/// How many blocks one query asks for.
///
/// Whatever was served shows that twice as many blocks may be, or half as many more as are left to what was
/// refused: so the width grows from wherever it is, and by whatever query, by doubling and then by halves.
/// A refused width is tried again after one query that is nearly as wide, and each time that it is refused
/// again, after twice as many: a fixed limit of the node's costs one refused query in [`MOST_PATIENCE`].
/// Where it is served, since a stretch of many logs has ended, it is forgotten. A query that isn't answered
/// says nothing at first: what follows is half as wide, and as wide as it was once that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    /// What is asked for; at least 1.
    blocks: u64,
    /// The most that was served since more was refused; 0 when nothing was.
    worked: u64,
    /// The least that was refused since as much was served; none where it is `u64::MAX`.
    refused: u64,
    /// How many queries that are nearly as wide are served before `refused` is tried again.
    patience: u32,
    /// How many were, since it was.
    content: u32,
    /// The least that wasn't answered since as much was; none where it is `u64::MAX`.
    silent: u64,
}

impl Default for Width {
    /// Nothing was refused yet.
    fn default() -> Self {
        Self { blocks: u64::MAX, worked: 0, refused: u64::MAX, patience: 1, content: 0, silent: u64::MAX }
    }
}

impl Width {
    /// The most blocks to ask for; at least 1.
    pub(crate) const fn blocks(self) -> u64 {
        self.blocks
    }

    /// What to ask for after that many, more than one, were refused: at least 1, and fewer.
    pub(super) fn below(self, refused: u64) -> u64 {
        let half = (refused / 2).max(1);
        if self.worked < refused { half.max(self.worked) } else { half }
    }

    /// A query for so many blocks was served; `refused` is what had been refused in its place before.
    pub(super) fn served(&mut self, asked: u64, refused: Option<u64>) {
        if asked >= self.refused {
            self.refused = u64::MAX;
        }
        if asked >= self.silent {
            self.silent = u64::MAX;
        }
        match refused {
            Some(refused) => {
                self.refused(refused);
                (self.blocks, self.worked) = (asked, asked);
            }
            None => {
                self.worked = self.worked.max(asked);
                self.blocks = self.blocks.max(self.wider(asked));
            }
        }
    }

    /// A query for so many blocks got no answer, or not all of one. The width was the cause where as wide a query
    /// wasn't answered before either.
    pub(super) fn unanswered(&mut self, asked: u64) {
        let half = asked / 2;
        if half == 0 || half >= self.blocks {
            return;
        }
        if asked >= self.silent {
            self.refused(asked);
        }
        self.silent = self.silent.min(asked);
        self.blocks = half;
    }

    fn refused(&mut self, refused: u64) {
        if refused < self.refused {
            (self.refused, self.patience) = (refused, 1);
        } else {
            self.patience = self.patience.saturating_mul(2).min(MOST_PATIENCE);
        }
        self.content = 0;
    }

    /// What to try after so many blocks, fewer than `refused`, were served.
    fn wider(&mut self, asked: u64) -> u64 {
        let left = self.refused.saturating_sub(asked);
        if left > (self.refused / PART).max(1) {
            return asked.saturating_mul(2).min(asked.saturating_add(left / 2));
        }
        self.content += 1;
        if self.content < self.patience { asked } else { self.refused }
    }
}

#[cfg(test)]
mod tests;
