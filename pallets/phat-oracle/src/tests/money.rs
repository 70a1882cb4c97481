use super::mock::*;
use crate::{Call, Credits, Error, Event, HoldReason};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{InspectHold, Mutate},
};
use sp_runtime::TokenError;

/// A request that costs less than an account needs.
fn cheap() -> crate::RequestId {
    assert_ok!(PhatOracle::set_price(RuntimeOrigin::signed(ADMIN), Default::default()));
    PhatOracle::submit(ALICE, question(b"what?"), EXISTENTIAL_DEPOSIT - 1).expect("asked")
}

#[test]
fn what_no_account_can_be_made_of_is_credited() {
    test(|| {
        let issued = Balances::total_issuance();
        let request_id = cheap();
        events();
        assert_ok!(fulfil(request_id, report(b"that")));
        assert_eq!(Credits::<Test>::get(PAYEE), EXISTENTIAL_DEPOSIT - 1);
        assert_eq!(Balances::free_balance(PAYEE), 0);
        assert_eq!(Balances::total_issuance(), issued - (EXISTENTIAL_DEPOSIT - 1));
        assert_eq!(events()[0], Event::Credited { account: PAYEE, amount: EXISTENTIAL_DEPOSIT - 1 });
    });
}

#[test]
fn a_credit_is_withdrawn_once_it_is_worth_an_account() {
    test(|| {
        let issued = Balances::total_issuance();
        let withdraw = || call(PAYEE, Call::withdraw {});
        assert_ok!(fulfil(cheap(), report(b"that")));
        assert_noop!(withdraw(), TokenError::BelowMinimum);
        assert_ok!(fulfil(cheap(), report(b"that")));
        events();
        assert_ok!(withdraw());
        let amount = 2 * (EXISTENTIAL_DEPOSIT - 1);
        assert_eq!(Balances::free_balance(PAYEE), amount);
        assert_eq!(Balances::total_issuance(), issued);
        assert_eq!(events(), [Event::Withdrawn { account: PAYEE, amount }]);
        assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
    });
}

#[test]
fn a_payee_with_an_account_is_paid_any_amount() {
    test(|| {
        Balances::set_balance(&PAYEE, EXISTENTIAL_DEPOSIT);
        assert_ok!(fulfil(cheap(), report(b"that")));
        assert_eq!(Balances::free_balance(PAYEE), 2 * EXISTENTIAL_DEPOSIT - 1);
        assert_eq!(Credits::<Test>::get(PAYEE), 0);
    });
}

#[test]
fn a_requester_may_be_the_payee() {
    test(|| {
        let request_id = ask(ALICE);
        let mut own = report(b"that");
        own.payee = ALICE;
        assert_ok!(fulfil(request_id, own));
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT);
        assert_eq!(Balances::total_balance_on_hold(&ALICE), 0);
    });
}

#[test]
fn a_free_request_moves_nothing() {
    test(|| {
        assert_ok!(PhatOracle::set_price(RuntimeOrigin::signed(ADMIN), Default::default()));
        let request_id = PhatOracle::submit(ALICE, question(b"what?"), 0).expect("asked");
        assert_ok!(fulfil(request_id, report(b"that")));
        assert_eq!(Balances::free_balance(PAYEE), 0);
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT);
    });
}

#[test]
fn what_is_held_for_one_request_is_not_spent_for_another() {
    test(|| {
        let (first, second) = (ask(ALICE), ask(ALICE));
        assert_eq!(Balances::balance_on_hold(&HoldReason::Payment.into(), &ALICE), 2_000);
        assert_ok!(fulfil(first, report(b"that")));
        assert_eq!(Balances::balance_on_hold(&HoldReason::Payment.into(), &ALICE), 1_000);
        at(NOW + 601);
        assert_ok!(PhatOracle::cancel(RuntimeOrigin::signed(BOB), second));
        assert_eq!(Balances::balance_on_hold(&HoldReason::Payment.into(), &ALICE), 0);
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT - 1_000);
    });
}
