//! What a run sends and receives, all its requests together.

use super::FetchError;
use crate::{HttpLimits, limits::in_memory};
use reqwest::header::HeaderMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a run may still send and receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl Allowance {
    pub(crate) fn of(limits: &HttpLimits) -> Self {
        Self { sent: in_memory(limits.sent_bytes), received: in_memory(limits.received_bytes) }
    }
}

/// An allowance that the requests of one call share.
#[derive(Debug)]
pub(crate) struct Traffic {
    sent: AtomicUsize,
    received: AtomicUsize,
}

impl Traffic {
    pub(crate) const fn new(allowance: Allowance) -> Self {
        let Allowance { sent, received } = allowance;
        Self { sent: AtomicUsize::new(sent), received: AtomicUsize::new(received) }
    }

    /// What is left.
    pub(crate) fn into_allowance(self) -> Allowance {
        Allowance { sent: self.sent.into_inner(), received: self.received.into_inner() }
    }

    /// Takes what is about to be sent; nothing where that is too much.
    pub(super) fn send(&self, bytes: usize, limits: &HttpLimits) -> Result<(), FetchError> {
        let taken = self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| FetchError::SentTooMuch { limit: limits.sent_bytes })
    }

    /// Takes what has come; all that is left where that is too much.
    pub(super) fn receive(&self, bytes: usize, limits: &HttpLimits) -> Result<(), FetchError> {
        let taken =
            self.received.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(bytes)));
        let (Ok(left) | Err(left)) = taken;
        if bytes <= left { Ok(()) } else { Err(FetchError::ReceivedTooMuch { limit: limits.received_bytes }) }
    }

    /// Whether so much more may still come.
    pub(super) fn may_receive(&self, bytes: u64, limits: &HttpLimits) -> Result<(), FetchError> {
        let left = self.received.load(Ordering::Relaxed);
        let fits = usize::try_from(bytes).is_ok_and(|bytes| bytes <= left);
        if fits { Ok(()) } else { Err(FetchError::ReceivedTooMuch { limit: limits.received_bytes }) }
    }
}

/// What headers count: names, values, and four bytes each for what stands around them.
pub(super) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()).saturating_add(4)).sum()
}
