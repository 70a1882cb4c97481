//! A host for native tests of a contract.

use crate::{
    BatchFailure, BatchResult, Host, HttpFailure, HttpRequest, HttpResponse, Level, OracleRequest, PhatContract, call,
    deploy, init_data,
};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec, vec::Vec};
use parity_scale_codec::Decode;
use phat_protocol::{Answer, BlockHash, Chain, Outcome, RequestId};

/// The most that a request may ask for.
const MAX_OUTPUT: u32 = 16 * 1024;

/// A host whose HTTP source is a function, and which remembers what the contract did. In a batch, the statuses 523 and
/// 524 are failures, as they are for a single request.
pub struct MockHost {
    /// Answers every HTTP request.
    pub source: Box<dyn FnMut(&HttpRequest) -> HttpResponse>,
    /// The requests that were made, in order; those of a batch one after another.
    pub requests: Vec<HttpRequest>,
    /// The lines that were logged, in order.
    pub log: Vec<(Level, String)>,
    /// What time it is, in milliseconds since 1970.
    pub now_millis: u64,
    /// What is stored.
    pub storage: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The contract's secrets by name. Where they may be sent is not looked at.
    pub secrets: BTreeMap<String, Vec<u8>>,
}

impl MockHost {
    /// A host where `source` answers every HTTP request.
    #[must_use]
    pub fn new(source: impl FnMut(&HttpRequest) -> HttpResponse + 'static) -> Self {
        Self {
            source: Box::new(source),
            requests: Vec::new(),
            log: Vec::new(),
            now_millis: 1_800_000_000_000,
            storage: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }
    }
}

impl MockHost {
    /// A host where `C` is deployed with this JSON as its init data, and `source` answers every HTTP request.
    ///
    /// # Panics
    /// When the contract refuses the init data.
    #[must_use]
    pub fn deployed<C: PhatContract>(json: &str, source: impl FnMut(&HttpRequest) -> HttpResponse + 'static) -> Self {
        let mut host = Self::new(source);
        let returned = deploy::<C>(&mut host, &init_data(&json.as_bytes()));
        assert!(!returned.reverted, "{}", String::from_utf8_lossy(&returned.bytes));
        host
    }

    /// What the contract that is deployed here answers to a request of this payload, as the consumer gets it.
    pub fn ask<C: PhatContract>(&mut self, payload: &[u8]) -> Answer {
        let request = OracleRequest {
            chain: Chain::Evm(31337),
            oracle: vec![1; 20],
            request_id: RequestId([2; 32]),
            consumer: vec![3; 20],
            payload: payload.into(),
            expires_at: 4,
            block_hash: BlockHash([5; 32]),
        };
        Answer::from_returned(&call::<C>(self, &request.call_input()).bytes, MAX_OUTPUT)
    }
}

/// The code and the text of a contract's error.
///
/// # Panics
/// When the answer is no such error.
#[must_use]
pub fn error_of(answer: &Answer) -> (u8, String) {
    assert_eq!(answer.outcome, Outcome::ContractError, "{answer:?}");
    <(u8, String)>::decode(&mut answer.output.as_slice()).expect("a code and a text")
}

/// The first block of JSON under a heading of a Markdown text, for tests of what a documentation shows.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn json_under<'d>(heading: &str, document: &'d str) -> &'d str {
    let (_, section) = document.split_once(heading).expect("the heading");
    section.split("```json\n").nth(1).and_then(|block| block.split("```").next()).expect("a block")
}

/// A response of this status and body.
#[must_use]
pub fn response(status_code: u16, body: &[u8]) -> HttpResponse {
    HttpResponse { status_code, reason_phrase: String::new(), headers: Vec::new(), body: body.into() }
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

    fn now_millis(&mut self) -> u64 {
        self.now_millis
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

    fn secret(&mut self, name: &str) -> Option<Vec<u8>> {
        self.secrets.get(name).cloned()
    }

    fn secret_names(&mut self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }
}
