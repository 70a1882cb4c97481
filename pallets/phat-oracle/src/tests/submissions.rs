use super::mock::*;
use crate::{
    Call, Config, Entry, Error, Event, OnPhatReport, Report, RequestId, SkipReason, Submission, SubmissionNonces,
    SubmissionRefused, WeightInfo, weights::SubstrateWeight,
};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
    storage::unhashed,
    traits::Authorize,
};
use frame_system::RawOrigin;
use sp_core::{H256, Pair, ecdsa, ed25519, sr25519};
use sp_runtime::{
    AccountId32, DispatchError, MultiSignature, MultiSigner,
    traits::{Dispatchable, IdentifyAccount},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction},
};

type Sign = Box<dyn Fn(&[u8]) -> MultiSignature>;
type Signing = (Submission<AccountId32>, Vec<Entry<AccountId32>>, MultiSignature);

fn key() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[0x77; 32])
}

fn account(signer: impl Into<MultiSigner>) -> AccountId32 {
    signer.into().into_account()
}

fn submission(nonce: u64) -> Submission<AccountId32> {
    let last_block = u64::from(System::block_number()) + 64;
    Submission { submitter: account(key().public()), nonce, last_block }
}

fn payable_to(payee: AccountId32) -> Report<AccountId32> {
    Report { payee, ..report(b"that") }
}

fn answer(request_id: RequestId) -> Entry<AccountId32> {
    entry(request_id, payable_to(account(key().public())))
}

fn vouched(submission: Submission<AccountId32>, entries: Vec<Entry<AccountId32>>) -> Signing {
    let digest = PhatOracle::submission_digest(&submission, &entries);
    let signature = MultiSignature::Sr25519(key().sign(&digest));
    (submission, entries, signature)
}

fn call((submission, entries, signature): Signing) -> RuntimeCall {
    let entries = entries.try_into().expect("few");
    RuntimeCall::from(Call::fulfill_batch_unsigned { submission, entries, signature })
}

fn valid(signing: Signing) -> Result<ValidTransaction, InvalidTransaction> {
    match call(signing).authorize(TransactionSource::External).expect("a call that nobody signs") {
        Ok((valid, _)) => Ok(valid),
        Err(TransactionValidityError::Invalid(invalid)) => Err(invalid),
        Err(TransactionValidityError::Unknown(unknown)) => panic!("{unknown:?}"),
    }
}

/// As a block takes it.
fn include(signing: Signing) -> Result<DispatchResultWithPostInfo, InvalidTransaction> {
    valid(signing.clone())?;
    Ok(call(signing).dispatch(RawOrigin::Authorized.into()))
}

/// The same, of a nonce and the requests that it answers.
pub(crate) fn submit(nonce: u64, requests: &[RequestId]) -> Result<(), InvalidTransaction> {
    let entries = requests.iter().copied().map(answer).collect();
    let included = include(vouched(submission(nonce), entries))?;
    included.expect("what is valid is taken");
    Ok(())
}

fn refused(reason: SkipReason) -> InvalidTransaction {
    SubmissionRefused::Entry(reason).into()
}

#[test]
fn a_payee_without_an_account_brings_its_reports_and_is_paid() {
    test(|| {
        let payee = account(key().public());
        assert_eq!(Balances::free_balance(&payee), 0);
        let requests = [ask(ALICE), ask(CONSUMER)];
        events();
        assert_ok!(submit(0, &requests));
        assert_eq!(Balances::free_balance(&payee), 2_000);
        let answered = |request_id| Event::RequestFulfilled {
            request_id,
            callback_ok: true,
            report: payable_to(account(key().public())),
        };
        assert_eq!(events(), requests.map(answered));
        assert_eq!(SubmissionNonces::<Test>::get(payee), 1);
    });
}

#[test]
fn keys_of_every_kind_vouch() {
    test(|| {
        let seed = [0x78; 32];
        let (sr25519, ed25519) = (sr25519::Pair::from_seed(&seed), ed25519::Pair::from_seed(&seed));
        let ecdsa = ecdsa::Pair::from_seed(&seed);
        let sign: [(AccountId32, Sign); 3] = [
            (account(sr25519.public()), Box::new(move |digest| MultiSignature::Sr25519(sr25519.sign(digest)))),
            (account(ed25519.public()), Box::new(move |digest| MultiSignature::Ed25519(ed25519.sign(digest)))),
            (account(ecdsa.public()), Box::new(move |digest| MultiSignature::Ecdsa(ecdsa.sign(digest)))),
        ];
        for (submitter, sign) in sign {
            let entries = vec![entry(ask(ALICE), payable_to(submitter.clone()))];
            let submission = Submission { submitter: submitter.clone(), ..submission(0) };
            let digest = PhatOracle::submission_digest(&submission, &entries);
            assert_ok!(include((submission, entries, sign(&digest))).expect("valid"));
            assert_eq!(Balances::free_balance(submitter), 1_000);
        }
    });
}

#[test]
fn a_nonce_is_used_once_and_some_may_be_left_out() {
    test(|| {
        assert_ok!(submit(0, &[ask(ALICE)]));
        assert_eq!(submit(0, &[ask(ALICE)]), Err(InvalidTransaction::Stale));
        assert_ok!(submit(5, &[ask(ALICE)]));
        for used in [1, 4, 5] {
            assert_eq!(submit(used, &[ask(ALICE)]), Err(InvalidTransaction::Stale));
        }
        assert_ok!(submit(6, &[ask(ALICE)]));
    });
}

#[test]
fn what_was_included_is_never_valid_again() {
    test(|| {
        let request_id = ask(ALICE);
        let signing = vouched(submission(3), vec![answer(request_id)]);
        assert_ok!(include(signing.clone()).expect("valid"));
        assert_eq!(valid(signing), Err(InvalidTransaction::Stale));
        assert_eq!(submit(4, &[request_id]), Err(refused(SkipReason::NotPending)));
    });
}

#[test]
fn each_entry_has_to_be_good() {
    test(|| {
        let (good, closed, other) = (ask(ALICE), ask(ALICE), ask(ALICE));
        assert_ok!(fulfil(closed, report(b"that")));
        let refused_with = |bad: Entry<AccountId32>| valid(vouched(submission(0), vec![answer(good), bad]));
        assert_eq!(refused_with(answer(closed)), Err(refused(SkipReason::NotPending)));
        assert_eq!(refused_with(answer([9; 32])), Err(refused(SkipReason::NotPending)));
        let payee = account(key().public());
        let early = Report { executed_at: NOW + 301, ..payable_to(payee.clone()) };
        assert_eq!(refused_with(entry(other, early)), Err(refused(SkipReason::ExecutedInFuture)));
        let long = Report { output: vec![0; 65].try_into().expect("short"), ..payable_to(payee.clone()) };
        assert_eq!(refused_with(entry(other, long)), Err(refused(SkipReason::OutputTooLong)));
        let signed_by = |workers: &[usize]| {
            let report = payable_to(payee.clone());
            Entry { request_id: other, signatures: signed(other, &report, workers), report }
        };
        assert_eq!(refused_with(signed_by(&[])), Err(refused(SkipReason::WrongSignatureCount)));
        assert_eq!(refused_with(signed_by(&[3])), Err(refused(SkipReason::UnknownWorker)));
        let garbled = Entry { signatures: vec![[0; 65]].try_into().expect("one"), ..answer(other) };
        assert_eq!(refused_with(garbled), Err(refused(SkipReason::BadSignature)));
        at(NOW + 601);
        assert_eq!(refused_with(answer(other)), Err(refused(SkipReason::Expired)));
        at(NOW + 600);
        assert_ok!(refused_with(answer(other)));
    });
}

#[test]
fn reasons_have_numbers_of_their_own() {
    assert_eq!(refused(SkipReason::NotPending), InvalidTransaction::Custom(1));
    assert_eq!(refused(SkipReason::SameOperator), InvalidTransaction::Custom(9));
    assert_eq!(InvalidTransaction::from(SubmissionRefused::Paused), InvalidTransaction::Custom(0));
}

#[test]
fn a_batch_answers_each_of_its_requests_once() {
    test(|| {
        let request_id = ask(ALICE);
        assert_eq!(submit(0, &[]), Err(InvalidTransaction::Call));
        assert_eq!(submit(0, &[request_id, ask(ALICE), request_id]), Err(InvalidTransaction::Call));
    });
}

#[test]
fn nobody_brings_what_pays_another() {
    test(|| {
        let (mine, theirs) = (ask(ALICE), ask(ALICE));
        let entries = vec![answer(mine), entry(theirs, report(b"that"))];
        assert_eq!(valid(vouched(submission(0), entries)), Err(InvalidTransaction::BadSigner));
        // As somebody else, with what was seen in a pool.
        let submission = Submission { submitter: ALICE, ..submission(0) };
        assert_eq!(valid(vouched(submission, vec![answer(mine)])), Err(InvalidTransaction::BadSigner));
    });
}

#[test]
fn the_signature_binds_all_of_it() {
    test(|| {
        let (first, second) = (ask(ALICE), ask(ALICE));
        let signing = vouched(submission(0), vec![answer(first), answer(second)]);
        assert_ok!(valid(signing.clone()));
        let mut changed = vec![signing.clone(); 5];
        changed[0].0.nonce += 1;
        changed[1].0.last_block += 1;
        changed[2].1.truncate(1);
        changed[3].1.reverse();
        changed[4].2 = MultiSignature::Sr25519(sr25519::Signature::from_raw([0; 64]));
        for changed in changed {
            assert_eq!(valid(changed), Err(InvalidTransaction::BadProof));
        }
        let other_key = sr25519::Pair::from_seed(&[0x79; 32]);
        let digest = PhatOracle::submission_digest(&signing.0, &signing.1);
        let by_another = MultiSignature::Sr25519(other_key.sign(&digest));
        assert_eq!(valid((signing.0.clone(), signing.1.clone(), by_another)), Err(InvalidTransaction::BadProof));
        // On another chain the workers' signatures are nobody's either: this one is looked at first.
        let genesis = System::block_hash(0);
        frame_system::BlockHash::<Test>::insert(0, H256([7; 32]));
        assert_eq!(valid(signing), Err(InvalidTransaction::BadProof));
        frame_system::BlockHash::<Test>::insert(0, genesis);
    });
}

#[test]
fn a_submission_is_over_after_its_last_block() {
    test(|| {
        let signing = vouched(Submission { last_block: 2, ..submission(0) }, vec![answer(ask(ALICE))]);
        assert_eq!(valid(signing.clone()).map(|valid| valid.longevity), Ok(1));
        next_block();
        assert_eq!(valid(signing.clone()).map(|valid| valid.longevity), Ok(0));
        next_block();
        assert_eq!(valid(signing), Err(InvalidTransaction::AncientBirthBlock));
    });
}

#[test]
fn a_paused_oracle_and_one_that_takes_none_refuse() {
    test(|| {
        let request_id = ask(ALICE);
        assert_ok!(PhatOracle::set_paused(RuntimeOrigin::signed(ADMIN), true));
        assert_eq!(submit(0, &[request_id]), Err(InvalidTransaction::Custom(0)));
        assert_ok!(PhatOracle::set_paused(RuntimeOrigin::signed(ADMIN), false));
        UnsignedPriority::set(None);
        assert_eq!(submit(0, &[request_id]), Err(InvalidTransaction::Call));
        UnsignedPriority::set(Some(0));
        assert_ok!(submit(0, &[request_id]));
    });
}

#[test]
fn only_what_was_looked_at_is_dispatched() {
    test(|| {
        let signing = vouched(submission(0), vec![answer(ask(ALICE))]);
        for origin in [RuntimeOrigin::signed(ALICE), RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let dispatched = call(signing.clone()).dispatch(origin).map_err(|refused| refused.error);
            assert_noop!(dispatched, DispatchError::BadOrigin);
        }
    });
}

#[test]
fn no_other_call_goes_without_a_signature() {
    test(|| {
        let entries = vec![answer(ask(ALICE))].try_into().expect("one");
        let signed = RuntimeCall::from(Call::<Test>::fulfill_batch { entries });
        assert!(signed.authorize(TransactionSource::External).is_none());
        let refused = signed.dispatch(RawOrigin::Authorized.into()).map_err(|refused| refused.error);
        assert_noop!(refused, DispatchError::BadOrigin);
    });
}

#[test]
fn pools_keep_one_for_each_nonce_and_take_them_in_their_order() {
    test(|| {
        let valid = |nonce, request_id| valid(vouched(submission(nonce), vec![answer(request_id)])).expect("valid");
        let (first, second) = (ask(ALICE), ask(ALICE));
        let submissions = [valid(0, first), valid(0, second), valid(1, second), valid(2_000, first)];
        assert_eq!(submissions[0].provides, submissions[1].provides);
        assert_ne!(submissions[0].provides, submissions[2].provides);
        assert_eq!(submissions.each_ref().map(|valid| valid.priority), [1_000, 1_000, 999, 0]);
        assert!(submissions.iter().all(|valid| valid.requires.is_empty() && valid.propagate));
    });
}

#[test]
fn a_failing_consumer_makes_a_submission_no_worse() {
    test(|| {
        unhashed::put(FAILS, &());
        assert_ok!(submit(0, &[ask(CONSUMER), ask(ALICE)]));
        assert_eq!(Balances::free_balance(account(key().public())), 2_000);
    });
}

#[test]
fn a_submission_weighs_its_reports_and_the_look_at_each() {
    test(|| {
        let signing = vouched(submission(0), vec![answer(ask(ALICE)), answer(ask(ALICE))]);
        let each = SubstrateWeight::<Test>::fulfill(1, 4) + <Test as Config>::Consumer::weight(4);
        let whole = each * 2 + SubstrateWeight::<Test>::use_nonce();
        assert_eq!(call(signing.clone()).get_dispatch_info().call_weight, whole);
        assert_eq!(
            call(signing.clone()).weight_of_authorize(),
            SubstrateWeight::<Test>::authorize_submission(1, 4) * 2
        );
        let info = include(signing).expect("valid").expect("taken");
        assert_eq!(info.actual_weight, Some(whole));
    });
}

#[test]
fn a_report_is_taken_once_whichever_way_it_comes() {
    test(|| {
        let (signed, unsigned) = (ask(ALICE), ask(ALICE));
        assert_ok!(fulfil(signed, payable_to(account(key().public()))));
        assert_eq!(submit(0, &[signed]), Err(refused(SkipReason::NotPending)));
        assert_ok!(submit(0, &[unsigned]));
        assert_noop!(fulfil(unsigned, report(b"that")), Error::<Test>::NotPending);
        assert_eq!(Balances::free_balance(account(key().public())), 2_000);
    });
}
