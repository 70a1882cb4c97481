//! The EVM end of the oracle: source, sink and status of `PhatOracle` over JSON-RPC, and what an
//! operator does once (deploying, registering a worker).
//!
//! `ethers` gives types, ABI bindings, signing and `Provider`; none of it is in a public signature.
//! What goes over the wire is sent by jsonrpsee.

mod abi;
pub mod abi_value;
pub mod admin;
mod bindings;
mod chain;
mod endpoint_url;
mod endpoints;
mod event;
mod examine;
mod fees;
mod gas;
mod head;
mod key;
mod listen;
mod logs;
mod node;
mod receipts;
mod refusal;
mod rejection;
mod revert;
mod settings;
mod simulation;
mod sink;
mod source;
mod status;
mod transport;
mod wallet;

pub use chain::EvmChain;
pub use endpoint_url::{EndpointUrl, ParseEndpointUrlError};
pub use examine::{DeployedCode, Examination};
pub use key::{
    DigestSigner, InvalidKey, InvalidPublicKey, KeystoreError, Message, PublicKey, RawSignature, SignerError,
    SigningKey, Web3Signer,
};
pub use settings::{EndpointSettings, EvmSettings, FeePolicy, SettingsError};
pub use transport::CertificateError;
