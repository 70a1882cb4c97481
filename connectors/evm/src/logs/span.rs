use std::sync::{Mutex, PoisonError};

/// Into how many steps the way back to a refused width is divided.
const STEPS: u64 = 16;
/// How many queries in a row are content with what worked before a wider one is tried, at most.
const MOST_PATIENCE: u32 = 64;

/// How many blocks one query asks for: fewer by half where a node refuses or doesn't answer, more by a
/// step where it serves. Each refusal of a wider query than the last that worked doubles how many must be
/// served before the next is tried, so that a fixed limit of the node's costs one refused query in
/// [`MOST_PATIENCE`]. Each wider query that is served in a row doubles the step and halves the wait, so
/// that a stretch of many logs doesn't slow down the one after it. Shared by all who query the node.
#[derive(Debug, Default)]
pub(crate) struct Span(Mutex<Known>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    /// What is asked for; at least 1.
    width: u64,
    /// The widest that was served since `width` was last lowered; 0 when none was.
    worked: u64,
    /// By how much `width` grows.
    step: u64,
    /// Queries of the whole width that were served since it last changed.
    served: u32,
    /// How many of those make it grow.
    patience: u32,
    /// Whether growing is what made it what it is.
    grew: bool,
    /// What was asked for before queries weren't answered; 0 when none was, or a refusal came since.
    before: u64,
}

impl Default for Known {
    /// Nothing was refused yet.
    fn default() -> Self {
        Self { width: u64::MAX, worked: 0, step: 1, served: 0, patience: 1, grew: false, before: 0 }
    }
}

impl Span {
    /// The most blocks to ask for; at least 1.
    pub(crate) fn width(&self) -> u64 {
        self.known().width
    }

    /// What to ask for after that many, more than one, were refused: at least 1, and fewer.
    pub(super) fn below(&self, refused: u64) -> u64 {
        self.known().below(refused)
    }

    /// A query for so many blocks was served; `refused` is what had been refused in its place before.
    pub(super) fn served(&self, asked: u64, refused: Option<u64>) {
        self.change(|known| known.served(asked, refused));
    }

    /// A query for so many blocks got no answer, or not all of one.
    pub(super) fn unanswered(&self, asked: u64) {
        self.change(|known| known.unanswered(asked));
    }

    fn known(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Known {
    fn below(&self, refused: u64) -> u64 {
        let half = (refused / 2).max(1);
        if self.worked < refused { half.max(self.worked) } else { half }
    }

    fn served(&mut self, asked: u64, refused: Option<u64>) {
        match refused {
            // Another query may have learned as much meanwhile.
            Some(refused) if asked < self.width => {
                *self = Self {
                    width: asked,
                    worked: asked,
                    step: (refused / STEPS).max(1),
                    served: 0,
                    patience: self.patience.saturating_mul(2).min(MOST_PATIENCE),
                    grew: false,
                    before: 0,
                };
            }
            Some(_) | None if asked == self.width => {
                self.worked = asked;
                self.served += 1;
                if self.width < self.before {
                    self.served = 0;
                    self.width = self.width.saturating_mul(2).min(self.before);
                } else if self.served >= self.patience {
                    self.grow();
                }
            }
            // The end of a range tells nothing.
            Some(_) | None => {}
        }
    }

    fn grow(&mut self) {
        if self.grew {
            self.patience = (self.patience / 2).max(1);
            self.step = self.step.saturating_mul(2).min(self.width);
        }
        self.width = self.width.saturating_add(self.step);
        self.served = 0;
        self.grew = true;
    }

    /// Nothing says that the width was the cause: what is tried next is smaller, and doubles back as soon as it
    /// is served.
    fn unanswered(&mut self, asked: u64) {
        let half = (asked / 2).max(1);
        if half < self.width {
            *self = Self { width: half, worked: 0, served: 0, grew: false, before: self.before.max(asked), ..*self };
        }
    }
}

#[cfg(test)]
mod tests;
