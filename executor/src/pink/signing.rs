//! Signatures with keys that the guest holds. Messages, keys and contexts are as in Substrate's
//! `sp-core`, since contracts and chains were written against it.

use super::{codec::SigType, ecdsa};
use crate::{
    fuel,
    run::Mode,
    seal::{Host, trap},
};
use ed25519_dalek::Signer;
use k256::ecdsa::SigningKey;
use phat_protocol::blake2_256;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, PublicKey, SecretKey};
use wasmi::Error;

/// The signing context of every sr25519 signature in Substrate.
const CONTEXT: &[u8] = b"substrate";

pub(super) fn ed25519_key(seed: &[u8]) -> Option<ed25519_dalek::SigningKey> {
    Some(ed25519_dalek::SigningKey::from_bytes(seed.try_into().ok()?))
}

/// 32 bytes are a seed; 64 are a secret key, as `derive_sr25519_key` gives it.
pub(super) fn sr25519_key(key: &[u8]) -> Option<Keypair> {
    match key.len() {
        32 => Some(MiniSecretKey::from_bytes(key).ok()?.expand_to_keypair(ExpansionMode::Ed25519)),
        64 => Some(SecretKey::from_bytes(key).ok()?.to_keypair()),
        _ => None,
    }
}

pub(super) fn ecdsa_key(secret: &[u8]) -> Option<SigningKey> {
    SigningKey::from_slice(secret).ok()
}

/// Signs; secp256k1 signs the message's BLAKE2b-256. sr25519 is randomised, so it is empty where
/// nothing may be random.
pub(super) fn sign(host: &mut Host<'_>, (kind, key, message): (SigType, Vec<u8>, Vec<u8>)) -> Result<Vec<u8>, Error> {
    charge(host, message.len())?;
    let run = &host.guest().run;
    match kind {
        SigType::Ed25519 => ed25519_key(&key).map(|key| key.sign(&message).to_bytes().to_vec()),
        SigType::Sr25519 if run.mode == Mode::Transaction => Some(Vec::new()),
        SigType::Sr25519 => sr25519_key(&key).map(|key| {
            let transcript = schnorrkel::signing_context(CONTEXT).bytes(&message);
            let mut seed = [0; 32];
            run.services.randomness.fill(&mut seed);
            let random = <rand::rngs::StdRng as rand::SeedableRng>::from_seed(seed);
            key.sign(schnorrkel::context::attach_rng(transcript, random)).to_bytes().to_vec()
        }),
        SigType::Ecdsa => {
            ecdsa_key(&key).and_then(|key| ecdsa::sign(&key, &blake2_256(&message))).map(|signature| signature.to_vec())
        }
    }
    .ok_or_else(|| trap("not a secret key"))
}

/// Whether a signature is right; a malformed key or signature is just not right.
pub(super) fn verify(
    host: &mut Host<'_>,
    (kind, key, message, signature): (SigType, Vec<u8>, Vec<u8>, Vec<u8>),
) -> Result<bool, Error> {
    charge(host, message.len())?;
    Ok(match kind {
        SigType::Ed25519 => ed25519_verify(&key, &message, &signature),
        SigType::Sr25519 => sr25519_verify(&key, &message, &signature),
        SigType::Ecdsa => signature.as_slice().try_into().is_ok_and(|signature: [u8; 65]| {
            ecdsa::recover(&signature, &blake2_256(&message)).is_some_and(|found| found.as_slice() == key)
        }),
    })
}

pub(super) fn ecdsa_sign_prehashed(host: &mut Host<'_>, (key, hash): (Vec<u8>, [u8; 32])) -> Result<[u8; 65], Error> {
    charge(host, 0)?;
    ecdsa_key(&key).and_then(|key| ecdsa::sign(&key, &hash)).ok_or_else(|| trap("not a secret key"))
}

pub(super) fn ecdsa_verify_prehashed(
    host: &mut Host<'_>,
    (signature, hash, key): ([u8; 65], [u8; 32], [u8; 33]),
) -> Result<bool, Error> {
    charge(host, 0)?;
    Ok(ecdsa::recover(&signature, &hash) == Some(key))
}

fn charge(host: &mut Host<'_>, message: usize) -> Result<(), Error> {
    host.charge(fuel::SIGNATURE.saturating_add(fuel::of_bytes(message, fuel::HASHED_BYTE)))
}

fn ed25519_verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (key.try_into(), ed25519_dalek::Signature::from_slice(signature)) else {
        return false;
    };
    ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

pub(crate) fn sr25519_verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (PublicKey::from_bytes(key), schnorrkel::Signature::from_bytes(signature)) else {
        return false;
    };
    key.verify_simple(CONTEXT, message, &signature).is_ok()
}
