//! Money, over any sequence of calls.

use super::mock::*;
use crate::{Call, Credits, Entry, HoldReason, RequestId, Requests};
use frame_support::{
    storage::unhashed,
    traits::fungible::{Inspect, InspectHold},
};
use proptest::{collection::vec, prelude::*};
use sp_runtime::{AccountId32, DispatchError};

#[derive(Clone, Debug)]
enum Action {
    /// Of the account, for so much.
    Ask(usize, u128),
    /// The request of this index, to the account.
    Fulfil(usize, usize),
    /// Two requests, one of them perhaps twice.
    FulfilTwo(usize, usize, usize),
    /// Two requests, unsigned, with the nonce.
    Submit(usize, usize, u64),
    Retry(usize),
    Cancel(usize),
    Withdraw(usize),
    Wait(u64),
    /// Whether the consumer fails from now on, and whether it asks again.
    Behave(bool, bool),
    Pause(bool),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        4 => (0..4_usize, prop_oneof![0..20_u128, 0..2_000_000_u128]).prop_map(|(who, paid)| Action::Ask(who, paid)),
        4 => (any::<usize>(), 0..6_usize).prop_map(|(request, payee)| Action::Fulfil(request, payee)),
        2 => (any::<usize>(), any::<usize>(), 0..6_usize).prop_map(|(a, b, payee)| Action::FulfilTwo(a, b, payee)),
        2 => (any::<usize>(), any::<usize>(), 0..8_u64).prop_map(|(a, b, nonce)| Action::Submit(a, b, nonce)),
        2 => any::<usize>().prop_map(Action::Retry),
        2 => any::<usize>().prop_map(Action::Cancel),
        2 => (0..6_usize).prop_map(Action::Withdraw),
        2 => (1..400_u64).prop_map(Action::Wait),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(fails, asks)| Action::Behave(fails, asks)),
        1 => prop_oneof![4 => Just(false), 1 => Just(true)].prop_map(Action::Pause),
    ];
    vec(action, 1..60)
}

/// The first four have accounts at the start.
const ACCOUNTS: [AccountId32; 6] = [ALICE, BOB, RELAYER, CONSUMER, PAYEE, AccountId32::new([0xee; 32])];

fn act(action: Action, made: &mut Vec<RequestId>) {
    let nth = |index: usize| made.get(index % made.len().max(1)).copied().unwrap_or_default();
    let answer = |index: usize, payee: usize| {
        let mut report = report(b"that");
        report.payee = ACCOUNTS[payee].clone();
        entry(nth(index), report)
    };
    // Any of these may be refused.
    let refused = match action {
        Action::Ask(who, paid) => {
            let made_now = frame_support::storage::with_storage_layer(|| {
                PhatOracle::submit(ACCOUNTS[who].clone(), question(b""), paid)
            });
            made_now.map(|request_id| made.push(request_id))
        }
        Action::Fulfil(request, payee) => {
            let Entry { request_id, report, signatures } = answer(request, payee);
            call(RELAYER, Call::fulfill { request_id, report, signatures })
        }
        Action::FulfilTwo(first, second, payee) => {
            let entries = vec![answer(first, payee), answer(second, payee)];
            call(RELAYER, Call::fulfill_batch { entries: entries.try_into().expect("two") })
        }
        Action::Submit(first, second, nonce) => {
            let requests = if first == second { vec![nth(first)] } else { vec![nth(first), nth(second)] };
            // What is valid is taken whole.
            super::submissions::submit(nonce, &requests).map_err(|_| DispatchError::Other("not valid"))
        }
        Action::Retry(request) => call(BOB, Call::retry_callback { request_id: nth(request) }),
        Action::Cancel(request) => call(BOB, Call::cancel { request_id: nth(request) }),
        Action::Withdraw(who) => call(ACCOUNTS[who].clone(), Call::withdraw {}),
        Action::Wait(seconds) => {
            at(PhatOracle::now() + seconds);
            Ok(())
        }
        Action::Behave(fails, asks) => {
            for (key, is_so) in [(FAILS, fails), (ASKS_AGAIN, asks)] {
                if is_so { unhashed::put(key, &()) } else { unhashed::kill(key) }
            }
            Ok(())
        }
        Action::Pause(paused) => call(ADMIN, Call::set_paused { paused }),
    };
    let _ = refused;
}

/// Everything that anyone has, whether in an account or credited.
fn everything() -> u128 {
    let accounts: u128 = frame_system::Account::<Test>::iter_keys().map(|who| Balances::total_balance(&who)).sum();
    assert_eq!(accounts, Balances::total_issuance());
    accounts + Credits::<Test>::iter_values().sum::<u128>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_lost_or_made(actions in actions()) {
        chain().execute_with(|| {
            PhatOracle::set_price(RuntimeOrigin::signed(ADMIN), Default::default()).expect("set");
            let before = everything();
            let mut made = Vec::new();
            for action in actions {
                act(action, &mut made);
                assert_eq!(everything(), before);
                PhatOracle::check_state().expect("what always holds");
            }
            // In the end everything can be had.
            PhatOracle::set_paused(RuntimeOrigin::signed(ADMIN), false).expect("set");
            at(PhatOracle::now() + 601);
            for request_id in Requests::<Test>::iter_keys().collect::<Vec<_>>() {
                PhatOracle::cancel(RuntimeOrigin::signed(BOB), request_id).expect("expired");
            }
            for account in ACCOUNTS {
                assert_eq!(Balances::balance_on_hold(&HoldReason::Payment.into(), &account), 0);
            }
            assert_eq!(everything(), before);
        });
    }
}
