//! What crosses the boundary between the relayer and the enclave: the messages, the trait that the
//! relayer sees, and the client that speaks HTTP over a Unix socket or loopback.
//!
//! Everything that comes from the other side is untrusted by the enclave. The relayer believes the
//! enclave's signature alone, and only as far as the oracle does.

mod action;
mod call;
mod client;
mod error;
mod message;
mod secrets;

pub use action::{Act, Acted};
pub use call::{Call, CallResult, EventEntry};
pub use client::{Client, ClientSettings, Endpoint, ParseEndpointError};
pub use error::{EnclaveError, Problem, Refusal};
pub use message::{
    Attestation, Code, Contract, Execute, Execution, Instantiate, LogEntry, Quote, QuoteFor, Simulate, Simulation,
    Status,
};
pub use secrets::{SECRETS_OVERHEAD, SecretsFor, SecretsRandom, UnreadableSecrets, decrypt_secrets};

use async_trait::async_trait;
use bytes::Bytes;
use phat_protocol::ContractId;

/// The enclave as its host sees it.
#[async_trait]
pub trait Enclave: Send + Sync {
    /// Who the worker is, and whether it can work.
    async fn status(&self) -> Result<Status, EnclaveError>;

    /// Evidence that the worker's keys live in this enclave, for one registry, operator and block.
    async fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, EnclaveError>;

    /// Checks and stores a contract's code. Storing it again changes nothing.
    async fn put_code(&self, wasm: Bytes) -> Result<Code, EnclaveError>;

    /// Runs `deploy` and stores the contract. Doing it again changes nothing.
    async fn instantiate(&self, instantiate: &Instantiate) -> Result<Contract, EnclaveError>;

    /// What the enclave knows of a contract; none when it has no such contract.
    async fn contract(&self, id: ContractId) -> Result<Option<Contract>, EnclaveError>;

    /// Answers a request, once: later and concurrent calls for the same id get the same bytes.
    async fn execute(&self, execute: &Execute) -> Result<Execution, EnclaveError>;

    /// Runs a contract as a request would, without secrets, and signs nothing.
    async fn simulate(&self, simulate: &Simulate) -> Result<Simulation, EnclaveError>;

    /// Runs any message of a contract as a query, and signs nothing.
    async fn call(&self, call: &Call) -> Result<CallResult, EnclaveError>;

    /// Does what a contract's owner signed.
    async fn act(&self, act: &Act) -> Result<Acted, EnclaveError>;
}
