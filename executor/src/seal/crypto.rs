//! secp256k1 of `seal0`: recovery, and the Ethereum address of a key.

use super::{Host, ReturnCode};
use crate::{fuel, pink::ecdsa, run::Guest};
use k256::{PublicKey, elliptic_curve::sec1::ToEncodedPoint};
use phat_protocol::keccak256;
use wasmi::{Caller, Error, Linker};

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        linker.func_wrap("seal0", &format!("{prefix}ecdsa_recover"), recover)?;
    }
    linker.func_wrap("seal0", "ecdsa_to_eth_address", eth_address)?;
    Ok(())
}

fn recover(mut caller: Caller<'_, Guest>, signature: u32, hash: u32, out: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    host.charge(fuel::SIGNATURE)?;
    let signature = host.read_array::<65>(signature)?;
    let hash = host.read_array::<32>(hash)?;
    let Some(key) = ecdsa::recover(&signature, &hash) else {
        return Ok(ReturnCode::EcdsaRecoveryFailed.number());
    };
    host.write(out, &key)?;
    Ok(ReturnCode::Success.number())
}

fn eth_address(mut caller: Caller<'_, Guest>, key: u32, out: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    host.charge(fuel::SIGNATURE)?;
    let key = host.read_array::<33>(key)?;
    let Ok(key) = PublicKey::from_sec1_bytes(&key) else {
        return Ok(ReturnCode::EcdsaRecoveryFailed.number());
    };
    // The uncompressed point without its first byte; the address is the hash's last 20 bytes.
    let point = key.to_encoded_point(false);
    let [_, point @ ..] = point.as_bytes() else {
        return Ok(ReturnCode::EcdsaRecoveryFailed.number());
    };
    let hash = keccak256(point);
    host.write(out, &hash[12..])?;
    Ok(ReturnCode::Success.number())
}
