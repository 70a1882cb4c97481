//! The accounts that submit, as a step meets them: each has its own nonces and its own troubles, and
//! one that is in trouble is passed over while another is well.

use super::{SubmitStage, tend::Held};
use crate::{
    attempt::OpenAttempt,
    clock::Millis,
    pipeline::{RetrySettings, StageError, observe},
};
use futures_util::future::join_all;
use phat_connector::{Account, Outlook, ReportSink};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How much is to be hoped of a wallet; what is more comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Nothing is known against it.
    Well,
    /// Its lowest nonce waits for longer than it should, and all that it sends waits with that.
    Stuck,
    /// What it was last asked for failed.
    Troubled,
}

/// One account that submits, as one step meets it.
pub(super) struct Wallet<'a> {
    pub(super) sink: Arc<dyn ReportSink>,
    pub(super) account: Account,
    /// Its open attempts, by nonce.
    pub(super) open: Vec<&'a OpenAttempt>,
    pub(super) outlook: Outlook,
    /// Whether the transaction with the lowest nonce, which isn't one of ours, had its time.
    pub(super) claims_lowest: bool,
    pub(super) standing: Standing,
}

impl Wallet<'_> {
    /// Attempts that wait to be mined.
    pub(super) fn waiting(&self) -> usize {
        let mined_nonce = self.outlook.mined_nonce;
        self.open.iter().filter(|attempt| attempt.nonce >= mined_nonce && !attempt.is_mined()).count()
    }

    /// The nonces that a new attempt may use, from the lowest on: the gaps, then what follows.
    pub(super) fn free_nonces(&self) -> impl Iterator<Item = u64> + use<> {
        let Outlook { mined_nonce, pending_nonce, is_unsigned, .. } = self.outlook;
        // A gap would be lost by the time that it is used: what is above it may be mined first.
        let after_last = self.open.last().map_or(0, |last| last.nonce.saturating_add(1));
        let mined_nonce = if is_unsigned { mined_nonce.max(after_last) } else { mined_nonce };
        let used = self.open.iter().map(|attempt| attempt.nonce).collect();
        free_nonces(used, mined_nonce, pending_nonce, self.claims_lowest)
    }

    /// A nonce that nothing will use, and without which those above it can't be mined.
    pub(super) fn gap(&self) -> Option<u64> {
        if self.outlook.is_unsigned {
            return None;
        }
        let last = self.open.last()?.nonce;
        self.free_nonces().next().filter(|free| *free < last)
    }

    /// Whether the pool holds a transaction with the lowest nonce that is none of ours.
    pub(super) fn meets_stranger(&self) -> bool {
        let Outlook { mined_nonce, pending_nonce, .. } = self.outlook;
        mined_nonce < pending_nonce && self.open.iter().all(|attempt| attempt.nonce != mined_nonce)
    }

    /// Whether the transaction that all others wait for should have been mined by now.
    fn is_stuck(&self, bump_after: Duration, now: Millis) -> bool {
        let lowest = self.open.iter().find(|attempt| attempt.nonce == self.outlook.mined_nonce);
        let first = lowest.filter(|attempt| !attempt.is_mined()).and_then(|attempt| attempt.transactions.first());
        first.is_some_and(|first| first.prepared_at.after(bump_after) <= now)
    }
}

/// What is remembered of wallets between steps. What is lost is found out again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    rests: HashMap<Account, Rest>,
    /// The lowest nonce of each wallet that a stranger's pooled transaction has, and since when.
    strangers: HashMap<Account, (u64, Millis)>,
    /// The transactions that only wait.
    held: Vec<Held>,
}

#[derive(Debug)]
struct Rest {
    until: Millis,
    tries: u32,
}

impl Memory {
    /// Whether the wallet is left alone for now.
    fn is_resting(&self, account: &Account, now: Millis) -> bool {
        self.rests.get(account).is_some_and(|rest| now < rest.until)
    }

    /// Leaves the wallet alone, for longer each time. Answers for how long.
    fn rest(&mut self, account: &Account, retry: RetrySettings, now: Millis) -> Duration {
        let tries = self.rests.get(account).map_or(0, |rest| rest.tries);
        let wait = retry.after_tries(tries);
        self.rests.insert(account.clone(), Rest { until: now.after(wait), tries: tries.saturating_add(1) });
        wait
    }

    /// Whether it is known that the transaction waits.
    pub(super) fn holds(&self, held: &Held) -> bool {
        self.held.iter().any(|known| known.attempt == held.attempt && known.why == held.why)
    }

    /// Remembers those that wait now; answers those that do so no more.
    pub(super) fn hold(&mut self, held: Vec<Held>) -> Vec<Held> {
        let before = std::mem::replace(&mut self.held, held);
        before.into_iter().filter(|before| self.held.iter().all(|now| now.attempt != before.attempt)).collect()
    }

    /// Whether the stranger's transaction that the wallet meets has had its time to be mined.
    fn claims(&mut self, wallet: &Wallet<'_>, bump_after: Duration, now: Millis) -> bool {
        if !wallet.meets_stranger() {
            self.strangers.remove(&wallet.account);
            return false;
        }
        let lowest = wallet.outlook.mined_nonce;
        let met = self.strangers.entry(wallet.account.clone()).or_insert((lowest, now));
        if met.0 != lowest {
            *met = (lowest, now);
        }
        met.1.after(bump_after) <= now
    }
}

/// What went wrong with wallets in one step.
#[derive(Default)]
pub(super) struct Troubles {
    /// By the wallet that they are of; there is no other way that they could matter to.
    pub(super) of_wallets: Vec<(Account, StageError)>,
    /// What concerns the whole step.
    pub(super) of_step: Option<StageError>,
}

impl Troubles {
    /// Notes what happened to a wallet. What the database says concerns the whole step.
    pub(super) fn note(&mut self, account: &Account, error: StageError) {
        match error {
            StageError::Chain(_) => self.of_wallets.push((account.clone(), error)),
            StageError::Store(_) | StageError::Enclave(_) => {
                self.of_step.get_or_insert(error);
            }
        }
    }

    fn concern(&self, account: &Account) -> bool {
        self.of_wallets.iter().any(|(troubled, _)| troubled == account)
    }
}

impl SubmitStage {
    /// The wallets that this step works with: those that don't rest, or all where all do.
    pub(super) async fn meet<'a>(&mut self, open: &'a [OpenAttempt], troubles: &mut Troubles) -> Vec<Wallet<'a>> {
        let now = Millis::now(&*self.clock);
        let all: Vec<Arc<dyn ReportSink>> =
            self.chain.submitters.iter().map(|submitter| submitter.sink.clone()).collect();
        let awake: Vec<Arc<dyn ReportSink>> =
            all.iter().filter(|sink| !self.memory.is_resting(&sink.submitter(), now)).cloned().collect();
        let met = if awake.is_empty() { all } else { awake };
        let outlooks = join_all(met.iter().map(|sink| sink.outlook())).await;
        let mut wallets = Vec::with_capacity(met.len());
        for (sink, outlook) in met.into_iter().zip(outlooks) {
            let account = sink.submitter();
            let outlook = match outlook {
                Ok(outlook) => outlook,
                Err(error) => {
                    troubles.note(&account, error.into());
                    continue;
                }
            };
            let open = open.iter().filter(|attempt| attempt.submitter == account).collect();
            let mut wallet = Wallet { sink, account, open, outlook, claims_lowest: false, standing: Standing::Well };
            wallet.claims_lowest = self.memory.claims(&wallet, self.settings.bump_after, now);
            if wallet.meets_stranger() || wallet.is_stuck(self.settings.bump_after, now) {
                wallet.standing = Standing::Stuck;
            }
            wallets.push(wallet);
        }
        wallets
    }

    /// Has the wallets rest that something went wrong with. What went wrong is the step's own trouble
    /// only where it went wrong with all that it met.
    pub(super) fn judge(&mut self, met: &[Account], troubles: Troubles) -> Result<(), StageError> {
        let now = Millis::now(&*self.clock);
        for account in met.iter().filter(|account| !troubles.concern(account)) {
            self.memory.rests.remove(account);
        }
        let Troubles { of_wallets, of_step } = troubles;
        let all = met.iter().all(|account| of_wallets.iter().any(|(troubled, _)| troubled == account));
        let mut first = of_step;
        for (account, error) in of_wallets {
            if !self.memory.is_resting(&account, now) {
                let wait = self.memory.rest(&account, self.settings.retry, now);
                if self.chain.submitters.count() > 1 {
                    observe::passed_over(&self.chain.name, &account, &error, wait);
                }
            }
            if all {
                first.get_or_insert(error);
            }
        }
        first.map_or(Ok(()), Err)
    }
}

/// The nonces from `mined` on that nothing uses: no open attempt of ours (`used`, by nonce), and no
/// transaction of a stranger in the pool, whose nonces end before `pending`. The lowest is free though
/// a stranger has it when it is to be taken away from them.
fn free_nonces(mut used: Vec<u64>, mined: u64, pending: u64, claims_lowest: bool) -> impl Iterator<Item = u64> + use<> {
    used.retain(|nonce| *nonce >= mined);
    let from_strangers = move |nonce: u64| nonce < pending && !(claims_lowest && nonce == mined);
    let mut at = 0;
    (mined..=u64::MAX).filter(move |nonce| {
        // By nonce, so that one pass is enough.
        while used.get(at).is_some_and(|used| used < nonce) {
            at += 1;
        }
        used.get(at) != Some(nonce) && !from_strangers(*nonce)
    })
}

/// Shares `batches` out among wallets that have room for so many: one after the other, to the one with
/// the fewest that wait first. Answers how many each gets.
pub(super) fn shares(waiting: &[usize], rooms: &[usize], batches: usize) -> Vec<usize> {
    let mut shares = vec![0; waiting.len()];
    for _ in 0..batches {
        let next = (0..waiting.len()).filter(|at| shares[*at] < rooms[*at]).min_by_key(|at| waiting[*at] + shares[*at]);
        let Some(next) = next else { break };
        shares[next] += 1;
    }
    shares
}

#[cfg(test)]
mod tests;
