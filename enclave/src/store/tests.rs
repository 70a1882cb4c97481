use super::*;
use crate::testbed::{Disk, open_store};
use parity_scale_codec::Encode;
use phat_executor::State;
use phat_protocol::{CodeHash, Outcome, Owner, Payee, Report, RequestId, Salt, Signature, WorkerAddress};
use redb::ReadableTable;
use std::{os::unix::fs::PermissionsExt, sync::Arc};

fn store(directory: &Path) -> Store {
    open_store(directory, 1, &Disk::default()).unwrap().0
}

fn report(id: u8, expires_at: u64) -> SealedReport {
    SealedReport {
        report: Report {
            request_id: RequestId([id; 32]),
            outcome: Outcome::Ok,
            output: vec![id],
            executed_at: 1,
            payee: Payee([1; 32]),
        },
        signature: Signature([id; 65]),
        worker: WorkerAddress([2; 20]),
        expires_at,
        reason: None,
        logs: vec![(3, "line".to_owned())],
        fuel: 5,
        elapsed_ms: 6,
    }
}

/// Keeps one contract.
fn put(store: &Store, record: &ContractRecord, state: State, now: u64) {
    let new = NewContract { record: record.clone(), state };
    assert_eq!(store.put_contracts(&new, &[], now).unwrap(), Put::Kept(record.clone()));
}

fn contract(init_data: &[u8]) -> ContractRecord {
    ContractRecord::new(phat_protocol::code_hash(b"wasm"), init_data.to_vec(), Owner::NOBODY, Salt([0; 32]))
}

/// Changes a row behind the enclave's back.
fn tamper(directory: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(directory.join("store.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

const REPORTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("reports");
const CONTRACTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("contracts");
const STATE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("state");
const CODE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("code");
const BY_EXPIRY: TableDefinition<'_, (u64, [u8; 32]), ()> = TableDefinition::new("reports-by-expiry");

#[test]
fn keys_reports_contracts_and_the_mark_are_there_after_it_was_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let (first, keys) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    first.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let record = contract(b"init");
    let state = State::from([(b"key".to_vec(), b"value".to_vec())]);
    put(&first, &record, state.clone(), 6);
    first.put_reports(&[report(1, 100)], 7).unwrap();
    drop(first);
    let (again, same_keys) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    assert_eq!(same_keys.public(), keys.public());
    assert_eq!(again.report(RequestId([1; 32])).unwrap(), Some(report(1, 100)));
    let loaded = again.load_contract(record.contract_id()).unwrap().unwrap();
    assert_eq!((loaded.record, &*loaded.code, &*loaded.state), (record, b"wasm".as_slice(), &state));
    assert_eq!((again.contracts().unwrap(), again.mark()), (1, 7));
}

#[test]
fn the_file_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let _store = store(directory.path());
    let metadata = std::fs::metadata(directory.path().join("store.redb")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_store_of_a_newer_format_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    tamper(directory.path(), |transaction| {
        transaction.open_table(META).unwrap().insert(FORMAT_ROW, (FORMAT + 1).to_le_bytes().as_slice()).unwrap();
    });
    let refused = open_store(directory.path(), 1, &Disk::default()).unwrap_err();
    assert!(matches!(refused, StoreError::Format { found: 4, known: 3, .. }), "{refused}");
    assert!(refused.to_string().contains("run the release that wrote it"), "{refused}");
}

#[test]
fn a_store_that_another_key_sealed_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    let refused = open_store(directory.path(), 2, &Disk::default()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { table: "meta", .. }), "{refused}");
}

#[test]
fn no_secret_and_no_report_stands_in_the_file_in_the_open() {
    let directory = tempfile::tempdir().unwrap();
    let (store, keys) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    let mut telling = report(1, 100);
    telling.report.output = b"an answer that is easy to find".to_vec();
    store.put_reports(&[telling.clone()], 1).unwrap();
    drop(store);
    let file = std::fs::read(directory.path().join("store.redb")).unwrap();
    let contains = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    for secret in keys.to_plain().chunks(32) {
        assert!(!contains(secret));
    }
    assert!(!contains(&telling.report.output));
    assert!(contains(&[1; 32]), "the request's id is the row's key");
}

#[test]
fn the_first_report_of_an_id_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.put_reports(&[report(1, 100)], 1).unwrap();
    let mut second = report(1, 100);
    second.signature = Signature([9; 65]);
    assert_eq!(store.put_reports(&[second, report(2, 100)], 1).unwrap(), [report(1, 100), report(2, 100)]);
    assert_eq!(store.report(RequestId([1; 32])).unwrap(), Some(report(1, 100)));
}

#[test]
fn many_reports_are_one_commit() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let before = store.commits();
    store.put_reports(&(0..50).map(|id| report(id, 100)).collect::<Vec<_>>(), 1).unwrap();
    assert_eq!(store.commits() - before, 1);
}

#[test]
fn the_mark_never_falls() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    first.put_reports(&[report(1, 1000)], 50).unwrap();
    first.put_reports(&[report(2, 1000)], 20).unwrap();
    assert_eq!(first.mark(), 50);
    drop(first);
    assert_eq!(store(directory.path()).mark(), 50);
}

#[test]
fn reports_are_forgotten_only_at_or_below_the_mark() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.put_reports(&[report(1, 10), report(2, 20), report(3, 21)], 5).unwrap();
    assert_eq!(store.forget_reports(10, 9).unwrap(), 0);
    assert_eq!(store.forget_reports(1, 20).unwrap(), 1);
    assert_eq!(store.forget_reports(10, 20).unwrap(), 1);
    let kept = |id: u8| store.report(RequestId([id; 32])).unwrap().is_some();
    assert_eq!((kept(1), kept(2), kept(3)), (false, false, true));
    // A clock that went back brings nothing back and forgets nothing more.
    assert_eq!(store.forget_reports(10, 3).unwrap(), 0);
    assert!(kept(3));
}

#[test]
fn an_index_that_the_host_changed_makes_nothing_forgotten_early() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    first.put_reports(&[report(1, 100)], 5).unwrap();
    drop(first);
    tamper(directory.path(), |transaction| {
        let mut index = transaction.open_table(BY_EXPIRY).unwrap();
        index.remove((100, [1; 32])).unwrap();
        index.insert((6, [1; 32]), ()).unwrap();
    });
    let again = store(directory.path());
    again.forget_reports(10, 50).unwrap();
    assert!(again.report(RequestId([1; 32])).unwrap().is_some());
    again.forget_reports(10, 100).unwrap();
    assert!(again.report(RequestId([1; 32])).unwrap().is_none());
}

#[test]
fn a_row_that_the_host_changed_or_moved_is_found_out() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    first.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let (one, other) = (contract(b"one"), contract(b"other"));
    put(&first, &one, State::from([(b"k".to_vec(), b"1".to_vec())]), 5);
    put(&first, &other, State::new(), 5);
    first.put_reports(&[report(1, 100)], 5).unwrap();
    drop(first);
    tamper(directory.path(), |transaction| {
        let mut reports = transaction.open_table(REPORTS).unwrap();
        let moved = reports.get([1; 32]).unwrap().unwrap().value().to_vec();
        reports.insert([2; 32], moved.as_slice()).unwrap();
        let mut state = transaction.open_table(STATE).unwrap();
        let moved = state.get(other.contract_id().0).unwrap().unwrap().value().to_vec();
        state.insert(one.contract_id().0, moved.as_slice()).unwrap();
        let mut contracts = transaction.open_table(CONTRACTS).unwrap();
        let mut row = contracts.get(other.contract_id().0).unwrap().unwrap().value().to_vec();
        row[30] ^= 1;
        contracts.insert(other.contract_id().0, row.as_slice()).unwrap();
        let mut code = transaction.open_table(CODE).unwrap();
        code.insert(phat_protocol::code_hash(b"wasm").0, b"mine".as_slice()).unwrap();
    });
    let again = store(directory.path());
    let damaged = |result: Result<bool, StoreError>, table: &str| match result {
        Err(StoreError::Damaged { table: found, .. }) => assert_eq!(found, table),
        other => panic!("{table}: {other:?}"),
    };
    damaged(again.report(RequestId([2; 32])).map(|row| row.is_some()), "reports");
    damaged(again.load_contract(one.contract_id()).map(|row| row.is_some()), "state");
    damaged(again.contract(other.contract_id()).map(|row| row.is_some()), "contracts");
    assert_eq!(again.code(phat_protocol::code_hash(b"wasm")).unwrap(), None);
    assert_eq!(again.code(CodeHash([7; 32])).unwrap(), None);
    assert!(again.report(RequestId([1; 32])).unwrap().is_some());
    assert_eq!(again.fault(), None, "one bad row stops nothing else");
}

#[test]
fn state_of_another_revision_does_not_stand_in_for_a_contracts_own() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    first.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let record = contract(b"init");
    let id = record.contract_id();
    put(&first, &record, State::new(), 5);
    assert!(first.load_contract(id).unwrap().is_some());
    let later = records::StateRecord { revision: 1, state: State::new(), secrets: SecretSet::default() };
    let sealed = first.seal("state", &id.0, &later.encode()).unwrap();
    drop(first);
    tamper(directory.path(), |transaction| {
        transaction.open_table(STATE).unwrap().insert(id.0, sealed.as_slice()).unwrap();
    });
    let refused = store(directory.path()).load_contract(id).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { table: "state", .. }), "{refused}");
}

#[test]
fn code_and_state_are_read_once_and_shared_and_again_after_the_file_was_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let (one, other) = (contract(b"one"), contract(b"other"));
    put(&store, &one, State::from([(b"k".to_vec(), b"1".to_vec())]), 5);
    put(&store, &other, State::from([(b"k".to_vec(), b"2".to_vec())]), 5);
    let load = |record: &ContractRecord| store.load_contract(record.contract_id()).unwrap().unwrap();
    let (first, second, third) = (load(&one), load(&one), load(&other));
    assert!(Arc::ptr_eq(&first.state, &second.state) && Arc::ptr_eq(&first.code, &second.code));
    assert!(Arc::ptr_eq(&first.code, &third.code), "two contracts of one code");
    assert_eq!(third.state[&b"k"[..]], b"2");
    store.recover(6).unwrap();
    let again = load(&one);
    assert!(!Arc::ptr_eq(&again.state, &first.state) && !Arc::ptr_eq(&again.code, &first.code));
    assert_eq!((again.state, again.code), (first.state, first.code));
}

#[test]
fn the_state_that_was_read_of_one_revision_is_not_another_revisions() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let record = contract(b"init");
    let id = record.contract_id();
    put(&store, &record, State::new(), 5);
    assert!(store.load_contract(id).unwrap().unwrap().state.is_empty());
    let later = ContractRecord { revision: 1, ..record };
    let state = State::from([(b"k".to_vec(), b"later".to_vec())]);
    let sealed = store.seal("contracts", &id.0, &later.encode()).unwrap();
    let written = records::StateRecord { revision: 1, state: state.clone(), secrets: SecretSet::default() };
    let sealed_state = store.seal("state", &id.0, &written.encode()).unwrap();
    store
        .write(6, |transaction| {
            transaction.open_table(CONTRACTS)?.insert(id.0, sealed.as_slice())?;
            transaction.open_table(STATE)?.insert(id.0, sealed_state.as_slice())?;
            Ok(())
        })
        .unwrap();
    assert_eq!(*store.load_contract(id).unwrap().unwrap().state, state);
}

#[test]
fn a_full_disk_is_a_fault_until_there_is_room_again() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let (store, _) = open_store(directory.path(), 1, &disk).unwrap();
    store.put_reports(&[report(1, 100)], 5).unwrap();
    disk.fill(true);
    store.put_reports(&[report(2, 100)], 6).unwrap_err();
    assert!(store.fault().is_some());
    store.recover(6).unwrap_err();
    assert!(store.fault().is_some());
    disk.fill(false);
    store.recover(7).unwrap();
    assert_eq!(store.fault(), None);
    assert_eq!(store.report(RequestId([1; 32])).unwrap(), Some(report(1, 100)));
    store.put_reports(&[report(2, 100)], 8).unwrap();
    drop(store);
    let (again, _) = open_store(directory.path(), 1, &disk).unwrap();
    assert_eq!(again.report(RequestId([2; 32])).unwrap(), Some(report(2, 100)));
}

#[test]
fn a_store_that_was_taken_away_under_a_running_enclave_is_not_replaced_by_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let (store, _) = open_store(directory.path(), 1, &disk).unwrap();
    disk.fill(true);
    store.put_reports(&[report(1, 100)], 6).unwrap_err();
    disk.fill(false);
    std::fs::remove_file(directory.path().join("store.redb")).unwrap();
    store.recover(7).unwrap_err();
    assert!(store.fault().is_some());
}

#[test]
fn a_contract_and_what_its_deploy_made_are_kept_together_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let new = |init_data: &[u8]| NewContract {
        record: contract(init_data),
        state: State::from([(b"of".to_vec(), init_data.to_vec())]),
    };
    let (parent, child, other) = (new(b"parent"), new(b"child"), new(b"other"));
    let kept = store.put_contracts(&parent, std::slice::from_ref(&child), 5).unwrap();
    assert_eq!(kept, Put::Kept(parent.record.clone()));
    let loaded = store.load_contract(child.record.contract_id()).unwrap().unwrap();
    assert_eq!((loaded.record.revision, &*loaded.state), (0, &child.state));

    let refused = store.put_contracts(&other, &[new(b"fresh"), child.clone()], 6).unwrap();
    assert_eq!(refused, Put::Exists(child.record.contract_id()));
    assert_eq!(store.contracts().unwrap(), 2);
    // The same again changes nothing, whatever its run left.
    let again = NewContract { state: State::new(), ..parent.clone() };
    assert_eq!(store.put_contracts(&again, &[child], 7).unwrap(), Put::Kept(parent.record.clone()));
    assert_eq!(*store.load_contract(parent.record.contract_id()).unwrap().unwrap().state, parent.state);
}
