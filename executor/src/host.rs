//! What the executor takes from the process around it.

use crate::admission::Admission;
use async_trait::async_trait;
use phat_protocol::ContractId;
use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the unix epoch. TLS certificates are judged by it too, so a host that
    /// keeps a high-water time must never answer below it.
    fn unix_millis(&self) -> u64;
}

/// Makes random bytes.
pub trait Randomness: Send + Sync + 'static {
    /// Fills `bytes` from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
}

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// Every address of `name`, which `contract` asked for.
    ///
    /// # Errors
    /// When the name can't be resolved.
    async fn resolve(&self, contract: ContractId, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// What the executor takes from the process around it.
#[derive(Clone)]
pub struct HostServices {
    /// The time that guests and TLS see.
    pub clock: Arc<dyn Clock>,
    /// Where guests' random bytes come from.
    pub randomness: Arc<dyn Randomness>,
    /// How names become addresses.
    pub resolver: Arc<dyn Resolver>,
    /// What guests are told of the worker.
    pub worker: WorkerFacts,
    /// The code of the JavaScript contract, which evaluates what contracts give to `js_eval`. It can change an
    /// answer, so it is to be a part of the program that vouches for itself. Without it a contract hears an exception.
    pub javascript: Option<Arc<[u8]>>,
}

/// What guests are told of the worker that runs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerFacts {
    /// The worker's X25519 public key.
    pub x25519: [u8; 32],
    /// What vouches for that key where the worker runs in SGX.
    pub sgx_quote: Option<SgxQuote>,
}

/// Evidence of SGX, as guests read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SgxQuote {
    /// As Intel's EPID attestation makes it.
    Epid(Vec<u8>),
    /// As Intel's DCAP makes it.
    Dcap(Vec<u8>),
}

/// The operating system's resolver. At most 16 look-ups run at once, since each blocks a thread, and
/// at most 3 of one contract: names that are never answered hold up nobody but who asks for them.
pub struct SystemResolver {
    admission: Admission,
}

const LOOKUPS: usize = 16;
const LOOKUPS_OF_A_CONTRACT: usize = 3;

impl Default for SystemResolver {
    fn default() -> Self {
        Self { admission: Admission::new(LOOKUPS, LOOKUPS_OF_A_CONTRACT) }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, contract: ContractId, name: &str) -> io::Result<Vec<IpAddr>> {
        let permits = self.admission.admit(contract).await.map_err(io::Error::other)?;
        let name = name.to_owned();
        // The permits go along: a caller that gives up doesn't free the thread.
        let lookup = tokio::task::spawn_blocking(move || {
            let _permits = permits;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_finds_its_own_name_and_gives_the_permits_back() {
        let (resolver, contract) = (SystemResolver::default(), ContractId([1; 32]));
        let addresses = resolver.resolve(contract, "localhost").await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
        assert!(resolver.resolve(contract, "no-such-name.invalid").await.is_err());
        assert_eq!(resolver.admission.available(contract), (LOOKUPS, LOOKUPS_OF_A_CONTRACT));
    }
}
