//! What a suspended guest waits for.

use crate::{pink::HttpRequest, seal::OutBuffer, secrets::Origins};
use phat_protocol::ContractId;
use std::time::Duration;

/// A host call that was not answered at once.
#[derive(Debug)]
pub(crate) enum Suspension {
    /// An HTTP request, or a batch of them.
    Http(HttpWait),
}

/// HTTP requests, and where their answer goes.
#[derive(Debug)]
pub(crate) struct HttpWait {
    /// Who asks.
    pub(crate) contract: ContractId,
    /// Where the requests may go; anywhere where there are none.
    pub(crate) sendable: Option<Origins>,
    pub(crate) requests: Vec<HttpRequest>,
    pub(crate) shape: HttpShape,
    pub(crate) out: OutBuffer,
    /// Bytes that the answer may have.
    pub(crate) room: usize,
}

/// Which of the two calls it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpShape {
    /// `http_request`: one response.
    Single,
    /// `batch_http_request`: a result each, within the guest's own time-out.
    Batch {
        /// That time-out.
        timeout: Duration,
    },
}

/// Why a guest stops before its last instruction. It reaches us as the engine's host error.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The frame waits; what for is in its state.
    Suspended,
    /// The frame returned; what is in its state.
    Returned,
    /// The run's budget is spent.
    OutOfFuel,
    /// The return value is too long.
    OutputTooLarge { bytes: usize, limit: usize },
    /// The guest called what this host doesn't offer.
    Unsupported(String),
    /// The guest broke a rule of a host function.
    Trapped(String),
}

impl std::fmt::Display for Halt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Suspended => formatter.write_str("suspended"),
            Self::Returned => formatter.write_str("returned"),
            Self::OutOfFuel => formatter.write_str("the fuel is spent"),
            Self::OutputTooLarge { bytes, limit } => {
                write!(formatter, "{bytes} bytes were returned, and the limit is {limit}")
            }
            Self::Unsupported(what) => write!(formatter, "{what} is not supported"),
            Self::Trapped(reason) => formatter.write_str(reason),
        }
    }
}

impl wasmi::errors::HostError for Halt {}

impl From<Halt> for wasmi::Error {
    fn from(halt: Halt) -> Self {
        Self::host(halt)
    }
}
