//! What an owner does to a contract through a real process, and what stays when that is killed.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

use crate::support::{Home, Process, guest, now};
use phat_enclave::WorkerKey;
use phat_enclave_api::{Act, Acted, Call, Contract, Enclave as _, EnclaveError, Instantiate, Refusal};
use phat_protocol::{ActionKind, EvmAddress, Outcome, Owner, OwnerAction, Salt};

fn key() -> WorkerKey {
    WorkerKey::from_scalar(&[0x42; 32]).unwrap()
}

/// Brings a contract of the key's, told from others by `salt`, into the enclave.
async fn deploy(process: &Process, wat: &str, salt: u8) -> Contract {
    let code = process.client.put_code(wat::parse_str(wat).unwrap().into()).await.unwrap();
    let owner = Owner::from(EvmAddress(key().address().0));
    let salt = Salt([salt; 32]);
    let instantiate = Instantiate { code_hash: code.code_hash, init_data: Vec::new(), owner, salt };
    process.client.instantiate(&instantiate).await.unwrap()
}

async fn act(
    process: &Process,
    contract: &Contract,
    kind: ActionKind,
    nonce: u64,
    data: &[u8],
) -> Result<Acted, EnclaveError> {
    let contract_id = contract.contract_id;
    let action = OwnerAction { contract_id, nonce, not_after: now() + 60, kind, data: data.to_vec() };
    let signature = key().sign(&action.evm_digest()).unwrap().0.to_vec();
    process.client.act(&Act { action, signature }).await
}

fn count(acted: &Acted) -> (bool, u64, u8) {
    (acted.applied, acted.revision, acted.run.as_ref().unwrap().output[0])
}

#[tokio::test]
async fn what_an_owners_message_wrote_is_there_after_a_kill_and_counts_once() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let contract = deploy(&process, &guest::counter(), 1).await;
    let message = ActionKind::Message;
    assert_eq!(count(&act(&process, &contract, message, 1, b"1").await.unwrap()), (true, 1, 1));
    assert_eq!(count(&act(&process, &contract, message, 2, b"2").await.unwrap()), (true, 2, 2));
    // This one counts, and then reverts.
    assert_eq!(count(&act(&process, &contract, message, 3, b"reverts").await.unwrap()), (false, 2, 3));
    process.kill();

    let process = home.start(&[]).await;
    let refused = act(&process, &contract, message, 2, b"2").await.unwrap_err();
    assert!(matches!(refused, EnclaveError::Refused(Refusal::WrongNonce { nonce: 2, expected: 3 })), "{refused}");
    assert_eq!(process.client.contract(contract.contract_id).await.unwrap().unwrap().revision, 2);
    // Neither a query of the owner's nor anyone's call leaves what it counts.
    for nonce in 1..3 {
        assert_eq!(count(&act(&process, &contract, ActionKind::Query, nonce, b"q").await.unwrap()), (true, 2, 3));
        let call = Call { contract_id: contract.contract_id, input: b"c".to_vec() };
        let called = process.client.call(&call).await.unwrap();
        assert_eq!((called.outcome, called.output.as_slice(), called.revision), (Outcome::Ok, &[3][..], 2));
    }
    assert_eq!(count(&act(&process, &contract, message, 3, b"3").await.unwrap()), (true, 3, 3));
}

#[tokio::test]
async fn a_contracts_keys_are_its_own_and_the_same_after_every_start() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let (one, other) =
        (deploy(&process, &guest::key_holder(), 1).await, deploy(&process, &guest::key_holder(), 2).await);
    let key_of = async |process: &Process, contract: &Contract| {
        let call = Call { contract_id: contract.contract_id, input: Vec::new() };
        let result = process.client.call(&call).await.unwrap();
        assert_eq!((result.outcome, result.output.len()), (Outcome::Ok, 68), "{result:?}");
        result.output
    };
    let (first, second) = (key_of(&process, &one).await, key_of(&process, &other).await);
    assert_ne!(first, second, "two contracts of the same code have one key");
    // Neither an owner's message nor a restart, however it came about, changes them.
    act(&process, &one, ActionKind::Message, 1, b"").await.unwrap();
    assert_eq!(key_of(&process, &one).await, first);
    process.kill();
    let process = home.start(&[]).await;
    assert_eq!((key_of(&process, &one).await, key_of(&process, &other).await), (first.clone(), second));
    // Another enclave has another root.
    let elsewhere = Home::new();
    let process = elsewhere.start(&[]).await;
    let same_id = deploy(&process, &guest::key_holder(), 1).await;
    assert_eq!(same_id.contract_id, one.contract_id);
    assert_ne!(key_of(&process, &same_id).await, first);
}
