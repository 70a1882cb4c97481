//! All stages of all chains, supervised: one task that dies takes the process with it, and its
//! supervisor starts it again from the rows.

use super::{
    BalanceStage, ChainEnd, ExecuteSettings, ExecuteStage, RescanStage, RetrySettings, SettleStage, Stage,
    SubmitSettings, SubmitStage, WatchSettings, WatchStage, listen, observe, stage,
};
use crate::{
    clock::SharedClock,
    health::Health,
    store::{ExecuteStore, RescanStore, SettleStore, SubmitStore, WatchStore},
};
use phat_enclave_api::Enclave;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// How long stages may go on after they were asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A stage or listener ended on its own.
#[derive(Debug, thiserror::Error)]
#[error("{task} died: {cause}")]
pub struct PipelineError {
    /// Which.
    pub task: String,
    /// Its last words.
    pub cause: String,
}

/// Everything that the stages share.
pub struct Pipeline<Store> {
    /// The queue.
    pub store: Arc<Store>,
    /// The enclave.
    pub enclave: Arc<dyn Enclave>,
    /// The time.
    pub clock: SharedClock,
    /// Where trouble is noted.
    pub health: Health,
    /// How runs are asked for.
    pub execute: ExecuteSettings,
    /// How reports are sent.
    pub submit: SubmitSettings,
    /// The waits of a stage that keeps failing.
    pub retry: RetrySettings,
}

/// A stage that is no step of a request's way, and is run like those that are.
pub struct Beside {
    /// The stage.
    pub stage: Box<dyn Stage>,
    /// What wakes it.
    pub doorbell: Arc<Notify>,
    /// How long it rests when nothing does.
    pub interval: Duration,
}

impl<Store> Pipeline<Store>
where
    Store: WatchStore + RescanStore + ExecuteStore + SubmitStore + SettleStore + 'static,
{
    /// Runs every stage of every chain, and those beside them, until `cancel`: softly, then hard.
    ///
    /// # Errors
    /// When a task ended that wasn't asked to.
    pub async fn run(
        &self,
        chains: Vec<(ChainEnd, WatchSettings, Duration)>,
        beside: Vec<Beside>,
        cancel: CancellationToken,
    ) -> Result<(), PipelineError> {
        let mut tasks = Tasks::default();
        for Beside { stage, doorbell, interval } in beside {
            let task = format!("{}/{}", stage.chain(), stage.name());
            let running = stage::run(stage, doorbell, interval, self.retry, self.health.clone(), cancel.child_token());
            tasks.spawn(task, running);
        }
        for (chain, watch, poll) in chains {
            self.spawn_chain(&mut tasks, chain, watch, poll, &cancel);
        }
        let mut died = None;
        tokio::select! {
            () = cancel.cancelled() => {}
            // A stage that was quick to end because it was asked to didn't die.
            Some(ended) = tasks.running.join_next_with_id() => if ended.is_err() || !cancel.is_cancelled() {
                died = Some(tasks.last_words(ended));
            },
        }
        cancel.cancel();
        let drained = tokio::time::timeout(GRACE, async {
            while let Some(ended) = tasks.running.join_next_with_id().await {
                if let Err(error) = ended
                    && error.is_panic()
                {
                    died.get_or_insert_with(|| tasks.last_words(Err(error)));
                }
            }
        });
        if drained.await.is_err() {
            tasks.running.shutdown().await;
        }
        match died {
            Some(error) => {
                observe::task_died(&error.task, &error.cause);
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn spawn_chain(
        &self,
        tasks: &mut Tasks,
        chain: ChainEnd,
        watch: WatchSettings,
        poll: Duration,
        cancel: &CancellationToken,
    ) {
        tasks.spawn(format!("{}/listen", chain.name), listen::run(chain.clone(), self.retry, cancel.child_token()));
        let clock = self.clock.clone();
        let bells = chain.doorbells.clone();
        let rescan = RescanStage::new(chain.clone(), self.store.clone(), clock.clone(), watch.max_range, self.retry);
        let submit = SubmitStage::new(chain.clone(), self.store.clone(), clock.clone(), self.submit);
        let stages: [(Box<dyn Stage>, Arc<Notify>, Duration); 6] = [
            (Box::new(BalanceStage::new(chain.clone())), Arc::new(Notify::new()), BALANCE_SWEEP),
            (Box::new(rescan), bells.rescan, ORDER_SWEEP),
            (Box::new(WatchStage::new(chain.clone(), self.store.clone(), clock.clone(), watch)), bells.watch, poll),
            (
                Box::new(ExecuteStage::new(
                    chain.clone(),
                    self.store.clone(),
                    self.enclave.clone(),
                    clock.clone(),
                    self.execute,
                )),
                bells.execute,
                SWEEP,
            ),
            (Box::new(submit.noting_in(self.health.clone())), bells.submit, SWEEP),
            (Box::new(SettleStage::new(chain, self.store.clone(), clock)), bells.settle, poll.min(SETTLE_SWEEP)),
        ];
        for (stage, doorbell, interval) in stages {
            let task = format!("{}/{}", stage.chain(), stage.name());
            let running = stage::run(stage, doorbell, interval, self.retry, self.health.clone(), cancel.child_token());
            tasks.spawn(task, running);
        }
    }
}

/// How often rows whose time has come are looked for when no doorbell rings.
const SWEEP: Duration = Duration::from_millis(500);
/// How often attempts are looked at when no doorbell rings, however rare polling is.
const SETTLE_SWEEP: Duration = Duration::from_secs(5);

/// How often wallets are looked at.
const BALANCE_SWEEP: Duration = Duration::from_secs(30);

/// How often an operator's orders are looked for when no doorbell rings.
const ORDER_SWEEP: Duration = Duration::from_secs(60);

/// What runs, and what it is called.
#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Tasks {
    fn spawn(&mut self, name: String, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(task).id();
        self.names.insert(id, name);
    }

    fn last_words(&self, ended: Result<(Id, ()), JoinError>) -> PipelineError {
        let (id, cause) = match ended {
            Ok((id, ())) => (id, "it ended".to_owned()),
            Err(error) => (error.id(), error.to_string()),
        };
        let task = self.names.get(&id).cloned().unwrap_or_else(|| format!("task {id}"));
        PipelineError { task, cause }
    }
}
