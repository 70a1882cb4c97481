//! The chain end against a real development node, and against endpoints that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions that it shares too")]

mod admin;
mod anvil;
mod calls;
mod endpoints;
mod event;
mod examine;
mod faults;
mod faulty_node;
mod lies;
mod proxy;
mod signer;
mod sink;
mod source;
mod stage;
mod status;
mod tls;
