use super::*;
use phat_protocol::{Amount, Digest, EvmAddress, GenesisHash, evm, substrate};

const NOW: u64 = 2_000_000_000;

fn evm_request() -> evm::Request {
    evm::Request {
        chain_id: 31337,
        oracle: EvmAddress([1; 20]),
        sequence: 1,
        parent_hash: BlockHash([2; 32]),
        consumer: EvmAddress([3; 20]),
        contract_id: ContractId([4; 32]),
        min_revision: 0,
        payload_hash: Digest(keccak256(b"payload")),
        callback_gas_limit: 5_000_000,
        max_output: 16 * 1024,
        expires_at: NOW + 60,
        payment: Amount::from(5),
    }
}

fn execute(request: Request) -> Execute {
    Execute {
        request,
        payload: b"payload".to_vec(),
        block_hash: BlockHash([5; 32]),
        executed_at: NOW,
        payee: Payee::from(EvmAddress([6; 20])),
    }
}

fn changed(change: impl FnOnce(&mut Execute, &mut evm::Request)) -> Execute {
    let mut request = evm_request();
    let mut message = execute(Request::Evm(request.clone()));
    change(&mut message, &mut request);
    message.request = Request::Evm(request);
    message
}

#[test]
fn a_request_in_order_is_taken_and_its_id_comes_from_its_content() {
    let question = Question::read(changed(|_, _| {})).unwrap();
    assert_eq!(question.id, evm_request().request_id());
    question.check_time(NOW).unwrap();
}

#[test]
fn every_altered_field_of_a_request_makes_another_id() {
    let alterations: [fn(&mut evm::Request); 11] = [
        |request| request.chain_id += 1,
        |request| request.oracle.0[0] ^= 1,
        |request| request.sequence += 1,
        |request| request.parent_hash.0[0] ^= 1,
        |request| request.consumer.0[0] ^= 1,
        |request| request.contract_id.0[0] ^= 1,
        |request| request.min_revision += 1,
        |request| request.callback_gas_limit -= 1,
        |request| request.max_output -= 1,
        |request| request.expires_at += 1,
        |request| request.payment = Amount::from(6),
    ];
    let mut ids = vec![evm_request().request_id()];
    for alter in alterations {
        ids.push(Question::read(changed(|_, request| alter(request))).unwrap().id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), alterations.len() + 1);
}

#[test]
fn a_payload_or_a_payload_hash_that_is_not_the_requests_is_refused() {
    let payload = changed(|message, _| message.payload[0] ^= 1);
    assert_eq!(Question::read(payload).unwrap_err(), Refusal::WrongPayload);
    let hash = changed(|_, request| request.payload_hash.0[0] ^= 1);
    assert_eq!(Question::read(hash).unwrap_err(), Refusal::WrongPayload);
}

#[test]
fn what_breaks_an_oracles_bound_is_refused() {
    let broken: [fn(&mut Execute, &mut evm::Request); 4] = [
        |message, request| {
            message.payload = vec![0; 16 * 1024 + 1];
            request.payload_hash = Digest(keccak256(&message.payload));
        },
        |_, request| request.max_output = 16 * 1024 + 1,
        |_, request| request.callback_gas_limit = 5_000_001,
        |_, request| request.sequence = 0,
    ];
    for (index, breach) in broken.into_iter().enumerate() {
        let refusal = Question::read(changed(breach)).unwrap_err();
        assert!(matches!(refusal, Refusal::OutOfBounds { .. }), "{index}: {refusal}");
    }
}

#[test]
fn a_payee_that_no_evm_chain_can_pay_is_refused() {
    for payee in [Payee([0; 32]), Payee([1; 32])] {
        let message = changed(|message, _| message.payee = payee);
        assert_eq!(Question::read(message).unwrap_err(), Refusal::BadPayee);
    }
}

#[test]
fn a_substrate_request_pays_any_account() {
    let request = Request::Substrate(substrate::Request {
        genesis: GenesisHash([1; 32]),
        instance: "PhatOracle".to_owned(),
        sequence: 1,
        parent_hash: BlockHash([2; 32]),
        requester: vec![3; 32],
        contract_id: ContractId([4; 32]),
        min_revision: 0,
        payload_hash: Digest(keccak256(b"payload")),
        max_output: 100,
        expires_at: NOW + 60,
        payment: 5,
    });
    let message = Execute { payee: Payee([7; 32]), ..execute(request.clone()) };
    assert_eq!(Question::read(message).unwrap().id, request.request_id());
}

#[test]
fn a_request_counts_as_expired_from_the_second_that_it_names() {
    let question = Question::read(changed(|_, request| request.expires_at = NOW + 10)).unwrap();
    question.check_time(NOW + 9).unwrap();
    assert_eq!(question.check_time(NOW + 10).unwrap_err(), Refusal::Expired { expires_at: NOW + 10, now: NOW + 10 });
}

#[test]
fn an_execution_time_of_more_than_sixty_seconds_from_the_clock_is_refused() {
    for (executed_at, taken) in [(NOW - 60, true), (NOW - 61, false), (NOW + 60, true), (NOW + 61, false)] {
        let question = changed(|message, request| {
            message.executed_at = executed_at;
            request.expires_at = NOW + 3600;
        });
        let judged = Question::read(question).unwrap().check_time(NOW);
        let refused = Err(Refusal::ClockSkew { executed_at, now: NOW });
        assert_eq!(judged, if taken { Ok(()) } else { refused }, "{executed_at}");
    }
}

#[test]
fn a_request_that_lives_for_more_than_thirty_days_is_refused() {
    let expiring =
        |expires_at| Question::read(changed(|_, request| request.expires_at = expires_at)).unwrap().check_time(NOW);
    assert_eq!(expiring(NOW + bounds::MAX_LIFETIME), Ok(()));
    assert!(matches!(expiring(NOW + bounds::MAX_LIFETIME + 1), Err(Refusal::OutOfBounds { .. })));
    assert!(matches!(expiring(u64::MAX), Err(Refusal::OutOfBounds { .. })));
}
