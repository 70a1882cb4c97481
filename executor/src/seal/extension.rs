//! `call_chain_extension`: the way into `pink` and `phat`.

use super::{Host, OutBuffer};
use crate::{phat, pink, run::Guest};
use wasmi::{Caller, Error, Linker};

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        linker.func_wrap("seal0", &format!("{prefix}call_chain_extension"), call)?;
    }
    Ok(())
}

fn call(
    mut caller: Caller<'_, Guest>,
    id: u32,
    input: u32,
    input_length: u32,
    pointer: u32,
    length_pointer: u32,
) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    let most = host.guest().run.limits.extension_bytes;
    let input = host.read_bounded(input, input_length, most, "chain-extension argument")?;
    let out = OutBuffer { pointer, length_pointer };
    match id >> 16 {
        phat::EXTENSION => phat::call(&mut host, id & 0xffff, &input, out),
        _ => pink::call(&mut host, id, &input, out),
    }
}
