use crate::{
    Amount, Answer, BlockHash, ContractId, Digest, EvmAddress, OracleChain, Outcome, Payee, Report, Request, RequestId,
    evm::{self, Slot},
};
use alloc::{format, string::ToString, vec, vec::Vec};
use parity_scale_codec::{Decode, Encode};
use proptest::prelude::*;

fn evm_request() -> impl Strategy<Value = evm::Request> {
    (any::<[u64; 4]>(), any::<[u32; 2]>(), any::<[[u8; 20]; 2]>(), any::<[[u8; 32]; 4]>()).prop_map(
        |(numbers, sizes, addresses, words)| evm::Request {
            chain_id: numbers[0],
            oracle: EvmAddress(addresses[0]),
            sequence: numbers[1],
            parent_hash: BlockHash(words[0]),
            consumer: EvmAddress(addresses[1]),
            contract_id: ContractId(words[1]),
            min_revision: numbers[2],
            payload_hash: Digest(words[2]),
            callback_gas_limit: sizes[0],
            max_output: sizes[1],
            expires_at: numbers[3],
            payment: Amount(words[3]),
        },
    )
}

/// The same request with one field changed, for each field.
fn altered(request: &evm::Request) -> Vec<(&'static str, evm::Request)> {
    let flip20 = |mut bytes: [u8; 20]| {
        bytes[19] ^= 1;
        bytes
    };
    let flip32 = |mut bytes: [u8; 32]| {
        bytes[0] ^= 0x80;
        bytes
    };
    let it = || request.clone();
    vec![
        ("chain_id", evm::Request { chain_id: request.chain_id ^ 1, ..it() }),
        ("oracle", evm::Request { oracle: EvmAddress(flip20(request.oracle.0)), ..it() }),
        ("sequence", evm::Request { sequence: request.sequence ^ 1, ..it() }),
        ("parent_hash", evm::Request { parent_hash: BlockHash(flip32(request.parent_hash.0)), ..it() }),
        ("consumer", evm::Request { consumer: EvmAddress(flip20(request.consumer.0)), ..it() }),
        ("contract_id", evm::Request { contract_id: ContractId(flip32(request.contract_id.0)), ..it() }),
        ("min_revision", evm::Request { min_revision: request.min_revision ^ 1, ..it() }),
        ("payload_hash", evm::Request { payload_hash: Digest(flip32(request.payload_hash.0)), ..it() }),
        ("callback_gas_limit", evm::Request { callback_gas_limit: request.callback_gas_limit ^ 1, ..it() }),
        ("max_output", evm::Request { max_output: request.max_output ^ 1, ..it() }),
        ("expires_at", evm::Request { expires_at: request.expires_at ^ 1, ..it() }),
        ("payment", evm::Request { payment: Amount(flip32(request.payment.0)), ..it() }),
    ]
}

proptest! {
    #[test]
    fn every_field_of_a_request_is_bound_by_its_id(request in evm_request()) {
        let id = request.request_id();
        for (field, other) in altered(&request) {
            prop_assert_ne!(other.request_id(), id, "{} is not bound", field);
        }
    }

    #[test]
    fn every_field_of_a_report_is_bound_by_its_digest(
        request in evm_request(), output in proptest::collection::vec(any::<u8>(), 0..64), executed_at: u64,
        payee: [u8; 32],
    ) {
        let report =
            Report { request_id: request.request_id(), outcome: Outcome::Ok, output, executed_at, payee: Payee(payee) };
        let digest = request.report_digest(&report);
        let mut longer = report.output.clone();
        longer.push(0);
        let mut paid = payee;
        paid[31] ^= 1;
        for other in [
            Report { request_id: RequestId([1; 32]), ..report.clone() },
            Report { outcome: Outcome::TimedOut, ..report.clone() },
            Report { output: longer, ..report.clone() },
            Report { executed_at: executed_at ^ 1, ..report.clone() },
            Report { payee: Payee(paid), ..report.clone() },
        ] {
            prop_assert_ne!(request.report_digest(&other), digest);
        }
        // Nor does it count on another chain or at another oracle.
        for (field, other) in altered(&request).into_iter().take(2) {
            prop_assert_ne!(other.report_digest(&report), digest, "{}", field);
        }
    }

    #[test]
    fn amounts_read_what_they_write(bytes: [u8; 32], small: u128) {
        let amount = Amount(bytes);
        prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        prop_assert_eq!(Amount::from(small).to_string(), small.to_string());
        prop_assert_eq!(Amount::from(small).to_u128(), Some(small));
    }

    #[test]
    fn ids_read_what_they_write(bytes: [u8; 32]) {
        let id = RequestId(bytes);
        prop_assert_eq!(format!("{id}").parse::<RequestId>(), Ok(id));
        prop_assert_eq!(RequestId::decode(&mut id.encode().as_slice()), Ok(id));
    }

    #[test]
    fn an_answer_is_the_vector_that_was_returned(output in proptest::collection::vec(any::<u8>(), 0..300), max in 0u32..300) {
        let returned = [vec![0, 0], output.encode()].concat();
        let answer = Answer::from_returned(&returned, max);
        let fits = output.len() <= usize::try_from(max).unwrap();
        let expected = if fits { Answer { outcome: Outcome::Ok, output } } else { Answer::empty(Outcome::OutputTooLarge) };
        prop_assert_eq!(answer, expected);
    }

    #[test]
    fn no_returned_bytes_make_it_panic_or_exceed_the_limit(
        returned in proptest::collection::vec(any::<u8>(), 0..64), max in 0u32..64,
    ) {
        let answer = Answer::from_returned(&returned, max);
        prop_assert!(answer.output.len() <= usize::try_from(max).unwrap());
    }
}

#[test]
fn an_error_is_cut_at_the_limit() {
    let answer = Answer::from_returned(&[0, 1, 9, 8, 7], 2);
    assert_eq!(answer, Answer { outcome: Outcome::ContractError, output: vec![9, 8] });
}

#[test]
fn what_is_no_answer_is_a_bad_contract() {
    let trailing = [vec![0, 0], vec![1u8].encode(), vec![0]].concat();
    for returned in [&[][..], &[0], &[1, 1], &[0, 2, 0], &[0, 0], &[0, 0, 8, 1], &trailing] {
        assert_eq!(Answer::from_returned(returned, 100), Answer::empty(Outcome::BadContract), "{returned:?}");
    }
}

#[test]
fn outcomes_have_the_numbers_that_chains_know() {
    for (number, outcome) in (0u8..).zip(Outcome::ALL) {
        assert_eq!(outcome.number(), number);
        assert_eq!(Outcome::try_from(number), Ok(outcome));
        assert_eq!(outcome.encode(), [number]);
    }
    assert!(Outcome::try_from(10).is_err());
}

#[test]
fn slots_are_told_apart() {
    let word = |last| crate::abi::left_pad(&[last]);
    assert_eq!(Slot::from(word(0)), Slot::Empty);
    assert_eq!(Slot::from(word(1)), Slot::Pending);
    assert_eq!(Slot::from(word(2)), Slot::CallbackFailed(Digest(word(2))));
    assert_eq!(Slot::from([1; 32]), Slot::CallbackFailed(Digest([1; 32])));
}

#[test]
fn only_left_padded_addresses_are_paid_on_evm() {
    let address = EvmAddress([5; 20]);
    assert_eq!(Payee::from(address).evm_address(), Some(address));
    assert_eq!(Payee([0; 32]).evm_address(), None);
    assert_eq!(Payee([5; 32]).evm_address(), None);
}

#[test]
fn malformed_amounts_and_ids_are_refused() {
    let too_large = format!("{}0", Amount([0xff; 32]));
    for text in ["", "-1", "0x10", "1 ", too_large.as_str()] {
        assert!(text.parse::<Amount>().is_err(), "{text:?} was taken");
    }
    for text in ["", "0x", "00", "0xzz", &format!("0x{}", "0".repeat(63)), &"0".repeat(64)] {
        assert!(text.parse::<RequestId>().is_err(), "{text:?} was taken");
    }
}

#[test]
fn a_request_of_either_family_answers_as_its_family() {
    let inner = evm::Request {
        chain_id: 1,
        oracle: EvmAddress([1; 20]),
        sequence: 1,
        parent_hash: BlockHash([2; 32]),
        consumer: EvmAddress([3; 20]),
        contract_id: ContractId([4; 32]),
        min_revision: 0,
        payload_hash: Digest([5; 32]),
        callback_gas_limit: 1,
        max_output: 1,
        expires_at: 1,
        payment: Amount::from(1),
    };
    let request = Request::Evm(inner.clone());
    assert_eq!(request.request_id(), inner.request_id());
    assert_eq!(request.oracle(), inner.oracle.0.to_vec());
}
