//! Events of any pallet, as the blocks of a range hold them.

use crate::{SubstrateChain, chain::Inner, peer::Peer};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use phat_connector::{
    BlockRef, ChainError, ChainEvent, EventFilter, EventSource, SubstrateEventFilter, TxHash, rpc::CallError,
};
use phat_protocol::Digest;
use std::ops::RangeInclusive;

/// How many blocks are read at once.
const AHEAD: usize = 8;

#[async_trait]
impl EventSource for SubstrateChain {
    async fn events(
        &self,
        filters: &[EventFilter],
        blocks: RangeInclusive<u64>,
    ) -> Result<Vec<ChainEvent>, ChainError> {
        let wanted: Vec<&SubstrateEventFilter> = filters.iter().filter_map(of_substrate).collect();
        if wanted.is_empty() || blocks.is_empty() {
            return Ok(Vec::new());
        }
        let (wanted, blocks) = (&wanted, &blocks);
        let key = |events: &Vec<ChainEvent>| events.clone();
        let ask = |peer: Peer| async move {
            let peer = &peer;
            let reading = stream::iter(blocks.clone()).map(|number| self.0.events_in(peer, number, wanted));
            let events: Vec<Vec<ChainEvent>> = reading.buffered(AHEAD).try_collect().await?;
            Ok(events.into_iter().flatten().collect())
        };
        self.0.agree("state_queryStorageAt", Some(*blocks.end()), key, ask).await
    }
}

/// What another family's filters admit is not here.
fn of_substrate(filter: &EventFilter) -> Option<&SubstrateEventFilter> {
    match filter {
        EventFilter::Substrate(filter) => Some(filter),
        EventFilter::Evm(_) => None,
    }
}

impl Inner {
    /// The events of one block that are wanted. Of a block whose events the node has forgotten, none.
    async fn events_in(
        &self,
        peer: &Peer,
        number: u64,
        wanted: &[&SubstrateEventFilter],
    ) -> Result<Vec<ChainEvent>, CallError> {
        let read = async {
            let hash = peer.known_hash(number).await?;
            Ok((BlockRef { number, hash }, peer.told(hash).await?))
        };
        let (block, told) = match read.await {
            Ok(read) => read,
            Err(error @ CallError::Answered(_)) => {
                if peer.has_state(peer.best().await?).await? {
                    tracing::warn!(
                        genesis = %self.genesis,
                        endpoint = peer.endpoint.name(),
                        block = number,
                        %error,
                        "the events of a block are forgotten"
                    );
                    return Ok(Vec::new());
                }
                return Err(error);
            }
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error),
        };
        let events = told.all().filter_map(|(event, extrinsic)| {
            let is_wanted = |filter: &&SubstrateEventFilter| {
                filter.pallet == event.pallet_name() && filter.event == event.event_name()
            };
            let filter = wanted.iter().find(|filter| is_wanted(filter))?;
            Some(ChainEvent {
                block,
                transaction: extrinsic.unwrap_or(TxHash(Digest(block.hash.0))),
                index: event.index(),
                emitter: filter.emitter().into_bytes(),
                topics: event.topics().iter().map(|topic| Digest(topic.0)).collect(),
                data: event.field_bytes().to_vec(),
            })
        });
        Ok(events.collect())
    }
}
