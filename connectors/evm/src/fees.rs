use crate::{
    FeePolicy, abi,
    node::{Header, Node, header_call, read_latest},
    transport::{Call, CallError, Reply},
};
use ethers::types::{BlockNumber, U256};
use phat_connector::{ChainError, Fees};

/// What inclusion costs now.
pub(crate) struct Suggested {
    pub(crate) fees: Fees,
    /// Whether the chain has base fees (EIP-1559); if not, transactions are legacy ones.
    pub(crate) has_base_fee: bool,
}

/// What a node is asked for its fees, beside its newest header.
pub(crate) fn calls() -> [Call; 2] {
    let none: [u8; 0] = [];
    [Call::new("eth_gasPrice", none), Call::new("eth_maxPriorityFeePerGas", none)]
}

/// Fees by a node of its own, as whoever deploys or registers needs them.
pub(crate) async fn suggested(node: &Node, policy: FeePolicy) -> Result<Suggested, ChainError> {
    let [gas_price, priority_fee] = calls();
    let [latest, gas_price, priority_fee] =
        node.batch([header_call(BlockNumber::Latest), gas_price, priority_fee]).await?;
    read(&read_latest(latest)?, gas_price, priority_fee, policy)
}

/// Twice the base fee, so that five full blocks in a row don't outgrow it (each raises it by an eighth
/// at most), and the priority fee that the node suggests; the gas price of a chain without base fees.
pub(crate) fn read(
    latest: &Header,
    gas_price: Reply,
    priority_fee: Reply,
    policy: FeePolicy,
) -> Result<Suggested, ChainError> {
    let base_fee = latest.base_fee;
    let gas_price: U256 = gas_price.read()?;
    let floor = policy.min_priority_fee.map_or(U256::zero(), abi::uint);
    let (max_fee, priority_fee) = match base_fee {
        None => (gas_price.max(floor), gas_price.max(floor)),
        Some(base_fee) => {
            // Not every node has the method; its gas price holds the same suggestion.
            let suggested = match priority_fee.read() {
                Ok(suggested) => suggested,
                Err(CallError::Answered(_)) => gas_price.saturating_sub(base_fee),
                Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error.into()),
            };
            let priority_fee = suggested.max(floor);
            (base_fee.saturating_mul(U256::from(2)).saturating_add(priority_fee), priority_fee)
        }
    };
    let max_fee = policy.max_fee.map_or(max_fee, |limit| max_fee.min(abi::uint(limit)));
    let fees = Fees { max_fee: abi::amount(max_fee), max_priority_fee: abi::amount(priority_fee.min(max_fee)) };
    Ok(Suggested { fees, has_base_fee: base_fee.is_some() })
}
