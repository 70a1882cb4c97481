//! A host for native tests of a contract.

use crate::{BatchFailure, BatchResult, Host, HttpFailure, HttpRequest, HttpResponse, Level};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

/// A host whose HTTP source is a function, and which remembers what the contract did. In a batch, the statuses 523 and
/// 524 are failures, as they are for a single request.
pub struct MockHost {
    /// Answers every HTTP request.
    pub source: Box<dyn FnMut(&HttpRequest) -> HttpResponse>,
    /// The requests that were made, in order; those of a batch one after another.
    pub requests: Vec<HttpRequest>,
    /// The lines that were logged, in order.
    pub log: Vec<(Level, String)>,
    /// What is stored.
    pub storage: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MockHost {
    /// A host where `source` answers every HTTP request.
    #[must_use]
    pub fn new(source: impl FnMut(&HttpRequest) -> HttpResponse + 'static) -> Self {
        Self { source: Box::new(source), requests: Vec::new(), log: Vec::new(), storage: BTreeMap::new() }
    }
}

impl Host for MockHost {
    fn http(&mut self, request: &HttpRequest, _: usize) -> HttpResponse {
        self.requests.push(request.clone());
        (self.source)(request)
    }

    fn http_batch(&mut self, requests: &[HttpRequest], _: u64, capacity: usize) -> Vec<BatchResult> {
        let responses = requests.iter().map(|request| self.http(request, capacity));
        let results = responses.map(|response| match response.failure() {
            Some(HttpFailure::Unreachable) => Err(BatchFailure::Unreachable),
            Some(HttpFailure::Late) => Err(BatchFailure::Late),
            None => Ok(response),
        });
        results.collect()
    }

    fn log(&mut self, level: Level, message: &str) {
        self.log.push((level, message.into()));
    }

    fn read(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.storage.get(key).cloned()
    }

    fn write(&mut self, key: &[u8], value: &[u8]) {
        self.storage.insert(key.into(), value.into());
    }
}
