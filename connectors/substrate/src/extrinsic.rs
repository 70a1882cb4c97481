//! Signed extrinsics: mortal, with a nonce and a tip of the caller's choice.

use crate::{
    SubstrateChain,
    block::hash_of,
    chain::Inner,
    peer::{Peer, scale},
    runtime::Runtime,
};
use parity_scale_codec::{Compact, Encode};
use phat_connector::{Account, BlockRef, ChainError, Entry, Fees, PreparedTransaction, rpc::CallError};
use phat_protocol::{Amount, BlockHash};
use std::sync::Arc;
use subxt::{
    SubstrateConfig,
    config::{DefaultExtrinsicParamsBuilder, substrate::H256},
    dynamic::Value,
    ext::scale_value::Composite,
    tx::DynamicPayload,
};

/// A call of the runtime.
pub(crate) type RuntimeCall = DynamicPayload<Composite<()>>;

/// Where an extrinsic is signed: the block that its era begins with, the newest one, and the runtime there.
pub(crate) struct Ground {
    birth: BlockRef,
    best: BlockHash,
    runtime: Arc<Runtime>,
}

/// What the runtime says of an extrinsic before it is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// The reference time of its weight, in picoseconds.
    pub(crate) weight: u64,
    /// What it costs without its tip, smallest unit.
    pub(crate) fee: u128,
}

impl Inner {
    /// Where an extrinsic is to be signed now. The era begins with the newest block that is final, which no
    /// reorganisation replaces, unless that is far behind.
    pub(crate) async fn ground(&self, peer: &Peer) -> Result<Ground, CallError> {
        let (best, finalized) = tokio::try_join!(peer.best(), peer.finalized())?;
        let (newest, last) = tokio::try_join!(peer.header(best), peer.header(finalized))?;
        let is_near = newest.number.saturating_sub(last.number) <= self.mortality / 4;
        let birth = if is_near && last.number <= newest.number {
            BlockRef { number: last.number, hash: finalized }
        } else {
            BlockRef { number: newest.number, hash: best }
        };
        Ok(Ground { birth, best, runtime: peer.runtime(best).await? })
    }

    /// The call that answers the entries: each that can't be taken is passed over with an event that says why.
    pub(crate) fn answer(&self, entries: &[Entry]) -> Result<RuntimeCall, ChainError> {
        if entries.is_empty() {
            return Err(ChainError::Reverted { reason: "there is no entry".to_owned() });
        }
        entries.iter().try_for_each(|entry| self.belongs(entry))?;
        Ok(self.oracle_call("fulfill_batch", vec![("entries".to_owned(), entries_of(entries))]))
    }

    /// A call of the oracle.
    pub(crate) fn oracle_call(&self, name: &str, arguments: Vec<(String, Value)>) -> RuntimeCall {
        subxt::dynamic::tx(self.instance.clone(), name.to_owned(), Composite::Named(arguments))
    }
}

/// Entries, as the oracle's calls take them.
pub(crate) fn entries_of(entries: &[Entry]) -> Value {
    Value::unnamed_composite(entries.iter().map(value))
}

fn value(Entry { report, signatures, .. }: &Entry) -> Value {
    let signatures = Value::unnamed_composite(signatures.iter().map(|signature| Value::from_bytes(signature.0)));
    Value::named_composite([
        ("request_id", Value::from_bytes(report.request_id.0)),
        (
            "report",
            Value::named_composite([
                ("outcome", Value::u128(report.outcome.number().into())),
                ("output", Value::from_bytes(&report.output)),
                ("executed_at", Value::u128(report.executed_at.into())),
                ("payee", Value::from_bytes(report.payee.0)),
            ]),
        ),
        ("signatures", signatures),
    ])
}

impl SubstrateChain {
    /// Signs a call, and sees what it costs and whether the account can pay that. Sends nothing.
    ///
    /// # Errors
    /// `Reverted` where the runtime doesn't have the call, `InsufficientFunds` where the account can't pay.
    pub(crate) async fn sign(
        &self,
        call: &RuntimeCall,
        nonce: u64,
        fees: Fees,
    ) -> Result<(PreparedTransaction, Cost), ChainError> {
        let account = &self.account();
        let ask = |peer: Peer| async move {
            let ground = self.0.ground(&peer).await?;
            let raw = self.signed(&ground, call, nonce, tip(fees)).map_err(CallError::Failed)?;
            let (cost, account) = tokio::try_join!(peer.cost(&raw, ground.best), peer.account(account, ground.best))?;
            self.0.gauge.allows(ground.runtime.max_batch()?);
            Ok((raw, cost, account.data.free, ground.runtime.max_weight()?))
        };
        let (raw, cost, balance, most) = self.0.read(None, ask).await?;
        if cost.weight > most {
            return Err(ChainError::Reverted { reason: format!("it weighs {}, and blocks take {most}", cost.weight) });
        }
        let needed = cost.fee.saturating_add(tip(fees));
        if balance < needed {
            return Err(self.insufficient(balance, needed));
        }
        let hash = hash_of(&raw);
        Ok((PreparedTransaction { hash, raw, nonce, gas_limit: cost.weight, fees }, cost))
    }

    fn signed(&self, ground: &Ground, call: &RuntimeCall, nonce: u64, tip: u128) -> Result<Vec<u8>, ChainError> {
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .mortal_from_unchecked(self.0.mortality, ground.birth.number, H256(ground.birth.hash.0))
            .nonce(nonce)
            .tip(tip)
            .build();
        let refused = |error: subxt::error::ExtrinsicError| ChainError::Reverted { reason: error.to_string() };
        let mut signable = ground.runtime.client.tx().create_signable_offline(call, params).map_err(refused)?;
        Ok(signable.sign(&self.1).map_err(refused)?.into_encoded())
    }

    /// The account holds less than an extrinsic may cost.
    pub(crate) fn insufficient(&self, balance: u128, needed: u128) -> ChainError {
        ChainError::InsufficientFunds {
            account: Account(self.1.address()),
            balance: Amount::from(balance),
            needed: Amount::from(needed),
        }
    }
}

/// What is offered for the whole extrinsic.
pub(crate) fn tip(fees: Fees) -> u128 {
    fees.max_priority_fee.to_u128().unwrap_or(u128::MAX)
}

impl Peer {
    /// What an extrinsic weighs and costs, where the runtime tells (`TransactionPaymentApi`); nothing where it has no
    /// such word.
    pub(crate) async fn cost(&self, raw: &[u8], block: BlockHash) -> Result<Cost, CallError> {
        const METHOD: &str = "TransactionPaymentApi_query_info";
        let mut arguments = raw.to_vec();
        u32::try_from(raw.len()).unwrap_or(u32::MAX).encode_to(&mut arguments);
        let answer = match self.execute(METHOD, arguments, block).await {
            Ok(answer) => answer,
            Err(CallError::Answered(_)) => return Ok(Cost::default()),
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error),
        };
        // `RuntimeDispatchInfo`: weight in two parts, class, fee.
        let (Compact(weight), Compact(_proof), _class, fee): (Compact<u64>, Compact<u64>, u8, u128) =
            scale(METHOD, &answer)?;
        Ok(Cost { weight, fee })
    }
}
