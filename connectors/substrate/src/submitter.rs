//! Which count of nonces a submitter's extrinsics use: its account's, or the oracle's of unsigned submissions. They are
//! two accounts to whoever keeps what was sent, so that the one's nonces are never taken for the other's.

use crate::{Submission, peer::Peer};
use phat_connector::{Account, ChainError, rpc::CallError};
use phat_protocol::BlockHash;
use std::str::FromStr;
use subxt::{dynamic::Value, utils::AccountId32};

/// What the name of an account begins with that submits unsigned.
const UNSIGNED: &str = "unsigned:";

/// The name of a submitter with this address.
pub(crate) fn account(address: String, submission: Submission) -> Account {
    match submission {
        Submission::Signed => Account(address),
        Submission::Unsigned => Account(format!("{UNSIGNED}{address}")),
    }
}

/// Whose name that is, and how it submits.
fn of(account: &Account) -> Result<([u8; 32], Submission), ChainError> {
    let (address, submission) = match account.0.strip_prefix(UNSIGNED) {
        Some(address) => (address, Submission::Unsigned),
        None => (account.0.as_str(), Submission::Signed),
    };
    let id = AccountId32::from_str(address).map_err(|error| ChainError::Malformed {
        method: "System.Account".to_owned(),
        cause: format!("{account} is no SS58 address: {error}"),
    })?;
    Ok((id.0, submission))
}

impl Peer {
    /// The lowest nonce that the submitter's next extrinsic may have, in the state of a block.
    pub(crate) async fn nonce(&self, account: &Account, block: BlockHash) -> Result<u64, CallError> {
        let (id, submission) = of(account)?;
        let runtime = self.runtime(block).await?;
        match submission {
            Submission::Signed => Ok(self.account(&id, block).await?.nonce),
            Submission::Unsigned if runtime.takes_unsigned() => {
                let entry = runtime.entry("SubmissionNonces");
                let [stored] = self.values([runtime.key(entry, vec![Value::from_bytes(id)])?], block).await?;
                Ok(runtime.decode_or_default(entry, stored.as_deref())?.unwrap_or_default())
            }
            // Before the runtime took any there was none.
            Submission::Unsigned => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whose_it_is_and_which_nonces_it_uses() {
        let id = AccountId32([7; 32]);
        for submission in [Submission::Signed, Submission::Unsigned] {
            let named = account(id.to_string(), submission);
            assert_eq!(of(&named).unwrap(), (id.0, submission));
        }
        for wrong in ["", "unsigned:", "unsigned:unsigned:5", "0x00"] {
            assert!(matches!(of(&Account(wrong.to_owned())), Err(ChainError::Malformed { .. })), "{wrong}");
        }
    }
}
