//! The HTTP API and the command line that speaks to it: a real server on loopback, a real database,
//! and ends (chain, enclave) that do what a test says.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod actions;
mod admin;
mod calls;
mod command_line;
mod command_line_reads;
mod contracts;
mod decoding;
mod endpoints;
mod ends;
mod errors;
mod events;
mod filters;
mod jobs;
mod metadata;
mod metrics;
mod openapi;
mod operator;
mod readiness;
mod requests;
mod schemathesis;
mod simulations;
mod status;
mod workers;
mod world;
