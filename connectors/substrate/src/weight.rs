//! What extrinsics weigh. Weights are counted by their reference time, in picoseconds.

use crate::runtime::Runtime;
use phat_connector::{ChainError, Entry};
use std::sync::atomic::{AtomicU64, Ordering};
use subxt::ext::scale_decode::DecodeAsType;

/// The most bytes of reports in one extrinsic: blocks hold some megabytes.
const MAX_BYTES: usize = 1024 * 1024;
/// What an entry takes beside its output and its signatures.
const ENTRY_BYTES: usize = 128;

/// What is known of the oracle's weights, by what the runtime said of the extrinsics that were prepared.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// The most entries of a batch; 0 while it isn't known.
    max_batch: AtomicU64,
    /// The most that an entry came to.
    per_entry: AtomicU64,
}

impl Gauge {
    /// How many of the entries, from the first, one extrinsic carries that may weigh `limit`; the first in any case.
    pub(crate) fn fitting(&self, entries: &[Entry], limit: u64) -> usize {
        let by_weight = match self.per_entry.load(Ordering::Relaxed) {
            0 => u64::MAX,
            per_entry => limit / per_entry,
        };
        let most = match self.max_batch.load(Ordering::Relaxed) {
            0 => by_weight,
            max_batch => max_batch.min(by_weight),
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut bytes: usize = 0;
        let within = entries.iter().take(most).take_while(|entry| {
            let signatures = entry.signatures.len().saturating_mul(65);
            bytes = bytes.saturating_add(entry.report.output.len()).saturating_add(signatures + ENTRY_BYTES);
            bytes <= MAX_BYTES
        });
        within.count().max(1).min(entries.len())
    }

    /// Remembers how long a batch may be.
    pub(crate) fn allows(&self, max_batch: u32) {
        self.max_batch.store(max_batch.into(), Ordering::Relaxed);
    }

    /// Remembers what a batch weighs.
    pub(crate) fn weighs(&self, entries: usize, weight: u64) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX).max(1);
        self.per_entry.fetch_max(weight.div_ceil(entries), Ordering::Relaxed);
    }
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BlockWeights {
    max_block: Weight,
    per_class: PerClass,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct PerClass {
    normal: Class,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Class {
    max_extrinsic: Option<Weight>,
    max_total: Option<Weight>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Weight {
    ref_time: u64,
}

impl Runtime {
    /// The most that a signed extrinsic may weigh.
    pub(crate) fn max_weight(&self) -> Result<u64, ChainError> {
        let BlockWeights { max_block, per_class: PerClass { normal } } = self.constant("System", "BlockWeights")?;
        Ok(normal.max_extrinsic.or(normal.max_total).unwrap_or(max_block).ref_time)
    }

    /// The most entries of a batch.
    pub(crate) fn max_batch(&self) -> Result<u32, ChainError> {
        self.oracle_constant("MaxBatch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phat_protocol::{
        BlockHash, ContractId, Digest, GenesisHash, OracleChain, Outcome, Payee, Report, Request, Signature, substrate,
    };

    fn entry(output: usize) -> Entry {
        let request = Request::Substrate(substrate::Request {
            genesis: GenesisHash([1; 32]),
            instance: "PhatOracle".to_owned(),
            sequence: 1,
            parent_hash: BlockHash([2; 32]),
            requester: vec![3; 32],
            contract_id: ContractId([4; 32]),
            min_revision: 0,
            payload_hash: Digest([5; 32]),
            max_output: 16_384,
            expires_at: 6,
            payment: 7,
        });
        let report = Report {
            request_id: request.request_id(),
            outcome: Outcome::Ok,
            output: vec![0; output],
            executed_at: 1,
            payee: Payee([8; 32]),
        };
        Entry { request, report, signatures: vec![Signature([9; 65])] }
    }

    #[test]
    fn a_batch_is_bounded_by_the_runtime_s_constant_its_weight_and_its_length() {
        let gauge = Gauge::default();
        let entries: Vec<Entry> = std::iter::repeat_with(|| entry(16_384)).take(100).collect();
        assert_eq!(gauge.fitting(&entries, 1_000), 63, "a megabyte");
        gauge.allows(32);
        assert_eq!(gauge.fitting(&entries, 1_000), 32);
        gauge.weighs(4, 400);
        gauge.weighs(10, 500);
        assert_eq!(gauge.fitting(&entries, 1_000), 10);
        assert_eq!(gauge.fitting(&entries, 50), 1, "the first in any case");
        assert_eq!(gauge.fitting(&entries[..3], 1_000), 3);
        assert_eq!(gauge.fitting(&[], 1_000), 0);
    }
}
