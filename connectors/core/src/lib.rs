//! What a chain end must offer to the relayer: a source of requests, a sink for reports, and the
//! status of both. Each chain family implements the three roles in a crate of its own.
//!
//! Nothing here knows a chain library, and no role calls another. What all chain ends need to speak to several
//! endpoints as one is in [`rpc`].

mod account;
mod block;
mod call;
mod endpoint;
mod error;
mod event;
mod finality;
pub mod rpc;
mod sink;
mod source;
mod status;

pub use account::{Account, TxHash};
pub use block::{BlockRef, Head};
pub use call::{Call, CallObserver, Unobserved};
pub use endpoint::{EndpointPool, EndpointReport, EndpointState};
pub use error::ChainError;
pub use event::{ChainEvent, EventFilter, EventSource, EvmEventFilter, MAX_TOPICS, SubstrateEventFilter};
pub use finality::{Finality, ParseFinalityError};
pub use sink::{Acceptance, Entry, Fees, Outlook, PreparedTransaction, ReportSink};
pub use source::{ObservedRequest, RequestSource};
pub use status::{
    Asked, ChainFacts, EntryEffect, EntryRefusal, OnChainState, OracleStatus, Receipt, Resolution, ResolutionKind, Sent,
};

#[cfg(test)]
mod tests;
