//! How each endpoint is asked.

use crate::{
    listen::Announcements,
    words::{Legacy, Words},
};
use phat_connector::rpc::{CallError, Endpoint};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The words of every endpoint, by its name.
pub(crate) struct Wires {
    announcements: Arc<Announcements>,
    known: Mutex<HashMap<String, Arc<dyn Words>>>,
}

impl Wires {
    pub(crate) fn new(announcements: Announcements) -> Self {
        Self { announcements: Arc::new(announcements), known: Mutex::default() }
    }

    /// What an endpoint is asked in.
    pub(crate) async fn words(&self, endpoint: &Endpoint) -> Result<Arc<dyn Words>, CallError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let words = known.entry(endpoint.name().to_owned()).or_insert_with(|| {
            Arc::new(Legacy { endpoint: endpoint.clone(), announcements: Arc::clone(&self.announcements) })
        });
        Ok(Arc::clone(words))
    }
}

impl std::fmt::Debug for Wires {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Wires").finish_non_exhaustive()
    }
}
