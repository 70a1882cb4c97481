//! What a suspended guest waits for, and what it gets.

use super::Returned;
use crate::{
    egress::Allowance,
    pink::{HttpReply, HttpRequest, http_reply, js::JsValue},
    seal::{Host, OutBuffer, ReturnCode, trap},
    secrets::Origins,
};
use phat_protocol::{CodeHash, ContractId};
use std::{sync::Arc, time::Duration};

/// A host call that was not answered at once.
#[derive(Debug)]
pub(crate) enum Suspension {
    /// An HTTP request, or a batch of them.
    Http(HttpWait),
    /// A call of another contract, or of other code.
    Call(CallWait),
    /// A question about another contract, or about code.
    Look(LookWait),
}

/// HTTP requests, and where their answer goes.
#[derive(Debug)]
pub(crate) struct HttpWait {
    /// Who asks.
    pub(crate) contract: ContractId,
    /// Where the requests may go; anywhere where there are none.
    pub(crate) sendable: Option<Origins>,
    /// What the run may still send and receive.
    pub(crate) allowance: Allowance,
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

/// A call that makes a frame.
#[derive(Debug)]
pub(crate) struct CallWait {
    pub(crate) callee: Callee,
    pub(crate) input: Arc<[u8]>,
    /// The fuel that the callee may spend; all that is left where it is 0 or more than that.
    pub(crate) gas: u64,
    /// Whether the guest wants to send money, which nobody has here.
    pub(crate) sends_value: bool,
    /// Whether the caller may be called meanwhile.
    pub(crate) allows_reentry: bool,
    /// Whether what the callee returns is the caller's own return.
    pub(crate) tail: bool,
    /// Where the callee's return value goes.
    pub(crate) out: OutBuffer,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A message of a contract.
    Contract(ContractId),
    /// Other code, as the caller itself.
    Code(CodeHash),
    /// The JavaScript contract, as the one who the caller's scripts are.
    JavaScript,
    /// The constructor of a contract that is to be made.
    New {
        /// Its code.
        code_hash: CodeHash,
        /// What tells it from others of the same code, init data and parent.
        salt: Vec<u8>,
        /// Where its id goes.
        address: OutBuffer,
    },
}

/// A question that the host may have to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookWait {
    /// Which code an account runs.
    CodeHash {
        /// The account.
        account: ContractId,
        /// Where the hash goes.
        out: OutBuffer,
    },
    /// Whether an account is a contract.
    IsContract(ContractId),
    /// Whether there is such code.
    CodeExists {
        /// Its hash.
        hash: CodeHash,
        /// Where the answer goes.
        out: OutBuffer,
    },
    /// From now on the contract runs other code.
    SetCodeHash(CodeHash),
}

/// What a guest gets that waited.
pub(crate) enum Reply {
    /// Responses.
    Http(HttpReply),
    /// What a callee returned, and where it goes; for one that was made, its id too.
    Called { returned: Returned, out: OutBuffer, made: Option<(ContractId, OutBuffer)> },
    /// What a script gave.
    Evaluated { value: JsValue, out: OutBuffer },
    /// A code alone.
    Code(ReturnCode),
    /// Yes or no, as a code.
    Truth(bool),
    /// Bytes.
    Output(Vec<u8>, OutBuffer),
    /// The end: what was asked for may not be.
    Trap(String),
}

impl Reply {
    /// Writes the answer where the guest wants it, and gives the call's code.
    pub(crate) fn write(self, host: &mut Host<'_>) -> Result<u32, wasmi::Error> {
        match self {
            Self::Http(reply) => http_reply(host, reply),
            Self::Called { returned, out, made } => {
                let reverted = returned.asks_to_revert();
                if let Some((id, address)) = made.filter(|_| !reverted) {
                    host.write_if_wanted(address, id.as_bytes())?;
                }
                host.write_if_wanted(out, &returned.data)?;
                let code = if reverted { ReturnCode::CalleeReverted } else { ReturnCode::Success };
                Ok(code.number())
            }
            Self::Evaluated { value, out } => value.write(host, out).map(|()| 0),
            Self::Code(code) => Ok(code.number()),
            Self::Truth(truth) => Ok(u32::from(truth)),
            Self::Output(bytes, out) => {
                host.write_out(out, &bytes)?;
                Ok(ReturnCode::Success.number())
            }
            Self::Trap(reason) => Err(trap(reason)),
        }
    }
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
    /// A host function panicked: the host's bug, and no end that a run may have.
    Panicked,
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
            Self::Panicked => formatter.write_str("a host function panicked"),
        }
    }
}

impl wasmi::errors::HostError for Halt {}

impl From<Halt> for wasmi::Error {
    fn from(halt: Halt) -> Self {
        Self::host(halt)
    }
}
