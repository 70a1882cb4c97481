use super::{Check, remedy};
use phat_connector::{Account, ChainError, Fees, Outlook};
use phat_protocol::Amount;

/// Gas that the answer to one request is reckoned at: the share of a batch, and a callback that
/// stores a word or two.
pub(crate) const GAS_OF_AN_ANSWER: u128 = 100_000;

/// What `answers` answers may cost in the smallest unit, at the most that is offered now. What
/// exceeds 128 bits is the most of them.
pub(crate) fn cost(answers: u32, fees: &Fees) -> Amount {
    let per_gas = fees.max_fee.to_u128().unwrap_or(u128::MAX);
    Amount::from(per_gas.saturating_mul(GAS_OF_AN_ANSWER).saturating_mul(u128::from(answers)))
}

/// A wallet: whether it has the `least` that it should, and can pay for the largest batch. One that submits unsigned pays
/// for nothing.
#[must_use]
pub fn wallet(
    chain: &str,
    submitter: &Account,
    balance: &Result<Amount, ChainError>,
    least: Option<Amount>,
    outlook: &Result<Outlook, ChainError>,
    batch: u32,
) -> Check {
    let subject = format!("chain {chain}: wallet");
    let (balance, fees) = match (balance, outlook) {
        (Ok(balance), Ok(outlook)) if outlook.is_unsigned => {
            let finding = format!("{submitter} has {balance}, and needs nothing to submit unsigned");
            return Check::ok(subject, finding);
        }
        (Ok(balance), Ok(outlook)) => (*balance, &outlook.fees),
        (Err(error), _) | (_, Err(error)) => {
            return Check::fail(subject, error.to_string(), remedy::of_chain(chain, error));
        }
    };
    let needed = cost(batch, fees);
    let finding = format!("{submitter} has {balance}; a batch of {batch} may cost {needed} at today's fees");
    let send = format!("send money to {submitter}");
    if balance == Amount::default() {
        Check::fail(subject, format!("{submitter} has no funds"), send)
    } else if let Some(least) = least.filter(|least| balance < *least) {
        Check::warn(subject, format!("{submitter} has {balance}, less than {least}"), send)
    } else if balance < needed {
        Check::warn(subject, finding, send)
    } else {
        Check::ok(subject, finding)
    }
}
