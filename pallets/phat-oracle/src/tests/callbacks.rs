use super::mock::*;
use crate::{Call, Error, Event, Oracle, RequestState, RequestStatus, Requests};
use frame_support::{assert_noop, assert_ok, storage::unhashed};

#[test]
fn a_failed_callback_is_undone_and_its_answer_kept() {
    test(|| {
        unhashed::put(FAILS, &());
        let request_id = ask(CONSUMER);
        events();
        assert_ok!(fulfil(request_id, report(b"that")));
        assert!(!unhashed::exists(HEARD));
        let event = Event::RequestFulfilled { request_id, callback_ok: false, report: report(b"that") };
        assert_eq!(events(), [event]);
        assert_eq!(Balances::free_balance(PAYEE), 1_000);
        let kept = Requests::<Test>::get(request_id).expect("kept");
        assert_eq!(kept.state, RequestState::CallbackFailed(report(b"that")));
        assert_eq!(PhatOracle::status(&request_id), RequestStatus::CallbackFailed);
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::NotPending);
    });
}

#[test]
fn what_a_failing_consumer_asked_is_undone_with_its_payment() {
    test(|| {
        unhashed::put(FAILS, &());
        unhashed::put(ASKS_AGAIN, &());
        let request_id = ask(CONSUMER);
        assert_ok!(fulfil(request_id, report(b"that")));
        assert_eq!(Requests::<Test>::iter_keys().collect::<Vec<_>>(), [request_id]);
        assert_eq!(Balances::free_balance(CONSUMER), ENDOWMENT - 1_000);
    });
}

#[test]
fn a_consumer_may_ask_again_when_it_is_called() {
    test(|| {
        unhashed::put(ASKS_AGAIN, &());
        let request_id = ask(CONSUMER);
        assert_ok!(fulfil(request_id, report(b"that")));
        let [next] = Requests::<Test>::iter_values().collect::<Vec<_>>().try_into().expect("one request");
        assert_eq!((next.sequence, next.payload.as_slice()), (2, b"again".as_slice()));
    });
}

#[test]
fn a_retry_brings_the_same_answer_once() {
    test(|| {
        unhashed::put(FAILS, &());
        let request_id = ask(CONSUMER);
        assert_ok!(fulfil(request_id, report(b"that")));
        let retry = || call(BOB, Call::retry_callback { request_id });
        assert_noop!(retry(), Error::<Test>::CallbackFailed);

        unhashed::kill(FAILS);
        events();
        at(NOW + 600);
        assert_ok!(retry());
        let heard: Heard = unhashed::get(HEARD).expect("heard");
        assert_eq!(heard, (request_id, 0, b"that".to_vec(), NOW));
        assert_eq!(events(), [Event::CallbackRetried { request_id }]);
        assert_eq!(Balances::free_balance(PAYEE), 1_000);
        assert_noop!(retry(), Error::<Test>::NoFailedCallback);
    });
}

#[test]
fn there_is_no_retry_after_expiry_nor_of_a_pending_request() {
    test(|| {
        let pending = ask(CONSUMER);
        let retry = |request_id| call(BOB, Call::retry_callback { request_id });
        assert_noop!(retry(pending), Error::<Test>::NoFailedCallback);
        unhashed::put(FAILS, &());
        assert_ok!(fulfil(pending, report(b"that")));
        unhashed::kill(FAILS);
        at(NOW + 601);
        assert_noop!(retry(pending), Error::<Test>::Expired);
    });
}
