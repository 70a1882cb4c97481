//! What a contract says: its return value, debug messages, events.

use super::{Host, Linker, ReturnCode};
use crate::{
    LogLevel, LogLine,
    limits::in_memory,
    run::{Event, Guest, Returned, wait::Halt},
};
use wasmi::{Caller, Error};

pub(super) fn define(linker: &mut Linker<'_>) -> Result<(), Error> {
    linker.func_wrap("seal0", "seal_return", seal_return)?;
    for prefix in ["", "seal_"] {
        linker.func_wrap("seal0", &format!("{prefix}debug_message"), debug_message)?;
        linker.func_wrap("seal0", &format!("{prefix}deposit_event"), deposit_event)?;
    }
    Ok(())
}

fn seal_return(mut caller: Caller<'_, Guest>, flags: u32, pointer: u32, length: u32) -> Result<(), Error> {
    let mut host = Host::enter(&mut caller)?;
    let limit = host.guest().run.limits.output_bytes;
    if length > limit {
        return Err(Halt::OutputTooLarge { bytes: in_memory(length), limit: in_memory(limit) }.into());
    }
    let data = host.read(pointer, length)?.to_vec();
    host.guest_mut().frame.returned = Some(Returned { flags, data });
    Err(Halt::Returned.into())
}

fn debug_message(mut caller: Caller<'_, Guest>, pointer: u32, length: u32) -> Result<u32, Error> {
    let mut host = Host::enter(&mut caller)?;
    write_log(&mut host, LogLevel::Debug, pointer, length)?;
    Ok(ReturnCode::Success.number())
}

/// Keeps the beginning of a line; the rest is not even read.
fn write_log(host: &mut Host<'_>, level: LogLevel, pointer: u32, length: u32) -> Result<(), Error> {
    let most = u32::try_from(host.guest().run.records.line_bytes()).unwrap_or(u32::MAX);
    let message = String::from_utf8_lossy(host.read(pointer, length.min(most))?).into_owned();
    let contract = host.guest().frame.contract;
    host.guest_mut().run.log(LogLine { contract, level, message });
    Ok(())
}

fn deposit_event(
    mut caller: Caller<'_, Guest>,
    topics: u32,
    topics_length: u32,
    data: u32,
    data_length: u32,
) -> Result<(), Error> {
    let mut host = Host::enter(&mut caller)?;
    let most = host.guest().run.limits.records.event_bytes;
    if topics_length.saturating_add(data_length) > most {
        host.guest_mut().run.records.drop_one();
        return Ok(());
    }
    let topics = host.read(topics, topics_length)?.to_vec();
    let data = host.read(data, data_length)?.to_vec();
    let contract = host.guest().frame.contract;
    host.guest_mut().run.records.event(Event { contract, topics, data });
    Ok(())
}
