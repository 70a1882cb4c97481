use super::{CheckState::*, *};
use crate::store::{StoreError, sqlite::Schema};
use phat_connector::{
    Account, BlockRef, ChainError, ChainFacts, EndpointReport, EndpointState, Fees, Finality, Head, Outlook,
};
use phat_enclave_api::{Attestation, EnclaveError, Refusal, Status};
use phat_protocol::{Amount, BlockHash, Chain, ContractId, Digest, WorkerAddress, WorkerKeys};

const NOW: u64 = 1_700_000_000;
const DAY: u64 = 24 * 60 * 60;

fn status() -> Status {
    Status {
        attestation: Attestation::Simulated,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        keys: WorkerKeys { worker: WorkerAddress([7; 20]), x25519: Digest([8; 32]), vrf_key_hash: Digest::default() },
        measurement: Digest([1; 32]),
        config_hash: Digest([2; 32]),
        config: serde_json::Value::Null,
        now: NOW,
        contracts: 0,
        running: 0,
        executions: 0,
        fault: None,
    }
}

fn facts() -> ChainFacts {
    ChainFacts {
        chain: Chain::Evm(31337),
        oracle: "0x0a".to_owned(),
        registry: "0x0b".to_owned(),
        threshold: 1,
        paused: false,
    }
}

fn head() -> Head {
    let block = BlockRef { number: 30, hash: BlockHash([3; 32]) };
    Head { latest: block, timestamp: NOW, confirmed: block, confirmed_timestamp: NOW }
}

fn contracts_of_this_release() -> Contracts {
    Contracts {
        oracle: CodeOnChain::OfThisRelease,
        registry: CodeOnChain::OfThisRelease,
        has_safe: true,
        has_finalized: true,
    }
}

fn registered() -> Registration {
    Registration {
        operator: Some("0x0c".to_owned()),
        expiry: NOW + 30 * DAY,
        revoked: false,
        active: true,
        measurement: Digest([1; 32]),
        config_hash: Digest([2; 32]),
        may_register: true,
        pair_allowed: true,
    }
}

/// Asserts how a check went, and that whatever is wrong says how to mend it.
#[track_caller]
fn assert_is(check: &Check, state: CheckState, words: &str) {
    assert_eq!(check.state, state, "{check:?}");
    assert_eq!(check.remedy.is_some(), state != Ok, "{check:?}");
    let said = format!("{} {}", check.finding, check.remedy.as_deref().unwrap_or_default());
    assert!(said.contains(words), "{words} in {said}");
}

/// The one check that isn't well.
#[track_caller]
fn only_wrong(checks: Vec<Check>) -> Check {
    let mut wrong = checks.into_iter().filter(|check| check.state != Ok);
    let first = wrong.next().expect("something is wrong");
    assert_eq!(wrong.next(), None, "beside {first:?}");
    first
}

#[test]
fn a_clock_may_differ_as_far_as_the_enclave_signs() {
    assert_is(&against_enclave(NOW, NOW + 5), Ok, "5 s");
    assert_is(&against_enclave(NOW, NOW - 6), Warn, "6 s");
    assert_is(&against_enclave(NOW, NOW + 60), Warn, "60 s");
    assert_is(&against_enclave(NOW, NOW + 61), Fail, "refuses to sign");
}

#[test]
fn a_newest_block_is_neither_ahead_nor_old() {
    assert_is(&against_chain("local", NOW, NOW - 600), Ok, "600 s old");
    assert_is(&against_chain("local", NOW, NOW + 5), Ok, "0 s old");
    assert_is(&against_chain("local", NOW, NOW + 6), Warn, "6 s ahead");
    assert_is(&against_chain("local", NOW, NOW - 3601), Warn, "1h 1s old");
    assert_is(&against_chain("local", NOW, 0), Warn, "old");
}

#[test]
fn an_enclave_is_there_vouched_for_and_able_to_sign() {
    let simulated = only_wrong(enclave(&Result::Ok(status()), true));
    assert_is(&simulated, Warn, "simulated");
    assert_is(&only_wrong(enclave(&Result::Ok(status()), false)), Fail, "enclave.allow_simulated = true");

    let full = Status { fault: Some("the disk is full".to_owned()), ..status() };
    let wrong: Vec<Check> = enclave(&Result::Ok(full), true).into_iter().filter(|check| check.state == Fail).collect();
    assert_is(&only_wrong(wrong), Fail, "the disk is full");

    let other = Status { version: "9.0.0".to_owned(), ..status() };
    assert_is(&enclave(&Result::Ok(other), true)[0], Warn, "9.0.0");

    let away = EnclaveError::Unreachable { endpoint: "unix:e.sock".to_owned(), cause: "no such file".to_owned() };
    assert_is(&only_wrong(enclave(&Err(away), true)), Fail, "enclave serve");
}

#[test]
fn a_chain_with_the_oracle_of_this_release_is_well() {
    let found = contracts_of_this_release();
    for finality in [Finality::Latest(2), Finality::Safe, Finality::Finalized] {
        let checks = oracle(
            "local",
            finality,
            &Result::Ok(facts()),
            &Result::Ok(head()),
            &Result::Ok(Deployed::Contracts(found)),
        );
        assert!(checks.iter().all(|check| check.state == Ok), "{checks:?}");
    }
}

#[test]
fn what_is_wrong_with_an_oracle_is_named() {
    let ours = contracts_of_this_release();
    let other = CodeOnChain::Other { hash: Digest([9; 32]), size: 77 };
    let without_finality = Contracts { has_safe: false, has_finalized: false, ..ours };
    let one = |facts: ChainFacts, contracts: Contracts, finality: Finality| {
        only_wrong(oracle(
            "local",
            finality,
            &Result::Ok(facts),
            &Result::Ok(head()),
            &Result::Ok(Deployed::Contracts(contracts)),
        ))
    };
    let latest = Finality::Latest(0);
    assert_is(&one(ChainFacts { paused: true, ..facts() }, ours, latest), Fail, "paused");
    assert_is(&one(ChainFacts { threshold: 3, ..facts() }, ours, latest), Fail, "3 signatures");
    let code = one(facts(), Contracts { oracle: other, ..ours }, latest);
    assert_eq!(code.subject, "chain local: oracle code");
    assert_is(&code, Warn, "77 bytes");
    let code = one(facts(), Contracts { registry: other, ..ours }, latest);
    assert_eq!(code.subject, "chain local: registry code");
    assert_is(&one(facts(), without_finality, Finality::Safe), Fail, "no block that is safe");
    assert_is(&one(facts(), without_finality, Finality::Finalized), Fail, "no block that is finalized");
    let deployed = Result::Ok(Deployed::Contracts(without_finality));
    let checks = oracle("local", latest, &Result::Ok(facts()), &Result::Ok(head()), &deployed);
    assert!(checks.iter().all(|check| check.state == Ok), "{checks:?}");
}

#[test]
fn a_runtime_that_lacks_parts_of_the_oracle_is_named() {
    for (is_whole, takes_submissions, state) in [(true, true, Ok), (false, true, Fail), (true, false, Fail)] {
        let (runtime, calls) = ("phat-dev 1".to_owned(), "chainHead_v1".to_owned());
        let pallet = Pallet { runtime, is_whole, takes_submissions, states: 8, calls };
        let deployed = Result::Ok(Deployed::Pallet(pallet));
        let checks = oracle("local", Finality::Finalized, &Result::Ok(facts()), &Result::Ok(head()), &deployed);
        let check = checks.iter().find(|check| check.subject == "chain local: runtime").unwrap();
        assert_eq!(check.state, state, "{check:?}");
        assert!(check.finding.contains("phat-dev 1"), "{check:?}");
        assert_eq!(check.finding.contains("asked by chainHead_v1"), state == Ok, "{check:?}");
    }
}

#[test]
fn a_chain_that_does_not_answer_is_said_once() {
    let wrong = ChainError::WrongChain {
        endpoint: "http://node".to_owned(),
        expected: "31337".to_owned(),
        found: "1".to_owned(),
    };
    let (facts, head, contracts) = (Err(wrong.clone()), Err(wrong.clone()), Err(wrong));
    let check = only_wrong(oracle("local", Finality::Safe, &facts, &head, &contracts));
    assert_is(&check, Fail, "chains.local.chain_id");
}

#[test]
fn each_endpoint_is_looked_at_and_one_that_serves_is_enough() {
    let report = |name: &str, state, error: Option<&str>| EndpointReport {
        name: name.to_owned(),
        priority: 0,
        state,
        in_use: false,
        head: Some(30),
        lag: Some(9),
        latency: None,
        error_rate: 0.0,
        last_error: error.map(str::to_owned),
        resting: None,
        answered: None,
    };
    let well = report("a", EndpointState::Healthy, None);
    let away = report("b", EndpointState::Failing, Some("connection refused"));
    let wrong = report("c", EndpointState::WrongChain, Some("serves chain 1, not 31337"));
    let late = report("d", EndpointState::Lagging, None);
    let checks = endpoints("local", &[well, away.clone(), wrong, late]);
    assert_eq!(checks[1].subject, "chain local: endpoint b");
    assert_is(&checks[0], Ok, "block 30");
    assert_is(&checks[1], Warn, "connection refused start the node");
    assert_is(&checks[2], Fail, "serves chain 1, not 31337 mend its URL under chains.local");
    assert_is(&checks[3], Warn, "9 blocks behind");
    assert_is(&endpoints("local", &[away])[0], Fail, "connection refused");
}

#[test]
fn a_wallet_pays_for_a_batch() {
    let account = Account("0x09".to_owned());
    let outlook = |max_fee: Amount| Outlook {
        mined_nonce: 0,
        pending_nonce: 0,
        fees: Fees { max_fee, max_priority_fee: Amount::from(1) },
        fee_cap: None,
        gas_limit: 1,
        is_unsigned: false,
    };
    let today = Result::Ok(outlook(Amount::from(2)));
    let check = |balance: u128| wallet("local", &account, &Result::Ok(Amount::from(balance)), None, &today, 20);
    assert_is(&check(4_000_000), Ok, "may cost 4000000");
    assert_is(&check(3_999_999), Warn, "send money to 0x09");
    assert_is(&check(0), Fail, "no funds");
    let away = ChainError::Unreachable { endpoint: "http://node".to_owned(), cause: "refused".to_owned() };
    assert_is(&wallet("local", &account, &Err(away), None, &today, 20), Fail, "chains.local.rpc_url");
    let unsigned = Result::Ok(Outlook { is_unsigned: true, ..outlook(Amount::default()) });
    let check = wallet("local", &account, &Result::Ok(Amount::default()), None, &unsigned, 20);
    assert_is(&check, Ok, "needs nothing");
    let dear = Result::Ok(outlook(Amount([0xff; 32])));
    let check = wallet("local", &account, &Result::Ok(Amount::from(1)), None, &dear, 20);
    assert_is(&check, Warn, &u128::MAX.to_string());
}

#[test]
fn a_registration_counts_lasts_and_is_of_this_enclave() {
    let check = |found: Registration| registration("local", &status(), &Result::Ok(found), NOW);
    assert_is(&check(registered()), Ok, "30days");
    assert_is(&check(Registration { expiry: NOW + 2 * DAY, ..registered() }), Warn, "worker register --chain local");
    let changed = Registration { config_hash: Digest([5; 32]), pair_allowed: false, ..registered() };
    assert_is(&check(changed), Warn, "relayer oracle allow");
}

#[test]
fn a_worker_that_does_not_count_says_why_and_who_mends_it() {
    let check = |found: Registration| registration("local", &status(), &Result::Ok(found), NOW);
    let absent = Registration { operator: None, expiry: 0, active: false, ..registered() };
    assert_is(&check(absent.clone()), Fail, "is not registered `relayer worker register --chain local`");
    assert_is(&check(Registration { may_register: false, ..absent.clone() }), Fail, "makes the wallet an operator");
    assert_is(&check(Registration { pair_allowed: false, ..absent }), Fail, "relayer oracle allow");
    assert_is(&check(Registration { expiry: NOW - 1, active: false, ..registered() }), Fail, "ended");
    assert_is(&check(Registration { revoked: true, active: false, ..registered() }), Fail, "for ever");
    let disallowed = Registration { active: false, pair_allowed: false, ..registered() };
    assert_is(&check(disallowed), Fail, "no more");
}

#[test]
fn a_contract_that_the_enclave_lacks_is_named() {
    let present = |name: &str, in_enclave| Presence { id: ContractId([4; 32]), name: name.to_owned(), in_enclave };
    assert_is(&only_wrong(contracts(&[])), Warn, "contract deploy");
    assert_is(&contracts(&[present("price", Result::Ok(true))])[0], Ok, "all 1");
    let lost = [present("price", Result::Ok(true)), present("rates", Result::Ok(false))];
    let check = only_wrong(contracts(&lost));
    assert_eq!(check.subject, "contract rates");
    assert_is(&check, Fail, "deploy it again");
    let refused = EnclaveError::Refused(Refusal::Malformed { what: "id".to_owned() });
    assert_is(&only_wrong(contracts(&[present("price", Err(refused))])), Fail, "id");
}

#[test]
fn a_schema_is_known_whole_and_not_from_the_future() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relayer.db");
    let schema = |applied, is_known, is_broken| Schema { applied, known: 3, is_known, is_broken };
    let check = |schema| database(&path, Some(Result::Ok(schema))).remove(0);
    assert_is(&check(schema(3, true, false)), Ok, "up to date");
    assert_is(&check(schema(1, true, false)), Ok, "2 migrations will be applied");
    assert_is(&check(schema(4, false, false)), Fail, "not one of this release");
    assert_is(&check(schema(2, true, true)), Fail, "not finished");
    assert_is(&database(&path, None)[0], Ok, "will be made");
    let unreadable = StoreError::Conflict { what: "it".to_owned() };
    assert_is(&database(&path, Some(Err(unreadable)))[0], Fail, "database.url");
}

#[test]
fn a_database_leaves_nothing_behind_where_it_was_tried() {
    let directory = tempfile::tempdir().unwrap();
    let checks = database(&directory.path().join("relayer.db"), None);
    assert_is(&checks[1], Ok, "");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    assert_is(&database(&directory.path().join("no/relayer.db"), None)[1], Fail, "can't be written");
}

#[test]
fn a_disk_has_room() {
    assert_is(&super::database::of_space(2 << 30), Ok, "2048 MiB");
    assert_is(&super::database::of_space(100 << 20), Warn, "100 MiB");
    assert_is(&super::database::of_space(1 << 20), Fail, "1 MiB");
}
