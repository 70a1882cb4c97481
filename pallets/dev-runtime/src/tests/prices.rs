//! The consumer, asked and answered.

use super::chain::{CONTRACT, NOW, answered, apply, at, last_request, ready, told};
use crate::{Balances, EXISTENTIAL_DEPOSIT, PhatOracle, PriceConsumer, Runtime, RuntimeCall, RuntimeOrigin, UNIT};
use pallet_phat_oracle::{Oracle, RequestId, RequestStatus};
use pallet_price_consumer::{Call, Error, Event, Pair, Prices, Ticker};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::DispatchError;

const PAYMENT: u128 = UNIT / 10;

fn ticker(text: &str) -> Ticker {
    text.as_bytes().try_into().expect("a ticker")
}

fn pair() -> Pair {
    Pair { base: ticker("BTC"), quote: ticker("USD") }
}

fn ask() -> RequestId {
    let call = Call::ask { base: ticker("BTC"), quote: ticker("USD"), payment: PAYMENT };
    apply(Alice, RuntimeCall::PriceConsumer(call)).expect("valid").expect("asked");
    last_request()
}

/// abi.encode(uint256)
fn word(value: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

fn fulfil(request_id: RequestId, outcome: u8, output: &[u8], executed_at: u64) {
    let entry = answered(request_id, outcome, output, executed_at);
    let refused =
        PhatOracle::fulfill(RuntimeOrigin::signed(Bob.to_account_id()), request_id, entry.report, entry.signatures);
    refused.expect("answered");
}

fn claim(request_id: RequestId) -> Result<(), DispatchError> {
    apply(Bob, RuntimeCall::PriceConsumer(Call::claim_refund { request_id })).expect("valid")
}

#[test]
fn a_price_is_asked_for_and_kept() {
    ready().execute_with(|| {
        let request_id = ask();
        let stored = pallet_phat_oracle::Requests::<Runtime>::get(request_id).expect("a request");
        assert_eq!(stored.payload.as_slice(), br#"{"base":"BTC","quote":"USD"}"#);
        assert_eq!(stored.requester, PriceConsumer::account());
        fulfil(request_id, 0, &word(6_543_210_000_000), NOW);
        let price = Prices::<Runtime>::get(pair()).expect("a price");
        assert_eq!((price.value, price.executed_at, price.request_id), (6_543_210_000_000, NOW, request_id));
        assert!(told(Event::<Runtime>::PriceAnswered { request_id, pair: pair(), value: 6_543_210_000_000 }));
        assert_eq!(Balances::free_balance(PriceConsumer::account()), EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn a_price_that_an_evm_contract_returned_is_kept() {
    ready().execute_with(|| {
        let request_id = ask();
        let answer = [word(19_000_000), [0xb1; 32], word(96), word(32), word(77)].concat();
        fulfil(request_id, 0, &answer, NOW);
        assert_eq!(Prices::<Runtime>::get(pair()).map(|price| price.value), Some(77));
    });
}

#[test]
fn an_older_answer_does_not_replace_a_newer_one() {
    ready().execute_with(|| {
        let (first, second) = (ask(), ask());
        fulfil(second, 0, &word(2), NOW + 1);
        fulfil(first, 0, &word(1), NOW);
        assert_eq!(Prices::<Runtime>::get(pair()).map(|price| price.value), Some(2));
    });
}

#[test]
fn a_contract_without_a_price_is_told_of() {
    ready().execute_with(|| {
        let request_id = ask();
        fulfil(request_id, 1, b"\x02", NOW);
        assert!(told(Event::<Runtime>::PriceFailed { request_id, outcome: 1 }));
        assert_eq!(Prices::<Runtime>::get(pair()), None);
    });
}

#[test]
fn what_is_no_price_is_not_taken() {
    ready().execute_with(|| {
        for output in [&[][..], &[0; 31], &[1; 32], &[0; 33]] {
            let request_id = ask();
            fulfil(request_id, 0, output, NOW);
            assert_eq!(PhatOracle::status(&request_id), RequestStatus::CallbackFailed);
        }
    });
}

#[test]
fn the_answer_of_a_replaced_contract_is_taken_once_it_is_asked_again() {
    ready().execute_with(|| {
        let request_id = ask();
        PriceConsumer::set_contract(RuntimeOrigin::root(), [1; 32], 0).expect("set");
        fulfil(request_id, 0, &word(7), NOW);
        assert_eq!(PhatOracle::status(&request_id), RequestStatus::CallbackFailed);
        PriceConsumer::set_contract(RuntimeOrigin::root(), CONTRACT, 0).expect("set");
        let retry = pallet_phat_oracle::Call::retry_callback { request_id };
        apply(Bob, RuntimeCall::PhatOracle(retry)).expect("valid").expect("taken");
        assert_eq!(Prices::<Runtime>::get(pair()).map(|price| price.value), Some(7));
    });
}

#[test]
fn a_question_without_an_answer_is_refunded_to_who_asked() {
    ready().execute_with(|| {
        let (first, second) = (ask(), ask());
        let before = Balances::free_balance(Alice.to_account_id());
        assert!(claim(first).is_err());
        at(NOW + 4 * 60 * 60 + 1);
        // Whoever cancelled it.
        PhatOracle::cancel(RuntimeOrigin::signed(Bob.to_account_id()), second).expect("expired");
        claim(first).expect("refunded");
        claim(second).expect("refunded");
        assert_eq!(Balances::free_balance(Alice.to_account_id()), before + 2 * PAYMENT);
        assert_eq!(Balances::free_balance(PriceConsumer::account()), EXISTENTIAL_DEPOSIT);
        assert_eq!(claim(first), Err(Error::<Runtime>::NothingToRefund.into()));
    });
}

#[test]
fn an_answer_that_was_paid_for_is_not_refunded() {
    ready().execute_with(|| {
        let (answered, dropped) = (ask(), ask());
        fulfil(answered, 0, &word(7), NOW);
        fulfil(dropped, 0, b"no price", NOW);
        at(NOW + 4 * 60 * 60 + 1);
        PhatOracle::cancel(RuntimeOrigin::signed(Bob.to_account_id()), dropped).expect("expired");
        for request_id in [answered, dropped] {
            assert_eq!(claim(request_id), Err(Error::<Runtime>::NothingToRefund.into()));
        }
    });
}

#[test]
fn a_ticker_is_upper_case_letters_and_digits() {
    for wrong in ["", "btc", "BTC\"", "ABCDEFGHIJK", "B C"] {
        assert!(Ticker::try_from(wrong.as_bytes()).is_err(), "{wrong}");
        let encoded = codec::Encode::encode(&wrong.as_bytes().to_vec());
        assert!(<Ticker as codec::Decode>::decode(&mut encoded.as_slice()).is_err(), "{wrong}");
    }
    assert_eq!(ticker("1INCH").to_string(), "1INCH");
}
