use super::*;
use crate::{
    store::records::ContractRecord,
    testbed::{Disk, open_store},
};
use parity_scale_codec::Encode;
use phat_executor::State;
use phat_protocol::{Owner, Salt, Secret};
use std::path::Path;
use zeroize::Zeroizing;

fn store(directory: &Path) -> Store {
    open_store(directory, 1, &Disk::default()).unwrap().0
}

fn record(owner: Owner, init_data: &[u8]) -> ContractRecord {
    ContractRecord::new(phat_protocol::code_hash(b"wasm"), init_data.to_vec(), owner, Salt([0; 32]))
}

/// Keeps code and a contract with one key; the contract's id.
fn kept(store: &Store, owner: Owner, init_data: &[u8]) -> ContractId {
    store.put_code(phat_protocol::code_hash(b"wasm"), b"wasm", 5).unwrap();
    let record = record(owner, init_data);
    let state = State::from([(b"old".to_vec(), b"1".to_vec()), (b"gone".to_vec(), b"2".to_vec())]);
    store.put_contracts(&NewContract { record: record.clone(), state }, &[], 5).unwrap();
    record.contract_id()
}

fn wrote(key: &[u8], value: Option<&[u8]>) -> StateChanges {
    StateChanges::from([(key.to_vec(), value.map(<[u8]>::to_vec))])
}

fn step(contract: ContractId, revision: u64) -> Advance {
    Advance { contract, revision, changes: BTreeMap::new(), made: Vec::new(), secrets: None }
}

fn set(value: &[u8]) -> SecretSet {
    let secret = Secret { name: "token".to_owned(), value: value.to_vec(), origins: Vec::new() };
    SecretSet(Zeroizing::new(vec![secret].encode()))
}

/// Revision, values of `old`, `gone` and `new`, and whether there are secrets.
fn seen(store: &Store, id: ContractId) -> (u64, [Option<Vec<u8>>; 3], usize) {
    let loaded = store.load_contract(id).unwrap().unwrap();
    let values = [&b"old"[..], b"gone", b"new"].map(|key| loaded.state.get(key).cloned());
    (loaded.record.revision, values, loaded.secrets.names().count())
}

#[test]
fn a_step_writes_removes_and_raises_the_revision_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let id = kept(&store, Owner::NOBODY, b"");
    assert_eq!(seen(&store, id), (0, [Some(b"1".to_vec()), Some(b"2".to_vec()), None], 0));
    let mut changes = wrote(b"gone", None);
    changes.extend(wrote(b"new", Some(b"3")));
    let advance = Advance { changes: BTreeMap::from([(id, changes)]), ..step(id, 0) };
    assert_eq!(store.advance(advance, 6).unwrap(), Advanced::Done(1));
    let after = (1, [Some(b"1".to_vec()), None, Some(b"3".to_vec())], 0);
    assert_eq!(seen(&store, id), after);
    drop(store);
    let store = self::store(directory.path());
    assert_eq!((seen(&store, id), store.mark()), (after, 6));
}

#[test]
fn a_step_from_another_revision_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let id = kept(&store, Owner::NOBODY, b"");
    assert_eq!(store.advance(step(id, 0), 6).unwrap(), Advanced::Done(1));
    for revision in [0, 2] {
        let changes = BTreeMap::from([(id, wrote(b"new", Some(b"late")))]);
        let late = Advance { changes, secrets: Some(set(b"late")), ..step(id, revision) };
        assert_eq!(store.advance(late, 6).unwrap(), Advanced::Moved(1));
    }
    assert_eq!(seen(&store, id), (1, [Some(b"1".to_vec()), Some(b"2".to_vec()), None], 0));
}

#[test]
fn secrets_stay_over_messages_and_restarts_until_they_are_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let id = kept(&store, Owner::NOBODY, b"");
    let secrets = Advance { secrets: Some(set(b"hush")), ..step(id, 0) };
    assert_eq!(store.advance(secrets, 6).unwrap(), Advanced::Done(1));
    assert_eq!(store.advance(step(id, 1), 6).unwrap(), Advanced::Done(2));
    assert_eq!(seen(&store, id).2, 1);
    drop(store);
    let file = std::fs::read(directory.path().join("store.redb")).unwrap();
    assert!(!file.windows(5).any(|bytes| bytes == b"token" || &bytes[..4] == b"hush"), "they are on the disk in clear");
    let store = self::store(directory.path());
    assert_eq!((seen(&store, id).0, seen(&store, id).2), (2, 1));
    let none = SecretSet(Zeroizing::new(Vec::<Secret>::new().encode()));
    assert_eq!(store.advance(Advance { secrets: Some(none), ..step(id, 2) }, 6).unwrap(), Advanced::Done(3));
    assert_eq!((seen(&store, id).0, seen(&store, id).2), (3, 0));
}

#[test]
fn a_family_advances_together_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let parent = kept(&store, Owner::NOBODY, b"parent");
    let child = kept(&store, Owner::from(parent), b"child");
    let grandchild = kept(&store, Owner::from(child), b"grandchild");
    let other = kept(&store, Owner::NOBODY, b"other");
    assert!(store.descends(child, parent).unwrap() && store.descends(grandchild, parent).unwrap());
    assert!(!store.descends(other, parent).unwrap() && !store.descends(parent, child).unwrap());

    let new = |init_data: &[u8]| NewContract { record: record(Owner::from(parent), init_data), state: State::new() };
    let changes = |value: &[u8]| BTreeMap::from([parent, grandchild].map(|id| (id, wrote(b"new", Some(value)))));
    let advance = Advance { changes: changes(b"3"), made: vec![new(b"made")], ..step(parent, 0) };
    assert_eq!(store.advance(advance, 6).unwrap(), Advanced::Done(1));
    let value = |id| (seen(&store, id).0, seen(&store, id).1[2].clone());
    let three = Some(b"3".to_vec());
    assert_eq!([parent, child, grandchild].map(value), [(1, three.clone()), (0, None), (1, three.clone())]);
    let made = new(b"made").record.contract_id();
    assert_eq!(store.contract(made).unwrap().unwrap().revision, 0);

    let again = Advance { changes: changes(b"4"), made: vec![new(b"fresh"), new(b"made")], ..step(parent, 1) };
    assert_eq!(store.advance(again, 6).unwrap(), Advanced::Exists(made));
    assert_eq!([parent, grandchild].map(value), [(1, three.clone()), (1, three)]);
    assert_eq!(store.contract(new(b"fresh").record.contract_id()).unwrap(), None);
}

#[test]
fn a_querys_nonce_serves_once_also_after_a_restart_and_beside_the_revision() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let id = kept(&store, Owner::NOBODY, b"");
    assert_eq!(store.accept_query(id, 7, 6).unwrap(), Accepted::Now);
    for nonce in [7, 6, 0] {
        assert_eq!(store.accept_query(id, nonce, 6).unwrap(), Accepted::Before(7));
    }
    assert_eq!(store.advance(step(id, 0), 6).unwrap(), Advanced::Done(1));
    drop(store);
    let store = self::store(directory.path());
    assert_eq!(store.accept_query(id, 7, 6).unwrap(), Accepted::Before(7));
    assert_eq!(store.accept_query(id, 8, 6).unwrap(), Accepted::Now);
    assert_eq!(seen(&store, id).0, 1);
}

#[test]
fn on_a_full_disk_nothing_advances() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let (store, _) = open_store(directory.path(), 1, &disk).unwrap();
    let id = kept(&store, Owner::NOBODY, b"");
    disk.fill(true);
    let changes = BTreeMap::from([(id, wrote(b"new", Some(b"3")))]);
    assert!(store.advance(Advance { changes, ..step(id, 0) }, 6).is_err());
    disk.fill(false);
    store.recover(7).unwrap();
    assert_eq!(seen(&store, id), (0, [Some(b"1".to_vec()), Some(b"2".to_vec()), None], 0));
}

#[test]
fn what_format_1_kept_is_read_and_the_file_is_marked_for_older_releases() {
    let directory = tempfile::tempdir().unwrap();
    let (store, keys) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    let id = kept(&store, Owner::NOBODY, b"");
    // Rows as they were before contracts had secrets and queries of their owners, and workers a VRF key.
    let old_keys = keys.to_plain()[..96].to_vec();
    let sealed_keys = store.seal("meta", b"keys", &old_keys).unwrap();
    let record = record(Owner::NOBODY, b"");
    let old = (record.code_hash, &record.init_data, record.owner, record.salt, 0_u64).encode();
    let old_state = (0_u64, State::from([(b"old".to_vec(), b"1".to_vec())])).encode();
    let (old, old_state) =
        (store.seal("contracts", &id.0, &old).unwrap(), store.seal("state", &id.0, &old_state).unwrap());
    store
        .write(6, |transaction| {
            transaction.open_table(CONTRACTS)?.insert(id.0, old.as_slice())?;
            transaction.open_table(STATE)?.insert(id.0, old_state.as_slice())?;
            let format = 1_u64.to_le_bytes();
            let mut meta = transaction.open_table(super::super::META)?;
            meta.insert("format", format.as_slice())?;
            meta.insert("keys", sealed_keys.as_slice())?;
            Ok(())
        })
        .unwrap();
    drop(store);
    let (store, upgraded) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    assert_eq!(seen(&store, id), (0, [Some(b"1".to_vec()), None, None], 0));
    assert_eq!(store.accept_query(id, 1, 6).unwrap(), Accepted::Now);
    let format = |transaction: &redb::ReadTransaction| {
        Ok(transaction.open_table(super::super::META)?.get("format")?.map(|row| row.value().to_vec()))
    };
    assert_eq!(store.read(format).unwrap(), Some(3_u64.to_le_bytes().to_vec()));
    assert_eq!(upgraded.to_plain()[..96], old_keys);
    drop(store);
    let (_, again) = open_store(directory.path(), 1, &Disk::default()).unwrap();
    assert_eq!(again.public(), upgraded.public(), "the VRF key was made once");
}

#[test]
fn debug_output_of_a_step_shows_no_secret() {
    let step = Advance { secrets: Some(set(b"hush")), ..step(ContractId([1; 32]), 0) };
    let shown = format!("{step:?}");
    assert!(shown.contains("redacted") && !shown.contains("token") && !shown.contains("104, 117"), "{shown}");
}
