use super::Exposition;
use prometheus::{HistogramVec, IntCounterVec};
use std::time::Duration;

/// Seconds of a commit, from a fast disk to one that is in trouble.
const COMMIT: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Writes in one commit.
const WRITES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Commits to the database.
#[derive(Debug)]
pub(crate) struct Commits {
    seconds: HistogramVec,
    writes: HistogramVec,
    failed: IntCounterVec,
}

impl Commits {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            seconds: exposition.histogram(
                "phat_relayer_database_commit_seconds",
                "How long transactions of the database took, from their beginning to their end on the disk.",
                &[],
                &COMMIT,
            ),
            writes: exposition.histogram(
                "phat_relayer_database_commit_writes",
                "Writes that shared one transaction of the database.",
                &[],
                &WRITES,
            ),
            failed: exposition.counter(
                "phat_relayer_database_commits_failed_total",
                "Transactions of the database that failed as a whole.",
                &[],
            ),
        }
    }

    /// A transaction of so many writes ended.
    pub(crate) fn ended(&self, elapsed: Duration, writes: usize, succeeded: bool) {
        self.seconds.with_label_values::<&str>(&[]).observe(elapsed.as_secs_f64());
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        self.writes.with_label_values::<&str>(&[]).observe(f64::from(writes));
        if !succeeded {
            self.failed.with_label_values::<&str>(&[]).inc();
        }
    }
}
