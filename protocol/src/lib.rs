//! What every party must agree on: ids, digests, encodings and outcomes.
//!
//! The crate is `no_std` with `alloc` and does no IO. The relayer, the enclave, the pallet and the
//! guests' SDK build it; the Solidity contracts compute the same bytes, and one vector file
//! (`vectors.json`) holds all of them to it.
//!
//! Times are unix seconds. Signatures are 65 bytes r‖s‖v with v = 27 or 28 and low s.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod abi;
mod amount;
mod answer;
pub mod bounds;
mod chain;
mod contract;
pub mod evm;
mod hash;
mod id;
mod oracle_request;
mod outcome;
mod owner_action;
mod randomness;
mod report;
mod request;
#[cfg(feature = "serde")]
pub mod serde_hex;
pub mod substrate;
mod worker;

pub use amount::{Amount, ParseAmountError};
pub use answer::Answer;
pub use chain::Chain;
pub use contract::{ContractSeed, Owner, child_contract_salt, code_hash, selector};
pub use hash::{blake2_256, keccak256};
pub use id::{
    BlockHash, CodeHash, ContractId, Digest, EvmAddress, GenesisHash, MalformedId, Payee, RequestId, Salt,
    WorkerAddress,
};
pub use oracle_request::{HANDLE_REQUEST, OracleRequest};
pub use outcome::{Outcome, UnknownOutcome};
pub use owner_action::{ActionKind, OwnerAction, Secret, secrets_aad};
pub use randomness::{VrfProof, random_word, vrf_alpha};
pub use report::{Report, Signature};
pub use request::{OracleChain, Request};
pub use worker::{ReportData, WorkerKeys, config_hash, simulated_quote_digest};

#[cfg(test)]
mod tests;
