use super::mock::*;
use crate::{Error, Event, OnPhatReport, SkipReason, WeightInfo, weights::SubstrateWeight};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{GetDispatchInfo, Pays},
    storage::unhashed,
};

fn batch(entries: Vec<crate::Entry<sp_runtime::AccountId32>>) -> frame_support::dispatch::DispatchResultWithPostInfo {
    PhatOracle::fulfill_batch(RuntimeOrigin::signed(RELAYER), entries.try_into().expect("few"))
}

#[test]
fn a_batch_whose_entries_all_succeed_is_free() {
    test(|| {
        let entries = [ask(ALICE), ask(CONSUMER)].map(|request_id| entry(request_id, report(b"that")));
        let info = batch(entries.into()).expect("taken");
        assert_eq!(info.pays_fee, Pays::No);
        assert_eq!(Balances::free_balance(PAYEE), 2_000);
    });
}

#[test]
fn what_can_not_be_taken_is_passed_over_and_paid_for() {
    test(|| {
        let (good, bad, late) = (ask(ALICE), ask(ALICE), ask(CONSUMER));
        events();
        let mut unsigned = entry(bad, report(b"that"));
        unsigned.signatures = Default::default();
        let entries =
            vec![unsigned, entry(good, report(b"that")), entry(good, report(b"that")), entry(late, report(b"that"))];
        let info = batch(entries).expect("taken");
        assert_eq!(info.pays_fee, Pays::Yes);
        let answered = |request_id| Event::RequestFulfilled { request_id, callback_ok: true, report: report(b"that") };
        let skipped = |request_id, reason| Event::EntrySkipped { request_id, reason };
        let expected = [
            skipped(bad, SkipReason::WrongSignatureCount),
            answered(good),
            skipped(good, SkipReason::NotPending),
            answered(late),
        ];
        assert_eq!(events(), expected);
    });
}

#[test]
fn a_failing_consumer_harms_no_other_entry_and_is_no_failure_of_the_batch() {
    test(|| {
        unhashed::put(FAILS, &());
        let entries = [ask(CONSUMER), ask(ALICE)].map(|request_id| entry(request_id, report(b"that")));
        assert_eq!(batch(entries.into()).expect("taken").pays_fee, Pays::No);
        assert_eq!(Balances::free_balance(PAYEE), 2_000);
    });
}

#[test]
fn an_empty_batch_is_not_for_free() {
    test(|| {
        assert_noop!(batch(Vec::new()).map_err(|refused| refused.error), Error::<Test>::EmptyBatch);
    });
}

#[test]
fn a_batch_weighs_its_entries_with_their_callbacks_and_gives_back_what_was_not_called() {
    test(|| {
        let (good, bad) = (ask(ALICE), [9; 32]);
        let entries = vec![entry(good, report(b"that")), entry(bad, report(b"that"))];
        let alone = SubstrateWeight::<Test>::fulfill(1, 4);
        let called = <Test as crate::Config>::Consumer::weight(4);
        assert_eq!(called.ref_time(), CALLBACK_WEIGHT + 4);
        let call = crate::Call::<Test>::fulfill_batch { entries: entries.clone().try_into().expect("few") };
        assert_eq!(call.get_dispatch_info().call_weight, (alone + called) * 2);
        let info = batch(entries).expect("taken");
        assert_eq!(info.actual_weight, Some(alone * 2 + called));
    });
}

#[test]
fn an_entry_can_not_spoil_those_after_it() {
    test(|| {
        unhashed::put(ASKS_AGAIN, &());
        let entries = [ask(CONSUMER), ask(ALICE)].map(|request_id| entry(request_id, report(b"that")));
        assert_ok!(batch(entries.into()));
        assert_eq!(Balances::free_balance(PAYEE), 2_000);
    });
}
