use ethers::types::{Address, Bytes, H256, Log, U64, U256};

/// What a log is, so that two can be compared: where it stands, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogIdentity {
    block: (Option<U64>, Option<H256>),
    transaction: Option<H256>,
    index: Option<U256>,
    address: Address,
    topics: Vec<H256>,
    data: Bytes,
}

/// What the logs are, in an order that doesn't depend on who answered.
pub(crate) fn identities(logs: &[Log]) -> Vec<LogIdentity> {
    let mut identities: Vec<LogIdentity> = logs
        .iter()
        .filter(|log| log.removed != Some(true))
        .map(|log| LogIdentity {
            block: (log.block_number, log.block_hash),
            transaction: log.transaction_hash,
            index: log.log_index,
            address: log.address,
            topics: log.topics.clone(),
            data: log.data.clone(),
        })
        .collect();
    identities.sort_unstable();
    identities
}
