//! What the scenarios and the demo are made of: real parts, each started and stopped by a guard, and
//! the instruments that break them.
//!
//! [`Environment`] puts the parts together as an operator would: anvil, a price source, the enclave
//! and the relayer as processes, the contracts by the relayer's own commands.

mod anvil;
pub mod bench;
mod binaries;
mod bindings;
mod chain;
mod command;
mod consumer;
mod crossing;
mod database;
mod dice;
mod directory;
mod enclave;
mod end;
mod environment;
mod evm;
mod exposition;
mod fault_proxy;
mod forwarder;
mod ground;
mod guest;
mod history;
mod ordeal;
mod process;
mod relayer;
mod settings;
mod soak;
mod source;
mod stranger;
mod substrate;
mod synthetic;
mod tls;
pub mod under_fault;
mod verdict;
mod wait;

pub use anvil::Anvil;
pub use binaries::{Binaries, repository};
pub use bindings::{
    empty_consumer, hostile_consumer, phat_oracle, price_consumer, reverting_consumer, simulated_attestation_verifier,
    worker_registry,
};
pub use chain::{CHAIN_ID, Chain};
pub use command::{CommandFailed, Relayer};
pub use consumer::{Asked, Asker, Heard, PriceAsker, Question};
pub use crossing::{ANSWER, ANSWERING, Crossing};
pub use database::RelayerDatabase;
pub use dice::{Dice, Roll};
pub use directory::Directory;
pub use enclave::EnclaveProcess;
pub use end::{Consumer, Fulfilment, OracleEnd, SentReport};
pub use environment::Environment;
pub use evm::{Evm, Oracle, Wallet};
pub use exposition::{Exposition, Family, Sample};
pub use fault_proxy::{Fault, FaultProxy, Hold, Rule};
pub use forwarder::Forwarder;
pub use ground::Ground;
pub use guest::{Guest, HttpJson, Init};
pub use history::History;
pub use ordeal::Ordeal;
pub use process::Process;
pub use relayer::{Component, Ready, RelayerProcess, StatusApi};
pub use settings::Settings;
pub use soak::{Endured, Soak};
pub use source::{Behaviour, PriceSource};
pub use substrate::{AccountConsumer, Chopsticks, INSTANCE, PalletConsumer, Runtime, Substrate};
pub use synthetic::{
    Limits, Provider, Rate, SYNTHETIC_CHAIN_ID, SyntheticAsk, SyntheticChain, SyntheticNode, Tally, Trouble, Watched,
};
pub use tls::Authority;
pub use wait::{eventually, wait_for};
