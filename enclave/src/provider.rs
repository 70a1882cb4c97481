//! What vouches for the enclave and keeps its secrets: hardware, or the simulation of it.

mod simulated;

pub use simulated::Simulated;

use crate::sealing::SealingKey;
use phat_enclave_api::Attestation;
use phat_executor::SgxQuote;
use phat_protocol::{Digest, ReportData, WorkerKeys};
use std::path::PathBuf;

/// What the enclave asks of the hardware below it.
pub trait Provider: Send + Sync {
    /// What vouches for the enclave.
    fn attestation(&self) -> Attestation;

    /// What code the evidence says is running.
    fn measurement(&self) -> Digest;

    /// The key that seals what the enclave keeps: the same at every start of the same enclave on the
    /// same machine.
    ///
    /// # Errors
    /// When it is gone, or can't be read.
    fn sealing_key(&self) -> Result<SealingKey, ProviderError>;

    /// Evidence that this enclave vouches for the 64 bytes, as the registry's verifier reads it.
    ///
    /// # Errors
    /// When the hardware gives none.
    fn quote(&self, report_data: &ReportData) -> Result<Vec<u8>, ProviderError>;

    /// An SGX quote over the worker's keys, as contracts may ask for it; none where the hardware is no SGX,
    /// or gives none.
    fn sgx_quote(&self, keys: &WorkerKeys) -> Option<SgxQuote>;
}

/// Why a provider can't serve.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The file of the sealing key can't be read or written.
    #[error("the sealing key {path}: {cause}")]
    SealingKeyFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Others than its owner may read the sealing key.
    #[error("the sealing key {path} has mode {mode:o}: nobody but its owner may have any right to it (0600)")]
    SealingKeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file of the sealing key holds something else.
    #[error("the sealing key {path} has {length} bytes and should have 32")]
    SealingKeyLength {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
    /// There is a store, and the key that sealed it is gone.
    #[error(
        "the sealing key {path} is gone, and the store beside it can't be opened without: put the key back, or start \
         with another directory as a new worker"
    )]
    SealingKeyGone {
        /// The file.
        path: PathBuf,
    },
    /// The evidence could not be signed.
    #[error("the development key can't sign")]
    Signing,
}
