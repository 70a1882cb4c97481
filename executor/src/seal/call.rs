//! Calls of other contracts and of other code. Each leaves the guest waiting: the frame of its callee is
//! the run's next.

use super::{Host, Linker, OutBuffer, context::INPUT_IS_GONE, memory::trap};
use crate::{
    fuel,
    run::{
        Guest,
        wait::{CallWait, Callee, Suspension},
    },
};
use phat_protocol::{CodeHash, ContractId};
use std::sync::Arc;
use wasmi::{Caller, Error};

type Call<'a> = Caller<'a, Guest>;

/// Limits of gas, of weight and of deposits are not looked at: a callee shares the run's fuel. Nor is a new
/// contract's endowment, which chains want for an account's existence: here that costs nothing.
pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    for prefix in ["", "seal_"] {
        linker.func_wrap(
            "seal1",
            &format!("{prefix}call"),
            |mut c: Call<'_>, flags: u32, to: u32, gas: u64, value: u32, i: u32, i_len: u32, o: u32, o_len: u32| {
                contract(&mut Host::enter(&mut c)?, flags, (to, gas, value), (i, i_len), out(o, o_len))
            },
        )?;
        linker.func_wrap(
            "seal0",
            &format!("{prefix}delegate_call"),
            |mut c: Call<'_>, flags: u32, hash: u32, i: u32, i_len: u32, o: u32, o_len: u32| {
                delegate(&mut Host::enter(&mut c)?, flags, hash, (i, i_len), out(o, o_len))
            },
        )?;
        linker.func_wrap(
            "seal1",
            &format!("{prefix}instantiate"),
            |mut c: Call<'_>,
             hash: u32,
             gas: u64,
             _endowment: u32,
             i: u32,
             i_len: u32,
             a: u32,
             a_len: u32,
             o: u32,
             o_len: u32,
             salt: u32,
             salt_len: u32| {
                let new = New { hash, gas, salt: (salt, salt_len), address: out(a, a_len) };
                instantiate(&mut Host::enter(&mut c)?, new, (i, i_len), out(o, o_len))
            },
        )?;
    }
    linker.func_wrap(
        "seal2",
        "call",
        |mut c: Call<'_>,
         flags: u32,
         to: u32,
         gas: u64,
         _proof: u64,
         _deposit: u32,
         value: u32,
         i: u32,
         i_len: u32,
         o: u32,
         o_len: u32| {
            contract(&mut Host::enter(&mut c)?, flags, (to, gas, value), (i, i_len), out(o, o_len))
        },
    )?;
    linker.func_wrap(
        "seal2",
        "instantiate",
        |mut c: Call<'_>,
         hash: u32,
         gas: u64,
         _proof: u64,
         _deposit: u32,
         _endowment: u32,
         i: u32,
         i_len: u32,
         a: u32,
         a_len: u32,
         o: u32,
         o_len: u32,
         salt: u32,
         salt_len: u32| {
            let new = New { hash, gas, salt: (salt, salt_len), address: out(a, a_len) };
            instantiate(&mut Host::enter(&mut c)?, new, (i, i_len), out(o, o_len))
        },
    )?;
    Ok(())
}

const fn out(pointer: u32, length_pointer: u32) -> OutBuffer {
    OutBuffer { pointer, length_pointer }
}

/// What a call's first argument asks for, as pallet-contracts numbers it.
#[derive(Clone, Copy)]
struct Flags(u32);

impl Flags {
    const FORWARD_INPUT: u32 = 1;
    const CLONE_INPUT: u32 = 2;
    const TAIL_CALL: u32 = 4;
    const ALLOW_REENTRY: u32 = 8;
    const KNOWN: u32 = Self::FORWARD_INPUT | Self::CLONE_INPUT | Self::TAIL_CALL | Self::ALLOW_REENTRY;

    fn read(flags: u32) -> Result<Self, Error> {
        if flags & !Self::KNOWN == 0 { Ok(Self(flags)) } else { Err(trap(format!("unknown call flags {flags:#x}"))) }
    }

    const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

fn contract(
    host: &mut Host<'_>,
    flags: u32,
    (callee, gas, value): (u32, u64, u32),
    input: (u32, u32),
    out: OutBuffer,
) -> Result<u32, Error> {
    let flags = Flags::read(flags)?;
    host.charge(fuel::FRAME)?;
    let callee = Callee::Contract(ContractId(host.read_array(callee)?));
    let sends_value = host.read_array::<16>(value)? != [0; 16];
    let input = passed(host, flags, input)?;
    let (allows_reentry, tail) = (flags.has(Flags::ALLOW_REENTRY), flags.has(Flags::TAIL_CALL));
    Err(host.suspend(Suspension::Call(CallWait { callee, input, gas, sends_value, allows_reentry, tail, out })))
}

fn delegate(host: &mut Host<'_>, flags: u32, hash: u32, input: (u32, u32), out: OutBuffer) -> Result<u32, Error> {
    let flags = Flags::read(flags)?;
    if flags.has(Flags::ALLOW_REENTRY) {
        return Err(trap("other code can't be called with leave to re-enter"));
    }
    host.charge(fuel::FRAME)?;
    let callee = Callee::Code(CodeHash(host.read_array(hash)?));
    let input = passed(host, flags, input)?;
    let tail = flags.has(Flags::TAIL_CALL);
    let wait = CallWait { callee, input, gas: 0, sends_value: false, allows_reentry: true, tail, out };
    Err(host.suspend(Suspension::Call(wait)))
}

/// A contract that is to be made, as its parent gives it.
struct New {
    hash: u32,
    gas: u64,
    salt: (u32, u32),
    address: OutBuffer,
}

fn instantiate(host: &mut Host<'_>, new: New, input: (u32, u32), out: OutBuffer) -> Result<u32, Error> {
    host.charge(fuel::FRAME)?;
    let New { hash, gas, salt: (salt, salt_length), address } = new;
    let code_hash = CodeHash(host.read_array(hash)?);
    let most = host.guest().run.limits.input_bytes;
    let salt = host.read_bounded(salt, salt_length, most, "salt")?;
    let input: Arc<[u8]> = host.read_bounded(input.0, input.1, most, "message")?.into();
    let callee = Callee::New { code_hash, salt, address };
    let wait = CallWait { callee, input, gas, sends_value: false, allows_reentry: true, tail: false, out };
    Err(host.suspend(Suspension::Call(wait)))
}

/// The callee's input: the caller's own, shared or handed on, or other bytes.
fn passed(host: &mut Host<'_>, flags: Flags, (pointer, length): (u32, u32)) -> Result<Arc<[u8]>, Error> {
    if flags.has(Flags::CLONE_INPUT) {
        host.guest().frame.input.clone().ok_or_else(|| trap(INPUT_IS_GONE))
    } else if flags.has(Flags::FORWARD_INPUT) {
        host.guest_mut().frame.input.take().ok_or_else(|| trap(INPUT_IS_GONE))
    } else {
        let most = host.guest().run.limits.input_bytes;
        Ok(host.read_bounded(pointer, length, most, "message")?.into())
    }
}
