//! What the executor takes from the process around it.

use async_trait::async_trait;
use std::{io, net::IpAddr, sync::Arc};

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
    permits: tokio::sync::Semaphore,
}

impl SystemResolver {
    const LOOKUPS: usize = 16;
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { permits: tokio::sync::Semaphore::new(Self::LOOKUPS) }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let _permit = self.permits.acquire().await.map_err(io::Error::other)?;
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}
