//! Which code contracts run.

use super::{Host, Linker, OutBuffer, ReturnCode};
use crate::{
    fuel,
    run::{
        Guest, Mode,
        wait::{LookWait, Suspension},
    },
};
use phat_protocol::{CodeHash, ContractId};
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        linker.func_wrap("seal0", &format!("{prefix}code_hash"), code_hash)?;
        linker.func_wrap("seal0", &format!("{prefix}own_code_hash"), own_code_hash)?;
        linker.func_wrap("seal0", &format!("{prefix}is_contract"), is_contract)?;
        linker.func_wrap("seal0", &format!("{prefix}set_code_hash"), set_code_hash)?;
    }
    Ok(())
}

fn look(host: &mut Host<'_>, wait: LookWait) -> Result<u32, Error> {
    host.charge(fuel::LOOKUP)?;
    Err(host.suspend(Suspension::Look(wait)))
}

fn code_hash(mut caller: Caller<'_, Guest>, account: u32, pointer: u32, length_pointer: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    let account = ContractId(host.read_array(account)?);
    look(&mut host, LookWait::CodeHash { account, out: OutBuffer { pointer, length_pointer } })
}

fn own_code_hash(mut caller: Caller<'_, Guest>, pointer: u32, length_pointer: u32) -> Result<(), Error> {
    let mut host = Host::enter(&mut caller)?;
    let Guest { run, frame } = host.guest();
    let hash = run.overlay.code_hash(&frame.contract).unwrap_or_default();
    host.write_out(OutBuffer { pointer, length_pointer }, &hash.0)
}

fn is_contract(mut caller: Caller<'_, Guest>, account: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    let account = ContractId(host.read_array(account)?);
    look(&mut host, LookWait::IsContract(account))
}

/// An upgrade is a new contract: what would be committed is refused. A query sees its own upgrades until
/// its end.
fn set_code_hash(mut caller: Caller<'_, Guest>, hash: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    let hash = CodeHash(host.read_array(hash)?);
    match host.guest().run.mode {
        Mode::Query | Mode::Simulation => look(&mut host, LookWait::SetCodeHash(hash)),
        Mode::Transaction => Ok(ReturnCode::CodeNotFound.number()),
    }
}
