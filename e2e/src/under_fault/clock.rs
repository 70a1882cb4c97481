use phat_relayer::clock::{Clock, SharedClock};
use std::time::Duration;

/// A clock that is off by so many seconds.
pub(super) struct WrongClock {
    right: SharedClock,
    ahead: i64,
}

impl WrongClock {
    pub(super) const fn new(right: SharedClock, ahead: i64) -> Self {
        Self { right, ahead }
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Duration {
        let off = Duration::from_secs(self.ahead.unsigned_abs());
        if self.ahead < 0 { self.right.now().saturating_sub(off) } else { self.right.now().saturating_add(off) }
    }
}
