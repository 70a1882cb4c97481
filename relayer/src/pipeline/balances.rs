//! Stage `balances`: tells when a wallet has less than it should, and when it has enough again.

use super::{ChainEnd, Progress, Stage, StageError, observe};
use async_trait::async_trait;
use futures_util::future::join_all;
use phat_connector::Account;
use phat_protocol::Amount;
use std::collections::HashSet;

/// Watches what the wallets of one chain have.
pub struct BalanceStage {
    chain: ChainEnd,
    /// Those that were told of.
    low: HashSet<Account>,
}

impl BalanceStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new(chain: ChainEnd) -> Self {
        Self { chain, low: HashSet::new() }
    }

    /// The wallets that had less than they should when they were looked at last.
    #[must_use]
    pub const fn low(&self) -> &HashSet<Account> {
        &self.low
    }

    fn judge(&mut self, account: Account, balance: Amount, least: Amount) {
        if balance < least {
            if self.low.insert(account.clone()) {
                observe::wallet_low(&self.chain.name, &account, balance, least);
            }
        } else if self.low.remove(&account) {
            observe::wallet_filled(&self.chain.name, &account, balance);
        }
    }
}

#[async_trait]
impl Stage for BalanceStage {
    fn name(&self) -> &'static str {
        "balances"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let submitters = self.chain.submitters.clone();
        let balances = submitters.iter().map(async |submitter| (submitter, submitter.sink.balance().await));
        let mut failed = None;
        for (submitter, balance) in join_all(balances).await {
            match balance {
                Ok(balance) => {
                    // Where nothing is configured, an empty wallet is low all the same.
                    let least = submitter.min_balance.unwrap_or_else(|| Amount::from(1));
                    self.judge(submitter.account(), balance, least);
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(Progress::Idle), |error| Err(error.into()))
    }
}
