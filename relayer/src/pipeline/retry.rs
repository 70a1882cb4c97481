//! How long to wait after a failure. The one module that knows the `backoff` crate.

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The bounds of the wait between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrySettings {
    /// After the first failure.
    pub initial: Duration,
    /// At most.
    pub max: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self { initial: Duration::from_millis(200), max: Duration::from_secs(30) }
    }
}

impl RetrySettings {
    /// The wait before a row that failed `tries` times before is tried again: doubled each time, and
    /// the same after a restart.
    #[must_use]
    pub fn after_tries(&self, tries: u32) -> Duration {
        self.initial.saturating_mul(2u32.saturating_pow(tries.min(31))).min(self.max)
    }

    /// The waits of a loop that keeps failing, with jitter, without end.
    pub(crate) fn waits(&self) -> Waits {
        Waits(
            ExponentialBackoffBuilder::new()
                .with_initial_interval(self.initial)
                .with_max_interval(self.max)
                .with_multiplier(2.0)
                .with_max_elapsed_time(None)
                .build(),
        )
    }
}

/// The waits of one loop.
pub(crate) struct Waits(ExponentialBackoff);

impl Waits {
    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval)
    }

    /// Starts again from the first: something succeeded.
    pub(crate) fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_the_one_before_nor_longer_than_the_bound(
            initial in 1u64..10_000, max in 10_000u64..1_000_000, tries in 0u32..u32::MAX - 1,
        ) {
            let retry = RetrySettings { initial: Duration::from_millis(initial), max: Duration::from_millis(max) };
            prop_assert!(retry.after_tries(tries) <= retry.after_tries(tries + 1));
            prop_assert!(retry.after_tries(tries) <= retry.max);
        }
    }

    #[test]
    fn a_loop_that_keeps_failing_keeps_getting_waits() {
        let retry = RetrySettings { initial: Duration::from_millis(10), max: Duration::from_millis(80) };
        let mut waits = retry.waits();
        for _ in 0..1_000 {
            assert!(waits.next() <= retry.max * 2);
        }
    }
}
