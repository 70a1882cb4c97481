//! What the executor takes from the process around it.

use async_trait::async_trait;
use phat_protocol::ContractId;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, ToSocketAddrs},
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

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
#[derive(Default)]
pub struct SystemResolver {
    admission: Admission,
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

/// Who may look up now.
struct Admission {
    all: Arc<Semaphore>,
    /// An entry is alive as long as a look-up of its contract runs or waits.
    contracts: Mutex<HashMap<ContractId, Weak<Semaphore>>>,
}

/// A contract's permit, and one of all.
type Permits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Admission {
    const ALL: usize = 16;
    const OF_A_CONTRACT: usize = 3;

    /// Waits for the contract's own permit first, so that a contract waits for all others with as
    /// many look-ups as it may run.
    async fn admit(&self, contract: ContractId) -> Result<Permits, AcquireError> {
        let own = self.of_contract(contract).acquire_owned().await?;
        Ok((own, Arc::clone(&self.all).acquire_owned().await?))
    }

    fn of_contract(&self, contract: ContractId) -> Arc<Semaphore> {
        let mut contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = contracts.get(&contract).and_then(Weak::upgrade) {
            return permits;
        }
        contracts.retain(|_, permits| permits.strong_count() > 0);
        let permits = Arc::new(Semaphore::new(Self::OF_A_CONTRACT));
        contracts.insert(contract, Arc::downgrade(&permits));
        permits
    }
}

impl Default for Admission {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(Self::ALL)), contracts: Mutex::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const CONTRACT: ContractId = ContractId([1; 32]);
    const OTHER: ContractId = ContractId([2; 32]);

    #[tokio::test]
    async fn the_system_finds_its_own_name_and_gives_the_permits_back() {
        let resolver = SystemResolver::default();
        let addresses = resolver.resolve(CONTRACT, "localhost").await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
        assert!(resolver.resolve(CONTRACT, "no-such-name.invalid").await.is_err());
        assert_eq!(resolver.admission.all.available_permits(), Admission::ALL);
        assert_eq!(resolver.admission.of_contract(CONTRACT).available_permits(), Admission::OF_A_CONTRACT);
    }

    #[tokio::test]
    async fn a_contract_whose_look_ups_never_end_holds_up_itself_alone() {
        let admission = Admission::default();
        let now = |contract| admission.admit(contract).now_or_never().transpose().unwrap();
        let mut held: Vec<_> = (0..Admission::OF_A_CONTRACT).map(|_| now(CONTRACT).unwrap()).collect();
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(admission.admit(CONTRACT))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        assert!(now(OTHER).is_some());
        drop(waiting);
        held.pop();
        assert!(now(CONTRACT).is_some());
    }

    #[tokio::test]
    async fn no_more_threads_are_held_than_the_bound_and_ended_look_ups_leave_nothing_behind() {
        let admission = Admission::default();
        let contract = |index: u8| ContractId([index; 32]);
        let held: Vec<_> = (0..=u8::MAX).map_while(|index| admission.admit(contract(index)).now_or_never()).collect();
        assert_eq!(held.len(), Admission::ALL);
        drop(held);
        assert!(admission.admit(CONTRACT).now_or_never().is_some());
        assert_eq!(admission.contracts.lock().unwrap().len(), 1);
    }
}
