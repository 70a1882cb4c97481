//! Answers: checked, paid, and brought to the consumer.

use crate::{
    Answer, Config, EntryOf, Error, Event, OnPhatReport, Pallet, ReportOf, RequestId, RequestState, Requests,
    Signatures, SkipReason, StoredRequestOf, Threshold, WeightInfo, asking::length,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    dispatch::{DispatchResult, Pays, PostDispatchInfo},
    ensure,
    storage::with_storage_layer,
    traits::Get,
    weights::Weight,
};
use phat_protocol::bounds;
use sp_io::hashing::keccak_256;

impl<T: Config> Pallet<T> {
    /// Answers a request: pays, and calls the consumer once the request is stored as pending no more.
    pub(crate) fn answer(
        request_id: RequestId,
        report: ReportOf<T>,
        signatures: &Signatures,
    ) -> Result<(), SkipReason> {
        let mut request = Requests::<T>::get(request_id).ok_or(SkipReason::NotPending)?;
        Self::check(&request, request_id, &report, signatures)?;

        Requests::<T>::remove(request_id);
        Self::pay(&request.requester, &report.payee, request.payment);
        let callback_ok = Self::call_back(request_id, &request.requester, &report).is_ok();
        if !callback_ok {
            request.state = RequestState::CallbackFailed(report.clone());
            Requests::<T>::insert(request_id, request);
        }
        Self::deposit_event(Event::RequestFulfilled { request_id, callback_ok, report });
        Ok(())
    }

    /// Answers what can be answered. Costs nothing if that is everything.
    pub(crate) fn answer_all(entries: Vec<EntryOf<T>>) -> PostDispatchInfo {
        let mut weight = Weight::zero();
        let mut pays_fee = Pays::No;
        for entry in entries {
            let called = Self::fulfill_weight(&entry.report, &entry.signatures);
            let skipped = T::WeightInfo::fulfill(length_of(&entry.signatures), length(&entry.report.output));
            let request_id = entry.request_id;
            weight = weight.saturating_add(match Self::answer(request_id, entry.report, &entry.signatures) {
                Ok(()) => called,
                Err(reason) => {
                    pays_fee = Pays::Yes;
                    Self::deposit_event(Event::EntrySkipped { request_id, reason });
                    skipped
                }
            });
        }
        PostDispatchInfo { actual_weight: Some(weight), pays_fee }
    }

    /// Calls the consumer again with an answer that it did not take.
    pub(crate) fn retry(request_id: RequestId) -> DispatchResult {
        let request = Requests::<T>::get(request_id).ok_or(Error::<T>::NoFailedCallback)?;
        let RequestState::CallbackFailed(report) = request.state else {
            return Err(Error::<T>::NoFailedCallback.into());
        };
        ensure!(Self::now() <= request.expires_at, Error::<T>::Expired);
        Requests::<T>::remove(request_id);
        Self::call_back(request_id, &request.requester, &report).map_err(|_| Error::<T>::CallbackFailed)?;
        Self::deposit_event(Event::CallbackRetried { request_id });
        Ok(())
    }

    /// The most that a report weighs, its callback included.
    pub(crate) fn fulfill_weight(report: &ReportOf<T>, signatures: &Signatures) -> Weight {
        let output = length(&report.output);
        T::WeightInfo::fulfill(length_of(signatures), output).saturating_add(T::Consumer::weight(output))
    }

    /// The most that a batch weighs.
    pub(crate) fn batch_weight(entries: &[EntryOf<T>]) -> Weight {
        entries.iter().fold(Weight::zero(), |weight, entry| {
            weight.saturating_add(Self::fulfill_weight(&entry.report, &entry.signatures))
        })
    }

    /// What a retry weighs: as much as with the longest output.
    pub(crate) fn retry_weight(_: &RequestId) -> Weight {
        T::WeightInfo::retry_callback(bounds::MAX_OUTPUT).saturating_add(T::Consumer::weight(bounds::MAX_OUTPUT))
    }

    fn call_back(request_id: RequestId, requester: &T::AccountId, report: &ReportOf<T>) -> DispatchResult {
        let answer = Answer {
            request_id,
            requester,
            outcome: report.outcome,
            output: &report.output,
            executed_at: report.executed_at,
        };
        // An account that no pallet asks from hears through the event.
        if !T::Consumer::asks_from(requester) {
            return Ok(());
        }
        with_storage_layer(|| T::Consumer::on_phat_report(&answer))
    }

    /// Whether a report is taken as the answer to a request.
    pub(crate) fn check(
        request: &StoredRequestOf<T>,
        request_id: RequestId,
        report: &ReportOf<T>,
        signatures: &Signatures,
    ) -> Result<(), SkipReason> {
        let now = Self::now();
        ensure!(request.is_pending(), SkipReason::NotPending);
        ensure!(now <= request.expires_at, SkipReason::Expired);
        ensure!(report.executed_at <= now.saturating_add(T::MaxExecutedAhead::get()), SkipReason::ExecutedInFuture);
        ensure!(length(&report.output) <= request.max_output, SkipReason::OutputTooLong);
        Self::check_signatures(request_id, report, signatures)
    }

    /// What workers sign to answer a request. The outcome is any byte: chains don't judge it.
    pub(crate) fn report_digest(request_id: &RequestId, report: &ReportOf<T>) -> [u8; 32] {
        let payee: [u8; 32] = report.payee.clone().into();
        let mut message = b"phat-report/v1".to_vec();
        let signed = (Self::instance(), request_id, report.outcome, &report.output, report.executed_at, payee);
        (Self::genesis(), signed).encode_to(&mut message);
        keccak_256(&message)
    }

    /// Whether exactly the threshold's number of workers that count, of distinct operators, signed.
    fn check_signatures(
        request_id: RequestId,
        report: &ReportOf<T>,
        signatures: &Signatures,
    ) -> Result<(), SkipReason> {
        ensure!(length_of(signatures) == Threshold::<T>::get(), SkipReason::WrongSignatureCount);
        let digest = Self::report_digest(&request_id, report);
        let mut operators: Vec<T::AccountId> = Vec::with_capacity(signatures.len());
        let mut previous = None;
        for signature in signatures {
            let signer = crate::signature::signer(signature, &digest).ok_or(SkipReason::BadSignature)?;
            ensure!(previous < Some(signer), SkipReason::SignersNotAscending);
            previous = Some(signer);
            let operator = Self::operator_of(&signer).ok_or(SkipReason::UnknownWorker)?;
            ensure!(!operators.contains(&operator), SkipReason::SameOperator);
            operators.push(operator);
        }
        Ok(())
    }
}

/// How many signatures there are.
fn length_of(signatures: &Signatures) -> u32 {
    u32::try_from(signatures.len()).unwrap_or(u32::MAX)
}
