//! A contract's storage: committed state under the run's own writes.

use super::{Host, Linker, OutBuffer, ReturnCode, memory::trap};
use crate::{fuel, run::Guest};
use wasmi::{Caller, Error};

/// What a writing call answers when there was no value before.
const NO_VALUE: u32 = u32::MAX;
/// Length of a key in the older calls.
const FIXED_KEY: u32 = 32;

type Call<'a> = Caller<'a, Guest>;

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    linker.func_wrap("seal2", "set_storage", |mut call: Call<'_>, key: u32, key_len: u32, value: u32, len: u32| {
        set(&mut enter(&mut call)?, (key, key_len), (value, len))
    })?;
    linker.func_wrap(
        "seal1",
        "get_storage",
        |mut call: Call<'_>, key: u32, key_len: u32, out: u32, out_len: u32| {
            get(&mut enter(&mut call)?, (key, key_len), OutBuffer { pointer: out, length_pointer: out_len })
        },
    )?;
    linker.func_wrap("seal1", "contains_storage", |mut call: Call<'_>, key: u32, key_len: u32| {
        contains(&mut enter(&mut call)?, (key, key_len))
    })?;
    linker.func_wrap("seal1", "clear_storage", |mut call: Call<'_>, key: u32, key_len: u32| {
        clear(&mut enter(&mut call)?, (key, key_len))
    })?;
    linker.func_wrap(
        "seal0",
        "take_storage",
        |mut call: Call<'_>, key: u32, key_len: u32, out: u32, out_len: u32| {
            take(&mut enter(&mut call)?, (key, key_len), OutBuffer { pointer: out, length_pointer: out_len })
        },
    )?;
    linker.func_wrap("seal0", "seal_set_storage", |mut call: Call<'_>, key: u32, value: u32, len: u32| {
        set(&mut enter(&mut call)?, (key, FIXED_KEY), (value, len)).map(|_| ())
    })?;
    linker.func_wrap("seal0", "seal_get_storage", |mut call: Call<'_>, key: u32, out: u32, out_len: u32| {
        get(&mut enter(&mut call)?, (key, FIXED_KEY), OutBuffer { pointer: out, length_pointer: out_len })
    })?;
    linker.func_wrap("seal1", "seal_set_storage", |mut call: Call<'_>, key: u32, value: u32, len: u32| {
        set(&mut enter(&mut call)?, (key, FIXED_KEY), (value, len))
    })?;
    linker.func_wrap("seal0", "seal_contains_storage", |mut call: Call<'_>, key: u32| {
        contains(&mut enter(&mut call)?, (key, FIXED_KEY))
    })?;
    linker.func_wrap("seal0", "seal_clear_storage", |mut call: Call<'_>, key: u32| {
        clear(&mut enter(&mut call)?, (key, FIXED_KEY)).map(|_| ())
    })?;
    Ok(())
}

fn enter<'a>(call: &'a mut Call<'_>) -> Result<Host<'a>, Error> {
    let mut host = Host::enter(call)?;
    host.charge(fuel::STORAGE)?;
    Ok(host)
}

fn read_key(host: &mut Host<'_>, (pointer, length): (u32, u32)) -> Result<Vec<u8>, Error> {
    let most = host.guest().run.limits.storage.key_bytes;
    host.read_bounded(pointer, length, most, "storage key")
}

fn get(host: &mut Host<'_>, key: (u32, u32), out: OutBuffer) -> Result<u32, Error> {
    let key = read_key(host, key)?;
    let Guest { run, frame } = host.guest();
    let Some(length) = run.overlay.get(&frame.contract, &key).map(<[u8]>::len) else {
        return Ok(ReturnCode::KeyNotFound.number());
    };
    // The copy is paid for before it is made; writing it pays for the way to the guest.
    host.charge(fuel::of_bytes(length, fuel::BYTE))?;
    let Guest { run, frame } = host.guest();
    let value = run.overlay.get(&frame.contract, &key).unwrap_or_default().to_vec();
    host.write_out(out, &value)?;
    Ok(ReturnCode::Success.number())
}

fn take(host: &mut Host<'_>, key: (u32, u32), out: OutBuffer) -> Result<u32, Error> {
    let code = get(host, key, out)?;
    if code == ReturnCode::Success.number() {
        clear(host, key)?;
    }
    Ok(code)
}

fn contains(host: &mut Host<'_>, key: (u32, u32)) -> Result<u32, Error> {
    let key = read_key(host, key)?;
    let Guest { run, frame } = host.guest();
    Ok(length_or_none(run.overlay.get(&frame.contract, &key).map(<[u8]>::len)))
}

fn set(host: &mut Host<'_>, key: (u32, u32), (pointer, length): (u32, u32)) -> Result<u32, Error> {
    let key = read_key(host, key)?;
    let most = host.guest().run.limits.storage.value_bytes;
    let value = host.read_bounded(pointer, length, most, "stored value")?;
    write(host, key, Some(value))
}

fn clear(host: &mut Host<'_>, key: (u32, u32)) -> Result<u32, Error> {
    let key = read_key(host, key)?;
    let Guest { run, frame } = host.guest();
    if run.overlay.get(&frame.contract, &key).is_none() {
        return Ok(NO_VALUE);
    }
    write(host, key, None)
}

fn write(host: &mut Host<'_>, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<u32, Error> {
    let Guest { run, frame } = host.guest_mut();
    let before = run.overlay.set(frame.contract, key, value).map_err(|full| trap(full.to_string()))?;
    Ok(length_or_none(before))
}

/// The length of a value, which is far below `u32::MAX`, or [`NO_VALUE`].
fn length_or_none(length: Option<usize>) -> u32 {
    length.map_or(NO_VALUE, |length| u32::try_from(length).unwrap_or(NO_VALUE - 1))
}
