//! How each endpoint is asked.

use crate::{
    listen::Announcements,
    words::{Archive, ChainHead, Legacy, Words},
};
use phat_connector::{
    ChainError, Finality,
    rpc::{Call, CallError, Endpoint},
};
use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex as BlockingMutex, PoisonError},
    time::Duration,
};
use tokio::sync::Mutex;

/// What is made of every endpoint.
pub(crate) struct Wires {
    announcements: Arc<Announcements>,
    call_timeout: Duration,
    finality: Finality,
    /// By the endpoints' names.
    known: BlockingMutex<HashMap<String, Arc<Wire>>>,
}

/// How one endpoint is asked; none where that isn't known yet.
type Wire = Mutex<Option<Arc<dyn Words>>>;

impl Wires {
    pub(crate) fn new(announcements: Announcements, call_timeout: Duration, finality: Finality) -> Self {
        Self { announcements: Arc::new(announcements), call_timeout, finality, known: BlockingMutex::default() }
    }

    /// What an endpoint is asked in, by what it says that it serves: the legacy calls where it does, since they tell of
    /// any block in one call, and over any connection.
    pub(crate) async fn words(&self, endpoint: &Endpoint) -> Result<Arc<dyn Words>, CallError> {
        let wire = self.wire(endpoint);
        let mut words = wire.lock().await;
        if let Some(words) = words.as_ref() {
            return Ok(Arc::clone(words));
        }
        let chosen = self.choose(endpoint).await?;
        tracing::debug!(endpoint = endpoint.name(), calls = %chosen.calls(), "an endpoint is asked by these calls");
        *words = Some(Arc::clone(&chosen));
        Ok(chosen)
    }

    /// Another node may be at the endpoint from now on.
    pub(crate) async fn forget(&self, endpoint: &Endpoint) {
        *self.wire(endpoint).lock().await = None;
    }

    fn wire(&self, endpoint: &Endpoint) -> Arc<Wire> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(endpoint.name().to_owned()).or_default())
    }

    async fn choose(&self, endpoint: &Endpoint) -> Result<Arc<dyn Words>, CallError> {
        #[derive(Deserialize)]
        struct Served {
            methods: HashSet<String>,
        }
        let legacy = || Legacy { endpoint: endpoint.clone(), announcements: Arc::clone(&self.announcements) };
        let none: [u8; 0] = [];
        let served = match endpoint.call(Call::new("rpc_methods", none)).await?.read() {
            Ok(Served { methods }) => methods,
            Err(error) if error.is_the_nodes_own() => return Err(error),
            // One that doesn't say is taken for one like most.
            Err(CallError::Answered(_)) => return Ok(Arc::new(legacy())),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error),
        };
        let serves = |methods: &[&str]| methods.iter().all(|method| served.contains(*method));
        if serves(&Legacy::METHODS) || !serves(&ChainHead::METHODS) {
            return Ok(Arc::new(legacy()));
        }
        if !endpoint.is_web_socket() {
            let cause = "it serves chainHead_v1 and not the legacy calls, which takes a ws:// or wss:// URL".to_owned();
            let error = ChainError::Unreachable { endpoint: endpoint.name().to_owned(), cause }.into();
            endpoint.failed(&error);
            return Err(error);
        }
        let archive =
            serves(&Archive::METHODS).then(|| Archive { endpoint: endpoint.clone(), call_timeout: self.call_timeout });
        Ok(Arc::new(ChainHead::new(endpoint.clone(), archive, self.call_timeout, self.finality)))
    }
}

impl std::fmt::Debug for Wires {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Wires").field("finality", &self.finality).finish_non_exhaustive()
    }
}
