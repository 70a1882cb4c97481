//! Signatures of `seal0`: recovery and the Ethereum address of secp256k1 keys, and checks of sr25519.

use super::{Host, Linker, ReturnCode};
use crate::{
    fuel,
    pink::{ecdsa, sr25519_is_right},
    run::Guest,
};
use k256::{PublicKey, elliptic_curve::sec1::ToEncodedPoint};
use phat_protocol::keccak256;
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        linker.func_wrap("seal0", &format!("{prefix}ecdsa_recover"), recover)?;
        linker.func_wrap("seal0", &format!("{prefix}ecdsa_to_eth_address"), eth_address)?;
    }
    linker.func_wrap("seal0", "sr25519_verify", sr25519_verify)?;
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

/// The order of its arguments is pallet-contracts' own: the length comes before the message.
fn sr25519_verify(
    mut caller: Caller<'_, Guest>,
    signature: u32,
    key: u32,
    length: u32,
    message: u32,
) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    host.charge(fuel::SIGNATURE)?;
    let signature = host.read_array::<64>(signature)?;
    let key = host.read_array::<32>(key)?;
    let right = sr25519_is_right(&key, host.read_at(message, length, fuel::HASHED_BYTE)?, &signature);
    let code = if right { ReturnCode::Success } else { ReturnCode::Sr25519VerifyFailed };
    Ok(code.number())
}
