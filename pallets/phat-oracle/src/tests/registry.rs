use super::mock::*;
use crate::{Error, Event, RegistrationValidity, Workers, WorkersOf};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{AccountId32, DispatchError};

fn register(registration: crate::WorkerRegistration<AccountId32>) -> frame_support::dispatch::DispatchResult {
    PhatOracle::register_worker(RuntimeOrigin::root(), registration)
}

fn fourth() -> crate::WorkerRegistration<AccountId32> {
    registration(&worker(3), OPERATORS[0].clone())
}

#[test]
fn a_worker_is_registered_with_what_its_evidence_vouches_for() {
    test(|| {
        assert_ok!(register(fourth()));
        let info = Workers::<Test>::get(address(&worker(3))).expect("registered");
        assert_eq!(
            (info.operator.clone(), info.measurement, info.config_hash),
            (OPERATORS[0].clone(), MEASUREMENT, CONFIG_HASH)
        );
        let expiry = NOW + RegistrationValidity::<Test>::get();
        assert_eq!((info.expiry, info.revoked), (expiry, false));
        let event = Event::WorkerRegistered { worker: address(&worker(3)), operator: OPERATORS[0].clone(), expiry };
        assert_eq!(events(), [event]);
    });
}

#[test]
fn an_account_registers_its_own_workers_alone() {
    test(|| {
        let register = |who| PhatOracle::register_worker(RuntimeOrigin::signed(who), fourth());
        assert_noop!(register(ADMIN), Error::<Test>::NotOperator);
        assert_ok!(register(OPERATORS[0].clone()));
        let unsigned = PhatOracle::register_worker(RuntimeOrigin::none(), fourth());
        assert_noop!(unsigned, DispatchError::BadOrigin);
    });
}

#[test]
fn evidence_for_anything_else_is_refused() {
    test(|| {
        let mut changed = [fourth(), fourth(), fourth(), fourth(), fourth()];
        changed[0].operator = BOB;
        changed[1].x25519_key = [1; 32];
        changed[2].vrf_key_hash = [1; 32];
        changed[3].config_hash = [1; 32];
        changed[4].measurement = [1; 32];
        for changed in changed {
            assert_noop!(register(changed), Error::<Test>::EvidenceMismatch);
        }
        let mut stolen = fourth();
        stolen.worker = [9; 20];
        assert_noop!(register(stolen), Error::<Test>::EvidenceMismatch);
    });
}

#[test]
fn a_pair_that_is_not_allowed_is_refused() {
    test(|| {
        let mut other = fourth();
        other.config_hash = [1; 32];
        other.evidence = evidence(&other).try_into().expect("short");
        assert_noop!(register(other.clone()), Error::<Test>::PairNotAllowed);
        assert_ok!(PhatOracle::allow_pair(RuntimeOrigin::root(), MEASUREMENT, [1; 32]));
        assert_ok!(register(other));
    });
}

#[test]
fn evidence_names_a_known_block_of_the_last_256() {
    test(|| {
        next_block();
        let old = fourth();
        for _ in 0..255 {
            next_block();
        }
        assert_eq!(u64::from(System::block_number()) - old.block_number, 256);
        assert_ok!(register(old.clone()));
        next_block();
        assert_noop!(register(old), Error::<Test>::BlockNotRecent);

        let mut forged = fourth();
        forged.block_hash = [9; 32];
        forged.evidence = evidence(&forged).try_into().expect("short");
        assert_noop!(register(forged), Error::<Test>::BlockNotRecent);
        let mut future = fourth();
        future.block_number += 1;
        future.evidence = evidence(&future).try_into().expect("short");
        assert_noop!(register(future), Error::<Test>::BlockNotRecent);
    });
}

#[test]
fn a_worker_without_an_address_is_none() {
    test(|| {
        let mut zero = fourth();
        zero.worker = [0; 20];
        assert_noop!(register(zero), Error::<Test>::ZeroWorker);
    });
}

#[test]
fn an_operator_has_two_workers_unless_more_are_allowed_or_one_expired() {
    test(|| {
        assert_ok!(register(fourth()));
        let fifth = sp_core::Pair::from_seed(&[5; 32]);
        let of_the_first = || registration(&fifth, OPERATORS[0].clone());
        assert_noop!(register(of_the_first()), Error::<Test>::TooManyWorkers);
        // Renewing counts nobody twice.
        assert_ok!(register(fourth()));
        at(NOW + RegistrationValidity::<Test>::get() + 1);
        assert_ok!(register(of_the_first()));
        assert_eq!(WorkersOf::<Test>::get(&OPERATORS[0]).into_inner(), [address(&fifth)]);
    });
}

#[test]
fn another_operator_can_not_take_a_worker_over() {
    test(|| {
        let taken = registration(&worker(0), BOB);
        assert_noop!(register(taken), Error::<Test>::WorkerOfAnotherOperator);
    });
}

#[test]
fn a_worker_counts_until_it_expires() {
    test(|| {
        let expiry = NOW + RegistrationValidity::<Test>::get();
        at(expiry);
        assert_ok!(fulfil(ask(ALICE), report(b"that")));
        at(expiry + 1);
        let request_id = ask(ALICE);
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::UnknownWorker);
        assert_ok!(register(registration(&worker(0), OPERATORS[0].clone())));
        assert_ok!(fulfil(ask(ALICE), report(b"that")));
    });
}

#[test]
fn a_worker_counts_while_its_pair_is_allowed() {
    test(|| {
        let request_id = ask(ALICE);
        assert_ok!(PhatOracle::disallow_pair(RuntimeOrigin::signed(ADMIN), MEASUREMENT, CONFIG_HASH));
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::UnknownWorker);
        assert_ok!(PhatOracle::allow_pair(RuntimeOrigin::root(), MEASUREMENT, CONFIG_HASH));
        assert_ok!(fulfil(request_id, report(b"that")));
    });
}

#[test]
fn a_revoked_worker_never_counts_again() {
    test(|| {
        let request_id = ask(ALICE);
        let worker_0 = address(&worker(0));
        events();
        assert_ok!(PhatOracle::revoke_worker(RuntimeOrigin::signed(ADMIN), worker_0));
        assert_eq!(events(), [Event::WorkerRevoked { worker: worker_0 }]);
        assert_noop!(fulfil(request_id, report(b"that")), Error::<Test>::UnknownWorker);
        let again = registration(&worker(0), OPERATORS[0].clone());
        assert_noop!(register(again), Error::<Test>::WorkerRevoked);
        assert!(WorkersOf::<Test>::get(&OPERATORS[0]).is_empty());
    });
}

#[test]
fn an_operator_revokes_its_own_workers_and_no_others() {
    test(|| {
        let revoke =
            |who: AccountId32, index| PhatOracle::revoke_worker(RuntimeOrigin::signed(who), address(&worker(index)));
        assert_noop!(revoke(OPERATORS[1].clone(), 0), Error::<Test>::NotOperator);
        assert_ok!(revoke(OPERATORS[1].clone(), 1));
        assert_noop!(revoke(ADMIN, 3), Error::<Test>::UnknownWorker);
    });
}
