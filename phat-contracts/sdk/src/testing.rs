//! Native tests of a contract: a host whose HTTP sources, time and secrets are the test's, and which remembers what
//! the contract did.
//!
//! ```
//! use phat_sdk::{
//!     Answer, ContractError, Host, HttpRequest, Level, OracleRequest, Outcome, PhatContract,
//!     testing::{MockHost, error_of, response},
//! };
//!
//! /// Answers with the text at the URL that it is deployed with, which wants a key.
//! struct Motto {
//!     url: String,
//! }
//!
//! #[derive(Debug, thiserror::Error)]
//! enum MottoError {
//!     #[error("there is no secret \"key\"")]
//!     NoKey,
//!     #[error("the source answered {0}")]
//!     Status(u16),
//! }
//!
//! impl ContractError for MottoError {
//!     fn code(&self) -> u8 {
//!         match self {
//!             Self::NoKey => 1,
//!             Self::Status(_) => 2,
//!         }
//!     }
//! }
//!
//! impl PhatContract for Motto {
//!     type Init = String;
//!     type Error = MottoError;
//!
//!     fn new(url: String) -> Result<Self, MottoError> {
//!         Ok(Self { url })
//!     }
//!
//!     fn handle_request(&self, host: &mut dyn Host, _: &OracleRequest) -> Result<Vec<u8>, MottoError> {
//!         let key = host.secret("key").and_then(|key| String::from_utf8(key).ok()).ok_or(MottoError::NoKey)?;
//!         let response = host.http(&HttpRequest::get(&self.url).header("Authorization", &key), 1024);
//!         host.log(Level::Info, &format!("status {}", response.status_code));
//!         if response.is_success() { Ok(response.body) } else { Err(MottoError::Status(response.status_code)) }
//!     }
//! }
//!
//! // Each request must be the one that is expected next; that all of them were made is checked at the end.
//! let asked = HttpRequest::get("https://example.com/motto").header("Authorization", "hunter2");
//! let mut host = MockHost::expecting([
//!     (asked.clone(), response(200, b"carpe diem")),
//!     (asked, response(503, b"")),
//! ]);
//! host.deploy::<Motto>(&"https://example.com/motto".to_owned())?;
//! assert_eq!(error_of(&host.ask::<Motto>(b"")), (1, "there is no secret \"key\"".into()));
//!
//! host.give_secret("key", b"hunter2", &["https://example.com"]);
//! assert_eq!(host.ask::<Motto>(b""), Answer { outcome: Outcome::Ok, output: b"carpe diem".into() });
//! assert_eq!(error_of(&host.ask::<Motto>(b"")), (2, "the source answered 503".into()));
//! assert_eq!(host.log, [(Level::Info, "status 200".into()), (Level::Info, "status 503".into())]);
//!
//! // Where a source can be anything, it is a function. This one is never reached: the secret goes to its origins alone.
//! let mut host = MockHost::new(|_| panic!("a secret is sent elsewhere"));
//! host.deploy::<Motto>(&"https://elsewhere.example.com".to_owned())?;
//! host.give_secret("key", b"hunter2", &["https://example.com"]);
//! assert_eq!(error_of(&host.ask::<Motto>(b"")), (2, "the source answered 523".into()));
//! # Ok::<(), phat_sdk::testing::Refused>(())
//! ```

mod expected;
mod secrets;

use crate::{
    BatchFailure, BatchResult, Host, HttpFailure, HttpRequest, HttpResponse, Level, MAX_BATCH, OracleRequest,
    PhatContract, call, deploy, init_data, randomness::VrfProof,
};
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec, vec::Vec};
use expected::Expected;
use parity_scale_codec::{Decode, Encode};
use phat_protocol::{Answer, BlockHash, Chain, Outcome, RequestId};
use secrets::Secrets;

/// The statuses of the host's account of why there is no response.
const UNREACHABLE: u16 = 523;
const LATE: u16 = 524;

/// The most that a request may ask for, in bytes.
const MAX_OUTPUT: u32 = 16 * 1024;

/// A host whose HTTP source is a function, and which remembers what the contract did.
///
/// As before the real host, a response beyond the contract's buffer is status 524, or [`BatchFailure::TooLong`] in a
/// batch; more than [`MAX_BATCH`] requests in one are refused; what a request writes is forgotten when it ends; and a
/// secret that was read binds the run's requests to its origins. What the real host limits beside that (fuel, memory,
/// how many requests a run makes) is not looked at.
pub struct MockHost {
    /// Answers every HTTP request. In a batch, the statuses 523 and 524 are failures, as they are for a single request.
    pub source: Box<dyn FnMut(&HttpRequest) -> HttpResponse>,
    /// The requests that reached the source, in order; those of a batch one after another.
    pub requests: Vec<HttpRequest>,
    /// The lines that were logged, in order.
    pub log: Vec<(Level, String)>,
    /// What time it is, in milliseconds since 1970.
    pub now_millis: u64,
    /// What is stored.
    pub storage: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What [`Self::ask`] says of the request beside its payload: chain and block, oracle, consumer, expiry.
    pub request: OracleRequest,
    /// The longest output that the consumer takes, in bytes.
    pub max_output: u32,
    /// The request's random value; none where the run is to be one that answers no request.
    pub vrf: Option<VrfProof>,
    secrets: Secrets,
}

/// Why a contract wasn't deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} (code {code})")]
pub struct Refused {
    /// [`ContractError::code`](crate::ContractError::code)
    pub code: u8,
    /// The error's text.
    pub text: String,
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
            request: OracleRequest {
                chain: Chain::Evm(31337),
                oracle: vec![1; 20],
                request_id: RequestId([2; 32]),
                consumer: vec![3; 20],
                payload: Vec::new(),
                expires_at: 4,
                block_hash: BlockHash([5; 32]),
            },
            max_output: MAX_OUTPUT,
            vrf: None,
            secrets: Secrets::default(),
        }
    }

    /// A host where these requests are made, in this order and no others, and are answered so.
    ///
    /// # Panics
    /// When a request is another than the next one; and when the host is dropped, where some were not made.
    #[must_use]
    pub fn expecting(exchanges: impl IntoIterator<Item = (HttpRequest, HttpResponse)>) -> Self {
        let mut expected = Expected::new(exchanges);
        Self::new(move |request| expected.answer(request))
    }

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

    /// Deploys `C` with this init data.
    ///
    /// # Errors
    /// When the contract refuses it.
    ///
    /// # Panics
    /// When the contract can't read what it was given.
    pub fn deploy<C: PhatContract>(&mut self, init: &C::Init) -> Result<(), Refused> {
        let returned = deploy::<C>(self, &init_data(init));
        let read = <Result<Result<(), (u8, String)>, u8>>::decode(&mut returned.bytes.as_slice());
        read.expect("what constructors return")
            .expect("the init data decodes as it was encoded")
            .map_err(|(code, text)| Refused { code, text })
    }

    /// Gives the contract a secret, or another value of it, that may be sent to these origins alone.
    pub fn give_secret(&mut self, name: &str, value: &[u8], origins: &[&str]) {
        self.secrets.give(name, value, origins);
    }

    /// Takes a secret away.
    pub fn take_secret(&mut self, name: &str) {
        self.secrets.take(name);
    }

    /// What the contract that is deployed here answers to a request of this payload, as the consumer gets it.
    pub fn ask<C: PhatContract>(&mut self, payload: &[u8]) -> Answer {
        let request = OracleRequest { payload: payload.into(), ..self.request.clone() };
        let stored = self.storage.clone();
        let returned = call::<C>(self, &request.call_input());
        self.storage = stored;
        self.secrets.forget_reads();
        Answer::from_returned(&returned.bytes, self.max_output)
    }

    /// The source's answer; none where the request may not go there.
    fn fetch(&mut self, request: &HttpRequest) -> Option<HttpResponse> {
        if !self.secrets.let_pass(&request.url) {
            return None;
        }
        self.requests.push(request.clone());
        Some((self.source)(request))
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
    fn http(&mut self, request: &HttpRequest, capacity: usize) -> HttpResponse {
        let Some(answer) = self.fetch(request) else {
            return response(UNREACHABLE, b"not an origin of the secrets that this run has read");
        };
        let length = answer.encoded_size();
        if length <= capacity {
            return answer;
        }
        let reason = format!("the response takes {length} bytes, and the contract's buffer {capacity}");
        response(LATE, reason.as_bytes())
    }

    fn http_batch(&mut self, requests: &[HttpRequest], _: u64, capacity: usize) -> Vec<BatchResult> {
        if requests.len() > MAX_BATCH {
            return vec![Err(BatchFailure::TooManyRequests); requests.len()];
        }
        let results = requests.iter().map(|request| {
            let answer = self.fetch(request).ok_or(BatchFailure::Denied)?;
            match answer.failure() {
                Some(HttpFailure::Unreachable) => Err(BatchFailure::Unreachable),
                Some(HttpFailure::Late) => Err(BatchFailure::Late),
                None => Ok(answer),
            }
        });
        let mut results: Vec<_> = results.collect();
        while encoded_size(&results) > capacity {
            let longest = results.iter_mut().filter(|result| result.is_ok()).max_by_key(|result| size(result));
            let Some(longest) = longest else { break };
            *longest = Err(BatchFailure::TooLong);
        }
        results
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
        self.secrets.read(name)
    }

    fn secret_names(&mut self) -> Vec<String> {
        self.secrets.names()
    }

    fn vrf(&mut self) -> Option<VrfProof> {
        self.vrf
    }
}

/// The bytes of a result as the host encodes it.
fn size(result: &BatchResult) -> usize {
    // A byte says which it is; a failure is one more.
    1 + result.as_ref().map_or(1, Encode::encoded_size)
}

fn encoded_size(results: &[BatchResult]) -> usize {
    // At most `MAX_BATCH` of them, whose count is one byte.
    1 + results.iter().map(size).sum::<usize>()
}

#[cfg(test)]
mod tests;
