//! Whether the wallets of a chain can pay.

use super::{
    ApiChain,
    chain::{balances, in_time},
    finding::Finding,
};
use crate::doctor::wallet::cost;
use phat_protocol::Amount;

/// What keeps a chain from submitting: wallets that are all empty, or that can't be asked about.
pub(super) async fn stopped(name: &str, chain: &ApiChain) -> Vec<Finding> {
    let balances = balances(chain).await;
    if balances.iter().any(|(_, balance)| matches!(balance, Ok(balance) if *balance != Amount::default())) {
        return Vec::new();
    }
    let findings = balances.into_iter().map(|(submitter, balance)| match balance {
        Ok(_) => {
            let account = submitter.account();
            let reason = format!("wallet {account} has no funds");
            Finding::stops(reason, format!("send money to {account}; reports wait meanwhile"))
        }
        Err(silence) => Finding::silence(name, &silence),
    });
    findings.collect()
}

/// The wallets that have less than they should, or can't pay for `answers` more answers.
pub(super) async fn low(chain: &ApiChain, answers: u32) -> Vec<Finding> {
    let (balances, outlook) = tokio::join!(balances(chain), in_time(chain.submitters.first().outlook()));
    let needed = outlook.ok().map(|outlook| cost(answers, &outlook.fees));
    let findings = balances.into_iter().filter_map(|(submitter, balance)| {
        let balance = balance.ok()?;
        let account = submitter.account();
        let reason = match (submitter.min_balance, needed) {
            _ if balance == Amount::default() => format!("wallet {account} has no funds"),
            (Some(least), _) if balance < least => format!("wallet {account} has {balance}, less than {least}"),
            (_, Some(needed)) if balance < needed => {
                format!("wallet {account} has {balance}, and {answers} more answers may cost {needed} at today's fees")
            }
            (Some(_) | None, Some(_) | None) => return None,
        };
        Some(Finding::noticed(reason, format!("send money to {account}")))
    });
    findings.collect()
}
