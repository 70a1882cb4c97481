use super::Exposition;
use phat_connector::{EntryRefusal, Receipt};
use phat_enclave_api::Execution;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use std::time::Duration;

/// Seconds of a run, up to its usual limit and beyond.
const RUN: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Reports in one transaction.
const BATCH: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// What became of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// Stored for a new nonce, and sent.
    Submitted,
    /// Stored in the place of another with the same nonce.
    Replaced,
    /// In a block.
    Mined,
    /// In a block, and failed as a whole.
    Failed,
    /// Its nonce was used by a stranger's.
    Dead,
    /// Its block was reorganised away.
    Dropped,
}

impl Fate {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Replaced => "replaced",
            Self::Mined => "mined",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }
}

/// The part that an error came from, and which of its errors it was: both from closed sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorKind {
    pub(crate) component: &'static str,
    pub(crate) kind: &'static str,
}

/// What the stages did.
#[derive(Debug)]
pub(crate) struct Stages {
    errors: IntCounterVec,
    retries: IntCounterVec,
    overtaken: IntCounterVec,
    reorganisations: IntCounterVec,
    runs: IntCounterVec,
    run_seconds: HistogramVec,
    run_fuel: IntCounterVec,
    refusals: IntCounterVec,
    batch: HistogramVec,
    transactions: IntCounterVec,
    gas: IntCounterVec,
    held: IntGaugeVec,
}

impl Stages {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            errors: exposition.counter(
                "phat_relayer_errors_total",
                "Errors that a stage met, by the part that they came from and their kind.",
                &["chain", "stage", "component", "kind"],
            ),
            retries: exposition.counter(
                "phat_relayer_retries_total",
                "Steps and requests that are tried again after a failure or a refusal.",
                &["chain", "stage"],
            ),
            overtaken: exposition.counter(
                "phat_relayer_overtaken_total",
                "Steps that found their rows changed by another replica or stage.",
                &["chain", "stage"],
            ),
            reorganisations: exposition.counter(
                "phat_relayer_reorganisations_total",
                "Times that the chain did not go through the watched block any more.",
                &["chain"],
            ),
            runs: exposition.counter(
                "phat_relayer_runs_total",
                "Runs that the enclave answered with a report, by outcome.",
                &["chain", "outcome"],
            ),
            run_seconds: exposition.histogram(
                "phat_relayer_run_seconds",
                "How long runs took, by the enclave's clock.",
                &["chain"],
                &RUN,
            ),
            run_fuel: exposition.counter("phat_relayer_run_fuel_total", "Fuel that runs used.", &["chain"]),
            refusals: exposition.counter(
                "phat_relayer_refusals_total",
                "Reports that the oracle would not take when they were about to be sent, by reason.",
                &["chain", "reason"],
            ),
            batch: exposition.histogram(
                "phat_relayer_batch_reports",
                "Reports in one transaction.",
                &["chain"],
                &BATCH,
            ),
            transactions: exposition.counter(
                "phat_relayer_transactions_total",
                "Transactions by what became of them.",
                &["chain", "result"],
            ),
            gas: exposition.counter("phat_relayer_gas_used_total", "Gas that mined transactions used.", &["chain"]),
            held: exposition.gauge(
                "phat_relayer_held_transactions",
                "Transactions that are not mined in time, and may not be replaced by ones that offer more.",
                &["chain"],
            ),
        }
    }

    pub(crate) fn failed(&self, chain: &str, stage: &str, error: ErrorKind) {
        self.met(chain, stage, error);
        self.retries.with_label_values(&[chain, stage]).inc();
    }

    /// An error that nothing is tried again for.
    pub(crate) fn met(&self, chain: &str, stage: &str, error: ErrorKind) {
        self.errors.with_label_values(&[chain, stage, error.component, error.kind]).inc();
    }

    pub(crate) fn overtaken(&self, chain: &str, stage: &str) {
        self.overtaken.with_label_values(&[chain, stage]).inc();
    }

    pub(crate) fn reorganised(&self, chain: &str) {
        self.reorganisations.with_label_values(&[chain]).inc();
    }

    pub(crate) fn ran(&self, chain: &str, execution: &Execution) {
        self.runs.with_label_values(&[chain, &execution.report.outcome.to_string()]).inc();
        let elapsed = Duration::from_millis(execution.elapsed_ms);
        self.run_seconds.with_label_values(&[chain]).observe(elapsed.as_secs_f64());
        self.run_fuel.with_label_values(&[chain]).inc_by(execution.fuel);
    }

    pub(crate) fn refused(&self, chain: &str, refusal: &EntryRefusal) {
        let reason = refusal.kind();
        self.refusals.with_label_values(&[chain, reason]).inc();
        self.retries.with_label_values(&[chain, "submit"]).inc();
    }

    pub(crate) fn submitted(&self, chain: &str, reports: usize) {
        let reports = u32::try_from(reports).unwrap_or(u32::MAX);
        self.batch.with_label_values(&[chain]).observe(f64::from(reports));
        self.transaction(chain, Fate::Submitted);
    }

    pub(crate) fn mined(&self, chain: &str, receipt: &Receipt) {
        self.gas.with_label_values(&[chain]).inc_by(receipt.gas_used);
        self.transaction(chain, if receipt.succeeded { Fate::Mined } else { Fate::Failed });
    }

    pub(crate) fn held(&self, chain: &str, count: usize) {
        self.held.with_label_values(&[chain]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn transaction(&self, chain: &str, fate: Fate) {
        self.transactions.with_label_values(&[chain, fate.as_str()]).inc();
    }
}
