use crate::{Submission, SubstrateChain, peer::Peer, submitter, validity::Validity};
use async_trait::async_trait;
use phat_connector::{
    Acceptance, Account, ChainError, Entry, Fees, Outlook, PreparedTransaction, ReportSink,
    rpc::{CallError, Endpoint},
};
use phat_protocol::{Amount, Payee};
use std::sync::Arc;
use subxt::{dynamic::Value, ext::scale_value::Composite};

/// Codes of polkadot-sdk's `author_…` calls for what a pool answers: it has the extrinsic, or another with its nonce
/// that offers no less (`substrate/client/rpc-api/src/author/error.rs`, `POOL_ALREADY_IMPORTED`,
/// `POOL_TOO_LOW_PRIORITY`).
const ALREADY_IMPORTED: i64 = 1013;
const TOO_LOW_PRIORITY: i64 = 1014;

#[async_trait]
impl ReportSink for SubstrateChain {
    fn submitter(&self) -> Account {
        submitter::account(self.1.address(), self.2)
    }

    fn payee(&self) -> Payee {
        Payee(self.account())
    }

    async fn mined_nonce(&self) -> Result<u64, ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            peer.nonce(&self.submitter(), best).await
        };
        self.0.read(None, ask).await
    }

    async fn balance(&self) -> Result<Amount, ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            Ok(peer.account(&self.account(), best).await?.data.free)
        };
        self.0.read(None, ask).await.map(Amount::from)
    }

    async fn outlook(&self) -> Result<Outlook, ChainError> {
        if self.2 == Submission::Unsigned {
            return self.unsigned_outlook().await;
        }
        let address = self.1.address();
        let ask = |peer: Peer| {
            let address = address.as_str();
            async move {
                let best = peer.best().await?;
                let (account, pending, runtime) = tokio::try_join!(
                    async { peer.account(&self.account(), best).await },
                    async { peer.pooled_nonce(address).await },
                    async { peer.runtime(best).await },
                )?;
                self.0.gauge.allows(runtime.max_batch()?);
                Ok((account.nonce, pending, runtime.max_weight()?))
            }
        };
        let (mined_nonce, pending, gas_limit) = self.0.read(None, ask).await?;
        let tip = self.0.tips.min_tip.unwrap_or_default();
        let tip = self.0.tips.max_tip.map_or(tip, |most| tip.min(most));
        Ok(Outlook {
            mined_nonce,
            pending_nonce: pending.unwrap_or(mined_nonce).max(mined_nonce),
            fees: Fees { max_fee: tip, max_priority_fee: tip },
            fee_cap: self.0.tips.max_tip,
            gas_limit,
            is_unsigned: false,
        })
    }

    fn fitting(&self, entries: &[Entry], gas_limit: u64) -> usize {
        self.0.gauge.fitting(entries, gas_limit)
    }

    async fn prepare(&self, entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        if self.2 == Submission::Unsigned {
            return self.bring(entries, nonce).await;
        }
        let call = self.0.answer(entries)?;
        let (prepared, cost) = self.sign(&call, nonce, fees).await?;
        self.0.gauge.weighs(entries.len(), cost.weight);
        Ok(prepared)
    }

    async fn prepare_filler(&self, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        if self.2 == Submission::Unsigned {
            return Err(ChainError::Reverted { reason: "what is submitted unsigned carries a report".to_owned() });
        }
        let nothing = Composite::Named(vec![("remark".to_owned(), Value::from_bytes([]))]);
        let call = subxt::dynamic::tx("System", "remark", nothing);
        Ok(self.sign(&call, nonce, fees).await?.0)
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<Acceptance, ChainError> {
        match self.0.validity(raw).await? {
            Validity::NonceUsed => return Ok(Acceptance::NonceUsed),
            Validity::Expired => return Ok(Acceptance::Expired),
            Validity::Unpayable => return Err(self.unpayable(raw).await?),
            Validity::Sound => {}
        }
        let raw: Arc<[u8]> = raw.into();
        let send = |endpoint: Endpoint| {
            let (wires, raw) = (Arc::clone(&self.0.wires), Arc::clone(&raw));
            async move { wires.words(&endpoint).await?.submit(&raw).await }
        };
        match self.0.endpoints.broadcast(send).await {
            Ok(()) => Ok(Acceptance::Pooled),
            Err(CallError::Answered(answered)) if answered.error.code == ALREADY_IMPORTED => Ok(Acceptance::Pooled),
            Err(CallError::Answered(answered)) if answered.error.code == TOO_LOW_PRIORITY => {
                Ok(Acceptance::Underpriced)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl SubstrateChain {
    /// What an unsigned submission would meet: it costs nothing, and pools don't tell of others.
    async fn unsigned_outlook(&self) -> Result<Outlook, ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let (nonce, runtime) =
                tokio::try_join!(async { peer.nonce(&self.submitter(), best).await }, peer.runtime(best))?;
            self.0.gauge.allows(runtime.max_batch()?);
            Ok((nonce, runtime.max_weight()?))
        };
        let (mined_nonce, gas_limit) = self.0.read(None, ask).await?;
        let nothing = Amount::default();
        Ok(Outlook {
            mined_nonce,
            pending_nonce: mined_nonce,
            fees: Fees { max_fee: nothing, max_priority_fee: nothing },
            fee_cap: Some(nothing),
            gas_limit,
            is_unsigned: true,
        })
    }

    /// What the account has, and what the extrinsic may cost.
    async fn unpayable(&self, raw: &[u8]) -> Result<ChainError, ChainError> {
        let account = &self.account();
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            tokio::try_join!(peer.account(account, best), peer.cost(raw, best))
        };
        let (account, cost) = self.0.read(None, ask).await?;
        // The tip is in the bytes alone; it is what the account lacks where the fee is not.
        let needed = cost.fee.max(account.data.free.saturating_add(1));
        Ok(self.insufficient(account.data.free, needed))
    }
}
