//! How much gas a transaction to the oracle is sure to get by with. A batch never reverts for want of
//! gas, it stops, so that a node's estimate of it may be too low: the bound is computed here.

use phat_connector::Entry;
use phat_protocol::Request;

/// What a transaction costs before its data (Ethereum's yellow paper, appendix G).
pub(crate) const TRANSACTION: u64 = 21_000;
/// The most gas of one transaction under EIP-7825.
pub(crate) const MAX_TRANSACTION: u64 = 1 << 24;
/// What the oracle sets aside beside the callback's own gas: 40,000 for credit, call and event,
/// 25,000 for id, slot and hashes.
const ENTRY: u64 = 65_000;
/// For each signature: a recovery and a cold look-up in the registry.
const SIGNATURE: u64 = 18_000;
/// For each byte of output: its copies.
const OUTPUT_BYTE: u64 = 10;

/// What the data costs: EIP-2028's 16 and 4 for each byte that is and isn't zero.
fn data_gas(data: &[u8]) -> u64 {
    data.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum()
}

/// EIP-7623's floor for a transaction with that data.
fn floor(data: &[u8]) -> u64 {
    TRANSACTION + data.iter().map(|byte| if *byte == 0 { 10 } else { 40 }).sum::<u64>()
}

fn entry_bound(entry: &Entry) -> u64 {
    let callback = match &entry.request {
        Request::Evm(request) => u64::from(request.callback_gas_limit),
        Request::Substrate(_) => 0,
    };
    // A call passes on 63/64 of the gas at most (EIP-150).
    let callback = callback + callback / 63;
    let signatures = u64::try_from(entry.signatures.len()).unwrap_or(u64::MAX);
    let output = u64::try_from(entry.report.output.len()).unwrap_or(u64::MAX);
    callback
        .saturating_add(ENTRY)
        .saturating_add(signatures.saturating_mul(SIGNATURE))
        .saturating_add(output.saturating_mul(OUTPUT_BYTE))
}

/// Gas with which the oracle comes to the end of all entries, whatever their callbacks do.
pub(crate) fn bound(entries: &[Entry], data: &[u8]) -> u64 {
    let entries = entries.iter().map(entry_bound).fold(0, u64::saturating_add);
    TRANSACTION.saturating_add(data_gas(data)).saturating_add(entries).max(floor(data))
}
