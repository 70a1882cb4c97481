//! A host for native tests of a contract.

use crate::{Host, HttpRequest, HttpResponse, Level};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

/// A host whose HTTP source is a function, and which remembers what the contract did.
pub struct MockHost {
    /// Answers every HTTP request.
    pub source: Box<dyn FnMut(&HttpRequest) -> HttpResponse>,
    /// The requests that were made, in order.
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
