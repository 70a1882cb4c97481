//! Reports that are brought without a signed extrinsic: their payee vouches for bringing them with a signature of its
//! own, and needs no account that could pay.

use crate::{
    Config, EntryOf, Pallet, Paused, RequestId, Requests, SkipReason, SubmissionNonces, WeightInfo, asking::length,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, dispatch::PostDispatchInfo, ensure, traits::Get, weights::Weight};
use phat_protocol::{Digest, GenesisHash, substrate};
use scale_info::TypeInfo;
use sp_io::hashing::keccak_256;
use sp_runtime::{
    AccountId32, MultiSignature,
    traits::{UniqueSaturatedInto, Verify},
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidityError, TransactionValidityWithRefund,
        ValidTransaction,
    },
};

/// Who brings reports, and which of its submissions it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Submission<AccountId> {
    /// Who signs: the payee of every report.
    pub submitter: AccountId,
    /// The submitter's count of submissions. It is no lower than the next one that the chain expects; numbers that are
    /// left out are lost.
    pub nonce: u64,
    /// The height of the last block that may hold it.
    pub last_block: u64,
}

type SubmissionOf<T> = Submission<<T as frame_system::Config>::AccountId>;

/// Why a submission can't be included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionRefused {
    /// The runtime takes none.
    NotAllowed,
    /// There is no entry, or a request has two.
    Malformed,
    /// Fulfilling is stopped.
    Paused,
    /// The last block that it was for is over.
    Over,
    /// The nonce, or a higher one, was used.
    NonceUsed,
    /// A report pays someone else than who submits it.
    NotPayee,
    /// The submitter did not sign it.
    BadSignature,
    /// A report would not be taken.
    Entry(SkipReason),
}

impl From<SubmissionRefused> for InvalidTransaction {
    /// What is refused because of the state that other transactions change has a number of its own: 0 while the oracle
    /// is paused, and 1 and more for what is wrong with a report, in the order of [`SkipReason`].
    fn from(refused: SubmissionRefused) -> Self {
        match refused {
            SubmissionRefused::NotAllowed | SubmissionRefused::Malformed => Self::Call,
            SubmissionRefused::Paused => Self::Custom(0),
            SubmissionRefused::Over => Self::AncientBirthBlock,
            SubmissionRefused::NonceUsed => Self::Stale,
            SubmissionRefused::NotPayee => Self::BadSigner,
            SubmissionRefused::BadSignature => Self::BadProof,
            SubmissionRefused::Entry(reason) => Self::Custom(reason.number()),
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Whether a submission may be included, and how it relates to others: one for each nonce, in their order.
    pub(crate) fn authorize_submission(
        _: TransactionSource,
        submission: &SubmissionOf<T>,
        entries: &BoundedVec<EntryOf<T>, T::MaxBatch>,
        signature: &MultiSignature,
    ) -> TransactionValidityWithRefund {
        let refused = |refused| TransactionValidityError::Invalid(InvalidTransaction::from(refused));
        Self::check_submission(submission, entries, signature).map_err(refused)?;
        let priority = T::UnsignedPriority::get().unwrap_or_default().saturating_sub(submission.nonce);
        let validity = ValidTransaction::with_tag_prefix(Self::instance())
            .priority(priority)
            .longevity(submission.last_block.saturating_sub(Self::height()))
            .and_provides((&submission.submitter, submission.nonce))
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// Whether every report of a submission would be taken. What costs least is looked at first: anyone can have nodes
    /// look.
    pub(crate) fn check_submission(
        submission: &SubmissionOf<T>,
        entries: &[EntryOf<T>],
        signature: &MultiSignature,
    ) -> Result<(), SubmissionRefused> {
        ensure!(T::UnsignedPriority::get().is_some(), SubmissionRefused::NotAllowed);
        let requests: BTreeSet<&RequestId> = entries.iter().map(|entry| &entry.request_id).collect();
        ensure!(!entries.is_empty() && requests.len() == entries.len(), SubmissionRefused::Malformed);
        let is_payee = |entry: &EntryOf<T>| entry.report.payee == submission.submitter;
        ensure!(entries.iter().all(is_payee), SubmissionRefused::NotPayee);
        ensure!(!Paused::<T>::get(), SubmissionRefused::Paused);
        ensure!(Self::height() <= submission.last_block, SubmissionRefused::Over);
        ensure!(submission.nonce >= SubmissionNonces::<T>::get(&submission.submitter), SubmissionRefused::NonceUsed);
        let submitter = AccountId32::new(submission.submitter.clone().into());
        let digest = Self::submission_digest(submission, entries);
        ensure!(signature.verify(&digest[..], &submitter), SubmissionRefused::BadSignature);
        entries.iter().try_for_each(Self::check_entry).map_err(SubmissionRefused::Entry)
    }

    /// Answers the requests of a submission that was found good, and uses its nonce.
    pub(crate) fn take_submission(submission: &SubmissionOf<T>, entries: Vec<EntryOf<T>>) -> PostDispatchInfo {
        SubmissionNonces::<T>::insert(&submission.submitter, submission.nonce.saturating_add(1));
        let mut info = Self::answer_all(entries);
        info.actual_weight = info.actual_weight.map(|weight| weight.saturating_add(T::WeightInfo::use_nonce()));
        info
    }

    /// What the submitter signs.
    pub(crate) fn submission_digest(submission: &SubmissionOf<T>, entries: &[EntryOf<T>]) -> [u8; 32] {
        let signed = substrate::Submission {
            genesis: GenesisHash(Self::genesis()),
            instance: Self::instance().into(),
            submitter: submission.submitter.clone().into(),
            nonce: submission.nonce,
            last_block: submission.last_block,
            entries_hash: Digest(entries.using_encoded(keccak_256)),
        };
        signed.digest().0
    }

    /// The most that a submission weighs.
    pub(crate) fn submission_weight(entries: &[EntryOf<T>]) -> Weight {
        Self::batch_weight(entries).saturating_add(T::WeightInfo::use_nonce())
    }

    /// The most that it weighs to look at a submission.
    pub(crate) fn authorize_weight(entries: &[EntryOf<T>]) -> Weight {
        entries.iter().fold(Weight::zero(), |weight, entry| {
            let signatures = u32::try_from(entry.signatures.len()).unwrap_or(u32::MAX);
            weight.saturating_add(T::WeightInfo::authorize_submission(signatures, length(&entry.report.output)))
        })
    }

    fn check_entry(entry: &EntryOf<T>) -> Result<(), SkipReason> {
        let request = Requests::<T>::get(entry.request_id).ok_or(SkipReason::NotPending)?;
        Self::check(&request, entry.request_id, &entry.report, &entry.signatures)
    }

    /// The height of the block that is made.
    fn height() -> u64 {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }
}
