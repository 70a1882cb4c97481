//! The way out: which servers a guest may talk to, and how.

mod address;
mod body;
mod client;
mod denial;
mod fetch;
mod policy;
mod request;
#[cfg(feature = "fuzzing")]
mod route;
mod traffic;

pub use address::Registry;
pub(crate) use body::Bodies;
pub(crate) use client::Egress;
pub use client::EgressError;
pub use denial::Denial;
pub(crate) use fetch::{Asker, FetchError};
pub use policy::{AllowEntry, EgressPolicy};
pub(crate) use request::origin_of;
#[cfg(feature = "fuzzing")]
pub use route::Hop;
pub(crate) use traffic::{Allowance, Traffic};
