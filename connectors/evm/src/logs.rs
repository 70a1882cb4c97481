//! Logs of a range of blocks. Nodes bound ranges and answers in their own ways and words; what was
//! served and what was refused tells how many blocks one query may ask for.

mod identity;
mod query;
mod span;

pub(crate) use identity::{LogIdentity, identities};
pub(crate) use span::Span;

use crate::node::Node;
use ethers::types::{Filter, Log};
use phat_connector::{ChainError, rpc::CallError};

impl Node {
    /// Logs of the blocks `from` to `to`, in order. A range that a node refuses is asked for in smaller
    /// ones. Why it refused is told by what follows: when a smaller range is served, the range was too
    /// large, and later queries ask for no more than that for a while; when one block is refused too, it
    /// was something else.
    pub(crate) async fn logs(&self, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>, ChainError> {
        let mut logs = Vec::new();
        let mut width = self.span.known();
        let mut next = from;
        let mut refused = None;
        while next <= to {
            let left = (to - next).saturating_add(1);
            let asked = match refused {
                None => width.blocks().min(left),
                Some(refused) => width.below(refused),
            };
            let last = next.saturating_add(asked - 1);
            match query::logs(&self.endpoints, filter, next, last).await {
                Ok(found) => {
                    logs.extend(found);
                    width.served(asked, refused.take());
                    self.span.learn(width);
                    let Some(following) = last.checked_add(1) else { break };
                    next = following;
                }
                Err(CallError::Answered(_) | CallError::TooLong { .. }) if asked > 1 => refused = Some(asked),
                Err(error) => {
                    if is_silence(&error) {
                        width.unanswered(asked);
                        self.span.learn(width);
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(logs)
    }
}

/// Whether a smaller query might have been answered: nodes and what is in front of them drop or cut what
/// takes too long or gets too large. A limited rate says nothing of the range.
const fn is_silence(error: &CallError) -> bool {
    match error {
        CallError::Failed(failed) => match failed {
            ChainError::Unreachable { .. } | ChainError::Malformed { .. } => true,
            ChainError::RateLimited { .. }
            | ChainError::WrongChain { .. }
            | ChainError::Behind { .. }
            | ChainError::Disagreement { .. }
            | ChainError::NoOracle { .. }
            | ChainError::Node { .. }
            | ChainError::Reverted { .. }
            | ChainError::NotSigned { .. }
            | ChainError::InsufficientFunds { .. } => false,
        },
        CallError::Answered(_) | CallError::TooLong { .. } => false,
    }
}
