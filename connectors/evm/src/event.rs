//! Logs of any contract.

use crate::{EvmChain, abi};
use async_trait::async_trait;
use ethers::types::{Address, Filter, H256, Log, ValueOrArray};
use phat_connector::{ChainError, ChainEvent, EventFilter, EventSource, EvmEventFilter};
use phat_protocol::Digest;
use std::{collections::BTreeSet, ops::RangeInclusive};

#[async_trait]
impl EventSource for EvmChain {
    async fn events(
        &self,
        filters: &[EventFilter],
        blocks: RangeInclusive<u64>,
    ) -> Result<Vec<ChainEvent>, ChainError> {
        let of_evm: Vec<&EvmEventFilter> = filters.iter().filter_map(of_evm).collect();
        if of_evm.is_empty() || blocks.is_empty() {
            return Ok(Vec::new());
        }
        let mut logs = self.0.node.logs(&union(&of_evm), *blocks.start(), *blocks.end()).await?;
        logs.retain(|log| log.removed != Some(true));
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        let events = logs
            .into_iter()
            .filter_map(event)
            .filter(|event| blocks.contains(&event.block.number) && filters.iter().any(|filter| filter.admits(event)));
        Ok(events.collect())
    }
}

/// What another family's filters admit is not here.
fn of_evm(filter: &EventFilter) -> Option<&EvmEventFilter> {
    match filter {
        EventFilter::Evm(filter) => Some(filter),
        EventFilter::Substrate(_) => None,
    }
}

/// A filter that lets all pass that any of `filters` does, and little else: what one query can say of many.
fn union(filters: &[&EvmEventFilter]) -> Filter {
    let addresses: BTreeSet<Address> = filters.iter().map(|filter| abi::address(filter.address)).collect();
    let first_topics: Option<BTreeSet<H256>> = filters.iter().map(|filter| first_topic(filter)).collect();
    let filter = Filter::new().address(ValueOrArray::Array(addresses.into_iter().collect()));
    match first_topics {
        Some(topics) => filter.topic0(ValueOrArray::Array(topics.into_iter().collect::<Vec<_>>())),
        None => filter,
    }
}

fn first_topic(filter: &EvmEventFilter) -> Option<H256> {
    filter.topics.first().copied().flatten().map(|topic| H256(topic.0))
}

/// The log as an event; none where the node doesn't say where it stands.
fn event(log: Log) -> Option<ChainEvent> {
    let (block, transaction) = abi::place(&log)?;
    Some(ChainEvent {
        block,
        transaction,
        index: u32::try_from(log.log_index?).ok()?,
        emitter: log.address.0.to_vec(),
        topics: log.topics.iter().map(|topic| Digest(topic.0)).collect(),
        data: log.data.to_vec(),
    })
}
