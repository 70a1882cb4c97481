//! What the enclave takes from the operating system: time and randomness. Nothing else reads either.

use phat_executor::{Clock, Randomness};
use rand::RngCore;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The machine's clock, which the host may set to anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn unix_millis(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rngs::OsRng.fill_bytes(bytes);
    }
}

/// The host's clock, held above the high-water mark: the latest time that the enclave ever sealed.
///
/// The mark is sealed with every commit and with every upkeep of the store, so it is behind the
/// clock by an upkeep's interval at most. It never falls, neither here nor in the store; a clock
/// that went back is answered with the mark.
pub struct EnclaveTime {
    clock: Arc<dyn Clock>,
    /// Unix seconds.
    mark: AtomicU64,
}

impl EnclaveTime {
    /// A clock that never answers below `mark`, in unix seconds.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, mark: u64) -> Self {
        Self { clock, mark: AtomicU64::new(mark) }
    }

    /// The enclave's time, unix seconds. It never falls, and later marks never fall below it.
    #[must_use]
    pub fn now(&self) -> u64 {
        let clock = self.clock.unix_millis() / 1000;
        self.mark.fetch_max(clock, Ordering::AcqRel).max(clock)
    }
}

/// When this release was made, unix seconds: certificates are never judged by an earlier time.
/// 2026-11-01T00:00:00Z; raised with each release.
const RELEASED_AT: u64 = 1_793_491_200;

/// What contracts are told, and what TLS goes by. Requests are judged by [`EnclaveTime::now`].
impl Clock for EnclaveTime {
    fn unix_millis(&self) -> u64 {
        let floor = self.now().max(RELEASED_AT).saturating_mul(1000);
        self.clock.unix_millis().max(floor)
    }
}

impl std::fmt::Debug for EnclaveTime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EnclaveTime").field("mark", &self.mark).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::{ManualClock, NOON};

    #[test]
    fn time_never_falls_below_the_mark_or_what_was_told_before() {
        let clock = ManualClock::at_noon();
        let time = EnclaveTime::new(Arc::clone(&clock) as _, NOON + 50);
        assert_eq!((time.now(), time.unix_millis()), (NOON + 50, (NOON + 50) * 1000));
        clock.set(NOON + 70);
        assert_eq!(time.now(), NOON + 70);
        clock.set(NOON);
        assert_eq!((time.now(), time.unix_millis()), (NOON + 70, (NOON + 70) * 1000));
    }

    #[test]
    fn contracts_and_certificates_never_see_a_time_before_the_release() {
        let clock = ManualClock::at_noon();
        clock.set(5);
        let time = EnclaveTime::new(clock, 0);
        assert_eq!((time.now(), time.unix_millis()), (5, RELEASED_AT * 1000));
    }
}
