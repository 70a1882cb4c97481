//! The stages step by step, against a chain and an enclave whose every move the test makes.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod attempts;
mod batches;
mod chain;
mod deaths;
mod enclave;
mod fees;
mod life;
mod pauses;
mod refusals;
mod reorganisations;
mod replaced;
mod rescans;
mod unsigned;
mod wallets;
mod wanted;
mod world;
