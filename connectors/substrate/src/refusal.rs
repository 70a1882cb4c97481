//! Why the oracle would not take an entry now. It is its own checks, in its order, on its state at the newest block.

use crate::{
    chain::Inner,
    peer::Peer,
    runtime::Runtime,
    source::is_pending,
    status::operator,
    stored::{StoredRequest, StoredWorker},
};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey};
use phat_connector::{ChainError, Entry, EntryRefusal, rpc::CallError};
use phat_protocol::{BlockHash, OracleChain, Request, Signature, WorkerAddress, bounds::MAX_EXECUTED_AHEAD, keccak256};
use std::collections::{BTreeSet, HashMap};
use subxt::dynamic::Value;

/// What the oracle's state says at one block.
struct Now {
    timestamp: u64,
    /// How far ahead of that a report may say that it ran, in seconds.
    executed_ahead: u64,
    paused: bool,
    threshold: usize,
    /// The operators of workers that count.
    operators: HashMap<WorkerAddress, [u8; 32]>,
}

impl Inner {
    pub(crate) async fn refusals_of(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        for entry in entries {
            self.belongs(entry)?;
        }
        let signers: Vec<Vec<Option<WorkerAddress>>> = entries.iter().map(signers).collect();
        let ask = |peer: Peer| {
            let signers = &signers;
            async move { self.refusals_at(&peer, entries, signers).await }
        };
        self.read(None, ask).await
    }

    async fn refusals_at(
        &self,
        peer: &Peer,
        entries: &[Entry],
        signers: &[Vec<Option<WorkerAddress>>],
    ) -> Result<Vec<Option<EntryRefusal>>, CallError> {
        let best = peer.best().await?;
        let runtime = peer.runtime(best).await?;
        let timestamp = peer.time(best).await?;
        let (threshold, paused) = (runtime.entry("Threshold"), runtime.entry("Paused"));
        let requests = runtime.entry("Requests");
        let mut keys = vec![runtime.key(threshold, Vec::new())?, runtime.key(paused, Vec::new())?];
        for entry in entries {
            keys.push(runtime.key(requests, vec![Value::from_bytes(entry.report.request_id.0)])?);
        }
        let mut values = peer.storage(&keys, best).await?;
        let stored = values.split_off(2.min(values.len()));
        let lacks = || self.no_oracle("it has no threshold");
        let (threshold_value, paused_value) = match &values[..] {
            [threshold, paused] => (threshold.as_deref(), paused.as_deref()),
            _ => return Err(lacks().into()),
        };
        let threshold: u32 = runtime.decode_or_default(threshold, threshold_value)?.ok_or_else(lacks)?;
        let paused = runtime.decode_or_default(paused, paused_value)?.ok_or_else(lacks)?;
        let distinct: BTreeSet<WorkerAddress> = signers.iter().flatten().copied().flatten().collect();
        let distinct: Vec<WorkerAddress> = distinct.into_iter().collect();
        let counting = self.counting_of(peer, &distinct, best, timestamp).await?;
        let operators = distinct.into_iter().zip(counting).filter_map(|(worker, operator)| Some((worker, operator?)));
        let threshold = usize::try_from(threshold).unwrap_or(usize::MAX);
        let executed_ahead = runtime.executed_ahead();
        let now = Now { timestamp, executed_ahead, paused, threshold, operators: operators.collect() };
        let mut refusals = Vec::with_capacity(entries.len());
        for ((entry, stored), signers) in entries.iter().zip(stored).zip(signers) {
            let stored: Option<StoredRequest> = stored.map(|value| runtime.decode(requests, &value)).transpose()?;
            refusals.push(now.refusal(entry, stored.as_ref().is_some_and(is_pending), signers));
        }
        Ok(refusals)
    }

    /// The operators of as many workers, for those that count.
    pub(crate) async fn counting<const N: usize>(
        &self,
        peer: &Peer,
        workers: [WorkerAddress; N],
        block: BlockHash,
        now: u64,
    ) -> Result<[Option<[u8; 32]>; N], CallError> {
        let counting = self.counting_of(peer, &workers, block, now).await?;
        let malformed = |found: usize| ChainError::Malformed {
            method: "state_queryStorageAt".to_owned(),
            cause: format!("{found} workers for {N}"),
        };
        counting.try_into().map_err(|counting: Vec<_>| malformed(counting.len()).into())
    }

    /// The operator of each worker that counts: registered, not revoked, not expired, its pair allowed.
    async fn counting_of(
        &self,
        peer: &Peer,
        workers: &[WorkerAddress],
        block: BlockHash,
        now: u64,
    ) -> Result<Vec<Option<[u8; 32]>>, CallError> {
        let runtime = peer.runtime(block).await?;
        let (entry, pairs) = (runtime.entry("Workers"), runtime.entry("AllowedPairs"));
        let keys: Result<Vec<_>, ChainError> =
            workers.iter().map(|worker| runtime.key(entry, vec![Value::from_bytes(worker.0)])).collect();
        let mut known: Vec<Option<StoredWorker>> = Vec::with_capacity(workers.len());
        for value in peer.storage(&keys?, block).await? {
            known.push(value.map(|value| runtime.decode(entry, &value)).transpose()?);
        }
        let keys: Result<Vec<_>, ChainError> = known
            .iter()
            .flatten()
            .map(|worker| runtime.key(pairs, vec![pair(&worker.measurement, &worker.config_hash)]))
            .collect();
        let mut allowed = peer.storage(&keys?, block).await?.into_iter();
        let counting = known.into_iter().map(|worker| {
            let worker = worker?;
            allowed.next().flatten()?;
            operator(&worker, now)
        });
        Ok(counting.collect())
    }

    /// Whether the entry is of this oracle, and answers its own request.
    pub(crate) fn belongs(&self, entry: &Entry) -> Result<(), ChainError> {
        let ours = matches!(&entry.request, Request::Substrate(request)
            if request.genesis == self.genesis && request.instance == self.instance);
        if ours && entry.request.request_id() == entry.report.request_id {
            return Ok(());
        }
        Err(ChainError::Reverted { reason: "the entry is of another oracle, or answers another request".to_owned() })
    }
}

/// A key of `AllowedPairs`.
pub(crate) fn pair(measurement: &[u8; 32], config_hash: &[u8; 32]) -> Value {
    Value::unnamed_composite([Value::from_bytes(measurement), Value::from_bytes(config_hash)])
}

impl Runtime {
    /// How far ahead of the clock a report may say that it ran, in seconds.
    fn executed_ahead(&self) -> u64 {
        self.oracle_constant("MaxExecutedAhead").unwrap_or(MAX_EXECUTED_AHEAD)
    }
}

impl Now {
    /// The pallet's checks, in the pallet's order.
    fn refusal(&self, entry: &Entry, is_pending: bool, signers: &[Option<WorkerAddress>]) -> Option<EntryRefusal> {
        let report = &entry.report;
        if self.paused {
            return Some(EntryRefusal::Paused);
        }
        if !is_pending {
            return Some(EntryRefusal::NotPending);
        }
        if self.timestamp > entry.request.expires_at() {
            return Some(EntryRefusal::Expired);
        }
        if report.executed_at > self.timestamp.saturating_add(self.executed_ahead) {
            return Some(EntryRefusal::ExecutedInFuture);
        }
        if u32::try_from(report.output.len()).map_or(true, |length| length > entry.request.max_output()) {
            return Some(EntryRefusal::Other("OutputTooLong".to_owned()));
        }
        self.bad_signatures(signers)
    }

    /// Whether as many counting workers of distinct operators signed as are asked for, in ascending order.
    fn bad_signatures(&self, signers: &[Option<WorkerAddress>]) -> Option<EntryRefusal> {
        if signers.len() != self.threshold {
            return Some(EntryRefusal::BadSignatures);
        }
        let mut operators = Vec::with_capacity(signers.len());
        let mut previous = None;
        for signer in signers {
            let Some(signer) = signer.filter(|signer| previous.is_none_or(|previous| *signer > previous)) else {
                return Some(EntryRefusal::BadSignatures);
            };
            let Some(operator) = self.operators.get(&signer) else {
                return Some(EntryRefusal::NotRegistered);
            };
            if operators.contains(operator) {
                return Some(EntryRefusal::BadSignatures);
            }
            operators.push(*operator);
            previous = Some(signer);
        }
        None
    }
}

/// Who signed the entry; none for a signature that says nothing.
fn signers(entry: &Entry) -> Vec<Option<WorkerAddress>> {
    let digest = entry.request.report_digest(&entry.report);
    entry.signatures.iter().map(|signature| signer(digest.0, signature)).collect()
}

/// Recovers a signer as the pallet does: `v` is 27 or 28, and `s` is low.
fn signer(digest: [u8; 32], Signature(bytes): &Signature) -> Option<WorkerAddress> {
    let (signature, v) = bytes.split_at(64);
    let parity = match v {
        [27] => RecoveryId::new(false, false),
        [28] => RecoveryId::new(true, false),
        _ => return None,
    };
    let signature = EcdsaSignature::from_slice(signature).ok()?;
    if signature.normalize_s().is_some() {
        return None;
    }
    let key = VerifyingKey::recover_from_prehash(&digest, &signature, parity).ok()?;
    let point = key.to_encoded_point(false);
    let hash = keccak256(point.as_bytes().get(1..)?);
    hash.last_chunk::<20>().map(|address| WorkerAddress(*address))
}
