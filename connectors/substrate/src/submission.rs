//! Reports that are brought unsigned: the submitter's signature is an argument of the call, and nobody pays.

use crate::{
    Submission as Way, SubstrateChain,
    block::hash_of,
    chain::Inner,
    extrinsic::{RuntimeCall, entries_of},
    peer::Peer,
    runtime::Runtime,
};
use parity_scale_codec::{Compact, Decode, Encode};
use phat_connector::{ChainError, Entry, EntryRefusal, Fees, PreparedTransaction, rpc::CallError};
use phat_protocol::{Digest, keccak256, substrate::Submission};
use rand::{RngCore, rngs::OsRng};
use subxt::{
    SubstrateConfig,
    config::{ClientState, Config, DefaultExtrinsicParamsBuilder, TransactionExtensions, substrate::H256},
    dynamic::Value,
    ext::frame_decode::extrinsics::{best_v5_general_transaction_extension_version, encode_v5_general},
    tx::Signer,
    utils::MultiSignature,
};

/// The call that brings reports.
const CALL: &str = "fulfill_batch_unsigned";
/// The transaction extension that lets such calls in.
const AUTHORIZE: &str = "AuthorizeCall";
/// Why a report is not submitted unsigned that was made for another account.
const PAYS_ANOTHER: &str = "it pays another than who submits it, which is possible in a signed extrinsic alone";
/// The first byte of an extrinsic of version 5 that has extensions and no signature.
const GENERAL: u8 = 0b0100_0101;

/// Whether an extrinsic is one that nobody signs.
pub(crate) fn is_unsigned(raw: &[u8]) -> bool {
    let mut rest = raw;
    Compact::<u32>::decode(&mut rest).is_ok() && rest.first() == Some(&GENERAL)
}

impl SubstrateChain {
    /// Makes an extrinsic that brings those of the entries that the oracle would take now, and that pay the submitter.
    /// One that it would not take would spoil them all. Sends nothing.
    ///
    /// # Errors
    /// `Reverted` where it would take none, or the runtime takes no unsigned submissions.
    pub(crate) async fn bring(&self, entries: &[Entry], nonce: u64) -> Result<PreparedTransaction, ChainError> {
        let entries = &self.taken(entries).await?;
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let (newest, runtime) = tokio::try_join!(peer.header(best), peer.runtime(best))?;
            if !runtime.takes_unsigned() {
                return Err(self.0.no_oracle("it takes no unsigned submissions").into());
            }
            let last_block = newest.number.saturating_add(self.0.mortality);
            let raw = self.brought(&runtime, entries, nonce, last_block).map_err(CallError::Failed)?;
            let cost = peer.cost(&raw, best).await?;
            self.0.gauge.allows(runtime.max_batch()?);
            Ok((raw, cost.weight, runtime.max_weight()?))
        };
        let (raw, weight, most) = self.0.read(None, ask).await?;
        if weight > most {
            return Err(ChainError::Reverted { reason: format!("it weighs {weight}, and blocks take {most}") });
        }
        self.0.gauge.weighs(entries.len(), weight);
        let fees = Fees { max_fee: 0_u128.into(), max_priority_fee: 0_u128.into() };
        Ok(PreparedTransaction { hash: hash_of(&raw), raw, nonce, gas_limit: weight, fees })
    }

    /// Why the oracle would not take each entry from this submitter; none where it would.
    pub(crate) async fn refusals_to(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        let refusals = self.0.refusals_of(entries).await?;
        let pays_another = |entry: &Entry| self.2 == Way::Unsigned && entry.report.payee.0 != self.account();
        let also = |entry: &Entry| pays_another(entry).then(|| EntryRefusal::Other(PAYS_ANOTHER.to_owned()));
        Ok(entries.iter().zip(refusals).map(|(entry, refusal)| refusal.or_else(|| also(entry))).collect())
    }

    /// The entries that the oracle would take from this submitter.
    async fn taken(&self, entries: &[Entry]) -> Result<Vec<Entry>, ChainError> {
        let refusals = self.refusals_to(entries).await?;
        let reason =
            refusals.iter().flatten().next().map_or_else(|| "there is no entry".to_owned(), ToString::to_string);
        let taken = entries.iter().zip(refusals).filter(|(_, refusal)| refusal.is_none());
        let taken: Vec<Entry> = taken.map(|(entry, _)| entry.clone()).collect();
        if taken.is_empty() { Err(ChainError::Reverted { reason }) } else { Ok(taken) }
    }

    fn brought(
        &self,
        runtime: &Runtime,
        entries: &[Entry],
        nonce: u64,
        last_block: u64,
    ) -> Result<Vec<u8>, ChainError> {
        let refused = |error: &dyn std::fmt::Display| ChainError::Reverted { reason: error.to_string() };
        let call = self.0.submission(entries, self, nonce, last_block);
        let metadata = runtime.client.metadata_ref();
        let state = ClientState {
            genesis_hash: H256(self.0.genesis.0),
            spec_version: runtime.version.spec_version,
            transaction_version: runtime.version.transaction_version,
            metadata: runtime.client.metadata(),
        };
        // Nobody signs for an era: how long it is good for is in the submission. Nor does anyone count this nonce: it has
        // no two extrinsics alike, since what was sent is known by its hash.
        let salt = OsRng.next_u32();
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().immortal().nonce(salt.into()).build();
        let extensions =
            <SubstrateConfig as Config>::TransactionExtensions::new(&state, params).map_err(|error| refused(&error))?;
        let types = metadata.types();
        let version = best_v5_general_transaction_extension_version(&extensions, metadata, types)
            .map_err(|error| refused(&error))?;
        let (pallet, name, data) = (call.pallet_name(), call.call_name(), call.call_data());
        encode_v5_general(pallet, name, data, version, &extensions, metadata, types).map_err(|error| refused(&error))
    }
}

impl Inner {
    /// The call that brings the entries, as the submitter vouches for it.
    fn submission(&self, entries: &[Entry], submitter: &SubstrateChain, nonce: u64, last_block: u64) -> RuntimeCall {
        let account = submitter.account();
        let submission = Submission {
            genesis: self.genesis,
            instance: self.instance.clone(),
            submitter: account,
            nonce,
            last_block,
            entries_hash: Digest(keccak256(&encoded(entries))),
        };
        let signature = signature(submitter.1.sign(&submission.digest().0));
        let submission = Value::named_composite([
            ("submitter", Value::from_bytes(account)),
            ("nonce", Value::u128(nonce.into())),
            ("last_block", Value::u128(last_block.into())),
        ]);
        let arguments = [("submission", submission), ("entries", entries_of(entries)), ("signature", signature)];
        self.oracle_call(CALL, arguments.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// The list of entries, as the pallet encodes it.
fn encoded(entries: &[Entry]) -> Vec<u8> {
    let encode = |Entry { report, signatures, .. }: &Entry| {
        let signatures: Vec<[u8; 65]> = signatures.iter().map(|signature| signature.0).collect();
        let told = (report.outcome.number(), report.output.clone(), report.executed_at, report.payee.0);
        (report.request_id.0, told, signatures)
    };
    entries.iter().map(encode).collect::<Vec<_>>().encode()
}

fn signature(signature: MultiSignature) -> Value {
    let (scheme, bytes) = match signature {
        MultiSignature::Ed25519(bytes) => ("Ed25519", bytes.to_vec()),
        MultiSignature::Sr25519(bytes) => ("Sr25519", bytes.to_vec()),
        MultiSignature::Ecdsa(bytes) => ("Ecdsa", bytes.to_vec()),
    };
    Value::unnamed_variant(scheme, [Value::from_bytes(bytes)])
}

impl Runtime {
    /// Whether reports can be brought unsigned: the oracle has the call, the chain lets it in, and transactions go by an
    /// extension that looks at it.
    pub(crate) fn takes_unsigned(&self) -> bool {
        let metadata = self.client.metadata_ref();
        let has_call =
            metadata.pallet_by_name(self.instance()).is_some_and(|pallet| pallet.call_variant_by_name(CALL).is_some());
        let mut extensions = metadata.extrinsic().transaction_extensions_to_use_for_encoding();
        let is_looked_at = extensions.any(|extension| extension.identifier() == AUTHORIZE);
        let priority: Result<Option<u64>, ChainError> = self.oracle_constant("UnsignedPriority");
        has_call && is_looked_at && matches!(priority, Ok(Some(_)))
    }
}
