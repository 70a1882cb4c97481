//! `js_eval`: scripts that a contract has another module evaluate.

use super::codec::JsValue;
use crate::{
    run::{Mode, wait::Halt},
    seal::Host,
};
use wasmi::Error;

/// Evaluates nothing yet where that would be allowed: no module is named that does it.
pub(super) fn eval(host: &Host<'_>) -> Result<JsValue, Error> {
    match host.guest().run.mode {
        Mode::Query | Mode::Simulation => Err(Halt::Unsupported("js_eval of the chain extension".into()).into()),
        Mode::Transaction => Ok(JsValue::Exception("JavaScript is not evaluated in a transaction".into())),
    }
}
