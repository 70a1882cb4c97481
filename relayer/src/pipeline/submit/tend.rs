//! Looks after open attempts: what was never sent is sent, what isn't mined is sent again, and what is
//! stuck is replaced.

use super::{
    SubmitStage,
    wallet::{Standing, Troubles, Wallet},
};
use crate::{
    attempt::OpenAttempt,
    clock::Millis,
    pipeline::{StageError, observe},
};
use futures_util::future::join_all;
use phat_connector::{Acceptance, ChainError, Entry, EntryRefusal, Fees};
use phat_protocol::Amount;

impl SubmitStage {
    /// Looks after the open attempts of the wallets. One attempt's trouble is not another's, nor that of
    /// the reports that wait.
    pub(super) async fn tend_all(&self, wallets: &mut [Wallet<'_>], troubles: &mut Troubles) {
        let tending = wallets.iter().map(|wallet| async {
            let mut errors = Vec::new();
            for attempt in &wallet.open {
                errors.extend(self.tend(attempt, wallet).await.err());
            }
            errors
        });
        let errors = join_all(tending).await;
        for (wallet, errors) in wallets.iter_mut().zip(errors) {
            for error in errors {
                wallet.standing = Standing::Troubled;
                troubles.note(&wallet.account, error);
            }
        }
    }

    /// Sends what accounts had sent that submit no more: nothing can be signed for them.
    pub(super) async fn tend_strays(&self, open: &[OpenAttempt], troubles: &mut Troubles) {
        let now = Millis::now(&*self.clock);
        for attempt in open.iter().filter(|attempt| self.chain.submitters.of(&attempt.submitter).is_none()) {
            let Some(last) = attempt.transactions.last() else { continue };
            if attempt.is_mined() || last.broadcast_at.is_some_and(|at| at.after(self.settings.rebroadcast) > now) {
                continue;
            }
            let sink = self.chain.submitters.first();
            if let Err(error) = self.broadcaster.send(&**sink, last.hash, &last.raw).await {
                troubles.note(&attempt.submitter, error);
            }
        }
    }

    /// Sends what was stored and never sent, or not mined for long, and replaces what is stuck.
    async fn tend(&self, attempt: &OpenAttempt, wallet: &Wallet<'_>) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        let Some(last) = attempt.transactions.last() else { return Ok(()) };
        if self.sends.contain(&last.hash) || attempt.is_mined() {
            return Ok(());
        }
        // Only the lowest nonce can be stuck for what it offers: the others wait for it.
        let stuck =
            attempt.nonce == wallet.outlook.mined_nonce && last.prepared_at.after(self.settings.bump_after) <= now;
        let may_replace = self.may_replace(attempt, last.fees, wallet.outlook.fees);
        if stuck && may_replace {
            return self.replace(attempt, wallet, last.fees, now).await;
        }
        if last.broadcast_at.is_some_and(|at| at.after(self.settings.rebroadcast) > now) {
            return Ok(());
        }
        // Nothing is sent again for a request that is gone, or that another answered.
        let needless = self.wanted(attempt).await?.len() < attempt.requests.len();
        if needless && may_replace {
            return self.replace(attempt, wallet, last.fees, now).await;
        }
        match self.broadcaster.send(&*wallet.sink, last.hash, &last.raw).await? {
            Acceptance::Underpriced if may_replace => self.replace(attempt, wallet, last.fees, now).await,
            Acceptance::Pooled | Acceptance::NonceUsed | Acceptance::Underpriced => Ok(()),
        }
    }

    /// Whether another transaction may be signed for the attempt: the setting bounds how often, but
    /// not where the last offers less than half of what inclusion costs, for it would never be mined.
    fn may_replace(&self, attempt: &OpenAttempt, offered: Fees, current: Fees) -> bool {
        let bumps = u32::try_from(attempt.transactions.len() - 1).unwrap_or(u32::MAX);
        let most = |fees: Fees| fees.max_fee.to_u128().unwrap_or(u128::MAX);
        bumps < self.settings.max_bumps || most(offered) < most(current) / 2
    }

    /// The attempt's entries whose requests wait for it still, by the rows and by the oracle's word.
    async fn wanted(&self, attempt: &OpenAttempt) -> Result<Vec<Entry>, StageError> {
        let entries = self.store.entries(attempt.id).await?;
        let refusals = self.chain.status.refusals(&entries).await?;
        let wanted =
            entries.into_iter().zip(refusals).filter(|(_, refusal)| *refusal != Some(EntryRefusal::NotPending));
        Ok(wanted.map(|(entry, _)| entry).collect())
    }

    /// Another transaction with the same nonce: the same reports for more, or nothing when no
    /// report needs it any more.
    async fn replace(
        &self,
        attempt: &OpenAttempt,
        wallet: &Wallet<'_>,
        offered: Fees,
        now: Millis,
    ) -> Result<(), StageError> {
        let fees = bumped(offered, wallet.outlook.fees);
        let entries = self.wanted(attempt).await?;
        let prepared = if entries.is_empty() {
            wallet.sink.prepare_filler(attempt.nonce, fees).await?
        } else {
            match wallet.sink.prepare(&entries, attempt.nonce, fees).await {
                // Every entry would be refused, so the nonce is all that is left to use.
                Err(ChainError::Reverted { .. }) => wallet.sink.prepare_filler(attempt.nonce, fees).await?,
                prepared => prepared?,
            }
        };
        self.store.add_transaction(attempt.id, &prepared, now).await?;
        observe::replaced(&self.chain.name, prepared.hash, attempt.nonce, entries.is_empty());
        self.broadcaster.send(&*wallet.sink, prepared.hash, &prepared.raw).await?;
        Ok(())
    }
}

/// Fees that replace a pooled transaction: nodes ask for a tenth more on both parts (go-ethereum's
/// `txpool.pricebump`), so an eighth more is offered, or what inclusion costs now where that is more.
fn bumped(old: Fees, current: Fees) -> Fees {
    let raise = |amount: Amount, floor: Amount| {
        let old = amount.to_u128().unwrap_or(u128::MAX);
        Amount::from(old.saturating_add(old / 8).saturating_add(1)).max(floor)
    };
    Fees {
        max_fee: raise(old.max_fee, current.max_fee),
        max_priority_fee: raise(old.max_priority_fee, current.max_priority_fee),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bump_offers_a_tenth_more_and_never_less_than_inclusion_costs(
            max_fee in 0u128..1 << 90, priority in 0u128..1 << 90, now in 0u128..1 << 90,
        ) {
            let old = Fees { max_fee: max_fee.into(), max_priority_fee: priority.into() };
            let current = Fees { max_fee: now.into(), max_priority_fee: now.into() };
            let new = bumped(old, current);
            for (new, old) in [(new.max_fee, max_fee), (new.max_priority_fee, priority)] {
                let new = new.to_u128().unwrap();
                prop_assert!(new >= old + old / 10 && new > old && new >= now);
            }
        }
    }
}
