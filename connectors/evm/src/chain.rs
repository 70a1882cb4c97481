use crate::{
    EvmSettings, FeePolicy, SigningKey, abi, dialect::Ethereum, node::Node, simulation::Gauge, wallet::Wallet,
};
use async_trait::async_trait;
use phat_connector::{
    ChainError, EndpointPool, EndpointReport, Finality,
    rpc::{Common, Endpoints, SettingsError, client_config},
};
use phat_protocol::EvmAddress;
use rustls::ClientConfig;
use std::{sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// One EVM chain with its oracle and an account that submits to it: source, sink and status in one.
/// Cheap to clone; all clones share the connection.
#[derive(Clone, Debug)]
pub struct EvmChain(pub(crate) Arc<Inner>, pub(crate) Wallet);

pub(crate) struct Inner {
    pub(crate) node: Node,
    pub(crate) chain_id: u64,
    pub(crate) oracle: EvmAddress,
    pub(crate) finality: Finality,
    pub(crate) fees: FeePolicy,
    pub(crate) announcements: Announcements,
    /// The oracle's registry, which never changes; read when first needed.
    pub(crate) registry: OnceCell<EvmAddress>,
    pub(crate) gauge: Gauge,
}

/// How new blocks are listened for.
pub(crate) struct Announcements {
    pub(crate) tls: ClientConfig,
    pub(crate) call_timeout: Duration,
}

impl EvmChain {
    /// Makes the chain's client, with what signs for the submitter. Speaks to no one yet:
    /// [`facts`](phat_connector::OracleStatus::facts) finds out whether the endpoints serve the chain.
    ///
    /// # Errors
    /// Where the CA certificate can't be used, or the endpoints are not what they should be.
    pub fn connect(settings: EvmSettings, wallet: &SigningKey) -> Result<Self, SettingsError> {
        let EvmSettings {
            endpoints,
            read_quorum,
            max_lag,
            probe_interval,
            chain_id,
            oracle,
            finality,
            call_timeout,
            ca_certificate,
            fees,
            calls,
        } = settings;
        let tls = client_config(ca_certificate.as_deref())?;
        let wallet = Wallet::new(wallet, chain_id);
        let common = Common {
            dialect: Arc::new(Ethereum { chain_id }),
            call_timeout,
            tls: tls.clone(),
            observer: calls,
            quorum: read_quorum,
            max_lag,
            probe_interval,
        };
        let inner = Inner {
            node: Node::new(Endpoints::new(&endpoints, common)?),
            chain_id,
            oracle,
            finality,
            fees,
            announcements: Announcements { tls, call_timeout },
            registry: OnceCell::new(),
            gauge: Gauge::default(),
        };
        Ok(Self(Arc::new(inner), wallet))
    }

    /// The same chain, over the same connection, with another account that submits to it.
    #[must_use]
    pub fn submitting_as(&self, wallet: &SigningKey) -> Self {
        Self(Arc::clone(&self.0), Wallet::new(wallet, self.0.chain_id))
    }

    /// The EIP-155 chain id that this chain is configured with.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.0.chain_id
    }

    /// The oracle's address.
    #[must_use]
    pub fn oracle(&self) -> EvmAddress {
        self.0.oracle
    }

    /// The submitter's address.
    #[must_use]
    pub fn account(&self) -> EvmAddress {
        self.1.account()
    }

    /// The endpoint that served last, without credentials.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.0.node.endpoint()
    }

    /// Looks at every endpoint now, but for those that rest.
    pub async fn look_at_endpoints(&self) -> Vec<EndpointReport> {
        self.0.node.endpoints().look().await;
        self.0.node.endpoints().reports()
    }
}

#[async_trait]
impl EndpointPool for EvmChain {
    fn endpoints(&self) -> Vec<EndpointReport> {
        self.0.node.endpoints().reports()
    }

    async fn probe(&self) -> Duration {
        self.0.node.endpoints().probe().await
    }
}

impl Inner {
    /// What the contract answers to an `eth_call`, or why it wouldn't.
    pub(crate) fn oracle_call(&self, data: Vec<u8>) -> ContractCall {
        ContractCall { from: None, to: abi::address(self.oracle), data: data.into(), gas: None }
    }

    pub(crate) fn no_oracle(&self, cause: impl Into<String>) -> ChainError {
        ChainError::NoOracle { address: self.oracle.to_string(), cause: cause.into() }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EvmChain")
            .field("endpoints", &self.node.endpoints())
            .field("chain_id", &self.chain_id)
            .field("oracle", &self.oracle)
            .finish_non_exhaustive()
    }
}

/// The transaction object of `eth_call` and `eth_estimateGas`. It names no price, so that nodes don't
/// ask what the sender holds.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct ContractCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<ethers::types::Address>,
    pub(crate) to: ethers::types::Address,
    pub(crate) data: ethers::types::Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gas: Option<ethers::types::U64>,
}
