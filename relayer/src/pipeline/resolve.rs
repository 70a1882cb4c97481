//! What the chain itself says of requests that may be over. Only what stands at the configured finality counts; a
//! reorganisation that is deeper takes back what is written here, as `watch` or `settle` notices it.

use super::{ChainEnd, StageError, observe};
use crate::{
    clock::{Millis, SharedClock},
    request::SettlementKind,
    store::{SettleStore, Suspect, Verdict},
};
use futures_util::future::join_all;
use phat_connector::{Asked, Head, OnChainState, Resolution, ResolutionKind};
use phat_protocol::RequestId;
use std::{collections::HashMap, sync::Arc};

/// The most requests that one round of calls asks about.
const ROUND: usize = 500;

/// Concludes requests from the chain.
#[derive(Clone)]
pub(super) struct Resolver {
    pub(super) chain: ChainEnd,
    pub(super) store: Arc<dyn SettleStore>,
    pub(super) clock: SharedClock,
}

impl Resolver {
    /// Re-reads the chain for every suspect and writes what is certain.
    pub(super) async fn resolve(&self, suspects: &[Suspect], head: &Head) -> Result<(), StageError> {
        for round in suspects.chunks(ROUND) {
            self.resolve_round(round, head).await?;
        }
        Ok(())
    }

    async fn resolve_round(&self, suspects: &[Suspect], head: &Head) -> Result<(), StageError> {
        let ids: Vec<RequestId> = suspects.iter().map(|suspect| suspect.id).collect();
        let states = self.chain.status.states(&ids, Some(head.confirmed.number)).await?;
        let closed: Vec<Asked> = suspects
            .iter()
            .zip(&states)
            .filter(|(_, state)| !matches!(state, OnChainState::Pending))
            .map(|(suspect, _)| Asked { id: suspect.id, block: suspect.block })
            .collect();
        let mut resolutions: HashMap<RequestId, Resolution> = HashMap::new();
        if !closed.is_empty() {
            for resolution in self.chain.status.resolutions(&closed, head.confirmed.number).await? {
                // In the order of the chain: a callback that was tried again comes after its failure.
                resolutions.insert(resolution.id, resolution);
            }
        }
        let verdicts = suspects.iter().zip(&states).filter_map(|(suspect, state)| {
            verdict(suspect, *state, resolutions.get(&suspect.id), head).map(|verdict| (suspect.id, verdict))
        });
        // One commit for all, and one that can't be written is none of the others' trouble.
        let concluded = join_all(verdicts.map(|(id, verdict)| self.conclude(id, verdict))).await;
        concluded.into_iter().collect()
    }

    async fn conclude(&self, id: RequestId, verdict: Verdict) -> Result<(), StageError> {
        self.store.conclude(id, &verdict, Millis::now(&*self.clock)).await?;
        observe::concluded(&self.chain.name, id, word(&verdict));
        Ok(())
    }
}

/// What the chain's word means; none while it can still change.
fn verdict(suspect: &Suspect, state: OnChainState, resolution: Option<&Resolution>, head: &Head) -> Option<Verdict> {
    let expired = suspect.expires_at < head.confirmed_timestamp;
    match (state, resolution) {
        (OnChainState::Pending, _) => expired.then_some(Verdict::Expired),
        (OnChainState::CallbackFailed(_) | OnChainState::Closed, Some(resolution)) => {
            let kind = match resolution.kind {
                ResolutionKind::Cancelled => return Some(Verdict::Expired),
                ResolutionKind::Fulfilled { callback_ok: true } | ResolutionKind::CallbackRetried => {
                    SettlementKind::Fulfilled
                }
                ResolutionKind::Fulfilled { callback_ok: false } => SettlementKind::CallbackFailed,
            };
            Some(Verdict::Settled { kind, transaction: Some(resolution.transaction), block: resolution.block })
        }
        // The slot says that it was answered, and the endpoint shows no event of it. The slot is the
        // oracle's own word; only once no event can come any more is it taken without one.
        (OnChainState::CallbackFailed(_), None) if expired => {
            Some(Verdict::Settled { kind: SettlementKind::CallbackFailed, transaction: None, block: head.confirmed })
        }
        (OnChainState::CallbackFailed(_), None) => None,
        // Never there at this height, or closed by an event that the endpoint doesn't show.
        (OnChainState::Closed, None) => expired.then_some(Verdict::Expired),
    }
}

const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Settled { .. } => "settled",
        Verdict::Expired => "expired",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phat_connector::{BlockRef, TxHash};
    use phat_protocol::{BlockHash, Digest};

    const ID: RequestId = RequestId([7; 32]);

    fn head(timestamp: u64) -> Head {
        let block = BlockRef { number: 50, hash: BlockHash([1; 32]) };
        Head { latest: block, timestamp, confirmed: block, confirmed_timestamp: timestamp }
    }

    fn resolution(kind: ResolutionKind) -> Resolution {
        Resolution {
            id: ID,
            kind,
            block: BlockRef { number: 40, hash: BlockHash([2; 32]) },
            transaction: TxHash(Digest([3; 32])),
        }
    }

    const SUSPECT: Suspect = Suspect { id: ID, block: 30, expires_at: 1_000 };

    #[test]
    fn a_pending_request_expires_only_after_its_time() {
        assert!(verdict(&SUSPECT, OnChainState::Pending, None, &head(1_000)).is_none());
        assert!(matches!(verdict(&SUSPECT, OnChainState::Pending, None, &head(1_001)), Some(Verdict::Expired)));
    }

    #[test]
    fn an_answer_of_anyone_settles_even_after_expiry() {
        for (kind, expected) in [
            (ResolutionKind::Fulfilled { callback_ok: true }, SettlementKind::Fulfilled),
            (ResolutionKind::Fulfilled { callback_ok: false }, SettlementKind::CallbackFailed),
            (ResolutionKind::CallbackRetried, SettlementKind::Fulfilled),
        ] {
            let verdict = verdict(&SUSPECT, OnChainState::Closed, Some(&resolution(kind)), &head(5_000));
            let Some(Verdict::Settled { kind, block, .. }) = verdict else { panic!("{verdict:?}") };
            assert_eq!((kind, block.number), (expected, 40));
        }
    }

    #[test]
    fn a_cancelled_request_is_expired() {
        let verdict = verdict(&SUSPECT, OnChainState::Closed, Some(&resolution(ResolutionKind::Cancelled)), &head(900));
        assert!(matches!(verdict, Some(Verdict::Expired)));
    }

    #[test]
    fn a_closed_slot_without_an_event_is_not_believed_before_expiry() {
        assert!(verdict(&SUSPECT, OnChainState::Closed, None, &head(999)).is_none());
        assert!(verdict(&SUSPECT, OnChainState::CallbackFailed(Digest([1; 32])), None, &head(999)).is_none());
    }
}
