use super::mock::*;
use crate::{Error, Event, MAX_THRESHOLD, MAX_WORKERS_PER_OPERATOR, Prices, Threshold};
use frame_support::{assert_noop, assert_ok, storage::unhashed};
use sp_runtime::DispatchError::BadOrigin;

#[test]
fn raising_the_threshold_is_the_admins_and_lowering_it_an_addition() {
    test(|| {
        assert_ok!(PhatOracle::set_threshold(RuntimeOrigin::signed(ADMIN), 3));
        assert_noop!(PhatOracle::set_threshold(RuntimeOrigin::signed(ADMIN), 2), BadOrigin);
        assert_ok!(PhatOracle::set_threshold(RuntimeOrigin::root(), 2));
        assert_eq!(Threshold::<Test>::get(), 2);
        assert_noop!(PhatOracle::set_threshold(RuntimeOrigin::root(), 0), Error::<Test>::InvalidSetting);
        let above = MAX_THRESHOLD + 1;
        assert_noop!(PhatOracle::set_threshold(RuntimeOrigin::signed(ADMIN), above), Error::<Test>::InvalidSetting);
    });
}

#[test]
fn lifetimes_stay_between_a_minute_and_thirty_days() {
    test(|| {
        let set = |min, max| PhatOracle::set_lifetimes(RuntimeOrigin::signed(ADMIN), min, max);
        let month = 30 * 24 * 3600;
        assert_noop!(set(59, 600), Error::<Test>::InvalidSetting);
        assert_noop!(set(600, 599), Error::<Test>::InvalidSetting);
        assert_noop!(set(60, month + 1), Error::<Test>::InvalidSetting);
        assert_ok!(set(60, 60));
        assert_ok!(set(60, month));
        assert_noop!(PhatOracle::set_lifetimes(RuntimeOrigin::signed(ALICE), 60, 600), BadOrigin);
    });
}

#[test]
fn more_workers_and_longer_registrations_are_additions() {
    test(|| {
        let admin = || RuntimeOrigin::signed(ADMIN);
        assert_noop!(PhatOracle::set_max_workers_per_operator(admin(), 3), BadOrigin);
        assert_ok!(PhatOracle::set_max_workers_per_operator(RuntimeOrigin::root(), 3));
        assert_ok!(PhatOracle::set_max_workers_per_operator(admin(), 1));
        let above = MAX_WORKERS_PER_OPERATOR + 1;
        let refused = PhatOracle::set_max_workers_per_operator(RuntimeOrigin::root(), above);
        assert_noop!(refused, Error::<Test>::InvalidSetting);

        let month = 30 * 24 * 3600;
        assert_noop!(PhatOracle::set_registration_validity(admin(), month + 1), BadOrigin);
        assert_ok!(PhatOracle::set_registration_validity(RuntimeOrigin::root(), month + 1));
        assert_ok!(PhatOracle::set_registration_validity(admin(), 1));
        assert_noop!(PhatOracle::set_registration_validity(admin(), 0), Error::<Test>::InvalidSetting);
        let refused = PhatOracle::set_registration_validity(RuntimeOrigin::root(), 366 * 24 * 3600);
        assert_noop!(refused, Error::<Test>::InvalidSetting);
    });
}

#[test]
fn a_pair_is_allowed_as_an_addition_and_disallowed_at_once() {
    test(|| {
        assert_noop!(PhatOracle::allow_pair(RuntimeOrigin::signed(ADMIN), [1; 32], [2; 32]), BadOrigin);
        assert_noop!(PhatOracle::disallow_pair(RuntimeOrigin::signed(ALICE), [1; 32], [2; 32]), BadOrigin);
        assert_ok!(PhatOracle::disallow_pair(RuntimeOrigin::signed(ADMIN), MEASUREMENT, CONFIG_HASH));
        assert_eq!(events(), [Event::PairDisallowed { measurement: MEASUREMENT, config_hash: CONFIG_HASH }]);
    });
}

#[test]
fn a_pause_stops_asking_fulfilling_and_retrying_alone() {
    test(|| {
        let pending = ask(CONSUMER);
        let failed = ask(CONSUMER);
        unhashed::put(FAILS, &());
        assert_ok!(fulfil(failed, report(b"that")));
        assert_ok!(PhatOracle::set_paused(RuntimeOrigin::signed(ADMIN), true));

        let asked = PhatOracle::submit(ALICE, question(b"what?"), 1_000);
        assert_noop!(asked, Error::<Test>::Paused);
        assert_noop!(fulfil(pending, report(b"that")), Error::<Test>::Paused);
        let entries = vec![entry(pending, report(b"that"))].try_into().expect("few");
        let batched = PhatOracle::fulfill_batch(RuntimeOrigin::signed(RELAYER), entries);
        assert_noop!(batched.map_err(|refused| refused.error), Error::<Test>::Paused);
        assert_noop!(PhatOracle::retry_callback(RuntimeOrigin::signed(BOB), failed), Error::<Test>::Paused);
        at(NOW + 601);
        assert_ok!(PhatOracle::cancel(RuntimeOrigin::signed(BOB), pending));
        assert_ok!(PhatOracle::set_paused(RuntimeOrigin::signed(ADMIN), false));
        ask(ALICE);
    });
}

#[test]
fn a_price_is_the_admins_and_never_overflows() {
    test(|| {
        let dear = Prices { per_request: u128::MAX, per_payload_byte: u128::MAX, per_output_byte: 2 };
        assert_noop!(PhatOracle::set_price(RuntimeOrigin::signed(ALICE), dear), BadOrigin);
        assert_ok!(PhatOracle::set_price(RuntimeOrigin::signed(ADMIN), dear));
        assert_eq!(dear.of(16_384, 16_384), u128::MAX);
        assert_noop!(PhatOracle::submit(ALICE, question(b""), 1_000), Error::<Test>::PaymentTooLow);
    });
}
