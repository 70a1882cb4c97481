//! `call_chain_extension`: the way into `pink` and `phat`.

use super::{Host, Linker, OutBuffer};
use crate::{phat, pink, pink::Dialect, run::Guest};
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for (name, dialect) in [("call_chain_extension", Dialect::Ink4), ("seal_call_chain_extension", Dialect::Ink3)] {
        linker.func_wrap(
            "seal0",
            name,
            move |caller: Caller<'_, Guest>, id: u32, input: u32, length: u32, pointer: u32, length_pointer: u32| {
                call(caller, dialect, id, (input, length), OutBuffer { pointer, length_pointer })
            },
        )?;
    }
    Ok(())
}

fn call(
    mut caller: Caller<'_, Guest>,
    dialect: Dialect,
    id: u32,
    (input, input_length): (u32, u32),
    out: OutBuffer,
) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    let most = host.guest().run.limits.extension_bytes;
    let input = host.read_bounded(input, input_length, most, "chain-extension argument")?;
    match id >> 16 {
        phat::EXTENSION => phat::call(&mut host, id & 0xffff, &input, out),
        _ => pink::call(&mut host, dialect, id, &input, out),
    }
}
