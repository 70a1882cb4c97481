//! Answers: read, and kept.

use crate::{Config, Contract, Error, Event, MAX_OUTPUT, OpenQuestions, Pallet, Price, Prices, Refunds};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get, weights::Weight};
use pallet_phat_oracle::{Answer, Closed, OnPhatReport, RequestId};
use phat_protocol::Outcome;

impl<T: Config> OnPhatReport<T::AccountId> for Pallet<T> {
    fn asks_from(requester: &T::AccountId) -> bool {
        *requester == Self::account()
    }

    fn weight(_: u32) -> Weight {
        // No longer output is asked for than a few hashes take.
        Weight::from_parts(20_000_000, u64::from(MAX_OUTPUT)).saturating_add(T::DbWeight::get().reads_writes(2, 2))
    }

    fn on_phat_report(answer: &Answer<'_, T::AccountId>) -> DispatchResult {
        let request_id = answer.request_id;
        let open = OpenQuestions::<T>::take(request_id).ok_or(Error::<T>::UnknownRequest)?;
        let is_asked = Contract::<T>::get().is_some_and(|(contract_id, _)| contract_id == open.contract_id);
        ensure!(is_asked, Error::<T>::ContractReplaced);
        if answer.outcome != Outcome::Ok.number() {
            Self::deposit_event(Event::PriceFailed { request_id, outcome: answer.outcome });
            return Ok(());
        }
        let value = price(answer.output).ok_or(Error::<T>::UnreadableAnswer)?;
        let price = Price { value, executed_at: answer.executed_at, request_id };
        // Answers may come in another order than they were asked for.
        let is_newer = Prices::<T>::get(&open.pair).is_none_or(|known| known.executed_at <= price.executed_at);
        if is_newer {
            Prices::<T>::insert(&open.pair, price);
        }
        Self::deposit_event(Event::PriceAnswered { request_id, pair: open.pair, value });
        Ok(())
    }

    fn closed_weight() -> Weight {
        T::DbWeight::get().reads_writes(1, 2)
    }

    fn on_closed(request_id: &RequestId, _: &T::AccountId, closed: Closed) {
        let Some(open) = OpenQuestions::<T>::take(request_id) else { return };
        match closed {
            Closed::Cancelled => Refunds::<T>::insert(request_id, (open.asker, open.payment)),
            Closed::AnswerDropped => {}
        }
    }
}

/// A word of Solidity's ABI.
const WORD: usize = 32;

/// `abi.encode(uint256 price)`, as ready-made contracts answer; or what `evm-read` answers, `abi.encode(uint256 blockNumber,
/// bytes32 blockHash, bytes returned)`, of a function that returns a price. A price is below 2^128.
fn price(output: &[u8]) -> Option<u128> {
    if let Ok(word) = output.try_into() {
        return number(word);
    }
    let (words, []) = output.as_chunks::<WORD>() else { return None };
    let [_block_number, _block_hash, offset, length, returned] = words else { return None };
    let is_a_word = number(offset) == Some(96) && number(length) == Some(32);
    if is_a_word { number(returned) } else { None }
}

fn number(word: &[u8; WORD]) -> Option<u128> {
    let (above, value) = word.split_first_chunk::<16>()?;
    let value = value.first_chunk::<16>()?;
    (*above == [0; 16]).then_some(u128::from_be_bytes(*value))
}
