use crate::{EndpointUrl, transport::CertificateError, wallet::InvalidKey};
use phat_connector::{CallObserver, Finality, Unobserved};
use phat_protocol::{Amount, EvmAddress};
use std::{sync::Arc, time::Duration};

/// One EVM chain, as the relayer is told of it.
#[derive(Clone, Debug)]
pub struct EvmSettings {
    /// Where calls go. A web socket serves as well as HTTP.
    pub rpc_url: EndpointUrl,
    /// Where new blocks are announced; where there is none, and `rpc_url` is no web socket either,
    /// nothing is announced.
    pub ws_url: Option<EndpointUrl>,
    /// The EIP-155 chain id that the endpoint must serve.
    pub chain_id: u64,
    /// The `PhatOracle`'s address.
    pub oracle: EvmAddress,
    /// When a block counts.
    pub finality: Finality,
    /// How long one call may take, connecting included.
    pub call_timeout: Duration,
    /// Certificates (PEM) that are trusted beside the public roots, for a node of one's own.
    pub ca_certificate: Option<String>,
    /// What transactions may offer.
    pub fees: FeePolicy,
    /// Who is told of every call to `rpc_url`.
    pub calls: Arc<dyn CallObserver>,
}

impl EvmSettings {
    /// Settings with the defaults: newest block, 10 s a call, public certificates, no bounds on fees.
    #[must_use]
    pub fn new(rpc_url: EndpointUrl, chain_id: u64, oracle: EvmAddress) -> Self {
        Self {
            rpc_url,
            ws_url: None,
            chain_id,
            oracle,
            finality: Finality::Latest(0),
            call_timeout: Duration::from_secs(10),
            ca_certificate: None,
            fees: FeePolicy::default(),
            calls: Arc::new(Unobserved),
        }
    }
}

/// Bounds on what [`outlook`](phat_connector::ReportSink::outlook) answers, in wei for each
/// unit of gas. Without any, the chain decides alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeePolicy {
    /// The least priority fee that is offered.
    pub min_priority_fee: Option<Amount>,
    /// The most that is offered in all; the priority fee is never above it.
    pub max_fee: Option<Amount>,
}

/// Settings that no client can be made of. Nothing of them is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The CA certificate can't be used.
    #[error("CA certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The wallet's key can't be used.
    #[error("wallet: {0}")]
    Key(#[from] InvalidKey),
    /// The HTTP client refuses the endpoint.
    #[error("endpoint {endpoint}: {cause}")]
    Endpoint {
        /// The endpoint, without credentials.
        endpoint: String,
        /// What the client said.
        cause: String,
    },
}
