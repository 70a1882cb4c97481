use super::Registry;
use crate::Origin;
use std::net::IpAddr;

/// Why the egress policy forbids a request. `Display` is what the guest reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Neither https, nor http where an allow entry permits it.
    #[error("the scheme {0:?} is not allowed: only https is")]
    Scheme(String),
    /// A port below 1024 that is not 443.
    #[error("port {0} is not allowed: only 443 and those from 1024 on are")]
    Port(u16),
    /// The URL names an address that is not globally reachable.
    #[error("{address} is not globally reachable: {}", .registry.0)]
    Address {
        /// The address.
        address: IpAddr,
        /// What it is.
        registry: Registry,
    },
    /// The name has such an address, if only among others.
    #[error("{name:?} resolves to {address}, which is not globally reachable: {}", .registry.0)]
    Resolved {
        /// The name.
        name: String,
        /// That address.
        address: IpAddr,
        /// What it is.
        registry: Registry,
    },
    /// The run has read a secret that must not be sent there.
    #[error("the run has read a secret, and {0} is not among the origins that it may be sent to")]
    Secret(Origin),
    /// A redirect from https to http.
    #[error("a redirect leads from https down to http")]
    Downgrade,
}
