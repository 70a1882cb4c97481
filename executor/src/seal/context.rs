//! Who calls whom with what, and when.

use super::{Host, Linker, OutBuffer, memory::trap};
use crate::run::{Guest, Mode};
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        answer(linker, &format!("{prefix}caller"), |host| host.guest().frame.caller.to_vec())?;
        answer(linker, &format!("{prefix}address"), |host| host.guest().frame.contract.as_bytes().to_vec())?;
        answer(linker, &format!("{prefix}value_transferred"), |_| 0u128.to_le_bytes().to_vec())?;
        answer(linker, &format!("{prefix}now"), |host| now(host).to_le_bytes().to_vec())?;
        answer(linker, &format!("{prefix}block_number"), |_| 0u32.to_le_bytes().to_vec())?;
        answer(linker, &format!("{prefix}balance"), |_| 0u128.to_le_bytes().to_vec())?;
        answer(linker, &format!("{prefix}minimum_balance"), |_| 0u128.to_le_bytes().to_vec())?;
        answer(linker, &format!("{prefix}gas_left"), |host| host.fuel_left().to_le_bytes().to_vec())?;
        linker.func_wrap("seal0", &format!("{prefix}input"), input)?;
        linker.func_wrap("seal0", &format!("{prefix}caller_is_origin"), caller_is_origin)?;
    }
    Ok(())
}

/// What a contract hears that asks for its input after it passed it on, as in pallet-contracts.
pub(super) const INPUT_IS_GONE: &str = "the input was forwarded";

/// Milliseconds since the unix epoch; 0 where the answer may not depend on the clock.
pub(crate) fn now(host: &Host<'_>) -> u64 {
    let run = &host.guest().run;
    match run.mode {
        Mode::Query | Mode::Simulation => run.services.clock.unix_millis(),
        Mode::Transaction => 0,
    }
}

/// A function `(out, out_len)` that answers with a few bytes.
fn answer(
    linker: &mut Linker<'_>,
    name: &str,
    value: impl Fn(&Host<'_>) -> Vec<u8> + Send + Sync + 'static,
) -> Result<(), Error> {
    let function = move |mut caller: Caller<'_, Guest>, pointer: u32, length_pointer: u32| {
        let mut host = Host::enter(&mut caller)?;
        let value = value(&host);
        host.write_out(OutBuffer { pointer, length_pointer }, &value)
    };
    linker.func_wrap("seal0", name, function)?;
    Ok(())
}

/// 1 where nobody stands between the contract and whoever began the run.
fn caller_is_origin(mut caller: Caller<'_, Guest>) -> Result<u32, Error> {
    let host = Host::enter(&mut caller)?;
    Ok(u32::from(!host.guest().frame.nested))
}

fn input(mut caller: Caller<'_, Guest>, pointer: u32, length_pointer: u32) -> Result<(), Error> {
    let mut host = Host::enter(&mut caller)?;
    let input = host.guest().frame.input.clone().ok_or_else(|| trap(INPUT_IS_GONE))?;
    host.write_out(OutBuffer { pointer, length_pointer }, &input)
}
