use phat_connector::{
    CallObserver, Finality, Unobserved,
    rpc::{EndpointSettings, EndpointUrl},
};
use phat_protocol::{Amount, GenesisHash};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

/// One Substrate chain, as the relayer is told of it.
#[derive(Clone, Debug)]
pub struct SubstrateSettings {
    /// Where calls go: at least one.
    pub endpoints: Vec<EndpointSettings>,
    /// How many endpoints must agree on requests, receipts and the head before they count; 1 believes each.
    pub read_quorum: NonZeroUsize,
    /// An endpoint that is more blocks behind the others is used only where none else serves.
    pub max_lag: u64,
    /// An endpoint that nothing was heard of for so long is looked at; one in trouble sooner, at first.
    pub probe_interval: Duration,
    /// The hash of the chain's first block, which the endpoints must serve.
    pub genesis: GenesisHash,
    /// The name of `pallet-phat-oracle` in the runtime.
    pub instance: String,
    /// When a block counts. `safe` means `finalized` here.
    pub finality: Finality,
    /// How long one call may take, connecting included.
    pub call_timeout: Duration,
    /// Certificates (PEM) that are trusted beside the public roots, for a node of one's own.
    pub ca_certificate: Option<String>,
    /// What extrinsics may offer.
    pub tips: TipPolicy,
    /// Who pays for submitting reports.
    pub submission: Submission,
    /// For how many blocks a signed extrinsic can be included; a power of two from 4 to 65,536, rounded up to one.
    /// Runtimes forget blocks' hashes after some thousands, and refuse what is signed for longer.
    pub mortality: u64,
    /// Who is told of every call.
    pub calls: Arc<dyn CallObserver>,
}

impl SubstrateSettings {
    /// The pallet's name where nothing else is said.
    pub const INSTANCE: &'static str = "PhatOracle";
    /// How many blocks an endpoint may be behind the others where nothing else is said.
    pub const MAX_LAG: u64 = 5;
    /// How often endpoints are looked at where nothing else is said.
    pub const PROBE_INTERVAL: Duration = Duration::from_secs(15);
    /// For how many blocks an extrinsic can be included where nothing else is said.
    pub const MORTALITY: u64 = 64;

    /// Settings with the defaults: one endpoint, finalized blocks, 10 s a call, public certificates, no tips.
    #[must_use]
    pub fn new(rpc_url: EndpointUrl, genesis: GenesisHash, instance: &str) -> Self {
        Self {
            endpoints: vec![EndpointSettings::new(rpc_url)],
            read_quorum: NonZeroUsize::MIN,
            max_lag: Self::MAX_LAG,
            probe_interval: Self::PROBE_INTERVAL,
            genesis,
            instance: instance.to_owned(),
            finality: Finality::Finalized,
            call_timeout: Duration::from_secs(10),
            ca_certificate: None,
            tips: TipPolicy::default(),
            submission: Submission::default(),
            mortality: Self::MORTALITY,
            calls: Arc::new(Unobserved),
        }
    }
}

/// How reports are submitted. What an operator does by hand is signed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Submission {
    /// By extrinsics that the submitter's account signs, and for which it must hold a little.
    #[default]
    Signed,
    /// By extrinsics that nobody pays for, where the runtime takes them: the submitter signs the reports' bringing
    /// alone, and needs no account. It is the payee of all that it brings.
    Unsigned,
}

/// Bounds on tips, in the chain's smallest unit for a whole extrinsic. A tip decides which of two extrinsics with one
/// nonce a node keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TipPolicy {
    /// The tip that is offered first; none is 0.
    pub min_tip: Option<Amount>,
    /// The most that is offered.
    pub max_tip: Option<Amount>,
}
