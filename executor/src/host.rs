//! What the executor takes from the process around it.

use async_trait::async_trait;
use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
};
use tokio::sync::Semaphore;

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
    /// Every address of `name`.
    ///
    /// # Errors
    /// When the name can't be resolved.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
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
}

/// The operating system's resolver. At most 16 look-ups run at once, since each blocks a thread.
pub struct SystemResolver {
    permits: Arc<Semaphore>,
}

impl SystemResolver {
    const LOOKUPS: usize = 16;
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(Self::LOOKUPS)) }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        // The permit goes along: a caller that gives up doesn't free the thread.
        let lookup = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_finds_its_own_name_and_gives_the_permit_back() {
        let resolver = SystemResolver::default();
        let addresses = resolver.resolve("localhost").await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
        assert!(resolver.resolve("no-such-name.invalid").await.is_err());
        assert_eq!(resolver.permits.available_permits(), SystemResolver::LOOKUPS);
    }
}
