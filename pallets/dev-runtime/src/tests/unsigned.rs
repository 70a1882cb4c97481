//! Reports that an account without money brings.

use super::chain::{CONTRACT, NOW, answered_to, apply, apply_unsigned, last_request, ready, told};
use crate::{Balances, Runtime, RuntimeCall, System, UNIT};
use codec::Encode;
use frame_support::{assert_ok, dispatch::GetDispatchInfo};
use pallet_phat_oracle::{Call, Entry, Event, RequestId, Submission};
use phat_protocol::{keccak256, substrate};
use sp_core::{Pair, sr25519};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{
    AccountId32, MultiSignature,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

const PAYMENT: u128 = UNIT / 10;

fn key() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[0x77; 32])
}

fn submitter() -> AccountId32 {
    key().public().into()
}

fn ask() -> RequestId {
    let call = Call::request {
        contract_id: CONTRACT,
        min_revision: 0,
        payload: Default::default(),
        max_output: 64,
        expires_at: NOW + 600,
        payment: PAYMENT,
    };
    apply(Alice, RuntimeCall::PhatOracle(call)).expect("valid").expect("asked");
    last_request()
}

fn brought(nonce: u64, entries: Vec<Entry<AccountId32>>) -> RuntimeCall {
    let submission = Submission { submitter: submitter(), nonce, last_block: 64 };
    let signed = substrate::Submission {
        genesis: System::block_hash(0).0.into(),
        instance: "PhatOracle".into(),
        submitter: submission.submitter.clone().into(),
        nonce,
        last_block: submission.last_block,
        entries_hash: keccak256(&entries.encode()).into(),
    };
    let signature = MultiSignature::Sr25519(key().sign(&signed.digest().0));
    let entries = entries.try_into().expect("few");
    RuntimeCall::PhatOracle(Call::fulfill_batch_unsigned { submission, entries, signature })
}

#[test]
fn an_account_without_money_brings_reports_and_is_paid() {
    ready().execute_with(|| {
        let issuance = Balances::total_issuance();
        let request_id = ask();
        let entry = answered_to(submitter(), request_id, 0, b"that", NOW);
        let call = brought(0, vec![entry.clone()]);
        assert_ok!(apply_unsigned(call.clone()).expect("valid"));
        assert_eq!(Balances::free_balance(submitter()), PAYMENT);
        let report = entry.report.clone();
        assert!(told(Event::<Runtime>::RequestFulfilled { request_id, callback_ok: true, report }));
        let again = Err(TransactionValidityError::Invalid(InvalidTransaction::Stale));
        assert_eq!(apply_unsigned(call), again);
        let closed = Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(1)));
        assert_eq!(apply_unsigned(brought(1, vec![entry])), closed);
        // Nobody paid a fee for it, beside who asked.
        assert!(Balances::total_issuance() <= issuance);
        assert_eq!(pallet_phat_oracle::SubmissionNonces::<Runtime>::get(submitter()), 1);
    });
}

#[test]
fn the_look_at_a_submission_is_a_part_of_its_weight() {
    ready().execute_with(|| {
        let call = brought(0, vec![answered_to(submitter(), ask(), 0, b"that", NOW)]);
        let info = call.get_dispatch_info();
        let before = System::block_weight().total();
        assert_ok!(apply_unsigned(call.clone()).expect("valid"));
        let added = System::block_weight().total() - before;
        let look = frame_support::traits::Authorize::weight_of_authorize(&call);
        assert!(added.all_gte(info.call_weight + look), "{added} is less than {} and {look}", info.call_weight);
    });
}

#[test]
fn nothing_else_goes_without_a_signature() {
    ready().execute_with(|| {
        let remark = frame_system::Call::remark { remark: Vec::new() };
        let refused = apply_unsigned(RuntimeCall::System(remark));
        assert_eq!(refused, Err(TransactionValidityError::Invalid(InvalidTransaction::UnknownOrigin)));
        let entry = answered_to(submitter(), ask(), 0, b"that", NOW);
        let Entry { request_id, report, signatures } = entry;
        let refused = apply_unsigned(RuntimeCall::PhatOracle(Call::fulfill { request_id, report, signatures }));
        assert_eq!(refused, Err(TransactionValidityError::Invalid(InvalidTransaction::UnknownOrigin)));
    });
}
