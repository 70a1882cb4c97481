use phat_connector::{
    CallObserver, Finality, Unobserved,
    rpc::{EndpointSettings, EndpointUrl},
};
use phat_protocol::{Amount, EvmAddress};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

/// One EVM chain, as the relayer is told of it.
#[derive(Clone, Debug)]
pub struct EvmSettings {
    /// Where calls go: at least one.
    pub endpoints: Vec<EndpointSettings>,
    /// How many endpoints must agree on logs, receipts and the head before they count; 1 believes each.
    pub read_quorum: NonZeroUsize,
    /// An endpoint that is more blocks behind the others is used only where none else serves.
    pub max_lag: u64,
    /// An endpoint that nothing was heard of for so long is looked at; one in trouble sooner, at first.
    pub probe_interval: Duration,
    /// The EIP-155 chain id that the endpoints must serve.
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
    /// Who is told of every call.
    pub calls: Arc<dyn CallObserver>,
}

impl EvmSettings {
    /// How many blocks an endpoint may be behind the others where nothing else is said.
    pub const MAX_LAG: u64 = 5;
    /// How often endpoints are looked at where nothing else is said.
    pub const PROBE_INTERVAL: Duration = Duration::from_secs(15);

    /// Settings with the defaults: one endpoint, newest block, 10 s a call, public certificates, no bounds on fees.
    #[must_use]
    pub fn new(rpc_url: EndpointUrl, chain_id: u64, oracle: EvmAddress) -> Self {
        Self {
            endpoints: vec![EndpointSettings::new(rpc_url)],
            read_quorum: NonZeroUsize::MIN,
            max_lag: Self::MAX_LAG,
            probe_interval: Self::PROBE_INTERVAL,
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
