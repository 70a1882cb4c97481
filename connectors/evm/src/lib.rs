//! The EVM end of the oracle: source, sink and status of `PhatOracle` over JSON-RPC, and what an
//! operator does once (deploying, registering a worker).
//!
//! `ethers` gives types, ABI bindings, signing and `Provider`; none of it is in a public signature.
//! What goes over the wire is sent by [`phat_connector::rpc`].

mod abi;
pub mod abi_value;
pub mod admin;
mod bindings;
mod chain;
mod dialect;
mod event;
mod examine;
mod fees;
mod gas;
mod head;
mod key;
mod listen;
mod logs;
mod node;
mod provider;
mod receipts;
mod refusal;
mod rejection;
mod revert;
mod settings;
mod simulation;
mod sink;
mod source;
mod status;
mod wallet;

pub use chain::EvmChain;
pub use examine::{DeployedCode, Examination};
pub use key::{
    DigestSigner, InvalidKey, InvalidPublicKey, KeystoreError, Message, PublicKey, RawSignature, SignerError,
    SigningKey, Web3Signer,
};
pub use settings::{EvmSettings, FeePolicy};
