use super::chain::{answered, apply, last_request, ready, told};
use crate::{Balances, Runtime, RuntimeCall, UNIT};
use pallet_phat_oracle::{Call, Event};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::DispatchError;

const PAYMENT: u128 = UNIT / 10;

fn has(key: Sr25519Keyring) -> u128 {
    Balances::free_balance(key.to_account_id())
}

fn ask() -> [u8; 32] {
    let call = Call::request {
        contract_id: super::chain::CONTRACT,
        min_revision: 0,
        payload: Default::default(),
        max_output: 64,
        expires_at: super::chain::NOW + 600,
        payment: PAYMENT,
    };
    apply(Alice, RuntimeCall::PhatOracle(call)).expect("valid").expect("asked");
    last_request()
}

fn fulfil(entry: pallet_phat_oracle::Entry<sp_runtime::AccountId32>) -> RuntimeCall {
    let pallet_phat_oracle::Entry { request_id, report, signatures } = entry;
    RuntimeCall::PhatOracle(Call::fulfill { request_id, report, signatures })
}

#[test]
fn who_brings_an_answer_pays_nothing_and_who_is_named_is_paid() {
    ready().execute_with(|| {
        let request_id = ask();
        let (relayer, payee) = (has(Bob), has(Charlie));
        let entry = answered(request_id, 0, b"that", super::chain::NOW);
        apply(Bob, fulfil(entry)).expect("valid").expect("answered");
        assert_eq!(has(Bob), relayer);
        assert_eq!(has(Charlie), payee + PAYMENT);
        // No pallet asks from Alice's account: there is no callback that could fail.
        let report = answered(request_id, 0, b"that", super::chain::NOW).report;
        assert!(told(Event::<Runtime>::RequestFulfilled { request_id, callback_ok: true, report }));
    });
}

#[test]
fn who_brings_what_is_refused_pays() {
    ready().execute_with(|| {
        let before = has(Bob);
        let entry = answered([9; 32], 0, b"that", super::chain::NOW);
        let refused = apply(Bob, fulfil(entry.clone())).expect("valid").expect_err("refused");
        assert!(matches!(refused, DispatchError::Module(_)), "{refused:?}");
        assert!(has(Bob) < before);

        let before = has(Bob);
        let entries = vec![answered(ask(), 0, b"that", super::chain::NOW), entry].try_into().expect("two");
        apply(Bob, RuntimeCall::PhatOracle(Call::fulfill_batch { entries })).expect("valid").expect("taken");
        assert!(has(Bob) < before);
    });
}

#[test]
fn a_whole_batch_is_free() {
    ready().execute_with(|| {
        let before = has(Dave);
        let entries = [ask(), ask()].map(|request_id| answered(request_id, 0, b"that", super::chain::NOW));
        let call = Call::fulfill_batch { entries: entries.to_vec().try_into().expect("two") };
        apply(Dave, RuntimeCall::PhatOracle(call)).expect("valid").expect("taken");
        assert_eq!(has(Dave), before);
    });
}
