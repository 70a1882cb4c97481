//! Keys: derived from the root, and their public halves.

use super::{codec::SigType, signing};
use crate::{
    fuel,
    run::wait::Halt,
    seal::{Host, trap},
};
use std::sync::Arc;
use wasmi::Error;

/// The contract's sr25519 secret for `salt`, 64 bytes.
pub(super) fn derive(host: &mut Host<'_>, salt: &[u8]) -> Result<Vec<u8>, Error> {
    host.charge(fuel::SIGNATURE)?;
    let guest = host.guest();
    let root = guest.run.key_root.as_ref().map(Arc::clone);
    let root = root.ok_or_else(|| Error::from(Halt::Unsupported("key derivation without a sealed root".into())))?;
    Ok(root.sr25519(&guest.frame.contract, salt).to_vec())
}

/// The public key of a secret one: 32 bytes, or 33 for secp256k1.
pub(super) fn public(host: &mut Host<'_>, (kind, key): (SigType, Vec<u8>)) -> Result<Vec<u8>, Error> {
    host.charge(fuel::SIGNATURE)?;
    match kind {
        SigType::Ed25519 => signing::ed25519_key(&key).map(|key| key.verifying_key().to_bytes().to_vec()),
        SigType::Sr25519 => signing::sr25519_key(&key).map(|key| key.public.to_bytes().to_vec()),
        SigType::Ecdsa => {
            signing::ecdsa_key(&key).map(|key| key.verifying_key().to_encoded_point(true).as_bytes().to_vec())
        }
    }
    .ok_or_else(|| trap("not a secret key"))
}
