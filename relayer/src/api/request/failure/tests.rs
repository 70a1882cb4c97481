use super::*;
use crate::{
    attempt::{AttemptId, AttemptState},
    request::Settlement,
    store::{EventRecord, RequestSummary},
};
use phat_connector::{BlockRef, Fees, TxHash};
use phat_protocol::{
    Amount, BlockHash, ContractId, Digest, EvmAddress, Payee, Request, RequestId, Signature, WorkerAddress, evm,
};
use serde_json::json;

/// 2023-11-14T22:13:20Z, and when the request expires.
const NOON: i64 = 1_700_000_000_000;
const EXPIRY: &str = "2023-11-14T23:13:20Z";

fn life(state: StateName) -> RequestLife {
    let summary = RequestSummary {
        id: RequestId([7; 32]),
        chain: "local".to_owned(),
        contract_id: ContractId([8; 32]),
        consumer: vec![2; 20],
        state,
        ignored: None,
        settlement: None,
        outcome: None,
        block: 10,
        observed_at_ms: NOON,
        updated_at_ms: NOON,
        expires_at: 1_700_003_600,
        last_error: None,
    };
    let request = Request::Evm(evm::Request {
        chain_id: 1,
        oracle: EvmAddress([1; 20]),
        sequence: 1,
        parent_hash: BlockHash([5; 32]),
        consumer: EvmAddress([2; 20]),
        contract_id: ContractId([8; 32]),
        min_revision: 4,
        payload_hash: Digest([6; 32]),
        callback_gas_limit: 1,
        max_output: 32,
        expires_at: 1_700_003_600,
        payment: Amount::from(1),
    });
    RequestLife {
        summary,
        request,
        payload: vec![],
        block_hash: BlockHash([5; 32]),
        transaction: TxHash(Digest([0xaa; 32])),
        replaces: None,
        replaced_by: None,
        tries: 0,
        next_try_at_ms: 0,
        is_final: false,
        report: None,
        attempts: vec![],
        events: vec![],
    }
}

fn report(outcome: Outcome, reason: Option<&str>) -> Option<StoredReport> {
    Some(StoredReport {
        outcome,
        outcome_number: outcome.number(),
        output: vec![],
        executed_at: 1_700_000_000,
        payee: Payee([0; 32]),
        worker: WorkerAddress([3; 20]),
        signature: Signature([0; 65]),
        attestation: "simulated".to_owned(),
        reason: reason.map(str::to_owned),
        logs: vec![],
        fuel: 1,
        elapsed_ms: 1,
        reported_at_ms: NOON,
    })
}

fn attempt(effect: Option<EntryEffect>, mined: Option<bool>) -> AttemptRecord {
    let transaction = TransactionRecord {
        hash: TxHash(Digest([0xb1; 32])),
        gas_limit: 1,
        fees: Fees { max_fee: Amount::from(1), max_priority_fee: Amount::from(1) },
        prepared_at_ms: NOON,
        broadcast_at_ms: Some(NOON),
        block: mined.map(|_| BlockRef { number: 20, hash: BlockHash([4; 32]) }),
        succeeded: mined,
        gas_used: mined.map(|_| 1),
    };
    AttemptRecord {
        id: AttemptId(1),
        submitter: "0x09".to_owned(),
        nonce: 3,
        state: AttemptState::Open,
        created_at_ms: NOON,
        updated_at_ms: NOON,
        effect,
        transactions: vec![transaction],
    }
}

fn told(life: &RequestLife) -> String {
    in_words(life, None, Millis(NOON)).unwrap()
}

fn assert_tells(life: &RequestLife, words: &[&str]) {
    let told = told(life);
    for words in words {
        assert!(told.contains(words), "{words} in {told}");
    }
}

#[test]
fn an_answer_that_is_ok_has_no_failure() {
    let mut life = life(StateName::Settled);
    life.report = report(Outcome::Ok, None);
    life.summary.settlement = Some(Settlement { kind: SettlementKind::Fulfilled, transaction: None, block: 20 });
    assert_eq!(in_words(&life, None, Millis(NOON)), None);
}

#[test]
fn a_failed_run_is_told_in_the_contracts_words_where_it_has_any() {
    let mut life = life(StateName::Settled);
    life.report = report(Outcome::ContractError, Some("the contract answered an error"));
    life.summary.settlement = Some(Settlement { kind: SettlementKind::Fulfilled, transaction: None, block: 20 });
    assert_eq!(told(&life), "the run ended in ContractError: the contract answered an error");
    let decoded = DecodedOutput::Error { error_code: 7, error_text: "no such pair".to_owned() };
    let told = in_words(&life, Some(&decoded), Millis(NOON)).unwrap();
    assert_eq!(told, "the run ended in ContractError: no such pair (code 7)");
}

#[test]
fn an_ignored_request_says_what_an_operator_can_do() {
    let mut life = life(StateName::Ignored);
    life.summary.ignored = Some(IgnoreReason::UnknownContract);
    assert_tells(&life, &[&ContractId([8; 32]).to_string(), "`relayer contract deploy`", EXPIRY]);
    life.summary.ignored = Some(IgnoreReason::StaleRevision);
    assert_tells(&life, &["from revision 4 on", EXPIRY]);
    life.summary.ignored = Some(IgnoreReason::Refused { why: "the payee is none".to_owned() });
    assert_tells(&life, &["the payee is none", &format!("`relayer request retry {}`", RequestId([7; 32]))]);
}

#[test]
fn what_waits_says_for_what_and_when_it_is_tried_again() {
    let mut waiting = life(StateName::Observed);
    assert_eq!(told(&waiting), "it waits to be executed");
    waiting.summary.last_error = Some("the enclave is busy".to_owned());
    (waiting.tries, waiting.next_try_at_ms) = (3, NOON + 5_000);
    assert_tells(&waiting, &["tried 3 times", "again at 2023-11-14T22:13:25Z", "the enclave is busy"]);
    (waiting.tries, waiting.next_try_at_ms) = (1, NOON);
    assert_tells(&waiting, &["tried once and again at once"]);

    let mut reported = life(StateName::Reported);
    reported.report = report(Outcome::Trapped, Some("unreachable"));
    assert_tells(&reported, &["the run ended in Trapped: unreachable; its report waits to be submitted"]);

    let mut sent = life(StateName::Submitted);
    sent.attempts = vec![attempt(None, None)];
    let hash = TxHash(Digest([0xb1; 32])).to_string();
    assert_tells(&sent, &[&format!("waits for transaction {hash} (nonce 3, sent at 2023-11-14T22:13:20Z)")]);
    sent.attempts[0].transactions[0].broadcast_at_ms = None;
    assert_tells(&sent, &["about to be sent"]);
}

#[test]
fn a_transaction_without_effect_gives_the_oracles_reason() {
    for (effect, succeeded, words) in [
        (None, false, "reverted in block 20"),
        (Some(EntryEffect::Skipped(EntryRefusal::BadSignatures)), true, "its signatures don't count there"),
        (Some(EntryEffect::Skipped(EntryRefusal::NotPending)), true, "it wasn't pending any more"),
        (Some(EntryEffect::Skipped(EntryRefusal::Other("CallbackGas".to_owned()))), true, "CallbackGas"),
        (None, true, "had no effect on it"),
    ] {
        for state in [StateName::Submitted, StateName::Reported, StateName::Expired] {
            let mut life = life(state);
            life.report = report(Outcome::Ok, None);
            life.attempts = vec![attempt(effect.clone(), Some(succeeded))];
            assert_tells(&life, &[words]);
        }
    }
}

#[test]
fn a_failed_callback_can_be_tried_again_until_expiry() {
    let mut life = life(StateName::Settled);
    life.report = report(Outcome::Ok, None);
    let transaction = Some(TxHash(Digest([0xb1; 32])));
    life.summary.settlement = Some(Settlement { kind: SettlementKind::CallbackFailed, transaction, block: 20 });
    assert_tells(&life, &["callback failed", "anyone may try it again", EXPIRY]);
    let later = in_words(&life, None, Millis(NOON + 3_600_001)).unwrap();
    assert!(later.contains(&format!("could be tried again until {EXPIRY}")), "{later}");
}

#[test]
fn an_expired_request_says_how_far_it_came() {
    let mut expired = life(StateName::Expired);
    expired.summary.last_error = Some("the enclave is unreachable".to_owned());
    assert_tells(&expired, &[EXPIRY, "before it was executed: the enclave is unreachable"]);

    let event = |name: &str, detail| EventRecord { at_ms: NOON, event: name.to_owned(), detail };
    expired.events = vec![
        event("observed", None),
        event("ignored", Some(json!({ "reason": "unknown_contract" }))),
        event("expired", None),
    ];
    assert_tells(&expired, &["without having been executed: the enclave has no such contract"]);

    expired.events.clear();
    expired.report = report(Outcome::Ok, None);
    assert_tells(&expired, &["its report, there since 2023-11-14T22:13:20Z, was never sent"]);
    expired.attempts = vec![attempt(None, None)];
    assert_tells(&expired, &["no transaction with it was mined in time"]);
}

#[test]
fn an_orphaned_request_says_where_it_was() {
    assert_tells(&life(StateName::Orphaned), &["dropped its block 10", EXPIRY]);
    let replaced_by = RequestId([7; 32]);
    let replaced = RequestLife { replaced_by: Some(replaced_by), ..life(StateName::Orphaned) };
    assert_tells(&replaced, &["dropped its block 10", "mined again", &replaced_by.to_string()]);
}
