//! `js_eval`: scripts that a contract has another module evaluate.

use crate::{
    run::{Mode, wait::Halt},
    seal::Host,
};
use parity_scale_codec::Encode;
use wasmi::Error;

/// What a script gave: an exception, and its text.
type Exception = (u8, String);
/// The number of an exception among the things that a script may give.
const EXCEPTION: u8 = 5;

/// Evaluates nothing yet where that would be allowed: no module is named that does it.
pub(super) fn eval(host: &Host<'_>) -> Result<Vec<u8>, Error> {
    match host.guest().run.mode {
        Mode::Query | Mode::Simulation => Err(Halt::Unsupported("js_eval of the chain extension".into()).into()),
        Mode::Transaction => {
            let exception: Exception = (EXCEPTION, "JavaScript is not evaluated in a transaction".into());
            Ok(exception.encode())
        }
    }
}
