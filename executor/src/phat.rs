//! The second chain extension: what `pink` lacks. Secrets of the contract, by name; the random value of a request.

use crate::{
    fuel,
    pink::arguments,
    run::{Mode, wait::Halt},
    seal::{Host, OutBuffer, trap},
};
use parity_scale_codec::Encode;
use std::sync::Arc;
use wasmi::Error;
use zeroize::Zeroizing;

/// The extension's own number, in the upper half of a function's id.
pub(crate) const EXTENSION: u32 = 1;

/// The answer was written.
const WRITTEN: u32 = 0;
/// The guest's buffer is too small: nothing was written but the length that it takes.
const TOO_SMALL: u32 = 1;

/// The run answers no request, and so has no random value.
const NO_REQUEST: u32 = 2;

/// Calls a function by the lower half of its id.
pub(crate) fn call(host: &mut Host<'_>, function: u32, input: &[u8], out: OutBuffer) -> Result<u32, Error> {
    match function {
        1 => secret(host, &arguments::<String>(input)?, out),
        2 => names(host, out),
        3 => vrf(host, out),
        other => Err(Halt::Unsupported(format!("function {other} of chain extension {EXTENSION}")).into()),
    }
}

/// `secret(name: String) -> Option<Vec<u8>>`. From here on the run sends no HTTP request to where the
/// secrets that it read may not go.
fn secret(host: &mut Host<'_>, name: &str, out: OutBuffer) -> Result<u32, Error> {
    host.charge(fuel::STORAGE)?;
    let secrets = readable(host);
    let Some((value, origins)) = secrets.as_ref().and_then(|secrets| secrets.get(name)) else {
        return write(host, out, &None::<Vec<u8>>.encode());
    };
    let mut encoded = Zeroizing::new(Vec::with_capacity(Some(&**value).encoded_size()));
    Some(&**value).encode_to(&mut *encoded);
    let code = write(host, out, &encoded)?;
    if code == WRITTEN {
        let guest = host.guest_mut();
        guest.run.entrust(guest.frame.contract, name, origins);
    }
    Ok(code)
}

/// `secret_names() -> Vec<String>`.
fn names(host: &mut Host<'_>, out: OutBuffer) -> Result<u32, Error> {
    host.charge(fuel::STORAGE)?;
    let secrets = readable(host);
    let names: Vec<&str> = secrets.iter().flat_map(|secrets| secrets.names()).collect();
    write(host, out, &names.encode())
}

/// `vrf() -> VrfProof`. What it is a proof of follows from the request; nothing that a guest says goes into it,
/// so that every contract of a run gets the same.
fn vrf(host: &mut Host<'_>, out: OutBuffer) -> Result<u32, Error> {
    let Some(vrf) = host.guest().run.vrf.as_ref().map(Arc::clone) else { return Ok(NO_REQUEST) };
    host.charge(fuel::VRF)?;
    let proof = vrf.prove().ok_or_else(|| trap("the request's random value has no proof"))?;
    write(host, out, &proof.encode())
}

/// The secrets of the contract whose storage the frame has; none in a simulation, whose asker is
/// anyone, and in a transaction, whose writes outlive the run that is confined.
fn readable(host: &Host<'_>) -> Option<Arc<crate::Secrets>> {
    let guest = host.guest();
    match guest.run.mode {
        Mode::Query => guest.run.overlay.known(&guest.frame.contract).map(|known| Arc::clone(&known.secrets)),
        Mode::Simulation | Mode::Transaction => None,
    }
}

fn write(host: &mut Host<'_>, out: OutBuffer, bytes: &[u8]) -> Result<u32, Error> {
    if bytes.len() > host.capacity(out)? {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        host.write(out.length_pointer, &length.to_le_bytes())?;
        return Ok(TOO_SMALL);
    }
    host.write_out(out, bytes)?;
    Ok(WRITTEN)
}
