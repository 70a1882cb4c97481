use crate::{
    Submission, SubmitterKey, SubstrateSettings, TipPolicy, dialect::Substrate, listen::Announcements, receipts::Found,
    runtimes::Runtimes, weight::Gauge, wires::Wires,
};
use async_trait::async_trait;
use phat_connector::{
    ChainError, EndpointPool, EndpointReport, Finality,
    rpc::{Common, Endpoints, SettingsError, client_config},
};
use phat_protocol::{GenesisHash, RequestId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// One Substrate chain with its oracle and an account that submits to it: source, sink and status in one.
/// Cheap to clone; all clones share the connection.
#[derive(Clone, Debug)]
pub struct SubstrateChain(pub(crate) Arc<Inner>, pub(crate) SubmitterKey, pub(crate) Submission);

pub(crate) struct Inner {
    pub(crate) endpoints: Endpoints,
    pub(crate) genesis: GenesisHash,
    pub(crate) instance: String,
    pub(crate) finality: Finality,
    pub(crate) tips: TipPolicy,
    pub(crate) mortality: u64,
    pub(crate) runtimes: Arc<Runtimes>,
    pub(crate) gauge: Gauge,
    pub(crate) found: Mutex<Found>,
    /// The heights of pending requests that were read.
    pub(crate) heights: Mutex<HashMap<RequestId, u64>>,
    pub(crate) wires: Arc<Wires>,
}

impl SubstrateChain {
    /// Makes the chain's client, with the key of the submitter. Speaks to no one yet:
    /// [`facts`](phat_connector::OracleStatus::facts) finds out whether the endpoints serve the chain.
    ///
    /// # Errors
    /// Where the CA certificate can't be used, or the endpoints are not what they should be.
    pub fn connect(settings: SubstrateSettings, key: &SubmitterKey) -> Result<Self, SettingsError> {
        let SubstrateSettings {
            endpoints,
            read_quorum,
            max_lag,
            probe_interval,
            genesis,
            instance,
            finality,
            call_timeout,
            ca_certificate,
            tips,
            submission,
            mortality,
            calls,
        } = settings;
        let tls = client_config(ca_certificate.as_deref())?;
        let wires =
            Arc::new(Wires::new(Announcements { tls: tls.clone(), call_timeout, genesis }, call_timeout, finality));
        let common = Common {
            dialect: Arc::new(Substrate { genesis, wires: Arc::downgrade(&wires) }),
            call_timeout,
            tls,
            observer: calls,
            quorum: read_quorum,
            max_lag,
            probe_interval,
        };
        let inner = Inner {
            endpoints: Endpoints::new(&endpoints, common)?,
            genesis,
            runtimes: Arc::new(Runtimes::new(genesis, instance.clone())),
            instance,
            finality,
            tips,
            mortality,
            gauge: Gauge::default(),
            found: Mutex::default(),
            heights: Mutex::default(),
            wires,
        };
        Ok(Self(Arc::new(inner), key.clone(), submission))
    }

    /// The same chain, over the same connection, with another account that submits to it.
    #[must_use]
    pub fn submitting_as(&self, key: &SubmitterKey) -> Self {
        Self(Arc::clone(&self.0), key.clone(), self.2)
    }

    /// The same chain, as the account itself signs and pays.
    pub(crate) fn signing(&self) -> Self {
        Self(Arc::clone(&self.0), self.1.clone(), Submission::Signed)
    }

    /// The hash of the chain's first block.
    #[must_use]
    pub fn genesis(&self) -> GenesisHash {
        self.0.genesis
    }

    /// The pallet's name in the runtime.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The submitter's id.
    #[must_use]
    pub fn account(&self) -> [u8; 32] {
        self.1.account()
    }

    /// The endpoint that served last, without credentials.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.0.endpoints.name()
    }

    /// Looks at every endpoint now, but for those that rest.
    pub async fn look_at_endpoints(&self) -> Vec<EndpointReport> {
        self.0.endpoints.look().await;
        self.0.endpoints.reports()
    }
}

#[async_trait]
impl EndpointPool for SubstrateChain {
    fn endpoints(&self) -> Vec<EndpointReport> {
        self.0.endpoints.reports()
    }

    async fn probe(&self) -> Duration {
        self.0.endpoints.probe().await
    }
}

impl Inner {
    pub(crate) fn no_oracle(&self, cause: impl Into<String>) -> ChainError {
        ChainError::NoOracle { address: self.instance.clone(), cause: cause.into() }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SubstrateChain")
            .field("endpoints", &self.endpoints)
            .field("genesis", &self.genesis)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
