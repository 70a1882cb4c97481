//! What a contract may know of the worker that runs it.

use super::codec::SgxQuote;
use crate::{
    fuel,
    run::{
        Mode,
        wait::{LookWait, Suspension},
    },
    seal::{Host, OutBuffer},
};
use parity_scale_codec::Encode;
use phat_protocol::CodeHash;
use wasmi::Error;

/// The worker's X25519 key; zeros in a transaction, which is the same for every worker.
pub(super) fn x25519(host: &Host<'_>) -> [u8; 32] {
    let run = &host.guest().run;
    match run.mode {
        Mode::Query | Mode::Simulation => run.services.worker.x25519,
        Mode::Transaction => [0; 32],
    }
}

/// What vouches for that key where the worker runs in SGX.
pub(super) fn sgx_quote(host: &Host<'_>) -> Option<SgxQuote> {
    let run = &host.guest().run;
    match run.mode {
        Mode::Query => run.services.worker.sgx_quote.as_ref().map(SgxQuote::from),
        Mode::Simulation | Mode::Transaction => None,
    }
}

/// Whether the worker has code of this hash. There are no sidevms.
pub(super) fn code_exists(host: &mut Host<'_>, (hash, sidevm): ([u8; 32], bool), out: OutBuffer) -> Result<u32, Error> {
    if sidevm {
        host.write_out(out, &false.encode())?;
        return Ok(0);
    }
    host.charge(fuel::LOOKUP)?;
    Err(host.suspend(Suspension::Look(LookWait::CodeExists { hash: CodeHash(hash), out })))
}
