use super::mock::*;
use crate::{Error, Event, HoldReason, NextSequence, Oracle, RequestState, RequestStatus, Requests};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use phat_protocol::{OracleChain, bounds, substrate};
use sp_runtime::TokenError;

fn request(payload: &[u8], max_output: u32, expires_at: u64, payment: u128) -> frame_support::dispatch::DispatchResult {
    let payload = payload.to_vec().try_into().expect("short");
    PhatOracle::request(RuntimeOrigin::signed(ALICE), CONTRACT, 3, payload, max_output, expires_at, payment)
}

#[test]
fn a_request_is_stored_whole_and_its_payment_held() {
    test(|| {
        next_block();
        let parent_hash = System::parent_hash().0;
        assert_ok!(request(b"what?", 64, NOW + 600, 500));

        let identified = substrate::Request {
            genesis: System::block_hash(0).0.into(),
            instance: "PhatOracle".into(),
            sequence: 1,
            parent_hash: parent_hash.into(),
            requester: [1; 32].into(),
            contract_id: CONTRACT.into(),
            min_revision: 3,
            payload_hash: phat_protocol::keccak256(b"what?").into(),
            max_output: 64,
            expires_at: NOW + 600,
            payment: 500,
        };
        let request_id = identified.request_id().0;
        let stored = Requests::<Test>::get(request_id).expect("stored");
        assert_eq!(stored.payload.as_slice(), b"what?");
        assert_eq!((stored.requester, stored.payment, stored.submitted_at), (ALICE, 500, 2));
        assert_eq!(stored.state, RequestState::Pending);
        assert_eq!(Balances::balance_on_hold(&HoldReason::Payment.into(), &ALICE), 500);
        let event = Event::RequestSubmitted {
            request_id,
            contract_id: CONTRACT,
            requester: ALICE,
            sequence: 1,
            parent_hash,
            min_revision: 3,
            payload: b"what?".to_vec().try_into().expect("short"),
            max_output: 64,
            expires_at: NOW + 600,
            payment: 500,
        };
        assert_eq!(events(), [event]);
        assert_eq!(PhatOracle::status(&request_id), RequestStatus::Pending);
    });
}

#[test]
fn equal_questions_have_ids_of_their_own() {
    test(|| {
        let (first, second) = (ask(ALICE), ask(ALICE));
        assert_ne!(first, second);
        assert_eq!(NextSequence::<Test>::get(), 3);
    });
}

#[test]
fn the_price_follows_the_lengths_and_less_is_refused() {
    test(|| {
        assert_eq!(PhatOracle::quote(5, 64), 100 + 5 + 128);
        assert_noop!(request(b"what?", 64, NOW + 600, 232), Error::<Test>::PaymentTooLow);
        assert_ok!(request(b"what?", 64, NOW + 600, 233));
    });
}

#[test]
fn what_the_requester_has_not_is_refused() {
    test(|| {
        let all = ENDOWMENT - EXISTENTIAL_DEPOSIT;
        assert_noop!(request(b"what?", 64, NOW + 600, all + 1), TokenError::FundsUnavailable);
        assert_ok!(request(b"what?", 64, NOW + 600, all));
    });
}

#[test]
fn lifetimes_are_bounded_at_both_ends() {
    test(|| {
        assert_noop!(request(b"", 0, NOW + 59, 500), Error::<Test>::ExpiryOutOfBounds);
        assert_ok!(request(b"", 0, NOW + 60, 500));
        assert_noop!(request(b"", 0, NOW + 24 * 3600 + 1, 500), Error::<Test>::ExpiryOutOfBounds);
        assert_ok!(request(b"", 0, NOW + 24 * 3600, 500));
    });
}

#[test]
fn the_longest_payload_and_output_are_taken_and_more_output_is_not() {
    test(|| {
        let longest = vec![0; 16 * 1024];
        assert_ok!(request(&longest, bounds::MAX_OUTPUT, NOW + 600, 100_000));
        assert_noop!(request(b"", bounds::MAX_OUTPUT + 1, NOW + 600, 100_000), Error::<Test>::MaxOutputTooLarge);
    });
}

#[test]
fn a_pallet_that_asks_in_vain_leaves_nothing() {
    test(|| {
        let refused = <PhatOracle as Oracle<_>>::ask(CONSUMER, question(b"what?"), 1);
        assert_noop!(refused, Error::<Test>::PaymentTooLow);
        assert_eq!(NextSequence::<Test>::get(), 1);
    });
}
