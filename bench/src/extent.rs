use std::time::Duration;

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// How often each host has its turn; the figures are medians over the rounds.
    pub(crate) rounds: usize,
    /// How long a host's turn is.
    pub(crate) turn: Duration,
    /// Calls one at a time in a turn.
    pub(crate) samples: usize,
    /// Modules that were never seen, of each kind.
    pub(crate) first_runs: u32,
    /// Guests that wait at once.
    pub(crate) guests: u32,
    /// How long the source that they wait for takes.
    pub(crate) delay: Duration,
    /// How often they wait without a spinning guest, and with one.
    pub(crate) crowds: usize,
}

impl Extent {
    /// What the documentation's figures are made with.
    pub(crate) fn full() -> Self {
        Self {
            rounds: 9,
            turn: Duration::from_millis(400),
            samples: 2_000,
            first_runs: 30,
            guests: 1_000,
            delay: Duration::from_secs(2),
            crowds: 5,
        }
    }

    /// Enough to see that everything works, in seconds; its figures say little.
    pub(crate) fn quick() -> Self {
        Self {
            rounds: 3,
            turn: Duration::from_millis(50),
            samples: 200,
            first_runs: 3,
            guests: 1_000,
            delay: Duration::from_secs(2),
            crowds: 1,
        }
    }
}
