//! How much gas a transaction to the oracle is sure to get by with. A batch never reverts for want of
//! gas, it stops, so that a node's estimate of it may be too low: the bound is computed here.

use crate::{abi, bindings::phat_oracle};
use ethers::{abi::AbiEncode, types::U256};
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

/// The most gas of a transaction in a block that takes `block_limit`.
pub(crate) fn most(block_limit: U256) -> u64 {
    MAX_TRANSACTION.min(u64::try_from(block_limit).unwrap_or(u64::MAX))
}

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

/// What a batch's data holds beside the entries: selector, offset and length of the list.
const LIST_DATA: [u8; 68] = [0xff; 68];
/// And for each entry its offset: four bytes that may be other than zero, and the rest.
const OFFSET: [u8; 32] = {
    let mut word = [0; 32];
    let mut byte = 28;
    while byte < 32 {
        word[byte] = 0xff;
        byte += 1;
    }
    word
};

/// How many of the entries, from the first, are sure to get by with `limit` in one transaction; the
/// first is counted in any case.
pub(crate) fn fitting(entries: &[Entry], limit: u64) -> usize {
    let mut cost = TRANSACTION.saturating_add(data_gas(&LIST_DATA));
    let mut least = floor(&LIST_DATA);
    let over = entries.iter().position(|entry| {
        let data = abi::entry(entry).map(phat_oracle::Entry::encode).unwrap_or_default();
        let gas = data_gas(&data).saturating_add(data_gas(&OFFSET)).saturating_add(entry_bound(entry));
        cost = cost.saturating_add(gas);
        least = least.saturating_add(floor(&data) - TRANSACTION).saturating_add(floor(&OFFSET) - TRANSACTION);
        cost.max(least) > limit
    });
    over.unwrap_or(entries.len()).max(entries.len().min(1))
}

/// Gas with which the oracle comes to the end of all entries, whatever their callbacks do.
pub(crate) fn bound(entries: &[Entry], data: &[u8]) -> u64 {
    let entries = entries.iter().map(entry_bound).fold(0, u64::saturating_add);
    TRANSACTION.saturating_add(data_gas(data)).saturating_add(entries).max(floor(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::phat_oracle::FulfillBatchCall;
    use phat_protocol::{
        Amount, BlockHash, ContractId, Digest, EvmAddress, Outcome, Payee, Report, RequestId, Signature, evm,
    };
    use proptest::prelude::*;

    fn entry(callback_gas_limit: u32, output: usize, signatures: usize, byte: u8) -> Entry {
        let request = evm::Request {
            chain_id: 1,
            oracle: EvmAddress([byte; 20]),
            sequence: u64::from(byte),
            parent_hash: BlockHash([byte; 32]),
            consumer: EvmAddress([byte; 20]),
            contract_id: ContractId([byte; 32]),
            min_revision: 0,
            payload_hash: Digest([byte; 32]),
            callback_gas_limit,
            max_output: 1 << 20,
            expires_at: u64::from(byte),
            payment: Amount::from(u128::from(byte)),
        };
        let report = Report {
            request_id: RequestId([byte; 32]),
            outcome: Outcome::Ok,
            output: vec![byte; output],
            executed_at: 1,
            payee: Payee([byte; 32]),
        };
        Entry { request: Request::Evm(request), report, signatures: vec![Signature([byte; 65]); signatures] }
    }

    fn bound_of(entries: &[Entry]) -> u64 {
        let data = FulfillBatchCall { entries: entries.iter().filter_map(abi::entry).collect() }.encode();
        bound(entries, &data)
    }

    proptest! {
        #[test]
        fn as_many_entries_fit_as_the_bound_allows_and_one_in_any_case(
            shapes in proptest::collection::vec((0u32..2_000_000, 0usize..2_000, 1usize..4, any::<u8>()), 1..24),
            limit in 21_000u64..MAX_TRANSACTION,
        ) {
            let entries: Vec<Entry> =
                shapes.into_iter().map(|(gas, output, signatures, byte)| entry(gas, output, signatures, byte)).collect();
            let fit = fitting(&entries, limit);
            prop_assert!((1..=entries.len()).contains(&fit));
            if fit > 1 {
                prop_assert!(bound_of(&entries[..fit]) <= limit);
            }
            if let Some(more) = entries.get(..=fit) {
                // What is set aside for the places of entries is never used up.
                let spare = 2_000 * u64::try_from(more.len()).unwrap();
                prop_assert!(bound_of(more) + spare > limit);
            }
        }
    }

    #[test]
    fn nothing_fits_where_there_is_nothing() {
        assert_eq!(fitting(&[], MAX_TRANSACTION), 0);
    }
}
