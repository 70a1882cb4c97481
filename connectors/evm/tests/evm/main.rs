//! The chain end against a real development node, and against endpoints that misbehave.

mod admin;
mod anvil;
mod proxy;
mod sink;
mod source;
mod stage;
mod status;
