use super::*;
use parity_scale_codec::DecodeAll;

const CONTRACT: ContractId = ContractId([4; 32]);

fn worker() -> StaticSecret {
    StaticSecret::from([2; 32])
}

fn addressed() -> SecretsFor {
    SecretsFor { contract_id: CONTRACT, nonce: 5, worker: Digest(PublicKey::from(&worker()).to_bytes()) }
}

fn random() -> SecretsRandom {
    SecretsRandom { ephemeral: Zeroizing::new([1; 32]), nonce: [3; 24] }
}

fn set() -> Vec<Secret> {
    vec![Secret { name: "token".to_owned(), value: b"value".to_vec(), origins: vec!["https://a.example".to_owned()] }]
}

/// The bytes were computed with another implementation of the three algorithms.
#[test]
fn the_bytes_are_those_that_the_protocol_says() {
    let expected = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209\
                    030303030303030303030303030303030303030303030303\
                    f4a2dd107886a66d7075fc3335d0d6260b7f01b80c6bc4f2cf12787455676af58ca737bd527d83b207006c624cb1eb55";
    let data = addressed().encrypt(&set(), &random()).unwrap();
    assert_eq!(data.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    assert_eq!(data.len(), set().encoded_size() + SECRETS_OVERHEAD);
}

#[test]
fn what_is_encrypted_opens_for_its_contract_nonce_and_worker_alone() {
    let data = addressed().encrypt(&set(), &random()).unwrap();
    let plain = decrypt_secrets(&data, &CONTRACT, 5, &worker()).unwrap();
    assert_eq!(Vec::<Secret>::decode_all(&mut plain.as_slice()).unwrap(), set());
    for (contract, nonce, key) in
        [(ContractId([5; 32]), 5, worker()), (CONTRACT, 6, worker()), (CONTRACT, 5, StaticSecret::from([7; 32]))]
    {
        assert_eq!(decrypt_secrets(&data, &contract, nonce, &key), Err(UnreadableSecrets));
    }
}

#[test]
fn no_byte_of_it_can_change() {
    let data = addressed().encrypt(&set(), &random()).unwrap();
    for index in 0..data.len() {
        let mut changed = data.clone();
        changed[index] ^= 1;
        assert!(decrypt_secrets(&changed, &CONTRACT, 5, &worker()).is_err(), "byte {index}");
    }
    assert!(decrypt_secrets(&data[..SECRETS_OVERHEAD - 1], &CONTRACT, 5, &worker()).is_err());
}

#[test]
fn a_key_that_shares_no_secret_is_refused_on_both_sides() {
    let nobody = SecretsFor { worker: Digest([0; 32]), ..addressed() };
    assert_eq!(nobody.encrypt(&set(), &random()), Err(UnreadableSecrets));
    let data = [vec![0; 32], vec![3; 24], vec![0; 40]].concat();
    assert!(decrypt_secrets(&data, &CONTRACT, 5, &worker()).is_err());
}
