use super::mock::*;
use crate::{Credits, MaxLifetime, NextSequence, Requests, Threshold, WorkersOf};
use frame_support::traits::{Hooks, fungible::MutateHold};

/// What the state says after something was broken in it.
fn broken(break_it: impl FnOnce()) -> String {
    chain().execute_with(|| {
        ask(ALICE);
        break_it();
        format!("{:?}", PhatOracle::check_state().expect_err("something is broken"))
    })
}

#[test]
fn a_broken_state_is_noticed() {
    let found = broken(|| {
        let amount = frame_support::traits::tokens::Precision::Exact;
        Balances::release(&crate::HoldReason::Payment.into(), &ALICE, 1, amount).expect("released");
    });
    assert!(found.contains("on hold"), "{found}");
    let found = broken(|| {
        let (request_id, mut request) = Requests::<Test>::iter().next().expect("a request");
        request.payload = Default::default();
        Requests::<Test>::insert(request_id, request);
    });
    assert!(found.contains("another id"), "{found}");
    let found = broken(|| NextSequence::<Test>::put(1));
    assert!(found.contains("sequence"), "{found}");
    let found = broken(|| Threshold::<Test>::put(0));
    assert!(found.contains("threshold"), "{found}");
    let found = broken(|| MaxLifetime::<Test>::put(1));
    assert!(found.contains("lifetimes"), "{found}");
    let found = broken(|| Credits::<Test>::insert(ALICE, 0));
    assert!(found.contains("credit"), "{found}");
    let found =
        broken(|| WorkersOf::<Test>::mutate(ALICE, |workers| *workers = vec![[1; 20]].try_into().expect("one")));
    assert!(found.contains("never registered"), "{found}");
}

#[test]
fn the_runtime_of_the_tests_keeps_to_what_the_pallet_needs() {
    chain().execute_with(PhatOracle::integrity_test);
}
