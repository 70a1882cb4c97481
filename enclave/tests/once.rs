//! An enclave process answers a request once, whatever happens to it or to its caller.

mod support;

use phat_enclave_api::{Enclave as _, EnclaveError, Execution};
use phat_protocol::Outcome;
use std::collections::BTreeMap;
use support::{Home, guest, outside::ALLOW, request, source::Source};

#[tokio::test]
async fn a_repeat_gets_the_same_bytes_also_from_the_next_process() {
    let home = Home::new();
    let enclave = home.start(&[]).await;
    let contract = enclave.deploy(&guest::dice()).await;
    let asked = request(contract.contract_id, 1, b"roll");
    let first = enclave.client.execute(&asked).await.unwrap();
    assert_eq!((first.report.outcome, first.report.output.len()), (Outcome::Ok, 32), "{first:?}");
    let mut later = asked.clone();
    later.executed_at += 5;
    later.payee.0[31] ^= 1;
    later.block_hash.0[0] ^= 1;
    assert_eq!(enclave.client.execute(&later).await.unwrap(), first);
    let worker = enclave.client.status().await.unwrap().keys;
    enclave.kill();

    let enclave = home.start(&[]).await;
    assert_eq!(enclave.client.execute(&asked).await.unwrap(), first);
    let status = enclave.client.status().await.unwrap();
    assert_eq!((status.keys, status.executions, status.contracts), (worker, 0, 1));
    assert_eq!(enclave.client.contract(contract.contract_id).await.unwrap(), Some(contract.clone()));
    let other = enclave.client.execute(&request(contract.contract_id, 2, b"roll")).await.unwrap();
    assert_ne!(other.report.output, first.report.output, "the guest throws no dice");
}

#[tokio::test]
async fn a_hundred_calls_for_one_request_are_one_run_with_one_answer() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let enclave = home.start(&[(ALLOW, &source.allowed())]).await;
    let contract = enclave.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (client, asked) = (enclave.client.clone(), asked.clone());
            tokio::spawn(async move { client.execute(&asked).await.unwrap() })
        })
        .collect();
    source.wait_for_asked(1).await;
    source.answer(true);
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].report.outcome, Outcome::Ok, "{:?}", answers[0]);
    assert_eq!(source.asked(), 1);
    assert_eq!(enclave.client.status().await.unwrap().executions, 1);
}

#[tokio::test]
async fn a_caller_that_dies_ends_no_run_and_its_next_call_gets_the_answer() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let enclave = home.start(&[(ALLOW, &source.allowed())]).await;
    let contract = enclave.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let call = tokio::spawn({
        let (client, asked) = (enclave.client.clone(), asked.clone());
        async move { client.execute(&asked).await }
    });
    source.wait_for_asked(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    source.answer(true);
    enclave.wait_for("nothing runs", |status| status.running == 0).await;
    let answer = enclave.client.execute(&asked).await.unwrap();
    assert_eq!(answer.report.outcome, Outcome::Ok, "{answer:?}");
    assert_eq!((source.asked(), enclave.client.status().await.unwrap().executions), (1, 1));
}

#[tokio::test]
async fn a_run_that_was_sealed_is_not_repeated_though_nobody_heard_its_answer() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let open = source.allowed();
    let enclave = home.start(&[(ALLOW, &open)]).await;
    let contract = enclave.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let call = tokio::spawn({
        let (client, asked) = (enclave.client.clone(), asked.clone());
        async move { client.execute(&asked).await }
    });
    source.wait_for_asked(1).await;
    call.abort();
    source.answer(true);
    // A second request that is answered was sealed after the first one's run had ended.
    enclave.wait_for("nothing runs", |status| status.running == 0).await;
    enclave.client.execute(&request(contract.contract_id, 2, b"")).await.unwrap();
    enclave.kill();
    assert_eq!(source.asked(), 2);

    let enclave = home.start(&[(ALLOW, &open)]).await;
    let answer = enclave.client.execute(&asked).await.unwrap();
    assert_eq!(answer.report.outcome, Outcome::Ok);
    assert_eq!((source.asked(), enclave.client.status().await.unwrap().executions), (2, 0), "it ran again");
}

#[tokio::test]
async fn a_run_that_was_killed_before_it_was_sealed_is_done_again_once() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let open = source.allowed();
    let enclave = home.start(&[(ALLOW, &open)]).await;
    let contract = enclave.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let call = tokio::spawn({
        let (client, asked) = (enclave.client.clone(), asked.clone());
        async move { client.execute(&asked).await }
    });
    source.wait_for_asked(1).await;
    enclave.kill();
    let unheard = call.await.unwrap().unwrap_err();
    assert!(matches!(unheard, EnclaveError::Unreachable { .. }), "{unheard}");

    source.answer(true);
    let enclave = home.start(&[(ALLOW, &open)]).await;
    let answer = enclave.client.execute(&asked).await.unwrap();
    assert_eq!(enclave.client.execute(&asked).await.unwrap(), answer);
    assert_eq!((source.asked(), enclave.client.status().await.unwrap().executions), (2, 1));
}

/// Kills the process at times that depend on the machine, with requests in flight, and holds every
/// answer that was ever heard against all later ones.
#[tokio::test]
async fn kills_at_any_moment_never_change_an_answer_that_was_heard() {
    const REQUESTS: u64 = 20;
    const KILLS: u64 = 8;
    let home = Home::new();
    let mut heard = BTreeMap::<u64, Execution>::new();
    let mut enclave = home.start(&[]).await;
    let contract = enclave.deploy(&guest::dice()).await;
    let requests: Vec<_> = (1..=REQUESTS).map(|index| request(contract.contract_id, index, b"roll")).collect();
    for kill in 0..KILLS {
        let calls: Vec<_> = requests
            .iter()
            .map(|asked| {
                let (client, asked) = (enclave.client.clone(), asked.clone());
                tokio::spawn(async move { client.execute(&asked).await })
            })
            .collect();
        // Later with every turn, so that it falls between different steps.
        tokio::time::sleep(std::time::Duration::from_millis(2 * kill)).await;
        enclave.kill();
        for (index, call) in (1..).zip(calls) {
            if let Ok(answer) = call.await.unwrap() {
                assert_eq!(heard.entry(index).or_insert_with(|| answer.clone()), &answer, "request {index}");
            }
        }
        enclave = home.start(&[]).await;
    }
    for (index, asked) in (1..).zip(&requests) {
        let answer = enclave.client.execute(asked).await.unwrap();
        assert_eq!(heard.entry(index).or_insert_with(|| answer.clone()), &answer, "request {index}");
    }
    let outputs: std::collections::BTreeSet<_> = heard.values().map(|answer| &answer.report.output).collect();
    assert_eq!(outputs.len(), heard.len(), "the guest throws no dice");
}
