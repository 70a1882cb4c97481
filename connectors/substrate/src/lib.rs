//! The Substrate end of the oracle: source, sink and status of `pallet-phat-oracle` over JSON-RPC, and what an operator
//! does once (registering a worker).
//!
//! `subxt` reads metadata, and by it encodes calls and keys, signs extrinsics and decodes storage and events: any runtime
//! with the pallet serves, under whatever name and index. None of it is in a public signature. What goes over the
//! wire is sent by [`phat_connector::rpc`], as the [`Calls`] that a node serves: those that all nodes of polkadot-sdk know
//! (`chain_…`, `state_…`), or those of the JSON-RPC interface specification (`chainHead_v1_…`).

pub mod admin;
mod block;
mod chain;
mod dialect;
mod event;
mod examine;
mod extrinsic;
mod head;
mod key;
mod listen;
mod peer;
mod receipts;
mod refusal;
mod resolutions;
mod runtime;
mod runtimes;
mod settings;
mod sink;
mod source;
mod status;
mod stored;
mod submission;
mod submitter;
mod validity;
mod weight;
mod wires;
mod words;

pub use chain::SubstrateChain;
pub use examine::Examination;
pub use key::{InvalidKey, KeyScheme, ParseKeySchemeError, SubmitterKey};
pub use settings::{Submission, SubstrateSettings, TipPolicy};
pub use words::Calls;
