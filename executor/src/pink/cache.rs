//! What a contract keeps beside its storage. In a transaction nothing of it is read, and what is changed
//! is changed once the transaction has succeeded, as in the reference.

use crate::{
    fuel,
    limits::in_memory,
    local_cache::{Change, Kept},
    run::{Guest, Mode},
    seal::Host,
};
use wasmi::Error;

/// An error where the contract's share is full.
pub(super) fn set(host: &mut Host<'_>, (key, value): (Vec<u8>, Vec<u8>)) -> Result<Result<(), ()>, Error> {
    host.charge(fuel::STORAGE)?;
    let Guest { run, frame } = host.guest_mut();
    let kept = match run.mode {
        Mode::Query | Mode::Simulation => {
            let value = Kept { value, sendable: run.sendable.clone() };
            run.cache().set(frame.contract, key, value, run.services.clock.unix_millis())
        }
        Mode::Transaction => put_off(host, Change::Set { key, value }),
    };
    Ok(kept.map_err(|_| ()))
}

/// Answers nothing, whether there is such a key or not.
pub(super) fn set_expiration(host: &mut Host<'_>, (key, seconds): (Vec<u8>, u64)) -> Vec<u8> {
    let Guest { run, frame } = host.guest_mut();
    match run.mode {
        Mode::Query | Mode::Simulation => {
            run.cache().set_expiration(frame.contract, &key, seconds, run.services.clock.unix_millis());
        }
        Mode::Transaction => {
            // Without room for it the value lives on for a while, as it may anyway.
            let _ = put_off(host, Change::SetExpiration { key, seconds });
        }
    }
    Vec::new()
}

pub(super) fn get(host: &mut Host<'_>, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    host.charge(fuel::STORAGE)?;
    let Guest { run, frame } = host.guest();
    let value = match run.mode {
        Mode::Query | Mode::Simulation => run.cache().get(frame.contract, key, run.services.clock.unix_millis()),
        Mode::Transaction => None,
    };
    host.charge(fuel::of_bytes(value.as_ref().map_or(0, |kept| kept.value.len()), fuel::BYTE))?;
    Ok(value.map(|kept| learn(host, kept)))
}

pub(super) fn remove(host: &mut Host<'_>, key: Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
    host.charge(fuel::STORAGE)?;
    let Guest { run, frame } = host.guest_mut();
    let value = match run.mode {
        Mode::Query | Mode::Simulation => run.cache().remove(frame.contract, &key, run.services.clock.unix_millis()),
        Mode::Transaction => {
            // As for the expiration.
            let _ = put_off(host, Change::Remove { key });
            None
        }
    };
    Ok(value.map(|kept| learn(host, kept)))
}

/// A value may tell of secrets that were read when it was kept: who reads it is bound as if it had read them.
fn learn(host: &mut Host<'_>, kept: Kept) -> Vec<u8> {
    if let Some(origins) = &kept.sendable {
        host.guest_mut().run.confine(origins);
    }
    kept.value
}

fn put_off(host: &mut Host<'_>, change: Change) -> Result<(), crate::local_cache::Full> {
    let Guest { run, frame } = host.guest_mut();
    let most = in_memory(run.limits.cache.contract_bytes);
    run.deferred.push(frame.contract, change, most)
}
