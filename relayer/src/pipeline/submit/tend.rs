//! Looks after open attempts: what was never sent is sent, what isn't mined is sent again, and what is
//! stuck is replaced.

use super::{
    SubmitStage,
    wallet::{Standing, Troubles, Wallet},
};
use crate::{
    attempt::{AttemptId, OpenAttempt},
    clock::Millis,
    pipeline::{StageError, observe},
    store::Attempted,
};
use futures_util::future::join_all;
use phat_connector::{Acceptance, Account, ChainError, Entry, EntryRefusal, Fees};
use phat_protocol::Amount;
use std::fmt;

/// Why a transaction that isn't mined in time stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum Hold {
    /// More than the operator lets it offer would be needed in its place.
    FeeCap,
    /// It was replaced as often as the operator lets it be.
    Bumps,
}

/// A transaction that stays as it is, though it isn't mined in time, and what waits behind it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Held {
    pub(in crate::pipeline) attempt: AttemptId,
    pub(in crate::pipeline) wallet: Account,
    pub(in crate::pipeline) nonce: u64,
    pub(in crate::pipeline) offered: Fees,
    pub(in crate::pipeline) why: Hold,
}

impl Held {
    fn new(attempt: &OpenAttempt, wallet: &Wallet<'_>, why: Hold) -> Option<Self> {
        let offered = attempt.transactions.last()?.fees;
        Some(Self { attempt: attempt.id, wallet: wallet.account.clone(), nonce: attempt.nonce, offered, why })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wallet, nonce, offered, why, .. } = self;
        write!(
            formatter,
            "nonce {nonce} of wallet {wallet} waits to be mined for {} a unit of gas, ",
            offered.max_fee
        )?;
        formatter.write_str(match why {
            Hold::FeeCap => "which can't be raised any more below the cap",
            Hold::Bumps => "and was replaced as often as it may be",
        })
    }
}

impl SubmitStage {
    /// Looks after the open attempts of the wallets, and answers those that only wait. One attempt's
    /// trouble is not another's, nor that of the reports that wait.
    pub(super) async fn tend_all(&self, wallets: &mut [Wallet<'_>], troubles: &mut Troubles) -> Vec<Held> {
        let tending = wallets.iter().map(|wallet| async {
            let (mut held, mut errors) = (Vec::new(), Vec::new());
            for attempt in &wallet.open {
                match self.tend(attempt, wallet).await {
                    Ok(hold) => held.extend(hold.and_then(|why| Held::new(attempt, wallet, why))),
                    Err(error) => errors.push(error),
                }
            }
            (held, errors)
        });
        let tended = join_all(tending).await;
        let mut all_held = Vec::new();
        for (wallet, (held, errors)) in wallets.iter_mut().zip(tended) {
            all_held.extend(held);
            for error in errors {
                wallet.standing = Standing::Troubled;
                troubles.note(&wallet.account, error);
            }
        }
        all_held
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

    /// Sends what was stored and never sent, or not mined for long, and replaces what is stuck. Answers why
    /// something that should be replaced isn't.
    async fn tend(&self, attempt: &OpenAttempt, wallet: &Wallet<'_>) -> Result<Option<Hold>, StageError> {
        let now = Millis::now(&*self.clock);
        let Some(last) = attempt.transactions.last() else { return Ok(None) };
        if self.sends.contain(&last.hash) || attempt.is_mined() {
            return Ok(None);
        }
        // Only the lowest nonce can be stuck for what it offers: the others wait for it.
        let stuck =
            attempt.nonce == wallet.outlook.mined_nonce && last.prepared_at.after(self.settings.bump_after) <= now;
        let replacement = self.replacement(attempt, wallet, last.fees);
        // Where nobody pays, no offer holds a transaction up, and it holds up none.
        let hold = replacement.err().filter(|_| stuck && !wallet.outlook.is_unsigned);
        if let Ok(fees) = replacement
            && stuck
        {
            return self.replace(attempt, wallet, fees, now).await.map(|()| None);
        }
        if last.broadcast_at.is_some_and(|at| at.after(self.settings.rebroadcast) > now) {
            return Ok(hold);
        }
        // Nothing is sent again for a request that is gone, or that another answered.
        let needless = self.wanted(attempt).await?.len() < attempt.requests.len();
        if let Ok(fees) = replacement
            && needless
        {
            return self.replace(attempt, wallet, fees, now).await.map(|()| None);
        }
        match (self.broadcaster.send(&*wallet.sink, last.hash, &last.raw).await?, replacement) {
            (Acceptance::Underpriced, Ok(fees)) => self.replace(attempt, wallet, fees, now).await.map(|()| None),
            // It stands in nothing's way, so that neither the cap nor the number of bumps matters.
            (Acceptance::Expired, _) => self.replace(attempt, wallet, wallet.outlook.fees, now).await.map(|()| None),
            (Acceptance::Underpriced, Err(_)) | (Acceptance::Pooled | Acceptance::NonceUsed, Ok(_) | Err(_)) => {
                Ok(hold)
            }
        }
    }

    /// What another transaction in the place of the attempt's last would offer: the setting bounds how
    /// often there is another, but not where the last offers less than half of what inclusion costs, for
    /// it would never be mined.
    fn replacement(&self, attempt: &OpenAttempt, wallet: &Wallet<'_>, offered: Fees) -> Result<Fees, Hold> {
        let bumps = u32::try_from(attempt.transactions.len() - 1).unwrap_or(u32::MAX);
        let current = wallet.outlook.fees;
        if bumps >= self.settings.max_bumps && whole(offered.max_fee) >= whole(current.max_fee) / 2 {
            return Err(Hold::Bumps);
        }
        bumped(offered, current, wallet.outlook.fee_cap).ok_or(Hold::FeeCap)
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
    /// report needs it any more. Where the nonce may be left out, the attempt is given up then.
    async fn replace(
        &self,
        attempt: &OpenAttempt,
        wallet: &Wallet<'_>,
        fees: Fees,
        now: Millis,
    ) -> Result<(), StageError> {
        let entries = self.wanted(attempt).await?;
        let prepared = if entries.is_empty() {
            None
        } else {
            match wallet.sink.prepare(&entries, attempt.nonce, fees).await {
                // Every entry would be refused, so the nonce is all that is left to use.
                Err(ChainError::Reverted { .. }) => None,
                prepared => Some(prepared?),
            }
        };
        let prepared = match prepared {
            Some(prepared) => prepared,
            None if wallet.outlook.is_unsigned => return self.give_up(attempt, wallet, now).await,
            None => wallet.sink.prepare_filler(attempt.nonce, fees).await?,
        };
        self.store.add_transaction(attempt.id, &prepared, now).await?;
        observe::replaced(&self.chain.name, prepared.hash, attempt.nonce, entries.is_empty());
        self.broadcaster.send(&*wallet.sink, prepared.hash, &prepared.raw).await?;
        Ok(())
    }

    /// Ends an attempt that no report needs any more, and leaves its nonce out. Should one of its transactions be mined
    /// all the same, after a reorganisation, then the chain tells whom it answered.
    async fn give_up(&self, attempt: &OpenAttempt, wallet: &Wallet<'_>, now: Millis) -> Result<(), StageError> {
        // It may be itself that answered its requests: its receipt tells then.
        if wallet.sink.mined_nonce().await? > attempt.nonce {
            return Ok(());
        }
        self.resolver.store.attempted(attempt.id, &Attempted::Dead, true, now).await?;
        observe::given_up(&self.chain.name, attempt.nonce);
        Ok(())
    }
}

fn whole(amount: Amount) -> u128 {
    amount.to_u128().unwrap_or(u128::MAX)
}

/// Fees that replace a pooled transaction: nodes ask for a tenth more on both parts (go-ethereum's
/// `txpool.pricebump`), so an eighth more is offered, or what inclusion costs now where that is more, but
/// never more than `cap`. None where the cap leaves no room for the tenth.
fn bumped(old: Fees, current: Fees, cap: Option<Amount>) -> Option<Fees> {
    let cap = cap.map_or(u128::MAX, whole);
    let raise = |old: Amount, current: Amount, most: u128| {
        let old = whole(old);
        let least = old.saturating_add(old.div_ceil(10)).saturating_add(u128::from(old == 0));
        let wanted = old.saturating_add(old / 8).saturating_add(1).max(least).max(whole(current)).min(most);
        (wanted >= least).then_some(wanted)
    };
    let max_fee = raise(old.max_fee, current.max_fee, cap)?;
    let max_priority_fee = raise(old.max_priority_fee, current.max_priority_fee, max_fee)?;
    Some(Fees { max_fee: max_fee.into(), max_priority_fee: max_priority_fee.into() })
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
            let (max_fee, priority) = (max_fee.max(priority), priority);
            let old = Fees { max_fee: max_fee.into(), max_priority_fee: priority.into() };
            let current = Fees { max_fee: now.into(), max_priority_fee: now.into() };
            let new = bumped(old, current, None).unwrap();
            for (new, old) in [(new.max_fee, max_fee), (new.max_priority_fee, priority)] {
                let new = new.to_u128().unwrap();
                prop_assert!(new * 10 >= old * 11 && new > old && new >= now);
            }
            prop_assert!(new.max_priority_fee <= new.max_fee);
        }

        #[test]
        fn a_bump_never_goes_over_the_cap_and_there_is_none_only_where_nodes_would_refuse_it(
            max_fee in 1u128..1 << 60, part in 0u128..=100, cap in 1u128..1 << 61,
        ) {
            let priority = max_fee * part / 100;
            let old = Fees { max_fee: max_fee.into(), max_priority_fee: priority.into() };
            match bumped(old, old, Some(cap.into())) {
                Some(new) => {
                    let (new, tip) = (new.max_fee.to_u128().unwrap(), new.max_priority_fee.to_u128().unwrap());
                    prop_assert!(new <= cap && new * 10 >= max_fee * 11 && tip * 10 >= priority * 11 && tip <= new);
                }
                None => prop_assert!(cap * 10 < max_fee * 11 + 10),
            }
        }
    }
}
