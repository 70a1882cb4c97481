//! A signed transaction goes to all endpoints: one that keeps it to itself doesn't keep it from the chain.

use super::{Endpoint, Endpoints};
use crate::{EndpointState, rpc::CallError};
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// The most transactions that are on their way to endpoints at once. An endpoint that hangs doesn't gather more: what
/// it misses is sent again.
const MAX_UNDER_WAY: usize = 256;
/// Once one has refused, how long another has to accept.
const GRACE: Duration = Duration::from_secs(2);

/// The calls that are under way to endpoints which nobody waits for any more. They end with the pool.
pub(super) struct Sends {
    tasks: Mutex<JoinSet<()>>,
    room: Arc<Semaphore>,
}

impl Default for Sends {
    fn default() -> Self {
        Self { tasks: Mutex::default(), room: Arc::new(Semaphore::new(MAX_UNDER_WAY)) }
    }
}

impl Endpoints {
    /// Has `send` send a signed transaction to every endpoint that doesn't rest, all at once, and answers as soon as one
    /// accepts it. The others get it all the same.
    ///
    /// # Errors
    /// Where none accepts it: what a node said, if one spoke at all.
    pub async fn broadcast<T, Sending>(&self, send: impl Fn(Endpoint) -> Sending) -> Result<T, CallError>
    where
        T: Send + 'static,
        Sending: Future<Output = Result<T, CallError>> + Send + 'static,
    {
        let now = Instant::now();
        let targets: Vec<Endpoint> = self.0.endpoints.iter().filter(|it| takes(it.state(now))).cloned().collect();
        if targets.is_empty() {
            return Err(self.all_rest().into());
        }
        let (answers, mut answered) = mpsc::channel(targets.len());
        for endpoint in targets {
            self.begin(&endpoint, send(endpoint.clone()), answers.clone());
        }
        drop(answers);
        let mut refusal: Option<CallError> = None;
        let mut until = None;
        loop {
            let next = match until {
                Some(until) => timeout_at(until, answered.recv()).await.unwrap_or(None),
                None => answered.recv().await,
            };
            match next {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => {
                    if matches!(error, CallError::Answered(_)) && !error.is_limit() {
                        until.get_or_insert_with(|| Instant::now() + GRACE);
                    }
                    refusal = Some(match refusal.take() {
                        // What a node says of the transaction tells more than that another is away.
                        Some(said @ CallError::Answered(_)) => said,
                        Some(_) | None => error,
                    });
                }
                None => return Err(refusal.unwrap_or_else(|| self.all_rest().into())),
            }
        }
    }

    /// Begins to send it to one endpoint.
    fn begin<T: Send + 'static>(
        &self,
        endpoint: &Endpoint,
        sending: impl Future<Output = Result<T, CallError>> + Send + 'static,
        answers: mpsc::Sender<Result<T, CallError>>,
    ) {
        // The one that serves always gets it, however many are under way to those that hang.
        let is_first = self.in_order(None).first().is_some_and(|first| first.place() == endpoint.place());
        let permit = match Arc::clone(&self.0.sends.room).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) if is_first => None,
            Err(_) => return,
        };
        let mut tasks = self.0.sends.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            // Whoever asked may have its answer from another already.
            let _ = answers.send(sending.await).await;
            drop(permit);
        });
    }
}

/// Whether an endpoint gets transactions. One on another chain does no harm with them, and no good.
const fn takes(state: EndpointState) -> bool {
    match state {
        EndpointState::Untried
        | EndpointState::Healthy
        | EndpointState::Lagging
        | EndpointState::Disagreeing
        | EndpointState::Failing => true,
        EndpointState::Resting | EndpointState::WrongChain => false,
    }
}
