//! Hash functions. The input is hashed where it lies.

use super::{Host, Linker};
use crate::{fuel, run::Guest};
use blake2::{
    Blake2b,
    digest::consts::{U16, U32},
};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        hash::<Blake2b<U32>>(linker, &format!("{prefix}hash_blake2_256"))?;
        hash::<Blake2b<U16>>(linker, &format!("{prefix}hash_blake2_128"))?;
        hash::<Sha256>(linker, &format!("{prefix}hash_sha2_256"))?;
        hash::<Keccak256>(linker, &format!("{prefix}hash_keccak_256"))?;
    }
    Ok(())
}

fn hash<D: Digest + 'static>(linker: &mut Linker<'_>, name: &str) -> Result<(), Error> {
    let function = |mut caller: Caller<'_, Guest>, pointer: u32, length: u32, out: u32| {
        let mut host = Host::enter(&mut caller)?;
        let digest = D::digest(host.read_at(pointer, length, fuel::HASHED_BYTE)?);
        host.write(out, &digest)
    };
    linker.func_wrap("seal0", name, function)?;
    Ok(())
}
