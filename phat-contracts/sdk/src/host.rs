use crate::{BatchResult, HttpRequest, HttpResponse, randomness::VrfProof};
use alloc::{string::String, vec::Vec};

/// How many requests an enclave takes in one batch, unless it is told otherwise.
pub const MAX_BATCH: usize = 5;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A request can't be answered.
    Error,
    /// Something looks wrong.
    Warn,
    /// What an operator may want to know.
    Info,
    /// What the contract's author may want to know.
    Debug,
    /// Every step.
    Trace,
}

impl Level {
    /// The number that the host knows it by.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Error => 1,
            Self::Warn => 2,
            Self::Info => 3,
            Self::Debug => 4,
            Self::Trace => 5,
        }
    }
}

/// What a contract asks of whoever runs it.
pub trait Host {
    /// Makes one HTTP request and waits for the response. Redirects are followed by the host.
    ///
    /// `capacity` bounds the encoded response (status, reason, headers and body), in bytes: a longer
    /// one is answered as [`crate::HttpFailure::Late`]. The memory is taken for as long as the guest
    /// waits, so ask for what the source needs.
    fn http(&mut self, request: &HttpRequest, capacity: usize) -> HttpResponse;

    /// Makes several HTTP requests at once, and waits until each has its response or failed, `timeout_ms`
    /// milliseconds at most. Gives one result for each, in order.
    ///
    /// `capacity` bounds all responses together, in bytes: where they don't fit, the longest give way first,
    /// with [`crate::BatchFailure::TooLong`]. Enclaves refuse batches of more than [`MAX_BATCH`] requests, unless
    /// they are told otherwise.
    fn http_batch(&mut self, requests: &[HttpRequest], timeout_ms: u64, capacity: usize) -> Vec<BatchResult>;

    /// The host's time in milliseconds since 1970, which nobody vouches for; 0 in `deploy`.
    fn now_millis(&mut self) -> u64;

    /// Leaves a line in the host's log, cut at 1 KiB.
    fn log(&mut self, level: Level, message: &str);

    /// What is stored under `key` (at most 128 bytes); values longer than 64 KiB trap.
    fn read(&mut self, key: &[u8]) -> Option<Vec<u8>>;

    /// Stores `value` under `key` (at most 128 bytes). What a request writes is forgotten when it ends;
    /// what `deploy` and an owner's message write stays.
    fn write(&mut self, key: &[u8], value: &[u8]);

    /// The secret of this name that the contract's owner gave it; none where there is none, and in
    /// simulations, `deploy` and an owner's message. From here on, requests go to the origins of the secrets
    /// that were read, and nowhere else: others are answered as [`crate::HttpFailure::Unreachable`].
    fn secret(&mut self, name: &str) -> Option<Vec<u8>>;

    /// The names of the contract's secrets, in order.
    fn secret_names(&mut self) -> Vec<String>;

    /// The random value of the request that is answered, with its proof; none in a run that answers none: a
    /// simulation, a job, a query, an owner's message and `deploy`. It follows from the request's id, the hash of
    /// its block and the worker's key, so every call gives the same. It costs some 600,000 units of fuel.
    fn vrf(&mut self) -> Option<VrfProof>;
}
