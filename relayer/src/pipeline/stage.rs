//! The loop, the back-off and the cancellation of every stage.

use super::{observe, retry::RetrySettings};
use crate::{
    health::{Component, Health},
    store::StoreError,
};
use async_trait::async_trait;
use phat_connector::ChainError;
use phat_enclave_api::EnclaveError;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Whether a stage has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Step again at once.
    More,
    /// Nothing to do until the doorbell rings or the interval is over.
    Idle,
    /// Something is announced that doesn't show yet: look again this soon.
    Soon(Duration),
}

/// What stopped one step.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The enclave.
    #[error(transparent)]
    Enclave(#[from] EnclaveError),
}

impl StageError {
    fn component(&self, chain: &str) -> Component {
        match self {
            Self::Store(_) => Component::Database,
            Self::Chain(_) => Component::Chain(chain.to_owned()),
            Self::Enclave(_) => Component::Enclave,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Chain(error) => error.retry_after(),
            Self::Store(_) | Self::Enclave(_) => None,
        }
    }
}

/// One stage of one chain.
#[async_trait]
pub trait Stage: Send {
    /// The stage's name.
    fn name(&self) -> &'static str;

    /// The chain's configured name.
    fn chain(&self) -> &str;

    /// One iteration. It may be dropped at any await point, as by a crash.
    async fn step(&mut self) -> Result<Progress, StageError>;

    /// Whether the last step got something done before it failed, so that it isn't one more of a row of failures.
    fn advanced(&self) -> bool {
        false
    }

    /// Waits for what earlier steps started. Called once, when no step follows; it may be dropped,
    /// as by a crash.
    async fn finish(&mut self) {}
}

/// Steps until it is cancelled. Failures are noted in `health` and tried again, later and later.
pub(super) async fn run(
    mut stage: Box<dyn Stage>,
    doorbell: Arc<Notify>,
    interval: Duration,
    retry: RetrySettings,
    health: Health,
    cancel: CancellationToken,
) {
    step_until(&mut *stage, &doorbell, interval, retry, &health, &cancel).await;
    stage.finish().await;
}

async fn step_until(
    stage: &mut dyn Stage,
    doorbell: &Notify,
    interval: Duration,
    retry: RetrySettings,
    health: &Health,
    cancel: &CancellationToken,
) {
    let mut waits = retry.waits();
    loop {
        let stepped = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            stepped = stage.step() => stepped,
        };
        let wait = match stepped {
            Ok(progress) => {
                waits.reset();
                recover(health, stage);
                match progress {
                    Progress::More => continue,
                    Progress::Idle => interval,
                    Progress::Soon(wait) => wait.min(interval),
                }
            }
            Err(StageError::Store(StoreError::Conflict { what })) => {
                // Another replica or another stage was faster; the rows tell what is left to do.
                observe::overtaken(stage.name(), stage.chain(), &what);
                waits.next()
            }
            Err(error) => {
                if stage.advanced() {
                    waits.reset();
                }
                let wait = waits.next().max(error.retry_after().unwrap_or_default());
                health.fail(error.component(stage.chain()), stage.name(), &error);
                observe::step_failed(stage.name(), stage.chain(), &error, wait);
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = tokio::time::sleep(wait) => continue,
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = doorbell.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn recover(health: &Health, stage: &dyn Stage) {
    health.recover(Component::Database, stage.name());
    health.recover(Component::Enclave, stage.name());
    health.recover(Component::Chain(stage.chain().to_owned()), stage.name());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const CHAIN: &str = "test";

    /// Fails as it is told, then succeeds, then ends; notes before each step how many components are
    /// in trouble.
    struct Scripted {
        failures: VecDeque<StageError>,
        health: Health,
        troubles: Vec<usize>,
        cancel: CancellationToken,
    }

    fn failures() -> VecDeque<StageError> {
        [
            StoreError::Newer { found: 2, known: 1 }.into(),
            ChainError::Unreachable { endpoint: "there".into(), cause: "told so".into() }.into(),
            EnclaveError::Busy.into(),
        ]
        .into()
    }

    #[async_trait]
    impl Stage for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn chain(&self) -> &str {
            CHAIN
        }

        async fn step(&mut self) -> Result<Progress, StageError> {
            let components = [Component::Database, Component::Chain(CHAIN.into()), Component::Enclave];
            let troubled = components.iter().filter(|part| !self.health.troubles(part, &[]).is_empty());
            self.troubles.push(troubled.count());
            if self.troubles.len() > failures().len() + 1 {
                self.cancel.cancel();
            }
            self.failures.pop_front().map_or(Ok(Progress::Idle), Err)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_step_is_tried_again_and_its_trouble_forgotten_once_one_succeeds() {
        let (health, cancel) = (Health::default(), CancellationToken::new());
        let mut stage =
            Scripted { failures: failures(), health: health.clone(), troubles: Vec::new(), cancel: cancel.clone() };
        let interval = Duration::from_secs(3600);
        step_until(&mut stage, &Notify::new(), interval, RetrySettings::default(), &health, &cancel).await;
        assert_eq!(stage.troubles, [0, 1, 2, 3, 0]);
    }

    /// Fails so many times, having got something done each time or not.
    struct Failing {
        left: u32,
        advances: bool,
        cancel: CancellationToken,
    }

    #[async_trait]
    impl Stage for Failing {
        fn name(&self) -> &'static str {
            "failing"
        }

        fn chain(&self) -> &str {
            CHAIN
        }

        async fn step(&mut self) -> Result<Progress, StageError> {
            let Some(left) = self.left.checked_sub(1) else {
                self.cancel.cancel();
                return Ok(Progress::Idle);
            };
            self.left = left;
            Err(EnclaveError::Busy.into())
        }

        fn advanced(&self) -> bool {
            self.advances
        }
    }

    /// How long ten failures take.
    async fn ten_failures(retry: RetrySettings, advances: bool) -> Duration {
        let cancel = CancellationToken::new();
        let mut stage = Failing { left: 10, advances, cancel: cancel.clone() };
        let started = tokio::time::Instant::now();
        step_until(&mut stage, &Notify::new(), retry.max, retry, &Health::default(), &cancel).await;
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stage_that_gets_on_between_its_failures_does_not_wait_longer_and_longer() {
        let retry = RetrySettings { initial: Duration::from_secs(1), max: Duration::from_secs(3_600) };
        // Each wait is from half as long to half as long again.
        let getting_on = ten_failures(retry, true).await;
        assert!(getting_on <= 10 * retry.initial * 3 / 2, "{getting_on:?}");
        let stuck = ten_failures(retry, false).await;
        assert!(stuck >= (2u32.pow(10) - 1) * retry.initial / 2, "{stuck:?}");
    }
}
