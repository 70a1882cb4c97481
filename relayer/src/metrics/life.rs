use super::Exposition;
use crate::{
    clock::Millis,
    request::{SettlementKind, StateName},
    store::Step,
};
use prometheus::{HistogramVec, IntCounterVec};
use std::time::Duration;

/// Seconds of a request's life, from a chain that mines at once to one that is slow to be final.
const LIFE: [f64; 15] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

/// The ways of requests.
#[derive(Debug)]
pub(crate) struct Life {
    transitions: IntCounterVec,
    stage_seconds: HistogramVec,
    whole_seconds: HistogramVec,
}

impl Life {
    pub(super) fn new(exposition: &mut Exposition) -> Self {
        Self {
            transitions: exposition.counter(
                "phat_relayer_stage_transitions_total",
                "Changes of requests' states that were committed, by the stage that made them and its result.",
                &["chain", "stage", "result"],
            ),
            stage_seconds: exposition.histogram(
                "phat_relayer_stage_seconds",
                "How long requests took through a stage, waiting included: observed to reported (execute), \
                 reported to submitted (submit), submitted to settled (settle).",
                &["chain", "stage"],
                &LIFE,
            ),
            whole_seconds: exposition.histogram(
                "phat_relayer_request_seconds",
                "From the time that a request was seen to the time that its answer was seen on chain.",
                &["chain"],
                &LIFE,
            ),
        }
    }

    /// Counts a step that was committed.
    pub(crate) fn stepped(&self, step: &Step) {
        let from = step.from.map(|(state, _)| state);
        let (stage, result) = made_by(from, step.to, step.settled);
        self.transitions.with_label_values(&[&step.chain, stage, result]).inc();
        let Some((from, since)) = step.from else { return };
        if let Some(stage) = passed(from, step.to) {
            self.stage_seconds.with_label_values(&[step.chain.as_str(), stage]).observe(seconds(since, step.at));
        }
        if step.to == StateName::Settled && from != StateName::Settled {
            let whole = seconds(step.observed_at, step.at);
            self.whole_seconds.with_label_values(&[&step.chain]).observe(whole);
        }
    }
}

/// Never negative: clocks are set back.
fn seconds(from: Millis, to: Millis) -> f64 {
    let elapsed = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    Duration::from_millis(elapsed).as_secs_f64()
}

/// The stage that the request got through with this step.
const fn passed(from: StateName, to: StateName) -> Option<&'static str> {
    match (from, to) {
        (StateName::Observed, StateName::Reported) => Some("execute"),
        (StateName::Reported, StateName::Submitted) => Some("submit"),
        (StateName::Submitted, StateName::Settled) => Some("settle"),
        (
            StateName::Observed
            | StateName::Ignored
            | StateName::Reported
            | StateName::Submitted
            | StateName::Settled
            | StateName::Expired
            | StateName::Orphaned,
            _,
        ) => None,
    }
}

/// The stage that makes such a step, and what it is to it.
fn made_by(from: Option<StateName>, to: StateName, settled: Option<SettlementKind>) -> (&'static str, &'static str) {
    match to {
        StateName::Observed if from == Some(StateName::Ignored) => ("execute", "reconsidered"),
        StateName::Observed if from == Some(StateName::Orphaned) => ("watch", "revived"),
        StateName::Observed => ("watch", "observed"),
        StateName::Orphaned => ("watch", "orphaned"),
        StateName::Ignored => ("execute", "ignored"),
        StateName::Reported if from == Some(StateName::Orphaned) => ("watch", "revived"),
        // Its transaction had no effect on it.
        StateName::Reported if from == Some(StateName::Submitted) => ("settle", "returned"),
        StateName::Reported => ("execute", "reported"),
        // The transaction that had settled it left the chain.
        StateName::Submitted if from == Some(StateName::Settled) => ("settle", "unsettled"),
        StateName::Submitted => ("submit", "submitted"),
        StateName::Settled => match settled {
            Some(SettlementKind::CallbackFailed) => ("settle", "callback_failed"),
            Some(SettlementKind::Fulfilled) | None => ("settle", "fulfilled"),
        },
        StateName::Expired => ("settle", "expired"),
    }
}
