//! The chain extension `pink`: what a Phat Contract can do beyond a chain's contract.

mod cache;
mod codec;
pub(crate) mod ecdsa;
mod http;
pub(crate) mod js;
mod keys;
mod signing;
mod worker;

pub(crate) use codec::{HttpRequest, HttpResponse, arguments};
#[cfg(feature = "fuzzing")]
pub(crate) use codec::{batch as http_batch_arguments, request as http_arguments};
pub(crate) use http::{HttpReply, perform, reply as http_reply};
pub(crate) use signing::sr25519_verify as sr25519_is_right;

use crate::{
    LogLevel, LogLine,
    run::{Mode, wait::Halt},
    seal::{Host, OutBuffer},
};
use parity_scale_codec::Encode;
use wasmi::Error;

/// The extension's own number, in the upper half of a function's id.
const EXTENSION: u32 = 0;
/// Its number until August 2022, and the last of the functions that it had by then. They are the same ones.
const FIRST_EXTENSION: (u32, u32) = (0xff00, 12);
/// The id of what there is none of.
const NOBODY: [u8; 32] = [0; 32];
/// The status code of a share that is full.
const QUOTA_EXCEEDED: u32 = 1;
/// What the reference's runtime calls itself.
const RUNTIME_VERSION: (u32, u32) = (1, 2);

/// What a contract's release of ink! made of the extension, which is told from the name that it imports it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// No function has error codes: a result that can fail is among the output.
    Ink3,
    /// And later.
    Ink4,
}

/// Calls function `id`, and answers 0 or, for the functions that have one, an error code.
pub(crate) fn call(host: &mut Host<'_>, dialect: Dialect, id: u32, input: &[u8], out: OutBuffer) -> Result<u32, Error> {
    let (extension, function) = (id >> 16, id & 0xffff);
    let (first, last) = FIRST_EXTENSION;
    if extension != EXTENSION && (extension != first || function > last) {
        return Err(Halt::Unsupported(format!("chain extension {extension}")).into());
    }
    let output = match function {
        1 => return http::request(host, input, out),
        2 => signing::sign(host, arguments(input)?)?.encode(),
        3 => signing::verify(host, arguments(input)?)?.encode(),
        4 => keys::derive(host, &arguments::<Vec<u8>>(input)?)?.encode(),
        5 => keys::public(host, arguments(input)?)?.encode(),
        6 => {
            let kept = cache::set(host, arguments(input)?)?;
            match dialect {
                Dialect::Ink3 => kept.encode(),
                Dialect::Ink4 => return answer_code(host, kept.map_or(QUOTA_EXCEEDED, |()| 0), out),
            }
        }
        7 => cache::set_expiration(host, arguments(input)?),
        8 => cache::get(host, &arguments::<Vec<u8>>(input)?)?.encode(),
        9 => cache::remove(host, arguments(input)?)?.encode(),
        10 => log(host, arguments(input)?),
        11 => random(host, arguments(input)?).encode(),
        12 => (host.guest().run.mode == Mode::Transaction).encode(),
        13 => signing::ecdsa_sign_prehashed(host, arguments(input)?)?.encode(),
        14 => signing::ecdsa_verify_prehashed(host, arguments(input)?)?.encode(),
        // There is no system contract, no balance and no chain of events here.
        15 => NOBODY.encode(),
        16 => (0u128, 0u128).encode(),
        17 => worker::x25519(host).encode(),
        18 => crate::seal::now(host).encode(),
        19 => return worker::code_exists(host, arguments(input)?, out),
        20 => None::<[u8; 32]>.encode(),
        21 => RUNTIME_VERSION.encode(),
        22 => return http::batch(host, input, out),
        23 => (0u64, NOBODY).encode(),
        24 => return js::eval(host, input, out),
        25 => worker::sgx_quote(host).encode(),
        other => return Err(Halt::Unsupported(format!("function {other} of the chain extension")).into()),
    };
    host.write_out(out, &output)?;
    Ok(0)
}

/// Answers a code, and nothing where a result would stand.
fn answer_code(host: &mut Host<'_>, code: u32, out: OutBuffer) -> Result<u32, Error> {
    host.write_out(out, &[])?;
    Ok(code)
}

fn log(host: &mut Host<'_>, (level, message): (u8, String)) -> Vec<u8> {
    let contract = host.guest().frame.contract;
    host.guest_mut().run.log(LogLine { contract, level: LogLevel::from(level), message });
    Vec::new()
}

fn random(host: &mut Host<'_>, length: u8) -> Vec<u8> {
    let run = &host.guest().run;
    match run.mode {
        Mode::Query | Mode::Simulation => {
            let mut bytes = vec![0; usize::from(length)];
            run.services.randomness.fill(&mut bytes);
            bytes
        }
        Mode::Transaction => Vec::new(),
    }
}
