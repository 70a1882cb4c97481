//! Whether an extrinsic can be included, by the runtime's own word (`TaggedTransactionQueue`): what pools answer to a
//! bad one differs between nodes, and says it in words.

use crate::{
    chain::Inner,
    peer::{Peer, scale},
    submission::is_unsigned,
};
use parity_scale_codec::{Decode, Encode};
use phat_connector::{ChainError, rpc::CallError};
use phat_protocol::BlockHash;
use subxt::tx::TransactionInvalid;

const METHOD: &str = "TaggedTransactionQueue_validate_transaction";

/// Where a transaction came from: `TransactionSource::External`.
const EXTERNAL: u8 = 2;

/// What the runtime says of an extrinsic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// Nothing against it.
    Sound,
    /// Its nonce is used.
    NonceUsed,
    /// Its sender can't pay.
    Unpayable,
    /// It was signed for other blocks or another runtime than there are now: its era is over, the block that it was
    /// born in is gone, or the runtime was upgraded. An unsigned one is so too when a report in it isn't taken any more.
    Expired,
}

/// `TransactionValidityError`, as far as it is read.
#[derive(Decode)]
enum Refused {
    Invalid(TransactionInvalid),
    Unknown,
}

impl Inner {
    /// What the runtime at the newest block says of an extrinsic of ours.
    pub(crate) async fn validity(&self, raw: &[u8]) -> Result<Validity, ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            peer.validity(raw, best).await
        };
        self.read(None, ask).await
    }
}

impl Peer {
    async fn validity(&self, raw: &[u8], block: BlockHash) -> Result<Validity, CallError> {
        // A runtime that is asked about an extrinsic that it can't read has no answer: it panics.
        if !self.runtime(block).await?.reads(raw) {
            return Ok(Validity::Expired);
        }
        let mut arguments = vec![EXTERNAL];
        arguments.extend_from_slice(raw);
        block.encode_to(&mut arguments);
        let answer = self.execute(METHOD, arguments, block).await?;
        Ok(read(&answer, is_unsigned(raw))?)
    }
}

fn read(answer: &[u8], is_unsigned: bool) -> Result<Validity, ChainError> {
    let refused = match answer.split_first() {
        Some((0, _)) => return Ok(Validity::Sound),
        Some((1, refused)) => scale::<Refused>(METHOD, refused)?,
        Some(_) | None => {
            let cause = format!("0x{} is no Result", hex::encode(answer));
            return Err(ChainError::Malformed { method: METHOD.to_owned(), cause });
        }
    };
    Ok(match refused {
        Refused::Invalid(TransactionInvalid::Stale) => Validity::NonceUsed,
        Refused::Invalid(TransactionInvalid::Payment) => Validity::Unpayable,
        // What is signed beside the call (the block that the era begins with, the runtime's versions) is not sent, so that
        // a difference there shows as a bad signature. Ours is none.
        Refused::Invalid(TransactionInvalid::BadProof | TransactionInvalid::AncientBirthBlock) => Validity::Expired,
        // The oracle's own numbers: it is paused, or would not take a report.
        Refused::Invalid(TransactionInvalid::Custom(_)) if is_unsigned => Validity::Expired,
        // The pool has its own word on these.
        Refused::Invalid(
            TransactionInvalid::Call
            | TransactionInvalid::Future
            | TransactionInvalid::ExhaustsResources
            | TransactionInvalid::Custom(_)
            | TransactionInvalid::BadMandatory
            | TransactionInvalid::MandatoryValidation
            | TransactionInvalid::BadSigner,
        )
        | Refused::Unknown => Validity::Sound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `sp_runtime::transaction_validity` encodes them.
    #[test]
    fn the_runtime_s_word_is_read() {
        for (answer, expected) in [
            (&[0, 1, 2, 3][..], Validity::Sound),
            (&[1, 0, 1], Validity::Unpayable),
            (&[1, 0, 2], Validity::Sound),
            (&[1, 0, 3], Validity::NonceUsed),
            (&[1, 0, 4], Validity::Expired),
            (&[1, 0, 5], Validity::Expired),
            (&[1, 0, 7, 9], Validity::Sound),
            (&[1, 1, 0], Validity::Sound),
        ] {
            assert_eq!(read(answer, false).unwrap(), expected, "{answer:?}");
        }
        assert_eq!(read(&[1, 0, 7, 1], true).unwrap(), Validity::Expired, "a report that isn't taken");
        for answer in [&[][..], &[2], &[1], &[1, 0]] {
            assert!(matches!(read(answer, false), Err(ChainError::Malformed { .. })), "{answer:?}");
        }
    }
}
