//! The chain end against a real development node, and against endpoints that misbehave.

mod admin;
mod anvil;
mod faults;
mod faulty_node;
mod lies;
mod proxy;
mod sink;
mod source;
mod stage;
mod status;
mod tls;
