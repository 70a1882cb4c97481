//! The chain end on chopsticks, with the development runtime, and on nodes that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions that it shares too")]

mod admin;
mod altered;
mod archive;
mod chopsticks;
mod endpoints;
mod events;
mod faults;
mod keys;
mod modern;
mod modern_node;
mod proxy;
mod round;
mod sink;
mod source;
mod stage;
mod status;
mod unsigned;
mod upgrade;
