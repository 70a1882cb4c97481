use super::*;
use crate::clock::SystemRandomness;
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey};

fn recover(digest: &Digest, signature: &Signature) -> WorkerAddress {
    let parity = RecoveryId::try_from(signature.0[64] - 27).unwrap();
    let rs = EcdsaSignature::from_slice(&signature.0[..64]).unwrap();
    let key = VerifyingKey::recover_from_prehash(&digest.0, &rs, parity).unwrap();
    WorkerAddress::try_from(&keccak256(&key.to_encoded_point(false).as_bytes()[1..])[12..]).unwrap()
}

#[test]
fn signatures_recover_to_the_worker_with_low_s_and_v_of_27_or_28() {
    let keys = Keys::generate(&SystemRandomness);
    for index in 0..64u8 {
        let digest = Digest(keccak256(&[index]));
        let signature = keys.worker().sign(&digest).unwrap();
        assert!(matches!(signature.0[64], 27 | 28));
        assert!(EcdsaSignature::from_slice(&signature.0[..64]).unwrap().normalize_s().is_none(), "high s");
        assert_eq!(recover(&digest, &signature), keys.public().worker);
    }
}

#[test]
fn the_address_of_scalar_one_is_the_well_known_one() {
    let mut scalar = [0; 32];
    scalar[31] = 1;
    let key = WorkerKey::from_scalar(&scalar).unwrap();
    assert_eq!(key.address().to_string(), "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    assert_eq!(WorkerKey::from_scalar(&[0; 32]).unwrap_err(), InvalidScalar);
    assert_eq!(WorkerKey::from_scalar(&[0xff; 32]).unwrap_err(), InvalidScalar);
}

#[test]
fn keys_are_the_same_after_they_were_sealed_and_opened() {
    let keys = Keys::generate(&SystemRandomness);
    let again = Keys::from_plain(&keys.to_plain()).unwrap();
    assert_eq!(again.public(), keys.public());
    assert_eq!(*again.to_plain(), *keys.to_plain());
    assert!(Keys::from_plain(&keys.to_plain()[1..]).is_none());
    assert!(Keys::from_plain(&[keys.to_plain().as_slice(), &[0]].concat()).is_none());
}

#[test]
fn two_enclaves_make_different_keys() {
    let keys = Keys::generate(&SystemRandomness);
    let others = Keys::generate(&SystemRandomness);
    assert_ne!(keys.public().worker, others.public().worker);
    assert_ne!(keys.public().x25519, others.public().x25519);
    assert_ne!(keys.public().vrf_key_hash, others.public().vrf_key_hash);
    assert_ne!(keys.secrets.vrf, keys.secrets.worker);
    assert_ne!(keys.secrets.contracts, others.secrets.contracts);
    assert_ne!(keys.secrets.contracts, keys.secrets.worker);
}

#[test]
fn the_vrf_keys_hash_is_of_its_compressed_point_and_what_it_proves_verifies() {
    let keys = Keys::generate(&SystemRandomness);
    let public = *keys.vrf().public();
    assert_eq!(keys.public().vrf_key_hash, Digest(keccak256(&public.to_bytes())));
    let proof = keys.vrf().prove(b"alpha").unwrap();
    assert_eq!(public.verify(b"alpha", &proof).unwrap(), proof.output().unwrap());
}

#[test]
fn secrets_without_a_vrf_key_get_one_and_keep_the_others() {
    let keys = Keys::generate(&SystemRandomness);
    let older = &keys.to_plain()[..96];
    assert!(Keys::from_plain(older).is_none());
    let upgraded = Keys::from_plain_without_vrf(older, &SystemRandomness).unwrap();
    assert_eq!(upgraded.to_plain()[..96], *older);
    assert_ne!(upgraded.public().vrf_key_hash, keys.public().vrf_key_hash);
    assert!(Keys::from_plain_without_vrf(&keys.to_plain(), &SystemRandomness).is_none());
}

#[test]
fn no_secret_shows_in_debug_output() {
    let keys = Keys::generate(&SystemRandomness);
    let shown = format!("{keys:?} {:?} {:#?} {:?}", keys.worker(), keys.contracts(), keys.vrf());
    for secret in [keys.secrets.worker, keys.secrets.x25519, keys.secrets.contracts, keys.secrets.vrf] {
        assert!(!shown.contains(&hex::encode(secret)));
        assert!(!shown.contains(&format!("{secret:?}")));
    }
    assert!(shown.contains("redacted"));
}
