use super::mock::*;
use crate::{Error, Event, Requests, Threshold};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_core::{Pair, ecdsa};

#[test]
fn a_signed_report_is_paid_heard_and_free_of_fees() {
    test(|| {
        let request_id = ask(CONSUMER);
        events();
        let signatures = signed(request_id, &report(b"that"), &[0]);
        let info = PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report(b"that"), signatures);
        let info = info.expect("taken");
        assert_eq!(info.pays_fee, Pays::No);
        assert_eq!(Balances::free_balance(PAYEE), 1_000);
        assert_eq!(Balances::free_balance(CONSUMER), ENDOWMENT - 1_000);
        assert!(!Requests::<Test>::contains_key(request_id));
        let heard: Heard = frame_support::storage::unhashed::get(HEARD).expect("heard");
        assert_eq!(heard, (request_id, 0, b"that".to_vec(), NOW));
        let event = Event::RequestFulfilled { request_id, callback_ok: true, report: report(b"that") };
        assert_eq!(events(), [event]);
    });
}

#[test]
fn an_account_that_no_pallet_asks_from_is_answered_by_the_event_alone() {
    test(|| {
        let request_id = ask(ALICE);
        events();
        assert_ok!(fulfil(request_id, report(b"that")));
        let event = Event::RequestFulfilled { request_id, callback_ok: true, report: report(b"that") };
        assert_eq!(events(), [event]);
        assert!(!frame_support::storage::unhashed::exists(HEARD));
    });
}

#[test]
fn a_request_is_answered_once() {
    test(|| {
        let request_id = ask(ALICE);
        assert_ok!(fulfil(request_id, report(b"that")));
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::NotPending);
        assert_noop!(fulfil([7; 32], report(b"that")), Error::<Test>::NotPending);
    });
}

#[test]
fn an_answer_is_in_time_until_the_last_second() {
    test(|| {
        let (first, second) = (ask(ALICE), ask(ALICE));
        at(NOW + 600);
        assert_ok!(fulfil(first, report(b"that")));
        at(NOW + 601);
        assert_noop!(fulfil(second, report(b"that")), Error::<Test>::Expired);
    });
}

#[test]
fn a_report_from_further_ahead_than_300_s_is_refused() {
    test(|| {
        let request_id = ask(ALICE);
        let mut early = report(b"that");
        early.executed_at = NOW + 301;
        assert_noop!(fulfil(request_id, early.clone()), Error::<Test>::ExecutedInFuture);
        early.executed_at = NOW + 300;
        assert_ok!(fulfil(request_id, early));
    });
}

#[test]
fn an_output_is_no_longer_than_the_request_allows() {
    test(|| {
        let request_id = ask(ALICE);
        assert_noop!(fulfil(request_id, report(&[0; 65])), Error::<Test>::OutputTooLong);
        assert_ok!(fulfil(request_id, report(&[0; 64])));
    });
}

#[test]
fn any_outcome_is_taken_and_paid() {
    test(|| {
        for outcome in [1, 9, 10, 255] {
            let request_id = ask(ALICE);
            let mut failed = report(b"");
            failed.outcome = outcome;
            assert_ok!(fulfil(request_id, failed));
        }
        assert_eq!(Balances::free_balance(PAYEE), 4_000);
    });
}

#[test]
fn exactly_the_threshold_of_signatures_in_ascending_order_is_taken() {
    test(|| {
        Threshold::<Test>::put(2);
        let request_id = ask(ALICE);
        let report = report(b"that");
        let fulfil = |workers: &[usize]| {
            let signatures = signed(request_id, &report, workers);
            PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report.clone(), signatures)
                .map_err(|refused| refused.error)
        };
        assert_noop!(fulfil(&[0]), Error::<Test>::WrongSignatureCount);
        assert_noop!(fulfil(&[0, 1, 2]), Error::<Test>::WrongSignatureCount);
        assert_noop!(fulfil(&[1, 0]), Error::<Test>::SignersNotAscending);
        assert_noop!(fulfil(&[1, 1]), Error::<Test>::SignersNotAscending);
        assert_noop!(fulfil(&[2, 3]), Error::<Test>::UnknownWorker);
        assert_ok!(fulfil(&[0, 2]));
    });
}

#[test]
fn two_workers_of_one_operator_are_one() {
    test(|| {
        Threshold::<Test>::put(2);
        let fourth = registration(&worker(3), OPERATORS[0].clone());
        assert_ok!(PhatOracle::register_worker(RuntimeOrigin::root(), fourth));
        let request_id = ask(ALICE);
        let report = report(b"that");
        let signatures = signed(request_id, &report, &[0, 3]);
        let refused = PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report.clone(), signatures);
        assert_noop!(refused.map_err(|refused| refused.error), Error::<Test>::SameOperator);
        let signatures = signed(request_id, &report, &[1, 3]);
        assert_ok!(PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report, signatures));
    });
}

#[test]
fn a_signature_of_something_else_is_nobodys() {
    test(|| {
        let (request_id, other) = (ask(ALICE), ask(ALICE));
        let mut changed = [report(b"this"), report(b"that"), report(b"that"), report(b"that")];
        changed[1].outcome = 1;
        changed[2].executed_at -= 1;
        changed[3].payee = BOB;
        for changed in changed {
            let signatures = signed(request_id, &report(b"that"), &[0]);
            let refused = PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, changed, signatures);
            assert_noop!(refused.map_err(|refused| refused.error), Error::<Test>::UnknownWorker);
        }
        let signatures = signed(other, &report(b"that"), &[0]);
        let refused = PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report(b"that"), signatures);
        assert_noop!(refused.map_err(|refused| refused.error), Error::<Test>::UnknownWorker);
    });
}

/// n - s, for the order n of secp256k1.
fn mirrored(s: &[u8]) -> [u8; 32] {
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").expect("digits");
    let mut difference = [0; 32];
    let mut borrow = 0;
    for index in (0..32).rev() {
        let digit = i16::from(order[index]) - i16::from(s[index]) - borrow;
        borrow = i16::from(digit < 0);
        difference[index] = u8::try_from(digit.rem_euclid(256)).expect("a byte");
    }
    difference
}

#[test]
fn signatures_have_a_low_s_and_v_of_27_or_28() {
    test(|| {
        let request_id = ask(ALICE);
        let report = report(b"that");
        let digest = PhatOracle::report_digest(&request_id, &report);
        let good = sign(&worker(0), &digest);
        let mut mirror = good;
        mirror[32..64].copy_from_slice(&mirrored(&good[32..64]));
        mirror[64] = 27 + 28 - good[64];
        // The runtime's own recovery takes the mirrored signature for the same worker's.
        let recovered = sp_io::crypto::secp256k1_ecdsa_recover(&mirror, &digest).ok();
        assert_eq!(recovered, sp_io::crypto::secp256k1_ecdsa_recover(&good, &digest).ok());
        let with_v = |v: u8| {
            let mut signature = good;
            signature[64] = v;
            signature
        };
        let bad = [mirror, with_v(good[64] - 27), with_v(29), with_v(30), with_v(255), [0; 65]];
        for signature in bad {
            let refused = PhatOracle::fulfill(
                RuntimeOrigin::signed(RELAYER),
                request_id,
                report.clone(),
                vec![signature].try_into().expect("one"),
            );
            assert_noop!(refused.map_err(|refused| refused.error), Error::<Test>::BadSignature);
        }
    });
}

#[test]
fn a_stranger_may_submit_and_earns_nothing() {
    test(|| {
        let request_id = ask(ALICE);
        let report = report(b"that");
        let signatures = signed(request_id, &report, &[0]);
        assert_ok!(PhatOracle::fulfill(RuntimeOrigin::signed(BOB), request_id, report, signatures));
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        assert_eq!(Balances::free_balance(PAYEE), 1_000);
    });
}

#[test]
fn keys_of_tests_are_the_workers_that_they_say() {
    let expected = ecdsa::Pair::from_seed(&[1; 32]).public();
    assert!((0..4).any(|index| worker(index).public() == expected));
}
