use super::judged;
use crate::{
    runs::NO_CALLER,
    testbed::{Bed, CONCURRENCY, CountingRunner},
};
use phat_enclave_api::{Call, Problem, Refusal};
use phat_executor::{RunEnd, RunResult};
use phat_protocol::{ContractId, Outcome};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

fn result(end: RunEnd, last_http_denied: bool) -> RunResult {
    RunResult {
        end,
        changes: BTreeMap::new(),
        instantiated: Vec::new(),
        logs: Vec::new(),
        events: Vec::new(),
        dropped_records: 0,
        fuel_used: 0,
        elapsed: Duration::ZERO,
        http: Vec::new(),
        last_http_denied,
    }
}

#[test]
fn what_a_message_returned_is_not_looked_into_but_its_wish_to_revert_is_heard() {
    let returned = |flags| RunEnd::Returned { flags, data: vec![1, 1] };
    let failed = |outcome| RunEnd::Failed { outcome, reason: String::new() };
    for (end, denied, outcome) in [
        (returned(0), false, Outcome::Ok),
        (returned(2), true, Outcome::Ok),
        (returned(1), false, Outcome::ContractError),
        (returned(1), true, Outcome::EgressDenied),
        (failed(Outcome::Trapped), false, Outcome::Trapped),
        (failed(Outcome::Trapped), true, Outcome::EgressDenied),
        (failed(Outcome::OutOfFuel), true, Outcome::OutOfFuel),
    ] {
        let run = result(end, denied);
        let (judgement, reason) = judged(&run);
        assert_eq!((judgement, reason.is_none()), (outcome, outcome == Outcome::Ok), "{run:?}");
    }
}

#[tokio::test]
async fn a_call_is_a_query_of_nobody_that_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::open();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let call = Call { contract_id: bed.contract, input: b"any bytes".to_vec() };
    let result = bed.worker.call(call).await.unwrap();
    assert_eq!((result.outcome, result.flags, result.revision), (Outcome::Ok, 0, 0));
    // As the contract returned it, and not as an answer is read.
    assert_eq!(result.output, [&[0, 0, 8 << 2][..], &[0; 8]].concat());
    let run = runner.last_run().unwrap();
    assert_eq!(
        (run.mode, run.caller, run.input.as_slice()),
        (phat_executor::Mode::Query, NO_CALLER, &b"any bytes"[..])
    );
    assert!(run.key_root.is_some());
    assert!(run.vrf.is_none());
    assert_eq!(bed.worker.status().await.unwrap().executions, 0);
    assert_eq!(bed.store.contract(bed.contract).unwrap().unwrap().revision, 0);
    bed.close().await;
}

#[tokio::test]
async fn a_call_of_an_unknown_contract_is_refused_and_one_too_many_is_told_to_wait() {
    let directory = tempfile::tempdir().unwrap();
    let runner = CountingRunner::shut();
    let bed = Bed::make(directory.path(), Arc::clone(&runner)).await;
    let unknown = ContractId([0xee; 32]);
    let refused = bed.worker.call(Call { contract_id: unknown, input: Vec::new() }).await.unwrap_err();
    assert_eq!(refused, Problem::Refused(Refusal::UnknownContract { contract_id: unknown }));
    let call = || {
        let (worker, call) = (Arc::clone(&bed.worker), Call { contract_id: bed.contract, input: Vec::new() });
        tokio::spawn(async move { worker.call(call).await })
    };
    let running: Vec<_> = (0..CONCURRENCY.calls).map(|_| call()).collect();
    runner.wait_for_started(u64::try_from(CONCURRENCY.calls).unwrap()).await;
    assert_eq!(call().await.unwrap().unwrap_err(), Problem::Busy);
    runner.gate.add_permits(1_000);
    for call in running {
        call.await.unwrap().unwrap();
    }
    bed.close().await;
}
