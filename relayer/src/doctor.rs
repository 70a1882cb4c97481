//! What stands in the way of a relayer, and how to mend it: checks that need no running relayer and
//! change nothing.

mod check;
mod clock;
mod contracts;
mod database;
mod enclave;
mod endpoint;
mod oracle;
mod registration;
pub(crate) mod remedy;
pub(crate) mod wallet;

pub use check::{Check, CheckState};
pub use clock::{against_chain, against_enclave, too_far_apart};
pub use contracts::{Presence, contracts};
pub use database::database;
pub use enclave::enclave;
pub use endpoint::endpoints;
pub use oracle::{CodeOnChain, Contracts, Deployed, Pallet, oracle};
pub use registration::{Registration, registration};
pub use wallet::wallet;

#[cfg(test)]
mod tests;
