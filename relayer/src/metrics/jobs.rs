use super::Exposition;
use crate::jobs::SkipReason;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use std::time::Duration;

/// Seconds between the time that a run was due and its start.
const LATE: [f64; 11] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0];

/// What jobs did.
#[derive(Debug)]
pub(crate) struct Jobs {
    runs: IntCounterVec,
    skipped: IntCounterVec,
    running: IntGaugeVec,
    late: HistogramVec,
}

impl Jobs {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            runs: exposition.counter(
                "phat_relayer_job_runs_total",
                "Runs of jobs that ended, by outcome; refused where the enclave would not run them.",
                &["outcome"],
            ),
            skipped: exposition.counter(
                "phat_relayer_job_skips_total",
                "Times that a job was due and did not run, by reason.",
                &["reason"],
            ),
            running: exposition.gauge("phat_relayer_jobs_running", "Runs of jobs that have not ended.", &[]),
            late: exposition.histogram(
                "phat_relayer_job_lateness_seconds",
                "How long after they were due runs of jobs were started.",
                &[],
                &LATE,
            ),
        }
    }

    pub(crate) fn started(&self) {
        self.running.with_label_values::<&str>(&[]).inc();
    }

    pub(crate) fn stopped(&self) {
        self.running.with_label_values::<&str>(&[]).dec();
    }

    pub(crate) fn late(&self, late: Duration) {
        self.late.with_label_values::<&str>(&[]).observe(late.as_secs_f64());
    }

    pub(crate) fn ran(&self, outcome: &str) {
        self.runs.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn skipped(&self, reason: SkipReason) {
        self.skipped.with_label_values(&[reason.as_str()]).inc();
    }
}
