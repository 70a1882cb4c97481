use super::*;
use crate::{
    keys::WorkerKey,
    testbed::{Bed, CONCURRENCY, CountingRunner, NOON, returned},
};
use phat_enclave_api::{Instantiate, SecretsFor, SecretsRandom};
use phat_executor::{RunEnd, StateChanges};
use phat_protocol::{EvmAddress, Owner, Salt, Secret};
use std::{path::Path, sync::Arc};

fn key() -> WorkerKey {
    WorkerKey::from_scalar(&[0x42; 32]).unwrap()
}

/// A worker with a contract that the key owns.
struct Owned {
    bed: Bed,
    runner: Arc<CountingRunner>,
    contract: ContractId,
}

impl Owned {
    async fn make(directory: &Path) -> Self {
        let runner = CountingRunner::open();
        let bed = Bed::make(directory, Arc::clone(&runner)).await;
        let owner = Owner::from(EvmAddress(key().address().0));
        let code_hash = phat_protocol::code_hash(b"good");
        let instantiate = Instantiate { code_hash, init_data: Vec::new(), owner, salt: Salt([1; 32]) };
        let contract = bed.worker.instantiate(instantiate).await.unwrap().contract_id;
        Self { bed, runner, contract }
    }

    fn action(&self, kind: ActionKind, nonce: u64, data: Vec<u8>) -> OwnerAction {
        OwnerAction { contract_id: self.contract, nonce, not_after: NOON + 10, kind, data }
    }

    async fn act(&self, action: OwnerAction) -> Result<Acted, Problem> {
        let signature = key().sign(&action.evm_digest()).unwrap().0.to_vec();
        self.bed.worker.act(Act { action, signature }).await
    }

    async fn message(&self, nonce: u64) -> Result<Acted, Problem> {
        self.act(self.action(ActionKind::Message, nonce, b"input".to_vec())).await
    }

    async fn query(&self, nonce: u64) -> Result<Acted, Problem> {
        self.act(self.action(ActionKind::Query, nonce, b"input".to_vec())).await
    }

    async fn set(&self, nonce: u64, set: &[Secret]) -> Result<Acted, Problem> {
        let worker = self.bed.worker.status().await.unwrap().keys.x25519;
        let addressed = SecretsFor { contract_id: self.contract, nonce, worker };
        let random = SecretsRandom { ephemeral: Zeroizing::new([5; 32]), nonce: [6; 24] };
        self.act(self.action(ActionKind::Secrets, nonce, addressed.encrypt(set, &random).unwrap())).await
    }

    fn revision(&self) -> u64 {
        self.bed.store.contract(self.contract).unwrap().unwrap().revision
    }

    fn value(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.bed.store.load_contract(self.contract).unwrap().unwrap().state.get(key).cloned()
    }
}

/// A run that wrote `value` under `key` to a contract.
fn wrote(contract: ContractId, key: &[u8], value: &[u8]) -> RunResult {
    let changes = StateChanges::from([(key.to_vec(), Some(value.to_vec()))]);
    RunResult { changes: BTreeMap::from([(contract, changes)]), ..returned(0, b"said".to_vec()) }
}

fn secret(name: &str, origins: &[&str]) -> Secret {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    Secret { name: name.to_owned(), value: b"hush".to_vec(), origins }
}

fn refused(answer: Result<Acted, Problem>) -> Refusal {
    match answer {
        Err(Problem::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_a_transaction_of_the_owners_whose_writes_stay() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    owned.runner.answer_next(wrote(owned.contract, b"key", b"value"));
    let acted = owned.message(1).await.unwrap();
    assert_eq!((acted.applied, acted.revision, acted.kind), (true, 1, ActionKind::Message));
    let run = acted.run.unwrap();
    assert_eq!((run.outcome, run.output.as_slice(), run.revision), (Outcome::Ok, &b"said"[..], 1));
    let asked = owned.runner.last_run().unwrap();
    assert_eq!((asked.mode, asked.entry, asked.input.as_slice()), (Mode::Transaction, Entry::Call, &b"input"[..]));
    assert_eq!(asked.caller[12..], key().address().0);
    assert!(asked.vrf.is_none());
    assert_eq!((owned.revision(), owned.value(b"key")), (1, Some(b"value".to_vec())));
}

#[tokio::test]
async fn no_action_is_applied_twice_also_not_by_the_next_process() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    owned.message(1).await.unwrap();
    owned.query(9).await.unwrap();
    let ran = owned.runner.started.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(refused(owned.message(1).await), Refusal::WrongNonce { nonce: 1, expected: 2 });
    assert_eq!(refused(owned.message(3).await), Refusal::WrongNonce { nonce: 3, expected: 2 });
    assert_eq!(refused(owned.query(9).await), Refusal::StaleNonce { nonce: 9, last: 9 });
    assert_eq!(refused(owned.query(8).await), Refusal::StaleNonce { nonce: 8, last: 9 });
    assert_eq!(owned.runner.started.load(std::sync::atomic::Ordering::SeqCst), ran, "it ran");
    owned.bed.close().await;

    let owned = Owned::make(directory.path()).await;
    assert_eq!(refused(owned.message(1).await), Refusal::WrongNonce { nonce: 1, expected: 2 });
    assert_eq!(refused(owned.query(9).await), Refusal::StaleNonce { nonce: 9, last: 9 });
    assert_eq!(owned.message(2).await.unwrap().revision, 2);
    assert!(owned.query(10).await.unwrap().applied);
}

#[tokio::test]
async fn of_two_messages_with_one_nonce_one_is_applied() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    // Both ran, and wrote, before either was committed.
    let step = |value: &[u8]| {
        let changes = wrote(owned.contract, b"key", value).changes;
        Advance { contract: owned.contract, revision: 0, changes, made: Vec::new(), secrets: None }
    };
    assert_eq!(owned.bed.worker.advance(step(b"first")).await.unwrap(), 1);
    let late = owned.bed.worker.advance(step(b"second")).await.unwrap_err();
    assert_eq!(late, Problem::Refused(Refusal::WrongNonce { nonce: 1, expected: 2 }));
    assert_eq!(owned.value(b"key"), Some(b"first".to_vec()));
}

#[tokio::test]
async fn a_message_that_fails_changes_nothing_and_its_nonce_serves_again() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let failed = |outcome| RunResult {
        end: RunEnd::Failed { outcome, reason: "so".to_owned() },
        ..wrote(owned.contract, b"key", b"value")
    };
    for (result, outcome) in [
        (RunResult { changes: BTreeMap::new(), ..returned(1, b"no".to_vec()) }, Outcome::ContractError),
        (failed(Outcome::Trapped), Outcome::Trapped),
        (failed(Outcome::OutOfFuel), Outcome::OutOfFuel),
    ] {
        owned.runner.answer_next(result);
        let acted = owned.message(1).await.unwrap();
        assert_eq!((acted.applied, acted.revision), (false, 0));
        assert_eq!(acted.run.unwrap().outcome, outcome);
        assert_eq!((owned.revision(), owned.value(b"key")), (0, None));
    }
    assert!(owned.message(1).await.unwrap().applied);
}

#[tokio::test]
async fn a_query_sees_its_owner_and_leaves_nothing_but_its_nonce() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    owned.runner.answer_next(wrote(owned.contract, b"key", b"value"));
    let acted = owned.query(1_700_000_000_000).await.unwrap();
    assert_eq!((acted.applied, acted.revision, acted.run.unwrap().output), (true, 0, b"said".to_vec()));
    let asked = owned.runner.last_run().unwrap();
    assert_eq!((asked.mode, &asked.caller[12..]), (Mode::Query, &key().address().0[..]));
    assert!(asked.vrf.is_none());
    assert_eq!((owned.revision(), owned.value(b"key")), (0, None));
    // A query that fails has used its nonce too: what it did outside, it did.
    owned.runner.answer_next(returned(1, Vec::new()));
    assert!(!owned.query(1_700_000_000_001).await.unwrap().applied);
    assert!(matches!(refused(owned.query(1_700_000_000_001).await), Refusal::StaleNonce { .. }));
}

#[tokio::test]
async fn an_action_needs_an_owner_the_owners_signature_and_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let contract_id = owned.bed.contract;
    let immutable = OwnerAction { contract_id, ..owned.action(ActionKind::Message, 9, Vec::new()) };
    let immutable = OwnerAction { not_after: 0, ..immutable };
    assert_eq!(refused(owned.act(immutable).await), Refusal::NoOwner { contract_id });
    let unknown = ContractId([0xee; 32]);
    let action = OwnerAction { contract_id: unknown, ..owned.action(ActionKind::Message, 1, Vec::new()) };
    assert_eq!(refused(owned.act(action).await), Refusal::UnknownContract { contract_id: unknown });

    let action = owned.action(ActionKind::Message, 1, Vec::new());
    let other = WorkerKey::from_scalar(&[0x43; 32]).unwrap().sign(&action.evm_digest()).unwrap();
    let act = Act { action, signature: other.0.to_vec() };
    let contract_id = owned.contract;
    assert_eq!(refused(owned.bed.worker.act(act).await), Refusal::BadSignature { contract_id });

    owned.bed.clock.set(NOON + 11);
    let late = Refusal::ActionExpired { not_after: NOON + 10, now: NOON + 11 };
    assert_eq!(refused(owned.message(1).await), late);
    // The host's clock goes back; the enclave's time does not.
    owned.bed.clock.set(NOON);
    assert_eq!(refused(owned.query(1).await), late);
    let last_second = OwnerAction { not_after: NOON + 11, ..owned.action(ActionKind::Message, 1, Vec::new()) };
    assert!(owned.act(last_second).await.unwrap().applied);
    assert_eq!(owned.revision(), 1);
}

#[tokio::test]
async fn secrets_reach_the_contracts_runs_and_each_set_replaces_the_last() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let names = |owned: &Owned| owned.runner.last_run().unwrap().secrets.names().map(str::to_owned).collect::<Vec<_>>();
    let acted = owned.set(1, &[secret("a", &[]), secret("b", &["https://b.example"])]).await.unwrap();
    assert_eq!((acted.applied, acted.revision, acted.run), (true, 1, None));
    owned.query(1).await.unwrap();
    assert_eq!(names(&owned), ["a", "b"]);
    owned.set(2, &[secret("c", &[])]).await.unwrap();
    owned.message(3).await.unwrap();
    assert_eq!(names(&owned), ["c"]);
    owned.bed.close().await;

    let owned = Owned::make(directory.path()).await;
    owned.query(2).await.unwrap();
    assert_eq!(names(&owned), ["c"]);
    owned.set(4, &[]).await.unwrap();
    owned.query(3).await.unwrap();
    assert!(names(&owned).is_empty());
}

#[tokio::test]
async fn secrets_that_cannot_be_opened_or_kept_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let long = Secret { value: vec![7; 1024], ..secret("a", &[]) };
    let garbage = owned.action(ActionKind::Secrets, 1, vec![9; 100]);
    for (answer, words) in [
        (owned.act(garbage).await, "not encrypted to this worker"),
        (owned.set(1, &[secret("", &[])]).await, "empty name"),
        (owned.set(1, &[secret("a", &[]), secret("a", &[])]).await, "name of an earlier one"),
        (owned.set(1, &[secret("a", &["https://a.example/path"])]).await, "more than scheme, host and port"),
        (owned.set(1, &[secret("a", &["http://a.example"])]).await, "opens it to https alone"),
        (owned.set(1, &[long]).await, "the limit is 1024"),
    ] {
        let Refusal::BadSecrets { what } = refused(answer) else { panic!("{words}") };
        assert!(what.contains(words) && !what.contains("hush"), "{what}");
    }
    assert_eq!(owned.revision(), 0);
    // Encrypted for another action of the same contract.
    let worker = owned.bed.worker.status().await.unwrap().keys.x25519;
    let random = SecretsRandom { ephemeral: Zeroizing::new([5; 32]), nonce: [6; 24] };
    let addressed = SecretsFor { contract_id: owned.contract, nonce: 2, worker };
    let moved = addressed.encrypt(&[secret("a", &[])], &random).unwrap();
    let moved = owned.act(owned.action(ActionKind::Secrets, 1, moved)).await;
    assert!(matches!(refused(moved), Refusal::BadSecrets { .. }));
}

#[tokio::test]
async fn a_message_changes_its_own_family_alone() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let child = Instantiate {
        code_hash: phat_protocol::code_hash(b"good"),
        init_data: b"child".to_vec(),
        owner: Owner::from(owned.contract),
        salt: Salt([2; 32]),
    };
    let child = owned.bed.worker.instantiate(child).await.unwrap().contract_id;
    owned.runner.answer_next(wrote(child, b"key", b"value"));
    assert!(owned.message(1).await.unwrap().applied);
    let kept = owned.bed.store.load_contract(child).unwrap().unwrap();
    assert_eq!((kept.record.revision, kept.state.get(&b"key"[..])), (1, Some(&b"value".to_vec())));
    assert_eq!(owned.revision(), 1);

    let stranger = owned.bed.contract;
    owned.runner.answer_next(wrote(stranger, b"key", b"value"));
    assert!(matches!(owned.message(2).await, Err(Problem::Fault(_))));
    assert_eq!((owned.revision(), owned.bed.store.contract(stranger).unwrap().unwrap().revision), (1, 0));
}

#[tokio::test]
async fn more_messages_than_the_settings_allow_are_told_to_wait() {
    let directory = tempfile::tempdir().unwrap();
    let owned = Owned::make(directory.path()).await;
    let most = u32::try_from(CONCURRENCY.actions).unwrap();
    let _busy = owned.bed.worker.actions.try_acquire_many(most).unwrap();
    assert_eq!(owned.message(1).await, Err(Problem::Busy));
    assert_eq!(owned.set(1, &[]).await, Err(Problem::Busy));
    assert!(owned.query(1).await.unwrap().applied);
}
