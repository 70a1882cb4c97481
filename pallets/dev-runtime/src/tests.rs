//! The runtime as a chain runs it: from its preset, with signed transactions.

mod artifacts;
mod chain;
mod fees;
mod prices;
mod unsigned;
