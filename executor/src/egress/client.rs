//! HTTP clients: one for the public internet, and one for each allow entry. They are built once, so
//! connections are reused.

use super::{AllowEntry, Denial, EgressPolicy, address::unreachable};
use crate::{Clock, HostServices, HttpLimits, Resolver, admission::Admission, limits::in_memory};
use phat_protocol::ContractId;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};
use url::{Host, Url};

/// The policy can't be put into effect.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// An allow entry's host is neither a name nor an address.
    #[error("egress.allow[{index}].host: {host:?} is neither a name nor an address")]
    Host {
        /// The entry's place in the list.
        index: usize,
        /// What it says.
        host: String,
    },
    /// An allow entry's root is no certificate.
    #[error("egress.allow[{index}].root_pem: {reason}")]
    Root {
        /// The entry's place in the list.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Two entries name the same pair.
    #[error("egress.allow[{index}]: {host}:{port} is there already")]
    Duplicate {
        /// The second entry's place in the list.
        index: usize,
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The client can't be built.
    #[error("the HTTP client can't be built: {0}")]
    Client(String),
}

/// How long a connection without a request is kept. Such connections are not among those that are
/// counted.
const IDLE: Duration = Duration::from_secs(5);
/// How many of them are kept for each host and port: as many as a relayer's default concurrency has
/// one source asked at once, so that a crowd of requests makes its connections, and shakes hands, once.
const IDLE_PER_HOST: usize = 64;

/// A host and port that the policy opens.
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) http: bool,
}

/// The policy, put into effect.
pub(crate) struct Egress {
    public: Client,
    opened: HashMap<(Host, u16), Opened>,
    /// One for each request that is under way.
    pub(super) connections: Admission,
}

/// Which client serves a URL.
pub(super) enum Route<'a> {
    Public(&'a Client),
    Opened(&'a Opened),
}

impl Egress {
    /// # Errors
    /// Every entry that can't be put into effect.
    pub(crate) fn new(
        policy: &EgressPolicy,
        limits: &HttpLimits,
        connections: Admission,
        host: &HostServices,
    ) -> Result<Self, Vec<EgressError>> {
        let mut errors = Vec::new();
        let mut opened = HashMap::new();
        for (index, entry) in policy.allow.iter().enumerate() {
            match open(index, entry, limits, host) {
                Ok((pair, client)) => {
                    if opened.insert(pair, client).is_some() {
                        let (host, port) = (entry.host.clone(), entry.port);
                        errors.push(EgressError::Duplicate { index, host, port });
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        let filter = PublicOnly { resolver: Arc::clone(&host.resolver) };
        match build(limits, Arc::clone(&host.clock), built_in_roots(), filter) {
            Ok(public) if errors.is_empty() => Ok(Self { public, opened, connections }),
            Ok(_) => Err(errors),
            Err(error) => {
                errors.push(error);
                Err(errors)
            }
        }
    }

    /// The client for the URL's host and port, if any.
    pub(super) fn route(&self, url: &Url) -> Route<'_> {
        let pair = url.host().map(|host| host.to_owned()).zip(url.port_or_known_default());
        match pair.and_then(|pair| self.opened.get(&pair)) {
            Some(opened) => Route::Opened(opened),
            None => Route::Public(&self.public),
        }
    }
}

fn open(
    index: usize,
    entry: &AllowEntry,
    limits: &HttpLimits,
    host: &HostServices,
) -> Result<((Host, u16), Opened), EgressError> {
    let name = match entry.host.parse() {
        Ok(address) => Host::Ipv6(address),
        Err(_) => Host::parse(&entry.host).map_err(|_| EgressError::Host { index, host: entry.host.clone() })?,
    };
    let mut roots = built_in_roots();
    if let Some(pem) = &entry.root_pem {
        let wrong = |reason: String| EgressError::Root { index, reason };
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        roots.add(root).map_err(|error| wrong(error.to_string()))?;
    }
    let unfiltered = Unfiltered { resolver: Arc::clone(&host.resolver) };
    let client = build(limits, Arc::clone(&host.clock), roots, unfiltered)?;
    Ok(((name, entry.port), Opened { client, http: entry.http }))
}

fn built_in_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn build(
    limits: &HttpLimits,
    clock: Arc<dyn Clock>,
    roots: RootCertStore,
    resolver: impl Resolve + 'static,
) -> Result<Client, EgressError> {
    let failed = |error: &dyn std::error::Error| EgressError::Client(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_details(provider, Arc::new(HostTime(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http1_max_headers(in_memory(limits.headers))
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .dns_resolver(resolver)
        .build()
        .map_err(|error| failed(&error))
}

/// The host's clock, for certificates.
struct HostTime(Arc<dyn Clock>);

impl std::fmt::Debug for HostTime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HostTime")
    }
}

impl TimeProvider for HostTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(self.0.unix_millis())))
    }
}

tokio::task_local! {
    /// The contract whose request a task makes: the client doesn't pass it on to the resolver.
    pub(super) static ASKING: ContractId;
}

/// The contract that a connection is made for. The client begins its connections in the task that
/// asks for them; one that it didn't would count as a contract of its own.
fn asking() -> ContractId {
    ASKING.try_with(|contract| *contract).unwrap_or_default()
}

/// Addresses as they are, for pairs that the policy opens.
struct Unfiltered {
    resolver: Arc<dyn Resolver>,
}

impl Resolve for Unfiltered {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, contract) = (Arc::clone(&self.resolver), asking());
        Box::pin(async move {
            let addresses = resolver.resolve(contract, name.as_str()).await?;
            Ok(socket_addresses(addresses))
        })
    }
}

/// Only names all of whose addresses are globally reachable. The connection is made to the very
/// addresses that were judged, so a name that changes its mind in between gains nothing.
struct PublicOnly {
    resolver: Arc<dyn Resolver>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, contract) = (Arc::clone(&self.resolver), asking());
        Box::pin(async move {
            let addresses = resolver.resolve(contract, name.as_str()).await?;
            for address in &addresses {
                if let Some(registry) = unreachable(*address) {
                    let name = name.as_str().to_owned();
                    return Err(Denial::Resolved { name, address: *address, registry }.into());
                }
            }
            Ok(socket_addresses(addresses))
        })
    }
}

/// Port 0 stands for the URL's own.
fn socket_addresses(addresses: Vec<std::net::IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)))
}
