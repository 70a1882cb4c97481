use super::mock::*;
use crate::{Error, Event, Oracle, RequestStatus};
use frame_support::{assert_noop, assert_ok, storage::unhashed};

#[test]
fn an_expired_request_is_refunded_by_anyone_and_its_consumer_hears() {
    test(|| {
        let request_id = ask(CONSUMER);
        let cancel = || PhatOracle::cancel(RuntimeOrigin::signed(BOB), request_id);
        at(NOW + 600);
        assert_noop!(cancel(), Error::<Test>::NotExpired);
        at(NOW + 601);
        events();
        assert_ok!(cancel());
        assert_eq!(Balances::free_balance(CONSUMER), ENDOWMENT);
        assert_eq!(events(), [Event::RequestCancelled { request_id }]);
        assert_eq!(unhashed::get(CLOSED), Some((request_id, true)));
        assert_eq!(PhatOracle::status(&request_id), RequestStatus::Unknown);
        assert_noop!(cancel(), Error::<Test>::NotPending);
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::NotPending);
    });
}

#[test]
fn an_answer_that_was_not_taken_is_forgotten_after_expiry_without_a_refund() {
    test(|| {
        unhashed::put(FAILS, &());
        let request_id = ask(CONSUMER);
        assert_ok!(fulfil(request_id, report(b"that")));
        assert_noop!(PhatOracle::cancel(RuntimeOrigin::signed(BOB), request_id), Error::<Test>::NotExpired);
        at(NOW + 601);
        events();
        assert_ok!(PhatOracle::cancel(RuntimeOrigin::signed(BOB), request_id));
        assert_eq!(events(), [Event::AnswerDropped { request_id }]);
        assert_eq!(unhashed::get(CLOSED), Some((request_id, false)));
        assert_eq!(Balances::free_balance(CONSUMER), ENDOWMENT - 1_000);
    });
}

#[test]
fn an_answered_request_can_not_be_cancelled() {
    test(|| {
        let request_id = ask(ALICE);
        assert_ok!(fulfil(request_id, report(b"that")));
        at(NOW + 601);
        assert_noop!(PhatOracle::cancel(RuntimeOrigin::signed(ALICE), request_id), Error::<Test>::NotPending);
    });
}
