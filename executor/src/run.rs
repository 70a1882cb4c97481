//! A run: from an entry point to its end, over however many slices and waits.

mod begin;
mod drive;
mod frame;
mod look;
mod nest;
mod records;
mod result;
mod state;
pub(crate) mod wait;

pub(crate) use begin::Opening;
pub(crate) use drive::drive;
pub(crate) use frame::Step;
pub(crate) use records::clip;
pub use records::{Event, LogLevel, LogLine};
pub use result::{HttpCall, HttpResult, RunEnd, RunResult};
pub(crate) use state::{Guest, Returned, RunState, Services};

use crate::{Contracts, KeyRoot, Secrets, State, Vrf};
use phat_protocol::{CodeHash, ContractId};
use std::sync::Arc;
use tokio::time::Instant;

/// Which of a module's two functions is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The constructor.
    Deploy,
    /// A message.
    Call,
}

impl Entry {
    pub(crate) const fn export(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Call => "call",
        }
    }
}

/// What a run may see and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A request, a job or an owner's query: the internet, the clock and random bytes.
    Query,
    /// As a query, with keys that derive from another root.
    Simulation,
    /// A deployment or an owner's message, whose result follows from its input and the key root
    /// alone: no internet, no clock, no random bytes, and no wall time to be limited by.
    Transaction,
}

/// One run to be done.
#[derive(Clone, Debug)]
pub struct Run {
    /// BLAKE2b-256 of `code`.
    pub code_hash: CodeHash,
    /// The module.
    pub code: Arc<[u8]>,
    /// The contract whose state it is, and the address that it sees.
    pub contract: ContractId,
    /// Which function is called.
    pub entry: Entry,
    /// What it may do.
    pub mode: Mode,
    /// Whom it sees as its caller.
    pub caller: [u8; 32],
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// The contract's committed storage.
    pub state: Arc<State>,
    /// Where other contracts and their code are found.
    pub contracts: Arc<dyn Contracts>,
    /// What the contract may read of secrets, in a query.
    pub secrets: Arc<Secrets>,
    /// What the contract's keys derive from; without one, deriving a key ends the run as
    /// `BadContract`. For a simulation this is the real root too: the executor changes it.
    pub key_root: Option<Arc<KeyRoot>>,
    /// The random value of the request that the run answers; none where it answers none, and never read but
    /// in a query.
    pub vrf: Option<Arc<Vrf>>,
    /// An end before the limit's, if there is one. Transactions have none.
    pub deadline: Option<Instant>,
}
