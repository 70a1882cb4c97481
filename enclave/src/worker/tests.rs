use super::*;
use crate::testbed::{Bed, CONCURRENCY, CountingRunner, NOON, open_store};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey};
use phat_protocol::{Amount, Chain, EvmAddress, OracleChain, Outcome, Payee, Report, Request, evm, keccak256};
use std::time::Duration;

fn request(bed: &Bed, sequence: u64) -> Execute {
    Execute {
        request: Request::Evm(evm::Request {
            chain_id: 1,
            oracle: EvmAddress([1; 20]),
            sequence,
            parent_hash: BlockHash([2; 32]),
            consumer: EvmAddress([3; 20]),
            contract_id: bed.contract,
            min_revision: 0,
            payload_hash: Digest(keccak256(b"payload")),
            callback_gas_limit: 1,
            max_output: 100,
            expires_at: NOON + 100,
            payment: Amount::from(5),
        }),
        payload: b"payload".to_vec(),
        block_hash: BlockHash([5; 32]),
        executed_at: NOON,
        payee: Payee::from(EvmAddress([6; 20])),
    }
}

fn with(mut execute: Execute, change: impl FnOnce(&mut evm::Request)) -> Execute {
    if let Request::Evm(request) = &mut execute.request {
        change(request);
    }
    execute
}

fn simulation_of(bed: &Bed) -> Simulate {
    Simulate {
        contract_id: bed.contract,
        payload: b"payload".to_vec(),
        chain: Chain::Evm(1),
        consumer: EvmAddress([3; 20]),
        max_output: 100,
    }
}

/// The address whose key signed the digest.
fn signer(digest: &Digest, signature: &[u8; 65]) -> [u8; 20] {
    let parity = RecoveryId::try_from(signature[64] - 27).unwrap();
    let rs = EcdsaSignature::from_slice(&signature[..64]).unwrap();
    let key = VerifyingKey::recover_from_prehash(&digest.0, &rs, parity).unwrap();
    keccak256(&key.to_encoded_point(false).as_bytes()[1..])[12..].try_into().unwrap()
}

/// Waits for a condition that other tasks bring about.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holds).await.unwrap_or_else(|_| panic!("never {what}"));
}

#[tokio::test]
async fn a_report_says_what_was_asked_and_its_signature_recovers_to_the_worker() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let asked = request(&bed, 1);
    let execution = bed.worker.execute(asked.clone()).await.unwrap();
    let report = &execution.report;
    assert_eq!(report.request_id, asked.request.request_id());
    assert_eq!((report.executed_at, report.payee), (asked.executed_at, asked.payee));
    assert_eq!(report.output, 0_u64.to_le_bytes());
    let digest = asked.request.report_digest(report);
    assert_eq!(signer(&digest, &execution.signature.0), execution.worker.0);
    assert_eq!(execution.worker, bed.worker.status().await.unwrap().keys.worker);
}

#[tokio::test]
async fn a_request_that_was_altered_gets_no_signature_for_the_original() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let original = request(&bed, 1);
    let truth = bed.worker.execute(original.clone()).await.unwrap();
    let alterations: [fn(&mut evm::Request); 12] = [
        |request| request.chain_id += 1,
        |request| request.oracle.0[0] ^= 1,
        |request| request.sequence += 1,
        |request| request.parent_hash.0[0] ^= 1,
        |request| request.consumer.0[0] ^= 1,
        |request| request.contract_id.0[0] ^= 1,
        |request| request.min_revision += 1,
        |request| request.payload_hash.0[0] ^= 1,
        |request| request.callback_gas_limit += 1,
        |request| request.max_output += 1,
        |request| request.expires_at += 1,
        |request| request.payment = Amount::from(6),
    ];
    let mut refused = 0;
    for (index, alter) in alterations.into_iter().enumerate() {
        match bed.worker.execute(with(original.clone(), alter)).await {
            Ok(execution) => {
                assert_ne!(execution.report.request_id, truth.report.request_id, "alteration {index}");
                // Put under the original's id, the signature is nobody's word.
                let forged = Report { request_id: truth.report.request_id, ..execution.report };
                let digest = original.request.report_digest(&forged);
                assert_ne!(signer(&digest, &execution.signature.0), truth.worker.0, "alteration {index}");
            }
            Err(Problem::Refused(_)) => refused += 1,
            Err(other) => panic!("alteration {index}: {other:?}"),
        }
    }
    assert_eq!(refused, 3, "an unknown contract, a stale one, another payload");
    assert_eq!(bed.worker.execute(original).await.unwrap(), truth);
}

#[tokio::test]
async fn concurrent_and_later_calls_for_one_id_are_one_run_with_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::shut();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let calls: Vec<_> = (0..100)
        .map(|index| {
            let worker = Arc::clone(&bed.worker);
            let mut asked = request(&bed, 1);
            // The words that the id doesn't bind differ.
            asked.executed_at += index % 50;
            asked.payee.0[31] = u8::try_from(index).unwrap();
            tokio::spawn(async move { worker.execute(asked).await.unwrap() })
        })
        .collect();
    runner.wait_for_started(1).await;
    runner.gate.add_permits(1_000);
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers.push(bed.worker.execute(request(&bed, 1)).await.unwrap());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(runner.started.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn reports_of_concurrent_runs_share_commits() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::shut();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let calls: Vec<_> = (1..=100)
        .map(|sequence| {
            let (worker, asked) = (Arc::clone(&bed.worker), request(&bed, sequence));
            tokio::spawn(async move { worker.execute(asked).await.unwrap() })
        })
        .collect();
    runner.wait_for_started(100).await;
    let before = bed.store.commits();
    runner.gate.add_permits(100);
    for call in calls {
        call.await.unwrap();
    }
    let commits = bed.store.commits() - before;
    assert!((1..50).contains(&commits), "{commits} commits for 100 reports");
}

#[tokio::test]
async fn a_sealed_report_is_repeated_while_it_is_kept_though_its_time_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let first = bed.worker.execute(request(&bed, 1)).await.unwrap();
    bed.clock.set(NOON + 99);
    assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap(), first);
    bed.clock.set(NOON + 100);
    // Until the upkeep forgets it, the same bytes; from then on a refusal, and never another answer.
    let forgotten = async {
        loop {
            match bed.worker.execute(request(&bed, 1)).await {
                Ok(answer) => assert_eq!(answer, first),
                Err(problem) => break problem,
            }
        }
    };
    let problem = tokio::time::timeout(Duration::from_secs(30), forgotten).await.unwrap();
    let expired = Refusal::Expired { expires_at: NOON + 100, now: NOON + 100 };
    assert_eq!(problem, Problem::Refused(expired));
}

#[tokio::test]
async fn a_clock_that_goes_back_reopens_nothing_also_not_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    bed.worker.execute(request(&bed, 1)).await.unwrap();
    bed.clock.set(NOON + 100);
    eventually("forgotten", || bed.store.report(request(&bed, 1).request.request_id()).unwrap().is_none()).await;
    bed.clock.set(NOON);
    let expired = Problem::Refused(Refusal::Expired { expires_at: NOON + 100, now: NOON + 100 });
    assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap_err(), expired);
    assert_eq!(bed.worker.status().await.unwrap().now, NOON + 100);
    bed.close().await;

    // The new process's clock stands at noon again.
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap_err(), expired);
    assert_eq!(runner.started.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_the_stores_mark_has_passed_is_over_whatever_the_clock_says() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    bed.store.put_reports(&[], NOON + 100).unwrap();
    let expired = Problem::Refused(Refusal::Expired { expires_at: NOON + 100, now: NOON + 100 });
    assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap_err(), expired);
    assert_eq!(runner.started.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refusal_for_one_callers_words_is_not_the_other_callers() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let calls: Vec<_> = (0..50)
        .map(|index| {
            let worker = Arc::clone(&bed.worker);
            let mut asked = request(&bed, 1);
            let skewed = index % 2 == 0;
            asked.executed_at += if skewed { 61 } else { 0 };
            tokio::spawn(async move { (skewed, worker.execute(asked).await) })
        })
        .collect();
    for call in calls {
        let (skewed, answer) = call.await.unwrap();
        match answer {
            Ok(_) => {}
            Err(Problem::Refused(Refusal::ClockSkew { .. })) => assert!(skewed, "refused for another's words"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_contract_and_a_stale_one_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let unknown = ContractId([0xee; 32]);
    let asked = with(request(&bed, 1), |request| request.contract_id = unknown);
    let refusal = Refusal::UnknownContract { contract_id: unknown };
    assert_eq!(bed.worker.execute(asked).await.unwrap_err(), Problem::Refused(refusal.clone()));
    assert_eq!(bed.worker.contract(unknown).await.unwrap_err(), Problem::Refused(refusal));
    let asked = with(request(&bed, 1), |request| request.min_revision = 1);
    let refusal = Refusal::StaleRevision { contract_id: bed.contract, revision: 0, min_revision: 1 };
    assert_eq!(bed.worker.execute(asked).await.unwrap_err(), Problem::Refused(refusal));
    assert_eq!(runner.started.load(Ordering::SeqCst), 0);
    assert_eq!(bed.worker.status().await.unwrap().executions, 0);
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_released_and_what_ran_is_not_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::shut();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let call = tokio::spawn({
        let (worker, asked) = (Arc::clone(&bed.worker), request(&bed, 1));
        async move { worker.execute(asked).await }
    });
    runner.wait_for_started(1).await;
    bed.disk.fill(true);
    runner.gate.add_permits(2);
    assert!(matches!(call.await.unwrap(), Err(Problem::Fault(_))));
    assert!(bed.worker.status().await.unwrap().fault.is_some());
    // While the disk is full, no other run is started either.
    assert!(matches!(bed.worker.execute(request(&bed, 2)).await, Err(Problem::Fault(_))));
    assert_eq!(runner.started.load(Ordering::SeqCst), 1);

    bed.disk.fill(false);
    eventually("recovered", || bed.store.fault().is_none()).await;
    assert_eq!(bed.worker.status().await.unwrap().fault, None);
    let answer = bed.worker.execute(request(&bed, 1)).await.unwrap();
    assert_eq!(answer.report.output, 0_u64.to_le_bytes(), "the run that was done before");
    assert_eq!(runner.started.load(Ordering::SeqCst), 1);
    bed.worker.execute(request(&bed, 2)).await.unwrap();
}

#[tokio::test]
async fn more_runs_than_the_settings_allow_are_told_that_the_enclave_is_busy() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::shut();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let most = u64::try_from(CONCURRENCY.requests).unwrap();
    let calls: Vec<_> = (1..=most)
        .map(|sequence| {
            let (worker, asked) = (Arc::clone(&bed.worker), request(&bed, sequence));
            tokio::spawn(async move { worker.execute(asked).await })
        })
        .collect();
    runner.wait_for_started(most).await;
    let beyond = tokio::time::timeout(Duration::from_secs(30), bed.worker.execute(request(&bed, most + 1)));
    assert_eq!(beyond.await.expect("it waits instead").unwrap_err(), Problem::Busy);
    assert_eq!(bed.worker.status().await.unwrap().running, most);
    runner.gate.add_permits(1_000);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    bed.worker.execute(request(&bed, most + 1)).await.unwrap();
}

#[tokio::test]
async fn a_run_that_is_held_back_is_busy_and_signs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let contract = ContractId([1; 32]);
    for fault in [HostFault::ContractBusy { contract, limit: 1 }, HostFault::MemoryBusy(contract)] {
        runner.fail_next(fault);
        assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap_err(), Problem::Busy);
    }
    runner.fail_next(HostFault::Internal);
    assert!(matches!(bed.worker.execute(request(&bed, 1)).await.unwrap_err(), Problem::Fault(_)));
    assert_eq!(bed.worker.execute(request(&bed, 1)).await.unwrap().report.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_simulation_is_unsigned_keeps_nothing_and_counts_as_no_execution() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let simulation = bed.worker.simulate(simulation_of(&bed)).await.unwrap();
    assert_eq!(simulation.output, 0_u64.to_le_bytes());
    assert_eq!(bed.worker.status().await.unwrap().executions, 0);
    assert!(bed.store.report(RequestId([0; 32])).unwrap().is_none());
}

#[tokio::test]
async fn the_run_of_a_request_has_the_random_value_of_its_id_and_block_and_no_other_run_has_one() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    assert!(runner.last_run().unwrap().vrf.is_none(), "a deployment");
    let asked = request(&bed, 1);
    let truth = bed.worker.execute(asked.clone()).await.unwrap();
    let alpha = phat_protocol::vrf_alpha(&asked.request.request_id(), &asked.block_hash);
    let vrf = format!("{:?}", runner.last_run().unwrap().vrf.unwrap());
    assert!(vrf.contains(&alpha.to_string()), "{vrf}");
    // Another word about the block comes too late: the request is answered.
    let lie = Execute { block_hash: BlockHash([6; 32]), ..asked };
    assert_eq!(bed.worker.execute(lie).await.unwrap(), truth);
    assert_eq!(runner.started.load(Ordering::SeqCst), 1);
    bed.worker.simulate(simulation_of(&bed)).await.unwrap();
    assert!(runner.last_run().unwrap().vrf.is_none(), "a simulation");
}

#[tokio::test]
async fn every_reason_against_a_module_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let refused = bed.worker.put_code(Arc::from(b"bad".as_slice())).await.unwrap_err();
    let reasons = vec!["one reason".to_owned(), "and another".to_owned()];
    assert_eq!(refused, Problem::Refused(Refusal::BadModule { reasons }));
}

#[tokio::test]
async fn evidence_is_over_the_registration_the_keys_and_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let registration = evm::Registration {
        chain_id: 31337,
        registry: EvmAddress([1; 20]),
        operator: EvmAddress([2; 20]),
        block_number: 3,
        block_hash: BlockHash([4; 32]),
    };
    let quote = bed.worker.quote(&QuoteFor::Evm(registration.clone())).unwrap();
    assert_eq!(quote.report_data, registration.report_data(&quote.keys, &quote.config_hash).0);
    assert!(quote.evidence.windows(64).any(|window| window == quote.report_data));
    assert_eq!(quote.config_hash, Digest([9; 32]));
    assert!(!quote.keys.vrf_key_hash.is_zero());
}

#[tokio::test]
async fn what_the_worker_shows_in_debug_output_holds_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::make(directory.path(), CountingRunner::open()).await;
    let shown = format!("{:?} {:?}", bed.worker, bed.store);
    bed.close().await;
    let (_, keys) = open_store(directory.path(), 1, &crate::testbed::Disk::default()).unwrap();
    for secret in keys.to_plain().chunks(32) {
        assert!(!shown.contains(&hex::encode(secret)) && !shown.contains(&format!("{secret:?}")));
    }
}
