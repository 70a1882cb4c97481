//! What the relayer stands on: a chain, a source of prices, and an enclave.

use crate::{EnclaveProcess, Evm, OracleEnd, PriceSource, Settings};
use anyhow::Result;

/// Everything but the relayer.
#[derive(Debug)]
pub struct Ground<End = Evm> {
    /// The enclave.
    pub enclave: EnclaveProcess,
    /// The source of prices that the enclave's policy opens.
    pub source: PriceSource,
    /// The chain.
    pub end: End,
    /// What is to be different; the relayer's part may still be changed.
    pub settings: Settings,
}

impl<End: OracleEnd> Ground<End> {
    /// Starts the parts.
    ///
    /// # Errors
    /// When a part doesn't come up.
    pub async fn start(settings: Settings) -> Result<Self> {
        let node = End::node(&settings).await?;
        Self::on(node, settings).await
    }

    /// The same, on a node that runs.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn on(node: End::Node, settings: Settings) -> Result<Self> {
        install_tls_provider();
        let (say, directory) = (settings.progress, &settings.directory);
        let source = PriceSource::start().await?;
        say(&format!("a source of prices serves http://{}", source.address()));
        let config = settings.enclave_config(&source)?;
        let enclave = EnclaveProcess::start(&settings.binaries, directory.path(), &config).await?;
        let status = enclave.status().await?;
        say(&format!("the enclave ({}) serves {}", status.attestation, enclave.endpoint()));
        say(&format!("its worker is {}", status.keys.worker));
        let end = End::deploy(node, &settings, &enclave).await?;
        Ok(Self { enclave, source, end, settings })
    }
}

/// Chooses the TLS library for clients that leave the choice to the program.
pub(crate) fn install_tls_provider() {
    // An error means that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
