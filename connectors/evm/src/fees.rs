use crate::{
    FeePolicy, abi,
    node::{Header, Node, header_call, read_latest},
};
use ethers::types::{BlockNumber, U64, U256};
use phat_connector::{
    ChainError, Fees,
    rpc::{Call, CallError, Reply},
};
use serde::Deserialize;

/// How many of the last blocks are looked at.
const HISTORY: u64 = 5;
/// A block that used more than this part of its gas limit had no room for much more.
const FULL: f64 = 0.9;

/// What of `eth_feeHistory`'s answer is of use: for each block how much of its gas limit it used, and what
/// was paid at each percentile that was asked for. Clients write null for lists without elements.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    #[serde(default)]
    gas_used_ratio: Option<Vec<f64>>,
    #[serde(default)]
    reward: Option<Vec<Vec<U256>>>,
}

/// What inclusion costs now.
pub(crate) struct Suggested {
    pub(crate) fees: Fees,
    /// Whether the chain has base fees (EIP-1559); if not, transactions are legacy ones.
    pub(crate) has_base_fee: bool,
}

/// What a node is asked for its fees, beside its newest header.
pub(crate) fn calls() -> [Call; 3] {
    let none: [u8; 0] = [];
    [
        Call::new("eth_gasPrice", none),
        Call::new("eth_maxPriorityFeePerGas", none),
        Call::new("eth_feeHistory", (U64::from(HISTORY), BlockNumber::Latest, [50.0])),
    ]
}

/// Fees by a node of its own, as whoever deploys or registers needs them.
pub(crate) async fn suggested(node: &Node, policy: FeePolicy) -> Result<Suggested, ChainError> {
    let [gas_price, priority_fee, history] = calls();
    let [latest, gas_price, priority_fee, history] =
        node.batch([header_call(BlockNumber::Latest), gas_price, priority_fee, history]).await?;
    read(&read_latest(latest)?, gas_price, priority_fee, history, policy)
}

/// Twice the base fee, so that five full blocks in a row don't outgrow it (each raises it by an eighth
/// at most), and the priority fee that the node suggests, or what the full ones among the last blocks were
/// paid where that is more; the gas price of a chain without base fees.
pub(crate) fn read(
    latest: &Header,
    gas_price: Reply,
    priority_fee: Reply,
    history: Reply,
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
            let priority_fee = suggested.max(paid_in_full_blocks(history)?).max(floor);
            (base_fee.saturating_mul(U256::from(2)).saturating_add(priority_fee), priority_fee)
        }
    };
    let max_fee = policy.max_fee.map_or(max_fee, |limit| max_fee.min(abi::uint(limit)));
    let fees = Fees { max_fee: abi::amount(max_fee), max_priority_fee: abi::amount(priority_fee.min(max_fee)) };
    Ok(Suggested { fees, has_base_fee: base_fee.is_some() })
}

/// The most of what half of the gas in each of the last full blocks paid its author for each unit. Where
/// there is room, any priority fee will do; where there is none, what others pay decides, and what a node
/// suggests may be a constant.
fn paid_in_full_blocks(history: Reply) -> Result<U256, ChainError> {
    let History { gas_used_ratio, reward } = match history.read() {
        Ok(history) => history,
        // Not every node has the method, and nothing depends on it.
        Err(CallError::Answered(_)) => return Ok(U256::zero()),
        Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error.into()),
    };
    let blocks = gas_used_ratio.unwrap_or_default().into_iter().zip(reward.unwrap_or_default());
    let full = blocks.filter(|(used, _)| *used > FULL);
    Ok(full.filter_map(|(_, rewards)| rewards.first().copied()).max().unwrap_or_default())
}
