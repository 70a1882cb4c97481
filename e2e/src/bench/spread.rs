//! Samples of one duration.

use std::time::Duration;

/// At least one sample.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    sorted: Vec<Duration>,
}

impl Spread {
    /// Of these samples.
    pub(super) fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self { sorted: samples }
    }

    /// The smallest sample that `percent` of all samples don't exceed (nearest rank); zero without samples.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        self.sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_so_many_do_not_exceed() {
        let spread = Spread::of((1..=50).rev().map(Duration::from_millis).collect());
        assert_eq!(spread.percentile(50), Duration::from_millis(25));
        assert_eq!(spread.percentile(99), Duration::from_millis(50));
        assert_eq!(Spread::of(vec![Duration::from_millis(7)]).percentile(50), Duration::from_millis(7));
        assert_eq!(Spread::of(Vec::new()).percentile(50), Duration::ZERO);
    }
}
