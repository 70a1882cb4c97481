//! Why the oracle would not take entries: its own checks, made here. The chain is asked once for all of
//! them, and only for what it alone knows.

use crate::{
    abi,
    bindings::{
        phat_oracle::{PausedCall, SlotsCall, ThresholdCall},
        worker_registry::ActiveOperatorOfCall,
    },
    chain::{ContractCall, Inner},
    node::{header_call, read_latest},
    status::IDS_AT_ONCE,
};
use ethers::{
    abi::AbiEncode,
    types::{Address, BlockNumber, H256, RecoveryMessage, Signature as EthersSignature, U256},
};
use phat_connector::{ChainError, Entry, EntryRefusal, rpc::Call};
use phat_protocol::{EvmAddress, OracleChain, Signature, bounds::MAX_EXECUTED_AHEAD, evm::Slot};
use std::collections::HashMap;

/// Half of secp256k1's order: an `s` above it is refused (EIP-2).
const HALF_ORDER: U256 =
    U256([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// What the chain says now, for all entries.
#[derive(Clone)]
struct Now {
    timestamp: u64,
    paused: bool,
    threshold: usize,
    /// The operator for whom each signer is an active worker; none where it is none.
    operators: HashMap<Address, Option<Address>>,
}

impl Inner {
    /// See [`OracleStatus::refusals`](phat_connector::OracleStatus::refusals).
    pub(crate) async fn refusals_of(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let registry = *self.registry.get_or_try_init(|| self.read_registry()).await?;
        let signers: Vec<Vec<Option<Address>>> = entries.iter().map(signers).collect();
        let (now, slots) = self.read_now(registry, entries, &signers).await?;
        let refusals = entries.iter().zip(slots).zip(&signers).map(|((entry, slot), signers)| {
            if let Err(error) = self.belongs(entry) {
                return Some(EntryRefusal::Other(error.to_string()));
            }
            now.refusal(entry, slot, signers)
        });
        Ok(refusals.collect())
    }

    async fn read_now(
        &self,
        registry: EvmAddress,
        entries: &[Entry],
        signers: &[Vec<Option<Address>>],
    ) -> Result<(Now, Vec<Slot>), ChainError> {
        let mut distinct: Vec<Address> = signers.iter().flatten().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut calls = vec![
            header_call(BlockNumber::Latest),
            self.view(PausedCall.encode(), None),
            self.view(ThresholdCall.encode(), None),
        ];
        calls.extend(entries.chunks(IDS_AT_ONCE).map(|chunk| {
            let request_ids = chunk.iter().map(|entry| entry.report.request_id.0).collect();
            self.view(SlotsCall { request_ids }.encode(), None)
        }));
        calls.extend(distinct.iter().map(|signer| {
            let data = ActiveOperatorOfCall { worker: *signer }.encode();
            let call = ContractCall { to: abi::address(registry), ..self.oracle_call(data) };
            Call::new("eth_call", (call, BlockNumber::Latest))
        }));
        let mut replies = self.node.batch_of(calls).await?.into_iter();
        let mut next = || {
            replies.next().ok_or_else(|| ChainError::Malformed {
                method: "batch".to_owned(),
                cause: "fewer answers than calls".to_owned(),
            })
        };
        let timestamp = read_latest(next()?)?.timestamp;
        let paused = self.answer(next()?)?;
        let threshold = usize::from(self.answer::<u8>(next()?)?);
        let mut slots = Vec::with_capacity(entries.len());
        for chunk in entries.chunks(IDS_AT_ONCE) {
            slots.extend(self.read_slots(next()?, chunk.len())?);
        }
        let mut operators = HashMap::with_capacity(distinct.len());
        for signer in distinct {
            let operator: Address = self.answer(next()?)?;
            operators.insert(signer, Some(operator).filter(|operator| *operator != Address::zero()));
        }
        Ok((Now { timestamp, paused, threshold, operators }, slots))
    }
}

impl Now {
    /// The oracle's checks, in the oracle's order (`PhatOracle._checkRequest`, `_checkSignatures`).
    fn refusal(&self, entry: &Entry, slot: Slot, signers: &[Option<Address>]) -> Option<EntryRefusal> {
        let report = &entry.report;
        if self.paused {
            return Some(EntryRefusal::Paused);
        }
        if slot != Slot::Pending {
            return Some(EntryRefusal::NotPending);
        }
        if self.timestamp > entry.request.expires_at() {
            return Some(EntryRefusal::Expired);
        }
        if report.executed_at > self.timestamp.saturating_add(MAX_EXECUTED_AHEAD) {
            return Some(EntryRefusal::ExecutedInFuture);
        }
        if u32::try_from(report.output.len()).map_or(true, |length| length > entry.request.max_output()) {
            return Some(EntryRefusal::Other("OutputTooLarge".to_owned()));
        }
        let (padding, payee) = report.payee.0.split_at(12);
        if padding.iter().any(|byte| *byte != 0) || payee.iter().all(|byte| *byte == 0) {
            return Some(EntryRefusal::Other("InvalidPayee".to_owned()));
        }
        self.bad_signatures(signers)
    }

    /// Whether as many active workers of distinct operators signed as are asked for, in ascending order.
    fn bad_signatures(&self, signers: &[Option<Address>]) -> Option<EntryRefusal> {
        if signers.len() != self.threshold {
            return Some(EntryRefusal::BadSignatures);
        }
        let mut operators = Vec::with_capacity(signers.len());
        let mut previous = Address::zero();
        for signer in signers {
            let Some(signer) = signer.filter(|signer| *signer > previous) else {
                return Some(EntryRefusal::BadSignatures);
            };
            let Some(operator) = self.operators.get(&signer).copied().flatten() else {
                return Some(EntryRefusal::NotRegistered);
            };
            if operators.contains(&operator) {
                return Some(EntryRefusal::BadSignatures);
            }
            operators.push(operator);
            previous = signer;
        }
        None
    }
}

/// Who signed the entry; none for a signature that says nothing.
fn signers(entry: &Entry) -> Vec<Option<Address>> {
    let digest = entry.request.report_digest(&entry.report);
    entry.signatures.iter().map(|signature| signer(digest.0, signature)).collect()
}

/// Recovers a signer as OpenZeppelin's `ECDSA` does: `v` is 27 or 28, and `s` is low.
fn signer(digest: [u8; 32], signature: &Signature) -> Option<Address> {
    let signature = EthersSignature::try_from(signature.0.as_slice()).ok()?;
    if !matches!(signature.v, 27 | 28) || signature.s > HALF_ORDER {
        return None;
    }
    signature.recover(RecoveryMessage::Hash(H256(digest))).ok().filter(|signer| *signer != Address::zero())
}

#[cfg(test)]
mod tests;
